"""``comms promise`` at the command line."""

import json
from datetime import date

import pytest
from click.testing import CliRunner

from comms import promises
from comms.cli.promise import promise
from tests.support import build


@pytest.fixture
def run(sqlite_database, sqlite_url, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("COMMS_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("SECRET_KEY", "test-key")
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(promise, words)


@pytest.fixture
def promised(sqlite_database, city, clock):
    with sqlite_database.begin() as session:
        account_id = build.account(session).id
        change = promises.propose(
            session, city, clock, account_id=account_id, parts=[promises.Part(date(2026, 12, 4), 5000)],
            source="sms", said_text="50 on the 4th",
        )  # fmt: skip
        promises.open_(session, city, clock, change.promise_id, actor="customer")
        build.payment(session, account_id, 5000, date(2026, 11, 24), transaction_id="T77")
        return change.promise_id


def test_list_show_and_evaluate(run, promised):
    (line,) = json.loads(run("list", "--json").output)
    assert (line["id"], line["status"], line["promised_cents"]) == (promised, "open", 5000)
    assert json.loads(run("evaluate", "--json").output)["kept"] == 1
    assert "No promises" in run("list", "--status", "open").output
    shown = run("show", str(promised)).output
    assert "kept" in shown and "50 on the 4th" in shown and "T77" in shown
    assert json.loads(run("show", str(promised), "--json").output)["payments"][0]["amount_cents"] == 5000


def test_a_promise_that_is_not_there_is_refused_with_a_next_step(run):
    result = run("show", "99")
    assert result.exit_code == 2
    assert "comms promise list" in result.output
