"""Money, dates, phone numbers and plurals as people write them, in English and Spanish.

Spanish as written to customers in the United States: dollars as in English, dates day first, months in lower case.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from comms.city import City, Language
from comms.money import dollars
from comms.notices.fields import Installment

_MONTHS: dict[Language, tuple[str, ...]] = {
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    "es": (
        "enero", "febrero", "marzo", "abril", "mayo", "junio",
        "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
    ),
}  # fmt: skip
_DAYS: dict[Language, tuple[str, ...]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
}
_OTHER: dict[Language, str] = {"en": "Other charges", "es": "Otros cargos"}


_DIGIT = re.compile("[0-9]")


class FormatError(ValueError):
    """A value that a filter cannot write."""


def money(cents: int) -> str:
    """Cents as dollars: ``$1,234.50``; a credit is ``-$5.00``."""
    if not isinstance(cents, int) or isinstance(cents, bool):
        raise FormatError(f"money wants whole cents, got {cents!r}")
    return dollars(cents)


@lru_cache(maxsize=8192)
def long_date(day: date, language: Language) -> str:
    """``November 27, 2026``; ``27 de noviembre de 2026``."""
    if not isinstance(day, date):
        raise FormatError(f"a date filter wants a date, got {day!r}")
    month = _MONTHS[language][day.month - 1]
    return f"{month} {day.day}, {day.year}" if language == "en" else f"{day.day} de {month} de {day.year}"


@lru_cache(maxsize=8192)
def weekday_date(day: date, language: Language) -> str:
    """``Friday, November 27, 2026``; ``viernes, 27 de noviembre de 2026``."""
    return f"{_DAYS[language][day.weekday()]}, {long_date(day, language)}"


@lru_cache(maxsize=8192)
def short_date(day: date, language: Language) -> str:
    """For text messages: ``Fri Nov 27``; ``vie 27 nov``."""
    if not isinstance(day, date):
        raise FormatError(f"a date filter wants a date, got {day!r}")
    weekday, month = _DAYS[language][day.weekday()][:3], _MONTHS[language][day.month - 1][:3]
    return f"{weekday} {month} {day.day}" if language == "en" else f"{weekday} {day.day} {month}"


@lru_cache(maxsize=8192)
def phone(number: str) -> str:
    """``+12185550140`` as ``218-555-0140``; short numbers such as 911 as they are."""
    digits = number.removeprefix("+1")
    return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}" if len(digits) == 10 and digits.isdigit() else number


def last4(account_number: str) -> str:
    """The last four digits: enough to recognise one's account, too few to misuse it."""
    return "".join(_DIGIT.findall(account_number))[-4:]


def plural(count: int, one: str, many: str) -> str:
    """``1 day``, ``31 days``: the count with the word that goes with it."""
    return f"{count:,} {one if count == 1 else many}"


def _joined(items: Sequence[str], language: Language) -> str:
    word = "and" if language == "en" else "y"
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {word} {items[-1]}"


def installments(parts: Sequence[Installment], language: Language) -> str:
    """``$50.00 by Fri Nov 27 and $50.00 by Fri Dec 4``; ``$50.00 para el vie 27 nov``."""
    by = "by" if language == "en" else "para el"
    return _joined([f"{money(part.cents)} {by} {short_date(part.due_date, language)}" for part in parts], language)


def filters(city: City, language: Language) -> dict[str, Callable[..., Any]]:
    """The filters that templates may use, for one language."""

    def service(key: str) -> str:
        if key == "other":
            return _OTHER[language]
        if words := city.service_labels.get(key):
            return words.of(language)
        known = ", ".join(city.service_labels)
        raise FormatError(f"{city.name} has no service {key!r}; services: {known}, other")

    @lru_cache(maxsize=64)  # one message checks its own link several times
    def link(url: str) -> str:
        if not city.may_link_to(url) and not url.startswith(("mailto:", "tel:")):
            raise FormatError(f"the link {url!r} is off the city's domains ({', '.join(city.link_domains)})")
        return url

    return {
        "money": money,
        "date": lambda day: long_date(day, language),
        "weekday_date": lambda day: weekday_date(day, language),
        "short_date": lambda day: short_date(day, language),
        "phone": phone,
        "last4": last4,
        "plural": plural,
        "service": service,
        "installments": lambda parts: installments(parts, language),
        "link": link,
        "sum_cents": lambda parts: sum(part.cents for part in parts),
    }
