"""Calls, visits at the counter and door tags: written down, in the history, and counted where the rules count them."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from comms.accounts import ContactPoint, finding
from comms.campaigns import facts
from comms.desk.schema import AuditEvent
from comms.history import timeline, verify
from comms.outbox import Message
from tests.desk import story

ACCOUNT = f"/accounts/{story.MARIA}"
LOG = f"{ACCOUNT}/log"
PHONE = "+12185554417"


def log(clerk, **form):
    return clerk.post(LOG, form, page=LOG)


def newest(office):
    with office.database.read() as session:
        return timeline(session, finding.by_number(session, story.MARIA).id)[-1]


def contacts(office) -> int:
    with office.database.read() as session:
        account = finding.by_number(session, story.MARIA)
        picture = facts.subjects(session, office.city, [account.id], story.NOW)
        return len(facts.contacts(session, picture, story.NOW).of(picture[0].household, None, [PHONE]))


def test_a_call_is_in_the_history_with_what_was_said(clerk, afternoon):
    answer = log(clerk, how="talked", text="Asks for time\nuntil Friday", number=PHONE, minutes="4")
    assert answer.headers["Location"] == ACCOUNT
    entry = newest(afternoon)
    assert (entry.kind, entry.channel, entry.direction, entry.actor) == ("call.made", "phone", "out", "user:park")
    assert (entry.summary, entry.at) == ("Called the customer, 4 minutes", story.NOW)
    assert entry.content["text"] == "Asks for time\nuntil Friday"
    page = clerk.get(f"{ACCOUNT}?show=calls").get_data(as_text=True)
    assert "Called the customer, 4 minutes" in page
    assert "Asks for time\nuntil Friday" in page
    assert "It is in the history and counts as a contact." in page
    with afternoon.database.read() as session:
        assert verify(session, finding.by_number(session, story.MARIA).id)[1] == []
        assert session.scalars(select(AuditEvent).where(AuditEvent.action == "contact.logged")).one().username == "park"


@pytest.mark.parametrize(
    ("how", "kind", "counted"),
    [("talked", "call.made", 1), ("message", "call.made", 1), ("door_tag", "door_tag.left", 1),
     ("no_answer", "call.tried", 0), ("called_us", "call.received", 0), ("visit", "visit.received", 0)],
)  # fmt: skip
def test_what_the_household_heard_of_us_counts_toward_its_limit(clerk, afternoon, how, kind, counted):
    before = contacts(afternoon)
    log(clerk, how=how, text="About the bill")
    assert newest(afternoon).kind == kind
    assert contacts(afternoon) - before == counted


def test_a_contact_written_down_for_one_account_counts_for_the_phone(clerk, afternoon):
    log(clerk, how="message", number=PHONE)
    with afternoon.database.read() as session:
        account = finding.by_number(session, story.MARIA)
        picture = facts.subjects(session, afternoon.city, [account.id], story.NOW)
        assert len(facts.contacts(session, picture, story.NOW).by_address[PHONE]) >= 1


def test_what_happened_yesterday_stands_where_it_belongs(clerk, afternoon):
    log(clerk, how="visit", text="Paid $20 in cash", on="2026-11-22", at="14:30")
    assert newest(afternoon).at == datetime(2026, 11, 22, 20, 30, tzinfo=UTC)
    page = clerk.get(f"{ACCOUNT}?show=calls").get_data(as_text=True)
    assert page.index("Yesterday") < page.index("The customer came to the counter")


@pytest.mark.parametrize(
    ("form", "said"),
    [({"text": "hello"}, "Choose what happened"), ({"how": "talked"}, "in a few words what was said"),
     ({"how": "visit", "text": "x", "on": "2026-11-24"}, "still to come"),
     ({"how": "visit", "text": "x", "on": "2026-10-01"}, "more than 31 days ago"),
     ({"how": "visit", "text": "x", "at": "late"}, "“late” is no time"),
     ({"how": "visit", "text": "x", "on": "someday"}, "someday"),
     ({"how": "talked", "text": "x", "minutes": "ages"}, "“ages” is no length"),
     ({"how": "talked", "text": "x", "number": "+12185550911"}, "not one of this account"),
     ({"how": "wrong_person"}, "Choose the number"), ({"how": "talked", "text": "x" * 4001}, "At most 4,000")],
)  # fmt: skip
def test_what_cannot_be_kept_says_why_and_keeps_the_words(clerk, afternoon, form, said):
    before = newest(afternoon).position
    answer = log(clerk, **form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert said in page
    assert f">{form.get('text', '')}</textarea>" in page
    assert newest(afternoon).position == before


def test_a_form_sent_twice_is_one_call(clerk, afternoon):
    for _ in range(2):
        assert log(clerk, how="no_answer", number=PHONE).status_code == 303
    assert newest(afternoon).kind == "call.tried"
    with afternoon.database.read() as session:
        account = finding.by_number(session, story.MARIA)
        assert len(timeline(session, account.id, kinds=["call.tried"])) == 1


def test_a_number_that_somebody_else_answers_is_not_written_to(clerk, afternoon):
    with afternoon.database.begin() as session:
        account = finding.by_number(session, story.MARIA)
        waiting = story.sent(session, account.id, "Tomorrow", story.NOW + timedelta(seconds=1), state="queued")
    log(clerk, how="wrong_person", number=PHONE)
    with afternoon.database.read() as session:
        point = session.scalars(select(ContactPoint).where(ContactPoint.value == PHONE)).one()
        assert (point.status, session.get(Message, waiting).state) == ("wrong_number", "cancelled")
    assert "wrong number" in clerk.get(ACCOUNT).get_data(as_text=True)


def test_a_viewer_logs_nothing(browser):
    browser.sign_in("vera")
    assert browser.get(LOG).status_code == 403
    assert "Log a call" not in browser.get(ACCOUNT).get_data(as_text=True)
