"""Members of staff who may sign in."""

import re
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from comms.desk.access import codes, guessing
from comms.desk.access.passwords import check_strength, hashed
from comms.desk.access.permissions import ROLES
from comms.desk.schema import User, UserSession

USERNAME = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class UserError(ValueError):
    """A user that cannot be made or changed; the message says why and what to do."""


def folded(username: str) -> str:
    """A user name as it is kept: without spaces around it, in lower case."""
    return username.strip().casefold()


def folded_email(email: str) -> str:
    """An email address as it is kept for staff: the provider's spelling and ours must meet."""
    return email.strip().casefold()


def names_of(session: Session) -> dict[str, str]:
    """What the users are called, by user name."""
    return dict(session.execute(select(User.username, User.name)).all())


def find_user(session: Session, username: str) -> User | None:
    return session.scalar(select(User).where(User.username == folded(username)))


def all_users(session: Session) -> list[User]:
    return list(session.scalars(select(User).order_by(User.username)))


def add_user(
    session: Session, *, username: str, name: str, role: str, password: str, at: datetime, email: str = ""
) -> int:
    """Make a user; ``UserError`` or ``passwords.WeakPasswordError`` says what is wrong with what was given. Without a
    password the user comes in by single sign-on alone, and needs the email address it is known by there."""
    username = folded(username)
    if not USERNAME.fullmatch(username):
        raise UserError("A user name has 2 to 64 small letters, digits, dots, dashes or @, such as j.park.")
    _check_role(role)
    if find_user(session, username):
        raise UserError(
            f"There is a user {username!r} already. Give them a new password on the page Staff, or with: "
            f"comms user password {username}"
        )
    address = _free_email(session, email, username)
    if password:
        check_strength(password, username)
    elif not address:
        raise UserError("A user has a password, or the email address that single sign-on knows them by. Give one.")
    user = User(
        username=username, name=name.strip() or username, role=role, password_hash=hashed(password) if password else "",
        created_at=at, email=address,
    )  # fmt: skip
    session.add(user)
    session.flush()
    return user.id


def change_user(session: Session, username: str, *, name: str, role: str, email: str) -> list[str]:
    """Give a user another name, role or email address; what was changed, in words."""
    user = existing(session, username)
    _check_role(role)
    address = _free_email(session, email, user.username)
    if user.role != role:
        _keep_an_administrator(session, user)
    new = {"name": name.strip() or user.username, "role": role, "email": address}
    said = [f"{what} {value or 'none'} instead of {getattr(user, what) or 'none'}" for what, value in new.items()
            if getattr(user, what) != value]  # fmt: skip
    if user.email != address:
        user.sso_subject = None
    user.name, user.role, user.email = str(new["name"]), role, address
    session.flush()
    return said


def set_password(session: Session, username: str, password: str, at: datetime) -> None:
    """Give a user a new password, let them in again, and sign them out everywhere."""
    user = existing(session, username)
    check_strength(password, user.username)
    user.password_hash, user.active = hashed(password), True
    guessing.forget(session, user.username)
    revoke_sessions(session, user.id, at)


def disable(session: Session, username: str, at: datetime) -> None:
    """Keep a user out from now on; what they did stays under their name."""
    user = existing(session, username)
    _keep_an_administrator(session, user)
    user.active = False
    revoke_sessions(session, user.id, at)


def enable(session: Session, username: str) -> None:
    """Let a disabled user in again, with the password they had."""
    existing(session, username).active = True


def take_codes_off(session: Session, username: str, at: datetime) -> None:
    """Ask a user for no one-time codes any more: the phone is lost, or the service's key was changed."""
    user = existing(session, username)
    codes.take_off(user)
    guessing.forget_codes(session, user.username)
    revoke_sessions(session, user.id, at)


def untie(session: Session, username: str, at: datetime) -> None:
    """Forget which city account a user has, for another one with the same email address to come in as."""
    user = existing(session, username)
    user.sso_subject = None
    revoke_sessions(session, user.id, at)


def sign_out_everywhere(session: Session, username: str, at: datetime) -> None:
    """End all sessions of a user, who may sign in again."""
    revoke_sessions(session, existing(session, username).id, at)


def revoke_sessions(session: Session, user_id: int, at: datetime) -> None:
    """Sign a user out everywhere."""
    session.execute(
        update(UserSession)
        .where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
        .values(revoked_at=at)
    )


def existing(session: Session, username: str) -> User:
    """The user of this name; ``UserError`` when there is none."""
    if user := find_user(session, username):
        return user
    raise UserError(f"There is no user {folded(username)!r}. To see all: comms user list")


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise UserError(f"There is no role {role!r}. Roles: {', '.join(ROLES)}.")


def _free_email(session: Session, email: str, username: str) -> str | None:
    """The address as it is kept, None for none; nobody else may have it."""
    address = folded_email(email)
    if not address:
        return None
    if not EMAIL.fullmatch(address):
        raise UserError(f"{address} is no email address. Give one such as j.park@city.gov, or none.")
    taken = session.scalar(select(User.username).where(User.email == address, User.username != username).limit(1))
    if taken:
        raise UserError(f"{taken} has the address {address} already; one address is one user.")
    return address


def _keep_an_administrator(session: Session, user: User) -> None:
    """Refuse to take away the last administrator: nobody could let anybody in any more."""
    others = select(func.count()).where(User.role == "administrator", User.active, User.id != user.id)
    if user.role == "administrator" and user.active and not session.scalar(others):
        raise UserError(f"{user.username} is the only administrator. Make another user administrator first.")
