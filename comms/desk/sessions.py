"""Signing in, and staying signed in: the database knows every open session and can end it.

The cookie holds 256 random bits, the row their SHA-256, so that reading the table opens nothing. A session ends 30
minutes after it was last used and 12 hours after it began (NIST SP 800-63B, AAL2), at sign-out, with a new password,
and when the user is disabled.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from comms.db import Database

from .passwords import matches
from .permissions import Permission, allows
from .schema import SignInFailure, User, UserSession
from .users import find_user, folded

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
TOUCH = timedelta(minutes=1)
"""How stale ``seen_at`` may get before it is written again: not every click needs to be a write."""

TRIES = 5
WINDOW = timedelta(minutes=15)
"""After five wrong passwords for one name within a quarter of an hour, that name waits."""


@dataclass(frozen=True)
class Staff:
    """Somebody signed in."""

    username: str
    name: str
    role: str

    def may(self, permission: Permission) -> bool:
        return allows(self.role, permission)


@dataclass(frozen=True)
class SignIn:
    """What came of a try: the key for the cookie, or None, with the time to wait when there were too many tries."""

    key: str | None
    wait: timedelta | None = None


def sign_in(database: Database, *, username: str, password: str, user_agent: str, now: datetime) -> SignIn:
    """Check a name and a password. The steps:

    1. count the failures of this name; too many: say how long to wait, without looking at the password;
    2. write the try down as a failure, so that tries made at the same moment count too;
    3. check the password, as slowly for a name that nobody has;
    4. if it is right, forget the failures and open a session.
    """
    username = folded(username)[:100]
    with database.begin() as session:
        if wait := _wait(session, username, now):
            return SignIn(None, wait)
        session.execute(delete(SignInFailure).where(SignInFailure.at < now - timedelta(days=30)))
        session.add(SignInFailure(username=username, at=now))
        user = find_user(session, username)
        user_id, stored = (user.id, user.password_hash) if user and user.active else (None, None)
    if not matches(stored, password) or user_id is None:
        return SignIn(None)
    with database.begin() as session:
        session.execute(delete(SignInFailure).where(SignInFailure.username == username))
        return SignIn(open_session(session, user_id, user_agent=user_agent, now=now))


def _wait(session: Session, username: str, now: datetime) -> timedelta | None:
    recent = select(func.count(), func.min(SignInFailure.at)).where(
        SignInFailure.username == username, SignInFailure.at > now - WINDOW
    )
    count, first = session.execute(recent).one()
    return first + WINDOW - now if count >= TRIES else None


def open_session(session: Session, user_id: int, *, user_agent: str, now: datetime) -> str:
    """Open a session for a user and return the key that the cookie will hold."""
    key = secrets.token_urlsafe(32)
    session.add(
        UserSession(
            key_digest=_digest(key), user_id=user_id, created_at=now, seen_at=now, revoked_at=None,
            user_agent=user_agent[:200],
        )
    )  # fmt: skip
    return key


def who(database: Database, key: str, now: datetime, *, touch: bool = True) -> Staff | None:
    """Who holds this key, if its session is still good. With ``touch`` the session counts as used now."""
    with database.read() as session:
        found = session.execute(
            select(User.username, User.name, User.role, UserSession.seen_at)
            .join(User, User.id == UserSession.user_id)
            .where(
                UserSession.key_digest == _digest(key),
                UserSession.revoked_at.is_(None),
                UserSession.seen_at > now - IDLE,
                UserSession.created_at > now - LONGEST,
                User.active,
            )
        ).one_or_none()
    if found is None:
        return None
    username, name, role, seen_at = found
    if touch and now - seen_at >= TOUCH:
        with database.begin() as session:
            session.execute(update(UserSession).where(UserSession.key_digest == _digest(key)).values(seen_at=now))
    return Staff(username, name, role)


def sign_out(database: Database, key: str, now: datetime) -> None:
    """End the session of this key, whoever still holds a copy of it."""
    with database.begin() as session:
        session.execute(update(UserSession).where(UserSession.key_digest == _digest(key)).values(revoked_at=now))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
