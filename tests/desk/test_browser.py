"""The pages in a real Chromium: accessible at both sizes, usable by keyboard, and right where a script counts along."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from comms.clock import FixedClock
from comms.db import Database
from comms.office import Office
from comms.outbox import Message
from comms.settings import Settings
from tests.desk import chromium, story
from tests.desk.conftest import RememberingDoorbell, make_app
from tests.support.waiting import until

pytestmark = pytest.mark.browser

ACCOUNT = f"/accounts/{story.MARIA}"
SIZES = {"desktop": chromium.DESKTOP, "phone": chromium.PHONE}


@pytest.fixture
def served(afternoon):
    """The afternoon, served to the browser with the cookies and headers of production."""
    with chromium.served(make_app(afternoon)) as address:
        yield address


@pytest.fixture(scope="module")
def still(afternoon_file: Path, tmp_path_factory, city_of_duluth):
    """The afternoon for tests that only look: served once."""
    folder = tmp_path_factory.mktemp("still")
    (folder / "desk.db").write_bytes(afternoon_file.read_bytes())
    database = Database(f"sqlite:///{folder / 'desk.db'}")
    settings = Settings(_env_file=None, comms_var=folder / "var", secret_key="test-key")
    office = Office(settings, database, FixedClock(story.NOW), city_of_duluth, RememberingDoorbell())
    with chromium.served(make_app(office)) as address:
        yield address
    database.dispose()


@pytest.fixture(scope="module")
def city_of_duluth():
    from comms.city import load_city

    return load_city("duluth-mn")


def test_a_hostile_name_is_text(one_chromium, still):
    page, complaints = chromium.signed_in(one_chromium, still, chromium.DESKTOP)
    page.goto("/accounts/0000666-13")
    assert page.inner_text("h1") == story.HOSTILE
    assert page.locator("main script").count() == 0
    assert complaints == []
    page.context.close()


def test_the_history_opens_at_its_newest_message(one_chromium, still):
    page, _ = chromium.signed_in(one_chromium, still, chromium.DESKTOP)
    page.goto("/accounts/0000555-50")
    pane, newest = page.locator(".pane").bounding_box(), page.locator("#newest").bounding_box()
    assert pane["y"] < newest["y"] + newest["height"] <= pane["y"] + pane["height"] + 1
    assert page.locator("#text").bounding_box()["y"] < 900, "the reply box is on the screen"
    page.context.close()


def test_paging_back_and_narrowing_change_the_address_and_not_the_page(one_chromium, still):
    page, complaints = chromium.signed_in(one_chromium, still, chromium.DESKTOP)
    page.goto("/accounts/0000555-50")
    page.fill("#text", "half a reply")
    page.click("text=Earlier")
    page.wait_for_url("**before=*")
    page.click(".filters >> text=Letters")
    page.wait_for_url("**show=letters*")
    assert "Nothing of this kind yet" in page.inner_text("#history")
    assert page.input_value("#text") == "half a reply"
    assert complaints == []
    page.context.close()


def test_by_keyboard_alone_one_signs_in_finds_a_customer_and_answers(one_chromium, served, afternoon):
    page, _ = chromium.window(one_chromium, served)
    page.goto("/sign-in")
    # The page's policy forbids the strings that wait_for_function would evaluate in it.
    until("the focus", lambda: page.evaluate("document.activeElement.id") == "username")
    keys = page.keyboard
    keys.type("park")
    keys.press("Tab")
    keys.type(story.PASSWORD)
    keys.press("Enter")
    page.wait_for_url(f"{served}/")
    keys.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
    keys.press("Alt+KeyK")
    keys.type("218 555 4417")
    keys.press("Enter")
    page.wait_for_url(f"**{ACCOUNT}")
    keys.press("Alt+KeyL")
    keys.type("Two payments are fine.")
    keys.press("Tab")
    keys.press("Enter")
    page.wait_for_selector(".flash")
    assert "is on its way" in page.inner_text(".flash")
    assert "Two payments are fine." in page.inner_text("#newest")
    with afternoon.database.read() as session:
        sent = session.scalars(select(Message).where(Message.notice == "staff-reply")).one()
    assert (sent.recipient, sent.body_text) == ("+12185554417", "Two payments are fine.")
    page.close()


def test_the_private_note_is_a_mode_one_cannot_miss(one_chromium, served, afternoon):
    page, _ = chromium.signed_in(one_chromium, served, chromium.DESKTOP)
    page.goto(ACCOUNT)
    white = page.evaluate("getComputedStyle(composer).backgroundColor")
    page.check("#mode-note")
    assert page.evaluate("getComputedStyle(composer).backgroundColor") != white
    assert page.locator("button:visible", has_text="Send").count() == 0
    page.fill("#text", "Spoke with the neighbour")
    page.click("text=Save note")
    page.wait_for_selector("#newest.note")
    assert "Spoke with the neighbour" in page.inner_text("#newest")
    page.context.close()


def test_the_counter_counts_as_the_carrier_bills(one_chromium, still):
    """Every text of the vectors that the server's counter is checked with; they may hold what a form cannot."""
    vectors = json.loads((Path(__file__).parents[1] / "notices/segment_vectors.json").read_text("utf-8"))["vectors"]
    page, _ = chromium.signed_in(one_chromium, still, chromium.DESKTOP)
    page.goto(ACCOUNT)
    counted = page.evaluate(
        """texts => texts.map(said => {
            text.value = said;
            text.dispatchEvent(new Event("input"));
            const {encoding, segments, units} = document.getElementById("count").dataset;
            return [text.value, encoding, Number(segments), Number(units)];
        })""",
        [vector["text"] for vector in vectors],
    )
    from comms.desk.accounts.composing import as_sent
    from comms.notices.segments import count

    checked = 0
    for vector, (value, *cost) in zip(vectors, counted, strict=True):
        ours = count(as_sent(vector["text"]))
        assert cost == [ours.encoding, ours.segments, ours.units], vector["text"]
        checked += as_sent(value) == vector["text"]
    assert checked > 100, "most vectors are texts as they would be sent"
    page.context.close()


def test_the_counter_says_which_letter_is_dear(one_chromium, still):
    page, _ = chromium.signed_in(one_chromium, still, chromium.DESKTOP)
    page.goto(ACCOUNT)
    page.fill("#text", "Hola Maria, sí. Two payments: $206.43 on Dec 5 and $206.43 on Dec 19. Reply YES to confirm.")
    told = "91 characters · 2 texts, about 2.4¢. “í” makes a text hold 70 characters instead of 160."
    assert page.inner_text("#count") == told, "two at the price of cities/duluth-mn/city.toml"
    page.context.close()


def test_a_newer_message_is_announced_and_the_draft_survives(one_chromium, served, afternoon):
    page, _ = chromium.signed_in(one_chromium, served, chromium.DESKTOP)
    page.goto(ACCOUNT)
    page.fill("#text", "Please pay “soon”")
    with afternoon.database.begin() as session:
        story.wrote(session, None, "forget it, i paid", story.NOW, sender="+12185554417")
    page.evaluate("htmx.trigger('#newer', 'now')")
    page.click("text=Show it and keep what I have written")
    page.wait_for_load_state()
    assert page.input_value("#text") == "Please pay “soon”"
    page.context.close()


def test_without_scripts_everything_works(one_chromium, served, afternoon):
    page, _ = chromium.signed_in(one_chromium, served, chromium.PHONE, java_script_enabled=False)
    assert page.locator("nav >> text=Lists").is_visible(), "the menu is open"
    page.fill("#search", "delgado")
    page.press("#search", "Enter")
    page.click("text=Maria Delgado-Ruiz")
    page.click("text=Proposes two dates")
    page.fill("#text", "Sí, está bien.")
    page.click("text=Send, resolve and next")
    page.wait_for_url("**/accounts/0000666-13?task=*")
    assert "is on its way" in page.inner_text("main")
    page.check("#mode-note")
    page.fill("#text", "No script was harmed")
    page.click("text=Save note")
    page.wait_for_url("**#newest")
    page.click("text=Resolve and next")
    page.wait_for_url("**/accounts/0000911-01?task=*")
    page.goto("/worklists/unmatched")
    page.click("main summary >> text=Resolve")
    page.fill("main input[name=how]", "Not a customer")
    page.click("main button >> text=Resolve")
    assert "Every message has found its account." in page.inner_text("main")
    page.click("text=Sign out")
    page.wait_for_url("**/sign-in")
    page.context.close()


@pytest.mark.parametrize("size", SIZES)
def test_what_a_reply_means_is_said_without_scripts_and_read_by_everybody(one_chromium, served, size):
    page, complaints = chromium.signed_in(one_chromium, served, SIZES[size], java_script_enabled=False)
    page.goto(f"{ACCOUNT}?task=1")
    page.select_option("#means", "paid")
    assert not page.locator("#amount-1").is_visible(), "amounts belong to a promise"
    page.select_option("#means", "promise")
    page.fill("#amount-1", "206.43")
    page.fill("#day-1", "2026-12-05")
    page.fill("#amount-2", "lots")
    page.get_by_role("button", name="Keep").click()
    assert "“lots” is no amount" in page.inner_text("#meaning [role=alert]")
    assert page.input_value("#day-1") == "2026-12-05"
    page.fill("#amount-2", "half")
    page.get_by_role("button", name="Keep").click()
    page.wait_for_url(f"**{ACCOUNT}?task=1")
    assert "Kept: this reply means a promise to pay $206.43 on 2026-12-05, half (no day)" in page.inner_text(".flash")
    assert "J. Park says: a promise to pay" in page.inner_text("#meaning")
    assert page.input_value("#amount-2") == "half"
    assert [text for text in complaints if "422" not in text] == []
    page.context.close()


@pytest.mark.parametrize("size", SIZES)
def test_a_form_with_a_problem_is_accessible_too(one_chromium, served, size):
    page, _ = chromium.signed_in(one_chromium, served, SIZES[size])
    page.goto(f"{ACCOUNT}?task=1")
    page.select_option("#means", "promise")
    page.fill("#amount-1", "lots")
    page.get_by_role("button", name="Keep").click()
    assert "is no amount" in page.inner_text("#meaning [role=alert]")
    assert (chromium.violations(page), chromium.overflow(page)) == ([], 0)
    page.goto("/worklists/unmatched")
    page.fill("main input[name=account]", "0009999-99")
    page.click("text=Give to account")
    assert "There is no account 0009999-99." in page.inner_text("main [role=alert]")
    assert (chromium.violations(page), chromium.overflow(page)) == ([], 0)
    page.context.close()


def test_on_a_phone_the_menu_opens_and_the_facts_fold(one_chromium, still):
    page, _ = chromium.signed_in(one_chromium, still, chromium.PHONE)
    page.goto(ACCOUNT)
    assert not page.locator("#menu").is_visible()
    page.click(".menu-button")
    assert page.locator("#menu").is_visible()
    assert page.get_attribute(".menu-button", "aria-expanded") == "true"
    assert chromium.violations(page) == []
    assert "$412.86 past due · 61–90 days" in page.inner_text("summary >> nth=0")
    assert not page.get_by_text("Past due by service").is_visible()
    page.click("summary >> nth=0")
    assert page.get_by_text("Past due by service").is_visible()
    page.context.close()
