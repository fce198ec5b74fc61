"""Who else has a record open, and who is writing there: so that two clerks do not answer one customer.

A page that is open says so every few seconds; one that was closed is forgotten soon after.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from comms.db import upsert
from comms.desk.schema import Presence, User

EVERY = 15
"""Seconds between two signs of life of a page."""
GONE_AFTER = timedelta(seconds=3 * EVERY)
"""Without a sign for so long, nobody looks any more (two may be lost on the way)."""
STOPPED_AFTER = timedelta(seconds=2 * EVERY)
"""Without a keystroke for so long, nobody writes any more."""
KEPT = timedelta(hours=1)


@dataclass(frozen=True)
class Other:
    """Somebody else at this record."""

    name: str
    writes: bool


def here(session: Session, account_id: int, username: str, now: datetime, *, writes: bool) -> None:
    """Note that somebody has the record open, and whether there was a keystroke since the last time."""
    row = {"account_id": account_id, "username": username, "seen_at": now, "typed_at": now if writes else None}
    changed = ("seen_at", "typed_at") if writes else ("seen_at",)
    upsert(session, Presence, [row], key=["account_id", "username"], update=changed)


def clear(session: Session, now: datetime) -> None:
    """Forget what is long past, on every record: the table never holds more than the last hour."""
    session.execute(delete(Presence).where(Presence.seen_at < now - KEPT).execution_options(synchronize_session=False))


def others(session: Session, account_id: int, username: str, now: datetime) -> list[Other]:
    """Who else is there now, those who write first."""
    found = session.execute(
        select(User.name, Presence.typed_at)
        .join(User, User.username == Presence.username)
        .where(Presence.account_id == account_id, Presence.username != username)
        .where(Presence.seen_at > now - GONE_AFTER)
        .order_by(User.name)
    )
    people = [Other(name, typed is not None and typed > now - STOPPED_AFTER) for name, typed in found]
    return sorted(people, key=lambda one: not one.writes)


def shown(session: Session, account_id: int, username: str, now: datetime) -> dict[str, Any]:
    """What the page shows of the others: ``people``, the sentence about them (``said``), and its mark."""
    people = others(session, account_id, username, now)
    return {"people": people, "said": said(people), "mark": mark(said(people))}


def mark(sentence: str) -> str:
    """A short mark of what was said, by which the page asks for news only."""
    return f"{crc32(sentence.encode()):08x}"


def said(people: list[Other]) -> str:
    """``R. Osei is writing to this customer. Ada Min has this record open.``; empty for nobody."""
    writing, looking = [one.name for one in people if one.writes], [one.name for one in people if not one.writes]
    told = f"{_names(writing)} {'is' if len(writing) == 1 else 'are'} writing here." if writing else ""
    also = f"{_names(looking)} {'has' if len(looking) == 1 else 'have'} this record open." if looking else ""
    return " ".join(part for part in (told, also) if part)


def _names(names: list[str]) -> str:
    return " and ".join(([", ".join(names[:-1])] if names[1:] else []) + names[-1:])
