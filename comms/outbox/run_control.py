"""The messages of one campaign run, held, let go again, or called back together."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, delete, select, update
from sqlalchemy.orm import Session

from comms.clock import Clock
from comms.db import one_of
from comms.history import NewEvent, record

from .schema import MailPiece, Message
from .states import NOT_LEFT, State

PAUSED = "Its run is paused."
TIME_LEFT = timedelta(days=3)
"""After a pause a message may still be sent for as long as a new one."""
AT_ONCE = 1000
_LEAVING = (State.CLAIMED, State.UNKNOWN, State.HANDED_OVER)


@dataclass(frozen=True)
class CalledBack:
    """What of a run was called back; what had left, or was leaving, and could not be; by channel."""

    cancelled: dict[str, int]
    too_late: dict[str, int]
    leaving: list[tuple[int, str, str]]
    """Message, channel and address of those that are leaving at this moment."""


def pause_messages(session: Session, run_id: int, clock: Clock) -> int:
    """Hold what has not left, also letters that wait in a batch; how many. What is held for another reason stays so."""
    held = list(
        session.scalars(
            update(Message)
            .where(Message.run_id == run_id, Message.state.in_((State.QUEUED, State.BATCHED)))
            .values(state=State.HELD, state_at=clock.now(), state_reason=PAUSED, batch_id=None)
            .returning(Message.id)
            .execution_options(synchronize_session=False)
        )
    )
    for start in range(0, len(held), AT_ONCE):
        session.execute(
            delete(MailPiece)
            .where(one_of(session, MailPiece.message_id, held[start : start + AT_ONCE]))
            .execution_options(synchronize_session=False)
        )
    return len(held)


def resume_messages(session: Session, run_id: int, clock: Clock) -> dict[str, list[int]]:
    """Queue again what was held by a pause: the ids by lane, to ring for after the commit."""
    now = clock.now()
    late = now + TIME_LEFT
    queued = session.execute(
        update(Message)
        .where(Message.run_id == run_id, Message.state == State.HELD, Message.state_reason == PAUSED)
        .values(
            state=State.QUEUED, state_at=now, state_reason=None,
            give_up_at=case((Message.give_up_at < late, late), else_=Message.give_up_at),
        )
        .returning(Message.id, Message.lane)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    lanes: dict[str, list[int]] = {}
    for message_id, lane in queued:
        lanes.setdefault(lane, []).append(message_id)
    return lanes


def call_back(session: Session, run_id: int, clock: Clock, *, reason: str) -> CalledBack:
    """Cancel what has not left. ``reason`` is a clause for the history ("the run was stopped by dana")."""
    now = clock.now()
    columns = (Message.id, Message.account_id, Message.channel, Message.recipient, Message.notice, Message.state)
    cancelled = session.execute(
        update(Message)
        .where(Message.run_id == run_id, Message.state.in_(sorted(NOT_LEFT)))
        .values(state=State.CANCELLED, state_at=now, final_at=now, state_reason=f"Recalled: {reason}.")
        .returning(*columns)
        .execution_options(synchronize_session=False)
    ).all()
    left = session.execute(
        select(*columns).where(Message.run_id == run_id, Message.state.not_in(_NEVER_LEFT)).order_by(Message.id)
    ).all()
    leaving = [row for row in left if row.state in _LEAVING]
    told = [_event(row, "notice.recalled", f"called back: {reason}", now) for row in cancelled]
    told += [
        _event(row, "notice.not_recalled", f"could not be called back, it is leaving: {reason}", now) for row in leaving
    ]
    record(session, told, now)
    return CalledBack(
        _by_channel(row.channel for row in cancelled),
        _by_channel(row.channel for row in left),
        [(row.id, row.channel, row.recipient) for row in leaving],
    )


def _event(row: Any, kind: str, words: str, now: datetime) -> NewEvent:
    where = row.recipient.replace("\n", ", ")
    summary = f"{row.notice.replace('-', ' ').capitalize()} by {row.channel} to {where} {words}"
    return NewEvent(row.account_id, now, kind, summary, "none", row.channel, subject_type="message", subject_id=row.id)


_NEVER_LEFT = (State.CANCELLED, State.SUPERSEDED, State.SUPPRESSED, State.FAILED)


def _by_channel(channels: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(channels).items()))
