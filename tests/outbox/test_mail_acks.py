"""A letter counts from the day the post office took it, by the list of what it did not take."""

from datetime import date, timedelta

import pytest

from comms.history.timeline import timeline
from comms.outbox.mail_acks import MailAckError, acknowledge, ask_for_days, take_back
from comms.outbox.schema import MailBatch
from comms.outbox.states import ALLOWED, TAKEN_BACK, State
from comms.worklist import open_tasks
from tests.support import build, post

BATCH = "duluth-mn-20261123-01"
TUESDAY = date(2026, 11, 24)


@pytest.fixture
def pieces(database, clock):
    """Three letters handed over on Monday; it is Friday now."""
    with database.begin() as session:
        numbers = post.hand_over(session, clock, *(build.account(session) for _ in range(3)))
    clock.advance(timedelta(days=4))
    return numbers


@pytest.fixture
def ack(database, city, clock):
    def give(day=TUESDAY, name=BATCH, **more):
        with database.begin() as session:
            return acknowledge(session, city, clock, name, day, by="user:park", **more)

    return give


@pytest.fixture
def states(database, pieces):
    def ask():
        with database.read() as session:
            return [post.letter(session, number).state for number in pieces]

    return ask


def test_the_letters_of_a_batch_count_from_their_mailing_day(ack, database, city, pieces, states):
    done = ack(statement="3600-778", pieces=3)
    assert (done.mailed, done.rejected, done.repeat) == (3, 0, False)
    assert states() == ["mailed"] * 3
    with database.read() as session:
        found = post.letter(session, pieces[0])
        assert city.local_date(found.state_at) == TUESDAY == city.local_date(session.query(MailBatch).one().mailed_at)
        last = timeline(session, found.account_id)[-1]
    assert last.kind == "delivery.mailed" and "mailed on Nov 24, 2026 (USPS acceptance)" in last.summary
    assert last.facts["statement"] == "3600-778" and last.actor == "user:park"


def test_what_the_mail_house_did_not_take_has_failed(ack, database, pieces, states):
    assert (ack(rejected=[(pieces[1].upper(), "Window blocked.")]).rejected, states()[1]) == (1, "failed")
    with database.read() as session:
        assert "Window blocked" in post.letter(session, pieces[1]).error_text
    assert states() == ["mailed", "failed", "mailed"]


def test_the_same_acknowledgement_twice_changes_nothing(ack, database, pieces):
    ack(rejected=[(pieces[1], "Window blocked")])
    with database.read() as session:
        before = len(timeline(session, post.letter(session, pieces[0]).account_id))
    assert ack(rejected=[(pieces[1], "Window blocked")]).repeat and ack().repeat
    with database.read() as session:
        assert len(timeline(session, post.letter(session, pieces[0]).account_id)) == before


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"name": "kent-oh-1"}, "No batch kent-oh-1. Batches that wait for their mailing day: duluth-mn-20261123-01"),
        ({"day": date(2026, 11, 28)}, "still to come"),
        ({"day": date(2026, 11, 22)}, "went to the mail house on 2026-11-23"),
        ({"pieces": 2}, "says 2 pieces were mailed, and of duluth-mn-20261123-01 it would be 3"),
        ({"rejected": [("duluth-mn-20261123-01-00009", "torn")]}, "is no piece of batch"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_counts(ack, states, given, says):
    with pytest.raises(MailAckError, match=says):
        ack(**given)
    assert states() == ["handed_over"] * 3


def test_a_mistaken_acknowledgement_is_taken_back_and_given_again(ack, database, clock, pieces, states):
    ack()
    with pytest.raises(MailAckError, match="as mailed on 2026-11-24"):
        ack(date(2026, 11, 25))
    with database.begin() as session:
        assert len(take_back(session, clock, BATCH, by="user:park", because="the other tray")) == 3
    assert states() == ["handed_over"] * 3
    ack(date(2026, 11, 25), rejected=[(pieces[0], "torn")])
    assert states() == ["failed", "mailed", "mailed"]
    with database.begin() as session:
        take_back(session, clock, BATCH, by="user:park", because="the other tray again")
    ack(rejected=[(pieces[0], "torn")])
    assert states() == ["failed", "mailed", "mailed"]


def test_there_is_nothing_to_take_back_before(database, clock, pieces):
    with database.begin() as session, pytest.raises(MailAckError, match="is not acknowledged"):
        take_back(session, clock, BATCH, by="user:park", because="by mistake")


def test_staff_are_asked_once_for_a_mailing_day_that_nobody_told(ack, database, city, clock, pieces):
    def ask():
        with database.begin() as session:
            return ask_for_days(session, city, clock), [task.reason for task in open_tasks(session, ["mail_day"])]

    assert ask() == (0, []), "Thanksgiving was no business day"
    clock.advance(timedelta(days=4))
    opened, (task,) = ask()
    assert opened == 1 and f"comms mail ack {BATCH} --mailed-on DATE" in task
    assert ask() == (0, [task])
    ack()
    assert ask() == (0, [])


def test_what_a_person_takes_back_leads_where_it_came_from():
    for after, before in TAKEN_BACK.items():
        assert before <= {state for state, targets in ALLOWED.items() if after in targets}
    assert State.FAILED in ALLOWED[State.HANDED_OVER]
