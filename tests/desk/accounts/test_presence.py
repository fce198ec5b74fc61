"""Two clerks at one customer: each sees the other, and none sends an answer past the other's."""

import html
import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from comms.accounts import finding
from comms.desk.schema import Presence
from comms.outbox import Message
from tests.desk import story
from tests.desk.conftest import Browser

ACCOUNT = f"/accounts/{story.MARIA}"


@pytest.fixture
def osei(app) -> Browser:
    """A supervisor at another desk."""
    browser = Browser(app)
    browser.sign_in("osei")
    return browser


def others(browser, known="", writes="") -> str:
    answer = browser.get(f"{ACCOUNT}/others?known={known}&writes={writes}")
    assert answer.status_code in (200, 204)
    found = re.search(r'<p class="others[^>]*>(.*?)</p>', answer.get_data(as_text=True))
    return html.unescape(found[1]) if found else ""


def page(browser) -> str:
    return html.unescape(browser.get(ACCOUNT).get_data(as_text=True))


def test_who_opens_a_record_sees_who_has_it_open(clerk, osei):
    assert "has this record open" not in page(clerk)
    assert "J. Park has this record open." in page(osei)
    assert others(clerk) == "R. Osei has this record open."


def test_who_writes_is_named_first(app, clerk, osei):
    third = Browser(app)
    third.sign_in("admin")
    page(third)
    others(osei, writes="1")
    assert others(clerk) == "R. Osei is writing here. Ada Min has this record open."


def test_who_stops_writing_or_leaves_is_forgotten(clerk, osei, clock):
    others(osei, writes="1")
    clock.advance(timedelta(seconds=31))
    others(osei)
    assert others(clerk) == "R. Osei has this record open."
    clock.advance(timedelta(seconds=46))
    assert others(clerk) == ""


def test_nothing_new_is_no_answer(clerk, osei):
    page(osei)
    answer = clerk.get(f"{ACCOUNT}/others?known=")
    known = re.search(r"known=(\w+)", answer.get_data(as_text=True))[1]
    assert clerk.get(f"{ACCOUNT}/others?known={known}").status_code == 204


def test_on_another_record_nobody_is_in_the_way(clerk, osei):
    osei.get("/accounts/0000666-13")
    assert others(clerk) == ""


def test_a_viewer_is_seen_but_does_not_write(app, clerk):
    viewer = Browser(app)
    viewer.sign_in("vera")
    others(viewer, writes="1")
    assert others(clerk) == "Vera Lind has this record open."


def test_an_open_page_keeps_no_session_alive(clerk, clock):
    clock.advance(timedelta(minutes=31))
    assert clerk.get(f"{ACCOUNT}/others", headers={"HX-Request": "true"}).status_code == 401


def test_what_is_long_past_is_cleared_away(afternoon, clerk, osei, clock):
    page(osei)
    clock.advance(timedelta(minutes=61))
    clerk.sign_in()
    clerk.get("/accounts/0000666-13")
    with afternoon.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Presence)) == 1


def test_an_answer_past_a_colleagues_is_held_back_and_kept(clerk, osei, afternoon):
    shown = clerk.get(ACCOUNT).get_data(as_text=True)
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', shown)
    form = {name: html.unescape(value) for name, value in hidden} | {"text": "One payment, please."}
    osei.post(f"{ACCOUNT}/text", {"text": "Two payments are fine."}, page=ACCOUNT)
    answer = clerk.client.post(f"{ACCOUNT}/text", base_url="https://localhost", data=form)
    shown = html.unescape(answer.get_data(as_text=True))
    assert answer.status_code == 409
    assert "R. Osei answered the customer while you wrote." in shown
    assert "One payment, please.</textarea>" in shown
    assert "Two payments are fine." in shown
    with afternoon.database.read() as session:
        assert session.scalar(select(func.count()).where(Message.notice == "staff-reply")) == 1


def test_a_colleagues_answer_is_announced_to_who_has_the_page_open(clerk, osei):
    osei.post(f"{ACCOUNT}/text", {"text": "Two payments are fine."}, page=ACCOUNT)
    announced = clerk.get(f"{ACCOUNT}/newer?seen=9999&answered=0").get_data(as_text=True)
    assert "R. Osei just answered the customer." in announced
    assert "You just answered the customer." in osei.get(f"{ACCOUNT}/newer?seen=9999&answered=0").get_data(as_text=True)


def test_in_two_windows_of_ones_own_the_second_answer_is_held_back(clerk, afternoon):
    shown = clerk.get(ACCOUNT).get_data(as_text=True)
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', shown)
    stale = {name: html.unescape(value) for name, value in hidden} | {"text": "One payment, please."}
    clerk.post(f"{ACCOUNT}/text", {"text": "Two payments are fine."}, page=ACCOUNT)
    answer = clerk.client.post(f"{ACCOUNT}/text", base_url="https://localhost", data=stale)
    assert answer.status_code == 409
    assert "You answered the customer in another window while you wrote." in html.unescape(
        answer.get_data(as_text=True)
    )


def test_an_answer_that_was_taken_back_stands_in_nobodys_way(clerk, osei, afternoon):
    osei.post(f"{ACCOUNT}/text", {"text": "Two payments are fine."}, page=ACCOUNT)
    with afternoon.database.read() as session:
        sent = session.scalars(select(Message.id).where(Message.notice == "staff-reply")).one()
        assert finding.by_number(session, story.MARIA) is not None
    osei.post(f"{ACCOUNT}/undo", {"message": str(sent)}, page=ACCOUNT)
    assert clerk.get(f"{ACCOUNT}/newer?seen=9999&answered=0").status_code == 204
