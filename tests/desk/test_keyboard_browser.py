"""The desk without a mouse: what one opens, sends and puts away with keys, and where one is afterwards."""

import pytest

from tests.desk import addresses, chromium, story
from tests.desk.conftest import make_app
from tests.desk.mail import mail_story
from tests.support.waiting import until

pytestmark = pytest.mark.browser

MARIA, OLE = addresses.MARIA, addresses.OLE


@pytest.fixture
def page(one_chromium, afternoon):
    """A clerk's window on an afternoon of its own."""
    mail_story.mailed(afternoon.database, afternoon.city, 3)
    with chromium.served(make_app(afternoon)) as address:
        opened, _ = chromium.window(one_chromium, address)
        opened.goto("/sign-in")
        until("the first field has the focus", lambda: at(opened) == "username")
        opened.keyboard.type("osei")
        opened.keyboard.press("Tab")
        opened.keyboard.type(story.PASSWORD)
        opened.keyboard.press("Enter")
        opened.wait_for_url(f"{address}/")
        yield opened
        opened.context.close()


def at(page) -> str:
    """Which element has the focus: its id, or its words."""
    return page.evaluate("document.activeElement.id || document.activeElement.textContent.trim().slice(0, 80)")


def tab_to(page, words: str) -> None:
    """Press Tab until the focus is on what is called so, as somebody without a mouse must."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('a, button, summary, input')") and at(page).startswith(words):
            return
    raise AssertionError(f"Tab never came to {words!r}")


def test_the_first_stop_leads_past_the_menu(page):
    page.goto(MARIA)
    page.keyboard.press("Tab")
    assert at(page) == "Skip to the page"
    page.keyboard.press("Enter")
    assert at(page) == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('main').contains(document.activeElement)")


def test_a_customer_is_found_answered_and_the_text_taken_back(page):
    page.keyboard.press("Alt+KeyK")
    page.keyboard.type("218 555 4417\n")
    page.wait_for_url(f"**{MARIA}")
    page.keyboard.press("Alt+KeyL")
    page.keyboard.type("Dos pagos, si.")
    tab_to(page, "Send text")
    page.keyboard.press("Enter")
    page.wait_for_selector(".flash [data-left]:has-text('s')")
    tab_to(page, "Undo")
    page.keyboard.press("Enter")
    page.wait_for_url("**again=*")
    assert page.input_value("#text") == "Dos pagos, si."


def test_a_promise_is_refused_mended_and_recorded_and_the_focus_goes_along(page):
    page.goto(OLE)
    page.keyboard.press("Alt+KeyR")
    until("the form is open", lambda: at(page) == "amount-1")
    page.keyboard.type("lots\n")
    until("the focus is on what is wrong", lambda: "no amount" in at(page))
    amount = page.locator("#amount-1")
    assert amount.get_attribute("aria-invalid") == "true"
    told = page.locator(f"#{amount.get_attribute('aria-describedby').split()[0]}")
    assert "no amount" in told.inner_text()
    page.keyboard.press("Tab")
    assert at(page) == "Go to the field"
    page.keyboard.press("Enter")
    until("the field has the focus", lambda: at(page) == "amount-1")
    page.keyboard.press("Control+a")
    page.keyboard.type("60")
    tab_to(page, "day-1")
    page.keyboard.type("12042026")
    page.keyboard.press("Enter")
    page.wait_for_selector(".flash")
    assert "Recorded" in page.inner_text(".flash")


def test_a_form_that_is_put_away_gives_the_focus_back_to_what_opened_it(page):
    page.goto(OLE)
    tab_to(page, "Place a hold")
    page.keyboard.press("Enter")
    until("the form is open", lambda: at(page) == "act-kind")
    tab_to(page, "Cancel")
    page.keyboard.press("Enter")
    assert at(page) == "Place a hold"


def test_a_matter_is_resolved_and_the_next_one_opens(page):
    page.goto(f"{MARIA}?task=1")
    page.keyboard.press("Alt+KeyE")
    page.wait_for_url("**?task=2*")
    assert "resolved" in page.inner_text(".flashes").casefold() or page.locator(".crumbs").is_visible()


def test_every_fold_opens_and_closes_by_key(page):
    page.goto(f"{MARIA}?task=1")
    folds = page.locator("main summary:visible").all()
    assert len(folds) > 4
    for fold in folds:
        was = fold.evaluate("one => one.parentElement.open")
        for wanted in (not was, was):
            fold.focus()
            page.keyboard.press("Enter")
            assert fold.evaluate("one => one.parentElement.open") is wanted, fold.inner_text()
            assert fold.evaluate("one => one === document.activeElement")


def test_a_letter_is_scanned_and_the_cursor_stays(page):
    page.goto("/mail/returned/scan")
    until("the field has the focus", lambda: at(page) == "piece")
    page.keyboard.type(f"NSN\n{mail_story.FIRST}\n")
    page.wait_for_selector(".scan-heading:has-text('Came back')")
    assert at(page) == "piece"


def test_paging_back_keeps_a_place(page):
    page.goto("/accounts/0000555-50")
    tab_to(page, "Earlier")
    page.keyboard.press("Enter")
    page.wait_for_url("**before=*")
    until("the focus is not lost", lambda: page.evaluate("document.activeElement !== document.body"))
    assert page.evaluate("document.getElementById('history').contains(document.activeElement)")


def test_the_keys_are_told_and_can_be_turned_off(page):
    page.goto(OLE)
    page.keyboard.press("Alt+Slash")
    sheet = page.get_by_role("dialog", name="Keys")
    assert "Record a promise" in sheet.inner_text()
    assert page.evaluate("document.querySelector('.keys').contains(document.activeElement)")
    assert chromium.violations(page) == []
    page.keyboard.press("Escape")
    assert not sheet.is_visible()
    tab_to(page, "Keys")
    page.keyboard.press("Enter")
    page.get_by_label("Use these keys in this browser").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    assert at(page) == "Keys", "closing gives the focus back"
    page.reload()
    page.keyboard.press("Alt+KeyR")
    page.keyboard.press("Alt+KeyK")
    assert page.evaluate("document.activeElement === document.body")
    assert page.locator("#action .act").count() == 0
    page.keyboard.press("Alt+Slash")
    page.get_by_label("Use these keys in this browser").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    page.keyboard.press("Alt+KeyK")
    assert at(page) == "search"


def test_each_key_of_the_sheet_is_one_that_a_button_names(page):
    page.goto(f"{MARIA}?task=1")
    told = set(page.locator(".keys dt").all_text_contents())
    named = set(
        page.evaluate(
            "[...document.querySelectorAll('[aria-keyshortcuts]')].map(one => one.getAttribute('aria-keyshortcuts'))"
        )
    )
    assert named <= told
    assert told - named == {"Alt+/", "Alt+K", "/"}, "the sheet itself, the search box and the saved replies"


def test_a_page_that_was_refused_opens_on_the_reason(page):
    page.goto("/reports/log")
    page.fill("#account", "no such account")
    page.press("#account", "Enter")
    until("the focus is on what is wrong", lambda: "There is no account" in at(page))
    assert page.get_attribute("#account", "aria-invalid") == "true"
