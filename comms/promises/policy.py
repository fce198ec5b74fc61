"""What the office accepts as a promise, and the best it can offer instead. Data: ``cities/<city>/promises.toml``."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from comms.city import City

Every = Literal["week", "two_weeks", "month"]
"""How often an arrangement is paid."""


class PolicyError(ValueError):
    """A promise policy that cannot be used; the message names the file, the key and what is allowed."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Category(_Section):
    """What may be promised under one name without asking a supervisor."""

    horizon_days: int = Field(default=30, ge=1, le=800)
    minimum_share_percent: int = Field(default=25, ge=1, le=100)
    minimum_cents: int = Field(default=1000, ge=0)
    parts: int = Field(default=4, ge=1, le=60)
    broken: int = Field(default=2, ge=1)
    broken_within_days: int = Field(default=365, ge=1, le=400)
    open_at_most: int = Field(default=3, ge=1)
    when_shut_off: bool = False
    approval: Literal["none", "supervisor"] = "none"

    def minimum(self, past_due_cents: int) -> int:
        """The least a promise may come to, in cents: the share, at least ``minimum_cents``, never more than is due."""
        share = -(-past_due_cents * self.minimum_share_percent // 100)
        return min(past_due_cents, max(share, self.minimum_cents))


class Standard(_Section):
    """The arrangement that is offered when nothing else is asked for."""

    installments: int = Field(default=3, ge=1)
    every: Every = "month"


class Arrangement(_Section):
    """What an arrangement may look like. Percentages are of what is past due, and of the stated income."""

    down_payment_percent: int = Field(default=25, ge=0, le=100)
    down_payment_days: int = Field(default=7, ge=0, le=60)
    installments: int = Field(default=12, ge=1, le=52)
    minimum_installment_cents: int = Field(default=1000, ge=1)
    every: Annotated[tuple[Every, ...], BeforeValidator(lambda given: tuple(given)), Field(min_length=1)] = (
        "month", "two_weeks", "week",
    )  # fmt: skip
    income_share_percent: int = Field(default=5, ge=1, le=100)
    broken_after_missed: int = Field(default=1, ge=1)
    standard: Standard = Standard()

    @model_validator(mode="after")
    def _standard_is_allowed(self) -> Self:
        if self.standard.every not in self.every or self.standard.installments > self.installments:
            raise ValueError(
                f"standard must be within the rest: every one of {', '.join(self.every)}, "
                f"at most {self.installments} installments"
            )
        return self


class Keeping(_Section):
    """When a promise counts as kept. Grace is in calendar days, then on to a business day."""

    grace_days: int = Field(default=1, ge=0, le=30)
    tolerance_cents: int = Field(default=100, ge=0)
    tolerance_percent: int = Field(default=1, ge=0, le=100)


class Disputes(_Section):
    """How long a dispute stops the dunning, in days."""

    hold_days: int = Field(default=30, ge=1, le=365)


class Conversation(_Section):
    """When a question that got no answer is asked once more, and how much later a clerk has it; hours."""

    remind_after_hours: int = Field(default=24, ge=1)
    clerk_after_hours: int = Field(default=48, ge=1)


_CATEGORIES = {
    "standard": Category(),
    "staff": Category(
        horizon_days=60, minimum_share_percent=10, minimum_cents=500, parts=6, broken=3, open_at_most=5,
        when_shut_off=True,
    ),
    "arrangement": Category(
        horizon_days=400, minimum_share_percent=100, minimum_cents=0, parts=13, when_shut_off=True
    ),
}  # fmt: skip
"""The categories that every city has, with the limits of a city that says nothing of them."""


class Policy(_Section):
    """The promise policy of one city; ``version`` is stored with every promise made under it."""

    version: str = Field(default="default", min_length=1)
    categories: dict[str, Category] = Field(default=_CATEGORIES, alias="category")
    arrangement: Arrangement = Arrangement()
    keeping: Keeping = Keeping()
    disputes: Disputes = Disputes()
    conversation: Conversation = Conversation()

    @model_validator(mode="after")
    def _an_arrangement_fits_its_category(self) -> Self:
        most = self.category("arrangement").parts
        if most <= self.arrangement.installments:
            raise ValueError(
                f"category.arrangement.parts is {most}, but a down payment and {self.arrangement.installments} "
                f"installments are {self.arrangement.installments + 1} parts; raise the one or lower the other"
            )
        return self

    def category(self, name: str) -> Category:
        """The limits of a category. Raises ``PolicyError`` for one that neither the city nor the service knows."""
        known = _CATEGORIES | self.categories
        if name not in known:
            raise PolicyError(f"There is no category {name!r} of promises; there are: {', '.join(sorted(known))}.")
        return known[name]

    def minimum(self, past_due_cents: int, category: str = "standard") -> int:
        """The least a promise of this category may come to, in cents."""
        return self.category(category).minimum(past_due_cents)


@dataclass(frozen=True, order=True)
class Part:
    """One dated amount of a promise."""

    due_on: date
    amount_cents: int


@dataclass(frozen=True)
class Verdict:
    """What becomes of an offer: take it (no reasons), offer ``counter`` instead, or leave it to a person."""

    reasons: tuple[str, ...] = ()
    """With a counter-offer: ``too_late``, ``too_little``. Without: ``nothing_due``, ``in_the_past``,
    ``too_many_parts``, ``too_many_broken``, ``too_many_open``, ``shut_off`` or ``needs_approval``."""
    counter: tuple[Part, ...] = ()

    @property
    def accepted(self) -> bool:
        return not self.reasons


def consider(
    policy: Policy,
    city: City,
    parts: Sequence[Part],
    *,
    today: date,
    past_due_cents: int,
    broken_before: int,
    category: str = "standard",
    open_before: int = 0,
    shut_off: bool = False,
) -> Verdict:
    """Hold an offer against the limits of its category.

    The best allowed counter-offer keeps what can be kept: a date too far away becomes the last business day within
    the horizon, too small a sum becomes the minimum with the last part. ``broken_before`` counts the account's broken
    promises within ``broken_within_days``; ``open_before`` the customer's open ones on other accounts.
    """
    limits = policy.category(category)
    if past_due_cents <= 0:
        return Verdict(("nothing_due",))
    if not parts or min(part.due_on for part in parts) < today or min(part.amount_cents for part in parts) <= 0:
        return Verdict(("in_the_past",))
    for_a_person = [
        reason
        for reason, applies in (
            ("too_many_broken", broken_before >= limits.broken),
            ("too_many_open", open_before >= limits.open_at_most),
            ("shut_off", shut_off and not limits.when_shut_off),
            ("too_many_parts", len(parts) > limits.parts),
            ("needs_approval", limits.approval == "supervisor"),
        )
        if applies
    ]
    if for_a_person:
        return Verdict(tuple(for_a_person))
    reasons: list[str] = []
    offer = sorted(parts)
    latest = _latest(city, today, limits.horizon_days)
    if offer[-1].due_on > today + timedelta(limits.horizon_days):
        reasons.append("too_late")
        offer = _merged(replace(part, due_on=min(part.due_on, latest)) for part in offer)
    short = limits.minimum(past_due_cents) - sum(part.amount_cents for part in offer)
    if short > 0:
        reasons.append("too_little")
        offer[-1] = replace(offer[-1], amount_cents=offer[-1].amount_cents + short)
    return Verdict(tuple(reasons), tuple(offer) if reasons else ())


def _latest(city: City, today: date, horizon_days: int) -> date:
    """The last business day within the horizon; the horizon's own last day when there is none."""
    last = today + timedelta(horizon_days)
    days = (last - timedelta(back) for back in range(horizon_days))
    return next((day for day in days if city.is_business_day(day)), last)


def _merged(parts: Iterable[Part]) -> list[Part]:
    """Parts that fell on one day as one part, by date."""
    by_day: dict[date, int] = {}
    for part in parts:
        by_day[part.due_on] = by_day.get(part.due_on, 0) + part.amount_cents
    return [Part(day, cents) for day, cents in sorted(by_day.items())]


def load_policy(city: City) -> Policy:
    """The city's promise policy; the defaults when it has no file. Raises ``PolicyError``, one line a fault."""
    return _load(city.folder / "promises.toml")


@cache
def _load(path: Path) -> Policy:
    if not path.is_file():
        return Policy()
    try:
        return Policy.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path}: not readable as TOML: {error}") from None
    except ValidationError as error:
        raise PolicyError(_complaints(path, error)) from None


def _complaints(path: Path, error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        above, key = (
            [str(step) for step in problem["loc"][:-1]],
            str(problem["loc"][-1] if problem["loc"] else "policy"),
        )
        said = problem["msg"]
        if problem["type"] == "extra_forbidden":
            allowed = ", ".join(field.alias or name for name, field in _section(above).model_fields.items())
            said = f"is not a key of a promise policy; allowed here: {allowed}"
        lines.append(f"{path}: {'.'.join([*above, key])}: {said}")
    return "\n".join(lines)


def _section(above: Sequence[str]) -> type[_Section]:
    """The table that stands at this place of the file."""
    table: type[_Section] = Policy
    for step in above:
        for name, field in table.model_fields.items():
            kind = field.annotation
            if get_origin(kind) is dict:
                kind = get_args(kind)[1]
            if (field.alias or name) == step and isinstance(kind, type) and issubclass(kind, _Section):
                table = kind
                break
    return table
