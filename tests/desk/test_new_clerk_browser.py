"""A new clerk, with nothing but docs/desk.md: its seven tasks in a real Chromium, one after another, by what the pages
say. At the end the exported month holds the text, the promise and the letter."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from comms.accounts.schema import Account
from comms.office import Office
from comms.outbox import mail_acks
from comms.outbox.mailing import hand_over_letters
from comms.settings import ROOT
from tests.desk import chromium, story
from tests.desk.campaigns import told
from tests.desk.campaigns.conftest import open_office, work
from tests.desk.clerk import Clerk
from tests.desk.conftest import make_app
from tests.support import policies, workbooks

pytestmark = pytest.mark.browser

WRITER, NAME = "0003104-04", "Anna Andersson 04"
"""She got a text three weeks ago, and wrote this morning."""
ASKS = "can somebody tell me if half on friday is ok"
ANSWER = "Half on Friday is fine. Thank you for writing."
LABEL = re.compile(r"\*\*(.+?)\*\*", re.S)


@pytest.fixture(scope="module")
def morning(sqlite_template: Path, tmp_path_factory) -> Path:
    """An office as the demonstration leaves it, in a database file: a run that was let go, its letters mailed; a run of
    tonight, planned by somebody; a customer who has written."""
    folder = tmp_path_factory.mktemp("morning")
    path = folder / "desk.db"
    path.write_bytes(sqlite_template.read_bytes())
    office = open_office(path, folder / "var")
    _let_a_run_go(office, folder / "house")
    _plan_tonight(office)
    with office.database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    office.database.dispose()
    return path


def _let_a_run_go(office: Office, house: Path) -> None:
    office.clock.set(story.NOW - told.WEEKS_AGO)
    with office.database.begin() as session:
        story.staff(session, story.NOW)
        policies.activate(session, office.city)
    told.customers(office)
    told.files(office)
    told.let_go(office, told.plan(office))
    (batch,) = hand_over_letters(office.database, office.city, office.clock, f"file:{house}")
    told.arrive(office)
    office.clock.set(story.NOW - told.WEEKS_AGO + timedelta(days=1))
    on = office.city.local_date(office.clock.now())
    office.database.run(
        lambda session: mail_acks.acknowledge(session, office.city, office.clock, batch.batch, on, by="user:park")
    )


def _plan_tonight(office: Office) -> None:
    office.clock.set(story.NOW)
    with office.database.begin() as session:
        writer = session.query(Account).filter_by(number=WRITER).one()
        at = story.NOW - timedelta(hours=1)
        inbound = story.wrote(session, writer.id, ASKS, at, sender="+12185557004")
        story.ask(session, writer.id, inbound, "Asks for a person", at)
    told.files(office)
    told.plan(office, by="admin")


@pytest.fixture
def office(morning: Path, tmp_path: Path):
    path = tmp_path / "desk.db"
    path.write_bytes(morning.read_bytes())
    opened = open_office(path, tmp_path / "var")
    yield opened
    opened.database.dispose()


@pytest.fixture
def served(office):
    with chromium.served(make_app(office)) as address:
        yield address


@pytest.mark.parametrize("size", [chromium.DESKTOP, chromium.PHONE], ids=["desktop", "phone"])
def test_a_new_clerk_does_the_seven_tasks_of_the_handbook(one_chromium, served, office, size, tmp_path):
    page, complaints = chromium.window(one_chromium, served, size, accept_downloads=True)
    page.goto("/")
    clerk = Clerk(page)

    clerk.sign_in("park", story.PASSWORD)
    clerk.find(NAME)
    history = clerk.read_the_history(ASKS)
    assert "is $134.44 past due" in history and "Delivered" in history
    clerk.answer(NAME, ANSWER)
    clerk.record_a_promise()
    whose = clerk.scan("No such number (NSN)")
    clerk.sign_out()

    clerk.sign_in("osei", story.PASSWORD)
    phrase = clerk.approve_and_let_go()
    queued = work(office, int(page.url.rpartition("/")[2])).lanes
    written = sum(map(len, queued.values()))
    assert phrase == f"SEND {written + 1}", "whoever promised since the run was planned is left alone"
    clerk.reads(f"0 of {written} messages handed over")
    exported = clerk.export("2026-11-01", "2026-11-30", tmp_path)
    page.context.close()

    _the_month_holds_it_all(exported, whose)
    _the_handbook_names_what_was_seen(clerk.seen)
    assert (clerk.too_wide, complaints) == ([], [])


def _the_month_holds_it_all(exported: Path, whose: str) -> None:
    rows = workbooks.rows(exported.read_bytes())

    def told(*words: str) -> bool:
        return any(all(any(word in cell for cell in row.values()) for word in words) for row in rows)

    assert told(NAME, "From the customer", ASKS)
    assert told(NAME, "To the customer", "J. Park", ANSWER)
    assert told(NAME, "J. Park", "Promise opened: $67.22 by")
    assert told(whose, "J. Park", "came back: no such number")


def _the_handbook_names_what_was_seen(seen: list[str]) -> None:
    """Each label that the section prints bold could be read on a page while its tasks were done."""
    section = (ROOT / "docs" / "desk.md").read_text("utf-8").partition("## Try it in")[2].partition("\n## ")[0]
    labels = {" ".join(label.split()) for label in LABEL.findall(section)}
    shown = " ".join(" ".join(seen).replace("’", "'").split())
    assert len(labels) > 30
    assert [label for label in sorted(labels) if label.replace("’", "'") not in shown and label != "Menu"] == []
