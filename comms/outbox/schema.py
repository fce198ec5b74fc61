"""Getting it out once: messages, attempts and mail-house batches."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from comms.db.base import Base, Key, only_where


class Message(Base):
    """One message to one address on one channel, frozen as it will leave. The states are in ``outbox.states``."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("dedupe_key"),
        Index(
            "ix_message_due", "lane", "next_attempt_at", "priority", "id",
            **only_where("state = 'queued'"),
        ),
        Index(
            "ix_message_lease", "lease_until",
            **only_where("state = 'claimed'"),
        ),
        Index("ix_message_state_state_at", "state", "state_at"),
        Index("ix_message_account_id_created_at", "account_id", "created_at"),
        Index("ix_message_recipient_created_at", "recipient", "created_at"),
        Index("ix_message_carrier_id", "carrier_id"),
        Index("ix_message_run_id_state", "run_id", "state"),
        Index("ix_message_batch_id", "batch_id"),
        Index(
            "ix_message_fallback_of_id", "fallback_of_id",
            **only_where("fallback_of_id IS NOT NULL"),
        ),
        Index(
            "ix_message_copy_of_id", "copy_of_id",
            **only_where("copy_of_id IS NOT NULL"),
        ),
        Index(
            "ix_message_in_reply_to_id", "in_reply_to_id",
            **only_where("in_reply_to_id IS NOT NULL"),
        ),
        Index(
            "ix_message_decision_id", "decision_id",
            **only_where("decision_id IS NOT NULL"),
        ),
    )  # fmt: skip

    id: Mapped[Key]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    channel: Mapped[str]
    """``sms``, ``email`` or ``letter``."""
    lane: Mapped[str]
    """The queue that carries it: ``urgent``, ``sms``, ``email`` or ``mail``."""
    purpose: Mapped[str]
    """``informational``, ``dunning``, ``legal`` or ``conversational``."""
    category: Mapped[str]
    notice: Mapped[str]
    notice_version: Mapped[str]
    language: Mapped[str]
    decision_id: Mapped[int | None]
    run_id: Mapped[int | None]
    fallback_of_id: Mapped[int | None]
    copy_of_id: Mapped[int | None]
    """The message that this is a copy of, for a third party or a landlord; copies are no contact with the customer."""
    in_reply_to_id: Mapped[int | None]
    recipient: Mapped[str]
    """E.164, email address, or for a letter the address lines joined by newlines."""
    recipient_name: Mapped[str]
    subject: Mapped[str | None]
    body_text: Mapped[str]
    body_html: Mapped[str | None]
    letter: Mapped[dict[str, Any] | None]
    content_digest: Mapped[str]
    encoding: Mapped[str | None]
    segments: Mapped[int | None]
    amount_cents: Mapped[int | None]
    facts_version: Mapped[int | None]
    """The account's facts when it was decided; a stale dunning message is not sent. None: nothing to compare."""
    dedupe_key: Mapped[str]
    fallback: Mapped[dict[str, Any] | None]
    """``{"channels": ["email", "letter"], "after_s": 86400}``: what to try when this one fails or is not delivered.
    With ``"courtesy": true`` nothing is, and nobody is told."""

    state: Mapped[str]
    state_at: Mapped[datetime]
    state_reason: Mapped[str | None]
    priority: Mapped[int] = mapped_column(default=5)
    next_attempt_at: Mapped[datetime]
    quiet_until: Mapped[datetime | None]
    give_up_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    rung_at: Mapped[datetime | None]
    carrier_id: Mapped[str | None]
    error_code: Mapped[str | None]
    error_text: Mapped[str | None]
    asked_at: Mapped[datetime | None]
    """When the carrier was last asked what became of it."""
    batch_id: Mapped[int | None]
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    final_at: Mapped[datetime | None]
    request_id: Mapped[str | None]


class Attempt(Base):
    """One try at one carrier, written before the request leaves."""

    __tablename__ = "attempt"
    __table_args__ = (
        UniqueConstraint("message_id", "number"),
        Index(
            "ix_attempt_open", "started_at",
            **only_where("outcome = 'open'"),
        ),
    )  # fmt: skip

    id: Mapped[Key]
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    number: Mapped[int]
    carrier: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(default="open")
    """``open``, ``accepted``, ``refused_now``, ``refused_for_good`` or ``ambiguous``."""
    http_status: Mapped[int | None]
    error_code: Mapped[str | None]
    detail: Mapped[str | None]
    carrier_id: Mapped[str | None]
    worker: Mapped[str]


class MailBatch(Base):
    """One hand-off to the mail house: the files, their checksums and control totals."""

    __tablename__ = "mail_batch"
    __table_args__ = (UniqueConstraint("name"),)

    id: Mapped[Key]
    name: Mapped[str]
    state: Mapped[str]
    """``batched``, ``handing_over``, ``handed_over`` or ``mailed``."""
    pieces: Mapped[int]
    pages: Mapped[int]
    amount_cents: Mapped[int]
    manifest: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    handed_over_at: Mapped[datetime | None]
    mailed_at: Mapped[datetime | None]


class MailPiece(Base):
    """One letter within a batch, with its pages and its own id that the barcode and the returned mail carry."""

    __tablename__ = "mail_piece"
    __table_args__ = (UniqueConstraint("batch_id", "seq"), UniqueConstraint("message_id"))

    id: Mapped[Key]
    batch_id: Mapped[int] = mapped_column(ForeignKey("mail_batch.id"))
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    seq: Mapped[int]
    piece_id: Mapped[str] = mapped_column(unique=True)
    first_page: Mapped[int]
    last_page: Mapped[int]
