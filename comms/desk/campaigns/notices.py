"""What the pages of notices show: each channel and language with invented data, and what the checks say.

Setting and drawing a letter takes a third of a second, checking a notice as long: both are remembered by the notice's
version, which is the digest of its words.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jinja2

from comms.city import LANGUAGES, City, Language
from comms.desk.frame import pictures
from comms.desk.frame.remembering import Remembered
from comms.notices import (
    EmailContent,
    FieldError,
    LetterContent,
    Notice,
    NoticeError,
    Renderer,
    SmsText,
    TemplateError,
    letter_page,
    sample_fields,
)
from comms.notices.checking import Finding, check_one
from comms.notices.formats import FormatError
from comms.notices.letters import LetterError, typeset_one

CANNOT = (TemplateError, FieldError, FormatError, NoticeError, LetterError, jinja2.TemplateError, TypeError)
"""What a notice whose words are wrong raises."""
LONG = timedelta(days=7)
_FINDINGS: Remembered[list[Finding]] = Remembered(200, LONG)
_LETTERS: Remembered[bytes] = Remembered(100, LONG)
_PICTURES: Remembered[tuple[bytes, ...]] = Remembered(100, LONG)
_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Shown:
    """One channel of a notice in one language; ``problem`` says why it cannot be written."""

    language: Language
    sms: SmsText | None = None
    email: EmailContent | None = None
    letter: LetterContent | None = None
    problem: str = ""


def shown(renderer: Renderer, notice: Notice, channel: str, language: Language, worst: bool) -> Shown:
    """A message with the sample account, or with the longest data there could be."""
    fields = sample_fields(renderer.city, worst=worst)
    try:
        if channel == "sms":
            return Shown(language, sms=renderer.sms(notice.name, language, fields))
        if channel == "email":
            return Shown(language, email=renderer.email(notice.name, language, fields))
        return Shown(language, letter=renderer.letter(notice.name, language, fields))
    except CANNOT as error:
        return Shown(language, problem=str(error))


def findings(renderer: Renderer, notice: Notice, now: datetime) -> list[Finding]:
    """What the checks of a notice find."""
    asked = (renderer.city.slug, notice.version)
    return _FINDINGS.get(asked, now, lambda: check_one(renderer, renderer.city, notice))


def pdf(renderer: Renderer, notice: Notice, language: Language, worst: bool, now: datetime) -> bytes:
    """The letter as it would be printed. Raises what ``CANNOT`` names."""
    city = renderer.city

    def setting() -> bytes:
        fields = sample_fields(city, worst=worst)
        content = renderer.letter(notice.name, language, fields)
        return typeset_one(letter_page(content, [fields.name, fields.service_address, _town(city)]), _NOON, city)

    return _LETTERS.get((city.slug, notice.version, language, worst), now, setting)


def drawn(renderer: Renderer, notice: Notice, language: Language, worst: bool, now: datetime) -> tuple[bytes, ...]:
    """The pages of the letter as pictures. Raises what ``CANNOT`` names."""
    asked = (renderer.city.slug, notice.version, language, worst)
    return _PICTURES.get(asked, now, lambda: pictures.pages(pdf(renderer, notice, language, worst, now)))


def language_of(code: str) -> Language | None:
    """A language that notices are written in; None for any other word."""
    return next((language for language in LANGUAGES if language == code), None)


def lines(sources: Mapping[str, Any]) -> dict[str, list[str]]:
    """The words of a version as they were kept, by ``en/sms`` and the like: the lines at the head, then the text."""
    return {place: _lines(one["front"], one["body"]) for place, one in sources.items()}


def lines_now(notice: Notice) -> dict[str, list[str]]:
    """The same of the words that a notice has now."""
    found = sorted(notice.sources.items())
    return {f"{language}/{channel}": _lines(one.front, one.body) for (channel, language), one in found}


def _lines(front: Mapping[str, str], body: str) -> list[str]:
    return [*(f"{key}: {value}" for key, value in front.items()), *body.splitlines()]


def _town(city: City) -> str:
    return f"{city.office.city} {city.office.state} {city.office.zip}"
