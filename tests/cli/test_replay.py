"""``comms replay``: a supervisor tries a draft on the days gone by."""

from datetime import date

import pytest

from comms.accounts.schema import AccountBalance
from comms.city import load_city
from tests.support import build, policies


@pytest.fixture
def debts(database):
    with database.begin() as session:
        policies.activate(session, load_city("duluth-mn"))
        account = build.account(session)
        session.add(AccountBalance(
            account_id=account.id, as_of=date(2026, 11, 2), past_due_cents=12000, oldest_due_on=date(2026, 10, 20),
            status="active",
        ))  # fmt: skip


def test_the_draft_stands_beside_what_was_really_sent(comms, debts):
    said = comms("replay", "residential-past-due", "--from", "2026-11-02")
    assert said.code == 0 and "Replaying" in said.err
    for part in (
        "Nothing was sent.",
        "draft    really",
        "Past-due reminder, text message",
        "Payments are those that really came",
    ):
        assert part in said.out


def test_a_program_reads_json(comms, debts):
    told = comms("replay", "residential-past-due", "--from", "2026-11-02", "--to", "2026-11-08", "--json").json
    assert (told["from"], told["to"], told["accounts_taken_in"]) == ("2026-11-02", "2026-11-08", 1)
    assert told["draft"]["contacts"] == [{"step": "reminder", "channel": "sms", "contacts": 1}]


@pytest.mark.parametrize("asked", [
    ("none-such", "--from", "2026-11-02"), ("residential-past-due", "--from", "2026-12-02"), ("residential-past-due",),
])  # fmt: skip
def test_what_cannot_be_replayed_is_refused(comms, debts, asked):
    said = comms("replay", *asked)
    assert said.code == 2 and said.err and not said.out
