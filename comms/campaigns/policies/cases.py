"""Golden cases as staff write them: "an account like this, on this day, gets that".

A case is a table ``[[case]]`` of ``<policy>.cases.toml``, refused with file, case, key and what is allowed. ``golden``
runs them.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from comms.accounts.holds import KINDS

from .complaints import complaint
from .conditions import MOST_DAYS, MOST_HOURS, Cents
from .model import Policy, PolicyError
from .steps import Channel

OUTCOMES = ("nothing", "protected", "waiting", "outside")
HOLD_UNKNOWN = "hold-unknown"
"""The rule that protects an account under a hold that no rule knows; a case that expects it may name such a hold."""

DaysAgo = Annotated[int, Field(ge=0, le=MOST_DAYS)]
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 12, 31))]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CaseHold(_Part):
    """A hold on the account; without ``amount`` it holds the whole debt, without ``ends`` it has no end."""

    kind: str
    """One that the desk can place; any other only in a case that expects ``because = "hold-unknown"``."""
    ends: Day | None = None
    amount: Cents | None = None
    note: str = ""


class CaseWeather(_Part):
    """What the weather feed says for the county, and how old it is. Left out, it was read an hour ago and is quiet."""

    alerts: tuple[str, ...] = ()
    hours_old: Annotated[float, Field(ge=0, le=MOST_HOURS)] | Literal["never read"] = 1


class CaseAccount(_Part):
    """The account as it stands on the day of the case. What is left out is an ordinary residential account."""

    past_due: Cents
    oldest_due_days: DaysAgo
    """Days since the oldest unpaid bill was due."""
    service_class: Literal["residential", "commercial"] = Field("residential", alias="class")
    status: Literal["active", "inactive", "final", "shut_off"] = "active"
    occupancy: Literal["owner", "tenant", "unknown"] = "owner"
    heat: bool | Literal["unknown"] = True
    """Whether disconnecting would stop the primary heat."""
    services: dict[str, Cents] = Field(default_factory=dict)
    """What is past due by service; left out, all of it on the city's first service."""
    paid_since: Cents = 0
    """What came in after the billing system's file was written."""
    language: Literal["en", "es"] = "en"
    reach: tuple[Channel, ...] = ("sms", "email", "letter")
    opted_out: tuple[Channel, ...] = ()
    returned_mail: bool = False
    broken_promises: int = Field(0, ge=0)
    holds: tuple[CaseHold | str, ...] = ()
    contacts_days_ago: tuple[DaysAgo, ...] = ()
    """Contacts with the household that no step of this policy made."""
    phone: str = Field("", pattern=r"^(\+1[2-9]\d{9})?$")
    zip: str = ""
    weather: CaseWeather = CaseWeather()
    copies: tuple[Literal["third_party", "landlord"], ...] = ()


class CaseTaken(_Part):
    """A step that was taken before; it counts from then, unless ``standing`` says that it is under way or undone."""

    step: str
    days_ago: DaysAgo
    standing: Literal["counts", "pending", "undone"] = "counts"


class CasePromise(_Part):
    """How the last promise of this debt ended."""

    ended: Literal["kept", "partial", "broken"]
    days_ago: DaysAgo


class Expect(_Part):
    """What the policy must come to. Only what is written here is compared."""

    outcome: str
    """``nothing`` (for whatever reason), ``protected``, ``waiting``, ``outside``, or the id of the step taken."""
    because: str | None = None
    """A rule that must be among the reasons."""
    step: str | None = None
    """The step that a protected account would have had."""
    channel: Channel | tuple[Channel, ...] | None = None
    """The channel written on; several when a step writes on several."""
    on: Day | None = None
    """The next day on which something can happen."""
    closes: bool | None = None
    """Whether the episode ends."""


class Case(_Part):
    """One golden case."""

    name: str = Field(min_length=3)
    on: Day
    at: time = time(10, 0)
    """Local time of day; 10:00 where nothing is said, when texts may be sent."""
    account: CaseAccount
    taken: tuple[CaseTaken, ...] = ()
    promise: CasePromise | None = None
    ended_days_ago: DaysAgo | None = None
    """An earlier episode of the account ended so many days ago."""
    arm: Literal["champion", "challenger"] | None = None
    expect: Expect

    @model_validator(mode="after")
    def _agrees(self) -> "Case":
        if self.ended_days_ago is not None and (self.taken or self.promise):
            raise ValueError("ended_days_ago is for an account without an open episode; leave taken and promise out")
        return self


class _File(_Part):
    case: tuple[Case, ...] = ()


def parse_cases(text: str, where: str, policy: Policy) -> tuple[Case, ...]:
    """The cases of a file, checked against the policy's steps. Raises ``PolicyError`` with file, case, key and what is
    allowed."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{where}: not TOML: {error}") from None
    try:
        cases = _File.model_validate(given).case
    except ValidationError as error:
        raise PolicyError(f"{where}: " + "; ".join(_complaint(one, given) for one in error.errors())) from None
    steps = [step.id for step in policy.step]
    for case in cases:
        for key, value, allowed in _names(case, steps):
            if value not in allowed:
                raise PolicyError(f"{where}: case {case.name!r}: {key}: {value!r} is none of {', '.join(allowed)}")
    doubled = [case.name for case in cases if [each.name for each in cases].count(case.name) > 1]
    if doubled:
        raise PolicyError(f"{where}: two cases are named {doubled[0]!r}; give each a name of its own")
    return cases


def _names(case: Case, steps: Sequence[str]) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Every name of a step or a kind of hold in a case, with the names that are allowed there."""
    yield "expect.outcome", case.expect.outcome, (*OUTCOMES, *steps)
    if case.expect.step is not None:
        yield "expect.step", case.expect.step, steps
    for each in case.taken:
        yield "taken.step", each.step, steps
    if case.expect.because != HOLD_UNKNOWN:
        for hold in case.account.holds:
            yield "account.holds", hold if isinstance(hold, str) else hold.kind, KINDS


def _complaint(problem: ErrorDetails, given: Mapping[str, Any]) -> str:
    """The case by its name, the key, what is wrong with it, and what is allowed."""
    loc = list(problem["loc"])
    where = ""
    if loc[:1] == ["case"] and len(loc) > 1 and isinstance(loc[1], int):
        written = given["case"][loc[1]]
        where = f"case {written.get('name') or loc[1] + 1!r}: " if isinstance(written, dict) else ""
        loc = loc[2:]
    return where + complaint(problem, loc, Case, "case")
