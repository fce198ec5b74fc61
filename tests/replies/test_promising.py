"""A customer promises by text: read back, corrected, confirmed, declined."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from comms import history, promises
from comms.accounts import holds
from comms.promises.schema import Promise

from .conftest import PHONE, customer, promise_of, queue_a_reminder, state_of

FRIDAY = date(2026, 11, 27)


def test_i_can_pay_50_friday_is_read_back_and_yes_opens_it(office):
    account_id = customer(office)
    reminder = queue_a_reminder(office, account_id)

    handled = office.text("i can pay 50 friday")

    assert (handled.intent, handled.account_id, handled.lanes) == ("promise", account_id, ("urgent",))
    notice, words = office.last_answer()
    assert notice == "promise-readback"
    assert "$50.00" in words and "Fri Nov 27" in words and "YES" in words
    assert promise_of(office, account_id).status == "proposed"
    assert state_of(office, reminder) == "queued"

    office.text("YES")

    promise = promise_of(office, account_id)
    assert (promise.status, promise.promised_cents, promise.said_text) == ("open", 5000, "i can pay 50 friday")
    assert office.last_answer()[0] == "promise-opened"
    assert state_of(office, reminder) == "cancelled"
    today = office.city.local_date(office.clock.now())
    assert [hold.kind for hold in office.ask(lambda s: holds.active(s, [account_id], today))[account_id]] == ["promise"]
    assert office.conversation().state == "idle"
    assert office.kinds(account_id) == [
        "notice.queued", "reply.received", "promise.proposed", "notice.queued",
        "reply.received", "promise.opened", "notice.recalled", "notice.queued",
    ]  # fmt: skip
    assert office.ask(lambda s: history.verify(s, account_id))[1] == []


def test_the_exact_words_are_in_the_history(office):
    account_id = customer(office)
    office.text("  I can pay $50 friday 🙏\n")
    (first, *_) = office.ask(lambda s: history.timeline(s, account_id))
    assert first.kind == "reply.received"
    assert first.content["text"] == "  I can pay $50 friday 🙏\n"
    assert (first.content["from"], first.actor, first.direction) == (PHONE, "customer", "in")


def test_no_leaves_nothing_noted_and_a_clerk_sees_it(office):
    account_id = customer(office)
    office.text("i can pay 50 friday")
    office.text("no")
    assert promise_of(office, account_id).status == "withdrawn_customer"
    assert office.last_answer()[0] == "promise-declined"
    assert [kind for kind, _, _ in office.tasks()] == ["reply"]


def test_a_correction_is_read_back_again(office):
    account_id = customer(office)
    office.text("i can pay 50 friday")
    office.text("no, the 15th")
    notice, words = office.last_answer()
    assert notice == "promise-readback" and "$50.00" in words and "Dec 15" in words
    office.text("yes")
    parts = office.ask(lambda s: promises.parts_of(s, promise_of(office, account_id).id))
    assert parts == [promises.Part(date(2026, 12, 15), 5000)]


def test_a_new_amount_keeps_the_day(small_office):
    account_id = customer(small_office)
    small_office.text("i can pay 50 friday")
    small_office.text("make that 60")
    parts = small_office.ask(lambda s: promises.parts_of(s, promise_of(small_office, account_id).id))
    assert parts == [promises.Part(FRIDAY, 6000)]


def test_what_is_missing_is_asked_for_and_put_together(office):
    account_id = customer(office)
    office.text("will pay friday")
    assert office.last_answer()[0] == "promise-details"
    assert promise_of(office, account_id) is None
    office.text("50")
    notice, words = office.last_answer()
    assert notice == "promise-readback" and "$50.00" in words and "Nov 27" in words


def test_too_late_a_day_gets_the_best_the_policy_allows(office):
    account_id = customer(office, past_due_cents=12000)
    office.text("i will pay all of it february 1st")
    notice, words = office.last_answer()
    assert notice == "promise-counter-offer" and "$120.00" in words and "Dec 23" in words
    office.text("ok")
    promise = promise_of(office, account_id)
    assert promise.status == "open"
    assert promise.requested_terms == [{"amount_cents": "full", "date": "2027-02-01"}]


def test_after_too_many_broken_promises_a_person_decides(small_office):
    account_id = customer(small_office)
    with small_office.database.begin() as session:
        for _ in range(2):
            made = promises.propose(
                session, small_office.city, small_office.clock, account_id=account_id,
                parts=[promises.Part(FRIDAY, 5000)], source="sms",
            )  # fmt: skip
            promise = session.get(Promise, made.promise_id)
            promise.status, promise.closed_at = "broken", small_office.clock.now()
    small_office.text("i will pay 50 friday")
    assert small_office.last_answer()[0] == "reply-received"
    ((kind, priority, reason),) = small_office.tasks()
    assert (kind, priority) == ("reply", 4) and "too many promises were broken lately" in reason


def test_a_yes_after_the_promised_day_asks_for_a_new_one(small_office):
    account_id = customer(small_office)
    small_office.text("i can pay 50 friday")
    small_office.clock.advance(timedelta(days=6))
    small_office.text("yes")
    assert promise_of(small_office, account_id).status == "withdrawn_office"
    assert small_office.last_answer()[0] == "promise-details"


def test_a_second_promise_replaces_the_first_when_confirmed(office):
    account_id = customer(office)
    for words in ("i can pay 50 friday", "yes", "actually i will pay 70 on dec 4", "yes"):
        office.text(words)
    statuses = office.ask(lambda s: list(s.scalars(select(Promise.status).order_by(Promise.id))))
    assert statuses == ["superseded", "open"]
    assert promise_of(office, account_id).promised_cents == 7000


@pytest.mark.parametrize("words", ["i cant pay 50 friday", "i never said i would pay 50 friday"])
def test_denials_are_no_promise(small_office, words):
    account_id = customer(small_office)
    small_office.text(words)
    promise = promise_of(small_office, account_id)
    assert promise is None or (promise.kind, promise.status) == ("arrangement", "proposed")


def test_who_owes_nothing_is_told_so(small_office):
    account_id = customer(small_office, past_due_cents=0)
    small_office.text("i can pay 50 friday")
    assert promise_of(small_office, account_id) is None
    assert small_office.last_answer()[0] == "promise-nothing-due"
    assert small_office.tasks() == []
