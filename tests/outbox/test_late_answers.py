"""A worker that was stopped longer than its lease wakes up: whatever it still does, nobody hears twice."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from comms.channels import CannotAsk, Outcome, Result
from comms.outbox import Message, Patience, enqueue, resolve_unknowns, sweep
from comms.outbox.claims import LEASE, claim, hand_back, open_attempts
from comms.outbox.settle import Tried, settle
from comms.outbox.unknowns import ASKERS
from comms.worklist import open_tasks, resolve
from tests.support import build

LATE = LEASE + timedelta(seconds=1)


def queue(outbox, count=1, **more):
    with outbox.database.begin() as session:
        account = build.account(session)
        drafts = [build.draft(account.id, facts_version=account.facts_version, **more) for _ in range(count)]
        return enqueue(session, drafts, outbox.clock)


def take(outbox, owner):
    with outbox.database.begin() as session:
        return claim(session, outbox.city, lane="sms", owner=owner, now=outbox.clock.now(), limit=10).sendable


def opened(outbox, owner):
    messages = take(outbox, owner)
    with outbox.database.begin() as session:
        return open_attempts(session, messages, owner=owner, now=outbox.clock.now())


def answer(outbox, message, outcome, **more):
    with outbox.database.begin() as session:
        tried = [Tried(message, Result(outcome, **more))]
        settle(session, tried, now=outbox.clock.now(), draw=outbox.dispatcher()._draw)


def run_sweep(outbox):
    with outbox.database.begin() as session:
        return sweep(session, outbox.clock)


def ask(outbox, times=3):
    for _ in range(times):
        outbox.clock.advance(timedelta(seconds=61))
        resolve_unknowns(outbox.database, outbox.clock, {"sms": outbox.sms, "email": outbox.email}, Patience())


def state(outbox):
    with outbox.database.read() as session:
        return session.execute(select(Message.state, Message.carrier_id, Message.lease_owner)).one()


def test_a_yes_that_came_after_the_lease_is_still_a_yes(outbox):
    queue(outbox)
    (message,) = opened(outbox, "slow")
    outbox.clock.advance(LATE)
    assert run_sweep(outbox).unknown == 1
    result = outbox.sms.send(_outgoing(message))
    answer(outbox, message, Outcome.ACCEPTED, carrier_id=result.carrier_id)
    assert state(outbox)[:2] == ("submitted", result.carrier_id)
    ask(outbox)
    outbox.dispatcher("other").deliver("sms")
    assert len(outbox.sms.ledger) == 1


def test_a_message_in_doubt_whose_carrier_id_is_known_is_not_taken_for_another(outbox):
    queue(outbox)
    (message,) = opened(outbox, "slow")
    result = outbox.sms.send(_outgoing(message))
    answer(outbox, message, Outcome.AMBIGUOUS, carrier_id=result.carrier_id, error_code="no_answer")
    ask(outbox)
    outbox.dispatcher("other").deliver("sms")
    assert state(outbox)[0] == "submitted"
    assert len(outbox.sms.ledger) == 1


def test_a_late_no_does_not_take_the_message_from_the_next_worker(outbox):
    queue(outbox)
    (late,) = opened(outbox, "slow")
    outbox.clock.advance(LATE)
    run_sweep(outbox)
    ask(outbox)
    (current,) = opened(outbox, "next")
    assert current.attempt == 2
    for outcome in (Outcome.REFUSED_NOW, Outcome.REFUSED_FOR_GOOD, Outcome.AMBIGUOUS):
        answer(outbox, late, outcome, error_code="503", detail="busy")
        assert state(outbox)[::2] == ("claimed", "next"), outcome
    answer(outbox, current, Outcome.ACCEPTED, carrier_id="SM1")
    assert state(outbox)[0] == "submitted"


def test_what_a_stopped_worker_hands_back_may_be_in_other_hands(outbox):
    queue(outbox)
    mine = take(outbox, "slow")
    outbox.clock.advance(LATE)
    run_sweep(outbox)
    opened(outbox, "next")
    now = outbox.clock.now()
    with outbox.database.begin() as session:
        hand_back(session, mine, owner="slow", now=now, due=now, reason="The worker was stopped.")
    assert state(outbox)[::2] == ("claimed", "next")


def test_a_request_that_waited_longer_than_its_lease_does_not_leave(outbox):
    ids = queue(outbox)
    dispatcher = outbox.dispatcher(threads=1, lease=timedelta(seconds=0.1))
    stalled = threading.Event()
    dispatcher._pool.submit(stalled.wait, 0.2)
    done = dispatcher.deliver("sms", ids)
    assert outbox.sms.offered == []
    assert done.outcomes == {"refused_now": 1}
    assert state(outbox)[0] == "queued"


def test_the_answers_of_a_batch_that_broke_are_not_counted_for_the_next(outbox, monkeypatch):
    first, second = queue(outbox, 4), queue(outbox, 4)
    dispatcher = outbox.dispatcher(threads=4)
    real, away = outbox.database.run, threading.Event()

    def run(work, **more):
        if away.is_set():
            raise ConnectionError("the database went away")
        return real(work, **more)

    def accept(outgoing):
        away.set()
        return outbox.sms.accept(outgoing)

    monkeypatch.setattr(outbox.database, "run", run)
    outbox.sms.answer = accept
    with pytest.raises(ConnectionError):
        dispatcher.deliver("sms", first)
    outbox.sms.answer = outbox.sms.accept
    away.clear()
    assert dispatcher.deliver("sms", second).outcomes == {"accepted": 4}
    with outbox.database.read() as session:
        assert set(session.scalars(select(Message.state).where(Message.id.in_(second)))) == {"submitted"}


def test_a_carrier_that_does_not_answer_is_not_asked_hundreds_of_times_in_a_round(outbox):
    queue(outbox, 120)
    outbox.sms.answer = outbox.sms.accept_and_drop
    outbox.dispatcher().deliver("sms")
    asked = []

    def away(outgoing, since, until, known):
        asked.append(outgoing.message_id)
        raise CannotAsk("It timed out.")

    looking, outbox.sms.look_for = outbox.sms.look_for, away
    ask(outbox, times=1)
    assert len(asked) <= ASKERS
    outbox.sms.look_for = looking
    ask(outbox, times=1)
    with outbox.database.read() as session:
        assert set(session.scalars(select(Message.state))) == {"submitted"}


def test_staff_are_asked_once_about_an_email_nobody_can_tell_of(outbox):
    with outbox.database.begin() as session:
        account = build.account(session)
        enqueue(session, [build.draft(account.id, channel="email")], outbox.clock)
    outbox.email.answer = lambda outgoing: Result(Outcome.AMBIGUOUS, error_code="no_answer")
    outbox.email.look_for = lambda *_: (_ for _ in ()).throw(CannotAsk("SendGrid cannot be asked."))
    outbox.dispatcher().deliver("email")
    outbox.clock.advance(timedelta(minutes=20))
    ask(outbox, times=1)
    with outbox.database.begin() as session:
        (task,) = open_tasks(session, ["unknown_send"])
        assert resolve(session, task.id, "user:ann", "Looked at SendGrid: it left.", outbox.clock.now())
    ask(outbox, times=2)
    with outbox.database.read() as session:
        assert open_tasks(session) == []


def _outgoing(message):
    from comms.channels import Outgoing

    return Outgoing(message.id, "t", message.recipient, "", None, message.body_text, None, "billing", "dunning")
