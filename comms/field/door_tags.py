"""Door tags: what is left at a customer's door before, or when, service is turned off. Two pages a tag.

The words stand in ``templates/letterhead/door_tag.toml``, the layout beside it. Customer data goes to Typst as JSON
values only. Everything is compiled to PDF/A-2b: there a character that no font has is an error and not an empty box.
"""

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from threading import Lock
from typing import Any

import typst

from comms.city import LANGUAGES, City, Language
from comms.notices.fields import clean, in_cold_season
from comms.notices.formats import last4, money, phone, weekday_date
from comms.notices.letters import font_folder
from comms.settings import ROOT

FOLDER = ROOT / "templates" / "letterhead"
TEMPLATE, WORDS = FOLDER / "door_tag.typ", FOLDER / "door_tag.toml"
CHUNK = 100
"""Tags in one file, so that memory does not grow with the list."""


@dataclass(frozen=True)
class DoorTag:
    """One tag. ``services`` are the city's keys; ``day`` is the first on which service may be turned off."""

    order: str
    name: str
    address: str
    account_number: str
    language: Language
    services: tuple[str, ...]
    amount_cents: int
    day: date


@dataclass(frozen=True)
class TagsSet:
    """PDFs of so many tags each, in their order, and why a tag could not be set, by order number."""

    pdfs: tuple[bytes, ...]
    refused: Mapping[str, str]


def set_tags(city: City, tags: Sequence[DoorTag], timestamp: datetime) -> TagsSet:
    """Set the tags, in their order. A name that no font can print becomes "Resident"; an address like that is refused,
    for the tag could not be delivered. The same tags and ``timestamp`` (aware) give the same bytes."""
    printable, refused = [], {}
    for tag in tags:
        found, why = _printable(city, tag, timestamp) if not _plain(tag) else (tag, None)
        if found is None:
            refused[tag.order] = why or ""
        else:
            printable.append(found)
    pdfs = tuple(_compile(city, printable[i : i + CHUNK], timestamp) for i in range(0, len(printable), CHUNK))
    return TagsSet(pdfs, refused)


def _plain(tag: DoorTag) -> bool:
    """Letters that every font has: no need to try."""
    return all(" " <= char <= "ÿ" and not "\x7f" <= char <= "\x9f" for char in clean(tag.name) + clean(tag.address))


def _printable(city: City, tag: DoorTag, timestamp: datetime) -> tuple[DoorTag | None, str | None]:
    for attempt in (tag, replace(tag, name="")):
        try:
            _compile(city, [attempt], timestamp)
        except typst.TypstError:
            continue
        return attempt, None
    return None, (
        f"The door tag cannot be printed: the service address {clean(tag.address)!r} holds characters of no "
        "font. Mend it in the billing system."
    )


def _compile(city: City, tags: Sequence[DoorTag], timestamp: datetime) -> bytes:
    printed = [_printed(city, tag) for tag in tags]
    sides = sorted((side for one in printed for side in one["sides"]), key=lambda side: len(side["facts"][-1][1]))
    data = {
        "title": "Door tags",
        "sender": city.utility_name,
        "colour": city.letterhead.colour,
        "logo": city.logo.read_text("utf-8"),
        "contacts": _contacts(city),
        "tags": printed,
        "longest": list({side["language"]: side for side in sides}.values()),
    }
    files: Any = {"main.typ": TEMPLATE.read_bytes(), "data.json": json.dumps(data, ensure_ascii=False).encode()}
    with _ONE_AT_A_TIME:
        pdf = _compiler().compile(
            input=files, format="pdf", pdf_standards="a-2b", timestamp=int(timestamp.timestamp())
        )  # fmt: skip
    assert isinstance(pdf, bytes)
    return pdf


def _contacts(city: City) -> list[dict[str, Any]]:
    """Whom to call, for the back of the tag: the office, then the emergency numbers, in both languages."""
    office = {
        "label": [f"{_words()[one]['office']}, {city.hours.of(one)}" for one in LANGUAGES],
        "phone": phone(city.phone),
    }
    others = [
        {"label": [each.label.of(language) for language in LANGUAGES], "phone": phone(each.phone)}
        for each in city.emergencies
    ]
    return [office, *others]


def _printed(city: City, tag: DoorTag) -> dict[str, Any]:
    order: tuple[Language, Language] = ("en", "es") if tag.language == "en" else ("es", "en")
    name = _breakable(tag.name) or " / ".join(_words()[language]["resident"] for language in order)
    return {
        "order": tag.order,
        "name": name,
        "name_size": 14 if len(name) <= 40 else 11,
        "address": _breakable(tag.address),
        "for": " / ".join(_words()[language]["for"] for language in order),
        "outside": [[_words()[language]["outside"], _words()[language]["open"]] for language in order],
        "sides": [_side(city, tag, language) for language in order],
    }


def _side(city: City, tag: DoorTag, language: Language) -> dict[str, Any]:
    words = _words()[language]
    put = _values(city, tag, language)
    winter = city.state == "MN" and in_cold_season(tag.day)
    cases = [*words["cases"], *(words["minnesota"] if city.state == "MN" else [])]
    return {
        "language": language,
        "facts": [
            [words["amount"], money(tag.amount_cents)],
            [words["account"], last4(tag.account_number)],
            [words["address"], _breakable(tag.address)],
        ],
        "programs": [
            _pieces("*{name}, {phone}:* {what}", {
                "name": one.name, "phone": phone(one.phone), "what": one.what.of(language),
            })
            for one in city.assistance[:3]
        ],
        "lead": _pieces(words["lead"], put),
        "ways": [_pieces(one, put) for one in words["ways"]],
        "cases": [_pieces(one, put) for one in cases],
        "winter": _pieces(words["winter"], put) if winter else None,
        "turned_off": _pieces(words["turned_off"], put),
        **{key: words[key] for key in ("greeting", "keep", "tell", "help", "left", "by", "other")},
    }  # fmt: skip


def _values(city: City, tag: DoorTag, language: Language) -> dict[str, str]:
    labels = [city.service_labels[key].of(language).lower() for key in tag.services if key in city.service_labels]
    word = " and " if language == "en" else " y "
    return {
        "services": word.join([", ".join(labels[:-1]), labels[-1]]) if len(labels) > 1 else "".join(labels),
        "day": weekday_date(tag.day, language) if language == "en" else _on(tag.day),
        "amount": money(tag.amount_cents),
        "pay_url": city.pay_url.removeprefix("https://"),
        "pay_phone": phone(city.pay_phone),
        "phone": phone(city.phone),
        "office": f"{city.office.line1}, {city.office.city}",
        "hours": city.hours.of(language),
        "dispute_phone": phone(city.dispute.phone),
        "dispute_who": city.dispute.who.of(language),
    }


def _on(day: date) -> str:
    """A day after "a partir del": ``jueves 3 de diciembre de 2026``."""
    return weekday_date(day, "es").replace(",", "", 1)


_FIELD = re.compile(r"\{([a-z_]+)\}")
WHOLE = frozenset({"amount", "pay_url", "pay_phone", "phone", "dispute_phone"})
"""Values that are not broken over two lines."""


def _pieces(words: str, values: Mapping[str, str]) -> list[dict[str, Any]]:
    """A sentence cut at its stars and its fields, so that no value can set anything in bold."""
    pieces = []
    for i, part in enumerate(words.split("*")):
        for j, text in enumerate(_FIELD.split(part)):
            found = values[text] if j % 2 else text
            if found:
                pieces.append({"text": found, "bold": i % 2 == 1, "whole": j % 2 == 1 and text in WHOLE})
    return pieces


MOST = 140
"""Characters of a name or an address that a tag has room for; the order's number tells the rest."""
_LONG_WORD = re.compile(r"(\S{22})(?=\S)")


def _breakable(text: str) -> str:
    """Clean words, not too many; one too long for the tag's width may be broken (at a zero-width space, U+200B)."""
    words = clean(text)
    return _LONG_WORD.sub("\\1\u200b", words if len(words) <= MOST else f"{words[:MOST]}…")


@cache
def _words() -> dict[Language, dict[str, Any]]:
    read: dict[Language, dict[str, Any]] = tomllib.loads(WORDS.read_text("utf-8"))  # type: ignore[assignment]
    return read


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(TEMPLATE, root=FOLDER, font_paths=[font_folder()], ignore_system_fonts=True)


_ONE_AT_A_TIME = Lock()
"""A compiler holds the files of one compilation."""
