"""A message leaves once, whatever dies in between."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from comms.channels import Outcome, Result
from comms.history import timeline, verify
from comms.outbox import Message, Patience, State, enqueue, resolve_unknowns, sweep
from comms.outbox.claims import LEASE, claim, open_attempts
from comms.outbox.schema import Attempt
from tests.support import build


def queue(outbox, count=1, **more):
    with outbox.database.begin() as session:
        account = build.account(session)
        drafts = [build.draft(account.id, facts_version=account.facts_version, **more) for _ in range(count)]
        return account.id, enqueue(session, drafts, outbox.clock)


def states(outbox):
    with outbox.database.read() as session:
        return [state for (state,) in session.execute(select(Message.state).order_by(Message.id))]


def attempts(outbox):
    with outbox.database.read() as session:
        rows = session.execute(select(Attempt.message_id, Attempt.number, Attempt.outcome).order_by(Attempt.id))
        return [tuple(row) for row in rows]


def test_accepted_messages_are_submitted_and_the_history_tells_it(outbox):
    account, ids = queue(outbox, 40)
    done = outbox.dispatcher().deliver("sms", ids)
    assert done.outcomes == {"accepted": 40}
    assert states(outbox) == ["submitted"] * 40
    assert len({sent.message_id for _, sent in outbox.sms.ledger}) == 40
    with outbox.database.read() as session:
        entries = timeline(session, account)
        assert [entry.kind for entry in entries].count("delivery.submitted") == 40
        submitted = next(entry for entry in entries if entry.kind == "delivery.submitted")
        assert submitted.content["text"].startswith("Reminder")
        assert verify(session, account) == (80, [])


def test_the_same_decision_is_queued_once(outbox):
    with outbox.database.begin() as session:
        account = build.account(session)
        draft = build.draft(account.id, dedupe_key="decision:1")
        assert len(enqueue(session, [draft, draft], outbox.clock)) == 1
    with outbox.database.begin() as session:
        assert enqueue(session, [draft], outbox.clock) == []


def test_a_refusal_for_now_is_tried_again_later_with_growing_patience(outbox):
    _, ids = queue(outbox)
    outbox.sms.answer = lambda outgoing: Result(Outcome.REFUSED_NOW, http_status=503, error_code="503", detail="busy")
    dispatcher = outbox.dispatcher()
    first = dispatcher.deliver("sms", ids).again[ids[0]] - outbox.clock.now()
    assert timedelta(seconds=7) <= first <= timedelta(seconds=15)
    assert dispatcher.deliver("sms", ids).total == 0, "it is not due yet"
    outbox.clock.advance(first)
    second = dispatcher.deliver("sms", ids).again[ids[0]] - outbox.clock.now()
    assert timedelta(seconds=15) <= second <= timedelta(seconds=30)
    outbox.sms.answer = outbox.sms.accept
    outbox.clock.advance(second)
    dispatcher.deliver("sms", ids)
    assert states(outbox) == ["submitted"]
    assert attempts(outbox) == [(ids[0], 1, "refused_now"), (ids[0], 2, "refused_now"), (ids[0], 3, "accepted")]


def test_a_message_is_given_up_when_its_time_is_over(outbox):
    _, ids = queue(outbox, give_up_after=timedelta(minutes=1))
    outbox.sms.answer = lambda outgoing: Result(
        Outcome.REFUSED_NOW, error_code="20429", detail="slow down", retry_after=timedelta(minutes=2)
    )
    outbox.dispatcher().deliver("sms", ids)
    assert states(outbox) == ["failed"]


def test_an_opt_out_only_the_carrier_knew_of_is_taken_over(outbox):
    account, ids = queue(outbox, recipient="+12185550101")
    outbox.sms.answer = lambda outgoing: Result(
        Outcome.REFUSED_FOR_GOOD, http_status=400, error_code="21610", detail="opted out", address_status="opted_out"
    )
    outbox.dispatcher().deliver("sms", ids)
    assert states(outbox) == ["failed"]
    with outbox.database.begin() as session:
        enqueue(session, [build.draft(account, recipient="+12185550101")], outbox.clock)
    outbox.dispatcher().deliver("sms")
    assert states(outbox) == ["failed", "suppressed"]
    assert len(outbox.sms.offered) == 1
    with outbox.database.read() as session:
        assert "consent.revoked" in [entry.kind for entry in timeline(session, account)]


def test_nobody_who_paid_five_minutes_ago_is_dunned(outbox):
    account, ids = queue(outbox)
    with outbox.database.begin() as session:
        from comms.accounts import touch

        touch(session, [account], outbox.clock.now())
    done = outbox.dispatcher().deliver("sms", ids)
    assert done.aside == {"held": 1} and outbox.sms.offered == []
    assert states(outbox) == ["held"]


def test_a_text_that_comes_to_its_turn_at_night_waits_for_the_morning(outbox):
    _, ids = queue(outbox, recipient="+12185550123")
    outbox.clock.advance(timedelta(hours=11, minutes=5))
    outbox.dispatcher().deliver("sms", ids)
    assert states(outbox) == ["queued"] and outbox.sms.offered == []
    outbox.clock.advance(timedelta(hours=10, minutes=54))
    outbox.dispatcher().deliver("sms", ids)
    assert outbox.sms.offered == [], "07:59 is still night"
    outbox.clock.advance(timedelta(minutes=1))
    outbox.dispatcher().deliver("sms", ids)
    assert states(outbox) == ["submitted"]


def test_two_workers_never_take_the_same_message(outbox):
    _, ids = queue(outbox, 20)
    with outbox.database.begin() as session:
        taken = claim(session, outbox.city, lane="sms", owner="w1", now=outbox.clock.now(), limit=12)
    outbox.dispatcher("w2").deliver("sms", ids)
    assert len(taken.sendable) == 12
    assert {sent.message_id for _, sent in outbox.sms.ledger} == set(ids) - {message.id for message in taken.sendable}


def test_a_worker_that_dies_before_the_request_left_costs_nothing(outbox):
    _, ids = queue(outbox)
    with outbox.database.begin() as session:
        claim(session, outbox.city, lane="sms", owner="dead", now=outbox.clock.now(), limit=10)
    outbox.clock.advance(LEASE + timedelta(seconds=1))
    with outbox.database.begin() as session:
        swept = sweep(session, outbox.clock)
    assert (swept.requeued, swept.unknown, swept.due) == (1, 0, {"sms": ids})
    outbox.dispatcher().deliver("sms", ids)
    assert states(outbox) == ["submitted"] and attempts(outbox) == [(ids[0], 1, "accepted")]


def test_a_worker_that_dies_with_the_request_under_way_leaves_a_question_not_a_second_text(outbox):
    _, ids = queue(outbox)
    with outbox.database.begin() as session:
        taken = claim(session, outbox.city, lane="sms", owner="dead", now=outbox.clock.now(), limit=10)
        open_attempts(session, taken.sendable, owner="dead", now=outbox.clock.now())
    from comms.channels import Outgoing

    outbox.sms.accept(
        Outgoing(ids[0], "", taken.sendable[0].recipient, "", None, taken.sendable[0].body_text, None, "", "")
    )
    outbox.clock.advance(LEASE + timedelta(seconds=1))
    with outbox.database.begin() as session:
        assert sweep(session, outbox.clock).unknown == 1
    outbox.dispatcher().deliver("sms", ids)
    assert outbox.sms.offered == [] and states(outbox) == ["unknown"]
    outbox.clock.advance(timedelta(seconds=15))
    resolved = resolve_unknowns(outbox.database, outbox.clock, {"sms": outbox.sms}, Patience())
    assert resolved.found == 1 and states(outbox) == ["submitted"]


def test_a_worker_that_slept_through_its_lease_sends_nothing(outbox):
    queue(outbox)
    with outbox.database.begin() as session:
        taken = claim(session, outbox.city, lane="sms", owner="sleeper", now=outbox.clock.now(), limit=10)
    outbox.clock.advance(LEASE + timedelta(seconds=1))
    with outbox.database.begin() as session:
        sweep(session, outbox.clock)
    with outbox.database.begin() as session:
        assert open_attempts(session, taken.sendable, owner="sleeper", now=outbox.clock.now()) == []


@pytest.mark.parametrize("carrier_had_it", [True, False])
def test_a_lost_answer_is_asked_about_and_never_resent_blindly(outbox, carrier_had_it):
    _, ids = queue(outbox)
    lost = Result(Outcome.AMBIGUOUS, error_code="timeout", detail="no answer")
    outbox.sms.answer = outbox.sms.accept_and_drop if carrier_had_it else lambda outgoing: lost
    outbox.dispatcher().deliver("sms", ids)
    assert states(outbox) == ["unknown"]
    outbox.sms.answer = outbox.sms.accept
    for _ in range(8):
        outbox.clock.advance(timedelta(seconds=15))
        resolve_unknowns(outbox.database, outbox.clock, {"sms": outbox.sms}, Patience())
        with outbox.database.begin() as session:
            due = sweep(session, outbox.clock).due
        outbox.dispatcher().deliver("sms", due.get("sms", [0]))
    assert states(outbox) == ["submitted"]
    assert len(outbox.sms.ledger) == 1


def test_a_worker_told_to_stop_finishes_what_is_under_way_and_hands_back_the_rest(outbox):
    _, ids = queue(outbox, 60)

    def accept_then_stop(outgoing):
        outbox.stopping.set()
        return outbox.sms.accept(outgoing)

    outbox.sms.answer = accept_then_stop
    done = outbox.dispatcher(threads=4).deliver("sms", ids)
    sent = len(outbox.sms.ledger)
    assert 0 < sent < 60 and done.total == sent and done.handed_back == 60 - sent
    assert sorted(states(outbox)) == ["queued"] * (60 - sent) + ["submitted"] * sent


def test_when_the_carrier_refuses_everybody_the_lane_rests_and_staff_are_told(outbox):
    from comms.worklist import open_tasks

    _, ids = queue(outbox, 40)
    outbox.sms.answer = lambda outgoing: Result(
        Outcome.REFUSED_NOW, http_status=401, error_code="20003", detail="Authenticate", halt=True
    )
    done = outbox.dispatcher(threads=4).deliver("sms", ids)
    assert len(outbox.sms.offered) < 40 and done.handed_back > 0
    assert set(states(outbox)) == {"queued"}
    with outbox.database.read() as session:
        tasks = open_tasks(session)
        assert [task.kind for task in tasks] == ["carrier_halted"] and "20003" in tasks[0].reason


def test_a_second_sweep_finds_nothing_left_to_do(outbox):
    queue(outbox, 5)
    with outbox.database.begin() as session:
        first = sweep(session, outbox.clock)
    with outbox.database.begin() as session:
        second = sweep(session, outbox.clock)
    assert len(first.due["sms"]) == 5 and second.due == {}
    assert states(outbox) == [State.QUEUED] * 5


def test_the_next_batches_leave_a_halted_carrier_alone_until_it_has_rested(outbox):
    _, ids = queue(outbox, 30)
    outbox.sms.answer = lambda outgoing: Result(Outcome.REFUSED_NOW, error_code="20003", detail="No.", halt=True)
    dispatcher = outbox.dispatcher(threads=2)
    dispatcher.deliver("sms", ids[:10])
    asked = len(outbox.sms.offered)
    done = dispatcher.deliver("sms", ids[10:])
    assert len(outbox.sms.offered) == asked
    assert done.handed_back == 20 and set(done.again) == set(ids[10:])
    outbox.sms.answer = outbox.sms.accept
    outbox.clock.advance(timedelta(minutes=5, seconds=1))
    dispatcher.deliver("sms")
    assert states(outbox) == ["submitted"] * 30
