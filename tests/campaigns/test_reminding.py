"""The day before a promised day: one reminder, where the rules allow it, of what is still to be paid."""

from datetime import date, datetime

import pytest
from sqlalchemy import select, update

from comms import campaigns, promises
from comms.accounts import consent
from comms.accounts.schema import ContactPoint
from comms.campaigns import Reminded
from comms.outbox import Message, enqueue
from comms.promises import Part
from comms.promises.schema import PromisePart
from tests.support import build

MONDAY, TUESDAY, FRIDAY = date(2026, 12, 7), date(2026, 12, 8), date(2026, 12, 4)
PHONE, OTHER_PHONE, EMAIL = "+12185550101", "+12185550102", "maria@example.com"
NOTHING = Reminded()


@pytest.fixture
def evenings(evenings):
    evenings.go_to(2026, 11, 30, 10)
    return evenings


@pytest.fixture
def small(small):
    small.go_to(2026, 11, 30, 10)
    return small


def promised(evenings, account_id, *parts, source="sms", open_=True):
    """A promise of these parts, made now and confirmed."""
    with evenings.database.begin() as session:
        made = promises.propose(
            session, evenings.city, evenings.clock, account_id=account_id, parts=parts, source=source
        )
        if open_:
            promises.open_(session, evenings.city, evenings.clock, made.promise_id, actor="customer")
    return made.promise_id


def remind(evenings):
    return evenings.database.run(
        lambda session: campaigns.remind(session, evenings.city, evenings.clock, evenings.renderer)
    )


def reminders(evenings):
    return [(message.channel, message.recipient) for message in evenings.messages(Message.notice == "promise-reminder")]


def test_the_day_before_the_customer_is_reminded_once(evenings):
    account_id = evenings.account(phone=PHONE)
    promised(evenings, account_id, Part(FRIDAY, 5000))
    evenings.go_to(2026, 12, 2, 10)
    assert remind(evenings) == NOTHING, "two days before"
    evenings.go_to(2026, 12, 3, 10)
    assert remind(evenings) == Reminded(reminded=1, lanes=("sms",))
    assert remind(evenings) == NOTHING
    (message,) = evenings.messages(Message.notice == "promise-reminder")
    assert "$50.00 by Fri Dec 4" in message.body_text and message.recipient == PHONE
    assert message.purpose == "informational"
    assert message.give_up_at == datetime(2026, 12, 3, 21, tzinfo=evenings.city.zone)
    assert evenings.told(account_id)[-1] == "notice.queued"
    evenings.go_to(2026, 12, 4, 10)
    assert remind(evenings) == NOTHING


def test_of_a_monday_one_is_reminded_on_friday_and_not_at_the_weekend(small):
    account_id = small.account(phone=PHONE)
    promised(small, account_id, Part(MONDAY, 5000))
    small.go_to(2026, 12, 5, 10)
    assert remind(small) == NOTHING
    small.go_to(2026, 12, 6, 10)
    assert remind(small) == NOTHING
    small.go_to(2026, 12, 4, 10)
    assert remind(small).reminded == 1


def test_each_day_of_a_promise_has_its_own_reminder(small):
    account_id = small.account(phone=PHONE)
    promised(small, account_id, Part(FRIDAY, 5000), Part(TUESDAY, 4000))
    for day in (3, 4, 7, 8):
        small.go_to(2026, 12, day, 10)
        remind(small)
    texts = [message.body_text for message in small.messages(Message.notice == "promise-reminder")]
    assert ["Dec 4" in text for text in texts] == [True, False]
    assert "$40.00 by Tue Dec 8" in texts[1]


def test_what_was_promised_today_for_tomorrow_needs_no_reminder(small):
    small.go_to(2026, 12, 3, 9)
    promised(small, small.account(phone=PHONE), Part(FRIDAY, 5000))
    small.go_to(2026, 12, 3, 15)
    assert remind(small) == NOTHING


def test_what_is_covered_needs_no_reminder_and_of_a_rest_it_tells_the_rest(small):
    covered, rest = small.account(phone=PHONE), small.account(phone=OTHER_PHONE)
    for account_id, cents in ((covered, 4950), (rest, 3000)):
        promised(small, account_id, Part(FRIDAY, 5000))
        with small.database.begin() as session:
            session.execute(
                update(PromisePart)
                .where(PromisePart.state == "waiting", PromisePart.allocated_cents == 0)
                .values(allocated_cents=cents)
            )
    small.go_to(2026, 12, 3, 10)
    assert remind(small).reminded == 1
    (message,) = small.messages(Message.notice == "promise-reminder")
    assert message.account_id == rest and "$20.00 by Fri Dec 4" in message.body_text


def test_when_nothing_is_due_any_more_nobody_is_reminded(small):
    account_id = small.account(phone=PHONE)
    promised(small, account_id, Part(FRIDAY, 5000))
    small.change(account_id, past_due_cents=0)
    small.go_to(2026, 12, 3, 10)
    assert remind(small) == Reminded(suppressed=1)
    assert reminders(small) == []


def test_a_promise_that_is_not_open_is_not_spoken_of(small):
    promised(small, small.account(phone=PHONE), Part(FRIDAY, 5000), open_=False)
    small.go_to(2026, 12, 3, 10)
    assert remind(small) == NOTHING


# --- the rules ---


def test_at_night_it_waits_for_the_morning_of_the_same_day(small):
    promised(small, small.account(phone="+13105550123"), Part(FRIDAY, 5000))
    small.go_to(2026, 12, 3, 9)
    assert remind(small) == NOTHING, "7:00 in California"
    small.go_to(2026, 12, 3, 10)
    assert remind(small).reminded == 1


def test_never_to_a_number_that_has_opted_out(small):
    account_id = small.account(phone=PHONE)
    promised(small, account_id, Part(FRIDAY, 5000))
    with small.database.begin() as session:
        consent.record(
            session, channel="sms", address=PHONE, action="revoked", source="reply:sms", evidence="STOP",
            at=small.clock.now(),
        )  # fmt: skip
    small.go_to(2026, 12, 3, 10)
    assert remind(small) == Reminded(suppressed=1)
    assert remind(small) == NOTHING, "it is told once why"
    assert small.told(account_id)[-1] == "notice.suppressed"


@pytest.mark.parametrize(("kind", "goes"), [("dispute", 0), ("bankruptcy", 0), ("office", 0), ("medical", 1)])
def test_holds_under_which_nobody_asks_for_money_stop_it_too(small, kind, goes):
    account_id = small.account(phone=PHONE)
    promised(small, account_id, Part(FRIDAY, 5000))
    with small.database.begin() as session:
        build.hold(session, account_id, kind)
    small.go_to(2026, 12, 3, 10)
    assert remind(small).reminded == goes


def test_the_cap_on_contacts_counts(small):
    account_id = small.account(phone=PHONE)
    promised(small, account_id, Part(FRIDAY, 5000))
    small.go_to(2026, 12, 2, 10)
    with small.database.begin() as session:
        enqueue(session, [build.draft(account_id, recipient=PHONE) for _ in range(3)], small.clock)
    small.go_to(2026, 12, 3, 10)
    assert remind(small) == Reminded(suppressed=1)


# --- where it goes ---


def answered(small, account_id, channel, to):
    with small.database.begin() as session:
        enqueue(
            session,
            [build.draft(account_id, channel=channel, recipient=to, notice="promise-opened", purpose="conversational")],
            small.clock,
        )


@pytest.mark.parametrize(
    ("source", "expected"), [("sms", ("sms", PHONE)), ("email", ("email", EMAIL)), ("counter", ("sms", PHONE))]
)
def test_it_goes_out_on_the_channel_the_promise_was_made_on(small, source, expected):
    account_id = small.account(phone=PHONE, email=EMAIL)
    promised(small, account_id, Part(FRIDAY, 5000), source=source)
    small.go_to(2026, 12, 3, 10)
    remind(small)
    assert reminders(small) == [expected]


def test_it_goes_to_the_number_that_promised(small):
    account_id = small.account(phone=PHONE)
    with small.database.begin() as session:
        build.contact_point(session, account_id, "phone", OTHER_PHONE, rank=2)
    promised(small, account_id, Part(FRIDAY, 5000))
    answered(small, account_id, "sms", OTHER_PHONE)
    small.go_to(2026, 12, 3, 10)
    remind(small)
    assert reminders(small) == [("sms", OTHER_PHONE)]


def test_a_number_that_is_not_the_accounts_any_more_is_left_alone(small):
    account_id = small.account(phone=PHONE)
    with small.database.begin() as session:
        build.contact_point(session, account_id, "phone", OTHER_PHONE, rank=2)
    promised(small, account_id, Part(FRIDAY, 5000))
    answered(small, account_id, "sms", OTHER_PHONE)
    with small.database.begin() as session:
        session.execute(update(ContactPoint).where(ContactPoint.value == OTHER_PHONE).values(status="wrong_number"))
    small.go_to(2026, 12, 3, 10)
    remind(small)
    assert reminders(small) == [("sms", PHONE)]


def test_never_by_letter(small):
    account_id = small.account(phone=None)
    promised(small, account_id, Part(FRIDAY, 5000), source="letter")
    small.go_to(2026, 12, 3, 10)
    assert remind(small) == Reminded(suppressed=1)
    assert reminders(small) == []


def test_it_is_written_in_the_language_the_customer_asked_for(small):
    promised(small, small.account(phone=PHONE, language_asked="es"), Part(FRIDAY, 5000))
    small.go_to(2026, 12, 3, 10)
    remind(small)
    assert "le recordamos su promesa" in small.messages(Message.notice == "promise-reminder")[0].body_text


def test_two_rounds_at_once_remind_once(evenings, two_at_once):
    promised(evenings, evenings.account(phone=PHONE), Part(FRIDAY, 5000))
    evenings.go_to(2026, 12, 3, 10)
    done = two_at_once(lambda: remind(evenings))
    assert sorted(one.reminded for one in done) == [0, 1]
    assert len(reminders(evenings)) == 1
    with evenings.database.read() as session:
        assert session.scalar(select(PromisePart.reminded_at)) == evenings.clock.now()
