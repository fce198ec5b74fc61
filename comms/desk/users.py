"""Members of staff who may sign in."""

import re
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from .passwords import check_strength, hashed
from .permissions import ROLES
from .schema import SignInFailure, User, UserSession

USERNAME = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")


class UserError(ValueError):
    """A user that cannot be made or changed; the message says why and what to do."""


def folded(username: str) -> str:
    """A user name as it is kept: without spaces around it, in lower case."""
    return username.strip().casefold()


def find_user(session: Session, username: str) -> User | None:
    return session.scalar(select(User).where(User.username == folded(username)))


def all_users(session: Session) -> list[User]:
    return list(session.scalars(select(User).order_by(User.username)))


def add_user(session: Session, *, username: str, name: str, role: str, password: str, at: datetime) -> int:
    """Make a user; ``UserError`` or ``passwords.WeakPasswordError`` says what is wrong with what was given."""
    username = folded(username)
    if not USERNAME.fullmatch(username):
        raise UserError("A user name has 2 to 64 small letters, digits, dots, dashes or @, such as j.park.")
    if role not in ROLES:
        raise UserError(f"There is no role {role!r}. Roles: {', '.join(ROLES)}.")
    if find_user(session, username):
        raise UserError(f"There is a user {username!r} already. For a new password: comms user password {username}")
    check_strength(password, username)
    user = User(
        username=username, name=name.strip() or username, role=role, password_hash=hashed(password), created_at=at
    )
    session.add(user)
    session.flush()
    return user.id


def set_password(session: Session, username: str, password: str, at: datetime) -> None:
    """Give a user a new password, let them in again, and sign them out everywhere."""
    user = _existing(session, username)
    check_strength(password, user.username)
    user.password_hash, user.active = hashed(password), True
    session.execute(delete(SignInFailure).where(SignInFailure.username == user.username))
    revoke_sessions(session, user.id, at)


def disable(session: Session, username: str, at: datetime) -> None:
    """Keep a user out from now on; what they did stays under their name."""
    user = _existing(session, username)
    user.active = False
    revoke_sessions(session, user.id, at)


def revoke_sessions(session: Session, user_id: int, at: datetime) -> None:
    """Sign a user out everywhere."""
    session.execute(
        update(UserSession)
        .where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
        .values(revoked_at=at)
    )


def _existing(session: Session, username: str) -> User:
    if user := find_user(session, username):
        return user
    raise UserError(f"There is no user {folded(username)!r}. To see all: comms user list")
