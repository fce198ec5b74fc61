"""Mail in a real browser: letters are scanned one after another without touching the mouse, and the pages fit."""

import time

import pytest

from comms.office import Office
from comms.settings import Settings
from tests.desk import chromium
from tests.desk.conftest import make_app
from tests.desk.mail import mail_story
from tests.desk.mail.mail_story import FIRST, MAILED, SECOND

pytestmark = pytest.mark.browser


@pytest.fixture
def page(one_chromium, afternoon, tmp_path):
    mail_story.mailed(afternoon.database, afternoon.city, 12)
    mail_story.handed_over(afternoon.database, afternoon.city, tmp_path / "house")
    settings = Settings(
        _env_file=None, comms_var=afternoon.settings.comms_var, secret_key="test-key",
        mailhouse_url=f"file:{tmp_path / 'house'}",
    )  # fmt: skip
    office = Office(settings, afternoon.database, afternoon.clock, afternoon.city, afternoon.doorbell)
    with chromium.served(make_app(office)) as address:
        page, _ = chromium.signed_in(one_chromium, address)
        yield page
        page.context.close()


def scanned(page, *codes):
    """What a scanner does: it types the number wherever the cursor stands, and presses Enter."""
    for code in codes:
        page.keyboard.type(code)
        page.keyboard.press("Enter")


def piece(number):
    return f"{MAILED}-{number:05d}"


def test_a_tray_is_scanned_without_leaving_the_field(page):
    page.goto("/mail/returned/scan")
    assert page.evaluate("document.activeElement.id") == "piece"
    scanned(page, "NSN", FIRST, SECOND, piece(3), FIRST, "VAC", piece(4), "duluth-mn-nothing")
    page.wait_for_selector("#scan-left li")
    assert page.input_value("#piece") == "duluth-mn-nothing"
    assert page.evaluate("document.activeElement.id") == "piece"
    assert page.input_value("#reason") == "VAC"
    assert "There is no piece" in page.inner_text("#scan-said")
    assert "duluth-mn-nothing" in page.inner_text("#scan-left")
    rows = page.locator("#scanned tbody tr")
    assert rows.count() == 4 and "Vacant" in rows.first.inner_text()

    rows.first.get_by_role("button", name="Undo").click()
    page.wait_for_selector("text=is taken back")
    assert page.evaluate("document.activeElement.id") == "piece"
    scanned(page, "BBA")
    page.wait_for_selector("text=The next pieces")
    assert page.input_value("#reason") == "BBA"


def test_what_could_not_be_sent_is_said_and_not_lost(page):
    page.goto("/mail/returned/scan")
    page.select_option("#reason", "NSN")
    page.focus("#piece")
    page.route("**/mail/returned/scan", lambda route: route.abort())
    scanned(page, FIRST)
    page.wait_for_selector("text=the desk does not answer")
    assert page.input_value("#piece") == FIRST
    page.unroute("**/mail/returned/scan")
    page.keyboard.press("Enter")
    page.wait_for_selector(".scan-heading:has-text('Came back: no such number')")
    assert page.is_hidden("#scan-left")


def test_a_scan_over_the_reasons_does_not_choose_another(page):
    page.goto("/mail/returned/scan")
    page.select_option("#reason", "NSN")
    page.focus("#reason")
    scanned(page, FIRST)
    page.wait_for_selector(".scan-heading:has-text('Came back: no such number')")
    assert page.input_value("#reason") == "NSN"


def typed_then_tab(page, text, apart):
    """The keys of a text and Tab after it, ``apart`` seconds from each other whatever this machine is busy with. True
    where the cursor stays in the field."""
    keys, at = page.context.new_cdp_session(page), time.time()
    for place, key in enumerate([*text, "Tab"]):
        way = {"code": "Tab", "windowsVirtualKeyCode": 9} if key == "Tab" else {"text": key}
        keys.send("Input.dispatchKeyEvent", {"type": "keyDown", "key": key, "timestamp": at + place * apart} | way)
        keys.send("Input.dispatchKeyEvent", {"type": "keyUp", "key": key, "timestamp": at + place * apart})
    keys.detach()
    return page.evaluate("document.activeElement.id") == "piece"


def test_a_scanner_may_end_with_tab(page):
    page.goto("/mail/returned/scan")
    for code in ("NSN", FIRST, SECOND):
        assert typed_then_tab(page, code, 0.02), "the field is never left"
    page.locator("#scanned tbody tr").nth(1).wait_for()
    assert page.input_value("#reason") == "NSN"
    assert not typed_then_tab(page, "", 0.02), "the next Tab goes on"


def test_who_types_the_number_leaves_the_field_with_tab(page):
    page.goto("/mail/returned/scan")
    page.select_option("#reason", "NSN")
    for text, apart in (("20261118-1-3", 0.06), (piece(3), 0.1), ("duluth", 0.02), ("vacant house", 0.02)):
        page.fill("#piece", "")
        assert not typed_then_tab(page, text, apart), text
        assert page.input_value("#piece") == text
    page.press("#piece", "Shift+Tab")
    assert page.evaluate("document.activeElement.id") == "reason"
    assert page.locator("#scanned tbody tr").count() == 0


def test_the_day_of_a_batch_is_said_by_keyboard(page):
    page.goto("/mail")
    page.get_by_role("link", name="Say when it was mailed").press("Enter")
    page.fill("#mailed-on", "2026-11-23")
    page.fill("#pieces", "3")
    page.press("#pieces", "Enter")
    page.wait_for_selector("text=3 letters count as mailed on Nov 23.")
    page.get_by_role("link", name="Look at letters").press("Enter")
    page.wait_for_selector(".sheets img")
    first = page.locator(".sheets img").first
    first.evaluate("image => image.decode()")
    assert first.evaluate("image => image.naturalWidth") == 856
