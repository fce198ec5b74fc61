"""How the pages write money, dates, times and phone numbers. Times are the city's; staff pages are in English."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from comms.money import dollars


def money(cents: int) -> str:
    """``$1,234.50``; a credit is ``-$5.00``."""
    return dollars(cents)


def day(value: date, today: date) -> str:
    """``Nov 7``, with the year when it is another one: ``Nov 7, 2025``."""
    text = f"{value:%b} {value.day}"
    return text if value.year == today.year else f"{text}, {value.year}"


def day_heading(value: date, today: date) -> str:
    """What stands between two days of the history: ``Today``, ``Yesterday``, ``Mon, Nov 17``."""
    if value == today:
        return "Today"
    if value == today - timedelta(1):
        return "Yesterday"
    return f"{value:%a}, {day(value, today)}"


def whole_day(value: date) -> str:
    """``Monday, November 23, 2026``: for paper, which is read on another day."""
    return f"{value:%A, %B} {value.day}, {value.year}"


def clock_time(at: datetime, zone: ZoneInfo) -> str:
    """``8:06 AM``."""
    local = at.astimezone(zone)
    return f"{local.hour % 12 or 12}:{local:%M %p}"


def full_time(at: datetime, zone: ZoneInfo) -> str:
    """``Mon, Nov 23, 2026, 8:06:12 AM CST``: what a pointer over a time shows."""
    local = at.astimezone(zone)
    return f"{local:%a, %b} {local.day}, {local.year}, {local.hour % 12 or 12}:{local:%M:%S %p %Z}"


def moment(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """``8:06 AM`` today, else with its day: ``Nov 20, 8:06 AM``."""
    local, today = at.astimezone(zone).date(), now.astimezone(zone).date()
    time = clock_time(at, zone)
    return time if local == today else f"{day(local, today)}, {time}"


def opening(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """A time to come, for a button: ``8:00 AM``, ``8:00 AM tomorrow``, ``8:00 AM on Nov 25``."""
    local, today = at.astimezone(zone).date(), now.astimezone(zone).date()
    time = clock_time(at, zone)
    if local == today:
        return time
    return f"{time} tomorrow" if local == today + timedelta(1) else f"{time} on {day(local, today)}"


def span(length: timedelta) -> str:
    """How long something has waited: ``just now``, ``14 min``, ``2 h 14 min``, ``3 days``."""
    minutes = max(0, int(length.total_seconds() // 60))
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    days = hours // 24
    return f"{days} day" if days == 1 else f"{days} days"


def phone(number: str) -> str:
    """``+12185550140`` as ``(218) 555-0140``; anything else as it is."""
    digits = number.removeprefix("+1")
    ten = number.startswith("+1") and len(digits) == 10 and digits.isdigit()
    return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}" if ten else number


def address_of(sender: str) -> str:
    """A phone number or an email address as people write it."""
    return phone(sender) if sender.startswith("+") else sender


_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"),
             ("Chrome/", "Chrome"), ("Safari/", "Safari"))  # fmt: skip
_MACHINES = (("Windows", "Windows"), ("Android", "Android"), ("iPhone", "an iPhone"), ("iPad", "an iPad"),
             ("CrOS", "a Chromebook"), ("Mac OS X", "a Mac"), ("Linux", "Linux"))  # fmt: skip


def browser(user_agent: str) -> str:
    """``Firefox on Windows``: what a browser calls itself, as people know it."""
    name = next((word for mark, word in _BROWSERS if mark in user_agent), "A browser")
    machine = next((word for mark, word in _MACHINES if mark in user_agent), "")
    return f"{name} on {machine}" if machine else name


def count(number: int, one: str, many: str) -> str:
    """``1 segment``, ``2 segments``."""
    return f"{number:,} {one if number == 1 else many}"
