"""Staff: who may sign in, their sessions, and what they looked at and changed."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from comms.db.base import Base, Key


class User(Base):
    """A member of staff. The password is kept as an argon2id hash."""

    __tablename__ = "staff_user"
    __table_args__ = (UniqueConstraint("username"),)

    id: Mapped[Key]
    username: Mapped[str]
    name: Mapped[str]
    role: Mapped[str]
    """``viewer``, ``collector``, ``supervisor`` or ``administrator``."""
    password_hash: Mapped[str]
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
