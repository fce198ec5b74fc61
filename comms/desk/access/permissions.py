"""What a person may do, and which role may do it. Every route names one permission."""

from enum import StrEnum


class Permission(StrEnum):
    """What a route lets a person do."""

    ANYONE = "anyone"
    """No sign-in: the sign-in page itself and its style sheets."""
    SIGNED_IN = "signed in"
    SEE_ACCOUNTS = "see accounts"
    SEE_REPORTS = "see reports"

    WRITE_NOTES = "write notes"
    WRITE_TO_CUSTOMERS = "write to customers"
    WORK_LISTS = "work the lists"
    TAKE_PROMISES = "take promises"
    PLACE_HOLDS = "place and end holds"
    SEND_NOTICES = "send notices"
    SCAN_MAIL = "take in returned mail"
    SEE_CAMPAIGNS = "see campaigns and notices"

    APPROVE_PROMISES = "approve promises"
    APPROVE_CAMPAIGNS = "approve runs and policies"
    RUN_CAMPAIGNS = "let runs go, pause and stop them"
    APPROVE_NOTICES = "approve the wording of notices"
    ASSIGN_OTHERS = "give matters to others"
    EXPORT = "take the correspondence log out"
    SEE_AUDIT = "see who saw and did what"

    MANAGE_USERS = "manage staff"


ROLES: dict[str, frozenset[Permission]] = {}
"""The permissions of each role; each role may do what the one before it may."""

_ADDED: dict[str, set[Permission]] = {
    "viewer": {Permission.ANYONE, Permission.SIGNED_IN, Permission.SEE_ACCOUNTS, Permission.SEE_REPORTS},
    "collector": {
        Permission.WRITE_NOTES, Permission.WRITE_TO_CUSTOMERS, Permission.WORK_LISTS, Permission.TAKE_PROMISES,
        Permission.PLACE_HOLDS, Permission.SEND_NOTICES, Permission.SCAN_MAIL, Permission.SEE_CAMPAIGNS,
    },
    "supervisor": {
        Permission.APPROVE_PROMISES, Permission.APPROVE_CAMPAIGNS, Permission.RUN_CAMPAIGNS,
        Permission.APPROVE_NOTICES, Permission.ASSIGN_OTHERS, Permission.EXPORT,
        Permission.SEE_AUDIT,
    },
    "administrator": {Permission.MANAGE_USERS},
}  # fmt: skip
_so_far: frozenset[Permission] = frozenset()
for _role, _added in _ADDED.items():
    _so_far |= _added
    ROLES[_role] = _so_far


def allows(role: str, permission: Permission) -> bool:
    """Whether somebody of this role may do it; an unknown role may do nothing."""
    return permission in ROLES.get(role, frozenset())
