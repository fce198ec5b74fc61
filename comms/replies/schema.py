"""What they say back: inbound messages and the conversation each belongs to."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from comms.db.base import Base, Key, only_where


class InboundMessage(Base):
    """A text or an email from a customer, kept before it is understood."""

    __tablename__ = "inbound_message"
    __table_args__ = (
        UniqueConstraint("channel", "provider_id"),
        Index("ix_inbound_message_sender", "channel", "sender"),
        Index("ix_inbound_message_account_id", "account_id"),
        Index("ix_inbound_message_received_at", "received_at"),
    )

    id: Mapped[Key]
    channel: Mapped[str]
    provider_id: Mapped[str]
    sender: Mapped[str]
    recipient: Mapped[str]
    subject: Mapped[str | None]
    text: Mapped[str]
    media: Mapped[list[Any]]
    """Names and types of attachments; never their content."""
    received_at: Mapped[datetime]
    webhook_event_id: Mapped[int | None]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    matched_by: Mapped[str | None]
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversation.id"))
    carrier_opt_out: Mapped[str | None]
    """Twilio's OptOutType: the carrier has already answered."""
    intent: Mapped[str | None]
    confidence: Mapped[float | None]
    understanding: Mapped[dict[str, Any] | None]
    handling: Mapped[str]
    """``new``, ``answered``, ``with_clerk``, ``noted`` or ``ignored``."""
    handled_at: Mapped[datetime | None]


class Conversation(Base):
    """What is under way with one address: what we asked and wait for."""

    __tablename__ = "conversation"
    __table_args__ = (
        UniqueConstraint("channel", "address"),
        Index("ix_conversation_asked_at", "asked_at", **only_where("asked_at IS NOT NULL")),
    )

    id: Mapped[Key]
    channel: Mapped[str]
    address: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    state: Mapped[str]
    """``idle``, ``confirming_promise``, ``choosing_account`` or ``with_clerk``."""
    context: Mapped[dict[str, Any]]
    automatic_answers: Mapped[int] = mapped_column(default=0)
    """Sent since a person last took part; there is a cap."""
    asked_at: Mapped[datetime | None]
    """When we asked what ``state`` waits for; None while nothing is asked."""
    reminded_at: Mapped[datetime | None]
    """When that question was repeated, once."""
    opened_at: Mapped[datetime]
    last_inbound_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]


class ReplyLabel(Base):
    """What a person says a reply means: a labelled example to measure the understanding by."""

    __tablename__ = "reply_label"
    __table_args__ = (UniqueConstraint("inbound_id"),)

    id: Mapped[Key]
    inbound_id: Mapped[int] = mapped_column(ForeignKey("inbound_message.id"))
    text: Mapped[str]
    """The customer's own words, as they were understood: without quotations and signature."""
    received_at: Mapped[datetime]
    tz: Mapped[str]
    past_due_cents: Mapped[int]
    total_cents: Mapped[int]
    guessed: Mapped[dict[str, Any]]
    """What the service had understood."""
    intent: Mapped[str]
    instalments: Mapped[list[Any]]
    """``{"amount_cents": int | "full" | "half" | "minimum" | null, "date": "YYYY-MM-DD" | null}``; promises only."""
    lang: Mapped[str]
    labelled_by: Mapped[str]
    labelled_at: Mapped[datetime]
    note: Mapped[str | None]
    """A remark for people; nothing reads it."""
