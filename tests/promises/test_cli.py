"""``comms promise`` at the command line."""

import json
from datetime import date

import pytest
from click.testing import CliRunner

from comms import history, promises, worklist
from comms.accounts import Account
from comms.cli.promise import promise
from comms.clock import FileClock
from comms.desk.access import users
from comms.outbox import Message, enqueue
from comms.promises.schema import Promise
from tests.support import build


@pytest.fixture
def run(sqlite_database, sqlite_url, monkeypatch, tmp_path, clock):
    FileClock.put(tmp_path / "clock.json", clock.now())
    monkeypatch.setenv("COMMS_CLOCK", str(tmp_path / "clock.json"))
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


@pytest.fixture
def account(sqlite_database):
    """An account that owes $400.00, with an email address; its number."""
    with sqlite_database.begin() as session:
        return build.account(session, past_due_cents=40000, email="maria@example.com").number


@pytest.fixture
def sue(sqlite_database, clock):
    with sqlite_database.begin() as session:
        for name, role in (("sue", "supervisor"), ("dana", "collector")):
            users.add_user(
                session, username=name, name=name, role=role, password="a long enough secret", at=clock.now()
            )
    return "sue"


def test_list_show_and_evaluate(run, promised):
    (line,) = json.loads(run("list", "--json").stdout)
    assert (line["id"], line["status"], line["promised_cents"]) == (promised, "open", 5000)
    assert json.loads(run("evaluate", "--json").stdout)["kept"] == 1
    assert "No promises" in run("list", "--status", "open").output
    shown = run("show", str(promised)).output
    assert "kept" in shown and "50 on the 4th" in shown and "T77" in shown
    assert json.loads(run("show", str(promised), "--json").stdout)["payments"][0]["amount_cents"] == 5000


@pytest.mark.parametrize(
    "words",
    [
        ["show", "99"], ["withdraw", "99", "--reason", "x"], ["refuse", "99", "--reason", "x"],
        ["list", "--account", "nobody"], ["evaluate", "--account", "nobody"], ["arrange", "nobody"],
        ["enter", "nobody", "--pay", "50@2026-12-04"],
    ],
)  # fmt: skip
def test_what_is_not_there_is_refused_with_a_next_step(run, words):
    result = run(*words)
    assert result.exit_code == 2
    assert "comms promise list" in result.output or "comms history --find NAME" in result.output
    assert "Traceback" not in result.output


def test_a_promise_from_the_phone_is_open_and_put_in_writing(run, account, sqlite_database, city, clock):
    with sqlite_database.begin() as session:
        account_id = session.query(Account).filter_by(number=account).one().id
        (dunning,) = enqueue(session, [build.draft(account_id)], clock)
    result = run("enter", account, "--pay", "200@2026-12-04", "--by", "dana", "--note", "Gets paid Thursday.")
    assert result.exit_code == 0, result.output
    assert "is open. The customer is told by sms." in result.output
    with sqlite_database.begin() as session:
        assert session.get(Message, dunning).state == "cancelled"
        (written,) = session.query(Message).filter(Message.id != dunning)
        assert written.notice == "promise-confirmation"
        assert "$200.00" in written.body_text
        kinds = [entry.kind for entry in history.timeline(session, account_id)]
        assert {"promise.proposed", "promise.opened"} <= set(kinds)
        assert history.verify(session, account_id)[1] == []


def test_beyond_the_limits_it_waits_for_a_supervisor_who_approves_it(run, account, sue, sqlite_database):
    result = run("enter", account, "--pay", "5@2027-06-01", "--by", "dana", "--json")
    assert result.exit_code == 1
    said = json.loads(result.stdout)
    assert (said["awaits"], said["reasons"]) == ("supervisor", ["too_late", "too_little"])
    number = str(said["promise"])
    assert "awaits supervisor" in run("list", "--awaits", "supervisor").output
    for nobody in ("dana", "stranger"):
        refused = run("approve", number, "--by", nobody)
        assert refused.exit_code == 2
        assert "comms user list" in refused.output
    approved = run("approve", number, "--by", sue)
    assert approved.exit_code == 0, approved.output
    assert "Approved by sue" in run("show", number).output
    assert "It is open already." in run("approve", number, "--by", sue).output
    with sqlite_database.begin() as session:
        assert worklist.open_tasks(session, ["approval"]) == []


def test_a_supervisor_may_refuse_one_and_the_office_withdraw_one(run, account, sue):
    waiting = json.loads(run("enter", account, "--pay", "5@2027-06-01", "--json").stdout)["promise"]
    assert "is not accepted" in run("refuse", str(waiting), "--by", sue, "--reason", "Too late.").output
    opened = json.loads(run("enter", account, "--pay", "200@2026-12-04", "--json").stdout)["promise"]
    assert run("refuse", str(opened), "--reason", "x").exit_code == 2
    taken = run("withdraw", str(opened), "--for", "office", "--reason", "Entered on the wrong account.")
    assert "withdrawn by the office" in taken.output
    again = run("approve", str(opened), "--by", sue)
    assert again.exit_code == 2 and "nothing to approve" in again.output


def test_what_the_office_offers_to_pay_over_time(run, account):
    shown = run("arrange", account)
    assert shown.exit_code == 0, shown.output
    assert "owes $400.00. $100.00 down, then 3 payments every month" in shown.output
    assert "$100.00 by Mon Nov 30, 2026" in shown.output
    found = json.loads(run("arrange", account, "--installments", "20", "--json").stdout)
    assert (found["changed"], len(found["parts"])) == (["installments"], 13)
    poor = run("arrange", account, "--income", "500")
    assert poor.exit_code == 1
    assert "An income of" in poor.output and "needs a supervisor" in poor.output


def test_an_arrangement_is_agreed_and_goes_out_as_a_table(run, account, sqlite_database):
    result = run("arrange", account, "--installments", "6", "--enter", "--from", "counter", "--by", "dana")
    assert result.exit_code == 0, result.output
    assert "told by email" in result.output, "seven payments do not fit a text"
    with sqlite_database.begin() as session:
        promise = session.query(Promise).one()
        assert (promise.kind, promise.source, promise.terms["installments"]) == ("arrangement", "counter", 6)
        (message,) = session.query(Message)
        assert message.notice == "payment-arrangement-agreement"
        assert "Your payment agreement" in message.body_text


def test_without_a_way_to_write_it_is_open_and_says_so(run, sqlite_database):
    with sqlite_database.begin() as session:
        number = build.account(session, phone=None).number
    result = run("enter", number, "--pay", "60@2026-12-04", "--in-writing", "email")
    assert result.exit_code == 1
    assert "is open. It could not be put in writing: there is no address for email (none on file)" in result.output


def test_nothing_is_arranged_where_nothing_is_due(run, sqlite_database):
    with sqlite_database.begin() as session:
        number = build.account(session, past_due_cents=0).number
    for words in (["arrange", number], ["enter", number, "--pay", "50@2026-12-04"]):
        result = run(*words)
        assert result.exit_code == 2
        assert "othing" in result.output


@pytest.mark.parametrize("pay", ["50", "fifty@2026-12-04", "50@friday", "50.001@2026-12-04", "-5@2026-12-04"])
def test_an_amount_that_cannot_be_read_is_refused(run, account, pay):
    result = run("enter", account, f"--pay={pay}")
    assert result.exit_code == 2
    assert "write it as" in result.output


@pytest.mark.parametrize("pay", ["1e999999999@2026-12-04", "1e30@2026-12-04", "50@9999-12-31", "50@2062-12-04"])
def test_figures_that_no_account_owes_and_years_that_are_slips_are_refused(run, account, pay):
    result = run("enter", account, "--pay", pay)
    assert result.exit_code == 2 and isinstance(result.exception, SystemExit)


def test_more_than_the_account_owes_in_all_needs_a_supervisor(run, account):
    result = run("enter", account, "--pay", "4000@2026-12-04")
    assert result.exit_code == 1 and "more than the account owes in all" in result.output


def test_a_number_that_no_promise_can_have_is_refused(run):
    assert run("show", "99999999999999999999999").exit_code == 2


@pytest.mark.parametrize("command", ["withdraw", "refuse"])
def test_a_reason_is_said_and_not_left_blank(run, promised, command):
    result = run(command, str(promised), "--reason", "  ")
    assert result.exit_code == 2
    assert "Say why in a few words" in result.output
