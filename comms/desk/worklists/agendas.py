"""Lists that the calendar makes, not a matter that somebody raised: promises that fall due, and holds that end.

They are read from the promises and holds themselves: nothing has to be opened or resolved, and nothing goes stale.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, TextClause, func, select, text
from sqlalchemy.orm import Session

from comms.accounts import Account, Hold
from comms.promises.schema import Promise, PromisePart

Asked = TypeVar("Asked", bound=Select[*tuple[Any, ...]])

PER_PAGE = 50
HELD_BY_OTHERS = ("promise", "moratorium")
"""A promise's hold ends with the promise, a moratorium's with the season, for everybody at once."""


@dataclass(frozen=True)
class Agenda:
    """A list of the calendar: its address, its words, and the spans of days that it can be asked for."""

    slug: str
    title: str
    about: str
    empty: str
    spans: tuple[tuple[str, str], ...]

    def span(self, asked: str) -> str:
        """The span that is asked for; the first when that is none of ours."""
        return asked if asked in dict(self.spans) else self.spans[0][0]


DUE = Agenda(
    "promises-due", "Promises due today",
    "What customers promised to pay on a day. A payment file decides by itself what was kept.",
    "No promise falls due then.",
    (("today", "Today"), ("week", "The next 7 days"), ("grace", "In their days of grace")),
)  # fmt: skip
ENDING = Agenda(
    "holds-ending", "Holds ending",
    "Holds that end by themselves; collection goes on the day after. Extend one on the record of its account.",
    "No hold ends then.",
    (("week", "The next 7 days"), ("today", "Today"), ("month", "The next 30 days")),
)  # fmt: skip
_DAYS = {"today": 0, "week": 7, "month": 30}


@dataclass(frozen=True)
class Due:
    """A part of an open promise. Amounts are cents."""

    account: Account
    promise: Promise
    part: PromisePart

    @property
    def missing_cents(self) -> int:
        return max(0, self.part.amount_cents - self.part.allocated_cents)


@dataclass(frozen=True)
class Ending:
    """A hold with the day on which it ends."""

    account: Account
    hold: Hold


@dataclass(frozen=True)
class Figures:
    """How many there are today, and what they come to (cents; None where no money is asked)."""

    number: int
    cents: int | None


def due(session: Session, today: date, span: str, after: str, limit: int = PER_PAGE + 1) -> list[Due]:
    """Parts that fall due in a span, by their day; ``after`` is the ``key`` of the last one seen."""
    statement = (
        select(Account, Promise, PromisePart)
        .join(Promise, Promise.id == PromisePart.promise_id)
        .join(Account, Account.id == Promise.account_id)
        .where(*_due(today, span), Promise.status == "open")
    )
    rows = session.execute(_paged(statement, PromisePart.due_on, PromisePart.id, after, limit))
    return [Due(*row) for row in rows]


def ending(session: Session, today: date, span: str, after: str, limit: int = PER_PAGE + 1) -> list[Ending]:
    """Holds that end in a span, by their day."""
    statement = select(Account, Hold).join(Account, Account.id == Hold.account_id).where(*_ending(today, span))
    rows = session.execute(_paged(statement, Hold.ends_on, Hold.id, after, limit))
    return [Ending(*row) for row in rows]


def key(line: Due | Ending) -> str:
    """The cursor of a line."""
    day, row = (line.part.due_on, line.part.id) if isinstance(line, Due) else (line.hold.ends_on, line.hold.id)
    return f"{day}_{row}"


def every(session: Session, of: Agenda, today: date, span: str) -> Iterator[Due | Ending]:
    """Every line of a span, read page by page."""
    after = ""
    while True:
        read = due if of is DUE else ending
        page = read(session, today, span, after, 500)
        yield from page
        if len(page) < 500:
            return
        after = key(page[-1])
        session.expunge_all()


def promised_today(session: Session, today: date) -> Figures:
    """What is promised for today."""
    amount = func.coalesce(func.sum(PromisePart.amount_cents - PromisePart.allocated_cents), 0)
    asked = select(func.count(), amount).select_from(PromisePart).join(Promise, Promise.id == PromisePart.promise_id)
    number, cents = session.execute(asked.where(*_due(today, "today"), Promise.status == "open")).one()
    return Figures(number, int(cents))


def ending_soon(session: Session, today: date) -> Figures:
    """Holds that end within a week."""
    asked = select(func.count()).select_from(Hold).where(*_ending(today, "week"))
    return Figures(session.scalar(asked) or 0, None)


def _due(today: date, span: str) -> list[ColumnElement[bool] | TextClause]:
    waiting = text("promise_part.state IN ('waiting', 'pending_feed')")  # as in its index, word for word
    if span == "grace":
        return [waiting, PromisePart.due_on < today]
    return [waiting, PromisePart.due_on.between(today, today + timedelta(_DAYS[span]))]


def _ending(today: date, span: str) -> list[ColumnElement[bool]]:
    within = Hold.ends_on.between(today, today + timedelta(_DAYS[span]))
    return [within, Hold.released_at.is_(None), Hold.kind.not_in(HELD_BY_OTHERS)]


def _paged(statement: Asked, day: Any, row: Any, after: str, limit: int) -> Asked:
    """The page of a list that is ordered by a day and a number, after the line with the key ``after``."""
    last, _, number = after.partition("_")
    try:
        seen = (date.fromisoformat(last), int(number)) if number.isascii() and len(number) < 19 else None
    except ValueError:
        seen = None
    if seen is not None:
        statement = statement.where((day > seen[0]) | ((day == seen[0]) & (row > seen[1])))
    return statement.order_by(day, row).limit(limit)
