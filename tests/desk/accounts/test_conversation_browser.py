"""The record's conversation side in a real Chromium: narrowed, printed, logged, answered, taken back, and shared."""

import pytest
from sqlalchemy import select

from comms.outbox import Message
from tests.desk import chromium, story
from tests.desk.conftest import make_app
from tests.support.waiting import until

pytestmark = pytest.mark.browser

ACCOUNT = f"/accounts/{story.MARIA}"


@pytest.fixture
def served(afternoon):
    with chromium.served(make_app(afternoon)) as address:
        yield address


def test_the_send_button_is_on_the_screen_when_a_record_opens(one_chromium, served):
    page, _ = chromium.signed_in(one_chromium, served, chromium.DESKTOP)
    page.goto(ACCOUNT)
    box = page.get_by_role("button", name="Send text").bounding_box()
    assert box["y"] + box["height"] <= 900
    assert page.locator(".pane").bounding_box()["height"] >= 320, "and the history has the room that is left"
    page.goto("/worklists/replies")
    page.get_by_role("link", name="Maria Delgado-Ruiz").first.click()
    box = page.get_by_role("button", name="Send text").bounding_box()
    assert box["y"] + box["height"] <= 900, "with the buttons of its list above it, too"
    page.context.close()


def test_a_slash_opens_the_saved_replies_and_one_is_written_into_the_box(one_chromium, served):
    page, _ = chromium.signed_in(one_chromium, served, chromium.DESKTOP)
    page.goto(ACCOUNT)
    page.focus("#text")
    page.keyboard.press("/")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.input_value("#text").startswith("Tiene $412.86 vencidos al vie 20 nov. Puede pagar en https://")
    assert page.evaluate("document.activeElement.id") == "text"
    assert "1 text, about 1.2¢." in page.inner_text("#count")
    page.keyboard.type(" 1/2")
    assert page.input_value("#text").endswith(" 1/2"), "a slash in a text is a slash"
    page.context.close()


def test_a_text_is_taken_back_by_its_button_and_its_words_return(one_chromium, served, afternoon):
    page, _ = chromium.signed_in(one_chromium, served, chromium.PHONE)
    page.goto(ACCOUNT)
    page.fill("#text", "Dos pagos.")
    page.get_by_role("button", name="Send text").click()
    until("the seconds run", lambda: page.inner_text("[data-left]").endswith(" s"))
    box = page.get_by_role("button", name="Undo").bounding_box()
    assert box["y"] >= 0 and box["y"] + box["height"] <= 844, "in sight, wherever the page was scrolled to"
    assert (chromium.violations(page), chromium.overflow(page)) == ([], 0)
    page.get_by_role("button", name="Undo").click()
    page.wait_for_url("**again=*")
    assert page.input_value("#text") == "Dos pagos."
    assert "nothing left" in page.inner_text(".flashes")
    with afternoon.database.read() as session:
        assert session.scalars(select(Message.state).where(Message.notice == "staff-reply")).one() == "cancelled"
    page.context.close()


def test_a_colleague_is_seen_to_write(one_chromium, served):
    first, _ = chromium.signed_in(one_chromium, served, chromium.DESKTOP)
    second, _ = chromium.signed_in(one_chromium, served, who="osei")
    first.goto(ACCOUNT)
    second.goto(ACCOUNT)
    assert "J. Park has this record open." in second.inner_text("#others")
    second.type("#text", "Dos")
    with second.expect_response("**/others**"):
        second.evaluate("htmx.trigger('#others', 'now')")
    first.evaluate("htmx.trigger('#others', 'now')")
    until("the other is seen", lambda: "R. Osei is writing here." in first.inner_text("#others"))
    assert second.input_value("#writes") == "", "one keystroke is told once"
    assert chromium.violations(first) == []
    first.context.close()
    second.context.close()


def test_a_call_is_logged_beside_the_history(one_chromium, served):
    page, complaints = chromium.signed_in(one_chromium, served, chromium.DESKTOP)
    page.goto(ACCOUNT)
    page.click("text=Log a call or visit")
    page.select_option("#action #deed-how", "talked")
    page.get_by_role("button", name="Put it into the history").click()
    until("the reason", lambda: "in a few words what was said" in page.inner_text("#action"))
    page.fill("#deed-text", "Asks for a week")
    page.get_by_role("button", name="Put it into the history").click()
    page.wait_for_selector(".flash")
    assert "Asks for a week" in page.inner_text("#newest")
    assert [text for text in complaints if "422" not in text] == []
    page.context.close()
