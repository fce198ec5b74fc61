"""Which part of an account's history is asked for: channel, what it is about, days, and words in it.

It stands in the address, so that a link leads to the same again: ``show``, ``about``, ``from``, ``to``, ``words``.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from comms.city import City
from comms.desk.frame import formats
from comms.history import Entry, timeline

FILTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "all": ("All", ()),
    "texts": ("Texts", ("sms",)),
    "email": ("Email", ("email",)),
    "letters": ("Letters", ("letter",)),
    "calls": ("Calls", ("phone", "counter", "door")),
    "notes": ("Notes", ("note",)),
}
"""What the page can be narrowed to: the word in the address, the label, the channels."""

ABOUT: dict[str, tuple[str, tuple[str, ...]]] = {
    "": ("Everything", ()),
    "customer": ("What the customer said", ("reply.received", "call.received", "visit.")),
    "office": ("What the office said", ("notice.queued", "call.made", "call.tried", "door_tag.")),
    "failed": ("What did not arrive", ("delivery.failed", "delivery.undelivered", "delivery.bounced",
                                       "delivery.returned", "delivery.refused", "delivery.unknown",
                                       "notice.suppressed")),
    "money": ("Payments", ("payment.",)),
    "promises": ("Promises and arrangements", ("promise.", "arrangement.")),
    "holds": ("Holds", ("hold.",)),
    "consent": ("Consent and addresses", ("consent.", "contact.")),
    "work": ("What staff did about it", ("task.", "note.", "reply.matched", "reply.corrected", "reply.labelled")),
}  # fmt: skip
"""What it is about: the word in the address, the label, and the kinds of events (``promise.``: all of that room)."""

LONGEST = 80
PIECE = 400
"""Events read at a time where words are looked for."""
FURTHEST = 4000
"""Events looked through for words before the page is shown; Earlier goes on from there."""


@dataclass(frozen=True)
class Narrow:
    """What is asked for; empty fields ask for everything. ``first`` and ``last`` are the city's days, both included."""

    show: str = "all"
    about: str = ""
    first: date | None = None
    last: date | None = None
    words: str = ""

    @classmethod
    def asked(cls, given: Mapping[str, str]) -> "Narrow":
        """What an address asks for; what makes no sense is left out."""
        show, about = given.get("show", "all"), given.get("about", "")
        return cls(
            show=show if show in FILTERS else "all",
            about=about if about in ABOUT else "",
            first=_day(given.get("from", "")),
            last=_day(given.get("to", "")),
            words=" ".join(given.get("words", "").replace("\0", "").split())[:LONGEST],
        )

    @property
    def closely(self) -> bool:
        """Whether more is asked for than a channel."""
        return self != Narrow(show=self.show)

    def fields(self) -> dict[str, str]:
        """What an address must hold to ask for the same again."""
        given = {
            "show": self.show if self.show != "all" else "",
            "about": self.about,
            "from": self.first.isoformat() if self.first else "",
            "to": self.last.isoformat() if self.last else "",
            "words": self.words,
        }
        return {name: value for name, value in given.items() if value}

    def on(self, show: str) -> "Narrow":
        """The same of another channel."""
        return replace(self, show=show)

    def link(self, path: str, **more: Any) -> str:
        """An address with this part of the history; ``more`` adds to it, empty values are left out."""
        given = {name: value for name, value in ({"show": self.show} | self.fields() | more).items() if value}
        return f"{path}?{urlencode(given)}" if given else path

    def said(self, today: date) -> str:
        """In words, for a page that is printed; empty for everything."""
        parts = [FILTERS[self.show][0].lower() if self.show != "all" else ""]
        parts.append(ABOUT[self.about][0].lower() if self.about else "")
        parts.append(f"from {formats.day(self.first, today)}" if self.first else "")
        parts.append(f"to {formats.day(self.last, today)}" if self.last else "")
        parts.append(f"with “{self.words}”" if self.words else "")
        return ", ".join(part for part in parts if part)


EVERYTHING = Narrow()


@dataclass(frozen=True)
class Found:
    """The events, oldest first; ``before``: the position before which the earlier ones are, None at the beginning."""

    entries: list[Entry]
    before: int | None


def find(
    session: Session, city: City, account_id: int, narrow: Narrow, *, before: int | None = None, limit: int
) -> Found:
    """The newest ``limit`` events before a position that are asked for."""
    since = _instant(city, narrow.first)
    until = _instant(city, narrow.last + timedelta(1) if narrow.last else None)
    wanted = plain(narrow.words).split()
    found: list[Entry] = []
    for _ in range(0, FURTHEST, PIECE):
        piece = timeline(
            session, account_id, channels=FILTERS[narrow.show][1], kinds=ABOUT[narrow.about][1], since=since,
            until=until, before=before, limit=PIECE if wanted else limit + 1,
        )  # fmt: skip
        found = [entry for entry in piece if _has(entry, wanted)] + found
        ended = len(piece) < (PIECE if wanted else limit + 1)
        before = piece[0].position if piece else None
        if len(found) > limit:
            return Found(found[-limit:], found[-limit].position)
        if ended or not wanted:
            return Found(found, None)
    return Found(found, before)


def plain(text: str) -> str:
    """For comparing: without accents and capitals."""
    if text.isascii():  # nearly all is, and thousands of messages are looked through
        return text.lower()
    return "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(char))


def _has(entry: Entry, wanted: list[str]) -> bool:
    """Whether each of the words is in what was said, in the subject, the address or the line of the event."""
    if not wanted:
        return True
    content = entry.content or {}
    parts = (entry.summary, *(content.get(name) for name in ("text", "subject", "to", "from", "name")))
    said = plain(" ".join(str(part) for part in parts if part))
    return all(word in said for word in wanted)


def _instant(city: City, day: date | None) -> datetime | None:
    return datetime.combine(day, time(), city.zone).astimezone(UTC) if day else None


def _day(given: str) -> date | None:
    """A day of an address; None for anything else, and for years nobody means."""
    try:
        found = date.fromisoformat(given.strip())
    except ValueError:
        return None
    return found if 2000 <= found.year <= 2200 else None
