"""A hold leaves an account alone from a date to a date, or until somebody releases it."""

from datetime import date

import pytest

from comms.accounts import Account, holds
from tests.support import build
from tests.support.build import NOW

MONDAY = date(2026, 11, 23)


def test_a_hold_is_in_force_on_its_days_only(database):
    with database.begin() as session:
        account, other = build.account(session), build.account(session)
        holds.place(session, account.id, "dispute", MONDAY, date(2026, 11, 30), "Disputes the bill", "user:kim", NOW)
    with database.read() as session:
        for day, count in [(22, 0), (23, 1), (30, 1)]:
            found = holds.active(session, [account.id, other.id], date(2026, 11, day))
            assert len(found.get(account.id, [])) == count
        assert holds.active(session, [account.id], date(2026, 12, 1)) == {}
        assert session.get(Account, account.id).facts_version == 2


def test_an_open_hold_lasts_until_it_is_released(database):
    with database.begin() as session:
        account = build.account(session)
        hold = holds.place(session, account.id, "medical", MONDAY, None, "Letter seen", "user:kim", NOW, 12_500)
    with database.begin() as session:
        assert holds.active(session, [account.id], date(2027, 6, 1))[account.id][0].amount_cents == 12_500
        assert holds.release(session, hold, "user:kim", NOW) is True
        assert holds.release(session, hold, "user:lee", NOW) is False
        assert holds.active(session, [account.id], date(2027, 6, 1)) == {}
    with database.read() as session:
        assert session.get(Account, account.id).facts_version == 3


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"kind": "sulking"}, "allowed: medical"),
        ({"ends_on": date(2026, 11, 1)}, "give a later end"),
        ({"amount_cents": 0}, "more than nothing"),
    ],
)
def test_a_hold_that_makes_no_sense_is_refused(sqlite_database, change, says):
    given = {"kind": "office", "ends_on": None, "amount_cents": None} | change
    with sqlite_database.begin() as session, pytest.raises(ValueError, match=says):
        account = build.account(session)
        holds.place(
            session, account.id, given["kind"], MONDAY, given["ends_on"], "", "user:kim", NOW, given["amount_cents"]
        )
