"""Failures for staff: a message that failed for good where the policy names no other channel to try.

One account's notice is one task, however many messages of it fail while the task is open. It closes by itself when a
later message of the same notice arrives, or the failed one does after all: a segment's failure may come before the
success of the whole text. No task is made of

- a refusal because the customer has opted out: that is their wish, and the account shows it;
- the confirmation of an opt-out: the opt-out holds without it;
- a message that was recalled, suppressed or decided again: it did not fail.

A message of a policy is ``fallback``'s, which tells staff when no other channel can be used.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, exists, literal, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from comms.channels.errors import explain, is_known, opt_out_codes
from comms.clock import Clock
from comms.worklist import Task, open_task

from .claims import CARRIER_OF, UNSTOPPABLE
from .schema import Message
from .states import State

FAILED = (State.FAILED, State.UNDELIVERED, State.BOUNCED)
ARRIVED = (State.DELIVERED, State.HANDED_OVER, State.MAILED)
"""A letter counts when the mail house has it: nobody reports that it lies in a box."""
LOOK_BACK = timedelta(days=30)
"""How long a message that failed or waits is looked at: it is dealt with in the first round after it is due, and years
of those that were must not be read again in every one."""
_KIND = "failed_notice"
_STANDING = ("open", "waiting", "snoozed")
_KEY = "failed_notice:"
"""Begins the key of a task; the account's id, a colon and the notice follow."""
_WORDS = {"sms": "text to {to}", "email": "email to {to}", "letter": "letter"}


def show_failures(session: Session, clock: Clock, *, limit: int = 500) -> tuple[int, int]:
    """Open the tasks that are due and close those that are settled: how many of each. Safe to run at any time."""
    now = clock.now()
    opened = 0
    for message in session.scalars(_untold(now).limit(limit)):
        opened += _open(session, message, now) is not None
    return opened, _close_settled(session, now)


def _untold(now: datetime) -> Any:
    key = literal(_KEY) + cast(Message.account_id, Text) + literal(":") + Message.notice
    told = exists().where(Task.dedupe_key == key, or_(Task.state != "resolved", Task.resolved_at >= Message.state_at))
    return (
        select(Message)
        .where(
            Message.state.in_(FAILED),
            Message.state_at >= now - LOOK_BACK,
            Message.fallback.is_(None),
            Message.account_id.is_not(None),
            Message.notice.not_in(UNSTOPPABLE),
            or_(Message.error_code.is_(None), Message.error_code.not_in(opt_out_codes())),
            ~told,
            ~_arrived_since(Message.account_id, Message.notice, Message.id),
        )
        .order_by(Message.id)
    )


def _arrived_since(
    account_id: InstrumentedAttribute[Any], notice: InstrumentedAttribute[Any], message_id: InstrumentedAttribute[Any]
) -> ColumnElement[bool]:
    later = aliased(Message)
    return exists().where(
        later.account_id == account_id, later.notice == notice, later.id >= message_id, later.state.in_(ARRIVED)
    )


def _open(session: Session, message: Message, now: datetime) -> int | None:
    notice = message.notice.replace("-", " ").capitalize()
    way = _WORDS[message.channel].format(to=message.recipient)
    return open_task(
        session,
        kind=_KIND,
        dedupe_key=f"{_KEY}{message.account_id}:{message.notice}",
        reason=f"{notice}, {way}, was not delivered. {_why(message)} "
        "Reach the customer another way, or send it again to another address.",
        at=now,
        account_id=message.account_id,
        subject_type="message",
        subject_id=message.id,
    )


def _why(message: Message) -> str:
    """The reason in a sentence: what the code means where we know it, else what was said at the time."""
    carrier, code = CARRIER_OF.get(message.channel), message.error_code
    if carrier and code and (is_known(carrier, code) or not message.error_text):
        return explain(carrier, code)[0]
    said = message.error_text or message.state_reason
    return f"{said.rstrip('.')}." if said else "No reason was given."


def _close_settled(session: Session, now: datetime) -> int:
    failed = aliased(Message)
    settled = exists().where(failed.id == Task.subject_id, _arrived_since(failed.account_id, failed.notice, failed.id))
    closed = session.execute(
        update(Task)
        .where(Task.kind == _KIND, Task.state.in_(_STANDING), Task.subject_type == "message", settled)
        .values(
            state="resolved", resolved_at=now, resolved_by="system", resolution="The notice has reached the customer."
        )
        .returning(Task.id)
        .execution_options(synchronize_session=False)
    )
    return len(closed.all())
