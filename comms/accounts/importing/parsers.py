"""Reading single cells: money, dates, codes and text. A cell that cannot be read says why in words for a clerk."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")

LONGEST_TEXT = 300
"""Characters in a cell of text; more is garbage, not a name or an address."""

MOST_DOLLARS = 10**9
"""A single amount above this is garbage."""

YEARS = range(1970, 2100)
"""A date outside these is garbage."""


class UnreadableCellError(ValueError):
    """A cell that cannot be read; the message follows the name of its column."""


_PLAIN_MONEY = re.compile(r"\$?([0-9]{1,9})\.([0-9]{2})")
_MONEY = re.compile(
    r"(?P<open>\()?\s*(?P<minus>-)?\s*\$?\s*(?P<minus2>-)?\s*(?P<open2>\()?"
    r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)?(?:\.(?P<cents>[0-9]{1,2}))?"
    r"\s*(?P<close>\))?(?P<after>-)?",
)


@lru_cache(maxsize=20_000)
def money(cell: str) -> int | None:
    """Cents: ``$1,234.00``, ``12.5``, ``.50``, ``-12.50``, ``12.50-`` and ``($12.50)`` (negative); None for a blank.

    Half cents, foreign commas (``12,50``) and anything else raise ``UnreadableCellError``.
    """
    if plain := _PLAIN_MONEY.fullmatch(cell):
        return int(plain[1] + plain[2])
    text = cell.strip()
    if not text:
        return None
    match = _MONEY.fullmatch(text)
    if match is None or (match["whole"] is None and match["cents"] is None):
        raise UnreadableCellError(f"{_shown(cell)} is not an amount of money; write it like 1234.50 or (12.50)")
    opened = bool(match["open"]) + bool(match["open2"])
    minuses = bool(match["minus"]) + bool(match["minus2"]) + bool(match["after"])
    if opened != bool(match["close"]) or opened + minuses > 1:
        raise UnreadableCellError(f"{_shown(cell)} is not an amount of money; write it like 1234.50 or (12.50)")
    dollars = int((match["whole"] or "0").replace(",", "")[:12])
    if dollars > MOST_DOLLARS:
        raise UnreadableCellError(f"{_shown(cell)} is more money than an account can owe; check the row")
    cents = dollars * 100 + int((match["cents"] or "0").ljust(2, "0"))
    return -cents if opened or minuses else cents


def dates(formats: tuple[str, ...]) -> Callable[[str], date | None]:
    """A reader of dates in one of these ``strptime`` formats; None for a blank."""

    @lru_cache(maxsize=20_000)
    def read(cell: str) -> date | None:
        text = cell.strip()
        if not text:
            return None
        for form in formats if text.isascii() else ():
            try:
                found = datetime.strptime(text, form).date()  # noqa: DTZ007 - a calendar date has no zone
            except ValueError:
                continue
            if found.year in YEARS:
                return found
        raise UnreadableCellError(
            f"{_shown(cell)} is not a date; write it like {date(2026, 11, 30).strftime(formats[0])}"
        )

    return read


def days_before(as_of: date) -> Callable[[str], date | None]:
    """A reader of a number of days past due: the date that many days before ``as_of``; None for 0 or a blank."""

    @lru_cache(maxsize=10_000)
    def read(cell: str) -> date | None:
        text = cell.strip()
        if not text:
            return None
        if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > 20_000:
            raise UnreadableCellError(f"{_shown(cell)} is not a number of days")
        return as_of - timedelta(int(text)) if int(text) else None

    return read


def code(table: Mapping[str, T]) -> Callable[[str], T | None]:
    """A reader of codes by the mapping's table, in any case; None for a blank that the table does not name."""
    folded = {given.strip().casefold(): meaning for given, meaning in table.items()}

    @lru_cache(maxsize=1000)
    def read(cell: str) -> T | None:
        key = cell.strip().casefold()
        if key in folded:
            return folded[key]
        if not key:
            return None
        raise UnreadableCellError(f"{_shown(cell)} is not a known code; allowed: {', '.join(table)}")

    return read


def text(cell: str) -> str | None:
    """The text on one line, without control characters and stray spaces; None for a blank."""
    if cell.isascii() and cell.isprintable() and "  " not in cell and len(cell) <= LONGEST_TEXT:
        return cell.strip() or None
    if not cell.isascii():
        cell = unicodedata.normalize("NFC", cell)
    if not cell.isprintable():
        cell = "".join(letter if letter.isprintable() else " " for letter in cell)
    if len(cell) > LONGEST_TEXT:
        raise UnreadableCellError(f"{len(cell):,} characters are too many; at most {LONGEST_TEXT}")
    return " ".join(cell.split()) or None


def key(pattern: str, example: str) -> Callable[[str], str | None]:
    """A reader of numbers that name something (an account, a transaction); None for a blank."""
    wanted = re.compile(pattern, re.ASCII)

    def read(cell: str) -> str | None:
        found = cell.strip()
        if not found:
            return None
        if not wanted.fullmatch(found):
            raise UnreadableCellError(f"{_shown(cell)} does not look like {example}; were leading zeros lost?")
        return found

    return read


def _shown(cell: str) -> str:
    shown = cell if len(cell) <= 40 else cell[:37] + "..."
    return ascii(shown) if not shown.isprintable() else f"'{shown}'"
