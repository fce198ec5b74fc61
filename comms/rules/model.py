"""What stands in a rule file: rules, notice requirements and duties, each checked as it is read.

The vocabulary is closed: a condition that is not named here cannot be written. All conditions of a rule must hold for
it to stand; a fact that is not known counts as holding, so that the rule protects.
"""

from collections.abc import Mapping
from datetime import date, time
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from .facts import Action, Purpose

Layer = Literal["federal", "state", "city", "office"]
Channel = Literal["sms", "email", "letter", "field"]
DayKind = Literal[
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    "holiday", "day_before_holiday", "office_closed",
]  # fmt: skip
FactName = Literal["status", "service_class", "occupancy", "affects_heat", "past_due_cents", "owed_cents"]
Zones = Literal["city", "address", "phone"]
Count = Literal["calendar", "business"]

LAYERS: tuple[Layer, ...] = get_args(Layer)
WEEKDAYS: tuple[DayKind, ...] = get_args(DayKind)[:7]
ID = r"^[a-z0-9]+([._-][a-z0-9]+)*$"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def _month_day(value: Any) -> Any:
    """``10-01`` as (10, 1)."""
    if not isinstance(value, str):
        raise ValueError(f'{value!r} is not a day of the year; allowed: month and day, such as "10-01"')
    try:
        found = date.fromisoformat(f"2000-{value}")
    except ValueError:
        raise ValueError(f'{value!r} is not a day of the year; allowed: month and day, such as "10-01"') from None
    return found.month, found.day


def _time(value: Any) -> time:
    try:
        return time.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError(f'{value!r} is not a time of day; allowed: hours and minutes, such as "08:00"') from None


MonthDay = Annotated[tuple[int, int], BeforeValidator(_month_day)]
TimeOfDay = Annotated[time, BeforeValidator(_time)]


class Season(_Part):
    """From a day of the year to another, both included; it may run over the end of the year."""

    first: MonthDay = Field(alias="from")
    last: MonthDay = Field(alias="to")
    on: Literal["day", "announces"] = "day"
    """Whose date must lie within: the day of the act, or the disconnection date that a notice announces."""

    def holds(self, day: date) -> bool:
        here = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= here <= self.last
        return here >= self.first or here <= self.last

    def begins(self, day: date) -> date:
        """The first day of the season that holds ``day``."""
        start = _in_year(self.first, day.year)
        return start if start <= day else _in_year(self.first, day.year - 1)

    def ends(self, day: date) -> date:
        """The last day of the season that holds ``day``."""
        end = _in_year(self.last, day.year)
        return end if end >= day else _in_year(self.last, day.year + 1)


def _in_year(month_day: tuple[int, int], year: int) -> date:
    """A day of the year in ``year``; February 29 is the 28th where there is none."""
    try:
        return date(year, *month_day)
    except ValueError:
        return date(year, 2, 28)


class FactTest(_Part):
    """A fact and one operator. The condition holds, too, when the fact is not known."""

    fact: FactName
    is_: bool | int | str | None = Field(default=None, alias="is")
    is_not: bool | int | str | None = None
    in_: tuple[str, ...] | None = Field(default=None, alias="in")
    at_least: int | None = None
    at_most: int | None = None

    @model_validator(mode="after")
    def _one_operator(self) -> Self:
        if len(self.operator) != 1:
            raise ValueError("give one operator; allowed: is, is_not, in, at_least, at_most")
        return self

    @property
    def operator(self) -> Mapping[str, Any]:
        given = {
            "is": self.is_, "is_not": self.is_not, "in": self.in_, "at_least": self.at_least, "at_most": self.at_most,
        }  # fmt: skip
        return {name: value for name, value in given.items() if value is not None}

    def holds(self, value: Any) -> bool:
        if value is None:
            return True
        ((name, wanted),) = self.operator.items()
        match name:
            case "is":
                return bool(value == wanted)
            case "is_not":
                return bool(value != wanted)
            case "in":
                return value in wanted
            case "at_least":
                return bool(value >= wanted)
            case _:
                return bool(value <= wanted)


class Hours(_Part):
    """The hours in which the channel may be used, in every one of the zones. Outside of them the condition holds."""

    opens: TimeOfDay = Field(alias="from")
    closes: TimeOfDay = Field(alias="to")
    zones: tuple[Zones, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.closes <= self.opens:
            raise ValueError("to must be later than from on the same day")
        if (self.closes.hour - self.opens.hour) < 6:
            raise ValueError("at least six hours must be open, or zones of one country may have none in common")
        return self


class Contacts(_Part):
    """So many contacts with the household within so many days; those of the last 30 are looked at."""

    within_days: int = Field(ge=1, le=30)
    at_least: int = Field(ge=1)


class WeatherTest(_Part):
    """An alert of one of these names in force in the county; or a feed that is older than this, or was never read."""

    alerts: tuple[str, ...] = Field(min_length=1)
    stale_after_hours: int = Field(ge=1, le=48)


class SoonerThan(_Part):
    """The date that a notice announces is fewer than so many days away."""

    days: int = Field(ge=1)
    count: Count = "calendar"


class When(_Part):
    """The condition: everything that is written here must hold."""

    hold: tuple[str, ...] | None = Field(default=None, min_length=1)
    hold_of_no_rule: Literal[True] | None = None
    consent: Literal["revoked"] | None = None
    address: Literal["missing"] | None = None
    owes: Literal["settled"] | None = None
    contacts: Contacts | None = None
    fact: tuple[FactTest, ...] = ()
    weather: WeatherTest | None = None
    announces_sooner_than: SoonerThan | None = None
    season: Season | None = None
    day: tuple[DayKind, ...] | None = Field(default=None, min_length=1)
    hours: Hours | None = None
    always: Literal[True] | None = None

    @field_validator("fact", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, Mapping) else value

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.given:
            raise ValueError(f"has no condition; allowed: {', '.join(When.model_fields)}")
        return self

    @property
    def given(self) -> tuple[str, ...]:
        """The names of the conditions that are written."""
        return tuple(name for name in When.model_fields if getattr(self, name))


class Applies(_Part):
    """What a rule is about; a list that is left out means everything."""

    purpose: tuple[Purpose, ...] = ()
    action: tuple[Action, ...] = (Action.NOTICE,)
    channel: tuple[Channel, ...] = ()
    service: tuple[str, ...] = ()
    service_class: tuple[Literal["residential", "commercial"], ...] = Field(default=(), alias="class")
    combined: Literal["any", "all"] = "any"
    """Where no service is named: it stands if any, or only if all, of the services past due are among ``service``."""


class Dated(_Part):
    """What every entry has: an id, its sources, its dates and how far it was checked."""

    id: str = Field(pattern=ID)
    source: str
    also: tuple[str, ...] = ()
    """More sources."""
    from_: date | None = Field(default=None, alias="from")
    to: date | None = None
    status: Literal["draft", "verified"] = "draft"
    reviewed_by: str = ""
    """Who signed it for the city, such as the city attorney."""
    note: str = ""

    @model_validator(mode="after")
    def _from_before_to(self) -> Self:
        if self.from_ and self.to and self.to < self.from_:
            raise ValueError(f"to: {self.to} lies before from: {self.from_}")
        return self


class RuleText(Dated):
    """One rule as its file words it."""

    protects: str = Field(min_length=10)
    """A sentence for staff: who is protected from what."""
    applies: tuple[Applies, ...] = Field(min_length=1)
    when: When
    effect: Literal["suppress", "defer"]
    establish: str = ""
    """What must be established before the act may go ahead."""

    @field_validator("applies", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, Mapping) else value

    @model_validator(mode="after")
    def _waits_for_a_time(self) -> Self:
        timed = bool(self.when.day or self.when.hours)
        if timed != (self.effect == "defer"):
            raise ValueError('effect: "defer" goes with when.day or when.hours, "suppress" with everything else')
        if timed and set(self.when.given) - {"day", "hours", "season"}:
            raise ValueError("when: day and hours may be joined with season only")
        if self.when.season and self.when.season.on == "announces" and timed:
            raise ValueError('when.season.on: "announces" does not go with day or hours')
        return self


class RequirementText(Dated):
    """What a disconnection notice needs: how long before the disconnection it is mailed, and what comes with it."""

    says: str = Field(min_length=10)
    """A sentence for staff."""
    services: tuple[str, ...] = ()
    service_class: tuple[Literal["residential", "commercial"], ...] = Field(default=(), alias="class")
    season: Season | None = None
    """Of the disconnection date; left out: all year."""
    days: int = Field(ge=0)
    """From the mailing (acceptance by the post office) to the disconnection."""
    count: Count = "calendar"
    packet: tuple[str, ...] = ()
    """What must be in the envelope."""
    establish: tuple[str, ...] = ()
    """What must be done or found out besides."""
    copies: tuple[Literal["third_party", "landlord"], ...] = ()


class DutyText(Dated):
    """Work that the calendar brings: service that must be turned on again."""

    duty: Literal["reconnect"]
    season: Season
    services: tuple[str, ...] = ()
    service_class: tuple[Literal["residential", "commercial"], ...] = Field(default=(), alias="class")
    says: str = Field(min_length=10)
    establish: tuple[str, ...] = ()


class RuleFile(_Part):
    """One file: its layer, whose law it is, and what stands in it."""

    layer: Layer
    jurisdiction: str = Field(min_length=2)
    rule: tuple[RuleText, ...] = ()
    requirement: tuple[RequirementText, ...] = ()
    duty: tuple[DutyText, ...] = ()
