"""What nobody answered: asked once more by day, then given to a clerk; and dropped when it settled itself."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select, update

from comms import history, jobs, outbox, promises, replies
from comms.accounts import consent, contacts
from comms.accounts.schema import Account
from comms.outbox.schema import Message
from comms.replies import FollowedUp
from comms.replies.schema import Conversation
from tests.support import build

from .conftest import PHONE, customer, promise_of

NOTHING = FollowedUp()


@dataclass
class Later:
    """The clock moves on in hours, and housekeeping looks at what was not answered."""

    office: object

    def __call__(self, hours=0):
        self.office.clock.advance(timedelta(hours=hours))
        return self.office.database.run(
            lambda s: replies.follow_up(s, self.office.city, self.office.clock, self.office.renderer)
        )


@pytest.fixture
def later(small_office):
    return Later(small_office)


def test_a_day_without_an_answer_is_asked_once_more_and_then_a_clerk_has_it(office):
    later = Later(office)
    account_id = customer(office)
    office.text("i will pay 50 on dec 4")
    assert later(23) == NOTHING
    assert later(1) == FollowedUp(reminded=1, lanes=("sms",))
    notice, words = office.last_answer()
    assert notice == "promise-still-open" and "$50.00 by Fri Dec 4" in words and "YES" in words
    assert later() == later(47) == NOTHING, "asked once more, not twice"

    assert later(1) == FollowedUp(to_clerk=1)

    ((kind, priority, reason),) = office.tasks()
    assert (kind, priority) == ("reply", 5) and "No answer to the promise that was read back: $50.00" in reason
    assert later(100) == NOTHING
    assert office.kinds(account_id)[-2:] == ["notice.queued", "task.opened"]
    assert office.ask(lambda s: history.verify(s, account_id))[1] == []


def test_a_late_yes_still_opens_it_and_the_clerk_need_not_call(small_office, later):
    account_id = customer(small_office)
    small_office.text("i will pay 50 on dec 4")
    later(24)
    later(48)
    assert len(small_office.tasks()) == 1
    small_office.text("yes")
    assert promise_of(small_office, account_id).status == "open"
    assert small_office.tasks() == []


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_an_answer_is_not_asked_for_again(small_office, later, answer):
    customer(small_office)
    small_office.text("i will pay 50 on dec 4")
    small_office.text(answer)
    assert later(24) == later(72) == NOTHING


def test_a_correction_begins_a_new_day(small_office, later):
    customer(small_office)
    small_office.text("i will pay 50 on dec 4")
    small_office.clock.advance(timedelta(hours=22))
    small_office.text("make it 40")
    assert later(5) == NOTHING
    assert later(19).reminded == 1
    assert "$40.00" in small_office.last_answer()[1]


def test_a_missing_day_is_asked_for_once_more(small_office, later):
    customer(small_office)
    small_office.text("i will pay 50")
    assert later(24).reminded == 1
    assert [notice for notice, _ in small_office.answers()] == ["promise-details", "promise-details"]
    assert later(48).to_clerk == 1
    assert "did not say which day" in small_office.tasks()[0][2]


def test_which_address_is_asked_once_more_and_tells_no_more_than_before(small_office, later):
    with small_office.database.begin() as session:
        for street in ("1417 E Superior St", "22 W 3rd St"):
            build.account(session, phone=PHONE, service_address=street)
    small_office.text("i can pay 50 friday")
    first = small_office.last_answer()
    assert later(24).reminded == 1
    assert small_office.answers() == [first, first]
    assert later(48).to_clerk == 1
    assert [kind for kind, _, _ in small_office.tasks()] == ["unmatched_reply"]


# --- by day only, and only where it is welcome ---


def test_at_night_it_waits_until_it_is_day_in_both_zones(small_office, later):
    california = "+13105550123"
    with small_office.database.begin() as session:
        build.account(session, phone=california)
    small_office.clock.set(datetime(2026, 11, 23, 20, 30, tzinfo=small_office.city.zone))
    small_office.text("i will pay 50 on dec 4", sender=california)
    assert later(25) == NOTHING, "21:30 in Duluth, 19:30 in California"
    small_office.clock.set(datetime(2026, 11, 25, 9, 0, tzinfo=small_office.city.zone))
    assert later() == NOTHING, "9:00 in Duluth, 7:00 in California"
    assert later(1).reminded == 1


def test_an_email_is_not_kept_waiting_by_the_night(small_office, later):
    customer(small_office, email="maria@example.com")
    small_office.clock.set(datetime(2026, 11, 23, 22, 0, tzinfo=small_office.city.zone))
    small_office.text("I will pay $50 on Dec 4.", sender="maria@example.com", channel="email")
    assert later(24) == FollowedUp(reminded=1, lanes=("email",))


@pytest.mark.parametrize("why", ["opted out", "wrong number"])
def test_where_it_is_not_welcome_a_clerk_has_it_at_once(small_office, later, why):
    customer(small_office)
    small_office.text("i will pay 50 on dec 4")
    with small_office.database.begin() as session:
        if why == "opted out":
            consent.record(
                session, channel="sms", address=PHONE, action="revoked", source="carrier", evidence="STOP",
                at=small_office.clock.now(),
            )  # fmt: skip
        else:
            contacts.mark(session, "phone", PHONE, "wrong_number", "not me", small_office.clock.now())
    assert later(24) == FollowedUp(to_clerk=1)
    assert len(small_office.answers()) == 1


def test_a_stop_ends_the_asking(small_office, later):
    customer(small_office)
    small_office.text("i will pay 50 on dec 4")
    small_office.text("STOP")
    assert later(24) == later(72) == NOTHING


def test_a_repeated_question_does_not_leave_an_hour_later(small_office, later):
    customer(small_office)
    small_office.text("i will pay 50 on dec 4")
    later(24)
    gives_up = small_office.ask(
        lambda s: s.scalar(select(Message.give_up_at).where(Message.notice == "promise-still-open"))
    )
    assert gives_up == small_office.clock.now() + timedelta(hours=1)


# --- what settled itself ---


def test_after_the_promised_day_nobody_is_asked_to_promise_it(small_office, later):
    customer(small_office)
    small_office.text("i can pay 50 tomorrow")
    assert later(40) == FollowedUp(to_clerk=1)


def test_a_promise_that_a_clerk_opened_is_not_asked_for(small_office, later):
    account_id = customer(small_office)
    small_office.text("i will pay 50 on dec 4")
    with small_office.database.begin() as session:
        made = promise_of(small_office, account_id).id
        promises.open_(session, small_office.city, small_office.clock, made, actor="user:dana")
    assert later(24) == NOTHING
    assert small_office.conversation().state == "idle"


def test_when_it_was_paid_nobody_is_asked_and_the_offer_is_taken_back(small_office, later):
    account_id = customer(small_office)
    small_office.text("i will pay 50 on dec 4")
    with small_office.database.begin() as session:
        build.payment(session, account_id, 12000, date(2026, 11, 23))
    assert later(24) == NOTHING
    assert promise_of(small_office, account_id).status == "withdrawn_office"
    assert small_office.kinds(account_id)[-1] == "promise.withdrawn_office"


def test_when_a_clerk_has_the_conversation_nothing_is_asked(small_office, later):
    customer(small_office)
    small_office.text("i will pay 50 on dec 4")
    small_office.text("you overcharged me, this bill is wrong")
    assert later(24) == later(72) == NOTHING


def test_when_a_clerk_has_written_nothing_is_asked(small_office, later):
    account_id = customer(small_office)
    small_office.text("i will pay 50 on dec 4")
    small_office.clock.advance(timedelta(hours=2))
    with small_office.database.begin() as session:
        outbox.enqueue(
            session,
            [build.draft(account_id, recipient=PHONE, notice="staff-reply", purpose="conversational")],
            small_office.clock,
        )
    assert later(24) == NOTHING


def test_it_is_told_in_the_customers_language(small_office, later):
    customer(small_office)
    small_office.text("el viernes 4 de diciembre pago 60 dolares")
    assert small_office.last_answer()[0] == "promise-readback"
    later(24)
    assert "falta su respuesta" in small_office.last_answer()[1]


def test_two_rounds_at_once_ask_once(office, two_at_once):
    customer(office)
    office.text("i will pay 50 on dec 4")
    office.clock.advance(timedelta(hours=24))
    done = two_at_once(Later(office))
    assert sorted(one.reminded for one in done) == [0, 1]
    assert [notice for notice, _ in office.answers()] == ["promise-readback", "promise-still-open"]


def test_questions_are_found_by_their_index(small_office, later):
    with small_office.database.begin() as session:
        account = build.account(session)
        session.add_all(
            Conversation(
                channel="sms", address=f"+1218555{number:04d}", account_id=account.id, state="idle", context={},
                automatic_answers=0, opened_at=small_office.clock.now(),
            )
            for number in range(50)
        )  # fmt: skip
        session.execute(update(Account).values(past_due_cents=0))
    with small_office.database.read() as session:
        plan = session.connection().exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT * FROM conversation WHERE asked_at IS NOT NULL AND asked_at <= '2026' "
            "ORDER BY asked_at"
        )
        assert "ix_conversation_asked_at" in " ".join(row[3] for row in plan)
    assert later(24) == NOTHING


def test_housekeeping_follows_up_and_reminds_and_rings(small_office, monkeypatch):
    monkeypatch.setattr(jobs, "_reminders_due", lambda: True)
    rung = []
    at = SimpleNamespace(
        database=small_office.database, city=small_office.city, clock=small_office.clock,
        renderer=small_office.renderer, doorbell=SimpleNamespace(ring=rung.append),
    )  # fmt: skip
    customer(small_office)
    for words in ("i will pay 50 on nov 25", "yes", "i will pay 70 on dec 4"):
        small_office.text(words)
    small_office.clock.advance(timedelta(hours=24))
    for part in jobs.PARTS:
        if part.__name__ in ("_questions", "_reminders"):
            part(at)
    assert rung == ["sms", "sms"]
    assert [notice for notice, _ in small_office.answers()][-1] == "promise-still-open"
    written = small_office.ask(lambda s: list(s.scalars(select(Message.notice).order_by(Message.id))))
    assert written[-1] == "promise-reminder"


@pytest.mark.parametrize(("hold", "asked_again"), [("bankruptcy", 0), ("deceased", 0), ("medical", 1)])
def test_under_a_hold_that_silences_us_a_clerk_has_it_and_nobody_is_asked_again(small_office, later, hold, asked_again):
    account_id = customer(small_office)
    small_office.text("i can pay 50 friday")
    with small_office.database.begin() as session:
        build.hold(session, account_id, hold)
    done = later(25)
    assert (done.reminded, done.to_clerk) == (asked_again, 1 - asked_again)
