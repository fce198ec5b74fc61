"""What customers promised, and which payments kept it."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from comms.db.base import Base, Cents, Key, only_where


class Promise(Base):
    """A promise to pay. Only ``open`` holds dunning; ``proposed`` waits for the customer's YES."""

    __tablename__ = "promise"
    __table_args__ = (
        Index("ix_promise_account_id_status", "account_id", "status"),
        Index("ix_promise_closed_at", "closed_at"),
        Index(
            "uq_promise_one_open", "account_id", unique=True,
            **only_where("status = 'open'"),
        ),
    )  # fmt: skip

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    episode_id: Mapped[int | None]
    source: Mapped[str]
    """``sms``, ``email``, ``phone``, ``counter``, ``web`` or ``letter``."""
    source_inbound_id: Mapped[int | None]
    taken_by: Mapped[str | None]
    said_text: Mapped[str | None]
    reason_code: Mapped[str | None]
    category: Mapped[str]
    """A key of the categories in the city's ``promises.toml``: its limits are the promise's."""
    kind: Mapped[str] = mapped_column(server_default="promise")
    """``promise``, or ``arrangement``: a schedule with ``terms``."""
    terms: Mapped[dict[str, Any] | None]
    """Of an arrangement: ``down_payment_cents``, ``installments``, ``every`` (``week``, ``two_weeks``, ``month``), and
    the ``income_cents`` a month that the customer stated, if he did."""
    awaits: Mapped[str | None]
    """Whose word a proposed one waits for: ``customer`` (a YES) or ``supervisor`` (an approval)."""
    requested_terms: Mapped[list[Any]]
    status: Mapped[str]
    """``proposed, open, kept, kept_late, kept_short, partial, broken, withdrawn_customer, withdrawn_office, superseded,
    refused, settled_other``."""
    status_reason: Mapped[str | None]
    promised_cents: Mapped[Cents]
    debt_cents: Mapped[Cents]
    """The past-due amount that the promise was about when it was made."""
    confirmed_at: Mapped[datetime | None]
    approved_by: Mapped[str | None]
    policy_version: Mapped[str | None]
    created_at: Mapped[datetime]
    created_on: Mapped[date]
    """The city's calendar day of ``created_at``: payments posted from this day on count."""
    ended_as: Mapped[str | None]
    """What somebody's word made of it (``superseded``, ``withdrawn_customer``, ``withdrawn_office``). A fact the status
    is computed from, not the status: money that kept the promise before ``ended_on`` still keeps it."""
    ended_on: Mapped[date | None]
    closed_at: Mapped[datetime | None]


class PromisePart(Base):
    """One dated amount of a promise. ``deadline_at`` is the due date plus grace, moved to a business day's end."""

    __tablename__ = "promise_part"
    __table_args__ = (
        UniqueConstraint("promise_id", "seq"),
        Index("ix_promise_part_state_deadline_at", "state", "deadline_at"),
        Index("ix_promise_part_due_on", "due_on", **only_where("state IN ('waiting', 'pending_feed')")),
    )

    id: Mapped[Key]
    promise_id: Mapped[int] = mapped_column(ForeignKey("promise.id"))
    seq: Mapped[int]
    due_on: Mapped[date]
    amount_cents: Mapped[Cents]
    grace_days: Mapped[int]
    tolerance_cents: Mapped[Cents]
    tolerance_percent: Mapped[int]
    on_time_until: Mapped[date]
    """The due date, moved to a business day: money posted later, but by the deadline, keeps the promise late."""
    deadline_on: Mapped[date]
    """The city's calendar day of ``deadline_at``."""
    deadline_at: Mapped[datetime]
    allocated_cents: Mapped[Cents]
    state: Mapped[str]
    """``waiting``, ``pending_feed``, ``kept``, ``kept_late``, ``kept_short``, ``partial``, ``broken`` or ``closed``."""
    decided_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]


class PromiseAllocation(Base):
    """So much of one payment counted towards one part. A reversed payment reverses it."""

    __tablename__ = "promise_allocation"
    __table_args__ = (
        UniqueConstraint("part_id", "payment_id"),
        Index("ix_promise_allocation_payment_id", "payment_id"),
    )

    id: Mapped[Key]
    part_id: Mapped[int] = mapped_column(ForeignKey("promise_part.id"))
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"))
    amount_cents: Mapped[Cents]
    allocated_at: Mapped[datetime]
    reversed_at: Mapped[datetime | None]


class PromiseEvent(Base):
    """What happened to a promise: only ever added to."""

    __tablename__ = "promise_event"

    id: Mapped[Key]
    promise_id: Mapped[int] = mapped_column(ForeignKey("promise.id"), index=True)
    at: Mapped[datetime]
    kind: Mapped[str]
    actor: Mapped[str]
    facts: Mapped[dict[str, Any]]
