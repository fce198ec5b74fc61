"""The days a file speaks for, from its name: ``payments-2026-11-21_to_12-05.csv``."""

import re
from dataclasses import dataclass
from datetime import date

from .mapping import FileForm


@dataclass(frozen=True)
class Dates:
    """``as_of`` is the day of the balances (payments: the first posting day), ``until`` the last day covered where the
    name says one; ``named`` tells whether the name gave a date at all."""

    as_of: date
    until: date | None
    named: bool


def dates_in(name: str, form: FileForm, today: date) -> Dates:
    """The dates in a file's name; ``today`` (in the city) stands in for one that is missing."""
    found = re.search(form.as_of, name)
    named = _date(found[1], None) if found else None
    as_of = named or today
    end = re.search(form.until, name) if form.until else None
    return Dates(as_of, _date(end[1], as_of) if end else None, named is not None)


def _date(text: str, after: date | None) -> date | None:
    """``2026-11-20``, ``20261120``, or ``12-05``, which is the first such day from ``after`` on."""
    digits = re.sub(r"[^0-9]", "", text)
    try:
        if len(digits) == 8:
            return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        if len(digits) == 4 and after is not None:
            found = date(after.year, int(digits[:2]), int(digits[2:]))
            return found if found >= after else found.replace(year=after.year + 1)
    except ValueError:
        return None
    return None
