"""What was owed, file after file: a row where the debt is new, changed or gone, and none where it stays as it was.

The account itself keeps only the newest figures. A draft policy is replayed over these rows, and ``why`` reads them for
a day gone by.
"""

from collections.abc import Mapping, Sequence, Set
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import delete, exists, insert, select
from sqlalchemy.orm import Session

from comms.accounts.schema import Account, AccountBalance
from comms.db import insert_rows, one_of

from .account_rows import COLUMNS, AccountRow

GONE = "gone"
"""The status of an account that a file no longer has."""

_TOLD = ("past_due_cents", "oldest_due_on", "status")
_PAST_DUE, _OLDEST, _STATUS = map(COLUMNS.index, _TOLD)


class Debt(NamedTuple):
    """What an account owed before this file: cents, the ISO day of the oldest bill, the status."""

    past_due_cents: int
    oldest_due_on: str | None
    status: str


NOTHING = Debt(0, None, GONE)
"""Of an account that was not known, or had left the file."""


def write_debts(
    session: Session, rows: Sequence[AccountRow], before: Mapping[str, Debt], ids: Mapping[str, int], as_of: date
) -> None:
    """Keep what a batch of a file changed. ``before`` has the accounts that were known, by number."""
    changed = []
    for row in rows:
        now = (row.values[_PAST_DUE], row.values[_OLDEST], row.values[_STATUS])
        was = before.get(row.number, NOTHING)
        if was != now and (now[0] != 0 or was.past_due_cents != 0):
            changed.append((ids[row.number], *now))
    _replace(session, changed, as_of, {ids[number] for number in before})


def write_left(session: Session, owing: Sequence[int], as_of: date) -> None:
    """Keep that these accounts, which owed, are no longer in the file."""
    _replace(session, [(key, 0, None, GONE) for key in owing], as_of, set(owing))


def write_standing(session: Session, after: int, up_to: int) -> None:
    """Keep the debts of accounts (by id, after one and up to another) of which no row tells: they were taken in before
    debts were kept."""
    standing = select(
        Account.id, Account.balance_as_of, Account.past_due_cents, Account.oldest_due_on, Account.status
    ).where(
        Account.id > after,
        Account.id <= up_to,
        Account.in_latest_file,
        Account.past_due_cents != 0,
        ~exists().where(AccountBalance.account_id == Account.id),
    )
    session.execute(insert(AccountBalance).from_select(("account_id", "as_of", *_TOLD), standing))


def _replace(session: Session, rows: Sequence[tuple[Any, ...]], as_of: date, known: Set[int]) -> None:
    """Insert these rows; a second file of the same day takes the place of the first."""
    if again := [row[0] for row in rows if row[0] in known]:
        session.execute(
            delete(AccountBalance)
            .where(AccountBalance.as_of == as_of, one_of(session, AccountBalance.account_id, again))
            .execution_options(synchronize_session=False)
        )
    day = as_of.isoformat()
    insert_rows(session, AccountBalance, ("account_id", *_TOLD, "as_of"), [(*row, day) for row in rows])
