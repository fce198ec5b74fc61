"""Promises in one line of English, for the contact history and the clerk's list."""

from collections.abc import Iterable
from datetime import date

from .policy import Part

STATUS = {
    "proposed": "proposed",
    "open": "open",
    "kept": "kept",
    "kept_late": "kept within the grace days",
    "kept_short": "kept, short by no more than the tolerance",
    "partial": "kept in part",
    "broken": "broken",
    "withdrawn_customer": "withdrawn by the customer",
    "withdrawn_office": "withdrawn by the office",
    "superseded": "replaced by a newer promise",
    "refused": "not accepted",
    "settled_other": "settled by assistance or credit",
}


def dollars(cents: int) -> str:
    """``$1,234.50``."""
    return f"${cents // 100:,}.{cents % 100:02d}"


def on_day(day: date) -> str:
    """``Fri Nov 27, 2026``."""
    return f"{day:%a %b} {day.day}, {day.year}"


def in_words(parts: Iterable[Part]) -> str:
    """``$50.00 by Fri Nov 27, 2026 and $30.00 by …``."""
    return " and ".join(f"{dollars(part.amount_cents)} by {on_day(part.due_on)}" for part in parts)
