"""Reading an account's history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .schema import ContactContent, ContactEvent


@dataclass(frozen=True)
class Entry:
    """One event as a person reads it; ``content`` is what was said, None when there was nothing or it was purged."""

    id: int
    position: int
    at: datetime
    kind: str
    direction: str
    channel: str | None
    actor: str
    summary: str
    subject_type: str | None
    subject_id: int | None
    facts: dict[str, Any]
    content: dict[str, Any] | None
    hash: str


def timeline(
    session: Session,
    account_id: int | None,
    *,
    channels: Sequence[str] = (),
    before: int | None = None,
    limit: int | None = None,
) -> list[Entry]:
    """The events of one account (None: of nobody), oldest first; ``before`` (a position) and ``limit`` page back."""
    event, content = ContactEvent.__table__, ContactContent.__table__
    statement = (
        select(event, content.c.content)
        .outerjoin(content, content.c.digest == event.c.content_digest)
        .where(event.c.chain == (account_id or 0))
        .order_by(event.c.position.desc())
    )
    if channels:
        statement = statement.where(event.c.channel.in_(channels))
    if before is not None:
        statement = statement.where(event.c.position < before)
    if limit is not None:
        statement = statement.limit(limit)
    names = Entry.__dataclass_fields__
    found = [Entry(**{n: row[n] for n in names}) for row in session.execute(statement).mappings()]
    return found[::-1]
