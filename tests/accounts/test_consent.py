"""Whoever says stop is left alone on that address, whichever account it is on, and can come back."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from comms.accounts import Account, ConsentEvent, consent
from tests.support import build
from tests.support.build import NOW

PHONE = "+12185550148"


def say(session, action, at=NOW, *, address=PHONE, channel="sms", **given):
    return consent.record(
        session, channel=channel, address=address, action=action, source="reply", evidence="STOP", at=at, **given
    )


def test_a_number_that_nobody_spoke_of_is_not_blocked(database):
    with database.read() as session:
        assert consent.blocked(session, "sms", [PHONE]) == set()
        assert consent.blocked(session, "sms", []) == set()


def test_stop_blocks_the_number_and_tells_which_accounts_it_concerns(database):
    with database.begin() as session:
        first, second = build.account(session, phone=PHONE), build.account(session, phone="+12185550149")
        build.contact_point(session, second.id, "phone", PHONE, rank=2)
        build.account(session, phone="+12185550150")
        assert say(session, "revoked") == [first.id, second.id]
    with database.read() as session:
        assert consent.blocked(session, "sms", [PHONE, "+12185550150"]) == {PHONE}
        assert consent.blocked(session, "email", [PHONE]) == set()
        assert [a.facts_version for a in session.scalars(select(Account).order_by(Account.id))] == [2, 2, 1]


def test_start_undoes_stop_and_the_ledger_keeps_both(database):
    with database.begin() as session:
        say(session, "revoked")
    with database.begin() as session:
        say(session, "granted")
    with database.read() as session:
        assert consent.blocked(session, "sms", [PHONE]) == set()
        assert list(session.scalars(select(ConsentEvent.action).order_by(ConsentEvent.id))) == ["revoked", "granted"]


def test_a_stop_that_arrives_late_does_not_undo_a_newer_start(database):
    with database.begin() as session:
        say(session, "granted", NOW)
        say(session, "revoked", NOW - timedelta(minutes=5))
    with database.read() as session:
        assert consent.blocked(session, "sms", [PHONE]) == set()


def test_a_category_is_blocked_alone_and_start_lifts_it_too(database):
    with database.begin() as session:
        say(session, "revoked", category="reminders")
    with database.read() as session:
        assert consent.blocked(session, "sms", [PHONE], "reminders") == {PHONE}
        assert consent.blocked(session, "sms", [PHONE], "outages") == set()
    with database.begin() as session:
        say(session, "granted")
    with database.read() as session:
        assert consent.blocked(session, "sms", [PHONE], "reminders") == set()


def test_granting_one_category_does_not_lift_a_stop_for_everything(database):
    with database.begin() as session:
        say(session, "revoked")
        say(session, "granted", category="reminders")
    with database.read() as session:
        assert consent.blocked(session, "sms", [PHONE], "reminders") == {PHONE}


def test_an_email_address_is_one_address_in_any_case(database):
    with database.begin() as session:
        account = build.account(session, email="kelly@example.com")
        assert say(session, "revoked", channel="email", address="Kelly@Example.com") == [account.id]
    with database.read() as session:
        assert consent.blocked(session, "email", ["KELLY@example.com"]) == {"KELLY@example.com"}


def test_the_account_that_spoke_is_concerned_even_without_that_address(database):
    with database.begin() as session:
        account = build.account(session, phone=None)
        assert say(session, "revoked", account_id=account.id) == [account.id]


@pytest.mark.parametrize("count", [3, 1201])
def test_many_changes_are_recorded_at_once(database, count):
    addresses = [f"+1218{5550000 + n}" for n in range(count)]
    with database.begin() as session:
        consent.record_all(
            session, [consent.Change("sms", address, "revoked", "cis", "NOTEXT", NOW) for address in addresses]
        )
    with database.read() as session:
        assert consent.blocked(session, "sms", [*addresses, PHONE]) == set(addresses)
