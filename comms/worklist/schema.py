"""What needs a person: one row a task, whatever raised it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from comms.db.base import Base, Key, only_where


class Task(Base):
    """Something a clerk must look at. ``dedupe_key`` keeps one open matter from becoming two tasks."""

    __tablename__ = "task"
    __table_args__ = (
        UniqueConstraint("dedupe_key"),
        Index("ix_task_state_kind_priority_id", "state", "kind", "priority", "id"),
        Index("ix_task_account_id", "account_id"),
        Index("ix_task_snoozed_until", "snoozed_until", **only_where("state = 'snoozed'")),
    )

    id: Mapped[Key]
    kind: Mapped[str]
    """``reply``, ``unmatched_reply``, ``unknown_send``, ``unmatched_event``, ``failed_notice``, ``promise`` …"""
    state: Mapped[str] = mapped_column(default="open")
    """``open``, ``waiting``, ``snoozed`` or ``resolved``."""
    priority: Mapped[int] = mapped_column(default=5)
    """1 (emergency) to 9; the list shows the lowest first, then the oldest."""
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    subject_type: Mapped[str | None]
    subject_id: Mapped[int | None]
    reason: Mapped[str]
    facts: Mapped[dict[str, Any]]
    dedupe_key: Mapped[str]
    assignee: Mapped[str | None]
    snoozed_until: Mapped[datetime | None]
    """A snoozed task comes back at this instant, or as soon as the customer writes."""
    opened_at: Mapped[datetime]
    waiting_since: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]
    resolution: Mapped[str | None]
