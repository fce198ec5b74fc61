"""The version of an account's facts: whoever changes them says so, and whoever decided on old ones must look again."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from comms.db import one_of

from .schema import Account

AT_ONCE = 500
"""How many ids one statement names: so few that the database looks each up instead of walking the table, and below the
parameter limits of both drivers."""


def touch(session: Session, account_ids: Collection[int], at: datetime) -> None:
    """Raise ``facts_version`` of these accounts by one; lowest id first, so that two writers never wait crosswise."""
    ordered = sorted(set(account_ids))
    for start in range(0, len(ordered), AT_ONCE):
        part = ordered[start : start + AT_ONCE]
        session.execute(
            update(Account)
            .where(one_of(session, Account.id, part))
            .values(facts_version=Account.facts_version + 1, updated_at=at)
            .execution_options(synchronize_session=False)
        )
