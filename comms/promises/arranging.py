"""Payment arrangements: the best schedule that the policy allows for a debt, to the cent and on business days.

1. The down payment is the policy's share of the debt, or more when more is offered.
2. The rest is split into equal payments (a cent apart at most), as many as were asked for, within the policy.
3. With a stated income no payment is above the policy's share of the income of its week, two weeks or month: the down
   payment is lowered and the number raised until that holds, and if it cannot, another frequency is tried
   ("the household's financial circumstances", Minn. Stat. 216B.098 subd. 3).
4. Each date that falls on a closed day moves to the next business day.
"""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, get_args

from comms.city import City

from .policy import Every, Part, Policy

MONTHS = 12
PERIODS = {"week": 52, "two_weeks": 26, "month": MONTHS}
"""Payments a year."""


@dataclass(frozen=True)
class Arranged:
    """A schedule and its terms.

    ``reasons``: why it cannot be agreed without a supervisor (``too_many_broken``, ``too_many_open``, ``shut_off``,
    ``needs_approval``, ``income_too_small``) or not at all (``nothing_due``: no parts). ``changed``: what of the
    wish was brought within the policy (``down_payment``, ``installments``, ``every``).
    """

    parts: tuple[Part, ...] = ()
    terms: dict[str, Any] | None = None
    reasons: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    needs_income_cents: int | None = None
    """With ``income_too_small``: the least income a month that would do; ``parts`` is the schedule it would pay."""

    @property
    def accepted(self) -> bool:
        return not self.reasons


def arrange(
    policy: Policy,
    city: City,
    *,
    today: date,
    past_due_cents: int,
    broken_before: int = 0,
    open_before: int = 0,
    shut_off: bool = False,
    down_payment_cents: int | None = None,
    installments: int | None = None,
    every: str | None = None,
    income_cents: int | None = None,
) -> Arranged:
    """The best schedule within the policy for this debt; see the module.

    What is left out is the policy's standard. ``installments`` come besides the down payment; ``income_cents`` is a
    month's. Raises ``ValueError`` for a wish that makes no sense: a number below one, an amount below zero, a
    frequency that does not exist.
    """
    if installments is not None and installments < 1:
        raise ValueError("An arrangement has at least one installment.")
    if min(down_payment_cents or 0, income_cents or 0) < 0:
        raise ValueError("A down payment and an income are amounts of nothing or more.")
    if every is not None and every not in get_args(Every):
        raise ValueError(f"{every!r} is not a frequency; allowed: {', '.join(get_args(Every))}")
    if past_due_cents <= 0:
        return Arranged(reasons=("nothing_due",))
    limits = policy.category("arrangement")
    reasons = tuple(
        reason
        for reason, applies in (
            ("too_many_broken", broken_before >= limits.broken),
            ("too_many_open", open_before >= limits.open_at_most),
            ("shut_off", shut_off and not limits.when_shut_off),
            ("needs_approval", limits.approval == "supervisor"),
        )
        if applies
    )
    table = _Table(policy, city, today, past_due_cents, down_payment_cents, installments, income_cents)
    for tried in _in_turn(policy, every):
        if (plan := table.plan(tried)) is not None:
            changed = ("every", *plan.changed) if every is not None and tried != every else plan.changed
            return table.arranged(plan, reasons, changed)
    least = min((table.least(tried) for tried in policy.arrangement.every), key=table.income_for)
    found = table.arranged(least, (*reasons, "income_too_small"), ())
    return Arranged(found.parts, found.terms, found.reasons, (), table.income_for(least))


@dataclass(frozen=True)
class _Plan:
    """So much down, the rest in so many payments."""

    every: str
    down_cents: int
    installments: int
    changed: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Table:
    """What an arrangement is worked out from."""

    policy: Policy
    city: City
    today: date
    debt_cents: int
    wished_down_cents: int | None
    wished_installments: int | None
    income_cents: int | None

    def plan(self, every: str) -> _Plan | None:
        """The plan with this frequency; None when the income does not bear any."""
        terms = self.policy.arrangement
        bears = self._bears(every)
        asked = self._down_payment()
        required = asked if bears is None else min(asked, bears)
        wished = None if self.wished_down_cents is None else min(self.wished_down_cents, self.debt_cents)
        down = required if wished is None else max(required, wished)
        changed = ["down_payment"] if wished is not None and wished < required else []
        rest = self.debt_cents - down
        if rest == 0:
            return _Plan(every, down, 0, tuple(changed))
        if bears == 0:
            return None
        needed = 1 if bears is None else _ceil(rest, bears)
        most = self._most(every)
        if needed > most:
            return None
        number = self.wished_installments or terms.standard.installments
        number = min(number, most, max(1, rest // terms.minimum_installment_cents))
        number = max(number, needed)
        if self.wished_installments not in (None, number):
            changed.append("installments")
        return _Plan(every, down, number, tuple(changed))

    def least(self, every: str) -> _Plan:
        """The plan with this frequency that asks least at a time."""
        most = self._most(every)
        if self.wished_down_cents is not None:
            return _Plan(every, min(self.wished_down_cents, self.debt_cents), most)
        even = _ceil(self.debt_cents, most + 1)
        return _Plan(every, min(self._down_payment(), even), most)

    def income_for(self, plan: _Plan) -> int:
        """The least income a month that bears every payment of a plan, in cents."""
        highest = _ceil(self.debt_cents - plan.down_cents, max(1, plan.installments))
        if self.wished_down_cents is None:
            highest = max(highest, plan.down_cents)
        share = self.policy.arrangement.income_share_percent
        return _ceil(highest * 100 * PERIODS[plan.every], share * MONTHS)

    def arranged(self, plan: _Plan, reasons: tuple[str, ...], changed: tuple[str, ...]) -> Arranged:
        """The dated amounts of a plan, and its terms as they are kept."""
        amounts = [plan.down_cents] if plan.down_cents else []
        amounts += _split(self.debt_cents - plan.down_cents, plan.installments)
        parts = tuple(Part(day, cents) for day, cents in zip(self._days(plan.every), amounts, strict=False) if cents)
        terms = {
            "down_payment_cents": plan.down_cents,
            "installments": plan.installments,
            "every": plan.every,
            "broken_after_missed": self.policy.arrangement.broken_after_missed,
        }
        if self.income_cents is not None:
            terms["income_cents"] = self.income_cents
        return Arranged(parts, terms, reasons, changed)

    def _down_payment(self) -> int:
        terms = self.policy.arrangement
        if terms.down_payment_percent == 0:
            return 0
        share = _ceil(self.debt_cents * terms.down_payment_percent, 100)
        return min(self.debt_cents, max(share, terms.minimum_installment_cents))

    def _bears(self, every: str) -> int | None:
        """The most that the stated income bears at a time, in cents; None when no income was stated."""
        if self.income_cents is None:
            return None
        share = self.income_cents * self.policy.arrangement.income_share_percent
        return share * MONTHS // (100 * PERIODS[every])

    def _most(self, every: str) -> int:
        """The most payments besides the down payment that number, parts and horizon allow; at least one."""
        limits = self.policy.category("arrangement")
        number = min(self.policy.arrangement.installments, limits.parts - 1)
        last = self.today + timedelta(limits.horizon_days)
        days = self._days(every)
        next(days)
        return max(1, sum(next(days) <= last for _ in range(number)))

    def _days(self, every: str) -> Iterator[date]:
        """The down payment's day and the days of the payments after it, each moved to a business day."""
        start = self.today + timedelta(self.policy.arrangement.down_payment_days)
        number = 0
        while True:
            yield self.city.business_day_from(_later(start, every, number))
            number += 1


def _in_turn(policy: Policy, wished: str | None) -> list[str]:
    """The frequencies to try: the one asked for, the standard one, then the others as the policy names them."""
    allowed = policy.arrangement.every
    first = [one for one in (wished, policy.arrangement.standard.every) if one in allowed]
    return list(dict.fromkeys([*[one for one in first if one], *allowed]))


def _later(day: date, every: str, number: int) -> date:
    """``number`` periods after ``day``; a month's end when the month has no such day."""
    if every != "month":
        return day + timedelta(weeks=number * (2 if every == "two_weeks" else 1))
    year, month = divmod(day.year * MONTHS + day.month - 1 + number, MONTHS)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _split(cents: int, number: int) -> list[int]:
    """Equal amounts that come to exactly ``cents``; the first ones are a cent more where it does not divide."""
    if number == 0:
        return []
    each, over = divmod(cents, number)
    return [each + 1] * over + [each] * (number - over)


def _ceil(cents: int, by: int) -> int:
    return -(-cents // by)
