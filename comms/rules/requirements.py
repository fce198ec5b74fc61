"""What a disconnection needs before it: the notice's clock and packet, and the duty to turn service on again.

The clock starts at the mailing, which is acceptance by the post office, never the hand-off of a file; and it is the
letter's, for an electronic notice of the termination of utility service is none (15 U.S.C. 7003(b)(2)(A)).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from comms.city import City

from .facts import Facts
from .model import Count, DutyText, Layer, RequirementText
from .sources import Source

if TYPE_CHECKING:
    from .rulebook import Rulebook


@dataclass(frozen=True)
class _Cited:
    layer: Layer
    jurisdiction: str
    file: str
    sources: tuple[Source, ...]

    @property
    def citation(self) -> str:
        return "; ".join(source.citation for source in self.sources)

    def status_of(self, text: RequirementText | DutyText) -> str:
        return text.status if all(source.verified for source in self.sources) else "draft"


def _about(text: RequirementText | DutyText, services: Collection[str], service_class: str | None) -> bool:
    if text.services and services and not set(text.services) & set(services):
        return False
    return not (text.service_class and service_class and service_class not in text.service_class)


def _dated(text: RequirementText | DutyText, day: date) -> bool:
    return (text.from_ is None or text.from_ <= day) and (text.to is None or day <= text.to)


@dataclass(frozen=True)
class NoticeRequirement(_Cited):
    """One requirement on the notice of a disconnection."""

    text: RequirementText

    @property
    def id(self) -> str:
        return self.text.id

    @property
    def days(self) -> int:
        return self.text.days

    @property
    def count(self) -> Count:
        return self.text.count

    @property
    def status(self) -> str:
        return self.status_of(self.text)

    def bears_on(self, day: date, services: Collection[str], service_class: str | None) -> bool:
        """Whether a disconnection on ``day`` of these services needs it."""
        season = self.text.season
        return (
            _dated(self.text, day)
            and _about(self.text, services, service_class)
            and (season is None or season.holds(day))
        )

    def earliest(self, city: City, mailed_on: date) -> date:
        """The first day on which the waiting time is over, for a notice mailed on ``mailed_on``: the mailing day is
        not counted, the last day of the wait is."""
        if self.count == "business":
            return city.add_business_days(mailed_on, self.days)
        return mailed_on + timedelta(self.days)

    def as_json(self) -> dict[str, Any]:
        return _as_json(self, self.text, self.status, "requirement")


@dataclass(frozen=True)
class Duty(_Cited):
    """Work that the calendar brings."""

    text: DutyText

    @property
    def id(self) -> str:
        return self.text.id

    @property
    def status(self) -> str:
        return self.status_of(self.text)

    def bears_on(self, day: date, services: Collection[str], service_class: str | None) -> bool:
        return _dated(self.text, day) and self.text.season.holds(day) and _about(self.text, services, service_class)

    def first_day(self, day: date) -> date:
        """The first day of the window that holds ``day``: the day the list is made."""
        return self.text.season.begins(day)

    def last_day(self, day: date) -> date:
        return self.text.season.ends(day)

    def as_json(self) -> dict[str, Any]:
        return _as_json(self, self.text, self.status, "duty")


def _as_json(cited: _Cited, text: RequirementText | DutyText, status: str, kind: str) -> dict[str, Any]:
    return {
        "kind": kind, "layer": cited.layer, "jurisdiction": cited.jurisdiction, "file": cited.file,
        **text.model_dump(mode="json", by_alias=True, exclude_defaults=True), "status": status,
        "citation": cited.citation, "confidence": [source.confidence for source in cited.sources],
    }  # fmt: skip


@dataclass(frozen=True)
class NoticeClock:
    """How long before a disconnection its notice must have been mailed, and what belongs to it.

    ``days`` in ``count`` is the longest of the requirements and ``citation`` where it comes from; ``earliest`` minds
    all of them.
    """

    days: int
    count: Count
    citation: str
    packet: tuple[str, ...]
    establish: tuple[str, ...]
    copies: tuple[str, ...]
    requirements: tuple[NoticeRequirement, ...]

    def earliest(self, city: City, mailed_on: date) -> date:
        """The first day on which every waiting time is over."""
        return max((need.earliest(city, mailed_on) for need in self.requirements), default=mailed_on)


BUSINESS_DAYS_A_WEEK = 5


def requirements_for_disconnection(
    rulebook: "Rulebook", day: date, facts: Facts, services: Collection[str] = ()
) -> NoticeClock:
    """What the notice of a disconnection on ``day`` needs. ``services`` empty: those past due, else all of the
    city's."""
    about = services or past_due_services(facts) or ()
    needs = rulebook.notice_requirements(day, about, facts.service_class)

    def length(need: NoticeRequirement) -> float:
        return need.days * (7 / BUSINESS_DAYS_A_WEEK if need.count == "business" else 1)

    longest = max(needs, key=length, default=None)
    return NoticeClock(
        longest.days if longest else 0,
        longest.count if longest else "calendar",
        longest.citation if longest else "no rule asks for a notice",
        tuple(dict.fromkeys(part for need in needs for part in need.text.packet)),
        tuple(dict.fromkeys(part for need in needs for part in need.text.establish)),
        tuple(dict.fromkeys(kind for need in needs for kind in need.text.copies)),
        needs,
    )


def past_due_services(facts: Facts) -> tuple[str, ...] | None:
    """The services with something past due; None when that is not known."""
    found = tuple(service for service, cents in (facts.service_past_due or {}).items() if cents > 0)
    return found or None
