"""What staff take on the phone or at the counter, and what a supervisor says to it."""

from datetime import date, timedelta

import pytest

from comms import history, promises, worklist
from comms.accounts import holds
from comms.promises import Part, PromiseError
from comms.promises.schema import Promise
from tests.support import build

FRIDAY = date(2026, 12, 4)
LATE = date(2027, 3, 5)


@pytest.fixture
def office(sqlite_database, city, clock):
    class Office:
        """An office with one account that owes $120.00."""

        def __init__(self, session):
            self.session = session
            self.account_id = build.account(self.session).id

        def enter(self, *parts, account_id=None, **more):
            given = {"source": "phone", "by": "user:dana"} | more
            return promises.enter(
                self.session, city, clock, account_id=account_id or self.account_id,
                parts=parts or [Part(FRIDAY, 6000)], **given,
            )  # fmt: skip

        def approve(self, promise_id, by="user:sue"):
            return promises.approve(self.session, city, clock, promise_id, by)

        def arranged(self, **wish):
            return promises.arrangement_for(self.session, city, clock, self.account_id, **wish)

        def promise(self, promise_id):
            return self.session.get(Promise, promise_id, populate_existing=True)

        def held(self):
            return holds.active(self.session, [self.account_id], city.local_date(clock.now())).get(self.account_id, [])

        def approvals(self):
            return worklist.open_tasks(self.session, ["approval"])

    with sqlite_database.begin() as session:
        yield Office(session)


def test_what_is_within_the_limits_opens_at_once(office, clock):
    entered = office.enter(reason_code="JOB_LOSS", note="Paid on Friday.", source="counter")
    assert (entered.awaits, entered.reasons) == (None, ())
    promise = office.promise(entered.promise_id)
    assert (promise.status, promise.category, promise.taken_by) == ("open", "staff", "user:dana")
    assert (promise.source, promise.reason_code, promise.said_text) == ("counter", "JOB_LOSS", "Paid on Friday.")
    assert len(office.held()) == 1
    history.record(office.session, list(entered.events), clock.now())
    lines = [entry.kind for entry in history.timeline(office.session, office.account_id)]
    assert lines == ["promise.proposed", "promise.opened"]


@pytest.mark.parametrize(
    ("part", "changes", "reasons"),
    [
        (Part(LATE, 6000), {}, ("too_late",)),
        (Part(FRIDAY, 100), {}, ("too_little",)),
        (Part(FRIDAY, 2000), {"category": "standard"}, ("too_little",)),
    ],
)
def test_beyond_the_limits_a_supervisor_is_asked(office, part, changes, reasons):
    entered = office.enter(part, **changes)
    assert (entered.awaits, entered.reasons) == ("supervisor", reasons)
    assert office.promise(entered.promise_id).status == "proposed"
    assert office.held() == []
    (task,) = office.approvals()
    assert (task.subject_id, task.account_id) == (entered.promise_id, office.account_id)
    assert "taken by dana, needs a supervisor" in task.reason


def test_the_supervisors_word_opens_it_and_ends_the_task(office):
    promise_id = office.enter(Part(LATE, 6000)).promise_id
    change = office.approve(promise_id)
    promise = office.promise(promise_id)
    assert (promise.status, promise.approved_by, promise.awaits) == ("open", "user:sue", None)
    assert change.events[-1].facts["approved_by"] == "user:sue"
    assert office.approvals() == []
    assert office.approve(promise_id).events == (), "once is enough"


def test_a_supervisor_who_takes_it_himself_need_not_be_asked(office):
    entered = office.enter(Part(LATE, 6000), approved_by="user:sue")
    assert (entered.awaits, entered.reasons) == (None, ("too_late",))
    assert office.promise(entered.promise_id).approved_by == "user:sue"


def test_nobody_else_opens_what_waits_for_a_supervisor(office, city, clock):
    promise_id = office.enter(Part(LATE, 6000)).promise_id
    with pytest.raises(PromiseError, match="waits for a supervisor: comms promise approve"):
        promises.open_(office.session, city, clock, promise_id, actor="customer")


def test_a_supervisor_may_refuse(office, clock):
    promise_id = office.enter(Part(LATE, 6000)).promise_id
    promises.refuse(office.session, clock, promise_id, actor="user:sue", reason="Too far away.")
    assert office.promise(promise_id).status == "refused"
    assert office.approvals() == []
    with pytest.raises(PromiseError, match="not accepted; there is nothing to approve"):
        office.approve(promise_id)


def test_an_approval_that_comes_after_the_first_day_is_refused(office, clock):
    promise_id = office.enter(Part(FRIDAY, 100)).promise_id
    clock.advance(timedelta(days=20))
    with pytest.raises(PromiseError, match=r"has passed\. Refuse it, and enter it anew"):
        office.approve(promise_id)


def test_what_waits_for_the_customer_is_not_the_supervisors(office, city, clock):
    promise_id = promises.propose(
        office.session, city, clock, account_id=office.account_id, parts=[Part(FRIDAY, 5000)], source="sms"
    ).promise_id
    with pytest.raises(PromiseError, match="waits for the customer's YES"):
        office.approve(promise_id)


def test_a_promise_that_waits_leaves_the_open_one_in_force_until_it_is_approved(office):
    first = office.enter().promise_id
    second = office.enter(Part(LATE, 6000)).promise_id
    assert [office.promise(one).status for one in (first, second)] == ["open", "proposed"]
    office.approve(second)
    assert [office.promise(one).status for one in (first, second)] == ["superseded", "open"]
    assert len(office.held()) == 1


def test_a_newer_offer_takes_the_waiting_one_off_the_list(office):
    first = office.enter(Part(LATE, 6000)).promise_id
    office.enter()
    assert office.promise(first).status == "superseded"
    assert office.approvals() == []


@pytest.mark.parametrize(
    ("part", "past_due", "says"),
    [(Part(FRIDAY, 5000), 0, "Nothing is past due"), (Part(date(2026, 11, 22), 5000), 12000, "a day from today on")],
)
def test_what_makes_no_sense_is_refused_whoever_asks(office, part, past_due, says):
    account_id = build.account(office.session, past_due_cents=past_due).id
    with pytest.raises(PromiseError, match=says):
        office.enter(part, account_id=account_id, approved_by="user:sue")


def test_a_category_that_does_not_exist_is_refused(office):
    with pytest.raises(promises.PolicyError, match="arrangement, staff, standard"):
        office.enter(category="vip")


def test_a_customer_whose_service_is_shut_off_cannot_promise_alone(office):
    shut = build.account(office.session, status="shut_off").id
    assert office.enter(account_id=shut, category="standard").reasons == ("shut_off",)
    assert office.enter(account_id=shut).awaits is None, "but with a clerk"


def test_open_promises_on_other_accounts_of_the_customer_count(office):
    for _ in range(3):
        other = build.account(office.session, customer_number="777").id
        office.enter(account_id=other)
    here = build.account(office.session, customer_number="777").id
    assert office.enter(account_id=here, category="standard").reasons == ("too_many_open",)


def test_an_arrangement_is_entered_with_its_terms(office):
    found = office.arranged(installments=5)
    entered = office.enter(*found.parts, terms=found.terms)
    promise = office.promise(entered.promise_id)
    assert (promise.status, promise.kind, promise.category) == ("open", "arrangement", "arrangement")
    assert promise.terms == found.terms
    assert "Payment arrangement opened: $30.00 by Mon Nov 30, 2026, 4 more, and $18.00" in entered.events[-1].summary


def test_an_arrangement_with_parts_of_its_own_needs_a_supervisor(office):
    found = office.arranged()
    last = found.parts[-1].due_on
    balloon = [Part(FRIDAY, 1), Part(last, 11999)]
    assert office.enter(*balloon, terms=found.terms).reasons == ("other_terms",)


def test_an_arrangement_above_the_income_needs_a_supervisor(office):
    found = office.arranged(income_cents=10000)
    assert found.reasons == ("income_too_small",)
    assert office.enter(*found.parts, terms=found.terms).reasons == ("income_too_small",)


def test_what_was_paid_after_the_balance_is_not_arranged_again(office):
    build.payment(office.session, office.account_id, 2000, date(2026, 11, 22))
    assert sum(part.amount_cents for part in office.arranged().parts) == 10000
