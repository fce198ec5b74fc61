"""What is said to a promise afterwards, and offering an arrangement."""

import re

import pytest
from sqlalchemy import select

from comms.desk.schema import AuditEvent
from comms.worklist import Task
from tests.desk.accounts.test_promise import FORM
from tests.desk.conftest import Browser
from tests.desk.reading import OLE, account_id, promised, seen

OFFER = f"/accounts/{OLE}/arrangement"


@pytest.fixture
def asked(clerk, afternoon) -> str:
    """The page of a promise that waits for a supervisor."""
    clerk.post(FORM, {"amount-1": "5", "day-1": "2026-12-04", "beyond": "ask", "note": "new job"}, page=FORM)
    return f"/accounts/{OLE}/promises/{promised(afternoon)[0][0].id}"


@pytest.fixture
def supervisor(app, asked) -> Browser:
    """A supervisor at a browser of his own."""
    own = Browser(app)
    own.sign_in("osei")
    return own


def test_a_supervisor_reads_why_he_is_asked_and_agrees(supervisor, asked, afternoon):
    page = seen(supervisor.get(asked))
    assert "A supervisor decides, because it comes to less than the office asks." in page
    assert "waiting for a supervisor" in page and "new job" in page
    answer = supervisor.post(f"{asked}/approve", {"in-writing": "sms"}, page=asked)
    assert "Approved; the promise is open. The customer is told by text." in seen(supervisor.get(answer.location))
    ((promise, _),) = promised(afternoon)
    assert (promise.status, promise.approved_by) == ("open", "user:osei")
    with afternoon.database.read() as session:
        assert session.scalar(select(Task.state).where(Task.kind == "approval")) == "resolved"
        assert session.scalar(select(AuditEvent.username).where(AuditEvent.action == "promise.approved")) == "osei"
    assert supervisor.post(f"{asked}/approve", page=asked).status_code == 303, "once more changes nothing"


def test_a_supervisor_refuses_with_a_reason(supervisor, asked, afternoon):
    assert supervisor.post(f"{asked}/refuse", {"reason": " "}, page=asked).status_code == 422
    assert supervisor.post(f"{asked}/refuse", {"reason": "Pay a tenth at least"}, page=asked).status_code == 303
    assert promised(afternoon)[0][0].status == "refused"
    answer = supervisor.post(f"{asked}/approve", page=asked)
    assert (answer.status_code, "there is nothing to approve" in seen(answer)) == (409, True)


def test_a_clerk_neither_approves_nor_refuses(clerk, asked, afternoon):
    page = seen(clerk.get(asked))
    assert "A supervisor says yes or no here." in page and "Approve" not in page
    assert clerk.post(f"{asked}/approve", page=asked).status_code == 403
    assert clerk.post(f"{asked}/refuse", {"reason": "why not"}, page=asked).status_code == 403


def test_a_promise_is_taken_back_for_the_customer(clerk, afternoon):
    clerk.post(FORM, {"amount-1": "60", "day-1": "2026-12-04"}, page=FORM)
    page = f"/accounts/{OLE}/promises/{promised(afternoon)[0][0].id}"
    answer = clerk.post(f"{page}/withdraw", {"reason": "", "whose": "office"}, page=page)
    assert answer.status_code == 422 and '<option value="office" selected>' in answer.get_data(as_text=True)
    clerk.post(f"{page}/withdraw", {"reason": "Lost the job", "whose": "customer"}, page=page)
    assert promised(afternoon)[0][0].status == "withdrawn_customer"
    assert "Lost the job" in seen(clerk.get(page))


def test_a_promise_of_another_account_is_not_there(clerk, asked):
    assert clerk.get(asked.replace(OLE, "0000210-02")).status_code == 404


def agreed(clerk, page, **more):
    """The form as it came back, sent with the customer's yes."""
    text = page.get_data(as_text=True)
    (schedule,) = re.findall(r'name="schedule" value="([^"]*)"', text)
    return clerk.post(OFFER, {"schedule": schedule} | more, page=OFFER)


def test_the_usual_schedule_is_offered_and_agreed(clerk, afternoon):
    page = clerk.get(OFFER)
    text = seen(page)
    assert "Down paymentNov 30$30.00" in text and "$120.00 in all. One missed payment breaks it." in text
    assert agreed(clerk, page, source="counter").status_code == 303
    ((promise, parts),) = promised(afternoon)
    assert (promise.kind, promise.status, promise.source) == ("arrangement", "open", "counter")
    assert parts == [("2026-11-30", 3000), ("2026-12-30", 3000), ("2027-02-01", 3000), ("2027-03-01", 3000)]


def test_a_wish_is_worked_out_within_the_policy(clerk, afternoon):
    wish = {"down": "10", "installments": "5", "every": "two_weeks", "show": "1"}
    page = clerk.post(OFFER, wish, page=OFFER)
    text = seen(page)
    assert page.status_code == 200 and promised(afternoon) == []
    assert "The down payment asked for is not within the policy; this is the nearest." in text
    assert agreed(clerk, page, down="10", installments="5", every="two_weeks").status_code == 303
    assert [cents for _, cents in promised(afternoon)[0][1]] == [3000, 1800, 1800, 1800, 1800, 1800]


def test_what_was_not_shown_is_not_agreed(clerk, afternoon):
    answer = agreed(clerk, clerk.get(OFFER), installments="6")
    assert (answer.status_code, "The schedule has changed since it was shown" in seen(answer)) == (409, True)
    assert promised(afternoon) == []


def test_an_income_that_bears_no_schedule_asks_a_supervisor(clerk, afternoon):
    page = clerk.post(OFFER, {"income": "100", "show": "1"}, page=OFFER)
    assert "no schedule that the office offers fits the income stated" in seen(page)
    assert "Ask a supervisor" in seen(page)
    assert agreed(clerk, page, income="100").status_code == 303
    ((promise, _),) = promised(afternoon)
    assert (promise.awaits, promise.terms["income_cents"]) == ("supervisor", 10000)


@pytest.mark.parametrize("wish", [{"down": "lots"}, {"installments": "many"}, {"installments": "0"}, {"income": "-1"}])
def test_a_wish_that_cannot_be_read_comes_back(clerk, afternoon, wish):
    answer = clerk.post(OFFER, wish | {"show": "1"}, page=OFFER)
    assert answer.status_code == 422
    assert f'value="{next(iter(wish.values()))}"' in answer.get_data(as_text=True)
    assert account_id(afternoon) and promised(afternoon) == []


def test_the_matter_opens_the_record_with_the_promise_beside_the_history(supervisor, asked, afternoon):
    with afternoon.database.read() as session:
        task = session.scalars(select(Task).where(Task.kind == "approval")).one()
    answer = supervisor.get(f"/accounts/{OLE}?task={task.id}")
    page = seen(answer)
    assert answer.status_code == 200
    assert "A supervisor decides, because it comes to less than the office asks." in page
    assert "Contact history" in page and "Text reply" in page
