"""Dates as people name them, from the day a message was received (R). Weeks run Monday to Sunday."""

from calendar import monthrange
from datetime import date, timedelta

MONDAY, FRIDAY, SATURDAY, SUNDAY = 0, 4, 5, 6


def coming(day: date, weekday: int) -> date:
    """The next such weekday strictly after ``day``."""
    return day + timedelta((weekday - day.weekday() - 1) % 7 + 1)


def of_next_week(day: date, weekday: int) -> date:
    """That weekday of the next Monday-to-Sunday week."""
    return day + timedelta(7 - day.weekday() + weekday)


def of_this_week(day: date, weekday: int) -> date:
    return day + timedelta(weekday - day.weekday())


def weekend(day: date) -> date:
    """The coming Saturday; on a Saturday or Sunday this weekend's Sunday."""
    if day.weekday() >= SATURDAY:
        return of_this_week(day, SUNDAY)
    return of_this_week(day, SATURDAY)


def business_days(day: date, count: int) -> date:
    """``count`` Mondays to Fridays after ``day``; holidays are not looked at."""
    while count:
        day += timedelta(1)
        count -= day.weekday() < SATURDAY
    return day


def day_of_month(after: date, number: int) -> date | None:
    """The next day with this number strictly after ``after``, in a month that has it."""
    if not 1 <= number <= 31:
        return None
    year, month = after.year, after.month
    while True:
        if number <= monthrange(year, month)[1] and date(year, month, number) > after:
            return date(year, month, number)
        year, month = following_month(year, month)


def day_of_year(on_or_after: date, month: int, number: int) -> date | None:
    """The next such month and day on or after a day."""
    for year in range(on_or_after.year, on_or_after.year + 9):
        if 1 <= month <= 12 and 1 <= number <= monthrange(year, month)[1]:
            found = date(year, month, number)
            if found >= on_or_after:
                return found
    return None


def following_month(year: int, month: int) -> tuple[int, int]:
    return (year + 1, 1) if month == 12 else (year, month + 1)


def month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def end_of_next_month(day: date) -> date:
    year, month = following_month(day.year, day.month)
    return month_end(date(year, month, 1))


def end_of_month(on_or_after: date, month: int) -> date:
    """The last day of the next such month that is not over yet."""
    year = on_or_after.year + (month < on_or_after.month)
    return month_end(date(year, month, 1))


def nth_weekday(day: date, nth: int, weekday: int, month: int | None) -> date | None:
    """The ``nth`` (-1: last) such weekday of the current or the named month, else of the next once it has passed."""
    year, number = day.year, month or day.month
    for _ in range(14):
        found = _nth_in(year, number, nth, weekday)
        if found is not None and found >= day:
            return found
        year, number = (year + 1, number) if month else following_month(year, number)
    return None


def _nth_in(year: int, month: int, nth: int, weekday: int) -> date | None:
    first, last = date(year, month, 1), date(year, month, monthrange(year, month)[1])
    if nth == -1:
        return last - timedelta((last.weekday() - weekday) % 7)
    found = first + timedelta((weekday - first.weekday()) % 7 + 7 * (nth - 1))
    return found if found.month == month else None


HOLIDAYS = {
    "thanksgiving": (11, 4, 3), "memorial": (5, -1, MONDAY), "labor": (9, 1, MONDAY), "mlk": (1, 3, MONDAY),
    "presidents": (2, 3, MONDAY), "mothers": (5, 2, SUNDAY), "fathers": (6, 3, SUNDAY), "columbus": (10, 2, MONDAY),
}  # fmt: skip
FIXED_HOLIDAYS = {
    "christmas eve": (12, 24), "christmas": (12, 25), "new years eve": (12, 31), "new years": (1, 1),
    "july fourth": (7, 4), "veterans": (11, 11), "halloween": (10, 31), "valentines": (2, 14), "juneteenth": (6, 19),
    "independence": (7, 4),
}  # fmt: skip


def holiday(on_or_after: date, name: str) -> date | None:
    """The next actual day of a holiday, on or after a day."""
    if name == "black friday":
        eve = holiday(on_or_after - timedelta(1), "thanksgiving")
        return eve + timedelta(1) if eve else None
    if name in FIXED_HOLIDAYS:
        return day_of_year(on_or_after, *FIXED_HOLIDAYS[name])
    month, nth, weekday = HOLIDAYS[name]
    for year in (on_or_after.year, on_or_after.year + 1):
        found = _nth_in(year, month, nth, weekday)
        if found is not None and found >= on_or_after:
            return found
    return None


def plus_month(day: date) -> date:
    year, month = following_month(day.year, day.month)
    return date(year, month, min(day.day, monthrange(year, month)[1]))
