"""What the office answers by itself, and what it puts before a person."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from comms.accounts.schema import ContactPoint
from comms.city import load_city
from comms.notices import Catalogue, Renderer
from comms.outbox.schema import Message
from comms.replies.answering import legal_matter
from comms.replies.matter import MOST_ANSWERS, MOST_WARNINGS
from comms.replies.understanding import INTENTS
from comms.settings import ROOT
from tests.support import build

from .conftest import PHONE, customer, holds_of, lines, notices, queue_a_reminder, state_of, taken_for

# --- an emergency ---


def test_a_gas_smell_is_answered_and_at_the_top_of_the_list(office):
    customer(office)
    office.text("i dont agree with this bill")
    office.text("i smell gas in the basement")
    (kind, priority, reason), *_ = office.tasks()
    assert (kind, priority) == ("reply", 1) and reason.startswith("EMERGENCY")
    notice, words = office.last_answer()
    assert notice == "emergency-answer"
    assert "leave the building first, then call 911" in words and "218-555-0199" in words


def test_it_is_answered_in_the_customers_language_and_by_any_citys_numbers(small_office):
    kent = load_city("kent-oh")
    small_office.city, small_office.renderer = kent, Renderer(Catalogue.load(ROOT, kent), kent)
    customer(small_office)
    small_office.text("huele a gas en la casa")
    words = small_office.last_answer()[1]
    assert "llame al 911" in words and "330-555-0199" in words


def test_an_english_emergency_on_a_spanish_account_is_answered_in_english(small_office):
    customer(small_office, language="es")
    small_office.text("strong gas smell in the basement!!")
    assert "leave the building first" in small_office.last_answer()[1]


def test_it_is_answered_on_no_account_too(small_office):
    small_office.text("i smell gas", sender="+12185559999")
    assert notices(small_office) == ["emergency-answer"]
    assert [(kind, priority) for kind, priority, _ in small_office.tasks()] == [("unmatched_reply", 1)]


def test_it_is_answered_after_any_number_of_questions_but_not_for_ever(small_office):
    customer(small_office)
    for _ in range(MOST_ANSWERS + 1):
        small_office.text("how much do i owe")
    for _ in range(MOST_WARNINGS):
        small_office.text("i smell gas")
    assert notices(small_office).count("emergency-answer") == MOST_WARNINGS - MOST_ANSWERS
    assert sum(priority == 1 for _, priority, _ in small_office.tasks()) == MOST_WARNINGS


# --- the law ---


def test_who_names_an_attorney_is_not_dunned_until_staff_have_looked(office):
    account_id = customer(office)
    reminder = queue_a_reminder(office, account_id)
    office.text("my attorney will be contacting you")
    assert office.answers() == []
    assert holds_of(office, account_id) == [("office", date(2026, 11, 30), "reply:1")]
    assert state_of(office, reminder) == "cancelled"
    assert office.tasks() == [
        (
            "reply",
            2,
            "Legal: an attorney. No automatic answer was sent. Hold 1, until November 30, 2026: look before anything "
            "more is sent.",
        )
    ]
    assert "Hold placed: the customer writes of an attorney (until November 30, 2026)" in lines(office, account_id)


def test_a_second_letter_of_the_law_does_not_hold_again(small_office):
    account_id = customer(small_office)
    small_office.text("my attorney will be contacting you")
    small_office.text("I am filing bankruptcy, chapter 13")
    assert len(holds_of(small_office, account_id)) == 1
    assert len(small_office.tasks()) == 2


def test_an_insult_is_for_a_person_and_holds_nothing(small_office, monkeypatch):
    account_id = customer(small_office)
    taken_for(monkeypatch, "abuse_or_threat")
    small_office.text("you people are thieves")
    assert small_office.answers() == [] and holds_of(small_office, account_id) == []
    assert [priority for _, priority, _ in small_office.tasks()] == [3]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("my LAWYER will call", "an attorney"),
        ("hable con mi abogado", "an attorney"),
        ("i filed chapter 7", "a bankruptcy"),
        ("me declaré en quiebra", "a bankruptcy"),
        ("see you in court", "legal action"),
        ("los voy a demandar", "legal action"),
        ("shove it", None),
        ("no me corten el agua rateros", None),
    ],
)
def test_the_law_is_told_from_an_insult(words, kind):
    assert legal_matter(words) == kind


# --- paid ---


def paying(office, account_id, *payments, **more):
    with office.database.begin() as session:
        for day, cents in payments:
            build.payment(session, account_id, cents, date(2026, 11, day), **more)


def test_the_payment_we_have_is_named_with_what_is_left(office):
    account_id = customer(office, past_due_cents=12000)
    paying(office, account_id, (12, 2500), (21, 5000))
    office.text("i already paid")
    notice, words = office.last_answer()
    assert notice == "paid-found"
    assert "$50.00 on Sat Nov 21" in words and "Past due now: $70.00" in words
    assert office.tasks() == []
    assert "Says it is paid; $50.00 of November 21, 2026 is on the account, $70.00 is past due" in lines(
        office, account_id
    )


def test_nothing_left_is_told_too(small_office):
    account_id = customer(small_office)
    paying(small_office, account_id, (23, 12000))
    small_office.text("I paid the whole thing this morning")
    assert "Nothing is past due" in small_office.last_answer()[1]
    assert small_office.tasks() == []


def test_the_payment_of_the_amount_that_was_named_is_the_one_that_is_meant(small_office):
    account_id = customer(small_office)
    paying(small_office, account_id, (18, 5000), (21, 2500))
    small_office.text("i already paid 50")
    assert "$50.00 on Wed Nov 18" in small_office.last_answer()[1]
    assert small_office.tasks() == []


def test_another_amount_is_looked_for_by_a_person(office):
    account_id = customer(office)
    paying(office, account_id, (21, 5000))
    office.text("i already paid $80")
    assert office.last_answer()[0] == "paid-found"
    ((_, priority, reason),) = office.tasks()
    assert priority == 4 and "names another amount than the $50.00 of November 21, 2026" in reason


def test_a_payment_that_is_not_there_is_looked_for_by_a_person(office):
    account_id = customer(office)
    office.text("i already paid")
    notice, words = office.last_answer()
    assert notice == "paid-not-found" and "by Tue Nov 24" in words and "do not pay it again" in words
    assert [(priority, reason) for _, priority, reason in office.tasks()] == [
        (4, "Says it is paid; no such payment is on the account yet.")
    ]
    assert "Says it is paid; no such payment of the last 45 days is on the account" in lines(office, account_id)


def test_a_reversed_payment_is_none(office):
    account_id = customer(office)
    paying(office, account_id, (19, 5000), transaction_id="T-50")
    paying(office, account_id, (20, -5000), kind="reversal", reverses="T-50")
    office.text("i already paid")
    assert office.last_answer()[0] == "paid-not-found"


def test_an_old_payment_is_not_the_one_of_yesterday(small_office):
    account_id = customer(small_office)
    paying(small_office, account_id, (2, 5000))
    small_office.text("i paid yesterday")
    assert small_office.last_answer()[0] == "paid-not-found"


def test_a_payment_of_two_months_ago_is_not_looked_at(small_office):
    account_id = customer(small_office)
    with small_office.database.begin() as session:
        build.payment(session, account_id, 5000, date(2026, 10, 8))
    small_office.text("i already paid")
    assert small_office.last_answer()[0] == "paid-not-found"


# --- disputes and hardship ---


def test_a_disputed_bill_is_not_dunned_until_a_clerk_has_answered(office):
    account_id = customer(office)
    reminder = queue_a_reminder(office, account_id)
    letter = queue_a_reminder(
        office, account_id, channel="letter", recipient="1 Main", purpose="legal", key="legal", facts_version=1
    )
    office.text("this bill is wrong, we had a leak")
    assert holds_of(office, account_id) == [("dispute", date(2026, 12, 23), "reply:1")]
    assert [state_of(office, one) for one in (reminder, letter)] == ["cancelled", "held"]
    notice, words = office.last_answer()
    assert notice == "dispute-answer" and "the Customer Service supervisor, 218-555-0140" in words
    assert [(priority, reason) for _, priority, reason in office.tasks()] == [
        (3, "Disputes the bill. Hold 1, until December 23, 2026; end it when the dispute is answered.")
    ]
    assert "Hold placed: the customer disputes the bill (until December 23, 2026)" in lines(office, account_id)


def test_an_account_has_one_dispute_from_replies_whoever_writes(office, two_at_once):
    account_id = customer(office)
    with office.database.begin() as session:
        build.contact_point(session, account_id, "phone", "+12185550124", rank=2)
    waiting = [office.text("this bill is wrong", sender=one, hold=True) for one in (PHONE, "+12185550124")]
    two_at_once(lambda: office.handle(waiting.pop()))
    assert len(holds_of(office, account_id)) == 1
    assert len(office.tasks()) == 2


def test_a_dispute_after_the_hold_has_ended_holds_again(small_office):
    account_id = customer(small_office)
    small_office.text("this bill is wrong")
    small_office.clock.advance(timedelta(days=31))
    small_office.text("this bill is wrong")
    assert len(holds_of(small_office, account_id)) == 2


def test_who_cannot_pay_hears_who_helps_and_a_person_sees_it(office):
    customer(office)
    office.text("I lost my job last month and cant pay right now")
    notice, words = office.last_answer()
    assert notice == "hardship-answer"
    assert "Salvation Army HeatShare 218-555-0153" in words and "United Way 211" in words
    assert [priority for _, priority, _ in office.tasks()] == [3]


# --- questions ---


def test_the_balance_is_told_at_once_and_bothers_nobody(office):
    account_id = customer(office, past_due_cents=12000)
    paying(office, account_id, (21, 2500))
    office.text("how much do i owe")
    notice, words = office.last_answer()
    assert notice == "balance-answer"
    for told in (
        "past due $120.00",
        "total owed $165.00",
        "on Fri Nov 20",
        "Received since: $25.00",
        "218-555-0140 or 411 W 1st St",
    ):
        assert told in words
    assert office.tasks() == []


def test_automatic_answers_stop_and_a_person_takes_over(office):
    customer(office)
    for _ in range(7):
        office.text("how much do i owe")
    assert len(office.answers()) == MOST_ANSWERS
    assert len(office.tasks()) == 2
    office.clock.advance(timedelta(days=1))
    office.text("how much do i owe")
    assert len(office.answers()) == MOST_ANSWERS + 1


@pytest.mark.parametrize(
    ("words", "person"),
    [("HELP", False), ("who is this?", False), ("please have someone call me", True), ("the link doesnt work", True)],
)
def test_help_is_answered_and_a_person_comes_where_one_is_wanted(small_office, monkeypatch, words, person):
    customer(small_office)
    if words != "HELP":
        taken_for(monkeypatch, "help")
    small_office.text(words)
    assert notices(small_office) == ["help-answer"]
    assert len(small_office.tasks()) == person


@pytest.mark.parametrize("words", ["thank you", "Muchas gracias!", "hello", "🙏❤️", "Liked “We received $50.00”"])
def test_kind_words_need_nobody(small_office, monkeypatch, words):
    customer(small_office)
    taken_for(monkeypatch, "other", confidence=0.4)
    handled = small_office.text(words)
    assert (handled.handling, small_office.tasks(), small_office.answers()) == ("noted", [], [])


def test_a_no_to_nothing_is_for_a_person_and_a_yes_is_noted(small_office):
    customer(small_office)
    small_office.text("no")
    assert small_office.text("yes").handling == "noted"
    assert [reason for _, _, reason in small_office.tasks()] == ["Says no, but nothing was asked."]
    assert small_office.answers() == []


# --- all of them ---


@pytest.mark.parametrize("intent", [one for one in INTENTS if one not in ("opt_out", "other")])
def test_what_is_not_understood_well_is_only_suggested_to_a_person(small_office, monkeypatch, intent):
    account_id = customer(small_office)
    taken_for(monkeypatch, intent, confidence=0.55)
    assert small_office.text("hm mabye").handling == "with_clerk"
    assert small_office.answers() == [] and holds_of(small_office, account_id) == []
    ((_, priority, reason),) = small_office.tasks()
    assert reason.startswith("Not understood well enough to act on. Perhaps ")
    assert (priority == 1) == (intent == "emergency")
    assert small_office.ask(lambda s: s.scalars(select(ContactPoint.status)).one()) == "usable"


@pytest.mark.parametrize("intent", INTENTS)
@pytest.mark.parametrize("channel", ["sms", "email"])
def test_a_message_is_answered_once_at_most_on_its_own_channel(small_office, monkeypatch, intent, channel):
    with small_office.database.begin() as session:
        build.account(session, phone=PHONE, email="maria@example.com")
    taken_for(monkeypatch, intent)
    sender = PHONE if channel == "sms" else "maria@example.com"
    inbound_id = small_office.text("hm", sender=sender, channel=channel, hold=True)
    for _ in range(2):
        small_office.handle(inbound_id)
    sent = small_office.ask(
        lambda s: s.execute(select(Message.channel, Message.recipient, Message.in_reply_to_id)).all()
    )
    assert len(sent) <= 1
    assert set(sent) <= {(channel, sender, inbound_id)}
    assert len(small_office.tasks()) <= 1


def test_two_workers_with_one_message_answer_once(office, two_at_once):
    account_id = customer(office)
    inbound_id = office.text("this bill is wrong", hold=True)
    two_at_once(lambda: office.handle(inbound_id))
    assert notices(office) == ["dispute-answer"]
    assert len(holds_of(office, account_id)) == len(office.tasks()) == 1


def test_the_history_tells_the_whole_story_in_order(small_office):
    account_id = customer(small_office)
    small_office.text("this bill is wrong, we had a leak")
    assert lines(small_office, account_id) == [
        f"Text from {PHONE}: this bill is wrong, we had a leak",
        "Hold placed: the customer disputes the bill (until December 23, 2026)",
        "For a person: Disputes the bill. Hold 1, until December 23, 2026; end it when the dispute is answered.",
        "Text: Your dispute is being reviewed",
    ]
