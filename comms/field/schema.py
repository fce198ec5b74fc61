"""Lists for the Service Department and the orders on them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from comms.db.base import Base, Cents, Key, only_where


class FieldList(Base):
    """One list for one day: who is on it, who was left out and what is missing for them, and the files as made."""

    __tablename__ = "field_list"
    __table_args__ = (UniqueConstraint("name"),)

    id: Mapped[Key]
    name: Mapped[str]
    kind: Mapped[str]
    """``shutoff``, ``referral`` or ``reconnect``."""
    for_day: Mapped[date]
    state: Mapped[str]
    """``proposed``, ``approved``, ``issued`` or ``cancelled``."""
    left_out: Mapped[list[Any]]
    """``{"account", "name", "amount_cents", "missing": [sentence …]}`` of each account the gate kept out."""
    manifest: Mapped[dict[str, Any]]
    """The files' names, sizes and SHA-256, the counts and the control total."""
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    issued_at: Mapped[datetime | None]


class FieldOrder(Base):
    """One order for one account. At most one disconnection order of an account is open."""

    __tablename__ = "field_order"
    __table_args__ = (
        UniqueConstraint("number"),
        Index(
            "uq_field_order_one_open", "account_id", "kind", unique=True,
            **only_where("state IN ('proposed', 'issued')"),
        ),
        Index("ix_field_order_list_id", "list_id"),
        Index("ix_field_order_account_id", "account_id"),
    )  # fmt: skip

    id: Mapped[Key]
    number: Mapped[str]
    list_id: Mapped[int] = mapped_column(ForeignKey("field_list.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    episode_id: Mapped[int | None]
    kind: Mapped[str]
    """``disconnect``, ``reconnect`` or ``refer``."""
    services: Mapped[list[Any]]
    state: Mapped[str]
    """``proposed``, ``issued``, ``done``, ``not_done``, ``recalled`` or ``cancelled``."""
    amount_cents: Mapped[Cents]
    evidence: Mapped[list[Any]]
    """What proves each required notice: ``{"step", "message_id", "version", "mailed_on", "address", "earliest_on"}``"""
    facts_version: Mapped[int]
    created_at: Mapped[datetime]
    issued_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    result: Mapped[str | None]
    """What the field wrote back, or why it was recalled."""
    result_by: Mapped[str | None]
