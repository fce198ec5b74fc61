"""Who somebody of the city's identity provider is at the desk.

Where ``OIDC_ROLES`` names groups, the provider decides: whoever is in one of them comes in with its role, new people
included. Where it is empty, the desk decides: only those come in whom an administrator has added with their email
address, in the role they were given here. A user is known by the provider's subject from the first time on, so that a
changed name or address makes no second user; disabling a user here keeps them out whatever the provider says.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.desk.access.permissions import ROLES
from comms.desk.access.provider import SignOnError
from comms.desk.access.users import USERNAME, find_user, folded_email
from comms.desk.schema import User
from comms.settings import Settings


def let_in(session: Session, settings: Settings, claims: Mapping[str, Any], at: datetime) -> User:
    """The user of a person whom the provider has vouched for, made when new. Raises ``SignOnError``."""
    subject = f"{settings.oidc_issuer} {claims['sub']}"
    role = _role(settings, claims)
    user = session.scalar(select(User).where(User.sso_subject == subject)) or _by_email(session, claims)
    if user is None and role is not None:
        user = _newcomer(session, claims, role, at)
    if user is None:
        raise SignOnError(
            "Nobody here has your city account's email address. Ask an administrator of the desk to add you with it."
        )
    if not user.active:
        raise SignOnError("Your user here is disabled. Ask an administrator of the desk.")
    user.sso_subject = subject
    user.role = role or user.role
    session.flush()
    return user


def roles_unknown(settings: Settings) -> list[str]:
    """The roles that ``OIDC_ROLES`` names and that do not exist."""
    return sorted(set(settings.sso_roles.values()) - ROLES.keys())


def _role(settings: Settings, claims: Mapping[str, Any]) -> str | None:
    """The highest role that the person's groups give; None when the provider is not asked for roles."""
    if not settings.sso_roles:
        return None
    found: Any = claims
    for part in settings.oidc_role_claim.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    groups = found if isinstance(found, list) else [found]
    given = {role for group, role in settings.sso_roles.items() if group in groups}
    held = [role for role in ROLES if role in given]
    if not held:
        raise SignOnError("Your city account is in no group that may use the desk. Ask whoever looks after the groups.")
    return held[-1]


def _by_email(session: Session, claims: Mapping[str, Any]) -> User | None:
    """Somebody who was added here with the address that the provider has checked, and never came in this way yet."""
    email = _checked_email(claims)
    if not email:
        return None
    found = session.scalars(select(User).where(User.email == email, User.sso_subject.is_(None))).all()
    return found[0] if len(found) == 1 else None


def _checked_email(claims: Mapping[str, Any]) -> str:
    """The person's address; none when the provider says that it was never checked. Some directories say nothing."""
    email, checked = claims.get("email"), claims.get("email_verified", True)
    return folded_email(email) if isinstance(email, str) and checked is True else ""


def _newcomer(session: Session, claims: Mapping[str, Any], role: str, at: datetime) -> User:
    known = str(claims.get("preferred_username") or claims.get("email") or claims["sub"])
    username = re.sub(r"[^a-z0-9._@-]", "-", known.strip().casefold())[:64]
    if not USERNAME.fullmatch(username) or find_user(session, username) is not None:
        raise SignOnError(
            f"There is a user {username!r} here already who is not tied to your city account. Ask an administrator of "
            "the desk to give that user your email address, or to untie the account it had before."
        )
    email = _checked_email(claims) or None
    if email and session.scalar(select(User.id).where(User.email == email).limit(1)):
        email = None
    user = User(
        username=username, name=str(claims.get("name") or username)[:100], role=role, password_hash="", created_at=at,
        email=email,
    )  # fmt: skip
    session.add(user)
    session.flush()
    return user
