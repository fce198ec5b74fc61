"""Until when a matter can be set aside: the choices that are offered, and a time that somebody chose."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from comms.city import City
from comms.desk.frame import formats
from comms.promises.schema import Promise, PromisePart

BACK_AT = time(8)
"""Matters come back when the working day begins."""
FOR_A_REPLY = timedelta(days=14)
"""The office's measure: what waits for a customer who never writes comes back after two weeks."""
FARTHEST = timedelta(days=366)


class SnoozeError(ValueError):
    """A time to which nothing can be set aside: a sentence and what to do."""


@dataclass(frozen=True)
class Until:
    """A choice: its word in a form, what the button says, and when the matter comes back. ``or_reply``: or as soon as
    the customer writes, which is what it waits for."""

    key: str
    label: str
    at: datetime
    or_reply: bool = False


def choices(session: Session, city: City, now: datetime, account_id: int | None) -> list[Until]:
    """What is offered for a matter of this account (None: for several matters)."""
    today = city.local_date(now)
    tomorrow = today + timedelta(1)
    business = city.next_business_day(today)
    week = city.business_day_from(today + timedelta(7 - today.weekday()))
    found = [Until("tomorrow", "Tomorrow, 8:00 AM", _morning(city, tomorrow))]
    if business not in (tomorrow, week):
        found.append(Until("business", f"{business:%A}, 8:00 AM", _morning(city, business)))
    if week != tomorrow:
        found.append(Until("week", f"{week:%A}, {formats.day(week, today)}, 8:00 AM", _morning(city, week)))
    promised = _promised_until(session, account_id) if account_id is not None else None
    if promised is not None and promised >= today:
        after = promised + timedelta(1)
        words = f"After the promise of {formats.day(promised, today)}: {formats.day(after, today)}, 8:00 AM"
        found.append(Until("promise", words, _morning(city, after)))
    if account_id is not None:
        latest = _morning(city, city.business_day_from(today + FOR_A_REPLY))
        words = f"Until the customer writes, at the latest {formats.day(city.local_date(latest), today)}"
        found.append(Until("reply", words, latest, or_reply=True))
    return found


def chosen(offered: list[Until], form: Mapping[str, str], city: City, now: datetime) -> Until:
    """What a form asks for: one of what was offered, or a day and a time. Raises ``SnoozeError``."""
    key = form.get("until", "")
    for each in offered:
        if each.key == key:
            return each
    if key != "on":
        raise SnoozeError("Choose until when.")
    at = _instant(form.get("on", ""), form.get("at", ""), city)
    if at <= now:
        raise SnoozeError("That time has passed. Choose one that is still to come.")
    if at > now + FARTHEST:
        raise SnoozeError("That is more than a year away. Choose a nearer day.")
    return Until("on", "", at)


def _instant(day: str, clock: str, city: City) -> datetime:
    try:
        on = date.fromisoformat(day)
    except ValueError:
        raise SnoozeError("Choose the day, month, day and year.") from None
    try:
        at = time.fromisoformat(clock) if clock else BACK_AT
    except ValueError:
        raise SnoozeError("Write the time as 8:00 AM, or leave it empty for the morning.") from None
    return datetime.combine(on, at.replace(tzinfo=None), city.zone)


def _morning(city: City, day: date) -> datetime:
    return datetime.combine(day, BACK_AT, city.zone)


def _promised_until(session: Session, account_id: int) -> date | None:
    """The day by which the next part of an open promise must be paid, its days of grace included."""
    return session.scalar(
        select(func.min(PromisePart.deadline_on))
        .join(Promise, Promise.id == PromisePart.promise_id)
        .where(Promise.account_id == account_id, Promise.status == "open", PromisePart.state == "waiting")
    )
