"""A report as data: what was asked, the finding, the table, the chart. Pages, files and commands show the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["text", "number", "money", "share", "day"]
Value: TypeAlias = str | int | float | date | None

LONGEST = 1100
"""Days of one report: three years."""
BY_DAY, BY_WEEK = 45, 400
"""Up to so many days a chart has a mark for each day, and up to so many one for each week; then one for each month."""


class RangeError(ValueError):
    """A span of days that no report can be made of; the message says what to do."""


@dataclass(frozen=True)
class Asked:
    """The city's days from ``first`` to ``last``, and one policy; None: all, and what is sent without one."""

    first: date
    last: date
    policy: str | None = None

    @classmethod
    def of(cls, first: date, last: date, policy: str | None = None) -> "Asked":
        """Raises ``RangeError``."""
        if last < first:
            raise RangeError("The last day lies before the first. Change one of the two.")
        if (last - first).days >= LONGEST:
            raise RangeError(f"A report covers at most {LONGEST:,} days. Choose a shorter time.")
        return cls(first, last, policy)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Asked":
        """As many days, right before."""
        return Asked(self.first - timedelta(self.days), self.first - timedelta(1), self.policy)


@dataclass(frozen=True)
class Heading:
    """A column of the table; money is in cents, a share between 0 and 1."""

    title: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Bar:
    """A bar: its name, its length, and what stands beside it."""

    name: str
    value: float
    words: str


@dataclass(frozen=True)
class Bars:
    """Bars below each other, all of one scale."""

    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Stacks:
    """A column for each span of time, made of one piece a series."""

    series: tuple[str, ...]
    columns: tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True)
class Line:
    """A share over time; None where there was nothing to take it of."""

    points: tuple[tuple[str, float | None], ...]


@dataclass(frozen=True)
class Report:
    """One report. ``finding`` is what it says in a sentence; ``note`` how it is counted; no rows: nothing happened."""

    name: str
    title: str
    finding: str
    note: str
    headings: tuple[Heading, ...]
    rows: tuple[tuple[Value, ...], ...]
    chart: Bars | Stacks | Line | None


@dataclass(frozen=True)
class Span:
    """Some days that a chart shows as one."""

    first: date
    last: date
    label: str


def spans(asked: Asked, by_day: int = BY_DAY) -> list[Span]:
    """The days (when it is up to ``by_day`` of them), weeks (from Monday) or months asked for, cut at their ends."""
    found: list[Span] = []
    first = asked.first
    while first <= asked.last:
        if asked.days <= by_day:
            last = first
        elif asked.days <= BY_WEEK:
            last = first + timedelta(6 - first.weekday())
        else:
            last = (first.replace(day=28) + timedelta(4)).replace(day=1) - timedelta(1)
        last = min(last, asked.last)
        found.append(Span(first, last, f"{first:%b} {first.year}" if asked.days > BY_WEEK else short(first)))
        first = last + timedelta(1)
    return found


def at(all_spans: Sequence[Span], on: date) -> int:
    """Which of the spans a day lies in."""
    return next(n for n, span in enumerate(all_spans) if span.first <= on <= span.last)


def short(on: date) -> str:
    """``Nov 7``."""
    return f"{on:%b} {on.day}"


def percent(share: float) -> str:
    """``97%``; what is not quite all is never told as all, and what is not nothing not as nothing."""
    whole = round(share * 100)
    if whole == 100 and share < 1:
        return "over 99%"
    return "under 1%" if whole == 0 and share > 0 else f"{whole}%"


def many(number: int, one: str, more: str) -> str:
    """``1 notice``, ``1,302 notices``."""
    return f"{number:,} {one if number == 1 else more}"


CHANNELS = {"sms": "Text", "email": "Email", "letter": "Letter"}


def channel(name: str) -> str:
    """What a channel is called."""
    return CHANNELS.get(name, name.capitalize() or "None")
