"""Signing in, and staying signed in: the database knows every open session and can end it.

The cookie holds 256 random bits, the row their SHA-256, so that reading the table opens nothing. A session ends 30
minutes after it was last used and 12 hours after it began (NIST SP 800-63B, AAL2), at sign-out, with a new password,
and when the user is disabled. Between a right password and the one-time code that it may ask for, a session is halfway:
it opens nothing but the page for the code, and lasts ten minutes.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from comms.db import Database
from comms.desk.access import codes, guessing
from comms.desk.access.guessing import Client, Wait
from comms.desk.access.passwords import matches
from comms.desk.access.permissions import Permission, allows
from comms.desk.access.users import find_user, folded
from comms.desk.schema import User, UserSession

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
HALFWAY = timedelta(minutes=10)
KEPT = timedelta(days=30)
"""How long sessions are kept after they have ended."""
TOUCH = timedelta(minutes=1)
"""How stale ``seen_at`` may get before it is written again: not every click needs to be a write."""


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
    """What came of a try: the key for the cookie, or None, with the time to wait when there were too many tries.
    ``code``: the key opens only the page that asks for a one-time code."""

    key: str | None
    wait: Wait | None = None
    code: bool = False


@dataclass(frozen=True)
class Checked:
    """Whose password it was; None when it was wrong, with the time to wait when there were too many tries."""

    user_id: int | None
    wait: Wait | None = None


@dataclass(frozen=True)
class OpenSession:
    """A browser that somebody is signed in with. ``name`` stands for it in forms; it opens nothing."""

    name: str
    user_agent: str
    created_at: datetime
    seen_at: datetime
    via: str
    this_one: bool


def sign_in(
    database: Database, *, username: str, password: str, client: Client, secret: bytes, user_agent: str, now: datetime
) -> SignIn:
    """Check a name and a password, and open a session; halfway, when the user has one-time codes. ``secret`` is the
    service's key."""
    checked = check_password(database, username, password, client, secret, now)
    if checked.user_id is None:
        return SignIn(None, checked.wait)
    with database.begin() as session:
        user = session.get_one(User, checked.user_id)
        session.execute(delete(UserSession).where(UserSession.created_at < now - KEPT))
        stage = "password" if user.totp_since is not None else "full"
        key = open_session(session, user.id, user_agent=user_agent, now=now, stage=stage)
        return SignIn(key, code=stage != "full")


def check_password(
    database: Database, username: str, password: str, client: Client, secret: bytes, now: datetime
) -> Checked:
    """Whose password this is. The steps:

    1. count the wrong tries (``guessing``); too many: say how long to wait, without looking at the password;
    2. write the try down as a wrong one, so that tries made at the same moment count too;
    3. check the password, as slowly for a name that nobody has;
    4. if it is right, forget the wrong ones.
    """
    username = folded(username)[:100]
    with database.begin() as session:
        if wait := guessing.begin(session, username, client, secret, now):
            return Checked(None, wait)
        user = find_user(session, username)
        user_id, stored = (user.id, user.password_hash) if user and user.active else (None, None)
    if not matches(stored, password) or user_id is None:
        return Checked(None)
    with database.begin() as session:
        guessing.succeeded(session, username, client, secret)
    return Checked(user_id)


def halfway(database: Database, key: str, now: datetime) -> str | None:
    """The user name whose password was right and whose one-time code is still to come."""
    with database.read() as session:
        found = _halfway(session, key, now)
        return found.username if found else None


def finish(database: Database, key: str, code: str, *, secret: bytes, user_agent: str, now: datetime) -> SignIn:
    """Take the one-time code of a session that is halfway: with the right one a whole session follows, under a key of
    its own. ``secret`` is the service's key."""
    with database.begin() as session:
        user = _halfway(session, key, now)
        if user is None:
            return SignIn(None)
        if wait := guessing.begin_code(session, user.username, now):
            return SignIn(None, Wait(wait), code=True)
        if not codes.take(session, user, secret, code, now):
            return SignIn(None, code=True)
        guessing.forget_codes(session, user.username)
        session.execute(update(UserSession).where(UserSession.key_digest == _digest(key)).values(revoked_at=now))
        return SignIn(open_session(session, user.id, user_agent=user_agent, now=now))


def _halfway(session: Session, key: str, now: datetime) -> User | None:
    return session.scalar(
        select(User)
        .join(UserSession, User.id == UserSession.user_id)
        .where(
            UserSession.key_digest == _digest(key),
            UserSession.stage == "password",
            UserSession.revoked_at.is_(None),
            UserSession.created_at > now - HALFWAY,
            User.active,
            User.totp_since.is_not(None),
        )
    )


def open_session(
    session: Session, user_id: int, *, user_agent: str, now: datetime, stage: str = "full", via: str = "password"
) -> str:
    """Open a session for a user and return the key that the cookie will hold."""
    key = secrets.token_urlsafe(32)
    session.add(
        UserSession(
            key_digest=_digest(key), user_id=user_id, created_at=now, seen_at=now, revoked_at=None,
            user_agent=user_agent[:200], stage=stage, via=via,
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
                UserSession.stage == "full",
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


def open_sessions(session: Session, username: str, key: str, now: datetime) -> list[OpenSession]:
    """Where a user is signed in, the last used first; ``key`` is the one that asks."""
    found = session.scalars(
        select(UserSession)
        .join(User, User.id == UserSession.user_id)
        .where(
            User.username == username,
            UserSession.stage == "full",
            UserSession.revoked_at.is_(None),
            UserSession.seen_at > now - IDLE,
            UserSession.created_at > now - LONGEST,
        )
        .order_by(UserSession.seen_at.desc(), UserSession.key_digest)
    )
    return [
        OpenSession(
            _name(row.key_digest), row.user_agent, row.created_at, row.seen_at, row.via, row.key_digest == _digest(key)
        )
        for row in found
    ]


def end(session: Session, username: str, name: str, now: datetime) -> bool:
    """End one of a user's own sessions by the name it has in forms; False when it has ended already."""
    ours = select(UserSession).join(User, User.id == UserSession.user_id).where(User.username == username)
    for row in session.scalars(ours.where(UserSession.revoked_at.is_(None))):
        if _name(row.key_digest) == name:
            row.revoked_at = now
            return True
    return False


def end_others(session: Session, username: str, key: str, now: datetime) -> None:
    """End all of a user's sessions but the one of this key."""
    user_ids = select(User.id).where(User.username == username).scalar_subquery()
    others = update(UserSession).where(
        UserSession.user_id == user_ids, UserSession.revoked_at.is_(None), UserSession.key_digest != _digest(key)
    )
    session.execute(others.values(revoked_at=now))


def sign_out(database: Database, key: str, now: datetime) -> str:
    """End the session of this key, whoever still holds a copy of it; how it had begun: ``password``, ``sso``, or empty
    when there is none."""
    with database.begin() as session:
        ended = update(UserSession).where(UserSession.key_digest == _digest(key)).values(revoked_at=now)
        return session.scalar(ended.returning(UserSession.via)) or ""


def _name(key_digest: str) -> str:
    return key_digest[:16]


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
