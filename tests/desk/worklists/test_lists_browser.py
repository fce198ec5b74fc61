"""The worklists in a real Chromium: accessible at both sizes with much and with nothing on them, and by keyboard."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from comms import promises, worklist
from comms.accounts import finding
from comms.city import load_city
from comms.clock import FixedClock
from comms.db import Database
from comms.office import Office
from comms.promises import Part
from comms.settings import Settings
from tests.desk import chromium, story
from tests.desk.conftest import RememberingDoorbell, make_app
from tests.support import build

pytestmark = pytest.mark.browser


def busy(session, city, clock) -> None:
    """Something on each list, long words too."""
    now = clock.now()
    maria = finding.by_number(session, story.MARIA)
    chatty = finding.by_number(session, "0000555-50")
    for kind, priority, hours, who in (
        ("promise", 4, 70, chatty), ("unknown_send", 5, 1, maria), ("mail_batch", 5, 30, None),
        ("campaign_run", 3, 2, None), ("carrier_halted", 2, 1, None), ("approval", 3, 5, maria),
        ("third_party_address", 8, 5, maria),
    ):  # fmt: skip
        task = worklist.open_task(
            session, kind=kind, dedupe_key=kind, at=now - timedelta(hours=hours), priority=priority,
            account_id=who.id if who else None, subject_type="campaign_run" if kind == "campaign_run" else None,
            subject_id=7 if kind == "campaign_run" else None,
            reason="A reason that takes its time to say what happened, and what a person might do about it now. "
            "Look: comms mail show 5",
        )  # fmt: skip
        if kind in ("mail_batch", "promise"):
            worklist.assign(session, task, "park", was=None)
    failed = next(task for task in worklist.open_tasks(session, ("failed_notice",)))
    worklist.set_aside(session, failed.id, now + timedelta(days=2))
    promises.enter(
        session, city, clock, account_id=maria.id, source="phone", by="user:park",
        parts=[Part(date(2026, 11, 23), 9000)], approved_by="osei",
    )  # fmt: skip
    build.hold(session, chatty.id, "medical", ends_on=date(2026, 11, 27), note="Letter of Dr. Lund of Oct 28")


@pytest.fixture(scope="module")
def address(afternoon_file: Path, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lists")
    (folder / "desk.db").write_bytes(afternoon_file.read_bytes())
    database, city = Database(f"sqlite:///{folder / 'desk.db'}"), load_city("duluth-mn")
    clock = FixedClock(story.NOW)
    with database.begin() as session:
        busy(session, city, clock)
    settings = Settings(_env_file=None, comms_var=folder / "var", secret_key="test-key")
    with chromium.served(make_app(Office(settings, database, clock, city, RememberingDoorbell()))) as served:
        yield served
    database.dispose()


def test_a_clerk_takes_sets_aside_and_goes_on_by_keyboard(one_chromium, address):
    page, _ = chromium.signed_in(one_chromium, address, chromium.DESKTOP)
    page.goto(f"/accounts/{story.MARIA}?task=1")
    page.get_by_role("button", name="Take it").press("Enter")
    page.get_by_text("J. Park’s · waiting").wait_for()
    page.keyboard.press("Alt+m")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Tomorrow, 8:00 AM"
    page.keyboard.press("Enter")
    page.get_by_text("1 matter is set aside until Nov 24, 8:00 AM.").wait_for()
    assert "/accounts/0000666-13?task=" in page.url
    page.goto("/worklists/replies?state=aside")
    page.get_by_role("button", name="Bring back").press("Enter")
    page.get_by_text("1 matter is on the list again.").wait_for()
    page.context.close()


def test_a_supervisor_ticks_matters_and_gives_them_away(one_chromium, address):
    page, _ = chromium.signed_in(one_chromium, address, chromium.DESKTOP, who="osei")
    page.goto("/worklists/runs-and-mail")
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_label("give to").select_option(label="Ada Min")
    page.get_by_role("button", name="Give", exact=True).click()
    page.get_by_text("3 matters are Ada Min’s now.").wait_for()
    page.context.close()
