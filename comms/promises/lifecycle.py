"""Making, opening, replacing and ending a promise: what people do. What money does to it is in ``evaluation``.

Every function works in the caller's transaction and returns a ``Change``, whose events the caller adds to its one
``history.record``. Doing the same thing twice changes nothing the second time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from comms import accounts, worklist
from comms.accounts.schema import Account
from comms.city import City
from comms.clock import Clock
from comms.history import NewEvent

from . import holding
from .deadlines import deadline
from .deciding import MISSED
from .policy import Part, load_policy
from .schema import Promise, PromiseEvent, PromisePart
from .wording import KIND, STATUS, in_words


class PromiseError(ValueError):
    """Something that cannot be done to this promise; the message says why and what to do."""


@dataclass(frozen=True)
class Change:
    """What was done: the promise, and events for the contact history (none: it was already so)."""

    promise_id: int
    events: tuple[NewEvent, ...] = ()


def propose(
    session: Session,
    city: City,
    clock: Clock,
    *,
    account_id: int,
    parts: Sequence[Part],
    source: str,
    actor: str = "customer",
    said_text: str | None = None,
    inbound_id: int | None = None,
    taken_by: str | None = None,
    category: str = "standard",
    reason_code: str | None = None,
    requested: Sequence[Any] = (),
    episode_id: int | None = None,
    kind: str = "promise",
    terms: dict[str, Any] | None = None,
    awaits: str | None = "customer",
) -> Change:
    """Write down a promise that waits for its YES. It holds nothing yet; an older unanswered one gives way to it, but
    for one that waits for a supervisor when this one waits for the customer: nobody has agreed to either.

    ``kind`` is ``promise`` or ``arrangement``, which has ``terms`` as ``arrange`` gives them; ``awaits`` is
    ``customer`` or ``supervisor``.
    ``source`` is ``sms``, ``email``, ``phone``, ``counter``, ``web`` or ``letter``; ``requested`` keeps what was asked
    for when the parts are a counter-offer (JSON values). Raises ``PromiseError`` without parts or with an empty one,
    and ``PolicyError`` for a category that does not exist.
    """
    if not parts or min(part.amount_cents for part in parts) <= 0:
        raise PromiseError("A promise needs at least one date and an amount above zero. Enter both.")
    if kind not in KIND:
        raise ValueError(f"{kind!r} is not a kind of promise; allowed: {', '.join(KIND)}")
    policy = load_policy(city)
    policy.category(category)
    now = clock.now()
    account = locked_account(session, account_id)
    events = _end_unanswered(session, account_id, actor, now, supervisors_too=awaits != "customer")
    promise = Promise(
        account_id=account_id, episode_id=episode_id, source=source, source_inbound_id=inbound_id, taken_by=taken_by,
        said_text=said_text, reason_code=reason_code, category=category, requested_terms=list(requested),
        status="proposed", status_reason=None, promised_cents=sum(part.amount_cents for part in parts),
        debt_cents=max(account.past_due_cents, 0), confirmed_at=None, approved_by=None, policy_version=policy.version,
        created_at=now, created_on=city.local_date(now), kind=kind, terms=terms,
        awaits=awaits, ended_as=None, ended_on=None, closed_at=None,
    )  # fmt: skip
    session.add(promise)
    session.flush()
    session.add_all(_rows(promise.id, parts, city))
    events.append(note(session, promise, "proposed", f"{KIND[kind]} proposed: {in_words(sorted(parts))}.", actor, now))
    return Change(promise.id, tuple(events))


def open_(
    session: Session, city: City, clock: Clock, promise_id: int, *, actor: str, approved_by: str | None = None
) -> Change:
    """The customer said YES, or a clerk did: the promise holds dunning from now on, and replaces the one before it.

    Raises ``PromiseError`` when it is neither proposed nor open, and when it waits for a supervisor and ``approved_by``
    names none.
    """
    promise = locked_promise(session, promise_id)
    if promise.status == "open":
        return Change(promise_id)
    if promise.status != "proposed":
        raise PromiseError(f"Promise {promise_id} is {STATUS[promise.status]}; only a proposed one can be opened.")
    if promise.awaits == "supervisor" and approved_by is None:
        raise PromiseError(f"Promise {promise_id} waits for a supervisor: comms promise approve {promise_id}")
    now = clock.now()
    events = _end_earlier(session, city, promise, actor, clock)
    events += _end_unanswered(session, promise.account_id, actor, now, besides=promise_id, supervisors_too=False)
    promise.status, promise.confirmed_at, promise.approved_by = "open", now, approved_by
    _settle_approval(session, promise, actor, "Approved." if approved_by else "Opened.", now)
    session.flush()
    parts = parts_of(session, promise_id)
    words = in_words(parts)
    _tell_the_supervisor(session, promise, words)
    holding.place(session, city, promise, words, now)
    accounts.touch(session, [promise.account_id], now)
    facts = {"approved_by": approved_by} if approved_by else {}
    events.append(note(session, promise, "opened", f"{KIND[promise.kind]} opened: {words}.", actor, now, facts))
    return Change(promise_id, tuple(events))


def withdraw(
    session: Session, city: City, clock: Clock, promise_id: int, *, by: str, actor: str, reason: str
) -> Change:
    """Take a proposed or open promise back. ``by`` is ``customer`` or ``office``.

    Money that had kept an open promise before today still keeps it: the next evaluation says so.
    """
    if by not in ("customer", "office"):
        raise ValueError(f"by={by!r}; allowed: customer, office")
    promise = locked_promise(session, promise_id)
    status = f"withdrawn_{by}"
    if promise.status == status:
        return Change(promise_id)
    if promise.status not in ("proposed", "open"):
        raise PromiseError(f"Promise {promise_id} is {STATUS[promise.status]}; there is nothing to take back.")
    now = clock.now()
    if promise.status == "open":
        promise.ended_as, promise.ended_on = status, city.local_date(now)
    return Change(promise_id, tuple(_close(session, promise, status, reason, actor, now)))


def supersede(session: Session, city: City, clock: Clock, promise_id: int, *, actor: str, reason: str) -> Change:
    """End a proposed or open promise because another takes its place."""
    promise = locked_promise(session, promise_id)
    if promise.status not in ("proposed", "open"):
        return Change(promise_id)
    if promise.status == "open":
        promise.ended_as, promise.ended_on = "superseded", city.local_date(clock.now())
    return Change(promise_id, tuple(_close(session, promise, "superseded", reason, actor, clock.now())))


def refuse(session: Session, clock: Clock, promise_id: int, *, actor: str, reason: str) -> Change:
    """The office does not take a proposed promise. Raises ``PromiseError`` once it was opened."""
    promise = locked_promise(session, promise_id)
    if promise.status == "refused":
        return Change(promise_id)
    if promise.status != "proposed":
        raise PromiseError(f"Promise {promise_id} is {STATUS[promise.status]}; withdraw an open one instead.")
    return Change(promise_id, tuple(_close(session, promise, "refused", reason, actor, clock.now())))


def broken_before(session: Session, account_id: int, city: City, clock: Clock, category: str = "standard") -> int:
    """How many promises of this account were broken within the days of this category: the day that counts is the
    deadline that was missed, whenever the payment file came that showed it."""
    since = clock.now() - timedelta(load_policy(city).category(category).broken_within_days)
    missed = (
        select(func.max(PromisePart.deadline_at))
        .where(PromisePart.promise_id == Promise.id, PromisePart.state.in_(sorted(MISSED)))
        .scalar_subquery()
    )
    statement = select(func.count()).where(
        Promise.account_id == account_id,
        Promise.status == "broken",
        func.coalesce(missed, Promise.closed_at) >= since,
    )
    return session.scalar(statement) or 0


def parts_of(session: Session, promise_id: int) -> list[Part]:
    """The dated amounts of a promise, in order."""
    rows = session.execute(
        select(PromisePart.due_on, PromisePart.amount_cents)
        .where(PromisePart.promise_id == promise_id)
        .order_by(PromisePart.seq)
    )
    return [Part(due_on, cents) for due_on, cents in rows]


def note(
    session: Session,
    promise: Promise,
    kind: str,
    summary: str,
    actor: str,
    at: datetime,
    facts: dict[str, Any] | None = None,
) -> NewEvent:
    """Add to the promise's own log; the same for the contact history."""
    known = {"promise_id": promise.id, "status": promise.status, "promised_cents": promise.promised_cents}
    known |= facts or {}
    session.add(PromiseEvent(promise_id=promise.id, at=at, kind=kind, actor=actor, facts=known))
    return NewEvent(
        account_id=promise.account_id, at=at, kind=f"promise.{kind}", summary=summary, actor=actor,
        subject_type="promise", subject_id=promise.id, facts=known,
    )  # fmt: skip


def _end_earlier(session: Session, city: City, promise: Promise, actor: str, clock: Clock) -> list[NewEvent]:
    """Every earlier promise that was ever opened and that nobody ended gives way from today on, whatever its status is
    just now: a payment that is reversed tomorrow must not open it again beside the new one."""
    now = clock.now()
    earlier = session.scalars(
        select(Promise).where(
            Promise.account_id == promise.account_id,
            Promise.id != promise.id,
            Promise.confirmed_at.is_not(None),
            Promise.ended_as.is_(None),
        )
    ).all()
    events: list[NewEvent] = []
    for old in earlier:
        old.ended_as, old.ended_on = "superseded", city.local_date(now)
        if old.status == "open":
            reason = f"Replaced by promise {promise.id}."
            events += _close(session, old, "superseded", reason, actor, now)
    session.flush()
    return events


def _end_unanswered(
    session: Session, account_id: int, actor: str, at: datetime, *, supervisors_too: bool, besides: int | None = None
) -> list[NewEvent]:
    """Promises that wait for a word give way to a newer one."""
    waiting = session.scalars(
        select(Promise).where(Promise.account_id == account_id, Promise.status == "proposed", Promise.id != besides)
    ).all()
    return [
        event
        for promise in waiting
        if supervisors_too or promise.awaits != "supervisor"
        for event in _close(session, promise, "superseded", "A newer offer was made.", actor, at)
    ]


def _tell_the_supervisor(session: Session, promise: Promise, words: str) -> None:
    """Who decides on what staff have entered must know that the customer has promised something else since."""
    waiting = select(Promise.id).where(
        Promise.account_id == promise.account_id, Promise.status == "proposed", Promise.awaits == "supervisor"
    )
    for waiting_id in session.scalars(waiting).all():
        since = f"The customer has promised {words} since; to approve this replaces that."
        worklist.amend(session, approval_key(waiting_id), since)


def _close(session: Session, promise: Promise, status: str, reason: str, actor: str, at: datetime) -> list[NewEvent]:
    was_open = promise.status == "open"
    promise.status, promise.status_reason, promise.closed_at = status, reason, at
    session.execute(
        update(PromisePart)
        .where(PromisePart.promise_id == promise.id, PromisePart.state.in_(("waiting", "pending_feed")))
        .values(state="closed", decided_at=at)
    )
    if was_open:
        holding.release(session, promise, actor, at)
        accounts.touch(session, [promise.account_id], at)
    _settle_approval(session, promise, actor, reason, at)
    summary = f"{KIND[promise.kind]} {STATUS[status]}: {in_words(parts_of(session, promise.id))}. {reason}"
    return [note(session, promise, status, summary, actor, at, {"reason": reason})]


def approval_key(promise_id: int) -> str:
    """What the task that asks a supervisor is known by."""
    return f"approval:{promise_id}"


def _settle_approval(session: Session, promise: Promise, by: str, resolution: str, at: datetime) -> None:
    """The promise waits for nobody any more: the task that asked a supervisor is done."""
    if promise.awaits == "supervisor":
        task_id = session.scalar(select(worklist.Task.id).where(worklist.Task.dedupe_key == approval_key(promise.id)))
        if task_id is not None:
            worklist.resolve(session, task_id, by, resolution, at)
    promise.awaits = None


def locked_promise(session: Session, promise_id: int) -> Promise:
    """The promise, with its account locked against every other change to the account's promises."""
    account_id = session.scalar(select(Promise.account_id).where(Promise.id == promise_id))
    if account_id is None:
        raise PromiseError(f"There is no promise {promise_id}. List them: comms promise list")
    locked_account(session, account_id)
    return session.scalars(
        select(Promise).where(Promise.id == promise_id).execution_options(populate_existing=True)
    ).one()


def locked_account(session: Session, account_id: int) -> Account:
    statement = select(Account).where(Account.id == account_id).with_for_update()
    account = session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if account is None:
        raise PromiseError(f"There is no account with id {account_id}. Find it: comms history --find NAME")
    return account


def _rows(promise_id: int, parts: Sequence[Part], city: City) -> list[PromisePart]:
    keeping = load_policy(city).keeping
    rows = []
    for seq, part in enumerate(sorted(parts), 1):
        ends = deadline(city, part.due_on, keeping.grace_days)
        rows.append(
            PromisePart(
                promise_id=promise_id,
                seq=seq,
                due_on=part.due_on,
                amount_cents=part.amount_cents,
                grace_days=keeping.grace_days,
                tolerance_cents=keeping.tolerance_cents,
                tolerance_percent=keeping.tolerance_percent,
                on_time_until=ends.on_time_until,
                deadline_on=ends.on,
                deadline_at=ends.at,
                allocated_cents=0,
                state="waiting",
                decided_at=None,
                reminded_at=None,
            )
        )
    return rows
