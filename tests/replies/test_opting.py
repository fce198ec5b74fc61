"""Who may be written to: opting out and in, and numbers that are not the customer's."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from comms.accounts import ConsentEvent, consent
from comms.accounts.schema import Account, ContactPoint
from comms.campaigns import redecide
from comms.outbox import claims
from comms.outbox.schema import Message
from tests.support import build

from .conftest import PHONE, customer, holds_of, lines, notices, promise_of, queue_a_reminder, state_of, taken_for


def blocked(office, channel="sms", address=PHONE):
    return office.ask(lambda s: consent.blocked(s, channel, [address])) == {address}


def ledger(office):
    return office.ask(
        lambda s: s.execute(select(ConsentEvent.action, ConsentEvent.source, ConsentEvent.evidence)).all()
    )


@pytest.mark.parametrize(
    "words", ["STOP", "stop texting me", "Take my cell off your text list", "ya no me manden textos"]
)
def test_an_opt_out_takes_effect_at_once(office, words):
    account_id = customer(office)
    text = queue_a_reminder(office, account_id)
    elsewhere = queue_a_reminder(office, account_id, recipient="+12185550199", key="other")
    letter = queue_a_reminder(office, account_id, channel="letter", recipient="1417 E Superior St", key="letter")

    office.text(words)

    assert office.ask(lambda s: consent.blocked(s, "sms", [PHONE])) == {PHONE}
    assert [state_of(office, one) for one in (text, elsewhere, letter)] == ["cancelled", "queued", "queued"]
    assert [notice for notice, _ in office.answers()] == ["opt-out-confirmation"]
    assert "consent.revoked" in office.kinds(account_id)
    assert office.tasks() == []


def test_nothing_answers_an_opted_out_number_but_the_one_confirmation(office):
    customer(office)
    for words in ("STOP", "STOP", "i can pay 50 friday", "how much do i owe", "HELP"):
        office.text(words)
    assert [notice for notice, _ in office.answers()] == ["opt-out-confirmation"]
    assert len(office.tasks()) == 3


def test_a_late_opt_out_is_recorded_without_a_confirmation(office):
    customer(office)
    office.text("STOP", at=office.clock.now() - timedelta(minutes=6))
    assert office.answers() == []
    assert office.ask(lambda s: consent.blocked(s, "sms", [PHONE])) == {PHONE}


def test_the_confirmation_gives_up_five_minutes_after_the_opt_out(small_office):
    customer(small_office)
    received = small_office.clock.now() - timedelta(minutes=2)
    small_office.text("stop", at=received)
    assert small_office.ask(lambda s: s.scalars(select(Message.give_up_at)).one()) == received + timedelta(minutes=5)


def test_what_the_carrier_answered_is_not_answered_again(office):
    customer(office)
    office.text("STOP", carrier_opt_out="STOP")
    office.text("HELP", carrier_opt_out="HELP")
    office.text("START", carrier_opt_out="START")
    assert office.answers() == []
    assert office.ask(lambda s: consent.blocked(s, "sms", [PHONE])) == set()


def test_start_brings_the_texts_back(office):
    account_id = customer(office)
    office.text("STOP")
    office.text("START")
    assert office.ask(lambda s: consent.blocked(s, "sms", [PHONE])) == set()
    assert [notice for notice, _ in office.answers()] == ["opt-out-confirmation", "opt-in-confirmation"]
    assert "consent.granted" in office.kinds(account_id)


def test_an_opt_out_from_a_number_on_no_account_counts_too(office):
    office.text("stop texting me", sender="+12185559999")
    assert office.ask(lambda s: consent.blocked(s, "sms", ["+12185559999"])) == {"+12185559999"}
    assert office.kinds(None)[:2] == ["reply.received", "consent.revoked"]


def test_the_ledger_keeps_the_words_and_where_they_were_said(small_office):
    account_id = customer(small_office)
    small_office.text("please stop texting me")
    small_office.text("START")
    assert ledger(small_office) == [
        ("revoked", "reply:sms", "please stop texting me"),
        ("granted", "reply:sms", "START"),
    ]
    assert [line for line in lines(small_office, account_id) if "Text" not in line] == [
        f"{PHONE} has opted out: please stop texting me",
        f"{PHONE} wants messages again: START",
    ]


def test_an_opt_out_counts_however_unsure(small_office, monkeypatch):
    customer(small_office)
    taken_for(monkeypatch, "opt_out", confidence=0.3)
    small_office.text("txt me nomore mayb")
    assert blocked(small_office)
    assert notices(small_office) == ["opt-out-confirmation"]


def test_an_opt_in_that_is_unsure_is_asked_of_a_person(small_office, monkeypatch):
    customer(small_office)
    small_office.text("STOP")
    taken_for(monkeypatch, "opt_in", confidence=0.3)
    small_office.text("strt mayb")
    assert blocked(small_office)
    assert small_office.tasks() == [
        ("reply", 5, "Not understood well enough to act on. Perhaps it asks for messages again.")
    ]


@pytest.mark.parametrize(
    ("subject", "leaves"), [("Unsubscribe", True), ("Re: Unsubscribe from us", False), ("My bill", False)]
)
def test_an_opt_out_in_the_subject_of_an_email_counts_where_the_customer_wrote_it(small_office, subject, leaves):
    with small_office.database.begin() as session:
        build.account(session, phone=None, email="maria@example.com")
    small_office.text("thank you", sender="maria@example.com", channel="email", subject=subject)
    assert blocked(small_office, "email", "maria@example.com") is leaves
    if leaves:
        assert ledger(small_office) == [("revoked", "reply:email", "Unsubscribe\nthank you")]


def test_two_workers_with_one_opt_out_confirm_once(office, two_at_once):
    customer(office)
    handled = office.text("STOP", hold=True)
    two_at_once(lambda: office.handle(handled))
    assert notices(office) == ["opt-out-confirmation"]
    assert len(ledger(office)) == 1


def test_two_opt_outs_at_once_are_confirmed_once(office, two_at_once):
    customer(office)
    waiting = [office.text("STOP", hold=True), office.text("stop please", hold=True)]
    two_at_once(lambda: office.handle(waiting.pop()))
    assert notices(office) == ["opt-out-confirmation"]
    assert len(ledger(office)) == 2


def test_an_emergency_that_opts_out_too_is_both(office, monkeypatch):
    account_id = customer(office)
    taken_for(monkeypatch, "emergency", also=("opt_out",))
    office.text("gas leak!! and stop texting me")
    assert blocked(office)
    assert notices(office) == ["emergency-answer"]
    assert [priority for _, priority, _ in office.tasks()] == [1]
    assert f"{PHONE} has opted out: gas leak!! and stop texting me" in lines(office, account_id)


def test_only_emergencies_leave_for_an_opted_out_number(small_office):
    """What the send path lets through: 47 U.S.C. 227(b)(1)(A)."""
    customer(small_office)
    small_office.text("how much do i owe")
    small_office.text("STOP", carrier_opt_out="STOP")
    with small_office.database.begin() as session:
        session.execute(update(Message).values(state="queued"))
    small_office.text("i smell gas in the basement")
    with small_office.database.begin() as session:
        sendable = claims.claim(
            session, small_office.city, lane="urgent", owner="w", now=small_office.clock.now(), limit=9
        ).sendable
    assert [message.notice for message in sendable] == ["emergency-answer"]


# --- not the customer's ---


def test_a_wrong_number_is_not_written_to_again(office):
    account_id = customer(office)
    reminder = queue_a_reminder(office, account_id)
    office.text("wrong number")
    assert office.ask(lambda s: s.scalars(select(ContactPoint.status)).one()) == "wrong_number"
    assert state_of(office, reminder) == "cancelled"
    assert not blocked(office), "the customer has not opted out"
    assert [kind for kind, _, _ in office.tasks()] == ["reply"]
    assert f"{PHONE} is not the customer's: wrong number" in lines(office, account_id)


def test_it_is_answered_once_and_tells_nothing_of_the_account(office):
    customer(office)
    office.text("wrong number")
    office.text("i said wrong number")
    ((notice, words),) = office.answers()
    assert notice == "wrong-number-answer"
    assert "$" not in words and "Jensen" not in words


@pytest.mark.parametrize("words", ["how much do i owe", "i already paid", "i can pay 50 friday", "en español"])
def test_a_number_that_is_not_the_customers_is_told_nothing(small_office, words):
    account_id = customer(small_office)
    small_office.text("wrong number")
    small_office.text(words)
    assert notices(small_office) == ["wrong-number-answer"]
    assert small_office.tasks()[-1][2].startswith("From a number or address that is not the customer's any more")
    assert small_office.ask(lambda s: s.get(Account, account_id).language_asked) is None


def test_who_has_died_is_not_dunned_until_staff_have_looked(small_office, monkeypatch):
    account_id = customer(small_office)
    reminder = queue_a_reminder(small_office, account_id, recipient="+12185550199")
    taken_for(monkeypatch, "wrong_number")
    small_office.text("my husband Carl passed away in June")
    assert holds_of(small_office, account_id)[0][:2] == ("office", date(2026, 11, 30))
    assert state_of(small_office, reminder) == "cancelled"
    ((_, priority, reason),) = small_office.tasks()
    assert priority == 3 and reason.startswith("The customer is said to have died. Hold 1, until November 30, 2026")
    assert "Hold placed: the customer is said to have died (until November 30, 2026)" in lines(small_office, account_id)


def test_an_opt_out_of_a_wrong_number_is_both(small_office, monkeypatch):
    customer(small_office)
    taken_for(monkeypatch, "opt_out", also=("wrong_number",))
    small_office.text("not carl, take me off")
    assert blocked(small_office)
    assert small_office.ask(lambda s: s.scalars(select(ContactPoint.status)).one()) == "wrong_number"
    assert notices(small_office) == ["opt-out-confirmation"]
    assert len(small_office.tasks()) == 1


def test_a_notice_on_its_way_to_a_wrong_number_is_decided_again_for_another_channel(office):
    account_id = customer(office)
    reminder = queue_a_reminder(office, account_id, facts_version=1)
    office.text("wrong number")
    assert state_of(office, reminder) == "held"
    with office.database.begin() as session:
        session.execute(update(Message).values(fallback={"channels": ["email", "letter"]}))
        home = {"line1": "1417 E Superior St", "city": "Duluth", "state": "MN", "zip": "55805"}
        session.execute(update(Account).values(mailing_address=home))
        again = redecide(session, office.city, office.renderer, office.clock)
    assert office.ask(lambda s: s.get(Message, reminder).state_reason) == "Written anew."
    assert office.ask(lambda s: s.get_one(Message, again[0]).channel) == "letter"


def test_an_opt_out_that_is_read_after_a_later_opt_in_ends_nothing(small_office):
    customer(small_office)
    stop = small_office.text("stop", hold=True)
    small_office.clock.advance(timedelta(minutes=1))
    small_office.text("start")
    small_office.handle(stop)
    assert notices(small_office) == ["opt-in-confirmation"]
    assert small_office.ask(lambda s: [message.state for message in s.scalars(select(Message))]) == ["queued"]


@pytest.mark.parametrize("carrier", [None, "START"])
def test_yes_is_the_answer_to_our_question_though_the_carrier_takes_it_for_an_opt_in(small_office, carrier):
    account_id = customer(small_office)
    small_office.text("i can pay 50 friday")
    small_office.text("YES", carrier_opt_out=carrier)
    assert promise_of(small_office, account_id).status == "open"


def test_a_wrong_number_in_the_middle_ends_the_talk_and_calls_back_what_was_read_back(small_office):
    customer(small_office)
    small_office.text("i can pay 50 friday")
    small_office.text("wrong number")
    assert small_office.conversation().state == "idle"
    states = small_office.ask(lambda s: [(message.notice, message.state) for message in s.scalars(select(Message))])
    assert states == [("promise-readback", "cancelled"), ("wrong-number-answer", "queued")]
