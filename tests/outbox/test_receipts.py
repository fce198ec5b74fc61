"""Receipts come late, early, twice and in any order; the end is always the same."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from comms.channels import Outcome, Result
from comms.history import timeline
from comms.outbox import Message, Receipt, State, enqueue, fold
from comms.outbox.claims import claim, open_attempts
from comms.outbox.settle import Tried, settle
from comms.outbox.states import ALLOWED, FINAL, RANK, from_states, may_become
from tests.support import build

LIFE = ("submitted", "sent", "undelivered", "delivered", "bounced")


def receipt(message_id, state, minute, **more):
    at = build.NOW + timedelta(minutes=minute)
    return Receipt(message_id, f"SM{message_id}", "twilio", state, at, **more)


def queued(database, clock, count=1):
    with database.begin() as session:
        account = build.account(session)
        return enqueue(session, [build.draft(account.id) for _ in range(count)], clock)


def facts(database, message_ids):
    with database.read() as session:
        rows = session.execute(
            select(Message.state, Message.state_at, Message.error_code).where(Message.id.in_(message_ids))
        )
        return {tuple(row) for row in rows}


def test_every_permutation_of_a_life_ends_the_same(database, clock):
    orders = list(itertools.permutations(range(len(LIFE))))
    ids = queued(database, clock, len(orders))
    for message_id, order in zip(ids, orders, strict=True):
        for part in (order[:2], order[2:]):
            with database.begin() as session:
                fold(session, [receipt(message_id, LIFE[n], n) for n in part], clock)
    assert facts(database, ids) == {("bounced", build.NOW + timedelta(minutes=4), None)}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_repetition_and_split_ends_the_same(database, clock, data):
    reports = data.draw(
        st.lists(
            st.tuples(st.sampled_from(LIFE[:4]), st.integers(0, 5), st.sampled_from([None, "30003", "30005"])),
            min_size=1,
            max_size=6,
        )
    )
    repeated = data.draw(st.permutations(reports + data.draw(st.lists(st.sampled_from(reports), max_size=4))))
    cut = data.draw(st.integers(0, len(repeated)))
    one, two = queued(database, clock, 2)
    with database.begin() as session:
        fold(session, [receipt(one, s, m, error_code=code) for s, m, code in reports], clock)
    for part in (repeated[:cut], repeated[cut:]):
        with database.begin() as session:
            fold(session, [receipt(two, s, m, error_code=code) for s, m, code in part], clock)
    assert len(facts(database, [one, two])) == 1


def test_a_receipt_that_comes_before_its_own_answer_is_not_overwritten(database, clock, city):
    import random

    from comms.channels import Outcome, Result
    from comms.outbox.claims import claim, open_attempts
    from comms.outbox.settle import Tried, settle

    (message_id,) = queued(database, clock)
    with database.begin() as session:
        taken = claim(session, city, lane="sms", owner="w", now=clock.now(), limit=1).sendable
        open_attempts(session, taken, owner="w", now=clock.now())
    with database.begin() as session:
        fold(session, [receipt(message_id, "delivered", 1)], clock)
    with database.begin() as session:
        tried = [Tried(taken[0], Result(Outcome.ACCEPTED, carrier_id="SM1"))]
        settle(session, tried, now=clock.now(), draw=random.Random(1))
    assert {state for state, _, _ in facts(database, [message_id])} == {"delivered"}


def test_a_receipt_is_found_by_the_carriers_id_and_strangers_are_returned(database, clock):
    (message_id,) = queued(database, clock)
    with database.begin() as session:
        fold(session, [receipt(message_id, "sent", 1)], clock)
        by_sid = Receipt(None, f"SM{message_id}", "twilio", "delivered", build.NOW + timedelta(minutes=2))
        stranger = Receipt(None, "SMnobody", "twilio", "delivered", build.NOW)
        folded = fold(session, [by_sid, stranger], clock)
    assert folded.changed == 1 and folded.unmatched == [stranger]
    assert {state for state, _, _ in facts(database, [message_id])} == {"delivered"}


def test_the_history_says_why_it_was_not_delivered(database, clock):
    (message_id,) = queued(database, clock)
    with database.begin() as session:
        why = {"error_code": "30005", "error_text": "Unknown destination handset"}
        fold(session, [receipt(message_id, "undelivered", 1, **why)], clock)
        account_id = session.get(Message, message_id).account_id
    with database.read() as session:
        last = timeline(session, account_id)[-1]
    assert last.kind == "delivery.undelivered" and "Unknown destination handset" in last.summary


def test_a_message_recalled_too_late_tells_the_truth(database, clock):
    from comms.outbox import recall

    (message_id,) = queued(database, clock)
    with database.begin() as session:
        account_id = session.get(Message, message_id).account_id
        assert recall(session, [account_id], clock, reason="a payment was posted").cancelled == [message_id]
    with database.begin() as session:
        fold(session, [receipt(message_id, "delivered", 1)], clock)
    assert {state for state, _, _ in facts(database, [message_id])} == {"delivered"}


@pytest.mark.parametrize("state", list(State))
def test_the_table_of_states_hangs_together(state):
    for after in ALLOWED.get(state, frozenset()):
        assert may_become(state, after) and state in from_states(after)
    if state in FINAL and state is not State.MAILED:
        assert state not in ALLOWED, "nothing of ours follows a final state"
    assert len(set(RANK.values())) == len(RANK), "no two reports weigh the same"


@pytest.mark.parametrize("answer_first", [True, False])
def test_when_a_message_left_is_known_whichever_comes_first(outbox, answer_first):
    (message_id,) = queued(outbox.database, outbox.clock)
    with outbox.database.begin() as session:
        taken = claim(session, outbox.city, lane="sms", owner="w", now=outbox.clock.now(), limit=1).sendable
        (message,) = open_attempts(session, taken, owner="w", now=outbox.clock.now())
    steps = [
        lambda session: settle(
            session, [Tried(message, Result(Outcome.ACCEPTED, carrier_id=f"SM{message_id}"))],
            now=outbox.clock.now(), draw=outbox.dispatcher()._draw,
        ),
        lambda session: fold(session, [receipt(message_id, "delivered", 1)], outbox.clock),
    ]  # fmt: skip
    for step in steps if answer_first else reversed(steps):
        with outbox.database.begin() as session:
            step(session)
    with outbox.database.read() as session:
        state, left, carrier_id = session.execute(select(Message.state, Message.submitted_at, Message.carrier_id)).one()
    assert (state, carrier_id) == ("delivered", f"SM{message_id}")
    assert left is not None
