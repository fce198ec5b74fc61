"""How long before a disconnection its notice must have been mailed, out of everything that asks for a notice."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from comms.city import City

from .facts import Facts
from .model import Count
from .requirements import NoticeRequirement
from .rulebook import Rulebook


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
    rulebook: Rulebook, day: date, facts: Facts, services: Collection[str] = ()
) -> NoticeClock:
    """What the notice of a disconnection on ``day`` needs. ``services`` empty: those past due, else all of the
    city's."""
    about = services or facts.services_past_due or ()
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
