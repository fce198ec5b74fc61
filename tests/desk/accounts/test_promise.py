"""Recording a promise at the desk: three fields, the office's limits beside them, and a supervisor beyond them."""

import pytest
from sqlalchemy import select

from comms.accounts.schema import Hold
from comms.desk.schema import AuditEvent
from comms.history import timeline
from comms.outbox import Message
from comms.worklist import Task
from tests.desk import story
from tests.desk.reading import OLE, account_id, promised, seen, task_of

FORM = f"/accounts/{OLE}/promise"


@pytest.fixture
def take(clerk):
    def act(number=OLE, page=None, **fields):
        form = {name.replace("_", "-"): value for name, value in fields.items()}
        path = f"/accounts/{number}/promise"
        return clerk.post(path, form, page=page or path)

    return act


def test_the_form_shows_what_a_clerk_may_take(clerk):
    answer = clerk.get(FORM)
    page = seen(answer)
    assert "at least $12.00 in all of the $120.00 past due, at most $165.00" in page
    assert "the last payment by Jan 22, 2027, in up to 6 payments" in page
    assert "All $120.00" in page and "Half $60.00" in page
    assert 'value="2026-11-27"' not in answer.get_data(as_text=True), "the day after Thanksgiving the office is closed"


def test_three_fields_open_a_promise_stop_the_dunning_and_tell_the_customer(take, afternoon):
    with afternoon.database.begin() as session:
        story.sent(session, account_id(afternoon), "You owe us.", story.NOW, state="queued", to="+12185550911")
    answer = take(amount_1="$60", day_1="12/04/2026", source="counter", note="gets paid on the 3rd")
    assert (answer.status_code, answer.location) == (303, f"/accounts/{OLE}")
    ((promise, parts),) = promised(afternoon)
    assert (promise.status, promise.source, promise.taken_by) == ("open", "counter", "user:park")
    assert (promise.said_text, parts) == ("gets paid on the 3rd", [("2026-12-04", 6000)])
    with afternoon.database.read() as session:
        held = session.scalars(select(Hold).where(Hold.account_id == promise.account_id)).one()
        states = dict(
            session.execute(select(Message.notice, Message.state).where(Message.account_id == promise.account_id)).all()
        )
        audit = session.scalars(select(AuditEvent).where(AuditEvent.action == "promise.entered")).one()
    assert held.kind == "promise"
    assert states == {"past-due-reminder": "cancelled", "promise-confirmation": "queued"}
    assert (audit.username, audit.account_id) == ("park", promise.account_id)
    assert [lane for lane, _ in afternoon.doorbell.rung] == ["sms"]


def test_it_is_not_put_in_writing_when_the_clerk_says_so(take, afternoon):
    take(amount_1="60", day_1="2026-12-04", in_writing="no")
    assert promised(afternoon)[0][0].status == "open"
    assert afternoon.doorbell.rung == []


def test_after_a_promise_one_goes_on_with_the_task(clerk, afternoon):
    task = task_of(afternoon, "Proposes two dates")
    page = f"/accounts/{story.MARIA}/promise?task={task.id}"
    shown = clerk.get(page).get_data(as_text=True)
    assert 'name="amount-1" value="206.43"' in shown and 'name="day-1" value="2026-12-05"' in shown
    assert 'name="day-2" value="2026-12-19"' in shown, "what the customer offered stands in the form"
    form = {"amount-1": "206.43", "day-1": "2026-12-05", "amount-2": "206.43", "day-2": "2026-12-19"}
    answer = clerk.post(f"/accounts/{story.MARIA}/promise", form, page=page)
    assert answer.location == f"/accounts/{story.MARIA}?task={task.id}"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"amount_1": "lots", "day_1": "2026-12-04"}, "Amount 1: &#39;lots&#39; is no amount; write it as 125.00."),
        ({"amount_1": "50", "day_1": ""}, "The promise needs a day."),
        ({"amount_1": "", "day_1": "2026-12-04"}, "The promise needs an amount."),
        ({}, "Write down how much the customer will pay, and by when."),
        ({"amount_1": "50", "day_1": "2026-11-20"}, "Every part needs a day from today on"),
        ({"amount_1": "50", "day_1": "2046-12-04"}, "more than ten years from today"),
        ({"amount_1": "50", "day_1": "2026-12-04", "amount_2": "50"}, "Payment 2 needs a day."),
    ],
)
def test_what_cannot_be_read_comes_back_with_the_words(take, afternoon, typed, said):
    answer = take(**typed)
    page = answer.get_data(as_text=True)
    assert (answer.status_code, said in page) == (422, True)
    assert f'name="amount-1" value="{typed.get("amount_1", "")}"' in page
    assert promised(afternoon) == []


def test_beyond_the_limits_the_clerk_is_asked_first_and_shown_the_nearest(take, afternoon):
    answer = take(amount_1="5", day_1="2027-03-01", note="new job")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    said = seen(answer)
    assert "it is paid later than the office allows, and it comes to less than the office asks" in said
    assert "the nearest that you may take is $12.00 by Jan 22, 2027" in said
    assert "Ask a supervisor" in page and "approved by me" not in page and 'value="new job"' in page
    assert promised(afternoon) == []


def test_the_nearest_goes_into_the_form(take):
    page = take(amount_1="5", day_1="2027-03-01", fill="counter").get_data(as_text=True)
    assert 'name="amount-1" value="12.00"' in page and 'name="day-1" value="2027-01-22"' in page


def test_a_supervisor_is_asked(take, afternoon):
    assert take(amount_1="5", day_1="2026-12-04", beyond="ask").status_code == 303
    ((promise, _),) = promised(afternoon)
    assert (promise.status, promise.awaits) == ("proposed", "supervisor")
    with afternoon.database.read() as session:
        task = session.scalars(select(Task).where(Task.kind == "approval")).one()
    assert (task.subject_id, task.state) == (promise.id, "open")


def test_a_clerk_cannot_approve_by_sending_the_word(take, afternoon):
    take(amount_1="5", day_1="2026-12-04", beyond="approve")
    assert promised(afternoon)[0][0].status == "proposed"


def test_a_supervisor_records_it_with_his_own_word(browser, afternoon):
    browser.sign_in("osei")
    form = {"amount-1": "5", "day-1": "2026-12-04"}
    assert "approved by me" in browser.post(FORM, form, page=FORM).get_data(as_text=True)
    browser.post(FORM, form | {"beyond": "approve"}, page=FORM)
    ((promise, _),) = promised(afternoon)
    assert (promise.status, promise.approved_by) == ("open", "user:osei")


def test_quick_choices_fill_the_form_without_a_script(take, afternoon):
    page = take(amount_1="", day_1="", fill="amount:60.00").get_data(as_text=True)
    assert 'name="amount-1" value="60.00"' in page
    page = take(amount_1="60.00", day_1="", fill="day:2026-12-04").get_data(as_text=True)
    assert 'name="amount-1" value="60.00"' in page and 'name="day-1" value="2026-12-04"' in page
    assert promised(afternoon) == []


def test_a_form_sent_twice_is_one_promise(take, afternoon):
    take(amount_1="60", day_1="2026-12-04")
    take(amount_1="60.00", day_1="2026-12-04")
    assert len(promised(afternoon)) == 1


def test_who_owes_nothing_promises_nothing(clerk):
    assert "there is nothing to promise" in clerk.get("/accounts/0000404-04/promise").get_data(as_text=True)


def test_beside_the_history_the_answer_tells_the_page_where_to_go(clerk, take, afternoon):
    form = {"amount-1": "60", "day-1": "2026-12-04"}
    answer = clerk.post(FORM, form, page=FORM, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, f"/accounts/{OLE}")
    kinds = []
    with afternoon.database.read() as session:
        kinds = [entry.kind for entry in timeline(session, account_id(afternoon))]
    assert "promise.opened" in kinds


def test_a_viewer_may_not(browser):
    browser.sign_in("vera")
    assert browser.get(FORM).status_code == 403
