"""The demonstration, told in this process over a cut of the city's export: two nights, two weeks, two months. The
workers' part is done by hand; the web server and the carriers are real."""

import csv
import logging
import threading
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from werkzeug.serving import make_server

from comms import campaigns, worklist
from comms.accounts.schema import Account
from comms.app import create_app
from comms.campaigns import CampaignRun, approving, brakes
from comms.campaigns.differing import diff
from comms.campaigns.policies import versions
from comms.campaigns.preview import preview
from comms.campaigns.schema import PolicyVersion
from comms.city import load_city
from comms.clock import FileClock
from comms.demo import cast, report, story, today, whys
from comms.demo.billing import Billing
from comms.demo.opening import Files, files_of
from comms.demo.people import COORDINATOR, SUPERVISOR
from comms.demo.stage import Stage
from comms.field import FieldList, FieldOrder
from comms.office import Office
from comms.outbox import Dispatcher, Doorbell
from comms.outbox.fallback import fall_back
from comms.outbox.mailing import hand_over_letters
from comms.outbox.pacing import Unpaced
from comms.sandbox import start
from comms.settings import Settings
from tests.support.servers import free_port
from webhooks import understand

CALM = {"webhook_delay_ms": (1, 4), "event_batch_ms": 5, "undelivered_rate": 0, "bounce_rate": 0, "magic": False}
OWING, PAID_UP = 130, 220
FORMS = {"duluth-mn": ("cp1252", ","), "kent-oh": ("utf-8-sig", "|")}


class Bell(Doorbell):
    """Remembers that it was rung for letters."""

    letters = False

    def __init__(self) -> None:
        super().__init__("")

    def ring(self, lane, ids=()):
        self.letters |= lane == "mail"
        return True


class Alone(Stage):
    """A stage without workers: whoever waits does their work."""

    dispatcher: Dispatcher

    def until(self, what, done):
        for _ in range(40):
            self.work()
            if done():
                return
        raise AssertionError(f"{what} did not end")

    def work(self):
        at = self.office
        while understand(at):
            pass
        at.database.run(lambda session: fall_back(session, at.city, at.renderer, at.clock))
        at.database.run(lambda session: campaigns.redecide(session, at.city, at.renderer, at.clock))
        while any(self.dispatcher.deliver(lane).total for lane in ("urgent", "sms", "email")):
            pass
        if at.doorbell.letters:
            hand_over_letters(at.database, at.city, at.clock, at.settings.mailhouse)
            at.doorbell.letters = False
        assert self.carriers.drain(20)


def cut(folder: Path, city: str) -> Files:
    """Some of the city's customers who owe, some who do not, and those whom its lists name."""
    whole, (encoding, delimiter) = files_of(city), FORMS[city]
    named: set[str] = set()
    for path in (whole.holds, whole.pledges):
        with path.open(encoding="utf-8", newline="") as handle:
            named |= {row["account"] for row in csv.DictReader(handle)}
    header, *rows = csv.reader(whole.accounts.read_text(encoding).splitlines(), delimiter=delimiter)
    owes = header.index("OLDEST_DUE_DT") if "OLDEST_DUE_DT" in header else header.index("PastDue")
    owing = [row for row in rows if len(row) == len(header) and row[owes] not in ("", "0.00")]
    others = [row for row in rows if row not in owing]
    chosen = {row[0]: row for row in [*owing[:OWING], *others[:PAID_UP], *(row for row in rows if row[0] in named)]}
    accounts = _write(folder / whole.accounts.name, encoding, delimiter, [header, *chosen.values()])
    header, *rows = csv.reader(whole.payments.read_text(encoding).splitlines(), delimiter=delimiter)
    paying = [row for row in rows if row[0] in chosen]
    payments = _write(folder / whole.payments.name, encoding, delimiter, [header, *paying])
    return Files(accounts, payments, whole.holds, whole.pledges, whole.weather)


def _write(path: Path, encoding: str, delimiter: str, rows) -> Path:
    with path.open("w", encoding=encoding, newline="") as handle:
        csv.writer(handle, delimiter=delimiter).writerows(rows)
    return path


@pytest.fixture
def on(sqlite_database, tmp_path):
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    city = load_city("duluth-mn")
    clock_file = tmp_path / "clock.json"
    FileClock.put(clock_file, datetime.combine(story.MONDAY, story.OPENS, ZoneInfo(city.time_zone)))
    port = free_port()
    public = f"http://127.0.0.1:{port}"
    var = tmp_path / "var"
    with ExitStack() as stack:
        carriers = stack.enter_context(start(var, seed=3, clock=clock_file, public_url=public, faults=CALM))
        settings = Settings(
            _env_file=None, comms_var=var, secret_key="test-key", public_url=public, sandbox_url=carriers.url
        )
        office = Office(settings, sqlite_database, FileClock(clock_file), city, Bell())
        made = Alone(office, carriers, public, tmp_path)
        made.dispatcher = Dispatcher(
            sqlite_database, office.clock, city, office.channels, {"sms": Unpaced(), "email": Unpaced()},
            secret=settings.secret, owner="test", threads=8,
        )  # fmt: skip
        stack.callback(made.dispatcher.close)
        server = make_server("127.0.0.1", port, create_app(office), threaded=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        stack.callback(thread.join)
        stack.callback(server.server_close)
        stack.callback(server.shutdown)
        yield made


def test_the_story_is_told_by_the_engine(on, tmp_path, capsys):
    told = story._tell(on, cut(tmp_path, "duluth-mn"))
    assert report.agreement(on, told) == []
    said = " ".join(capsys.readouterr().out.split())
    with on.office.database.read() as session:
        _policies_were_approved_by_another(session)
        _the_second_night_is_compared(session, said)
        _nobody_with_heat_is_on_the_list(on, session, said)
        _tonights_run_waits_for_another_supervisor(session)
        _customers_of_this_morning_wait(on, session)
    for chapter in range(1, 10):
        assert f" {chapter}. " in f" {said}"
    assert "Held by 1 brake: No payments file was ever taken in." in said
    assert "left alone after all (hold-medical, hold-dispute)" in said
    assert "3 letters came back undeliverable" in said
    for kind in ("contacted", "waiting", "hold", "promise", "hours", "paid", "outside", "field action"):
        assert f" {whys.ASKED[kind]}: account " in said, kind
    assert "It leaves at 8:00 AM CST on November 25, 2026, when it may." in said


def _policies_were_approved_by_another(session):
    stored = session.scalars(select(PolicyVersion)).all()
    assert {one.state for one in stored} == {"active"}
    assert {one.author for one in stored} == {COORDINATOR.username}
    assert {one.approvals[0]["by"] for one in stored} == {SUPERVISOR.username}


def _the_second_night_is_compared(session, said):
    run = session.scalars(select(CampaignRun).where(CampaignRun.planned_for == date(2026, 11, 24))).one()
    found = diff(session, run.id)
    assert found.of("gone") and found.differences
    for one in found.differences:
        because = "it was paid" if one.reason == "paid" else f"{one.reason} (${one.cents / 100:,.2f})"
        assert f"{one.accounts:,} because {because}" in said


def _nobody_with_heat_is_on_the_list(on, session, said):
    made = session.scalars(select(FieldList)).one()
    assert (made.state, made.made_by, made.approved_by) == ("issued", COORDINATOR.username, SUPERVISOR.username)
    listed = session.scalars(select(Account).join(FieldOrder, FieldOrder.account_id == Account.id)).all()
    assert listed and not [
        one for one in listed if one.service_class == "residential" and one.affects_heat is not False
    ]
    assert "the rule cwr-heat stands against it" in said
    folder = on.office.settings.var / "field" / made.name
    assert {path.name for path in folder.iterdir()} == {"orders.csv", "door-tags.pdf", "manifest.json"}


def _tonights_run_waits_for_another_supervisor(session):
    run = session.scalars(select(CampaignRun).order_by(CampaignRun.id.desc()).limit(1)).one()
    assert (run.state, run.planned_by, run.planned_for) == ("planned", COORDINATOR.username, today.TODAY)
    assert [one for one in brakes.kept(run) if one.holds] == []
    assert list(approving.roles_wanted(session, run.id, versions.frozen(session))) == [SUPERVISOR.role]
    assert preview(session, run.id).channels["letter"]


def _customers_of_this_morning_wait(on, session):
    waiting = worklist.open_tasks(session, ["reply", "unmatched_reply"])
    assert {one.kind for one in waiting} == {"reply", "unmatched_reply"}
    assert {on.office.city.local_date(one.waiting_since) for one in waiting} == {today.TODAY}
    number, name = today.to_begin_with(on)
    assert name and session.scalars(select(Account).where(Account.number == number)).one().past_due_cents > cast.OWES


@pytest.mark.parametrize("city", ["duluth-mn", "kent-oh"])
def test_the_billing_system_takes_payments_off_and_hands_each_over_once(city, tmp_path):
    files, (encoding, delimiter) = files_of(city), FORMS[city]

    def rows(path):
        return list(csv.reader(path.read_text(encoding).splitlines(), delimiter=delimiter))

    billing = Billing(load_city(city), files.accounts, files.payments, tmp_path)
    first = rows(billing.payments_until(date(2026, 11, 22)))[1:]
    then = rows(billing.payments_until(date(2026, 11, 25)))[1:]
    assert first and then
    names = {row[4] for row in first}
    assert not names & {row[4] for row in then}, "each payment once"
    before, after = rows(files.accounts), rows(billing.accounts_of(date(2026, 11, 25)))
    assert [row[:5] for row in before] == [row[:5] for row in after], "the same customers"
    number = next(one[0] for one in billing.payments() if one[1] == date(2026, 11, 24))
    billing.post([(number, date(2026, 12, 20), 100_000_00)])
    paid_up = next(row for row in rows(billing.accounts_of(date(2026, 12, 20))) if row[0] == number)
    header = before[0]
    owed = [at for at, name in enumerate(header) if name.startswith(("BAL_", "PD_", "PastDue"))]
    assert owed and {float(paid_up[at].strip("$") or 0) for at in owed} == {0.0}
    assert paid_up[header.index("OLDEST_DUE_DT" if city == "duluth-mn" else "DaysPastDue")] in ("", "0")
    assert rows(billing.payments_until(date(2026, 12, 31)))[-1][0] == number
