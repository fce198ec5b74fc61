"""What came in after the balance was taken: the CIS's figure stays as it came, this stands beside it."""

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

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
