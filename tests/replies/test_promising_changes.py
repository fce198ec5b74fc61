"""What was read back is changed, answered late, answered elsewhere, or is no longer what is due."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from comms import history, promises
from comms.accounts.schema import Account
from comms.promises import Part
from comms.promises.schema import Promise
from tests.support import build

from .conftest import customer, promise_of

FRIDAY = date(2026, 11, 27)
EMAIL = "maria@example.com"


def parts(office, account_id):
    return office.ask(lambda s: promises.parts_of(s, promise_of(office, account_id).id))


def statuses(office):
    return office.ask(lambda s: list(s.scalars(select(Promise.status).order_by(Promise.id))))


def notices(office):
    return [notice for notice, _ in office.answers()]


def pay(office, account_id, cents, on=date(2026, 11, 23)):
    with office.database.begin() as session:
        build.payment(session, account_id, cents, on)


# --- corrections ---


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("no, the 15th", Part(date(2026, 12, 15), 5000)),
        ("make it 40", Part(FRIDAY, 4000)),
        ("make it 40 on dec 10", Part(date(2026, 12, 10), 4000)),
    ],
)
def test_a_correction_changes_what_it_names_and_keeps_the_rest(small_office, words, expected):
    account_id = customer(small_office)
    small_office.text("i can pay 50 friday")
    small_office.text(words)
    assert small_office.last_answer()[0] == "promise-readback"
    assert statuses(small_office) == ["superseded", "proposed"]
    small_office.text("yes")
    assert parts(small_office, account_id) == [expected]
    assert promise_of(small_office, account_id).status == "open"


def test_an_open_promise_is_corrected_only_by_another_yes(office):
    account_id = customer(office)
    for words in ("i can pay 50 friday", "yes"):
        office.text(words)
    office.clock.advance(timedelta(days=1))
    office.text("no, the 15th")
    assert statuses(office) == ["open", "proposed"]
    assert parts(office, account_id) == [Part(date(2026, 12, 15), 5000)]
    office.text("yes")
    assert statuses(office) == ["superseded", "open"]
    assert office.ask(lambda s: history.verify(s, account_id))[1] == []


def test_no_to_a_second_offer_leaves_the_first_promise_as_it_was(office):
    account_id = customer(office)
    for words in ("i can pay 50 friday", "yes", "i will pay 70 on dec 4", "no"):
        office.text(words)
    assert statuses(office) == ["open", "withdrawn_customer"]
    notice, words = office.last_answer()
    assert notice == "promise-unchanged" and "$50.00" in words and "Nov 27" in words
    assert "promise.withdrawn_customer" in office.kinds(account_id)


def test_who_promises_the_same_again_keeps_the_promise_he_has(small_office):
    account_id = customer(small_office)
    for words in ("i can pay 50 friday", "yes", "i will pay 50 friday"):
        small_office.text(words)
    assert statuses(small_office) == ["open"]
    assert small_office.last_answer()[0] == "promise-unchanged"
    assert promise_of(small_office, account_id).status == "open"


def test_yes_says_neither_the_day_nor_the_amount_but_what_was_said_is_kept(small_office):
    account_id = customer(small_office)
    for words in ("i will pay 50", "yes", "friday"):
        small_office.text(words)
    assert notices(small_office) == ["promise-details", "promise-details", "promise-readback"]
    assert parts(small_office, account_id) == [Part(FRIDAY, 5000)]


def test_no_and_then_a_new_offer(small_office):
    account_id = customer(small_office)
    for words in ("i can pay 50 friday", "no", "i will pay 70 on dec 4", "yes"):
        small_office.text(words)
    assert statuses(small_office) == ["withdrawn_customer", "open"]
    assert parts(small_office, account_id) == [Part(date(2026, 12, 4), 7000)]


def test_what_a_clerk_was_to_talk_over_is_done_when_the_customer_promises_after_all(small_office):
    account_id = customer(small_office)
    for words in ("i can pay 50 friday", "no"):
        small_office.text(words)
    assert len(small_office.tasks()) == 1
    for words in ("i will pay 70 on dec 4", "yes"):
        small_office.text(words)
    assert small_office.tasks() == []
    assert "task.resolved" in small_office.kinds(account_id)


def test_a_short_answer_is_gone_on_with_in_the_language_of_the_question(small_office):
    customer(small_office)
    for words in ("pago 50 el viernes", "no"):
        small_office.text(words)
    assert small_office.last_answer()[1].startswith("De acuerdo, no anotamos nada.")


def test_two_promises_in_one_message_are_one_with_two_days(small_office):
    account_id = customer(small_office)
    small_office.text("i will pay 50 on friday and 30 on dec 4")
    assert "$50.00 by Fri Nov 27 and $30.00 by Fri Dec 4" in small_office.last_answer()[1]
    small_office.text("yes")
    assert parts(small_office, account_id) == [Part(FRIDAY, 5000), Part(date(2026, 12, 4), 3000)]


# --- counter-offers ---


def test_a_counter_offer_is_declined(small_office):
    account_id = customer(small_office)
    small_office.text("i will pay 10 on friday")
    notice, words = small_office.last_answer()
    assert notice == "promise-counter-offer" and "$30.00" in words
    small_office.text("no")
    assert promise_of(small_office, account_id).status == "withdrawn_customer"
    assert [kind for kind, _, _ in small_office.tasks()] == ["reply"]


def test_a_counter_offer_is_answered_with_one_the_policy_takes(small_office):
    account_id = customer(small_office)
    for words in ("i will pay 10 on friday", "i will pay 35 on friday", "yes"):
        small_office.text(words)
    assert notices(small_office) == ["promise-counter-offer", "promise-readback", "promise-opened"]
    assert parts(small_office, account_id) == [Part(FRIDAY, 3500)]


def test_after_two_counter_offers_a_person_talks_and_the_last_one_stands(small_office):
    account_id = customer(small_office)
    for words in ("i will pay 10 on friday", "i will pay 12 on friday", "i will pay 11 on friday"):
        small_office.text(words)
    assert notices(small_office) == ["promise-counter-offer", "promise-counter-offer", "reply-received"]
    ((_, _, reason),) = small_office.tasks()
    assert "countered before" in reason
    assert small_office.conversation().asked_at is None, "the clerk has it: nobody is reminded"
    small_office.text("yes")
    assert parts(small_office, account_id) == [Part(FRIDAY, 3000)]
    assert promise_of(small_office, account_id).status == "open"


# --- when the YES comes ---


def test_yes_twice_opens_one_promise_and_is_answered_once(office):
    account_id = customer(office)
    for words in ("i can pay 50 friday", "yes", "yes", "YES!"):
        office.text(words)
    assert statuses(office) == ["open"]
    assert notices(office) == ["promise-readback", "promise-opened"]
    assert office.tasks() == []
    assert office.kinds(account_id).count("promise.opened") == 1


def test_yes_after_six_days_still_counts(small_office):
    account_id = customer(small_office)
    small_office.text("i will pay 50 on dec 4")
    small_office.clock.advance(timedelta(days=6))
    small_office.text("yes")
    assert promise_of(small_office, account_id).status == "open"


def test_yes_after_a_week_asks_anew_and_keeps_the_amount(small_office):
    account_id = customer(small_office)
    small_office.text("i will pay 50 on dec 11")
    small_office.clock.advance(timedelta(days=8))
    small_office.text("yes")
    assert promise_of(small_office, account_id).status == "withdrawn_office"
    assert small_office.last_answer()[0] == "promise-details"
    small_office.text("dec 14")
    assert small_office.last_answer()[0] == "promise-readback"
    small_office.text("yes")
    assert parts(small_office, account_id) == [Part(date(2026, 12, 14), 5000)]


def test_yes_after_the_payment_came_is_told_that_nothing_is_due(office):
    account_id = customer(office)
    office.text("i can pay 120 friday")
    pay(office, account_id, 12000)
    office.text("yes")
    assert promise_of(office, account_id).status == "withdrawn_office"
    notice, words = office.last_answer()
    assert notice == "promise-nothing-due" and words.startswith("Thank you. Nothing is past due")
    assert office.tasks() == [] and office.conversation().asked_at is None
    assert "promise.withdrawn_office" in office.kinds(account_id)


def test_yes_after_part_of_it_was_paid_is_read_back_for_what_is_left(office):
    account_id = customer(office)
    office.text("i can pay 120 friday")
    pay(office, account_id, 10000)
    office.text("yes")
    notice, words = office.last_answer()
    assert notice == "promise-lowered" and "$20.00" in words and "$120.00" not in words
    office.text("yes")
    assert parts(office, account_id) == [Part(FRIDAY, 2000)]


def test_yes_after_the_service_was_shut_off_goes_to_a_person(small_office):
    account_id = customer(small_office)
    small_office.text("i can pay 50 friday")
    with small_office.database.begin() as session:
        session.execute(update(Account).values(status="shut_off"))
    small_office.text("yes")
    assert promise_of(small_office, account_id).status == "proposed"
    assert "service is shut off" in small_office.tasks()[0][2]
    assert small_office.last_answer()[0] == "reply-received"


def test_a_reply_days_later_belongs_to_what_was_read_back(small_office):
    account_id = customer(small_office)
    small_office.text("i will pay 50 on dec 4")
    small_office.clock.advance(timedelta(days=4))
    small_office.text("make it 60")
    assert parts(small_office, account_id) == [Part(date(2026, 12, 4), 6000)]


# --- on another channel ---


@pytest.fixture
def reachable(office):
    return customer(office, email=EMAIL)


def test_what_was_asked_by_text_is_confirmed_by_email(office, reachable):
    office.text("i can pay 50 friday")
    office.text("Yes", sender=EMAIL, channel="email", subject="Your promise")
    assert promise_of(office, reachable).status == "open"
    assert notices(office) == ["promise-readback", "promise-opened"]
    office.text("yes")
    assert statuses(office) == ["open"]
    assert office.conversation().state == "idle"


def test_what_was_asked_by_text_is_corrected_by_email(office, reachable):
    office.text("i can pay 50 friday")
    office.text("Make it 40.", sender=EMAIL, channel="email", subject="Your promise")
    assert statuses(office) == ["superseded", "proposed"]
    assert parts(office, reachable) == [Part(FRIDAY, 4000)]
    office.text("yes")
    assert promise_of(office, reachable).status == "open", "whichever channel the YES comes on, the newest is meant"


# --- what the policy does not take ---


def test_nobody_is_held_to_more_than_is_due(small_office):
    account_id = customer(small_office)
    small_office.text("i will pay 500 on friday")
    notice, words = small_office.last_answer()
    assert notice == "promise-lowered" and "Only $120.00 is past due now" in words
    assert promise_of(small_office, account_id).requested_terms == [{"amount_cents": 50000, "date": "2026-11-27"}]
    small_office.text("yes")
    assert parts(small_office, account_id) == [Part(FRIDAY, 12000)]


def test_more_than_is_due_is_taken_off_the_last_day(small_office):
    account_id = customer(small_office)
    small_office.text("i will pay 100 on friday and 100 on dec 4")
    assert parts(small_office, account_id) == [Part(FRIDAY, 10000), Part(date(2026, 12, 4), 2000)]


def test_nothing_is_no_amount(small_office):
    account_id = customer(small_office)
    small_office.text("i will pay $0 friday")
    assert promise_of(small_office, account_id) is None
    assert small_office.last_answer()[0] == "promise-details"


def test_a_day_and_an_amount_are_asked_for_twice_and_then_by_a_person(small_office):
    customer(small_office)
    for words in ("i will pay", "i will pay soon", "i will pay"):
        small_office.text(words)
    asked = [notice for notice in notices(small_office) if notice == "promise-details"]
    assert len(asked) <= 2
    assert [kind for kind, _, _ in small_office.tasks()] != []


def test_an_account_that_is_shut_off_is_for_a_person(small_office):
    account_id = customer(small_office, status="shut_off")
    small_office.text("i can pay 50 friday")
    assert promise_of(small_office, account_id) is None
    assert "service is shut off" in small_office.tasks()[0][2]
    assert small_office.last_answer()[0] == "reply-received"


# --- staff and the customer at the same time ---


def enter_beyond_the_limits(office, account_id):
    with office.database.begin() as session:
        promises.enter(
            session, office.city, office.clock, account_id=account_id, parts=[Part(date(2027, 3, 1), 12000)],
            source="phone", by="user:dana",
        )  # fmt: skip


def test_a_text_does_not_end_what_waits_for_a_supervisor_who_hears_of_it(small_office):
    account_id = customer(small_office)
    enter_beyond_the_limits(small_office, account_id)
    small_office.text("i can pay 50 friday")
    assert statuses(small_office) == ["proposed", "proposed"]
    small_office.text("yes")
    assert statuses(small_office) == ["proposed", "open"]
    ((kind, _, reason),) = small_office.tasks()
    assert kind == "approval" and "The customer has promised $50.00 by Fri Nov 27, 2026 since" in reason


def test_what_a_supervisor_agrees_to_replaces_what_the_customer_promised_or_was_asked(small_office):
    account_id = customer(small_office)
    enter_beyond_the_limits(small_office, account_id)
    for words in ("i can pay 50 friday", "yes", "i can pay 60 friday"):
        small_office.text(words)
    with small_office.database.begin() as session:
        promises.approve(session, small_office.city, small_office.clock, 1, "user:sue")
    assert statuses(small_office) == ["open", "superseded", "superseded"]
    small_office.text("yes")
    assert statuses(small_office) == ["open", "superseded", "superseded"]
    assert small_office.last_answer()[0] == "reply-received"
    assert [kind for kind, *_ in small_office.tasks()] == ["reply"]
