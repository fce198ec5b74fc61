"""Quiet hours at the carrier's door: is it a decent hour where this phone is?

The hours are those of the rulebook's rule ``quiet-hours``. 47 CFR 64.1200(c)(1) sets them for solicitations and 12 CFR
1006.6(b)(1)(i) for debt collectors; neither binds a city's own account notices by its words. The service keeps to them
all the same, in the city's zone, the phone's and the service address's, because nobody is helped by a text about a debt
at night. ``decide`` keeps emails to the same hours; at the door they are not asked again, for they do not ring.
"""

from datetime import datetime

from comms.city import City

from .facts import Action, Purpose
from .hours import next_opening, together, zones_of_phone, zones_of_zip
from .rulebook import rulebook_of

QUIET_CHANNELS = frozenset({"sms"})


def next_open(
    city: City, channel: str, recipient: str, at: datetime, service_zip: str | None = None
) -> datetime | None:
    """None when the channel may be used for this address at ``at``; else the next instant at which it may."""
    if channel not in QUIET_CHANNELS:
        return None
    zones = together(city.time_zone, zones_of_zip(service_zip), zones_of_phone(recipient))
    rules = rulebook_of(city).standing(Purpose.DUNNING, Action.NOTICE, channel, city.local_date(at))
    waits = [
        next_opening(zones, at, rule.text.when.hours.opens, rule.text.when.hours.closes)
        for rule in rules
        if rule.text.when.hours
    ]
    return max((wait for wait in waits if wait), default=None)
