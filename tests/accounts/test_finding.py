"""A clerk finds the account by whatever the person at the counter has."""

import pytest

from comms.accounts import finding
from tests.support import build


@pytest.fixture
def office(database):
    with database.begin() as session:
        build.account(
            session, number="0000123-47", name="María Peña", phone="+12185550148", email="maria@example.com",
            service_address="7687 W Michigan St #35",
        )  # fmt: skip
        build.account(
            session, number="0000124-47", name="Kelly O'Malley", phone=None,
            service_address="12 North Main Street Apt 3",
        )  # fmt: skip
        build.account(session, number="000012347", name="Zed Underscore_100%", phone=None, service_address="PO Box 9")
    return database


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("0000123-47", ["0000123-47", "000012347"]),
        ("124-47", ["0000124-47"]),
        ("12447", ["0000124-47"]),
        ("pena maria", ["0000123-47"]),
        ("PEÑA, M", ["0000123-47"]),
        ("omalley", ["0000124-47"]),
        ("(218) 555-0148", ["0000123-47"]),
        ("1-218-555-0148", ["0000123-47"]),
        ("555-0148", ["0000123-47"]),
        ("Maria@Example.com", ["0000123-47"]),
        ("7687 west michigan street", ["0000123-47"]),
        ("7687 michigan apt 35", ["0000123-47"]),
        ("12 n main", ["0000124-47"]),
        ("p.o. box 9", ["000012347"]),
        ("nobody", []),
        ("%", []),
        ("_", []),
        ("' OR 1=1 --", []),
        ("", []),
    ],
)
def test_finding(office, query, numbers):
    with office.read() as session:
        assert [account.number for account in finding.find(session, query)] == numbers


def test_a_number_that_could_be_two_accounts_is_not_guessed(office):
    with office.read() as session:
        assert finding.by_number(session, " 0000123-47 ").name == "María Peña"
        assert finding.by_number(session, "124-47").number == "0000124-47"
        assert finding.by_number(session, "12347") is None
        assert finding.by_number(session, "-") is None


def test_a_search_gives_no_more_than_it_is_asked_for(office):
    with office.read() as session:
        assert len(finding.find(session, "0000123-47", limit=1)) == 1
