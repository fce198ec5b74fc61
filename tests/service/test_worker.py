"""The worker as a process: it hears the bell, it ends politely, and it loses nothing when it is shot."""

import re
import signal
from collections import Counter
from datetime import UTC, datetime, timedelta

from rq import Queue
from rq.registry import ScheduledJobRegistry
from sqlalchemy import func, select

from comms import outbox
from comms.bundled_redis import url_of
from comms.history import verify
from comms.outbox import Message
from comms.outbox.doorbell import connect
from comms.outbox.schema import Attempt
from tests.support.waiting import until


def test_a_worker_hears_the_bell_and_sends(at_work):
    ids = at_work.queue(40)
    at_work.ring(ids)
    worker = at_work.worker("--lane", "sms")
    at_work.until_sent(ids)
    assert at_work.end(worker) == 0
    assert at_work.states() == {"submitted": 40}


def test_it_sends_what_it_is_rung_for_while_it_waits(at_work):
    worker = at_work.worker("--lane", "sms")
    until("the worker's start", lambda: connect(url_of(at_work.office.settings)).smembers("rq:workers"))
    ids = at_work.queue(3)
    at_work.ring(ids)
    at_work.until_sent(ids)
    assert at_work.end(worker) == 0


def test_it_keeps_to_the_carriers_day(at_work):
    at_work.environment["TWILIO_SEGMENTS_PER_DAY"] = "20"
    ids = at_work.queue(40)
    at_work.ring(ids)
    worker = at_work.worker("--lane", "sms")
    until("the day's texts", lambda: at_work.states() == {"submitted": 18, "queued": 22})
    assert at_work.accepted() == Counter(ids[:18])
    assert at_work.end(worker) == 0


def test_told_to_end_in_the_middle_of_a_batch_it_finishes_what_left_and_hands_the_rest_back(at_work):
    at_work.carriers.faults(latency_ms=100)
    ids = at_work.queue(120)
    at_work.ring(ids)
    worker = at_work.worker("--lane", "sms")
    until("the first texts", lambda: len(at_work.accepted()) >= 8)
    assert at_work.end(worker) == 0
    left = at_work.states()
    assert set(left) == {"submitted", "queued"}, "nothing is left claimed"
    assert len(at_work.accepted()) == left["submitted"] < 120
    with at_work.office.database.read() as session:
        assert session.scalar(select(func.count(Attempt.id)).where(Attempt.outcome == "open")) == 0
    at_work.carriers.faults(latency_ms=0)
    at_work.ring([])
    second = at_work.worker("--lane", "sms")
    at_work.until_sent(ids)
    assert at_work.end(second) == 0


def test_shot_in_the_middle_of_a_batch_everything_still_leaves_exactly_once(at_work):
    at_work.carriers.faults(latency_ms=60, rate_accept_then_drop=0.1)
    ids = at_work.queue(60)
    at_work.ring(ids)
    worker = at_work.worker("--lane", "sms")
    until("the first texts", lambda: len(at_work.accepted()) >= 8)
    at_work.end(worker, signal.SIGKILL)
    assert at_work.states()["claimed"] > 0, "it died holding messages"
    at_work.carriers.faults(latency_ms=0, rate_accept_then_drop=0)
    office = at_work.office
    second = at_work.worker("--lane", "sms")

    def mended() -> bool:
        at_work.later(timedelta(seconds=70))
        swept = office.database.run(lambda session: outbox.sweep(session, office.clock))
        for lane, due in swept.due.items():
            office.doorbell.ring(lane, due)
        outbox.resolve_unknowns(office.database, office.clock, office.channels, office.patience)
        return set(at_work.states()) == {"submitted"}

    until("mending", mended, seconds=120)
    assert at_work.end(second) == 0
    assert set(at_work.accepted()) == set(ids)
    assert set(at_work.accepted().values()) == {1}, "nobody was written to twice"
    with office.database.read() as session:
        for account_id in session.scalars(select(Message.account_id)):
            assert verify(session, account_id)[1] == []


def test_what_was_refused_for_now_is_tried_again_through_the_scheduler(at_work):
    at_work.carriers.faults(next=["503"])
    (message_id,) = at_work.queue(1)
    at_work.ring([message_id])
    worker = at_work.worker("--lane", "sms")
    connection = connect(url_of(at_work.office.settings))
    registry = ScheduledJobRegistry(queue=Queue("sms", connection=connection))
    (job_id,) = until("the next attempt", registry.get_job_ids)
    wait = (registry.get_scheduled_time(job_id) - datetime.now(UTC)).total_seconds()
    assert 5 < wait <= 17, "15 s, with jitter"
    assert (at_work.states(), len(at_work.accepted())) == ({"queued": 1}, 0)
    at_work.later(timedelta(seconds=20))
    connection.zadd(registry.key, {job_id: datetime.now(UTC).timestamp() - 1})
    scheduler = at_work.worker("--scheduler")
    at_work.until_sent([message_id])
    with at_work.office.database.read() as session:
        outcomes = session.scalars(select(Attempt.outcome).order_by(Attempt.number)).all()
    assert outcomes == ["refused_now", "accepted"]
    assert [at_work.end(process) for process in (worker, scheduler)] == [0, 0]


def test_the_clock_finds_what_nobody_rang_for(at_work):
    ids = at_work.queue(5)
    worker, clock = at_work.worker("--lane", "sms"), at_work.worker("--clock")
    at_work.until_sent(ids)
    assert [at_work.end(process) for process in (worker, clock)] == [0, 0]


def test_two_sweeps_at_once_ring_for_each_message_once(database, clock, two_at_once):
    from tests.support import build

    with database.begin() as session:
        source = build.import_file(session).id
        for n in range(50):
            account = build.account(session, phone=None, import_id=source)
            outbox.enqueue(session, [build.draft(account.id, recipient=f"+1218{3000000 + n}")], clock)
    swept = two_at_once(lambda: database.run(lambda session: outbox.sweep(session, clock)))
    rung = [id_ for one in swept for id_ in one.due.get("sms", [])]
    assert len(rung) == len(set(rung)) == 50


def test_the_logs_of_the_workers_say_nothing_of_customers(at_work):
    ids = at_work.queue(10)
    at_work.carriers.faults(next=["503", "accept_then_drop"])
    at_work.ring(ids)
    worker = at_work.worker("--lane", "sms")
    until("sending", lambda: "queued" not in at_work.states() or len(at_work.accepted()) >= 9)
    at_work.end(worker)
    logged = at_work.logged()
    assert "outbox.delivered" in logged
    assert not re.search(r"218[-. )]?\d{3}[-. ]?\d{4}", logged) and "Maria" not in logged
