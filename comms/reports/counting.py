"""Keeping the figures: which days are to be counted anew, and counting them.

1. The history says which messages something happened to since the last time: the days they were written on are stale,
   and stay so until they are counted, whatever dies in between.
2. Replies are few: the last days are counted each time. Today's aging is, once an hour.
3. Once a day, after the night's run, the last weeks are counted anew: what customers did since, cures, answers.

Counting is reading; what is written is a few rows a day, each day in a transaction of its own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, delete, false, func, select, update
from sqlalchemy.orm import Session

from comms.city import City
from comms.clock import Clock
from comms.db import Database, upsert
from comms.history.schema import ContactEvent
from comms.outbox import Message
from comms.replies.schema import InboundMessage

from . import tallies
from .schema import ReportDay, ReportFigure, ReportMark
from .tallies import Day, Key, hour_of, local_day

RECOUNTED = 62
"""Days: a letter comes back within weeks, an answer is counted for seven days and a cure for thirty."""
REPLIES_RECOUNTED = 8
NIGHT_IS_OVER = timedelta(hours=6)
"""After midnight: by then the night's run has closed the episodes of those who paid."""
LATE = 2_000
"""Events: how far ahead of a transaction that is still under way others may have come."""

_OF_MESSAGES = ("notice", "left", "lost", "response", "step", "cured")


@dataclass(frozen=True)
class Counted:
    """How many days were counted, and how many are left for the next round."""

    days: int
    left: int


@dataclass(frozen=True)
class _Span:
    first_id: int
    last_id: int

    def with_(self, other: "_Span | None") -> "_Span":
        if other is None:
            return self
        return _Span(min(self.first_id, other.first_id), max(self.last_id, other.last_id))


def counted_at(session: Session) -> datetime | None:
    """When the figures were last brought up to date; None before the first time."""
    return session.scalar(select(ReportMark.counted_at))


def uncounted(session: Session, first: date, last: date) -> int:
    """How many days between two still have to be counted, or counted anew."""
    stale = select(func.count()).where(ReportDay.stale, ReportDay.on >= first, ReportDay.on <= last)
    return session.scalar(stale) or 0


def count(
    database: Database, city: City, clock: Clock, *, anew: bool = False, enough: Callable[[], bool] = lambda: False
) -> Counted:
    """Bring the figures up to date, the newest day first; ``anew``: all of them. When ``enough`` says so it stops
    between two days, and the next round goes on with the days before."""
    now = clock.now()
    today, working_day = city.local_date(now), city.local_date(now - NIGHT_IS_OVER)
    with database.read() as session:
        mark = None if anew else session.get(ReportMark, 1)
        newest = session.scalar(select(func.max(ContactEvent.id))) or 0
        daily = mark is None or mark.recounted_on != working_day
        dirty = _dirty(session, city.zone, today, mark, newest, daily=daily)
        replies: list[date] = []
        if daily or mark is None or mark.event_id != newest:
            replies = _reply_days(session, city.zone, today, everything=mark is None, daily=daily)
    database.run(lambda session: _mark(session, dirty, event_id=newest, recounted_on=working_day, counted_at=now))
    for on in replies:
        _count_replies(database, Day(on, city.zone))
    if daily or mark is None or _another_hour(mark.counted_at, now):
        _count_aging(database, Day(today, city.zone))
    with database.read() as session:
        stale = session.scalars(select(ReportDay).where(ReportDay.stale).order_by(ReportDay.on.desc())).all()
    for done, row in enumerate(stale):
        if enough():
            return Counted(done, len(stale) - done)
        _count_messages(database, Day(row.on, city.zone, row.first_id, row.last_id))
    return Counted(len(stale), 0)


def _mark(session: Session, dirty: Mapping[date, _Span], **mark: Any) -> None:
    """Write down which days are to be counted, together with how far the history was looked through for them."""
    days = [
        {"on": on, "first_id": span.first_id, "last_id": span.last_id, "stale": True}
        for on, span in sorted(dirty.items())
    ]
    upsert(session, ReportDay, days, key=["on"], update=["first_id", "last_id", "stale"])
    upsert(session, ReportMark, [mark | {"id": 1}], key=["id"], update=list(mark))


def _another_hour(before: datetime, now: datetime) -> bool:
    return before.replace(minute=0, second=0, microsecond=0) != now.replace(minute=0, second=0, microsecond=0)


def _dirty(
    session: Session, zone: ZoneInfo, today: date, mark: ReportMark | None, newest: int, *, daily: bool
) -> dict[date, _Span]:
    """The days to count anew, each with the ids of its messages."""
    known = {
        row.on: _Span(row.first_id, row.last_id)
        for row in session.scalars(select(ReportDay) if mark is not None else select(ReportDay).where(false()))
    }
    hour = hour_of(session, Message.created_at)
    spans = select(hour, func.min(Message.id), func.max(Message.id)).group_by(hour)
    if mark is None:
        return _by_day(session, spans, zone)
    last = max((span.last_id for span in known.values()), default=0)
    happened = (
        select(ContactEvent.subject_id)
        .where(
            ContactEvent.id > mark.event_id - LATE, ContactEvent.id <= newest, ContactEvent.subject_type == "message"
        )
        .distinct()
    )
    dirty = _by_day(session, spans.where(Message.id > last), zone)
    if mark.event_id != newest:
        for on, span in _by_day(session, spans.where(Message.id.in_(happened)), zone).items():
            dirty[on] = span.with_(dirty.get(on))
    if daily:
        dirty |= {on: span.with_(dirty.get(on)) for on, span in known.items() if on > today - timedelta(RECOUNTED)}
    return {on: span.with_(known.get(on)) for on, span in dirty.items()}


def _by_day(session: Session, statement: Select[Any], zone: ZoneInfo) -> dict[date, _Span]:
    found: dict[date, _Span] = {}
    for hour, first, last in session.execute(statement):
        on = local_day(hour, zone)
        assert on is not None
        found[on] = _Span(first, last).with_(found.get(on))
    return found


def _reply_days(session: Session, zone: ZoneInfo, today: date, *, everything: bool, daily: bool) -> list[date]:
    back = RECOUNTED if daily else REPLIES_RECOUNTED
    first = today - timedelta(back - 1)
    if everything:
        oldest = session.scalar(select(func.min(InboundMessage.received_at)))
        first = min(first, oldest.astimezone(zone).date()) if oldest else first
    newest = session.scalar(select(func.max(InboundMessage.received_at)))
    last = max(today, newest.astimezone(zone).date()) if newest else today
    return [first + timedelta(n) for n in range((last - first).days + 1)]


def _count_messages(database: Database, day: Day) -> None:
    with database.read() as session:
        found = dict(tallies.of_messages(session, day))

    def keep(session: Session) -> None:
        _put(session, day.on, _OF_MESSAGES, found)
        as_read = (ReportDay.first_id == day.first_id) & (ReportDay.last_id == day.last_id)
        session.execute(update(ReportDay).where(ReportDay.on == day.on, as_read).values(stale=False))

    database.run(keep)


def _count_replies(database: Database, day: Day) -> None:
    with database.read() as session:
        found = tallies.replies(session, day)
    database.run(lambda session: _put(session, day.on, ("reply",), found))


def _count_aging(database: Database, day: Day) -> None:
    with database.read() as session:
        since = day.on - timedelta(tallies.CONTACTS_OF)
        first = session.scalar(select(func.min(ReportDay.first_id)).where(ReportDay.on >= since)) or 0
        found = tallies.aging(session, day, first)
    database.run(lambda session: _put(session, day.on, ("aging",), found))


def _put(session: Session, on: date, figures: Sequence[str], found: Mapping[Key, tuple[int, int]]) -> None:
    """Replace what is known of a day. Two who count the same day at once take turns."""
    session.execute(delete(ReportFigure).where(ReportFigure.on == on, ReportFigure.figure.in_(figures)))
    rows = [
        {"figure": figure, "on": on, "policy": policy, "channel": channel, "key": key, "count": count, "total": total}
        for (figure, policy, channel, key), (count, total) in sorted(found.items())
    ]
    upsert(session, ReportFigure, rows, key=["figure", "on", "policy", "channel", "key"], update=["count", "total"])
