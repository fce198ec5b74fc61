"""What was owed, file after file: a row where the debt is new, changed or gone, and none where it stays as it was."""

from datetime import date, timedelta

import pytest
from sqlalchemy import delete, select

from comms.accounts.importing import import_accounts
from comms.accounts.schema import Account, AccountBalance
from tests.support.exports import accounts_file, duluth_row

PAID = {"BAL_30": "0.00", "BAL_60": "0.00", "PD_GAS": "0.00", "PD_WATER": "0.00", "PD_SEWER": "0.00",
        "PD_STORM": "0.00", "OLDEST_DUE_DT": ""}  # fmt: skip
LESS = {"BAL_30": "10.00", "BAL_60": "20.00", "PD_GAS": "5.00"}


@pytest.fixture
def take(database, city, clock, tmp_path):
    """Take in rows as the export of a day."""

    def taking(day, *rows):
        clock.advance(timedelta(days=1))
        done = import_accounts(database, city, clock, accounts_file(tmp_path, rows, day), accept=True)
        assert done.state == "done" and done.balances
        return done

    return taking


def told(database, number=1):
    """The rows of an account: day, cents, oldest day, status."""
    with database.read() as session:
        return [
            (str(row.as_of), row.past_due_cents, row.oldest_due_on, row.status)
            for row in session.scalars(
                select(AccountBalance)
                .join(Account, Account.id == AccountBalance.account_id)
                .where(Account.number == f"{number:07}-10")
                .order_by(AccountBalance.as_of)
            )
        ]


def test_a_row_where_the_debt_is_new_changed_or_gone_and_none_in_between(database, take):
    first = date(2026, 10, 20)
    take("2026-11-20", duluth_row(1), duluth_row(2, **PAID))
    take("2026-11-21", duluth_row(1, EMAIL="another@example.com"), duluth_row(2, **PAID))
    take("2026-11-22", duluth_row(1, **LESS), duluth_row(2, **PAID))
    take("2026-11-23", duluth_row(1, **LESS, STATUS="F"), duluth_row(2, **PAID))
    take("2026-11-24", duluth_row(1, **PAID, STATUS="F"), duluth_row(2))
    assert told(database) == [
        ("2026-11-20", 5000, first, "active"), ("2026-11-22", 3000, first, "active"),
        ("2026-11-23", 3000, first, "final"), ("2026-11-24", 0, None, "final"),
    ]  # fmt: skip
    assert told(database, 2) == [("2026-11-24", 5000, first, "active")]


def test_a_second_file_of_the_day_takes_the_place_of_the_first(database, take):
    first = date(2026, 10, 20)
    take("2026-11-20", duluth_row(1), duluth_row(2))
    take("2026-11-20", duluth_row(1, **LESS), duluth_row(2, EMAIL="another@example.com"))
    assert told(database) == [("2026-11-20", 3000, first, "active")]
    assert told(database, 2) == [("2026-11-20", 5000, first, "active")]


def test_who_leaves_the_file_owes_nothing_from_then_and_owes_again_when_back(database, take):
    stays = [duluth_row(number) for number in range(2, 5)]
    take("2026-11-20", duluth_row(1), *stays)
    take("2026-11-21", *stays)
    take("2026-11-22", duluth_row(1), *stays)
    assert [row[:2] + row[3:] for row in told(database)] == [
        ("2026-11-20", 5000, "active"), ("2026-11-21", 0, "gone"), ("2026-11-22", 5000, "active"),
    ]  # fmt: skip


def test_debts_that_were_taken_in_before_they_were_kept_are_kept_with_the_next_file(database, take):
    take("2026-11-20", duluth_row(1), duluth_row(2, **PAID))
    with database.begin() as session:
        session.execute(delete(AccountBalance))
    take("2026-11-21", duluth_row(1), duluth_row(2, **PAID), duluth_row(3))
    assert [row[:2] for row in told(database)] == [("2026-11-21", 5000)]
    assert told(database, 2) == []
