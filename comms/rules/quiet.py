"""Quiet hours: texts go out from 8:00 to 21:00, in the city's time zone and in the phone's area code's as well.

47 CFR 64.1200(c)(1) sets these hours for solicitations and 12 CFR 1006.6(b)(1)(i) for debt collectors; neither binds a
city's own account notices by its words. The service keeps to them all the same, in both zones (facts-rules 3a, 3e:
comment 6(b)(1)(i)-2), because nobody is helped by a text about a debt at night. Email and letters do not ring.
"""

from datetime import datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers.timezone import time_zones_for_number

from comms.city import City

OPENS = time(8, 0)
CLOSES = time(21, 0)
CITATION = "47 CFR 64.1200(c)(1); 12 CFR 1006.6(b)(1)(i): kept by policy"
QUIET_CHANNELS = frozenset({"sms"})


def next_open(city: City, channel: str, recipient: str, at: datetime) -> datetime | None:
    """None when the channel may be used for this address at ``at``; else the next instant at which it may."""
    if channel not in QUIET_CHANNELS:
        return None
    zones = zones_of(city, recipient)
    if all(_open(zone, at) for zone in zones):
        return None
    return _next_common_opening(zones, at)


@lru_cache(maxsize=20_000)
def _area_zones(number: str) -> tuple[str, ...]:
    """The zones of the phone's area code. Some lie in two (208: Boise and Los Angeles); a number that belongs to no
    area (500, 800) may ring in any."""
    try:
        names = time_zones_for_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return ()
    return tuple(name for name in names if name != "Etc/Unknown")


def zones_of(city: City, number: str) -> tuple[ZoneInfo, ...]:
    """The zones in which it must be day: the city's, and all of the phone's area code."""
    return (city.zone, *(ZoneInfo(name) for name in _area_zones(number) if name != city.zone.key))


def _open(zone: ZoneInfo, at: datetime) -> bool:
    return OPENS <= at.astimezone(zone).time() < CLOSES


def _next_common_opening(zones: tuple[ZoneInfo, ...], at: datetime) -> datetime:
    """The earliest opening of any zone at which all of them are open. Zones of one country always share some hours."""
    for day in range(3):
        openings = sorted(
            datetime.combine(at.astimezone(zone).date() + timedelta(days=day), OPENS, zone).astimezone(at.tzinfo)
            for zone in zones
        )
        for opening in openings:
            if opening > at and all(_open(zone, opening) for zone in zones):
                return opening
    raise ValueError(f"no hour of the day is open in all of {[zone.key for zone in zones]}")
