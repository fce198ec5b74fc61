"""What came in after the balance was taken: the CIS's figure stays as it came, this stands beside it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from .schema import Account, Payment


def paid_since(session: Session, account_ids: Collection[int]) -> dict[int, int]:
    """Cents posted after the day of each balance; reversals count against them. Accounts with none are left out."""
    rows = session.execute(
        select(Payment.account_id, func.sum(Payment.amount_cents))
        .join(Account, Account.id == Payment.account_id)
        .where(Payment.account_id.in_(account_ids), Payment.paid_on > Account.balance_as_of)
        .group_by(Payment.account_id)
    )
    return {account_id: int(total) for account_id, total in rows}


@dataclass(frozen=True)
class Received:
    """What is left of a payment after its reversals, in cents."""

    paid_on: date
    cents: int


def received_since(session: Session, account_id: int, since: date) -> list[Received]:
    """Payments posted on ``since`` or later, of the customer's own and of agencies, the latest first; what was reversed
    entirely is left out. A reversal counts whichever of the two came first."""
    back = aliased(Payment)
    reversed_cents = (
        select(func.coalesce(func.sum(func.abs(back.amount_cents)), 0))
        .where(back.kind == "reversal", back.reverses == Payment.transaction_id)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Payment.paid_on, Payment.amount_cents - reversed_cents)
        .where(
            Payment.account_id == account_id,
            Payment.kind.in_(("payment", "assistance")),
            Payment.paid_on >= since,
        )
        .order_by(Payment.paid_on.desc(), Payment.id.desc())
    )
    return [Received(day, int(cents)) for day, cents in rows if cents > 0]
