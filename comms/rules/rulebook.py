"""The rulebook of a city: every rule that stands there, from when to when, and which of them bear on an act.

The rules are put together once for each purpose, action, channel and day; what the calendar settles (dates, seasons,
weekdays, holidays) is settled then, so that an account is asked only what depends on it.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from comms.city import City

from .conditions import Standing, stand
from .facts import Action, Purpose
from .loading import Rule, RuleError, Texts, read_texts
from .requirements import Duty, NoticeRequirement

__all__ = ["Rule", "RuleError", "Rulebook", "rulebook_of"]

KEPT = 16
"""Rulebooks kept at once in a process; one is the rule, tests have more."""

Key = tuple[Purpose, Action, str, date]


@dataclass(frozen=True, eq=False)
class Rulebook:
    """The rules of one city, in the order of their layers."""

    city: City
    rules: tuple[Rule, ...]
    requirements: tuple[NoticeRequirement, ...]
    duties: tuple[Duty, ...]
    digest: str
    """SHA-256 of ``as_json()``, so that a decision can name the rules it was made under."""
    _standing: dict[Key, tuple[Rule, ...]] = field(default_factory=dict, repr=False)
    _compiled: dict[Key, Standing] = field(default_factory=dict, repr=False)
    _days: dict[datetime, date] = field(default_factory=dict, repr=False)

    def as_json(self) -> list[dict[str, Any]]:
        """Every rule, requirement and duty with its source, ready to be stored beside decisions."""
        return _as_json(Texts(self.rules, self.requirements, self.duties))

    def in_effect(self, day: date) -> tuple[Rule, ...]:
        """The rules whose dates hold ``day``."""
        return tuple(rule for rule in self.rules if rule.in_effect(day))

    def find(self, rule_id: str) -> tuple[Rule, ...]:
        """The rules of this id: several when the words changed with time, or differ by channel."""
        return tuple(rule for rule in self.rules if rule.text.id == rule_id)

    @cached_property
    def hold_kinds(self) -> frozenset[str]:
        """Every kind of hold that a rule names."""
        return frozenset(kind for rule in self.rules for kind in rule.text.when.hold or ())

    def local_date(self, at: datetime) -> date:
        """The date in the city; remembered, for a night asks it of one instant for every account."""
        day = self._days.get(at)
        if day is None:
            if len(self._days) > 1000:
                self._days.clear()
            day = self._days[at] = self.city.local_date(at)
        return day

    def standing(self, purpose: Purpose, action: Action, channel: str, day: date) -> tuple[Rule, ...]:
        """The rules that bear on such an act on ``day``, by their dates and by what they apply to."""
        key = (purpose, action, channel, day)
        if key not in self._standing:
            self._standing[key] = tuple(
                rule for rule in self.rules if rule.in_effect(day) and rule.applies_to(purpose, action, channel)
            )
        return self._standing[key]

    def compiled(self, purpose: Purpose, action: Action, channel: str, day: date) -> Standing:
        """The same, ready to be asked of accounts."""
        key = (purpose, action, channel, day)
        found = self._compiled.get(key)
        if found is None:
            if len(self._compiled) > 2000:
                self._compiled.clear()
            rules = self.standing(purpose, action, channel, day)
            found = self._compiled[key] = stand(rules, self.city, self.hold_kinds, purpose, action, channel, day)
        return found

    def has_lever(self, action: Action, service: str, day: date) -> bool:
        """Whether ``action`` reaches ``service`` at all: no rule says that there is no such lever."""
        return not any(
            rule.text.when.always and any(action in to.action and service in to.service for to in rule.text.applies)
            for rule in self.in_effect(day)
        )

    def notice_requirements(
        self, day: date, services: Collection[str] = (), service_class: str | None = None
    ) -> tuple[NoticeRequirement, ...]:
        """What a notice of a disconnection on ``day`` needs. No services, or no class: not known, so all that may
        apply."""
        return tuple(need for need in self.requirements if need.bears_on(day, services, service_class))

    def must_reconnect(
        self, day: date, services: Collection[str] = (), service_class: str | None = None
    ) -> tuple[Duty, ...]:
        """The duties to turn service on again that stand on ``day``; each tells its window's first day."""
        return tuple(
            duty
            for duty in self.duties
            if duty.text.duty == "reconnect" and duty.bears_on(day, services, service_class)
        )


def build(city: City, texts: Texts) -> Rulebook:
    """The rulebook of these texts."""
    content = json.dumps(_as_json(texts), sort_keys=True, ensure_ascii=False)
    digest = hashlib.sha256(content.encode()).hexdigest()
    return Rulebook(city, texts.rules, texts.requirements, texts.duties, digest)


def _as_json(texts: Texts) -> list[dict[str, Any]]:
    return [
        *(rule.as_json() for rule in texts.rules),
        *(need.as_json() for need in texts.requirements),
        *(duty.as_json() for duty in texts.duties),
    ]


_RULEBOOKS: OrderedDict[int, Rulebook] = OrderedDict()


def rulebook_of(city: City) -> Rulebook:
    """The rulebook of a city, read once a process. Raises ``RuleError`` with one line a fault."""
    found = _RULEBOOKS.get(id(city))
    if found is None:
        found = _RULEBOOKS[id(city)] = build(city, read_texts(city))
        if len(_RULEBOOKS) > KEPT:
            _RULEBOOKS.popitem(last=False)
    return found
