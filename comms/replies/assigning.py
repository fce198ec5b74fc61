"""Giving a reply that found no account to the one it belongs to. It is then handled as a reply of that account."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from comms import worklist
from comms.accounts import Account
from comms.city import City
from comms.clock import Clock
from comms.notices.rendering import Renderer
from comms.outbox import Message
from comms.settings import Settings
from comms.worklist import Task

from .asking import rest
from .handling import Handled, handle
from .matching import ASSIGNED
from .schema import Conversation, InboundMessage


class AssignError(ValueError):
    """A reply that cannot be given away: a sentence and a next step."""


def assign(
    session: Session,
    inbound_id: int,
    account: Account,
    *,
    city: City,
    clock: Clock,
    renderer: Renderer,
    settings: Settings,
    by: str,
) -> Handled:
    """Give a reply without an account to ``account``, in the name of ``by`` (``user:park``), and handle it anew: it is
    understood for what that account owes, answered where that may be, and in its history. What waited for somebody to
    find the account is done.

    Two people at once: the first one's choice counts. Raises ``AssignError``.
    """
    taken = session.execute(
        update(InboundMessage)
        .where(InboundMessage.id == inbound_id, InboundMessage.account_id.is_(None), InboundMessage.handling != "new")
        .values(account_id=account.id, matched_by=ASSIGNED, handling="new")
        .returning(InboundMessage.id)
        .execution_options(synchronize_session=False)
    ).first()
    inbound = session.get(InboundMessage, inbound_id, populate_existing=True)
    if inbound is None:
        raise AssignError(f"There is no reply {inbound_id}. List them: comms reply show")
    if taken is None:
        raise AssignError(_why_not(session, inbound))
    _free_the_answer(session, inbound_id)
    _no_longer_asked(session, inbound)
    waiting = select(Task.id).where(
        Task.kind == "unmatched_reply",
        Task.subject_type == "inbound_message",
        Task.subject_id == inbound_id,
        Task.state != "resolved",
    )
    for task_id in session.scalars(waiting).all():
        worklist.resolve(session, task_id, by, f"Given to account {account.number}", clock.now())
    return handle(session, inbound_id, city=city, clock=clock, renderer=renderer, settings=settings)


def _why_not(session: Session, inbound: InboundMessage) -> str:
    if inbound.account_id is None:
        return f"Reply {inbound.id} has not been read yet. Try again in a moment."
    number = session.scalar(select(Account.number).where(Account.id == inbound.account_id))
    return f"Reply {inbound.id} belongs to account {number} already. Look: comms history {number}"


def _free_the_answer(session: Session, inbound_id: int) -> None:
    """One reply is answered once. What was said to somebody unknown does not count: the customer may be answered."""
    session.execute(
        update(Message)
        .where(Message.dedupe_key == f"answer:{inbound_id}")
        .values(dedupe_key=f"answer:{inbound_id}:unknown")
    )


def _no_longer_asked(session: Session, inbound: InboundMessage) -> None:
    """A person has found the account that the customer was asked for."""
    conversation = session.get(Conversation, inbound.conversation_id) if inbound.conversation_id else None
    if conversation is not None and inbound.id in conversation.context.get("inbound_ids", ()):
        rest(conversation)
