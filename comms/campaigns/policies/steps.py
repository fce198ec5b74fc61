"""The steps of a policy: when each is due, what it says, on which channels, and what it needs."""

import re
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from .conditions import MOST_DAYS, Conditions, OneOrMore, Part

Channel = Literal["sms", "email", "letter"]
Count = Literal["calendar", "business"]
Role = Literal["supervisor", "administrator"]
"""Who may approve: the staff roles from supervisor up (``comms user add --role``)."""


def _duration(value: Any) -> timedelta:
    found = re.fullmatch(r"([1-9]\d{0,3})([hd])", value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f'{value!r} is not a time; allowed: hours or days, such as "24h" or "3d"')
    number = int(found[1])
    return timedelta(hours=number) if found[2] == "h" else timedelta(days=number)


Duration = Annotated[timedelta, BeforeValidator(_duration)]


class After(Part):
    """When a step is due: so many days after the oldest due date, or after another step counted."""

    due_days: int | None = Field(default=None, ge=0, le=MOST_DAYS)
    step: str | None = None
    days: int | None = Field(default=None, ge=1, le=MOST_DAYS)
    count: Count = "calendar"

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.due_days is None) == (self.step is None) or (self.step is None) != (self.days is None):
            raise ValueError('give either { due_days = N } or { step = "id", days = N, count = "business" }')
        if self.due_days is not None and self.count != "calendar":
            raise ValueError("due_days are calendar days; leave count out")
        return self


class Send(Part):
    """On which channels: the first of these that may be used, or all of these; and also those that may be used."""

    first_of: tuple[Channel, ...] = ()
    all_of: tuple[Channel, ...] = ()
    also: tuple[Channel, ...] = ()
    fallback_after: Duration | None = None
    """With ``first_of``: go on to the next channel when no delivery was reported within this time."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if bool(self.first_of) == bool(self.all_of):
            raise ValueError(
                'give either first_of = ["sms", "letter"] or all_of = ["letter"], with one channel at least'
            )
        named = (*self.first_of, *self.all_of, *self.also)
        if len(set(named)) != len(named):
            raise ValueError("name each channel once")
        if self.fallback_after is not None and len(self.first_of) < 2:
            raise ValueError("fallback_after needs first_of with two channels or more to go on to")
        return self

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Those of which one or all must be written to."""
        return self.first_of or self.all_of


class Require(Part):
    """What must be proven before something is done: these steps count, and so many days have passed since each."""

    steps: Annotated[tuple[str, ...], OneOrMore] = Field(min_length=1)
    days: int = Field(ge=0, le=MOST_DAYS)
    count: Count = "calendar"


class Step(Part):
    """One thing that a policy does."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: str = ""
    action: Literal["notice", "field_order", "referral"] = "notice"
    notice: str = ""
    """The notice that is written; empty when the step is an action."""
    after: After
    send: Send | None = None
    counts_when: Literal["accepted", "delivered", "mailed"] = "accepted"
    required: bool = False
    """Never passed over, even when the run is late."""
    skip_if_late: bool = False
    """Passed over when the step after it would be due already."""
    approve: Role | None = None
    """Who must approve a run that takes this step."""
    copies: tuple[Literal["third_party", "landlord"], ...] = ()
    when: Conditions | None = None
    unless: Conditions | None = None
    require: Require | None = None
    pay_within_days: int = Field(default=10, ge=1, le=MOST_DAYS)
    disconnect_after_days: int | None = Field(default=None, ge=1, le=MOST_DAYS)
    """Calendar days from the run to the disconnection date that the notice names."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.action == "notice":
            self._is_a_notice()
        else:
            self._is_an_action()
        if self.required and self.skip_if_late:
            raise ValueError("a required step is never passed over; leave out skip_if_late, or required")
        return self

    def _is_a_notice(self) -> None:
        if not self.notice or self.send is None:
            raise ValueError('a step that writes names its notice and its channels: notice = "…", send = { … }')
        if self.require is not None:
            raise ValueError('require belongs to a step with action = "field_order" or "referral"')
        if self.counts_when == "mailed" and "letter" not in self.send.channels:
            raise ValueError('counts_when = "mailed" needs a letter among first_of or all_of')
        if self.counts_when == "delivered" and set(self.send.channels) == {"letter"}:
            raise ValueError('a letter is not delivered but mailed; allowed here: "accepted" or "mailed"')

    def _is_an_action(self) -> None:
        if self.notice or self.send is not None or self.copies or self.disconnect_after_days is not None:
            raise ValueError(
                f"a {self.action} writes nothing; leave out notice, send, copies and disconnect_after_days"
            )
        if self.require is None:
            raise ValueError(f'a {self.action} names what must be proven: require = {{ steps = ["id"], days = N }}')

    @property
    def name(self) -> str:
        """What staff call it."""
        return self.title or self.id.replace("-", " ").capitalize()
