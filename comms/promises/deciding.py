"""What became of promises: facts in, verdicts out. Nothing here reads or writes.

The verdicts follow from the facts alone (what was promised when, who ended it when, what was posted when, how far the
payment files reach), never from the order in which they arrived or from an earlier verdict. So a late file, a reversal
or a second run of the same night all end in the same place.

1. Promises are taken in the order they were made, their parts by due date, payments by posting date.
2. A payment counts when it was posted on or after the day the promise was made and by the part's deadline, and before
   the day the promise was replaced or withdrawn. Each cent counts once.
3. A full part is kept at once. Any other is decided when its deadline has passed and the payment files cover that day.
4. What agencies paid and what was credited fills no part: where it closes the gap the part is settled, not kept.
5. A promise ends with the part that is missed, an arrangement when as many were missed as its terms say. Of a promise
   that something was paid for it is said that it was kept in part; an arrangement that ends so is broken.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

MISSED = frozenset({"partial", "broken"})
MET = frozenset({"kept", "kept_late", "kept_short"})


@dataclass(frozen=True)
class PaymentFact:
    """Money that came in, net of what was reversed. ``keeps`` is False for assistance and adjustments."""

    id: int
    transaction_id: str
    paid_on: date
    amount_cents: int
    keeps: bool


@dataclass(frozen=True)
class PartFact:
    """One dated amount: what is due, until when it is on time, and when it is decided."""

    id: int
    amount_cents: int
    due_on: date
    on_time_until: date
    deadline_on: date
    deadline_at: datetime
    tolerance_cents: int
    """The shortfall that still keeps it: the larger of the fixed sum and the percentage."""


@dataclass(frozen=True)
class PromiseFact:
    """One promise that was opened, and whether somebody's word ended it."""

    id: int
    account_id: int
    created_on: date
    created_at: datetime
    parts: tuple[PartFact, ...]
    ended_on: date | None = None
    ended_as: str | None = None
    arrangement: bool = False
    ends_after_missed: int = 1
    """So many missed parts end it."""


@dataclass(frozen=True)
class PartVerdict:
    part_id: int
    state: str
    allocated_cents: int
    settled_cents: int
    allocations: dict[int, int]
    """Cents by payment id."""


@dataclass(frozen=True)
class PromiseVerdict:
    promise_id: int
    status: str
    parts: tuple[PartVerdict, ...]

    @property
    def allocated_cents(self) -> int:
        return sum(part.allocated_cents for part in self.parts)

    @property
    def pending_feed(self) -> bool:
        return any(part.state == "pending_feed" for part in self.parts)


def decide(
    promises: Iterable[PromiseFact], payments: Iterable[PaymentFact], covered_until: date | None, now: datetime
) -> list[PromiseVerdict]:
    """The verdict on every promise of ONE account, given all of them and all of its payments."""
    till = _Till(payments)
    ordered = sorted(promises, key=lambda promise: (promise.created_at, promise.id))
    return [_decide_one(promise, till, covered_until, now) for promise in ordered]


class _Till:
    """Payments with what is left of each, in the order in which they are used."""

    def __init__(self, payments: Iterable[PaymentFact]) -> None:
        self._payments = sorted(payments, key=lambda paid: (paid.paid_on, paid.transaction_id))
        self._left = {paid.id: max(paid.amount_cents, 0) for paid in self._payments}

    def take(self, wanted: int, first: date, last: date, *, keeps: bool) -> list[tuple[PaymentFact, int]]:
        """Use up to ``wanted`` cents of what was posted from ``first`` to ``last``, the oldest first."""
        taken = []
        for paid in self._payments:
            if wanted <= 0 or paid.paid_on > last:
                break
            cents = min(wanted, self._left[paid.id])
            if paid.keeps is keeps and paid.paid_on >= first and cents > 0:
                self._left[paid.id] -= cents
                wanted -= cents
                taken.append((paid, cents))
        return taken


def _decide_one(promise: PromiseFact, till: _Till, covered_until: date | None, now: datetime) -> PromiseVerdict:
    verdicts: list[PartVerdict] = []
    missed = 0
    for part in sorted(promise.parts, key=lambda part: (part.due_on, part.id)):
        if missed >= promise.ends_after_missed:
            verdicts.append(PartVerdict(part.id, "dropped", 0, 0, {}))
        else:
            verdicts.append(_decide_part(promise, part, till, covered_until, now))
            missed += verdicts[-1].state in MISSED
    status = _status(promise, verdicts)
    parts = tuple(
        PartVerdict(v.part_id, "closed", v.allocated_cents, v.settled_cents, v.allocations)
        if v.state in ("dropped", "settled", "ended")
        else v
        for v in verdicts
    )
    return PromiseVerdict(promise.id, status, parts)


def _decide_part(
    promise: PromiseFact, part: PartFact, till: _Till, covered_until: date | None, now: datetime
) -> PartVerdict:
    ended_first = promise.ended_on is not None and promise.ended_on <= part.deadline_on
    last = part.deadline_on
    if promise.ended_on is not None and ended_first:
        last = date.fromordinal(promise.ended_on.toordinal() - 1)
    taken = till.take(part.amount_cents, promise.created_on, last, keeps=True)
    allocated = sum(cents for _, cents in taken)
    settled = 0
    if allocated >= part.amount_cents:
        state = "kept" if max(paid.paid_on for paid, _ in taken) <= part.on_time_until else "kept_late"
    elif ended_first:
        state = "ended"
    elif now < part.deadline_at:
        state = "waiting"
    elif covered_until is None or covered_until < part.deadline_on:
        state = "pending_feed"
    elif allocated >= part.amount_cents - part.tolerance_cents and allocated > 0:
        state = "kept_short"
    else:
        other = till.take(part.amount_cents - allocated, promise.created_on, last, keeps=False)
        settled = sum(cents for _, cents in other)
        enough = allocated + settled >= part.amount_cents - part.tolerance_cents and settled > 0
        state = "settled" if enough else "partial" if allocated else "broken"
    return PartVerdict(part.id, state, allocated, settled, {paid.id: cents for paid, cents in taken})


def _status(promise: PromiseFact, parts: Sequence[PartVerdict]) -> str:
    states = {part.state for part in parts}
    missed = sum(part.state in MISSED for part in parts)
    if missed >= promise.ends_after_missed:
        paid = any(part.allocated_cents for part in parts)
        return "partial" if paid and not promise.arrangement else "broken"
    if states <= MET | MISSED | {"settled"}:
        if missed:
            return "partial"
        for status in ("kept_short", "kept_late"):
            if status in states and "settled" not in states:
                return status
        return "settled_other" if "settled" in states else "kept"
    if promise.ended_as is not None:
        return promise.ended_as
    return "open"
