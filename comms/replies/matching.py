"""Whose reply it is: the account of the number or address, or the one we last wrote to from there."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.accounts import Account, contacts
from comms.outbox.schema import Message

from .asking import CHOOSING, waits
from .schema import Conversation, InboundMessage

ASSIGNED = "assigned"
"""How a reply was matched that staff gave to an account."""


@dataclass(frozen=True)
class Matched:
    """The account and how it was found; without an account, the ``candidates`` to choose from."""

    account: Account | None
    how: str | None = None
    candidates: Sequence[Account] = ()


def match(session: Session, inbound: InboundMessage, conversation: Conversation) -> Matched:
    """Find the account of a reply.

    One account with this number: that one. Several: the one we last wrote to at this number, else the one the
    conversation is about; else none of them. A number on no account: the one we wrote to there, if ever. Before all of
    that the account that staff gave it to.
    """
    if inbound.matched_by == ASSIGNED:
        return Matched(session.get(Account, inbound.account_id), ASSIGNED)
    found = contacts.accounts_at(session, "phone" if inbound.channel == "sms" else "email", inbound.sender)
    if len(found) == 1:
        return Matched(found[0], "contact_point")
    by_id = {account.id: account for account in found}
    if waits(conversation, CHOOSING, inbound.received_at):
        return Matched(None, None, found)
    written = _last_written_to(session, inbound, list(by_id))
    if written is not None:
        return Matched(by_id.get(written) or session.get(Account, written), "last_written")
    if conversation.account_id in by_id:
        return Matched(by_id[conversation.account_id], "conversation")
    return Matched(None, None, found)


def _last_written_to(session: Session, inbound: InboundMessage, among: list[int]) -> int | None:
    statement = (
        select(Message.account_id)
        .where(
            Message.channel == inbound.channel,
            Message.recipient == inbound.sender,
            Message.account_id.is_not(None),
            Message.submitted_at.is_not(None),
        )
        .order_by(Message.submitted_at.desc(), Message.id.desc())
        .limit(1)
    )
    if among:
        statement = statement.where(Message.account_id.in_(among))
    return session.scalar(statement)
