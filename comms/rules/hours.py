"""The hours of the day in several time zones at once: where it must be day, and when it next is.

The zones of a phone come from its area code, the zones of an address from the first three digits of its ZIP code
(``cities/law/zip-zones.toml``). Where either lies in two zones, it must be day in both.
"""

import tomllib
from datetime import datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers.timezone import time_zones_for_number

from comms.settings import ROOT

ZIP_ZONES = ROOT / "cities" / "law" / "zip-zones.toml"
AREA_AND_EXCHANGE = len("+1218555")
"""The last four digits of an American number never tell where it is."""


def zones_of_phone(number: str) -> tuple[str, ...]:
    """The zones of a number's area code. Some lie in two (208: Boise and Los Angeles); a number that belongs to no area
    (500, 800) may ring in any. Empty when the number tells nothing."""
    if len(number) == len("+12185550100") and number.startswith("+1"):
        return _zones_of_phone(f"{number[:AREA_AND_EXCHANGE]}0100")
    return _zones_of_phone(number)


@lru_cache(maxsize=50_000)
def _zones_of_phone(number: str) -> tuple[str, ...]:
    try:
        names = time_zones_for_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return ()
    return tuple(name for name in names if name != "Etc/Unknown")


def zones_of_zip(code: str | None) -> tuple[str, ...]:
    """The zones of an address by its ZIP code; empty when the code is not known."""
    return _zip_zones().get((code or "")[:3], ())


@cache
def _zip_zones() -> dict[str, tuple[str, ...]]:
    stored = tomllib.loads(ZIP_ZONES.read_text("utf-8"))
    return {
        f"{prefix:03}": tuple(area["zones"])
        for area in stored["area"]
        for first, last in area["prefixes"]
        for prefix in range(int(first), int(last) + 1)
    }


@lru_cache(maxsize=4096)
def together(time_zone: str, *groups: tuple[str, ...]) -> tuple[ZoneInfo, ...]:
    """The city's zone first, then every other zone once."""
    names = dict.fromkeys([time_zone, *(name for group in groups for name in group)])
    return tuple(ZoneInfo(name) for name in names)


@lru_cache(maxsize=4096)
def next_opening(zones: tuple[ZoneInfo, ...], at: datetime, opens: time, closes: time) -> datetime | None:
    """None when all of the zones are open at ``at``; else the next instant at which they are.

    Zones too far apart to share an hour (a number that may ring anywhere, under short office hours) keep the first
    zone's hours, which is the city's.
    """

    def is_open(zone: ZoneInfo, instant: datetime) -> bool:
        return opens <= instant.astimezone(zone).time() < closes

    if all(is_open(zone, at) for zone in zones):
        return None
    for day in range(3):
        openings = sorted(
            datetime.combine(at.astimezone(zone).date() + timedelta(days=day), opens, zone).astimezone(at.tzinfo)
            for zone in zones
        )
        for opening in openings:
            if opening > at and all(is_open(zone, opening) for zone in zones):
                return opening
    return next_opening(zones[:1], at, opens, closes)
