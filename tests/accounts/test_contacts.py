"""Which address of an account is written to, and what is learned about it."""

import pytest

from comms.accounts import Account, contacts
from tests.support import build
from tests.support.build import NOW

CELL, HOME = "+12185550148", "+12185550149"


def an_account_with_two_phones(session):
    account = build.account(session, phone=CELL)
    build.contact_point(session, account.id, "phone", HOME, rank=2)
    return account


def test_the_best_usable_phone_comes_first_and_each_number_once(database):
    with database.begin() as session:
        account = an_account_with_two_phones(session)
        build.contact_point(session, account.id, "phone", CELL, rank=3, raw="218 555 0148")
        unreadable = {"raw": "see notes", "status": "unusable", "reason": "No number"}
        build.contact_point(session, account.id, "phone", None, rank=0, **unreadable)
        without = build.account(session, phone=None, email="kelly@example.com")
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
        first, second = build.account(session, phone=CELL), build.account(session, phone=HOME)
        build.contact_point(session, second.id, "phone", CELL, rank=2)
        former = build.account(session, phone=None)
        build.contact_point(session, former.id, "phone", CELL, status="gone")
    with database.read() as session:
        assert [a.id for a in contacts.accounts_at(session, "phone", CELL)] == [first.id, second.id]
        assert contacts.accounts_at(session, "email", CELL) == []


def test_a_wrong_number_is_not_written_to_again_until_it_is_taken_back(database):
    with database.begin() as session:
        account = an_account_with_two_phones(session)
    with database.begin() as session:
        assert contacts.mark(session, "phone", CELL, "wrong_number", "Said so", NOW) == [account.id]
        assert contacts.mark(session, "phone", CELL, "wrong_number", "Said so", NOW) == []
    with database.begin() as session:
        assert [p.value for p in contacts.preferred(session, [account.id], "sms")[account.id]] == [HOME]
        assert session.get(Account, account.id).facts_version == 2
        assert contacts.mark(session, "phone", CELL, "usable", "Customer confirmed", NOW) == [account.id]
    with database.read() as session:
        assert [p.value for p in contacts.preferred(session, [account.id], "sms")[account.id]] == [CELL, HOME]
        with pytest.raises(ValueError, match="cannot be learned"):
            contacts.mark(session, "phone", CELL, "sunny", "", NOW)
