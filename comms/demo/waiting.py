"""Waiting for the real workers: until what is due has left, and until the carriers have said what became of it."""

import time
from collections.abc import Callable

from sqlalchemy import ColumnElement, and_, false, func, or_, select

from comms.history.schema import WebhookEvent
from comms.outbox import Message, State
from comms.outbox.mailing import UNFINISHED
from comms.outbox.schema import MailBatch
from comms.replies.schema import InboundMessage

from .stage import Stage
from .words import bar

UNDER_WAY = (State.QUEUED, State.CLAIMED, State.UNKNOWN, State.HELD, State.BATCHED)
NUDGE = 2.0
"""Seconds of real time after which the workers are rung again: the story's clock stands still meanwhile."""
NO_LETTERS = false()


def send(on: Stage, words: str, *, letters: ColumnElement[bool] = NO_LETTERS) -> None:
    """Until everything that is due has left, and of the letters these: the others wait for company."""
    total = _due(on, letters)
    if not total:
        return
    ring = _nudging(on)
    with bar(words) as update:

        def done() -> bool:
            left = _due(on, letters)
            update(max(0, total - left), total)
            ring(*(["housekeeping"] if _due(on, NO_LETTERS) else ["housekeeping", "mail"] if left else []))
            return left == 0 and not _unfinished(on)

        on.until(words, done)


def letters_of(run_id: int) -> ColumnElement[bool]:
    """The letters of a run that leave with it; those that take the place of a text or email come later."""
    return and_(Message.run_id == run_id, Message.fallback_of_id.is_(None))


def hear_back(on: Stage) -> None:
    """Until the carriers have posted everything and all of it is understood and answered."""
    ring = _nudging(on)
    with bar("Hearing back from the carriers") as update:

        def done() -> bool:
            ring("housekeeping")
            electronic = Message.channel != "letter"
            final = _count(on, electronic, Message.state.not_in((*UNDER_WAY, "submitted", "sent")))
            update(final, _count(on, electronic))
            return on.carriers.drain(timeout=0.2) and _understood(on) and _due(on, NO_LETTERS) == 0

        on.until("Hearing back", done)


def _nudging(on: Stage) -> Callable[..., None]:
    last = time.monotonic()

    def ring(*lanes: str) -> None:
        nonlocal last
        if time.monotonic() - last >= NUDGE:
            last = time.monotonic()
            for lane in lanes:
                on.office.doorbell.ring(lane)

    return ring


def _due(on: Stage, letters: ColumnElement[bool]) -> int:
    """Messages that should be leaving now."""
    due = (Message.state.in_(UNDER_WAY), Message.next_attempt_at <= on.now())
    return _count(on, *due, or_(Message.lane != "mail", letters))


def _unfinished(on: Stage) -> bool:
    with on.office.database.read() as session:
        found = session.scalar(select(func.count(MailBatch.id)).where(MailBatch.state.in_(UNFINISHED)))
    return bool(found)


def _count(on: Stage, *where: object) -> int:
    with on.office.database.read() as session:
        return session.scalar(select(func.count(Message.id)).where(*where)) or 0  # type: ignore[arg-type]


def _understood(on: Stage) -> bool:
    with on.office.database.read() as session:
        events = session.scalar(select(func.count()).where(WebhookEvent.state == "new")) or 0
        replies = session.scalar(select(func.count()).where(InboundMessage.handling == "new")) or 0
    return events == 0 and replies == 0
