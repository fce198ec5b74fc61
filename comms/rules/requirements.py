"""What a disconnection needs before it: the notice's clock and packet, and the duty to turn service on again.

The clock starts at the mailing, which is acceptance by the post office, never the hand-off of a file; and it is the
letter's, for an electronic notice of the termination of utility service is none (15 U.S.C. 7003(b)(2)(A)).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from comms.city import City

from .model import Count, DutyText, Layer, RequirementText
from .sources import Source


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
