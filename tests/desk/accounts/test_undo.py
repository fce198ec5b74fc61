"""Taking back a text: for ten seconds, or until the morning it waits for."""

import html
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from comms.accounts import finding
from comms.desk.schema import AuditEvent
from comms.history import timeline, verify
from comms.outbox import Message
from comms.worklist import Task
from tests.desk import story
from tests.desk.conftest import Browser

ACCOUNT = f"/accounts/{story.MARIA}"
NIGHT = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)


def send(clerk, page: str = ACCOUNT, **form):
    return clerk.post(f"{ACCOUNT}/text", {"text": "Two payments are fine."} | form, page=page)


def the_text(office) -> Message:
    with office.database.read() as session:
        return session.scalars(select(Message).where(Message.notice == "staff-reply")).one()


def undo(clerk, message: Message, page: str = ACCOUNT, **form):
    return clerk.post(f"{ACCOUNT}/undo", {"message": str(message.id)} | form, page=page)


def test_the_page_after_sending_offers_to_take_it_back(clerk, afternoon):
    send(clerk)
    page = clerk.get(ACCOUNT).get_data(as_text=True)
    assert 'data-leaves-in="10"' in page
    assert "Leaves in a few seconds" in page
    assert "Take it back" in page


def test_a_text_that_is_taken_back_does_not_leave_and_its_words_are_in_the_box_again(clerk, afternoon):
    send(clerk)
    answer = undo(clerk, the_text(afternoon))
    message = the_text(afternoon)
    assert (message.state, message.state_reason) == ("cancelled", "Taken back by J. Park.")
    assert answer.headers["Location"] == f"{ACCOUNT}?again={message.id}#text"
    page = clerk.get(answer.headers["Location"]).get_data(as_text=True)
    assert "Two payments are fine.</textarea>" in page
    assert "Cancelled before it left: Taken back by J. Park" in page
    assert "Take it back" not in page
    with afternoon.database.read() as session:
        account = finding.by_number(session, story.MARIA)
        newest = timeline(session, account.id)[-1]
        assert (newest.kind, newest.actor) == ("notice.recalled", "user:park")
        assert verify(session, account.id)[1] == []
        assert (
            session.scalars(select(AuditEvent).where(AuditEvent.action == "text.taken_back")).one().username == "park"
        )


def test_the_same_words_can_be_sent_again(clerk, afternoon):
    send(clerk)
    answer = undo(clerk, the_text(afternoon))
    send(clerk, page=answer.headers["Location"])
    with afternoon.database.read() as session:
        states = session.scalars(select(Message.state).where(Message.notice == "staff-reply").order_by(Message.id))
        assert list(states) == ["cancelled", "queued"]


def test_what_was_resolved_with_it_is_open_again(clerk, afternoon):
    onward = send(clerk, page=f"{ACCOUNT}?task=1", resolve="1").headers["Location"]
    shown = clerk.get(onward).get_data(as_text=True)
    assert '<input type="hidden" name="resolved" value="1">' in shown
    answer = undo(clerk, the_text(afternoon), resolved="1", task="1")
    assert "task=1" in answer.headers["Location"]
    with afternoon.database.read() as session:
        task = session.get(Task, 1)
        assert (task.state, task.resolved_by, task.resolution) == ("open", None, None)


def test_it_is_open_again_though_the_text_was_queued_a_moment_after_the_form_came_in(clerk, afternoon, monkeypatch):
    stands = afternoon.clock.now

    def ticking():
        afternoon.clock.advance(timedelta(milliseconds=20))
        return stands()

    monkeypatch.setattr(afternoon.clock, "now", ticking)
    send(clerk, page=f"{ACCOUNT}?task=1", resolve="1")
    undo(clerk, the_text(afternoon), resolved="1", task="1")
    with afternoon.database.read() as session:
        assert session.get(Task, 1).state == "open"


def test_the_part_of_the_list_one_walks_through_is_kept(clerk, afternoon):
    onward = send(clerk, page=f"{ACCOUNT}?task=1&who=nobody", resolve="1").headers["Location"]
    shown = clerk.get(onward).get_data(as_text=True)
    form = shown[shown.index(f'action="{ACCOUNT}/undo"') :].partition("</form>")[0]
    assert '<input type="hidden" name="who" value="nobody">' in form
    assert "who=nobody" in undo(clerk, the_text(afternoon), resolved="1", task="1", who="nobody").headers["Location"]


def test_words_that_were_sent_again_are_not_in_the_box_when_one_goes_back(clerk, afternoon):
    send(clerk)
    again = undo(clerk, the_text(afternoon)).headers["Location"]
    words = re.search(r"<textarea[^>]*>([^<]+)</textarea>", clerk.get(again).get_data(as_text=True))[1]
    send(clerk, page=again.partition("#")[0])
    assert f"{words}</textarea>" not in clerk.get(again).get_data(as_text=True)


def test_a_matter_that_somebody_else_resolved_stays_resolved(clerk, afternoon):
    send(clerk)
    with afternoon.database.begin() as session:
        task = session.get(Task, 1)
        task.state, task.resolved_by, task.resolved_at = "resolved", "user:osei", story.NOW
    undo(clerk, the_text(afternoon), resolved="1")
    with afternoon.database.read() as session:
        assert session.get(Task, 1).state == "resolved"


@pytest.mark.parametrize("state", ["claimed", "submitted", "delivered"])
def test_what_is_leaving_cannot_be_taken_back(clerk, afternoon, state):
    send(clerk)
    with afternoon.database.begin() as session:
        session.get(Message, the_text(afternoon).id).state = state
    answer = undo(clerk, the_text(afternoon))
    assert the_text(afternoon).state == state
    assert "It was too late" in html.unescape(clerk.get(answer.headers["Location"]).get_data(as_text=True))


def test_a_text_that_waits_for_the_morning_can_be_taken_back_all_night(clerk, afternoon, clock):
    clock.set(NIGHT)
    clerk.sign_in()
    send(clerk)
    page = clerk.get(ACCOUNT).get_data(as_text=True)
    assert "Undo" in page
    assert "data-leaves-in" not in page
    assert "Goes out at 8:00 AM tomorrow" in clerk.get(ACCOUNT).get_data(as_text=True)
    undo(clerk, the_text(afternoon))
    assert the_text(afternoon).state == "cancelled"


def test_a_notice_is_not_taken_back_here_nor_the_text_of_another_account(clerk, afternoon):
    with afternoon.database.begin() as session:
        account = finding.by_number(session, story.MARIA)
        notice = session.get(Message, story.sent(session, account.id, "Pay", story.NOW, state="queued"))
    assert undo(clerk, notice).status_code == 404
    send(clerk)
    other = clerk.post("/accounts/0000666-13/undo", {"message": str(the_text(afternoon).id)}, page=ACCOUNT)
    assert other.status_code == 404
    assert the_text(afternoon).state == "queued"


def test_a_viewer_takes_nothing_back(app, clerk, afternoon):
    send(clerk)
    viewer = Browser(app)
    viewer.sign_in("vera")
    assert "Take it back" not in viewer.get(ACCOUNT).get_data(as_text=True)
    assert undo(viewer, the_text(afternoon)).status_code == 403


def test_words_of_a_notice_are_not_put_into_the_box(clerk, afternoon):
    with afternoon.database.begin() as session:
        account = finding.by_number(session, story.MARIA)
        notice = story.sent(session, account.id, "Pay at once", story.NOW, state="cancelled")
    assert "Pay at once</textarea>" not in clerk.get(f"{ACCOUNT}?again={notice}").get_data(as_text=True)
