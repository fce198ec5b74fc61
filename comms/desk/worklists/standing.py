"""How the worklists stand: how many matters each has, whose they are, and how long the oldest has waited."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from comms.city import City
from comms.desk.worklists.lists import LISTS, List
from comms.worklist import ASIDE, Pile

EMERGENCY = 1
EMERGENCY_WITHIN = timedelta(minutes=15)
"""The office's measure: somebody may be in danger."""


@dataclass(frozen=True)
class Standing:
    """One list: its open matters, those of the person who asks, those of nobody, those set aside (and when the first
    of them comes back), since when the oldest open one has waited, and how many there are of each kind."""

    list: List
    open: int
    mine: int
    nobodys: int
    aside: int
    my_aside: int
    back_at: datetime | None
    oldest: datetime | None
    kinds: Mapping[str, int]


def standings(piles: Iterable[Pile], me: str) -> list[Standing]:
    """All lists, in their order."""
    found = list(piles)
    return [standing(found, each, me) for each in LISTS]


def standing(piles: Iterable[Pile], of: List, me: str) -> Standing:
    """One list."""
    ours = [pile for pile in piles if of.has(pile.kind)]
    waiting = [pile for pile in ours if pile.state == "open"]
    aside = [pile for pile in ours if pile.state in ASIDE]
    kinds: dict[str, int] = {}
    for pile in waiting:
        kinds[pile.kind] = kinds.get(pile.kind, 0) + pile.number
    return Standing(
        list=of,
        open=sum(pile.number for pile in waiting),
        mine=sum(pile.number for pile in waiting if pile.assignee == me),
        nobodys=sum(pile.number for pile in waiting if pile.assignee is None),
        aside=sum(pile.number for pile in aside),
        my_aside=sum(pile.number for pile in aside if pile.assignee == me),
        back_at=min((pile.back_at for pile in aside if pile.back_at), default=None),
        oldest=min((pile.oldest for pile in waiting), default=None),
        kinds=dict(sorted(kinds.items())),
    )


def open_counts(piles: Iterable[Pile]) -> dict[str, int]:
    """Open matters by kind, as ``worklist.counts`` counts them: for the navigation of a page that read the piles."""
    counts: dict[str, int] = {}
    for pile in piles:
        counts[pile.kind] = counts.get(pile.kind, 0) + (pile.number if pile.state == "open" else 0)
    return counts


def late(city: City, of: List, priority: int, since: datetime, now: datetime) -> str:
    """What a matter has outwaited, in words (``over 1 business day``); empty while there is time."""
    if priority <= EMERGENCY:
        return "over 15 min" if now - since > EMERGENCY_WITHIN else ""
    local = since.astimezone(city.zone)
    due = datetime.combine(city.add_business_days(local.date(), of.days), local.time(), city.zone)
    days = "1 business day" if of.days == 1 else f"{of.days} business days"
    return f"over {days}" if now > due else ""
