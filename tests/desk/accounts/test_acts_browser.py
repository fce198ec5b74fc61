"""The acts of an account in a real Chromium: accessible at both sizes, beside the history, by keyboard."""

import pytest
from sqlalchemy import select

from comms.accounts import Hold
from tests.desk import chromium, story
from tests.desk.conftest import make_app
from tests.desk.reading import OLE, account_id, promised

pytestmark = pytest.mark.browser

RECORD = f"/accounts/{OLE}"
MARIA = f"/accounts/{story.MARIA}"


@pytest.fixture
def served(afternoon):
    with chromium.served(make_app(afternoon)) as address:
        yield address


def test_a_promise_is_recorded_beside_the_history_by_keyboard(one_chromium, served, afternoon):
    page, complaints = chromium.signed_in(one_chromium, served, chromium.DESKTOP)
    page.goto(RECORD)
    page.keyboard.press("Alt+KeyR")
    page.wait_for_selector("#action #amount-1:focus")
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    page.wait_for_selector("#action [role=alert]")
    assert "The promise needs a day." in page.inner_text("#action [role=alert]")
    assert (chromium.violations(page), page.url.endswith(RECORD)) == ([], True)
    page.click("#action >> text=Half $60.00")
    assert page.input_value("#amount-1") == "60.00"
    page.click("#action >> text=Fri Dec 4")
    assert page.input_value("#day-1") == "2026-12-04"
    page.get_by_role("button", name="Record the promise").click()
    page.wait_for_selector(".flash")
    assert "Recorded; reminders of what was promised stop, notices of the law go on." in page.inner_text(".flash")
    ((promise, parts),) = promised(afternoon)
    assert (promise.status, parts) == ("open", [("2026-12-04", 6000)])
    assert [text for text in complaints if "422" not in text] == []
    page.context.close()


def test_a_form_beside_the_history_is_put_away_and_the_reply_stays(one_chromium, served):
    page, _ = chromium.signed_in(one_chromium, served, chromium.PHONE)
    page.goto(RECORD)
    page.fill("#text", "half a reply")
    page.get_by_role("link", name="Place a hold").click()
    page.wait_for_selector("#action .act")
    assert chromium.overflow(page) == 0
    page.click("#action >> text=Cancel")
    assert page.locator("#action .act").count() == 0
    assert page.input_value("#text") == "half a reply"
    page.context.close()


def test_without_scripts_a_hold_is_placed(one_chromium, served, afternoon):
    page, _ = chromium.signed_in(one_chromium, served, chromium.PHONE, java_script_enabled=False)
    page.goto(RECORD)
    page.get_by_role("link", name="Place a hold").click()
    page.select_option("#act-kind", "medical")
    page.fill("#act-note", "Letter of Dr. Lee")
    page.click("text=14 days")
    assert page.input_value("#hold-ends") == "2026-12-07"
    page.get_by_role("button", name="Place the hold").click()
    page.wait_for_url(f"**{RECORD}")
    assert "Medical hold placed, until Dec 7." in page.inner_text(".flash")
    with afternoon.database.read() as session:
        hold = session.scalars(select(Hold).where(Hold.account_id == account_id(afternoon))).one()
    assert hold.note == "Letter of Dr. Lee"
    page.context.close()
