"""Looking ahead for one account: what becomes due until a day to come, if nothing is paid, promised or objected to."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from comms.city import City

from .engine import judge
from .night import Contacts, Night, Outcome, Position, Subject
from .walking import MAILED_AFTER, Course

FARTHEST = timedelta(days=366)
DAY = timedelta(1)


@dataclass(frozen=True)
class Ahead:
    """Where the account will stand, whom we will have written to, and what will have been done, day by day."""

    position: Position
    contacts: Contacts
    done: tuple[tuple[date, Outcome], ...]


def same_time(city: City, now: datetime, day: date) -> datetime:
    """The local time of day of ``now``, on another day."""
    return datetime.combine(day, now.astimezone(city.zone).time(), city.zone).astimezone(now.tzinfo)


def look_ahead(
    nights: Callable[[date], Night], subject: Subject, position: Position, contacts: Contacts, first: date, last: date
) -> Ahead:
    """Every night from ``first`` to the one before ``last``. ``contacts`` gains what becomes due. Holds end on their
    days; the weather stays as it is."""
    course = Course(position)
    done: list[tuple[date, Outcome]] = []
    day = first
    _assume_arrivals(course, nights(first))
    while day < min(last, first + FARTHEST):
        night = nights(day)
        course.settle(day, night)
        outcome = judge(night, on_that_day(subject, night), course.position, contacts)
        policy = night.frozen.get((outcome.policy or "", outcome.version or 0))
        if policy is not None:
            course.take(night, policy, outcome)
        if outcome.kind in ("contact", "action") or outcome.closes:
            done.append((day, outcome))
        for number, send in enumerate(outcome.sends):
            to = subject.facts.addresses.get(send.channel)
            contacts.add(subject.household, subject.customer_number, to, night.now, ("ahead", day, number))
        day += DAY
    course.settle(last, nights(last))
    return Ahead(course.position, contacts, tuple(done))


def on_that_day(subject: Subject, night: Night) -> Subject:
    """The account without the holds that have ended by then."""
    holds = [hold for hold in subject.facts.holds if hold.ends_on is None or hold.ends_on >= night.today]
    weather = subject.facts.weather
    if weather is not None and weather.issued_at is not None:
        weather = replace(weather, issued_at=night.now)
    return replace(subject, facts=replace(subject.facts, holds=holds, weather=weather))


def _assume_arrivals(course: Course, night: Night) -> None:
    """What is under way today arrives; an act outside stays open."""
    position = course.position
    policy = night.frozen.get((position.policy or "", position.version or 0))
    for one in position.taken:
        send = policy.named(one.step, position.arm).send if policy is not None else None
        if one.standing == "pending" and send is not None:
            posted = night.business_days_after(night.today, MAILED_AFTER)
            on = posted if "letter" in send.all_of else night.today
            course.arriving[one.step, one.occurrence] = same_time(night.city, night.now, on)
