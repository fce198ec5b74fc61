"""Who looked at or changed a customer's record."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.db import Database
from comms.desk.schema import AuditEvent

A_VISIT = timedelta(hours=12)
"""As long as somebody may stay signed in: what they look at of a record in this time is one view."""


def note_down(
    session: Session,
    *,
    username: str,
    action: str,
    at: datetime,
    account_id: int | None = None,
    facts: dict[str, Any] | None = None,
) -> None:
    """Write one line of the audit: ``action`` is a word with a dot, such as ``account.viewed`` or ``text.sent``."""
    session.add(AuditEvent(at=at, username=username, action=action, account_id=account_id, facts=facts or {}))


def note_part(database: Database, *, username: str, at: datetime, account_id: int | None) -> None:
    """A part of a record that a page brings after itself, such as the picture of a letter. The page is written down,
    and so the part is only where no page of this record was: nobody reads records by their parts unseen."""
    if account_id is None:
        return
    with database.read() as session:
        seen = select(AuditEvent.id).where(
            AuditEvent.account_id == account_id, AuditEvent.at > at - A_VISIT, AuditEvent.username == username
        )
        if session.scalar(seen.limit(1)) is not None:
            return
    with database.begin() as session:
        note_down(
            session, username=username, action="account.viewed", at=at, account_id=account_id, facts={"page": "a part"}
        )
