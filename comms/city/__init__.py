"""A city's profile: where it is, how it is reached, what it serves, when its offices are open.

A profile is one file, ``cities/<city>/city.toml``. Everything that differs between two cities and is not a
rule, a policy or a notice stands there, and nowhere in the code.
"""

from comms.city.holidays import statutory_holidays
from comms.city.profile import (
    LANGUAGES,
    Address,
    City,
    CityError,
    Dispute,
    Emergency,
    Language,
    Letterhead,
    Prices,
    Program,
    Service,
    Words,
    load_city,
)

__all__ = [
    "LANGUAGES",
    "Address",
    "City",
    "CityError",
    "Dispute",
    "Emergency",
    "Language",
    "Letterhead",
    "Prices",
    "Program",
    "Service",
    "Words",
    "load_city",
    "statutory_holidays",
]
