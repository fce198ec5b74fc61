"""The sweep: what makes the doorbell irrelevant. Run every minute, at start-up, and as often as anybody likes.

1. Claims whose lease has run out: with an open attempt the message may have left, so it is unknown; without one it
   surely did not, so it is queued again.
2. Due messages that nobody rang for, or rang for a while ago: their ids, by lane, to ring now. For a batch of letters
   that was left half-way the mail lane is rung without ids.

Each step is a conditional update, so two sweeps at once do the work of one.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select, update
from sqlalchemy.orm import Session

from comms.clock import Clock
from comms.history import NewEvent, record

from .mailing import UNFINISHED
from .schema import Attempt, MailBatch, Message
from .states import State

MAIL_GATHERS = timedelta(hours=1)
"""How long letters that come one at a time wait for company: a batch is a job at the mail house, with its own papers.
A released run does not wait; it rings for its letters itself."""
LEFT_HALF_WAY = timedelta(minutes=10)
"""A batch that is not done by then belongs to a process that died, or could not be handed over: setting five thousand
letters takes a minute or two."""
RING_AGAIN = timedelta(seconds=60)
"""A due message that was rung for this long ago was not heard; far above what a batch takes."""


@dataclass
class Swept:
    """What was found: claims given up by the dead, and the ids to ring for."""

    unknown: int = 0
    requeued: int = 0
    due: dict[str, list[int]] = field(default_factory=dict)


def sweep(
    session: Session,
    clock: Clock,
    *,
    ring_again: timedelta = RING_AGAIN,
    limit: int = 20_000,
    busy: Collection[str] = (),
) -> Swept:
    """Steps 1 and 2 above, in the caller's transaction; ring ``due`` after the commit.

    Nobody rings for the ``busy`` lanes: they have jobs enough waiting. A lane whose carrier takes three texts a second
    would otherwise be rung for everything that waits, every minute, for hours.
    """
    now = clock.now()
    done = Swept()
    _expired(session, now, done)
    _unheard(session, now, ring_again, limit, busy, done)
    left = select(MailBatch.id).where(MailBatch.state.in_(UNFINISHED), MailBatch.created_at <= now - LEFT_HALF_WAY)
    if "mail" not in busy and session.scalar(left.limit(1)) is not None:
        done.due.setdefault("mail", [])
    return done


def _expired(session: Session, now: datetime, done: Swept) -> None:
    expired = (Message.state == State.CLAIMED, Message.lease_until < now)
    opened = exists().where(Attempt.message_id == Message.id, Attempt.outcome == "open")
    doubtful = session.execute(
        update(Message)
        .where(*expired, opened)
        .values(state=State.UNKNOWN, state_at=now, asked_at=None, lease_owner=None, lease_until=None)
        .returning(Message.id, Message.account_id, Message.channel, Message.recipient)
        .execution_options(synchronize_session=False)
    ).all()
    if doubtful:
        session.execute(
            update(Attempt)
            .where(Attempt.message_id.in_([row[0] for row in doubtful]), Attempt.outcome == "open")
            .values(outcome="ambiguous", ended_at=now, detail="The worker died while the request was under way.")
            .execution_options(synchronize_session=False)
        )
    safe = session.execute(
        update(Message)
        .where(*expired)
        .values(
            state=State.QUEUED, state_at=now, next_attempt_at=now, rung_at=None, lease_owner=None, lease_until=None,
            attempts=Message.attempts - 1,
        )
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    ).all()  # fmt: skip
    done.unknown, done.requeued = len(doubtful), len(safe)
    record(
        session,
        [
            NewEvent(
                account_id, now, "delivery.unknown",
                f"{'Text' if channel == 'sms' else 'Email'} to {recipient}: the worker died while it was leaving; "
                "the carrier is being asked",
                "out", channel, subject_type="message", subject_id=message_id,
            )
            for message_id, account_id, channel, recipient in doubtful
        ],
        now,
    )  # fmt: skip


def _unheard(
    session: Session, now: datetime, ring_again: timedelta, limit: int, busy: Collection[str], done: Swept
) -> None:
    waiting = (
        select(Message.id)
        .where(
            Message.state == State.QUEUED,
            Message.next_attempt_at <= now,
            Message.lane.not_in(sorted(busy)),
            or_(Message.lane != "mail", Message.next_attempt_at <= now - MAIL_GATHERS),
            or_(
                Message.rung_at.is_(None),
                Message.rung_at <= now - ring_again,
                Message.rung_at < Message.next_attempt_at,
            ),
        )
        .order_by(Message.priority, Message.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rung = session.execute(
        update(Message)
        .where(Message.id.in_(waiting.scalar_subquery()))
        .values(rung_at=now)
        .returning(Message.lane, Message.priority, Message.id)
        .execution_options(synchronize_session=False)
    ).all()
    for lane, _, message_id in sorted(rung):
        done.due.setdefault(lane, []).append(message_id)
