"""Our consent ledger and the carrier's own list of opt-outs, kept saying the same.

Theirs to ours: a STOP or START that Twilio names (``OptOutType``) and a refusal with 21610 are lines of the ledger.
Ours to theirs: a line that Twilio has not seen itself waits on ``consent_mirror``, and this is what works it off.

1. take what is due, each for one round; a line that a newer one has taken the place of need not be told;
2. tell Twilio, 25 at a time, outside any transaction; what it does not take now waits longer each time;
3. write down what it said. If the customer spoke meanwhile, Twilio's list now says the older thing: the newer line is
   told after it.

Telling the same twice changes nothing, so a round that dies is simply done again. Nothing is told back that Twilio
told us, unless we told it something else in between, so the two never answer each other in a circle. Until Twilio is
told, its refusals of a number that wants texts again are old news (``consent.carrier_lags``).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from comms.accounts import consent
from comms.accounts.schema import Consent, ConsentEvent, ConsentMirror
from comms.channels.consent_twilio import AT_ONCE, Answered, Heard, Wish
from comms.clock import Clock
from comms.db import Database
from comms.worklist import Task, open_task, resolve

MOST_REQUESTS = 40
"""In one round: Twilio takes 100 a minute."""
BACKOFF = timedelta(minutes=1)
BACKOFF_CAP = timedelta(hours=1)
CLOSED_FOR = timedelta(hours=6)
"""How long Twilio is left alone when it takes no consents from this account at all."""
TELL_STAFF_AFTER = 8
"""Tries (about two hours) after which somebody should know."""

KIND = "consent_mirror"
_NOTHING_TAKEN = f"{KIND}:twilio"


class CarrierList(Protocol):
    """Where opt-outs are told; ``channels.consent_twilio.TwilioConsents``."""

    def tell(self, wishes: Sequence[Wish]) -> list[Answered]: ...


@dataclass
class Mirrored:
    """What a round came to, in lines of the ledger."""

    told: int = 0
    waiting: int = 0
    refused: int = 0
    not_needed: int = 0


def tell_carrier(
    database: Database, clock: Clock, carrier: CarrierList, *, only: Collection[str] | None = None
) -> Mirrored:
    """Work the list off; see the module. ``only``: no numbers but these (a rehearsal's allow list); others wait.

    Safe to run twice at once.
    """
    done = Mirrored()
    now = clock.now()
    with database.read() as session:
        if session.scalar(_due(now, only).limit(1)) is None:
            return done
    wishes = database.run(lambda session: _take(session, now, only, done))
    answers: list[Answered] = []
    for start in range(0, len(wishes), AT_ONCE):
        answers += carrier.tell(wishes[start : start + AT_ONCE])
        if all(one.heard in (Heard.CLOSED, Heard.AGAIN) for one in answers[-AT_ONCE:]):
            last = answers[-1]
            answers += [Answered(w.event_id, last.heard, last.why, last.wait) for w in wishes[start + AT_ONCE :]]
            break
    if answers:
        by_id = {wish.event_id: wish for wish in wishes}
        database.run(lambda session: _conclude(session, by_id, answers, clock.now(), done))
    return done


def try_again(session: Session, at: datetime) -> int:
    """Put what Twilio refused, and what waits for a later try, on the list for the next round; how many lines."""
    statement = (
        update(ConsentMirror)
        .where(ConsentMirror.state.in_(("refused", "waiting")))
        .values(state="waiting", attempts=0, next_at=at)
        .returning(ConsentMirror.event_id)
    )
    return len(session.execute(statement).all())


def counts(session: Session) -> dict[str, int]:
    """How many lines there are, by state."""
    statement = select(ConsentMirror.state, func.count()).group_by(ConsentMirror.state).order_by(ConsentMirror.state)
    return dict(session.execute(statement).all())


def _due(now: datetime, only: Collection[str] | None) -> Any:
    statement = (
        select(ConsentMirror.event_id)
        .join(ConsentEvent, ConsentEvent.id == ConsentMirror.event_id)
        .where(ConsentMirror.state == "waiting", ConsentMirror.next_at <= now)
        .order_by(ConsentMirror.event_id)
    )
    return statement if only is None else statement.where(ConsentEvent.address.in_(sorted(only)))


def _take(session: Session, now: datetime, only: Collection[str] | None, done: Mirrored) -> list[Wish]:
    due = _due(now, only).limit(MOST_REQUESTS * AT_ONCE).with_for_update(of=ConsentMirror, skip_locked=True)
    ids = list(session.scalars(due))
    lines = session.execute(
        select(ConsentEvent, Consent.event_id)
        .outerjoin(
            Consent,
            (Consent.channel == ConsentEvent.channel)
            & (Consent.address == ConsentEvent.address)
            & (Consent.category == ConsentEvent.category),
        )
        .where(ConsentEvent.id.in_(ids))
        .order_by(ConsentEvent.id)
    ).all()
    stale = [line.id for line, current in lines if current != line.id]
    done.not_needed += len(stale)
    _move(session, stale, state="not_needed")
    standing = [line for line, current in lines if current == line.id]
    _move(
        session,
        [line.id for line in standing],
        attempts=ConsentMirror.attempts + 1,
        next_at=now + BACKOFF,  # nobody else tells it meanwhile; a round that dies is followed by another
    )
    return [Wish(line.id, line.address, line.action == "granted", line.source, line.at) for line in standing]


def _conclude(
    session: Session, wishes: dict[int, Wish], answers: Sequence[Answered], now: datetime, done: Mirrored
) -> None:
    by_outcome: dict[Heard, list[Answered]] = {heard: [] for heard in Heard}
    for one in answers:
        by_outcome[one.heard].append(one)
    done.told, done.refused = len(by_outcome[Heard.TOLD]), len(by_outcome[Heard.REFUSED])
    done.waiting = len(answers) - done.told - done.refused
    told = [one.event_id for one in by_outcome[Heard.TOLD]]
    _move(session, told, state="told", told_at=now, answer=None)
    _overtaken(session, [wishes[event_id].phone for event_id in told], set(told), now)
    for one in by_outcome[Heard.REFUSED]:
        _move(session, [one.event_id], state="refused", answer=one.why)
        _show_refusal(session, wishes[one.event_id], one.why, now)
    tries = _put_off(session, [*by_outcome[Heard.AGAIN], *by_outcome[Heard.CLOSED]], now)
    if by_outcome[Heard.CLOSED] or tries >= TELL_STAFF_AFTER:
        _show_nothing_taken(session, answers[-1].why, done.waiting, now)
    elif told:
        _close_nothing_taken(session, now)


def _overtaken(session: Session, phones: Sequence[str], told: set[int], now: datetime) -> None:
    """Lines that came while Twilio was told an older one of the same number: their turn is now, also when Twilio was
    the one who told us."""
    standing = session.scalars(
        select(Consent.event_id).where(
            Consent.channel == "sms", Consent.category == "all", Consent.address.in_(sorted(phones))
        )
    )
    consent.mirror(session, [(event_id, now) for event_id in standing if event_id not in told])


def _put_off(session: Session, later: Sequence[Answered], now: datetime) -> int:
    """Wait longer after each try; the most tries that any of them has had."""
    if not later:
        return 0
    rows = session.execute(
        select(ConsentMirror.event_id, ConsentMirror.attempts).where(
            ConsentMirror.event_id.in_([one.event_id for one in later])
        )
    )
    tries: dict[int, int] = dict(rows.all())
    session.connection().execute(
        update(ConsentMirror)
        .where(ConsentMirror.event_id == bindparam("at_id"), ConsentMirror.state == "waiting")
        .values(next_at=bindparam("to_next"), answer=bindparam("to_answer")),
        [
            {"at_id": one.event_id, "to_next": now + _wait(one, tries[one.event_id]), "to_answer": one.why}
            for one in later
        ],
    )
    return max(tries.values())


def _wait(one: Answered, tries: int) -> timedelta:
    full: timedelta = min(BACKOFF_CAP, BACKOFF * 2 ** min(max(tries - 1, 0), 12))
    if one.heard is Heard.CLOSED:
        full = CLOSED_FOR
    return max(full, one.wait or timedelta())


def _move(session: Session, event_ids: Sequence[int], **values: Any) -> None:
    if event_ids:
        session.execute(
            update(ConsentMirror)
            .where(ConsentMirror.event_id.in_(event_ids), ConsentMirror.state == "waiting")
            .values(**values)
            .execution_options(synchronize_session=False)
        )


def _show_refusal(session: Session, wish: Wish, why: str, now: datetime) -> None:
    if wish.wanted:
        reason = (
            f"{wish.phone} wants texts again, but Twilio does not take it from us and may go on refusing them. {why}. "
            "Ask the customer to text START to our number."
        )
    else:
        reason = (
            f"Twilio does not note that {wish.phone} has opted out. {why}. Nothing is sent to it all the same; "
            "look whether the number is right."
        )
    line = session.get_one(ConsentEvent, wish.event_id)
    open_task(
        session, kind=KIND, dedupe_key=f"{KIND}:{wish.event_id}", reason=reason, at=now, account_id=line.account_id,
        subject_type="consent_event", subject_id=wish.event_id, priority=6,
    )  # fmt: skip


def _show_nothing_taken(session: Session, why: str, waiting: int, now: datetime) -> None:
    open_task(
        session, kind=KIND, dedupe_key=_NOTHING_TAKEN, at=now, priority=5,
        reason=f"Twilio takes no opt-outs from us: {why} Our own list holds, and nothing is sent against it. Tell "
        "whoever runs this service: the Consent Management API must be enabled for the Twilio account.",
        facts={"waiting": waiting},
    )  # fmt: skip


def _close_nothing_taken(session: Session, now: datetime) -> None:
    open_one = select(Task.id).where(Task.dedupe_key == _NOTHING_TAKEN, Task.state != "resolved")
    if (task_id := session.scalar(open_one)) is not None:
        resolve(session, task_id, "system", "Twilio takes opt-outs from us again.", now)
