"""``comms import``: what a program is told is what a clerk is told."""

from datetime import date

import pytest

from comms import promises
from comms.accounts.schema import Account
from comms.outbox import enqueue
from tests.support import build, exports


@pytest.fixture
def evening(imported, database, clock, city):
    """Two customers with a reminder that has not left; the second one has promised $50.00."""
    with database.begin() as session:
        ids = {account.number: account.id for account in session.query(Account)}
        for number in ("0000001-10", "0000002-10"):
            fallback = {"channels": [], "fields": {}}
            enqueue(session, [build.draft(ids[number], facts_version=1, fallback=fallback)], clock)
        change = promises.propose(
            session, city, clock, account_id=ids["0000002-10"], parts=[promises.Part(date(2026, 11, 25), 5000)],
            source="sms", said_text="50 on wednesday",
        )  # fmt: skip
        promises.open_(session, city, clock, change.promise_id, actor="customer")
    return imported


def payments(tmp_path):
    """The first customer pays a part of what is past due, the second all of it."""
    rows = [exports.payment_row(1, "T1", AMOUNT="20.00"), exports.payment_row(2, "T2", AMOUNT="50.00")]
    return str(exports.payments_file(tmp_path, rows))


def test_a_clerk_reads_what_followed(evening, tmp_path):
    said = evening("import", "payments", payments(tmp_path))
    assert said.code == 0, said
    assert "Promises: 1 kept." in said.out
    assert "Messages that had not left: 1 called back, 1 written anew." in said.out


def test_a_program_reads_the_same_numbers(evening, tmp_path):
    told = evening("import", "payments", payments(tmp_path), "--json").json
    assert (told["state"], told["taken"]) == ("done", 2)
    assert told["followed"]["messages"] == {"called_back": 1, "written_anew": 1}
    assert told["followed"]["promises"] == {
        "kept": 1, "kept_late": 0, "kept_short": 0, "partial": 0, "broken": 0, "settled_other": 0, "reopened": 0,
        "pending_feed": 0,
    }  # fmt: skip


def test_nothing_follows_from_a_file_that_was_not_taken_in(evening, tmp_path):
    stopped = evening("import", "payments", str(tmp_path / "none.csv"), "--json")
    assert (stopped.code, stopped.json["state"], stopped.json["followed"]) == (2, "stopped", None)
