"""What a person may do, and which role may do it. Every route names one permission."""

from enum import StrEnum


class Permission(StrEnum):
    """What a route lets a person do."""

    ANYONE = "anyone"
    """No sign-in: the sign-in page itself and its style sheets."""
    SIGNED_IN = "signed in"
    SEE_ACCOUNTS = "see accounts"
    WRITE_NOTES = "write notes"
    WRITE_TO_CUSTOMERS = "write to customers"
    WORK_LISTS = "work the lists"
    APPROVE_PROMISES = "approve promises"


ROLES: dict[str, frozenset[Permission]] = {}
"""The permissions of each role; each role may do what the one before it may."""

_ADDED: dict[str, set[Permission]] = {
    "viewer": {Permission.ANYONE, Permission.SIGNED_IN, Permission.SEE_ACCOUNTS},
    "collector": {Permission.WRITE_NOTES, Permission.WRITE_TO_CUSTOMERS, Permission.WORK_LISTS},
    "supervisor": {Permission.APPROVE_PROMISES},
    "administrator": set(),
}
_so_far: frozenset[Permission] = frozenset()
for _role, _added in _ADDED.items():
    _so_far |= _added
    ROLES[_role] = _so_far


def allows(role: str, permission: Permission) -> bool:
    """Whether somebody of this role may do it; an unknown role may do nothing."""
    return permission in ROLES.get(role, frozenset())
