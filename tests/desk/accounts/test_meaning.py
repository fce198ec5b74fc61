"""Beside a reply a clerk says what it means; a message from an unknown sender is given to its customer."""

import re

import pytest
from sqlalchemy import select, update

from comms.accounts import ConsentEvent, finding
from comms.desk.schema import AuditEvent
from comms.history import timeline
from comms.replies.schema import InboundMessage, ReplyLabel
from comms.worklist import Task
from tests.desk import story
from tests.desk.reading import task_of

ACCOUNT = f"/accounts/{story.MARIA}"


GUESS = {
    "intent": "promise", "confidence": 0.55, "evidence": ["2 pagos"], "lang": "es",
    "instalments": [{"amount_cents": 20643, "date": "2026-12-05"}, {"amount_cents": "half", "date": None}],
}  # fmt: skip


@pytest.fixture
def task(afternoon):
    """A reply that was read as an uncertain promise and waits for a clerk."""
    found = task_of(afternoon, "Proposes two dates")
    with afternoon.database.begin() as session:
        session.execute(update(InboundMessage).where(InboundMessage.id == found.subject_id).values(understanding=GUESS))
    return found


@pytest.fixture
def keep(clerk, task):
    """Send the form beside the reply."""

    def act(intent, **fields):
        form = {"intent": intent, "task": str(task.id)} | {name.replace("_", "-"): v for name, v in fields.items()}
        return clerk.post(f"/replies/{task.subject_id}/meaning", form, page=f"{ACCOUNT}?task={task.id}")

    return act


def label(office):
    with office.database.read() as session:
        return session.scalars(select(ReplyLabel)).one_or_none()


def test_the_form_shows_what_was_understood(clerk, task):
    page = clerk.get(f"{ACCOUNT}?task={task.id}").get_data(as_text=True)
    assert "Understood as: a promise to pay $206.43 on 2026-12-05, half (no day) (55% sure)." in page
    assert re.search(r'<option value="promise" selected>a promise to pay</option>', page)
    assert re.findall(r'id="amount-\d" name="amount-\d" value="([^"]*)"', page) == ["206.43", "half", ""]
    assert re.findall(r'id="day-\d" name="day-\d" value="([^"]*)"', page) == ["2026-12-05", "", ""]


def test_a_reply_that_was_never_read_can_be_labelled_too(clerk, afternoon):
    task = task_of(afternoon, "Gas smell")
    page = clerk.get(f"/accounts/0000911-01?task={task.id}").get_data(as_text=True)
    assert "It has not been read by the service." in page
    assert re.search(r'<option value="other" selected>', page)


def test_only_beside_a_reply(clerk, task):
    assert "What this reply means" in clerk.get(f"{ACCOUNT}?task={task.id}").get_data(as_text=True)
    assert "What this reply means" not in clerk.get(ACCOUNT).get_data(as_text=True)


def test_a_promise_with_its_parts_is_kept_with_the_clerks_name(keep, afternoon, task):
    answer = keep(
        "promise", amount_1="$1,206.43", day_1="2026-12-05", amount_2="all", day_3="2026-12-19", note="called her"
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{ACCOUNT}?task={task.id}")
    kept = label(afternoon)
    assert (kept.intent, kept.labelled_by, kept.note, kept.inbound_id) == (
        "promise", "user:park", "called her", task.subject_id,
    )  # fmt: skip
    assert kept.instalments == [
        {"amount_cents": 120643, "date": "2026-12-05"},
        {"amount_cents": "full", "date": None},
        {"amount_cents": None, "date": "2026-12-19"},
    ]
    with afternoon.database.read() as session:
        account = finding.by_number(session, story.MARIA)
        entry = timeline(session, account.id)[-1]
        audit = session.scalars(select(AuditEvent).where(AuditEvent.action == "reply.labelled")).one()
        assert session.get(Task, task.id).state == "open", "the matter itself is still to be done"
    assert (entry.kind, entry.actor) == ("reply.corrected", "user:park")
    assert (audit.username, audit.facts) == ("park", {"reply": task.subject_id, "intent": "promise"})


def test_a_promise_of_nothing_in_particular(keep, afternoon):
    keep("promise")
    assert label(afternoon).instalments == [{"amount_cents": None, "date": None}]


def test_amounts_of_what_is_no_promise_do_not_count(keep, afternoon):
    keep("paid", amount_1="50", day_1="2026-12-05")
    assert (label(afternoon).intent, label(afternoon).instalments) == ("paid", [])


@pytest.mark.parametrize(
    ("intent", "fields", "says"),
    [
        ("promise", {"amount_1": "lots"}, "“lots” is no amount"),
        ("promise", {"amount_1": "0"}, "more than nothing"),
        ("promise", {"day_1": "friday"}, "“friday” is no day"),
        ("mood", {}, "is no meaning that a reply can have"),
        ("", {}, "is no meaning that a reply can have"),
        ("promise", {"amount_1": "<script>"}, "“&lt;script&gt;” is no amount"),
    ],
)
def test_what_cannot_be_kept_is_shown_again_with_the_reason(keep, afternoon, intent, fields, says):
    answer = keep(intent, **fields)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert says in page
    assert 'id="means"' in page
    assert label(afternoon) is None


def test_an_opt_out_that_was_not_understood_takes_effect(keep, clerk, afternoon, task):
    keep("opt_out")
    page = clerk.get(f"{ACCOUNT}?task={task.id}").get_data(as_text=True)
    assert "Nothing more is sent to that address." in page
    with afternoon.database.read() as session:
        line = session.scalars(select(ConsentEvent).where(ConsentEvent.inbound_id == task.subject_id)).one()
    assert (line.address, line.source) == ("+12185554417", "user:park")
    assert ("housekeeping", ()) in afternoon.doorbell.rung, "so that Twilio is told"


def test_a_form_without_its_token_is_refused(clerk, task):
    answer = clerk.client.post(
        f"/replies/{task.subject_id}/meaning", base_url="https://localhost", data={"intent": "paid"}
    )
    assert answer.status_code == 400


def test_a_viewer_sees_what_it_was_taken_for_and_has_no_form(browser, task, afternoon):
    browser.sign_in("vera")
    page = browser.get(f"{ACCOUNT}?task={task.id}").get_data(as_text=True)
    assert "Understood as:" in page
    assert 'id="means"' not in page
    answer = browser.post(f"/replies/{task.subject_id}/meaning", {"intent": "paid"}, page="/")
    assert answer.status_code == 403
    assert label(afternoon) is None


def test_a_reply_that_is_not_there(clerk):
    assert clerk.post("/replies/4711/meaning", {"intent": "paid"}, page="/").status_code == 404


# --- messages from unknown senders ---


@pytest.fixture
def stranger(afternoon):
    return task_of(afternoon, "No account has this phone.")


def test_a_message_is_given_to_its_customer(clerk, afternoon, stranger):
    answer = clerk.post(
        f"/replies/{stranger.subject_id}/assign", {"account": " 48221-37 "}, page="/worklists/unmatched"
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, ACCOUNT)
    with afternoon.database.read() as session:
        inbound = session.get(InboundMessage, stranger.subject_id)
        assert inbound.account_id == finding.by_number(session, story.MARIA).id
        assert session.scalars(select(AuditEvent).where(AuditEvent.action == "reply.assigned")).one().username == "park"
    page = clerk.get("/worklists/unmatched").get_data(as_text=True)
    assert "Every message has found its account." in page
    assert "who is this? wrong number" in clerk.get(ACCOUNT).get_data(as_text=True)


@pytest.mark.parametrize(
    ("given", "says"), [("0009999-99", "There is no account 0009999-99."), ("", "No account number was given.")]
)
def test_an_account_that_is_not_there(clerk, stranger, given, says):
    answer = clerk.post(f"/replies/{stranger.subject_id}/assign", {"account": given}, page="/worklists/unmatched")
    assert answer.status_code == 422
    assert says in answer.get_data(as_text=True)
    assert "who is this? wrong number" in answer.get_data(as_text=True)


def test_a_message_that_somebody_else_has_given_away(clerk, stranger):
    for status in (303, 409):
        answer = clerk.post(
            f"/replies/{stranger.subject_id}/assign", {"account": story.MARIA}, page="/worklists/unmatched"
        )
        assert answer.status_code == status
    assert "belongs to account 0048221-37 already" in answer.get_data(as_text=True)
