"""Claimed and not sent: what may no longer leave is put aside with its reason, and the history tells the end of it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from comms.accounts import consent
from comms.history import timeline, verify
from comms.outbox import Message, enqueue
from tests.support import build

EVENING = datetime(2026, 11, 23, 22, 0, tzinfo=ZoneInfo("America/Chicago"))


@pytest.fixture
def queued(outbox):
    """One text to +1 218 555 0101; what becomes of it when a worker takes it."""
    with outbox.database.begin() as session:
        account_id = build.account(session).id

    def act(**more):
        with outbox.database.begin() as session:
            draft = build.draft(account_id, recipient="+12185550101", **more)
            enqueue(session, [draft], outbox.clock)

        def worked():
            outbox.dispatcher().deliver("sms")
            with outbox.database.read() as session:
                message = session.scalars(select(Message)).one()
                assert verify(session, account_id)[1] == []
                return message, [(e.kind, e.summary) for e in timeline(session, account_id)][1:]

        return worked

    return act


def opts_out(outbox):
    with outbox.database.begin() as session:
        consent.record(
            session, channel="sms", address="+12185550101", action="revoked", source="reply", evidence="STOP",
            at=outbox.clock.now(),
        )  # fmt: skip


def test_who_opted_out_meanwhile_is_not_written_to_and_the_history_says_so(outbox, queued):
    worked = queued()
    opts_out(outbox)
    message, told = worked()
    assert (message.state, message.final_at, message.attempts) == ("suppressed", outbox.clock.now(), 0)
    assert told == [
        ("notice.suppressed", "Past due reminder by sms not sent: The address has opted out."),
    ]
    assert outbox.sms.offered == []


def test_what_could_not_be_sent_in_time_ends_and_the_history_says_so(outbox, queued):
    worked = queued(give_up_after=timedelta(hours=1))
    outbox.clock.advance(timedelta(hours=2))
    message, told = worked()
    assert (message.state, message.final_at) == ("failed", outbox.clock.now())
    assert told == [
        ("delivery.failed", "Past due reminder by sms not sent: It could not be sent in the time allowed for it."),
    ]
    assert outbox.sms.offered == []


def test_one_confirmation_goes_to_who_just_opted_out(outbox, queued):
    worked = queued(notice="opt-out-confirmation", purpose="conversational")
    opts_out(outbox)
    assert worked()[0].state == "submitted"


def test_at_night_it_waits_for_the_morning_without_a_word(outbox, queued):
    worked = queued()
    outbox.clock.set(EVENING)
    message, told = worked()
    assert (message.state, message.final_at, told) == ("queued", None, [])
    assert message.next_attempt_at == EVENING + timedelta(hours=10)
    outbox.clock.set(EVENING + timedelta(hours=10))
    assert worked()[0].state == "submitted"


def test_an_answer_leaves_at_night(outbox, queued):
    worked = queued(purpose="conversational")
    outbox.clock.set(EVENING)
    assert worked()[0].state == "submitted"


def test_facts_that_changed_hold_it(outbox, queued):
    message, told = queued(facts_version=99)()
    assert (message.state, message.final_at, told) == ("held", None, [])
