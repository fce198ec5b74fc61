"""The rulebook of a city: every rule that stands there, and from when to when."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from comms.city import City


class RuleError(ValueError):
    """Rules that cannot be used; the message names the file, the key and what is allowed."""


@dataclass(frozen=True, eq=False)
class Rulebook:
    """The rules of one city."""

    city: City
    rules: tuple[Any, ...] = ()
    digest: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"city": self.city.slug, "rules": []}

    def in_effect(self, day: date) -> tuple[Any, ...]:
        """The rules that stand on ``day``."""
        return tuple(rule for rule in self.rules if rule.in_effect(day))


_OF: dict[str, Rulebook] = {}


def rulebook_of(city: City) -> Rulebook:
    """The rulebook of a city, read once a process."""
    key = str(city.folder)
    if key not in _OF:
        _OF[key] = Rulebook(city)
    return _OF[key]
