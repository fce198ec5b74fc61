"""Placing and ending holds as an office does: with who and why, into the history, before what has not left.

A hold changes what may be sent: messages that rest on the account's facts are put aside and decided again. A hold ends
by itself on its last day; one without an end has a day on which somebody looks at it.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Select, Text, cast, func, literal, select
from sqlalchemy.orm import Session

from comms.accounts import holds, touch
from comms.accounts.hold_sheets import Wanted, terms
from comms.accounts.schema import Account, Hold, Payment
from comms.city import City
from comms.clock import Clock
from comms.db import one_of
from comms.history import NewEvent, record
from comms.money import dollars
from comms.worklist import Task, open_task, resolve

from .recall import set_aside

REVIEW = "hold_review"
LAPSED = "pledge_lapsed"
WORDS = {
    "medical": "Medical hold", "military": "Military service hold", "bankruptcy": "Bankruptcy hold",
    "deceased": "Hold for a deceased customer", "dispute": "Hold for a dispute",
    "energy_assistance": "Energy assistance hold", "promise": "Promise hold", "moratorium": "City moratorium",
    "office": "Office hold",
}  # fmt: skip


@dataclass
class Listed:
    """What a list of holds came to; ``unchanged`` rows were placed before (and may have ended since)."""

    placed: int = 0
    unchanged: int = 0
    replaced: int = 0
    account_ids: set[int] = field(default_factory=set)
    amount_cents: int = 0


@dataclass(frozen=True)
class Kept:
    """A round of looking after holds: those that ended by themselves, and the tasks made and taken away."""

    expired: int
    paid: int
    reviews: int
    closed: int
    account_ids: tuple[int, ...]


def place(
    session: Session, city: City, clock: Clock, account_id: int, kind: str, *, by: str, note: str,
    starts_on: date | None = None, ends_on: date | None = None, review_on: date | None = None,
    amount_cents: int | None = None,
) -> int:  # fmt: skip
    """Place a hold by hand and return its id. Without an end it is reviewed after a month, unless ``review_on`` says
    when. Raises ``SheetError`` (a ``ValueError``) with what is allowed."""
    now = clock.now()
    today = city.local_date(now)
    start = starts_on or today
    words = " ".join(note.split())
    review = terms(kind, start, ends_on, review_on, words, today)
    hold_id = holds.place(session, account_id, kind, start, ends_on, words, by, now, amount_cents, review)
    set_aside(session, [account_id], clock)
    record(session, [_placed(session.get_one(Hold, hold_id), by, now)], now)
    return hold_id


def release(session: Session, clock: Clock, hold_id: int, *, by: str, because: str) -> Hold | None:
    """End a hold now; None when there is none or it has ended before."""
    now = clock.now()
    if not holds.release(session, hold_id, by, now):
        return None
    hold = session.get_one(Hold, hold_id, populate_existing=True)
    set_aside(session, [hold.account_id], clock)
    record(session, [_ended(hold, f"{WORDS[hold.kind]} released: {' '.join(because.split())}", by, now)], now)
    _close(session, [hold.id], by, "The hold was released.", now)
    return hold


def review(
    session: Session, city: City, clock: Clock, hold_id: int, *, by: str, note: str, again_on: date,
    ends_on: date | None = None,
) -> Hold | None:  # fmt: skip
    """Somebody looked and it still stands: look again on ``again_on``, and let it end on ``ends_on`` where given. None
    when the hold has ended. Raises ``ValueError`` for a day that is past."""
    now = clock.now()
    today = city.local_date(now)
    if again_on <= today or (ends_on is not None and ends_on < today):
        raise ValueError(f"Give a day after today ({today}) for the next review, and no end that is past.")
    hold = session.scalars(
        select(Hold).where(Hold.id == hold_id, Hold.released_at.is_(None)).with_for_update()
    ).one_or_none()
    if hold is None:
        return None
    hold.review_on, hold.ends_on = again_on, ends_on or hold.ends_on
    session.flush()
    touch(session, [hold.account_id], now)
    until = f", ends on {hold.ends_on}" if hold.ends_on else ""
    said = f"{WORDS[hold.kind]} reviewed, it stands: {' '.join(note.split())} (next review {again_on}{until})"
    record(session, [_ended(hold, said, by, now, "hold.reviewed")], now)
    _close(session, [hold.id], by, "It was reviewed.", now)
    return hold


def place_all(session: Session, clock: Clock, wanted: Sequence[Wanted], *, by: str) -> Listed:
    """Place the holds of a list. A row that was placed before changes nothing, whether its hold stands or has ended;
    a pledge under a known reference takes the place of the one before."""
    now, done = clock.now(), Listed()
    concerned = sorted({one.account.id for one in wanted})
    session.execute(  # two people with one list: the second one finds the holds of the first
        select(Account.id).where(one_of(session, Account.id, concerned)).order_by(Account.id).with_for_update()
    )
    known = _known(session, {one.account.id for one in wanted})
    events: list[NewEvent] = []
    for one in wanted:
        before = known.get(one.account.id, {})
        if one.source in before:
            done.unchanged += 1
            continue
        for source, hold in before.items():
            if one.replaces and source.startswith(one.replaces) and hold.released_at is None:
                hold.released_at, hold.released_by = now, by
                done.replaced += 1
                events.append(_ended(hold, f"{WORDS[hold.kind]} ended: a newer pledge takes its place", by, now))
        hold = Hold(
            account_id=one.account.id, kind=one.kind, starts_on=one.starts_on, ends_on=one.ends_on,
            amount_cents=one.amount_cents, note=one.note, source=one.source, placed_at=now, released_at=None,
            released_by=None, review_on=one.review_on,
        )  # fmt: skip
        session.add(hold)
        session.flush()
        known.setdefault(one.account.id, {})[one.source] = hold
        events.append(_placed(hold, by, now))
        done.placed += 1
        done.amount_cents += one.amount_cents or 0
        done.account_ids.add(one.account.id)
    touch(session, done.account_ids, now)
    set_aside(session, done.account_ids, clock)
    record(session, events, now)
    return done


def look_after(session: Session, city: City, clock: Clock, *, limit: int = 500) -> Kept:
    """What a day brings: holds past their last day end, pledges that were paid end, reviews that are due become tasks.
    Safe to run at any time; nothing is done twice."""
    now = clock.now()
    today = city.local_date(now)
    over = list(session.scalars(_locked(_open_holds().where(Hold.ends_on < today), limit)))
    paid = _paid_pledges(session, {hold.id for hold in over}, limit)
    events = [
        _ended(hold, f"{WORDS[hold.kind]} ended: its last day was {hold.ends_on}", "system", now) for hold in over
    ]
    events += [_ended(hold, f"{WORDS[hold.kind]} ended: the pledge was paid", "system", now) for hold in paid]
    for hold in (*over, *paid):
        hold.released_at, hold.released_by = now, "system"
    session.flush()
    concerned = sorted({hold.account_id for hold in (*over, *paid)})
    touch(session, concerned, now)
    set_aside(session, concerned, clock)
    for hold in over:
        if hold.kind == "energy_assistance" and hold.source.startswith("pledge:"):
            _tell_lapsed(session, hold, now)
    record(session, events, now)
    reviews = sum(_ask(session, hold, now) for hold in session.scalars(_due(today).limit(limit)))
    closed = _close(session, _ended_meanwhile(session), "system", "The hold has ended.", now)
    return Kept(len(over), len(paid), reviews, closed, tuple(concerned))


def listing(
    session: Session, on: date, *, account_id: int | None = None, kind: str | None = None, due: bool = False,
    ended: bool = False, limit: int = 500,
) -> list[tuple[Hold, Account]]:  # fmt: skip
    """Holds with their accounts, oldest first: those not ended, or with ``ended`` all; ``due`` for review only."""
    statement = select(Hold, Account).join(Account, Account.id == Hold.account_id).order_by(Hold.id).limit(limit)
    if not ended:
        statement = statement.where(Hold.released_at.is_(None), Hold.ends_on.is_(None) | (Hold.ends_on >= on))
    if account_id is not None:
        statement = statement.where(Hold.account_id == account_id)
    if kind is not None:
        statement = statement.where(Hold.kind == kind)
    if due:
        statement = statement.where(Hold.review_on <= on)
    return [(hold, account) for hold, account in session.execute(statement)]


def _open_holds() -> Select[Hold]:
    return select(Hold).where(Hold.released_at.is_(None))


def _locked(those: Select[Hold], limit: int) -> Select[Hold]:
    """Those that no other process is looking after just now."""
    return those.order_by(Hold.id).limit(limit).with_for_update(skip_locked=True, of=Hold)


def _due(today: date) -> Select[Hold]:
    key = literal(f"{REVIEW}:") + cast(Hold.id, Text)
    told = select(Task.id).where(Task.dedupe_key == key, Task.state != "resolved").exists()
    return _open_holds().where(Hold.review_on <= today, ~told).order_by(Hold.id)


def _ended_meanwhile(session: Session) -> list[int]:
    """Holds that a review still asks about, and that have ended, whoever ended them."""
    asked = select(Hold.id).join(Task, Task.subject_id == Hold.id)
    return list(
        session.scalars(asked.where(Task.kind == REVIEW, Task.state != "resolved", Hold.released_at.is_not(None)))
    )


def _known(session: Session, account_ids: Collection[int]) -> dict[int, dict[str, Hold]]:
    found: dict[int, dict[str, Hold]] = defaultdict(dict)
    for hold in session.scalars(
        select(Hold).where(one_of(session, Hold.account_id, sorted(account_ids))).order_by(Hold.id)
    ):
        found[hold.account_id][hold.source] = hold
    return found


def _paid_pledges(session: Session, without: Collection[int], limit: int) -> list[Hold]:
    """Pledges whose money has come: assistance paid since the pledge reaches its amount."""
    paid = (
        select(func.coalesce(func.sum(Payment.amount_cents), 0))
        .where(
            Payment.account_id == Hold.account_id, Payment.paid_on >= Hold.starts_on, Payment.kind == "assistance",
            Payment.reversed_by_id.is_(None),
        )
        .scalar_subquery()
    )  # fmt: skip
    statement = _open_holds().where(
        Hold.kind == "energy_assistance", Hold.source.startswith("pledge:"), Hold.amount_cents <= paid
    )
    return [hold for hold in session.scalars(_locked(statement, limit)) if hold.id not in without]


def _placed(hold: Hold, by: str, at: datetime) -> NewEvent:
    until = f"until {hold.ends_on}" if hold.ends_on else "without an end"
    amount = f", for {dollars(hold.amount_cents)}" if hold.amount_cents else ""
    looked = f", to be reviewed {hold.review_on}" if hold.review_on else ""
    said = f"{WORDS[hold.kind]} placed from {hold.starts_on} {until}{amount}{looked}: {hold.note}"
    return _ended(hold, said, by, at, "hold.placed")


def _ended(hold: Hold, said: str, by: str, at: datetime, kind: str = "hold.released") -> NewEvent:
    facts = {"kind": hold.kind, "source": hold.source}
    return NewEvent(hold.account_id, at, kind, said, actor=by, subject_type="hold", subject_id=hold.id, facts=facts)


def _ask(session: Session, hold: Hold, now: datetime) -> int:
    reason = (
        f"{WORDS[hold.kind]} since {hold.starts_on}: {hold.note}. See whether it still stands. It does: comms hold "
        f"review {hold.id} --again DATE; it does not: comms hold release {hold.id}"
    )
    made = open_task(
        session, kind=REVIEW, dedupe_key=f"{REVIEW}:{hold.id}", reason=reason, at=now, account_id=hold.account_id,
        subject_type="hold", subject_id=hold.id,
    )  # fmt: skip
    return made is not None


def _tell_lapsed(session: Session, hold: Hold, now: datetime) -> None:
    reason = f"{hold.note}: it was not paid by {hold.ends_on}. Ask the agency before collection goes on."
    open_task(
        session, kind=LAPSED, dedupe_key=f"{LAPSED}:{hold.id}", reason=reason, at=now, account_id=hold.account_id,
        subject_type="hold", subject_id=hold.id,
    )  # fmt: skip


def _close(session: Session, hold_ids: Sequence[int], by: str, why: str, now: datetime) -> int:
    keys = [f"{REVIEW}:{hold_id}" for hold_id in hold_ids]
    if not keys:
        return 0
    tasks = session.scalars(select(Task.id).where(Task.dedupe_key.in_(keys), Task.state != "resolved")).all()
    return sum(resolve(session, task_id, by, why, now) for task_id in tasks)
