"""Calling back what has not left: after a payment, a promise, a hold or an opt-out."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from comms.clock import Clock
from comms.history import NewEvent, record

from .drafts import CHANNEL_WORD
from .schema import Message
from .states import NOT_LEFT, STALE, State


@dataclass(frozen=True)
class Recalled:
    """What was called back, and what had left already or is leaving now."""

    cancelled: list[int]
    too_late: list[int]
    events: list[NewEvent]


def recall(
    session: Session,
    account_ids: Collection[int],
    clock: Clock,
    *,
    reason: str,
    purposes: Collection[str] = ("dunning",),
    channels: Collection[str] = (),
    recipient: str | None = None,
    categories: Collection[str] = (),
    decided: bool = True,
    announce: bool = True,
) -> Recalled:
    """Cancel the messages of these accounts that have not left; ``reason`` is a clause for the history ("a payment of
    $50.00 was posted"). Messages at a carrier right now are listed as too late. Without ``decided``, what rests on an
    account's facts is left to be decided again (``set_aside``). With ``announce=False`` the caller records ``events``
    itself."""
    now = clock.now()
    if not account_ids:
        return Recalled([], [], [])
    mine: list[ColumnElement[bool]] = [Message.account_id.in_(sorted(account_ids)), Message.purpose.in_(list(purposes))]
    if channels:
        mine.append(Message.channel.in_(list(channels)))
    if categories:
        mine.append(Message.category.in_(list(categories)))
    if recipient is not None:
        mine.append(Message.recipient == recipient)
    if not decided:
        mine.append(Message.facts_version.is_(None))
    cancelled = session.execute(
        update(Message)
        .where(*mine, Message.state.in_(sorted(NOT_LEFT)))
        .values(state=State.CANCELLED, state_at=now, final_at=now, state_reason=f"Recalled: {reason}.")
        .returning(Message.id, Message.account_id, Message.channel, Message.recipient, Message.notice)
        .execution_options(synchronize_session=False)
    ).all()
    leaving = (State.CLAIMED, State.UNKNOWN, State.HANDED_OVER)
    too_late = session.execute(
        select(Message.id, Message.account_id, Message.channel, Message.recipient, Message.notice).where(
            *mine, Message.state.in_(leaving)
        )
    ).all()
    events = [
        NewEvent(
            account_id=account_id,
            at=now,
            kind=kind,
            summary=f"{notice.replace('-', ' ').capitalize()} by {channel} to {_short(to)} {words}: {reason}",
            direction="none",
            channel=channel,
            subject_type="message",
            subject_id=message_id,
        )
        for kind, words, rows in (
            ("notice.recalled", "called back", cancelled),
            ("notice.not_recalled", "could not be called back, it is leaving", too_late),
        )
        for message_id, account_id, channel, to, notice in rows
    ]
    if announce:
        record(session, events, now)
    return Recalled([row[0] for row in cancelled], [row[0] for row in too_late], events)


def take_back(session: Session, message_id: int, clock: Clock, *, by: str, reason: str) -> NewEvent | None:
    """Cancel one message that somebody wrote by hand and that has not left; the event for the history, None when it is
    too late. ``by`` is who takes it back (``user:park``)."""
    now = clock.now()
    row = session.execute(
        update(Message)
        .where(Message.id == message_id, Message.state.in_(sorted(NOT_LEFT)))
        .values(state=State.CANCELLED, state_at=now, final_at=now, state_reason=f"{reason}.")
        .returning(Message.account_id, Message.channel, Message.recipient)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is None:
        return None
    return NewEvent(
        account_id=row.account_id, at=now, kind="notice.recalled", channel=row.channel, actor=by,
        summary=f"{CHANNEL_WORD[row.channel]} to {_short(row.recipient)} called back: {reason[:1].lower()}{reason[1:]}",
        subject_type="message", subject_id=message_id,
    )  # fmt: skip


def set_aside(session: Session, account_ids: Collection[int], clock: Clock) -> int:
    """Hold what has not left and rests on facts that have changed, so that it is decided again; how many messages.

    For accounts whose facts changed in a file: a part payment changes what a notice says, a whole one that it is sent.
    """
    held = session.execute(
        update(Message)
        .where(
            Message.account_id.in_(sorted(account_ids)),
            Message.facts_version.is_not(None),
            Message.state.in_((State.QUEUED, State.BATCHED)),
        )
        .values(state=State.HELD, state_at=clock.now(), state_reason=STALE)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(held)


def _short(recipient: str) -> str:
    return recipient.replace("\n", ", ")
