"""A reply from nobody we know is given to its customer, and is then handled as if we had known."""

import pytest
from sqlalchemy import select

from comms import worklist
from comms.accounts import Account
from comms.history import timeline
from comms.replies.assigning import AssignError, assign
from comms.replies.schema import Conversation
from tests.replies.conftest import customer, promise_of
from tests.support import build

STRANGER = "+12185550177"


@pytest.fixture
def give(office):
    def act(inbound_id, account_id, by="user:park"):
        return office.database.run(
            lambda session: assign(
                session, inbound_id, session.get(Account, account_id), city=office.city, clock=office.clock,
                renderer=office.renderer, settings=office.settings, by=by,
            )
        )  # fmt: skip

    return act


def test_a_promise_is_read_back_and_opened_by_yes(office, give):
    account_id = customer(office, past_due_cents=12000)
    handled = office.text("i can pay 50 friday", sender=STRANGER)
    assert [kind for kind, _, _ in office.tasks()] == ["unmatched_reply"]
    done = give(handled.inbound_id, account_id)
    assert (done.intent, done.account_id, done.handling) == ("promise", account_id, "answered")
    assert office.tasks() == []
    assert promise_of(office, account_id).status == "proposed"
    office.text("yes", sender=STRANGER)
    assert promise_of(office, account_id).status == "open"


def test_it_is_in_the_history_of_the_account(office, give):
    account_id = customer(office)
    handled = office.text("i already paid that on monday", sender=STRANGER)
    give(handled.inbound_id, account_id)
    entries = office.ask(lambda session: timeline(session, account_id))
    received = next(entry for entry in entries if entry.kind == "reply.received")
    assert received.content["text"] == "i already paid that on monday"
    assert received.facts["matched_by"] == "assigned"


def test_what_a_person_must_see_is_on_the_list_of_replies_now(office, give):
    account_id = customer(office)
    handled = office.text("this bill is wrong, i want it checked", sender=STRANGER)
    give(handled.inbound_id, account_id)
    (task,) = office.ask(lambda session: list(worklist.open_tasks(session)))
    assert (task.kind, task.account_id) == ("reply", account_id)


def test_what_was_asked_of_the_number_is_asked_no_more(office, give):
    first = customer(office, past_due_cents=12000)
    with office.database.begin() as session:
        build.account(session, phone="+12185550123")
    handled = office.text("i can pay 50 friday")
    assert office.conversation().state == "choosing_account"
    done = give(handled.inbound_id, first)
    assert done.handling == "answered"
    assert [notice for notice, _ in office.answers()][-1].startswith("promise-")
    assert office.conversation().state == "confirming_promise"


def test_a_reply_that_belongs_to_somebody_is_not_given_away(office, give):
    account_id = customer(office, number="0000123-47")
    handled = office.text("i already paid that on monday")
    with pytest.raises(AssignError, match="belongs to account 0000123-47 already"):
        give(handled.inbound_id, account_id)
    with pytest.raises(AssignError, match="There is no reply 4711"):
        give(4711, account_id)


def test_of_two_who_give_it_away_at_once_the_first_one_counts(office, give, two_at_once):
    account_id = customer(office, past_due_cents=12000)
    handled = office.text("i can pay 50 friday", sender=STRANGER)

    def try_it():
        try:
            return give(handled.inbound_id, account_id).handling
        except AssignError as refused:
            return str(refused)

    assert sorted(answer == "answered" for answer in two_at_once(try_it)) == [False, True]
    assert len([1 for notice, _ in office.answers() if notice.startswith("promise")]) == 1


def test_an_opt_out_is_not_confirmed_a_second_time(office, give):
    account_id = customer(office)
    handled = office.text("please stop texting me", sender=STRANGER)
    before = office.answers()
    give(handled.inbound_id, account_id)
    assert office.answers() == before
    assert office.ask(lambda s: s.scalars(select(Conversation.account_id)).all()) == [account_id]
