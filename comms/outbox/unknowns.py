"""Messages of which nobody knows whether they left: ask, and only then decide. Nothing is resent blindly.

1. Wait until the carrier has had time to list what it took.
2. Ask: Twilio lists messages by address and date; a message there that is not one of our others is this one.
3. Found: it was submitted. Not there, twice, and long enough after the attempt: it never arrived; it is queued again.
4. SendGrid has no such list. Its events carry our token, and receipts are folded at any time. When none came within
   the wait, although events of later messages did, it never arrived. When no events come at all, nobody can tell: that
   is put before staff, and the wait goes on.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from comms.channels import CannotAsk, Channel, Found, Outgoing
from comms.clock import Clock
from comms.db import Database
from comms.history import NewEvent, record
from comms.history.schema import WebhookEvent
from comms.worklist import Task, open_task

from .claims import CARRIER_OF
from .schema import Attempt, Message
from .states import State

ASKERS = 16


@dataclass(frozen=True)
class Patience:
    """How long to wait before an absence means something."""

    first_ask: timedelta = timedelta(seconds=10)
    sure: timedelta = timedelta(seconds=60)
    """Twilio: after this long, a message that is not listed never arrived."""
    events: timedelta = timedelta(minutes=15)
    """SendGrid: after this long without an event, while events of others came."""
    between: timedelta = timedelta(seconds=10)


@dataclass(frozen=True)
class Doubt:
    """One message in doubt, with its last attempt."""

    message_id: int
    account_id: int | None
    channel: str
    recipient: str
    body_text: str
    attempt: int
    started_at: datetime
    asked_before: bool


@dataclass
class Resolved:
    """What the asking came to."""

    found: int = 0
    requeued: int = 0
    waiting: int = 0
    for_staff: int = 0


def resolve_unknowns(
    database: Database, clock: Clock, channels: Mapping[str, Channel], patience: Patience, *, limit: int = 500
) -> Resolved:
    """Ask about messages in doubt; see the module. Safe to run twice at once: each message is asked about by one."""
    now = clock.now()
    doubts = database.run(lambda session: _take(session, now, patience, limit))
    done = Resolved()
    if not doubts:
        return done
    answers = _ask(database, channels, doubts, now)
    database.run(lambda session: _conclude(session, doubts, answers, now, patience, done))
    return done


def _take(session: Session, now: datetime, patience: Patience, limit: int) -> list[Doubt]:
    """Messages due to be asked about; stamping ``asked_at`` makes them ours until the next round."""
    before = dict(
        session.execute(
            select(Message.id, Message.asked_at)
            .where(
                Message.state == State.UNKNOWN,
                Message.state_at <= now - patience.first_ask,
                or_(Message.asked_at.is_(None), Message.asked_at <= now - patience.between),
            )
            .order_by(Message.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        ).all()
    )
    if not before:
        return []
    session.execute(
        update(Message)
        .where(Message.id.in_(list(before)))
        .values(asked_at=now)
        .execution_options(synchronize_session=False)
    )
    last = select(func.max(Attempt.number)).where(Attempt.message_id == Message.id).correlate(Message).scalar_subquery()
    rows = session.execute(
        select(
            Message.id, Message.account_id, Message.channel, Message.recipient, Message.body_text, Attempt.number,
            Attempt.started_at,
        )
        .join(Attempt, (Attempt.message_id == Message.id) & (Attempt.number == last))
        .where(Message.id.in_(list(before)))
    )  # fmt: skip
    return [Doubt(*row, asked_before=before[row[0]] is not None) for row in rows]


def _ask(
    database: Database, channels: Mapping[str, Channel], doubts: Sequence[Doubt], now: datetime
) -> dict[int, Found | CannotAsk | None]:
    with database.read() as session:
        taken = _carrier_ids(session, {doubt.recipient for doubt in doubts})

    deaf: set[str] = set()

    def one(doubt: Doubt) -> Found | CannotAsk | None:
        if doubt.channel in deaf:
            return CannotAsk("The carrier does not answer now; the others wait for the next round.")
        outgoing = Outgoing(doubt.message_id, "", doubt.recipient, "", None, doubt.body_text, None, "", "")
        try:
            others = [id_ for id_, owner in taken.get(doubt.recipient, ()) if owner != doubt.message_id]
            return channels[doubt.channel].look_for(outgoing, doubt.started_at, now, others)
        except CannotAsk as silent:
            # Each question to a carrier that is away costs its time-out, and replies wait for this round to end.
            deaf.add(doubt.channel)
            return silent

    with ThreadPoolExecutor(min(ASKERS, len(doubts))) as pool:
        return dict(zip((doubt.message_id for doubt in doubts), pool.map(one, doubts), strict=True))


def _carrier_ids(session: Session, recipients: set[str]) -> dict[str, list[tuple[str, int]]]:
    """The carrier's ids that are known, with the message of each, by recipient."""
    rows = session.execute(
        select(Message.recipient, Message.carrier_id, Message.id).where(
            Message.recipient.in_(sorted(recipients)), Message.carrier_id.is_not(None)
        )
    )
    known: dict[str, list[tuple[str, int]]] = {}
    for recipient, carrier_id, message_id in rows:
        known.setdefault(recipient, []).append((carrier_id or "", message_id))
    return known


def _conclude(
    session: Session,
    doubts: Sequence[Doubt],
    answers: Mapping[int, Found | CannotAsk | None],
    now: datetime,
    patience: Patience,
    done: Resolved,
) -> None:
    events: list[NewEvent] = []
    used: set[str] = set()
    newest = _events_read_until(session)
    for doubt in doubts:
        answer = answers[doubt.message_id]
        waited = now - doubt.started_at
        if isinstance(answer, Found) and answer.carrier_id not in used:
            used.add(answer.carrier_id)
            done.found += _submitted(session, doubt, answer, now, events)
        elif answer is None and doubt.asked_before and waited >= patience.sure:
            done.requeued += _again(session, doubt, now, "The carrier's list does not have it.", events)
        elif isinstance(answer, CannotAsk) and doubt.channel == "email" and waited >= patience.events:
            if newest is not None and newest >= doubt.started_at + patience.events:
                done.requeued += _again(session, doubt, now, "No event came for it, though others came since.", events)
            else:
                done.for_staff += _tell_staff(session, doubt, now)
        else:
            done.waiting += 1
    record(session, events, now)


def _events_read_until(session: Session) -> datetime | None:
    """Up to when SendGrid's events have come and been understood; one that waits to be read may be the one we miss."""
    newest, waiting = session.execute(
        select(
            func.max(WebhookEvent.received_at),
            func.min(WebhookEvent.received_at).filter(WebhookEvent.state.in_(("new", "failed"))),
        ).where(WebhookEvent.provider == "sendgrid")
    ).one()
    found: datetime | None = min(newest, waiting) if newest and waiting else newest
    return found


def _submitted(session: Session, doubt: Doubt, found: Found, now: datetime, events: list[NewEvent]) -> int:
    moved = session.execute(
        update(Message)
        .where(Message.id == doubt.message_id, Message.state == State.UNKNOWN)
        .values(state=State.SUBMITTED, state_at=found.at, submitted_at=found.at, carrier_id=found.carrier_id)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    ).first()
    if moved is None:
        return 0
    _close(session, doubt, "accepted", now, found.carrier_id)
    events.append(_event(doubt, now, "delivery.submitted", "had reached the carrier after all"))
    return 1


def _again(session: Session, doubt: Doubt, now: datetime, why: str, events: list[NewEvent]) -> int:
    moved = session.execute(
        update(Message)
        .where(Message.id == doubt.message_id, Message.state == State.UNKNOWN)
        .values(state=State.QUEUED, state_at=now, next_attempt_at=now, rung_at=None, state_reason=why, asked_at=None)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    ).first()
    if moved is None:
        return 0
    _close(session, doubt, "refused_now", now, None)
    events.append(_event(doubt, now, "delivery.not_taken", f"never reached the carrier and is sent again. {why}"))
    return 1


def _close(session: Session, doubt: Doubt, outcome: str, now: datetime, carrier_id: str | None) -> None:
    session.execute(
        update(Attempt)
        .where(Attempt.message_id == doubt.message_id, Attempt.number == doubt.attempt)
        .values(outcome=outcome, ended_at=now, carrier_id=carrier_id)
        .execution_options(synchronize_session=False)
    )


def _event(doubt: Doubt, now: datetime, kind: str, words: str) -> NewEvent:
    word = {"sms": "Text", "email": "Email"}[doubt.channel]
    return NewEvent(
        doubt.account_id, now, kind, f"{word} to {doubt.recipient} {words}", "out", doubt.channel,
        subject_type="message", subject_id=doubt.message_id,
        facts={"carrier": CARRIER_OF[doubt.channel], "attempt": doubt.attempt},
    )  # fmt: skip


def _tell_staff(session: Session, doubt: Doubt, now: datetime) -> int:
    """Once: a task that staff have closed is not opened again in every round."""
    if session.scalar(select(Task.id).where(Task.dedupe_key == f"unknown:{doubt.message_id}")) is not None:
        return 0
    opened = open_task(
        session,
        kind="unknown_send",
        dedupe_key=f"unknown:{doubt.message_id}",
        reason=f"Nobody can say whether the email to {doubt.recipient} left: the carrier's answer was lost, and no "
        "events come from SendGrid. Look in SendGrid's activity page; check that its event webhook is on.",
        at=now,
        account_id=doubt.account_id,
        subject_type="message",
        subject_id=doubt.message_id,
    )
    return int(opened is not None)
