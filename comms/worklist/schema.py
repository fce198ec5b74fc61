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
        Index(
            "ix_task_assignee_kind_priority_id", "assignee", "kind", "priority", "id", **only_where("state = 'open'")
        ),
        Index("ix_task_snoozed_until", "snoozed_until", **only_where("snoozed_until IS NOT NULL")),
    )

    id: Mapped[Key]
    kind: Mapped[str]
    """``reply``, ``unmatched_reply``, ``unknown_send``, ``unmatched_event``, ``failed_notice``, ``promise`` …"""
    state: Mapped[str] = mapped_column(default="open")
    """``open``, ``waiting`` (for the customer to write), ``snoozed`` (until a time) or ``resolved``."""
    priority: Mapped[int] = mapped_column(default=5)
    """1 (emergency) to 9; the list shows the lowest first, then the oldest."""
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    subject_type: Mapped[str | None]
    subject_id: Mapped[int | None]
    reason: Mapped[str]
    facts: Mapped[dict[str, Any]]
    dedupe_key: Mapped[str]
    assignee: Mapped[str | None]
    """The user name of whose it is; None: nobody's yet."""
    snoozed_until: Mapped[datetime | None]
    """A task that is set aside comes back at this instant, or as soon as the customer writes."""
    opened_at: Mapped[datetime]
    waiting_since: Mapped[datetime]
    """Since when somebody waits: when it was opened, or when the customer wrote again while it was set aside."""
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[str | None]
    resolution: Mapped[str | None]
