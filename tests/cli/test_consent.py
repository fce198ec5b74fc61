"""``comms consent``: staff write down what they were told, and look up who may be written to, and why not."""

import pytest
from sqlalchemy import select

from comms.accounts import ConsentEvent, consent
from comms.accounts.schema import ConsentMirror
from tests.support import build

PHONE = "+12185550148"
BY_PHONE = ("--evidence", "By phone on Nov 23, Maria Jensen herself", "--by", "park")


@pytest.fixture
def maria(database):
    with database.begin() as session:
        return build.account(session, phone=PHONE, email="maria@example.com", number="0000123-47").number


def test_an_opt_out_by_phone(comms, database, maria):
    said = comms("consent", "revoke", "(218) 555-0148", *BY_PHONE)
    assert (said.code, said.out) == (0, f"{PHONE}: sms, all: revoked. Accounts: {maria}.\n")
    with database.read() as session:
        line = session.scalars(select(ConsentEvent)).one()
        assert session.scalars(select(ConsentMirror.state)).all() == ["waiting"]
    assert (line.address, line.source, line.action) == (PHONE, "user:park", "revoked")
    assert "By phone on Nov 23" in comms("history", maria).out


def test_one_category_of_email_and_back(comms, database, maria):
    said = comms("consent", "revoke", "Maria@Example.com", "--category", "billing", *BY_PHONE, "--json")
    assert said.json == {
        "address": "maria@example.com", "channel": "email", "category": "billing", "action": "revoked",
        "accounts": [maria], "recalled": [], "too_late": [],
    }  # fmt: skip
    with database.read() as session:
        assert consent.blocked(session, "email", ["maria@example.com"], "billing")
        assert not consent.blocked(session, "email", ["maria@example.com"], "conversation")
    assert comms("consent", "grant", "maria@example.com", *BY_PHONE).code == 0
    with database.read() as session:
        assert not consent.blocked(session, "email", ["maria@example.com"], "billing")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("revoke", "555-01", *BY_PHONE), "555-01 is no phone or email address. Too short"),
        (("revoke", PHONE, "--channel", "email", *BY_PHONE), "is not an address for email"),
        (("revoke", PHONE, "--evidence", " - "), "Say who said it, how and when"),
        (("show", "0009999-99"), "No account 0009999-99, and 0009999-99 is no phone"),
    ],
)
def test_what_cannot_be_written_down_is_refused_with_a_way_out(comms, database, arguments, says):
    said = comms("consent", *arguments)
    assert (said.code, said.out) == (2, "")
    assert says in said.err


def test_it_needs_evidence(comms, database):
    assert comms("consent", "revoke", PHONE).code == 2


def test_what_the_ledger_says_of_an_account_and_why(comms, database, maria):
    comms("consent", "revoke", PHONE, *BY_PHONE)
    said = comms("consent", "show", maria)
    assert said.code == 0
    assert f"{PHONE}: sms NOT wanted\n" in said.out
    assert "maria@example.com: nothing was said\n" in said.out
    assert f"{PHONE}  sms  all  revoked by user:park: By phone on Nov 23" in said.out
    assert "(Twilio is not told yet)" in said.out
    one = comms("consent", "show", "218.555.0148", "--json").json
    assert [line["action"] for line in one["lines"]] == ["revoked"]
    assert one["lines"][0]["twilio"] == "waiting"
    assert one["addresses"] == [
        {"address": PHONE, "standing": [{"channel": "sms", "category": "all", "allowed": False}], "blocked": ["sms"]}
    ]


def test_an_address_nobody_spoke_of_and_an_account_without_one(comms, database):
    assert comms("consent", "show", PHONE).out == f"{PHONE}: nothing was said\nThe ledger has no line about it.\n"
    with database.begin() as session:
        build.account(session, phone=None, number="0000001-01")
    said = comms("consent", "show", "0000001-01")
    assert (said.code, "has no phone and no email" in said.err) == (2, True)


def test_how_twilios_list_follows(comms, database, maria):
    assert comms("consent", "mirror").out == "Nothing to tell.\n"
    comms("consent", "revoke", PHONE, *BY_PHONE)
    with database.begin() as session:
        row = session.scalars(select(ConsentMirror)).one()
        row.state, row.attempts, row.answer = "refused", 3, "Twilio error 30646: INVALID_CONTACT_ID"
    said = comms("consent", "mirror")
    assert (said.code, said.out) == (1, "1 refused\n")
    assert "(Twilio refuses it: Twilio error 30646" in comms("consent", "show", maria).out
    said = comms("consent", "mirror", "--again", "--json")
    assert (said.code, said.json) == (0, {"waiting": 1})
    with database.read() as session:
        again = session.scalars(select(ConsentMirror)).one()
    assert (again.state, again.attempts) == ("waiting", 0)
