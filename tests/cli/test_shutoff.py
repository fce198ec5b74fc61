"""``comms shutoff``: a clerk's way through a list, with what each command says and how it exits."""

import json
from datetime import date

import pytest
from click.testing import CliRunner

from comms.city import load_city
from comms.cli import cli
from comms.clock import FileClock, FixedClock
from comms.db import Database
from comms.notices import Catalogue, Renderer
from comms.settings import ROOT
from tests.support import build
from tests.support.notified import NOW, Notified


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    city = load_city("duluth-mn")
    return Renderer(Catalogue.load(ROOT, city), city)


@pytest.fixture
def office(sqlite_url, tmp_path, monkeypatch, renderer) -> Notified:
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("COMMS_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("COMMS_CITY", "duluth-mn")
    FileClock.put(tmp_path / "clock.json", NOW)
    monkeypatch.setenv("COMMS_CLOCK", str(tmp_path / "clock.json"))
    database = Database(sqlite_url)
    yield Notified(database, FixedClock(NOW), load_city("duluth-mn"), renderer, tmp_path)
    database.dispose()


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(cli, ["shutoff", *arguments])
    assert done.exit_code == code, (done.output, done.exception)
    return done.output


def test_a_list_from_proposal_to_completion(office, tmp_path):
    office.account(number="0000123-47", name="Ana Berg")
    office.account(number="0000200-00", name="Pat Olsen", mailed=False)

    shown = run("propose", "--for", "2026-12-22", "--dry-run")
    assert "Left out: 1." in shown
    assert "comms mail ack" in shown
    assert "No lists yet" in run("list")

    made = run("propose", "--for", "2026-12-22", "--by", "j.park")
    assert "shutoff-2026-12-22 for 2026-12-22: 1 accounts, $120.00." in made
    assert "somebody else" in run("approve", "shutoff-2026-12-22", "--by", "j.park", code=2)
    assert "must be approved first" in run("issue", "shutoff-2026-12-22", "--by", "s.lee", code=2)
    run("approve", "shutoff-2026-12-22", "--by", "s.lee")
    given = json.loads(run("issue", "shutoff-2026-12-22", "--by", "s.lee", "--json"))
    assert given["orders"] == 1
    assert (tmp_path / "var" / "field" / "shutoff-2026-12-22" / "door-tags.pdf").exists()
    assert "nothing has changed" in run("issue", "shutoff-2026-12-22", "--by", "s.lee")

    assert "D261222-001   issued" in run("orders")
    assert "left out 0000200-00" in run("list", "shutoff-2026-12-22")
    done = tmp_path / "done.csv"
    done.write_text(
        "order,result,at,by,reason\nD261222-001,not done,,R. Berg,gate locked\nD9,done,2026-12-21 10:00,R,\n"
    )
    told = run("completed", str(done), "--refused", str(tmp_path / "refused.csv"), code=1)
    assert "1 not done" in told
    assert "line 3: there is no order D9" in told
    assert "there is no order D9" in (tmp_path / "refused.csv").read_text()
    assert "No orders." in run("orders")


def test_check_says_what_proves_and_what_is_missing(office):
    office.account(number="0000123-47")
    office.account(number="0000200-00", mailed=False)
    assert "proven   disconnect-notice: mailed 2026-11-10" in run("check", "0000123-47", "--for", "2026-12-22")
    told = json.loads(run("check", "0000200-00", "--for", "2026-12-22", "--json", code=1))
    assert told["passes"] is False
    assert len(told["missing"]) == 2
    assert "No account 9" in run("check", "9", code=2)


def test_an_order_is_called_back_by_its_number(office):
    office.account()
    run("propose", "--for", "2026-12-22", "--by", "j.park")
    assert json.loads(run("recall", "D261222-001", "--because", "paid at the counter", "--json"))["was_issued"] is False
    assert "only an open order" in run("recall", "D261222-001", "--because", "again", code=2)


def test_a_list_can_be_given_up(office):
    office.account()
    run("propose", "--for", "2026-12-22", "--by", "j.park")
    assert "1 orders ended" in run("cancel", "shutoff-2026-12-22", "--because", "wrong day")
    assert "cancelled" in run("list")


def test_the_reconnect_list_says_why_and_what_to_establish(office):
    office.account(number="0000123-47", status="shut_off", affects_heat=None)
    shown = run("reconnect-list")
    assert "it is not known whether the heat depends on it" in shown
    assert "to establish: the household's income" in shown
    assert "Nobody can be on a reconnect list" in run("propose", "--kind", "reconnect", "--by", "j.park", code=2)
    made = json.loads(run("propose", "--kind", "reconnect", "--account", "0000123-47", "--by", "j.park", "--json"))
    assert made["list"] == "reconnect-2026-12-22"
    run("approve", made["list"], "--by", "j.park")
    assert json.loads(run("issue", made["list"], "--by", "j.park", "--json"))["orders"] == 1


def test_a_payment_frees_nobody_who_is_not_shut_off(office):
    account = office.account()
    with office.database.begin() as session:
        build.payment(session, account, 12000, date(2026, 12, 21))
    assert json.loads(run("reconnect-list", "--json"))["accounts"] == []
