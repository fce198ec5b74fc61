"""What happened: the contact history, its content, the chain that proves it, and what carriers posted to us."""

from datetime import datetime
from typing import Any

from sqlalchemy import DDL, ForeignKey, Index, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column

from comms.db.base import Base, Key, only_where


class ContactEvent(Base):
    """One thing said or done. Rows are only ever added: triggers refuse UPDATE and DELETE on both databases.

    ``chain`` is the account's id, or 0 for what belongs to no account; ``position`` counts from 1 within the chain;
    ``hash`` covers the row and ``previous_hash``.
    """

    __tablename__ = "contact_event"
    __table_args__ = (
        UniqueConstraint("chain", "position"),  # also finds the events of an account
        Index("ix_contact_event_kind_at", "kind", "at"),
    )

    id: Mapped[Key]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    chain: Mapped[int]
    position: Mapped[int]
    at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    kind: Mapped[str]
    direction: Mapped[str]
    channel: Mapped[str | None]
    actor: Mapped[str]
    summary: Mapped[str]
    subject_type: Mapped[str | None]
    subject_id: Mapped[int | None] = mapped_column(index=True)
    facts: Mapped[dict[str, Any]]
    content_digest: Mapped[str | None]
    previous_hash: Mapped[str]
    hash: Mapped[str]


class ContactContent(Base):
    """What was said, by the SHA-256 of its canonical JSON. Purged by retention while the chain still proves it."""

    __tablename__ = "contact_content"

    digest: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]]
    stored_at: Mapped[datetime]


class HistoryHead(Base):
    """The newest link of each chain; the row that serialises writers of one account.

    Its pages are left half empty, so that PostgreSQL finds room beside a head that moves and its index stays as it is.
    """

    __tablename__ = "history_head"
    __table_args__ = {"postgresql_with": {"fillfactor": 50}}  # noqa: RUF012 - read once by SQLAlchemy

    chain: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int]
    hash: Mapped[str]


class WebhookEvent(Base):
    """A carrier's post as it came, kept before it is understood. ``event_key`` is the provider's own id."""

    __tablename__ = "webhook_event"
    __table_args__ = (
        UniqueConstraint("provider", "event_key"),
        Index("ix_webhook_event_pending", "id", **only_where("state = 'new'")),
    )

    id: Mapped[Key]
    provider: Mapped[str]
    kind: Mapped[str]
    event_key: Mapped[str]
    token: Mapped[str | None]
    body: Mapped[str]
    headers: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="new")
    outcome: Mapped[str | None]
    tries: Mapped[int] = mapped_column(default=0)
    understood_at: Mapped[datetime | None]


_POSTGRES_GUARD = """
CREATE FUNCTION contact_event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'contact_event is append-only';
END $$
"""

GUARD = {
    "postgresql": (
        _POSTGRES_GUARD,
        "CREATE TRIGGER contact_event_no_change BEFORE UPDATE OR DELETE ON contact_event "
        "FOR EACH ROW EXECUTE FUNCTION contact_event_is_append_only()",
        "CREATE TRIGGER contact_event_no_truncate BEFORE TRUNCATE ON contact_event "
        "FOR EACH STATEMENT EXECUTE FUNCTION contact_event_is_append_only()",
    ),
    "sqlite": (
        "CREATE TRIGGER contact_event_no_update BEFORE UPDATE ON contact_event "
        "BEGIN SELECT RAISE(ABORT, 'contact_event is append-only'); END",
        "CREATE TRIGGER contact_event_no_delete BEFORE DELETE ON contact_event "
        "BEGIN SELECT RAISE(ABORT, 'contact_event is append-only'); END",
    ),
}
"""The statements that make the history append-only, by database; the migration runs the same ones."""

for _dialect, _statements in GUARD.items():
    for _statement in _statements:
        event.listen(
            ContactEvent.__table__,
            "after_create",
            DDL(_statement.replace("%", "%%")).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]
        )
