"""A customer asks: for a day, for more time, for a plan. What is offered becomes a promise only on YES."""

from datetime import date

import pytest
from sqlalchemy import select

from comms import promises
from comms.accounts import consent
from comms.outbox.schema import Message
from comms.promises import Part
from comms.promises.schema import Promise
from comms.replies.understanding import Instalment, Understanding
from tests.support import build

from .conftest import PHONE, customer, promise_of

FRIDAY = date(2026, 11, 27)


def parts(office, account_id):
    return office.ask(lambda s: promises.parts_of(s, promise_of(office, account_id).id))


@pytest.fixture
def meaning(monkeypatch):
    """What the next reply is understood as, whatever its words."""

    def means(intent, *, instalments=(), offered=(), confidence=0.9):
        understanding = Understanding(intent, tuple(instalments), confidence, offered=tuple(offered))
        monkeypatch.setattr("comms.replies.handling.understood", lambda *_: understanding)

    return means


@pytest.fixture
def asks(small_office, meaning):
    """An office that a customer asks something; then its words are read again as they are."""

    def ask(*offered, confidence=0.9, office=small_office):
        meaning("arrangement_request", offered=offered, confidence=confidence)
        office.text("could you do that?")

    return ask


# --- what was named is read back as an offer ---


def test_could_you_do_40_on_thursday_is_read_back_as_an_offer(small_office, asks, meaning):
    account_id = customer(small_office)
    asks(Instalment(4000, FRIDAY))
    notice, words = small_office.last_answer()
    assert notice == "promise-offer-readback"
    assert words.startswith("You can pay $40.00 by Fri Nov 27. Reply YES to promise it")
    assert promise_of(small_office, account_id).status == "proposed"
    assert small_office.tasks() == []
    meaning("confirm_yes")
    small_office.text("yes")
    assert promise_of(small_office, account_id).status == "open"
    assert small_office.last_answer()[0] == "promise-opened"


def test_can_i_pay_friday_means_all_that_is_due(small_office, asks):
    account_id = customer(small_office)
    asks(Instalment(None, FRIDAY))
    assert parts(small_office, account_id) == [Part(FRIDAY, 12000)]


def test_can_i_pay_40_is_asked_for_its_day(small_office, asks, meaning):
    account_id = customer(small_office)
    asks(Instalment(4000, None))
    assert small_office.last_answer()[0] == "promise-details"
    meaning("promise", instalments=[Instalment(None, FRIDAY)])
    small_office.text("friday")
    assert parts(small_office, account_id) == [Part(FRIDAY, 4000)]


def test_another_day_is_asked_for_what_was_read_back(small_office, asks):
    account_id = customer(small_office)
    small_office.text("i can pay 50 friday")
    asks(Instalment(None, date(2026, 12, 1)))
    assert small_office.last_answer()[0] == "promise-offer-readback"
    assert parts(small_office, account_id) == [Part(date(2026, 12, 1), 5000)]


def test_an_offer_beyond_the_policy_is_countered(small_office, asks):
    account_id = customer(small_office)
    asks(Instalment(1000, FRIDAY))
    assert small_office.last_answer()[0] == "promise-counter-offer"
    assert parts(small_office, account_id) == [Part(FRIDAY, 3000)]


@pytest.mark.parametrize("intent", ["promise", "arrangement_request"])
def test_a_day_that_has_passed_is_asked_for_anew(small_office, meaning, intent):
    account_id = customer(small_office)
    named = [Instalment(5000, date(2026, 11, 20))]
    meaning(intent, **{"instalments" if intent == "promise" else "offered": named})
    small_office.text("50 on nov 20 2026")
    assert promise_of(small_office, account_id) is None
    assert small_office.last_answer()[0] == "promise-details"
    meaning("promise", instalments=[Instalment(None, FRIDAY)])
    small_office.text("friday")
    assert parts(small_office, account_id) == [Part(FRIDAY, 5000)]


# --- the standard arrangement ---


def test_who_asks_for_a_plan_is_offered_the_standard_arrangement(office, meaning):
    account_id = customer(office)
    meaning("arrangement_request")
    office.text("can i get a payment plan")
    notice, words = office.last_answer()
    assert notice == "arrangement-offer" and "$120.00 that is past due over time" in words
    promise = promise_of(office, account_id)
    assert (promise.kind, promise.category, promise.status) == ("arrangement", "arrangement", "proposed")
    assert promise.promised_cents == 12000 and promise.terms["installments"] == 3
    assert len(parts(office, account_id)) == 4

    meaning("confirm_yes")
    office.text("yes")

    assert promise_of(office, account_id).status == "open"
    sent = office.ask(lambda s: list(s.execute(select(Message.notice, Message.channel).order_by(Message.id))))
    assert sent == [
        ("arrangement-offer", "sms"), ("payment-arrangement-agreement", "sms"),
        ("payment-arrangement-agreement", "letter"),
    ]  # fmt: skip
    assert office.kinds(account_id)[-4:] == ["reply.received", "promise.opened", "notice.queued", "notice.queued"]


def test_without_a_mailing_address_the_agreement_goes_by_text_alone(small_office, asks, meaning):
    customer(small_office, mailing_address={"problem": "The mailing address has no street."})
    asks()
    meaning("confirm_yes")
    small_office.text("yes")
    assert small_office.ask(lambda s: list(s.scalars(select(Message.channel).order_by(Message.id)))) == ["sms", "sms"]


def test_a_plan_is_declined(small_office, asks, meaning):
    account_id = customer(small_office)
    asks()
    meaning("confirm_no")
    small_office.text("no")
    assert promise_of(small_office, account_id).status == "withdrawn_customer"
    assert [kind for kind, _, _ in small_office.tasks()] == ["reply"]


def test_a_plan_is_countered_with_a_day_and_an_amount(small_office, asks, meaning):
    account_id = customer(small_office)
    asks()
    meaning("promise", instalments=[Instalment(6000, FRIDAY), Instalment(6000, date(2026, 12, 4))])
    small_office.text("i can do 60 friday and 60 on dec 4")
    promise = promise_of(small_office, account_id)
    assert (promise.kind, promise.status) == ("promise", "proposed")
    assert small_office.last_answer()[0] == "promise-readback"


def test_a_plan_is_made_anew_when_a_payment_came_in_between(small_office, asks, meaning):
    account_id = customer(small_office)
    asks()
    with small_office.database.begin() as session:
        build.payment(session, account_id, 4000, date(2026, 11, 23))
    meaning("confirm_yes")
    small_office.text("yes")
    assert small_office.last_answer()[0] == "arrangement-offer"
    assert promise_of(small_office, account_id).promised_cents == 8000


# --- what goes to a person ---


def test_an_opted_out_customer_is_offered_nothing_and_a_clerk_has_it(small_office, asks):
    account_id = customer(small_office)
    with small_office.database.begin() as session:
        consent.record(
            session, channel="sms", address=PHONE, action="revoked", source="test", evidence="STOP",
            at=small_office.clock.now(),
        )  # fmt: skip
    asks()
    assert small_office.answers() == []
    assert promise_of(small_office, account_id).status == "proposed"
    assert small_office.conversation().asked_at is None
    assert [kind for kind, _, _ in small_office.tasks()] == ["reply"]


def test_nothing_past_due_needs_no_plan_but_a_person(small_office, asks):
    account_id = customer(small_office, past_due_cents=0)
    asks()
    assert promise_of(small_office, account_id) is None
    assert [kind for kind, _, _ in small_office.tasks()] == ["reply"]


def test_after_too_many_broken_ones_a_plan_is_for_a_person(small_office, asks, monkeypatch):
    account_id = customer(small_office)
    monkeypatch.setattr(promises, "broken_before", lambda *_: 2)
    asks()
    assert promise_of(small_office, account_id) is None
    assert "too many promises were broken" in small_office.tasks()[0][2]


@pytest.mark.parametrize("intent", ["promise", "arrangement_request"])
def test_below_the_floor_nothing_is_read_back_and_the_clerk_gets_the_suggestion(small_office, meaning, intent):
    account_id = customer(small_office)
    named = [Instalment(5000, FRIDAY)]
    said = {"instalments": named} if intent == "promise" else {"offered": named}
    meaning(intent, confidence=0.55, **said)
    small_office.text("mayb 50 frdy idk")
    assert promise_of(small_office, account_id) is None
    assert [kind for kind, _, _ in small_office.tasks()] == ["reply"]
    assert "promise-readback" not in [notice for notice, _ in small_office.answers()]
    assert small_office.ask(lambda s: s.query(Promise).count()) == 0


# --- in real words ---


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("could you do 40 on friday?", [Part(FRIDAY, 4000)]),
        ("can i pay 50 friday", [Part(FRIDAY, 5000)]),
        ("can i pay on friday", [Part(FRIDAY, 12000)]),
        ("i might pay 50 friday", [Part(FRIDAY, 5000)]),
        ("puedo pagar 50 el viernes?", [Part(FRIDAY, 5000)]),
    ],
)
def test_questions_and_hedges_are_read_back_and_open_only_on_yes(small_office, words, expected):
    account_id = customer(small_office)
    small_office.text(words)
    assert small_office.last_answer()[0] == "promise-offer-readback"
    assert parts(small_office, account_id) == expected
    assert promise_of(small_office, account_id).status == "proposed"
    small_office.text("yes")
    assert promise_of(small_office, account_id).status == "open"


@pytest.mark.parametrize("words", ["can i get a payment plan", "i need more time", "necesito un plan de pagos"])
def test_who_names_nothing_is_offered_the_standard_one(small_office, words):
    account_id = customer(small_office)
    small_office.text(words)
    assert small_office.last_answer()[0] == "arrangement-offer"
    assert promise_of(small_office, account_id).kind == "arrangement"
