"""Reading words at a place in a message: what the readers of dates stand on."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import cache

from . import calendar as cal
from .number_words import SMALL, TENS
from .numbers import number_at
from .phrases import load
from .tokens import Token

Resolve = Callable[[date | None], date | None]
"""From the previous instalment's date (None for the first) to the day that is meant."""

Found = tuple[int, str, Resolve]
"""The token after an expression, its kind (see ``dates.When``) and what it means."""

_PHRASES = load("dates")


@cache
def _elements(pattern: str) -> tuple[tuple[bool, frozenset[str]], ...]:
    return tuple((element.endswith("?"), frozenset(element.rstrip("?").split("|"))) for element in pattern.split())


def beginnings() -> frozenset[str]:
    """The words that the phrases of ``lexicon/dates.txt`` begin with."""
    return _PHRASES.first_words()


class WordReader:
    """A message and the day it was received; looks at words, never moves by itself."""

    def __init__(self, tokens: Sequence[Token], received: datetime) -> None:
        self._tokens = tokens
        self._today = received.date()
        self._afternoon = received.hour >= 12

    def _w(self, at: int) -> str:
        return self._tokens[at].text if 0 <= at < len(self._tokens) else ""

    def _m(self, at: int, pattern: str) -> int | None:
        """Where ``pattern`` ends when it stands here: words, ``a|b`` for a choice, ``?`` for what may be missing."""
        tokens, last = self._tokens, len(self._tokens)
        for optional, choices in _elements(pattern):
            if 0 <= at < last and tokens[at].text in choices:
                at += 1
            elif not optional:
                return None
        return at

    def _any(self, at: int, *patterns: str) -> int | None:
        ends = [end for pattern in patterns if (end := self._m(at, pattern)) is not None]
        return max(ends) if ends else None

    def _is(self, at: int, group: str) -> int | None:
        """Where the longest phrase of a group of ``lexicon/dates.txt`` ends when one stands here."""
        return _PHRASES.end_at(self._tokens, at, group)

    def _count(self, at: int) -> tuple[int, int] | None:
        """A small number: ``3``, ``three``, ``a couple of``, ``a few``."""
        for pattern, value in (("a? couple of?", 2), ("un par de", 2), ("a? few", 3), ("unos|algunos", 3), ("a|an", 1)):
            if (end := self._m(at, pattern)) is not None:
                return value, end
        token = self._w(at)
        if token.isdecimal() and len(token) <= 3:
            return int(token), at + 1
        if token in SMALL or token in TENS:
            return number_at(self._tokens, at)
        return None

    def _fixed(self, end: int, day: date | None, kind: str = "day") -> Found:
        return end, kind, lambda previous: day

    def _numbered(self, number: int) -> Resolve:
        return lambda previous: cal.day_of_month(max(previous, self._today) if previous else self._today, number)
