"""Reading an account's history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from .schema import ContactContent, ContactEvent


@dataclass(frozen=True)
class Entry:
    """One event as a person reads it; ``content`` is what was said, None when there was nothing (then there
    is no ``content_digest`` either) or it was purged."""

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
    content_digest: str | None
    hash: str


def timeline(
    session: Session,
    account_id: int | None,
    *,
    channels: Sequence[str] = (),
    kinds: Sequence[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> list[Entry]:
    """The events of one account (None: of nobody), oldest first; ``before`` (a position) and ``limit`` page back.

    ``kinds`` are whole (``payment.posted``) or end with their dot (``payment.``: all of them); ``since`` is included,
    ``until`` is not.
    """
    event, content = ContactEvent.__table__, ContactContent.__table__
    columns = (content.c.content if name == "content" else event.c[name] for name in Entry.__dataclass_fields__)
    statement = (
        select(*columns)
        .outerjoin(content, content.c.digest == event.c.content_digest)
        .where(event.c.chain == (account_id or 0))
        .order_by(event.c.position.desc())
    )
    if channels:
        statement = statement.where(event.c.channel.in_(channels))
    if kinds:
        whole = [kind for kind in kinds if not kind.endswith(".")]
        rooms = [event.c.kind.startswith(kind, autoescape=True) for kind in kinds if kind.endswith(".")]
        statement = statement.where(or_(event.c.kind.in_(whole), *rooms))
    if since is not None:
        statement = statement.where(event.c.at >= since)
    if until is not None:
        statement = statement.where(event.c.at < until)
    if before is not None:
        statement = statement.where(event.c.position < before)
    if limit is not None:
        statement = statement.limit(limit)
    found = [Entry(*row) for row in session.execute(statement)]
    return found[::-1]
