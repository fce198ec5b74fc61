"""Staff: who may sign in, their sessions, and what they looked at and changed."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from comms.db.base import Base, Key, only_where


class User(Base):
    """A member of staff. The password is kept as an argon2id hash."""

    __tablename__ = "staff_user"
    __table_args__ = (
        UniqueConstraint("username"),
        Index("uq_staff_user_sso_subject", "sso_subject", unique=True, **only_where("sso_subject IS NOT NULL")),
    )

    id: Mapped[Key]
    username: Mapped[str]
    name: Mapped[str]
    role: Mapped[str]
    """``viewer``, ``collector``, ``supervisor`` or ``administrator``."""
    email: Mapped[str | None]
    password_hash: Mapped[str]
    """Empty for somebody who comes in by single sign-on alone."""
    totp_secret: Mapped[str | None]
    """The secret of the one-time codes, sealed with the service's key; in force once ``totp_since`` is set."""
    totp_since: Mapped[datetime | None]
    totp_last_step: Mapped[int | None]
    """The last time step whose code was used: no code works twice."""
    sso_subject: Mapped[str | None]
    """Who this is at the identity provider: issuer and subject."""
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class UserSession(Base):
    """A signed-in browser; the cookie holds a random key, the row its SHA-256."""

    __tablename__ = "user_session"

    key_digest: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    stage: Mapped[str] = mapped_column(default="full")
    """``full``, or ``password``: the one-time code is still to come, and nothing else is open."""
    via: Mapped[str] = mapped_column(default="password")
    """``password`` or ``sso``."""
    user_agent: Mapped[str]


class SignInFailure(Base):
    """A failed sign-in, counted to slow guessing down."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (Index("ix_sign_in_failure_username_at", "username", "at"),)

    id: Mapped[Key]
    username: Mapped[str]
    at: Mapped[datetime]


class AuditEvent(Base):
    """Who looked at or changed a customer's record."""

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_account_id_at", "account_id", "at"),)

    id: Mapped[Key]
    at: Mapped[datetime]
    username: Mapped[str]
    action: Mapped[str]
    account_id: Mapped[int | None]
    facts: Mapped[dict[str, Any]]


class Presence(Base):
    """Who has an account's page open, and who is writing there: so that two clerks do not answer one customer."""

    __tablename__ = "presence"

    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    username: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]
    typed_at: Mapped[datetime | None]


class Export(Base):
    """A file that somebody asked for and that takes longer than a page may: made in the background, then fetched."""

    __tablename__ = "export"
    __table_args__ = (Index("ix_export_asked_by", "asked_by"),)

    id: Mapped[Key]
    kind: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    options: Mapped[dict[str, Any]]
    state: Mapped[str]
    """``waiting``, ``running``, ``done`` or ``failed``."""
    got_on_at: Mapped[datetime | None]
    """When whoever makes it last said that it gets on."""
    tries: Mapped[int] = mapped_column(default=0)
    """How often it was begun."""
    rows: Mapped[int | None]
    name: Mapped[str | None]
    """The file's name in the exports folder."""
    finished_at: Mapped[datetime | None]
    words: Mapped[str]
