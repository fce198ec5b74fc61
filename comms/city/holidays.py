"""Legal holidays by statute, computed for any year.

Minnesota: Minn. Stat. 645.44 subd. 5 as amended in 2023 (secondary source). Ohio: ORC 1.14 (unverified:
the city confirms its own list). What an office closes for besides stands in its ``city.toml``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

State = Literal["MN", "OH"]

MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6


@dataclass(frozen=True)
class _Fixed:
    name: str
    month: int
    day: int

    def on(self, year: int) -> date:
        return date(year, self.month, self.day)


@dataclass(frozen=True)
class _Nth:
    """The ``nth`` weekday of a month; -1 for the last."""

    name: str
    month: int
    weekday: int
    nth: int

    def on(self, year: int) -> date:
        if self.nth > 0:
            first = date(year, self.month, 1)
            return first + timedelta((self.weekday - first.weekday()) % 7 + 7 * (self.nth - 1))
        last = date(year + self.month // 12, self.month % 12 + 1, 1) - timedelta(1)
        return last - timedelta((last.weekday() - self.weekday) % 7)


_HOLIDAYS: dict[State, tuple[_Fixed | _Nth, ...]] = {
    "MN": (
        _Fixed("New Year's Day", 1, 1),
        _Nth("Martin Luther King's Birthday", 1, MONDAY, 3),
        _Nth("Washington's and Lincoln's Birthday", 2, MONDAY, 3),
        _Nth("Memorial Day", 5, MONDAY, -1),
        _Fixed("Juneteenth", 6, 19),
        _Fixed("Independence Day", 7, 4),
        _Nth("Labor Day", 9, MONDAY, 1),
        _Nth("Indigenous Peoples Day", 10, MONDAY, 2),
        _Fixed("Veterans Day", 11, 11),
        _Nth("Thanksgiving Day", 11, THURSDAY, 4),
        _Fixed("Christmas Day", 12, 25),
    ),
    "OH": (
        _Fixed("New Year's Day", 1, 1),
        _Nth("Martin Luther King Day", 1, MONDAY, 3),
        _Nth("Presidents' Day", 2, MONDAY, 3),
        _Nth("Memorial Day", 5, MONDAY, -1),
        _Fixed("Juneteenth", 6, 19),
        _Fixed("Independence Day", 7, 4),
        _Nth("Labor Day", 9, MONDAY, 1),
        _Nth("Columbus Day", 10, MONDAY, 2),
        _Fixed("Veterans Day", 11, 11),
        _Nth("Thanksgiving Day", 11, THURSDAY, 4),
        _Fixed("Christmas Day", 12, 25),
    ),
}
_SATURDAY_MOVES_BACK: dict[State, bool] = {"MN": True, "OH": False}
"""Whether a fixed-date holiday on a Saturday is kept on the Friday before: 645.44 says so, ORC 1.14 not."""


def _days(state: State, year: int) -> Iterator[tuple[date, str]]:
    for holiday in _HOLIDAYS[state]:
        day = holiday.on(year)
        yield day, holiday.name
        if isinstance(holiday, _Nth):
            continue
        if day.weekday() == SUNDAY:
            yield day + timedelta(1), f"{holiday.name} (observed)"
        elif day.weekday() == SATURDAY and _SATURDAY_MOVES_BACK[state]:
            yield day - timedelta(1), f"{holiday.name} (observed)"


@lru_cache(maxsize=64)
def statutory_holidays(state: State, year: int) -> MappingProxyType[date, str]:
    """The legal holidays that fall in ``year``, by date, with the observed days of those on a weekend.

    New Year's Day on a Saturday is observed on December 31, so the next year is looked at too.
    """
    found = {day: name for y in (year, year + 1) for day, name in _days(state, y) if day.year == year}
    return MappingProxyType(dict(sorted(found.items())))
