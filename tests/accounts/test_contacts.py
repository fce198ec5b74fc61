"""Which address of an account is written to, and what is learned about it."""

import pytest

from comms.accounts import Account, contacts
from tests.support.accounts import AT, a_contact_point, an_account

CELL, HOME = "+12185550148", "+12185550149"


def test_the_best_usable_phone_comes_first_and_each_number_once(database):
    with database.begin() as session:
        account = an_account(session, phones=[CELL, HOME])
        a_contact_point(session, account, rank=3, value=CELL, raw="218 555 0148")
        a_contact_point(session, account, rank=0, value=None, raw="see notes", status="unusable", reason="No number")
        without = an_account(session, emails=["kelly@example.com"])
    with database.read() as session:
        found = contacts.preferred(session, [account.id, without.id], "sms")
        assert {key: [p.value for p in points] for key, points in found.items()} == {account.id: [CELL, HOME]}
        assert [p.value for p in contacts.preferred(session, [without.id], "email")[without.id]] == [
            "kelly@example.com"
        ]
        with pytest.raises(ValueError, match="allowed: sms"):
            contacts.preferred(session, [account.id], "pigeon")


def test_a_number_leads_to_every_account_that_has_it(database):
    with database.begin() as session:
        first, second = an_account(session, phones=[CELL]), an_account(session, phones=[HOME, CELL])
        former = an_account(session)
        a_contact_point(session, former, value=CELL, status="gone")
    with database.read() as session:
        assert [a.id for a in contacts.accounts_at(session, "phone", CELL)] == [first.id, second.id]
        assert contacts.accounts_at(session, "email", CELL) == []


def test_a_wrong_number_is_not_written_to_again_until_it_is_taken_back(database):
    with database.begin() as session:
        account = an_account(session, phones=[CELL, HOME])
    with database.begin() as session:
        assert contacts.mark(session, "phone", CELL, "wrong_number", "Said so", AT) == [account.id]
        assert contacts.mark(session, "phone", CELL, "wrong_number", "Said so", AT) == []
    with database.begin() as session:
        assert [p.value for p in contacts.preferred(session, [account.id], "sms")[account.id]] == [HOME]
        assert session.get(Account, account.id).facts_version == 2
        assert contacts.mark(session, "phone", CELL, "usable", "Customer confirmed", AT) == [account.id]
    with database.read() as session:
        assert [p.value for p in contacts.preferred(session, [account.id], "sms")[account.id]] == [CELL, HOME]
        with pytest.raises(ValueError, match="cannot be learned"):
            contacts.mark(session, "phone", CELL, "sunny", "", AT)
