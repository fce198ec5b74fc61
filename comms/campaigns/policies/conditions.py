"""Conditions that a policy sets on an account: which class, how much, how old, what went before."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from comms.campaigns.night import Subject
from comms.money import dollars

ServiceClass = Literal["residential", "commercial"]
Status = Literal["active", "inactive", "final", "shut_off"]
Occupancy = Literal["owner", "tenant"]

MOST_DAYS = 3650
"""Ten years: no number of days in a policy or its cases is longer, so that every date it leads to can be told."""
MOST_HOURS = 24 * MOST_DAYS


class Part(BaseModel):
    """A table of a policy's file: what it does not know it refuses, and nothing of it changes once it is read."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _cents(value: Any) -> int:
    try:
        amount = Decimal(str(value)) * 100
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0 or amount != int(amount):
        raise ValueError(f"{value!r} is not an amount; allowed: dollars and cents, such as 25.00")
    return int(amount)


def _several(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Cents = Annotated[int, BeforeValidator(_cents)]
"""Dollars in the file, cents in the model."""
OneOrMore = BeforeValidator(_several)
"""``class = "residential"`` and ``class = ["residential", "commercial"]`` are both understood."""


class Conditions(Part):
    """All that are given must hold. Amounts are cents past due without what was paid since; ``services`` holds when
    something is past due on one of them; broken promises are those of the last 365 days."""

    service_class: Annotated[tuple[ServiceClass, ...] | None, OneOrMore] = Field(default=None, alias="class")
    statuses: Annotated[tuple[Status, ...] | None, OneOrMore] = None
    services: Annotated[tuple[str, ...] | None, OneOrMore] = None
    past_due_at_least: Cents | None = None
    past_due_at_most: Cents | None = None
    oldest_due_days: int | None = Field(default=None, ge=0, le=MOST_DAYS)
    """Days since the oldest unpaid bill was due, at least."""
    broken_promises_at_least: int | None = Field(default=None, ge=0)
    broken_promises_at_most: int | None = Field(default=None, ge=0)
    returned_mail: bool | None = Field(default=None, strict=True)
    """Whether a letter to the mailing address on file came back."""
    occupancy: Occupancy | None = None
    languages: Annotated[tuple[Literal["en", "es"], ...] | None, OneOrMore] = None

    @model_validator(mode="after")
    def _can_hold(self) -> Self:
        _ordered("past_due", self.past_due_at_least, self.past_due_at_most)
        _ordered("broken_promises", self.broken_promises_at_least, self.broken_promises_at_most)
        for key in ("service_class", "statuses", "services", "languages"):
            if getattr(self, key) == ():
                name = "class" if key == "service_class" else key
                raise ValueError(f"{name} is empty, so that nobody fits; leave it out, or name one at least")
        return self

    def against(self, subject: Subject, today: date) -> tuple[str, str, bool] | None:
        """The first condition that does not hold: its key, what the account has, and whether that is known. One that is
        not known is told only when no other fails. None when all hold."""
        return _first_failing(self._set, subject, today)

    def lasting_against(self, subject: Subject, today: date) -> tuple[str, str, bool] | None:
        """The same, of what a running episode must go on fitting. Amount and age may change while it runs: a part
        payment ends nothing."""
        return _first_failing(self._lasting, subject, today)

    @cached_property
    def _set(self) -> "tuple[tuple[str, _Compares, _Finds, Any], ...]":
        """Those that are given."""
        given = ((*check, getattr(self, check[0])) for check in _CHECKS)
        return tuple(check for check in given if check[3] is not None)

    @cached_property
    def _lasting(self) -> "tuple[tuple[str, _Compares, _Finds, Any], ...]":
        return tuple(check for check in self._set if check[0] in _LASTING)


class Enter(Conditions):
    """Who comes in."""

    statuses: Annotated[tuple[Status, ...], OneOrMore] = ("active",)
    past_due_at_least: Cents


def _first_failing(
    checks: "tuple[tuple[str, _Compares, _Finds, Any], ...]", subject: Subject, today: date
) -> tuple[str, str, bool] | None:
    unknown = None
    for key, wanted, found, limit in checks:
        value = found(subject, today)
        if value is None:
            unknown = unknown or (_alias(key), "not known", False)
        elif not wanted(value, limit):
            return _alias(key), _words(key, value), True
    return unknown


def _ordered(name: str, least: int | None, most: int | None) -> None:
    if least is not None and most is not None and least > most:
        raise ValueError(f"{name}_at_least is more than {name}_at_most; nobody fits both")


def _alias(key: str) -> str:
    return "class" if key == "service_class" else key


def _words(key: str, value: Any) -> str:
    if key.startswith("past_due"):
        return dollars(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, frozenset):
        return ", ".join(sorted(value)) or "none"
    return f"{value} days" if key == "oldest_due_days" else str(value)


def _services(subject: Subject, _today: date) -> frozenset[str] | None:
    owed = subject.facts.service_past_due
    return None if owed is None else frozenset(service for service, cents in owed.items() if cents > 0)


def _age(subject: Subject, today: date) -> int | None:
    return None if subject.oldest_due_on is None else (today - subject.oldest_due_on).days


def _among(value: Any, allowed: Any) -> bool:
    return value in allowed


def _at_least(value: int, limit: int) -> bool:
    return value >= limit


def _at_most(value: int, limit: int) -> bool:
    return value <= limit


def _same(value: Any, wanted: Any) -> bool:
    return bool(value == wanted)


def _overlap(value: frozenset[str], wanted: tuple[str, ...]) -> bool:
    return not value.isdisjoint(wanted)


_Compares = Callable[[Any, Any], bool]
_Finds = Callable[[Subject, date], Any]

_CHECKS: tuple[tuple[str, _Compares, _Finds], ...] = (
    ("service_class", _among, lambda subject, _: subject.facts.service_class),
    ("statuses", _among, lambda subject, _: subject.facts.status),
    ("occupancy", _same, lambda subject, _: subject.facts.occupancy),
    ("languages", _among, lambda subject, _: subject.language),
    ("past_due_at_least", _at_least, lambda subject, _: subject.facts.owed_cents),
    ("past_due_at_most", _at_most, lambda subject, _: subject.facts.owed_cents),
    ("oldest_due_days", _at_least, _age),
    ("services", _overlap, _services),
    ("broken_promises_at_least", _at_least, lambda subject, _: subject.broken_promises),
    ("broken_promises_at_most", _at_most, lambda subject, _: subject.broken_promises),
    ("returned_mail", _same, lambda subject, _: subject.returned_mail),
)
"""Each condition: how it compares, and what it looks at; None is not known."""

_LASTING = ("service_class", "occupancy")
