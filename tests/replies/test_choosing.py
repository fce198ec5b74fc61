"""Several accounts on one number: asked by street, answered by number, by street, by nonsense, or not at all."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from comms import history
from comms.accounts import consent
from comms.replies.schema import InboundMessage
from tests.support import build

from .conftest import PHONE, promise_of

STREETS = ("1417 E Superior St", "22 W 3rd St", "22 E 3rd St Apt 2")


@pytest.fixture
def landlord(small_office):
    """Three accounts on one phone; their ids in the order of the list."""
    return accounts(small_office, STREETS)


def accounts(office, streets):
    with office.database.begin() as session:
        return [
            build.account(session, phone=PHONE, service_address=street, name=f"Person {number}").id
            for number, street in enumerate(streets, 1)
        ]


def test_the_question_tells_streets_and_nothing_else(small_office, landlord):
    handled = small_office.text("i can pay 50 friday")
    notice, words = small_office.last_answer()
    assert (notice, handled.account_id) == ("which-address", None)
    assert all(street in words for street in STREETS)
    assert "$" not in words and "Person" not in words
    assert small_office.conversation().asked_at == small_office.clock.now()
    assert small_office.tasks() == []


@pytest.mark.parametrize(
    ("answer", "place"),
    [
        ("2", 1), ("#3", 2), ("1.", 0), ("the first one", 0), ("dos", 1), ("1417 e superior", 0),
        ("its for 1417 Superior Street please", 0), ("superior", 0), ("22 w 3rd", 1), ("apt 2", 2), ("22 E 3rd st", 2),
    ],
)  # fmt: skip
def test_a_number_or_a_street_is_an_answer(small_office, landlord, answer, place):
    small_office.text("i can pay 50 friday")
    handled = small_office.text(answer)
    assert handled.account_id == landlord[place]
    assert small_office.last_answer()[0] == "promise-readback"
    small_office.text("yes")
    assert promise_of(small_office, landlord[place]).status == "open"


@pytest.mark.parametrize("answer", ["3rd st", "22", "9", "1418 e superior", "22 dollars on friday", "both", "ok"])
def test_what_names_no_address_or_two_is_asked_again(small_office, landlord, answer):
    small_office.text("i can pay 50 friday")
    handled = small_office.text(answer)
    assert handled.account_id is None
    assert [notice for notice, _ in small_office.answers()] == ["which-address", "which-address"]
    assert small_office.tasks() == []


def test_a_third_time_a_clerk_finds_out(small_office, landlord):
    for words in ("i can pay 50 friday", "ok", "ok then"):
        small_office.text(words)
    assert len(small_office.answers()) == 2
    assert [kind for kind, _, _ in small_office.tasks()] == ["unmatched_reply"]
    assert small_office.conversation().state == "idle"


def test_what_was_said_before_is_in_the_history_of_the_chosen_account(office):
    first, second = accounts(office, STREETS[:2])
    earlier = office.text("i can pay 50 friday")
    office.text("22 W 3rd St")
    assert office.kinds(second) == [
        "reply.matched", "reply.received", "promise.proposed", "notice.queued",
    ]  # fmt: skip
    taken_up, answer, *_ = office.ask(lambda s: history.timeline(s, second))
    assert taken_up.content["text"] == "i can pay 50 friday"
    assert answer.content["text"] == "22 W 3rd St" and answer.summary.endswith("22 W 3rd St")
    assert office.inbound(earlier.inbound_id).account_id == second
    assert promise_of(office, second).said_text == "i can pay 50 friday"
    assert office.kinds(first) == []
    assert office.ask(lambda s: history.verify(s, second))[1] == []


def test_everything_said_meanwhile_is_taken_up_together(small_office, landlord):
    small_office.text("i can pay 50")
    small_office.text("on friday")
    small_office.text("2")
    matched = small_office.ask(lambda s: list(s.scalars(select(InboundMessage.account_id))))
    assert matched == [landlord[1]] * 3
    assert small_office.last_answer()[0] in ("promise-readback", "promise-details")


def test_the_next_reply_is_about_the_chosen_account(small_office, landlord):
    for words in ("i can pay 50 friday", "2", "yes"):
        small_office.text(words)
    assert small_office.text("i will pay 60 on dec 4").account_id == landlord[1]


def test_a_stop_counts_whoever_is_meant(small_office, landlord):
    small_office.text("i can pay 50 friday")
    small_office.text("STOP")
    assert small_office.ask(lambda s: consent.blocked(s, "sms", [PHONE])) == {PHONE}


def test_an_emergency_waits_for_no_address(small_office, landlord):
    small_office.text("i can pay 50 friday")
    small_office.text("i smell gas in the basement")
    assert small_office.tasks()[0][1] == 1


def test_an_answer_after_a_week_begins_anew(small_office, landlord):
    small_office.text("i can pay 50 friday")
    small_office.clock.advance(timedelta(days=8))
    assert small_office.text("i can pay 50 on dec 4").account_id is None
    assert small_office.text("2").account_id == landlord[1]
    assert "Dec 4" in small_office.last_answer()[1]


def test_who_has_many_accounts_is_asked_for_the_street_itself(small_office):
    many = accounts(small_office, [f"{number} E Superior St" for number in range(100, 108)])
    small_office.text("i can pay 50 friday")
    notice, words = small_office.last_answer()
    assert notice == "which-street" and "Superior" not in words
    assert small_office.text("103 e superior").account_id == many[3]
