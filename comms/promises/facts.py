"""Reading what an evaluation needs, a handful of statements whatever the number of promises."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, aliased

from comms.accounts.schema import ImportFile, Payment

from .deciding import PartFact, PaymentFact, PromiseFact
from .schema import Promise, PromiseAllocation, PromisePart

WATCHED_DAYS = 400
"""How long a promise is still looked at after it closed: a year of reversals and late files, and a month over."""

_CHUNK = 500


@dataclass
class Ledger:
    """What is stored about the promises of some accounts, and the money that came in."""

    promises: dict[int, Promise] = field(default_factory=dict)
    parts: dict[int, list[PromisePart]] = field(default_factory=lambda: defaultdict(list))
    payments: dict[int, list[PaymentFact]] = field(default_factory=lambda: defaultdict(list))
    allocations: dict[int, dict[int, PromiseAllocation]] = field(default_factory=lambda: defaultdict(dict))
    """By part, then by payment; the reversed ones too."""

    def by_account(self) -> Iterator[tuple[int, list[PromiseFact]]]:
        grouped: dict[int, list[PromiseFact]] = defaultdict(list)
        for promise in self.promises.values():
            grouped[promise.account_id].append(self._fact(promise))
        yield from sorted(grouped.items())

    def _fact(self, promise: Promise) -> PromiseFact:
        parts = tuple(
            PartFact(
                id=part.id,
                amount_cents=part.amount_cents,
                due_on=part.due_on,
                on_time_until=part.on_time_until,
                deadline_on=part.deadline_on,
                deadline_at=part.deadline_at,
                tolerance_cents=max(part.tolerance_cents, part.amount_cents * part.tolerance_percent // 100),
            )
            for part in self.parts[promise.id]
        )
        return PromiseFact(
            promise.id, promise.account_id, promise.created_on, promise.created_at, parts, promise.ended_on,
            promise.ended_as, promise.kind == "arrangement", (promise.terms or {}).get("broken_after_missed", 1),
        )  # fmt: skip


def covered_until(session: Session) -> date | None:
    """The last posting day that the payment files taken in are known to cover; None before the first."""
    return session.scalar(
        select(func.max(ImportFile.covers_until)).where(ImportFile.kind == "payments", ImportFile.state == "done")
    )


def load(session: Session, now: datetime, account_ids: Collection[int] | None) -> Ledger:
    """The promises ever opened of these accounts (None: of every account with one still watched), locked, with their
    parts, allocations and payments."""
    ledger = Ledger()
    for which in _scopes(now, account_ids):
        _load_scope(session, which, ledger)
    return ledger


def _scopes(now: datetime, account_ids: Collection[int] | None) -> Iterator[ColumnElement[bool]]:
    """Conditions on ``promise``: one for the whole watched ledger, or one for each slice of the given accounts."""
    opened = Promise.confirmed_at.is_not(None)
    if account_ids is None:
        watched = aliased(Promise)
        recent = select(watched.account_id).where(
            watched.confirmed_at.is_not(None),
            (watched.status == "open") | (watched.closed_at >= now - timedelta(WATCHED_DAYS)),
        )
        yield opened & Promise.account_id.in_(recent)
        return
    wanted = sorted(set(account_ids))
    for start in range(0, len(wanted), _CHUNK):
        yield opened & Promise.account_id.in_(wanted[start : start + _CHUNK])


def _load_scope(session: Session, which: ColumnElement[bool], ledger: Ledger) -> None:
    fresh = {"populate_existing": True}
    locked = select(Promise).where(which).order_by(Promise.account_id, Promise.id).with_for_update()
    for promise in session.scalars(locked.execution_options(**fresh)):
        ledger.promises[promise.id] = promise
    ids = select(Promise.id).where(which)
    parts = select(PromisePart).where(PromisePart.promise_id.in_(ids)).order_by(PromisePart.promise_id, PromisePart.seq)
    for part in session.scalars(parts.execution_options(**fresh)):
        ledger.parts[part.promise_id].append(part)
    allocations = select(PromiseAllocation).join(PromisePart).where(PromisePart.promise_id.in_(ids))
    for allocation in session.scalars(allocations.execution_options(**fresh)):
        ledger.allocations[allocation.part_id][allocation.payment_id] = allocation
    accounts = select(Promise.account_id).where(which)
    since = select(func.min(Promise.created_on)).where(which).scalar_subquery()
    for account_id, fact in _payments(session, accounts, since):
        ledger.payments[account_id].append(fact)


def _payments(session: Session, accounts: Select[int], since: ColumnElement[date]) -> Iterator[tuple[int, PaymentFact]]:
    """Payments net of their reversals, whichever of the two came first."""
    back = aliased(Payment)
    reversed_cents = (
        select(back.reverses, func.sum(back.amount_cents).label("cents"))
        .where(back.kind == "reversal", back.account_id.in_(accounts))
        .group_by(back.reverses)
        .subquery()
    )
    rows = session.execute(
        select(
            Payment.account_id,
            Payment.id,
            Payment.transaction_id,
            Payment.paid_on,
            Payment.amount_cents,
            Payment.kind,
            func.coalesce(reversed_cents.c.cents, 0),
        )
        .outerjoin(reversed_cents, reversed_cents.c.reverses == Payment.transaction_id)
        .where(Payment.kind != "reversal", Payment.account_id.in_(accounts), Payment.paid_on >= since)
    )
    for account_id, payment_id, transaction_id, paid_on, cents, kind, back_cents in rows:
        # A reversal is a negative amount; some systems write it positive.
        net = max(cents - abs(int(back_cents)), 0)
        yield account_id, PaymentFact(payment_id, transaction_id, paid_on, net, kind == "payment")
