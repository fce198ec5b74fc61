"""Contact points: which phone or email of an account to write to, whose a phone is, and what was learned of it."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from .consent import KINDS
from .facts import AT_ONCE, touch
from .schema import Account, ContactPoint

LEARNED = ("wrong_number", "bounced", "unreachable")
"""What we hear about an address from people and carriers; an import never overwrites it."""

ON_FILE = ("usable", *LEARNED)


def preferred(session: Session, account_ids: Collection[int], channel: str) -> dict[int, list[ContactPoint]]:
    """The usable contact points for ``sms`` (phones) or ``email``, best first, each address once an account.

    Accounts with none are left out. Consent is not looked at here.
    """
    kind = KINDS.get(channel)
    if kind is None:
        raise ValueError(f"{channel!r} has no contact points; allowed: {', '.join(KINDS)}")
    ordered = sorted(set(account_ids))
    found: dict[int, list[ContactPoint]] = defaultdict(list)
    for start in range(0, len(ordered), AT_ONCE):
        statement = (
            select(ContactPoint)
            .where(
                ContactPoint.account_id.in_(ordered[start : start + AT_ONCE]),
                ContactPoint.kind == kind,
                ContactPoint.status == "usable",
                ContactPoint.value.is_not(None),
            )
            .order_by(ContactPoint.account_id, ContactPoint.rank, ContactPoint.id)
            .execution_options(populate_existing=True)
        )
        for point in session.scalars(statement):
            if all(point.value != other.value for other in found[point.account_id]):
                found[point.account_id].append(point)
    return dict(found)


def accounts_at(session: Session, kind: str, value: str) -> list[Account]:
    """The accounts that have this phone (E.164) or email; what left the CIS file or was never usable does not count."""
    statement = (
        select(Account)
        .where(
            Account.id.in_(
                select(ContactPoint.account_id).where(
                    ContactPoint.kind == kind,
                    ContactPoint.value == value.strip().lower(),
                    ContactPoint.status.in_(ON_FILE),
                )
            )
        )
        .order_by(Account.number)
    )
    return list(session.scalars(statement))


def mark(session: Session, kind: str, value: str, status: str, reason: str, at: datetime) -> list[int]:
    """Note what was learned of an address (``wrong_number``, ``bounced``, ``unreachable``; ``usable`` takes it back).

    Returns the ids of the accounts for which that is news; their facts version has risen.
    """
    if status not in ON_FILE:
        raise ValueError(f"{status!r} cannot be learned of an address; allowed: {', '.join(ON_FILE)}")
    statement = (
        update(ContactPoint)
        .where(
            ContactPoint.kind == kind,
            ContactPoint.value == value.strip().lower(),
            ContactPoint.status.in_(ON_FILE),
            ContactPoint.status != status,
        )
        .values(status=status, reason=reason, updated_at=at)
        .returning(ContactPoint.account_id)
        .execution_options(synchronize_session=False)
    )
    concerned = sorted(set(session.scalars(statement)))
    touch(session, concerned, at)
    return concerned
