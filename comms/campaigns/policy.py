"""Dunning policies: one TOML file a version, checked, and refused with file, key and what is allowed."""

import tomllib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from comms.city import City
from comms.settings import ROOT

Channel = Literal["sms", "email", "letter"]


class PolicyError(ValueError):
    """A policy that cannot be used; the message names the file, the key and what is allowed."""


def _cents(value: Any) -> int:
    try:
        amount = Decimal(str(value)) * 100
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0 or amount != int(amount):
        raise ValueError(f"{value!r} is not an amount; allowed: dollars and cents, such as 25.00")
    return int(amount)


DollarsAsCents = Annotated[int, BeforeValidator(_cents)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Enter(_Part):
    """Who comes in."""

    service_class: Literal["residential", "commercial"]
    statuses: tuple[Literal["active", "inactive", "final", "shut_off"], ...] = ("active",)
    past_due_at_least: DollarsAsCents
    oldest_due_days: int = Field(ge=0)


class Exit(_Part):
    """What ends an episode: the debt has fallen to this or less."""

    past_due_at_most: DollarsAsCents


class Effective(_Part):
    """From when, and up to and including when, a version may be planned with."""

    from_: date = Field(alias="from")
    to: date | None = None

    def on(self, day: date) -> bool:
        """Whether ``day`` lies within."""
        return self.from_ <= day and (self.to is None or day <= self.to)


class After(_Part):
    """When a step is due: so many days after the oldest due date, or after another step."""

    due_days: int | None = Field(default=None, ge=0)
    step: str | None = None
    days: int | None = Field(default=None, ge=1)
    count: Literal["calendar", "business"] = "calendar"

    @model_validator(mode="after")
    def _one_of_two(self) -> "After":
        if (self.due_days is None) == (self.step is None) or (self.step is None) != (self.days is None):
            raise ValueError('give either { due_days = N } or { step = "id", days = N, count = "business" }')
        return self


class Send(_Part):
    """On which channel: the first of these that may be used and is possible."""

    first_of: tuple[Channel, ...] = Field(min_length=1)
    fallback_after_hours: int | None = Field(default=None, ge=1)


class Step(_Part):
    """One contact of the policy."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    notice: str
    after: After
    send: Send
    pay_within_days: int = Field(default=10, ge=1)
    disconnect_after_days: int | None = Field(default=None, ge=1)
    required: bool = False


class Policy(_Part):
    """A version of a policy, as written."""

    policy: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: int = Field(ge=1)
    title: str
    effective: Effective
    approved_by: tuple[str, ...] = ()
    enter: Enter
    exit: Exit
    caps: dict[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    """Days of the window: at most so many contacts with a household within it."""
    step: tuple[Step, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _steps_agree(self) -> "Policy":
        seen: set[str] = set()
        for step in self.step:
            if step.id in seen:
                raise ValueError(f"step {step.id!r} stands twice; give each step an id of its own")
            if step.after.step is not None and step.after.step not in seen:
                raise ValueError(f"step {step.id!r} comes after {step.after.step!r}, which is not an earlier step")
            seen.add(step.id)
        return self

    @cached_property
    def household_caps(self) -> tuple[tuple[timedelta, int], ...]:
        """At most so many contacts with a household within each window, over all campaigns."""
        return tuple((timedelta(days=days), most) for days, most in sorted(self.caps.items()))

    def named(self, step_id: str) -> Step:
        """The step of that id."""
        return next(step for step in self.step if step.id == step_id)


def load_policy(city: City, name: str) -> Policy:
    """Read a policy of the city by name, or by the path of a file. Raises ``PolicyError``."""
    folder = ROOT / "cities" / city.slug / "policies"
    path = Path(name) if name.endswith(".toml") else folder / f"{name}.toml"
    try:
        given = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(file.stem for file in folder.glob("*.toml"))) or "none yet"
        raise PolicyError(f"No policy {name!r} for {city.name}. Its policies: {known}.") from None
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{path.name}: not TOML: {error}") from None
    try:
        return Policy.model_validate(given)
    except ValidationError as error:
        raise PolicyError(f"{path.name}: " + "; ".join(_complaint(one) for one in error.errors())) from None


def _complaint(problem: ErrorDetails) -> str:
    """The key, what is wrong with it, and what is allowed."""
    loc = tuple(part for part in problem["loc"] if part != "[key]")
    said = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        said = f"is not a key of a policy; allowed: {', '.join(_keys_at(loc[:-1]))}"
    elif problem["type"] == "missing":
        said = "is missing; add it"
    return f"{'.'.join(map(str, loc)) or 'policy'}: {said}"


def _keys_at(loc: Sequence[int | str]) -> list[str]:
    """The keys that the table at ``loc`` may have."""
    table: type[BaseModel] = Policy
    for part in loc:
        if part in table.model_fields:
            kind = table.model_fields[str(part)].annotation
            table = next(one for one in (kind, *get_args(kind)) if isinstance(one, type) and issubclass(one, BaseModel))
    return [about.alias or name for name, about in table.model_fields.items()]


def step_due(policy: Policy, step: Step, oldest_due: date, done: dict[str, datetime], city: City, today: date) -> bool:
    """Whether a step is due by ``today`` ("due since", never "due today"), from when the steps before it were taken."""
    if step.after.due_days is not None:
        return oldest_due + timedelta(days=step.after.due_days) <= today
    assert step.after.step is not None and step.after.days is not None
    before = done.get(step.after.step)
    if before is None:
        return False
    started = city.local_date(before)
    if step.after.count == "calendar":
        return started + timedelta(days=step.after.days) <= today
    return city.add_business_days(started, step.after.days) <= today
