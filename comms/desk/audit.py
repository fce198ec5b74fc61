"""Who looked at or changed a customer's record."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from .schema import AuditEvent


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
