"""Until when a promised amount is on time, and when the office decides about it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from comms.city import City


@dataclass(frozen=True)
class Deadline:
    on_time_until: date
    """The due date, or the next business day when the office is closed then."""
    on: date
    """The due date plus grace (calendar days), or the next business day."""
    at: datetime
    """The end of that day in the city, as an instant in UTC."""


def deadline(city: City, due_on: date, grace_days: int) -> Deadline:
    """The deadline of a part due on ``due_on``."""
    on = city.business_day_from(due_on + timedelta(grace_days))
    end = datetime.combine(on, time(23, 59, 59), city.zone)
    return Deadline(city.business_day_from(due_on), on, end.astimezone(UTC))
