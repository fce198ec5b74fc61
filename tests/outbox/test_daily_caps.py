"""The carrier's day: so many segments from midnight to midnight Pacific time, and a tenth of them for answers."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import redis
from sqlalchemy import update

from comms.channels import Outcome, Result
from comms.outbox import Message, enqueue, sweep
from comms.outbox.daily import DailyCap, day_begins, day_of, for_notices, used
from comms.outbox.schema import Attempt
from tests.support import build

LIMIT = 20
CHICAGO = ZoneInfo("America/Chicago")


@pytest.fixture
def client(redis_url):
    with redis.Redis.from_url(redis_url) as opened:
        opened.flushdb()
        yield opened


@pytest.fixture
def away():
    """A Redis that does not answer."""
    return redis.Redis(port=1, socket_connect_timeout=0.1, retry=None)


@pytest.fixture
def caps(outbox, client):
    def making(connection=client, limit=LIMIT):
        return {
            "sms": DailyCap(
                connection, outbox.database, outbox.clock, channel="sms", sender="+12185550100", limit=limit
            )
        }

    return making


@pytest.fixture
def queue(outbox):
    """Queue texts of two segments."""
    with outbox.database.begin() as session:
        account_id = build.account(session).id

    def queueing(count, **given):
        with outbox.database.begin() as session:
            drafts = [build.draft(account_id, **({"segments": 2} | given)) for _ in range(count)]
            return enqueue(session, drafts, outbox.clock)

    return queueing


def states(outbox) -> dict[str, int]:
    with outbox.database.read() as session:
        found: dict[str, int] = {}
        for message in session.query(Message):
            found[message.state] = found.get(message.state, 0) + 1
        return found


def counted(outbox) -> int:
    with outbox.database.read() as session:
        return used(session, "sms", outbox.clock.now())


def test_notices_over_the_limit_wait_for_the_next_day_and_the_morning(outbox, caps, queue):
    queue(12)
    done = outbox.dispatcher(caps=caps()).deliver("sms")
    assert (done.outcomes, done.handed_back) == ({"accepted": 9}, 3), "18 of 20 segments"
    with outbox.database.read() as session:
        waiting = session.query(Message).filter_by(state="queued").all()
    assert {m.next_attempt_at for m in waiting} == {datetime(2026, 11, 24, 8, 0, tzinfo=CHICAGO).astimezone(UTC)}
    assert {(m.attempts, m.lease_owner) for m in waiting} == {(0, None)}
    assert waiting[0].state_reason == (
        "Today's 18 text segments for notices are used up (the carrier takes 20 a day; the rest is kept for answers); "
        "it waits for the next day."
    )
    assert set(done.again) == {m.id for m in waiting}, "they are rung for then"
    assert outbox.dispatcher("w2", caps=caps()).deliver("sms").total == 0
    outbox.clock.set(datetime(2026, 11, 24, 8, 0, tzinfo=CHICAGO))
    with outbox.database.begin() as session:
        assert len(sweep(session, outbox.clock).due["sms"]) == 3
    assert outbox.dispatcher(caps=caps()).deliver("sms").outcomes == {"accepted": 3}
    assert states(outbox) == {"submitted": 12}
    sent = [outgoing.message_id for _, outgoing in outbox.sms.ledger]
    assert len(sent) == len(set(sent)) == 12


def test_answers_leave_although_notices_have_used_their_part(outbox, caps, queue):
    queue(12)
    outbox.dispatcher(caps=caps()).deliver("sms")
    queue(3, lane="urgent", purpose="conversational", segments=1)
    done = outbox.dispatcher(caps=caps()).deliver("urgent")
    assert (done.outcomes, done.handed_back) == ({"accepted": 2}, 1), "the whole of the day, and no more"
    with outbox.database.read() as session:
        (late,) = session.query(Message).filter_by(state="queued", lane="urgent")
    assert late.next_attempt_at == datetime(2026, 11, 24, 2, 0, tzinfo=CHICAGO), "an answer may come at night"
    assert late.state_reason == "The carrier's limit of 20 text segments a day is used up; it waits for the next day."


def test_other_channels_go_on(outbox, caps, queue):
    queue(1, lane="urgent", purpose="conversational", segments=LIMIT + 1)
    queue(2, lane="urgent", purpose="conversational", channel="email", segments=None)
    done = outbox.dispatcher(caps=caps()).deliver("urgent")
    assert (done.outcomes, done.handed_back) == ({"accepted": 2}, 1)
    assert len(outbox.email.ledger) == 2


@pytest.mark.parametrize("outcome", [Outcome.REFUSED_NOW, Outcome.REFUSED_FOR_GOOD])
def test_what_was_not_taken_leaves_its_share_to_others(outbox, caps, queue, client, outcome):
    outbox.sms.answer = lambda _: Result(outcome, error_code="21611", detail="The queue is full.")
    queue(9)
    dispatcher = outbox.dispatcher(caps=caps())
    assert dispatcher.deliver("sms").outcomes == {outcome: 9}
    assert [int(client.get(key)) for key in client.keys("comms:day:*")] == [0] == [counted(outbox)]
    outbox.sms.answer = outbox.sms.accept
    queue(9)
    assert dispatcher.deliver("sms", limit=9).total == 9


def test_what_may_have_left_is_counted(outbox, caps, queue):
    outbox.sms.answer = outbox.sms.accept_and_drop
    queue(9)
    outbox.dispatcher(caps=caps()).deliver("sms")
    assert counted(outbox) == 18
    queue(1)
    assert outbox.dispatcher("w2", caps=caps()).deliver("sms").handed_back == 1


def test_what_a_dead_worker_had_under_way_is_counted(outbox, caps, queue):
    class KilledError(BaseException):
        pass

    def die(*_):
        raise KilledError

    queue(9)
    dying = outbox.dispatcher(caps=caps())
    dying._count = die
    with pytest.raises(KilledError):
        dying.deliver("sms")
    assert counted(outbox) == 18
    queue(1)
    assert outbox.dispatcher("w2", caps=caps()).deliver("sms").total == 0


def test_an_empty_redis_does_not_begin_the_day_again(outbox, caps, queue, client):
    queue(12)
    outbox.dispatcher(caps=caps()).deliver("sms", limit=6)
    client.flushdb()
    assert outbox.dispatcher("w2", caps=caps()).deliver("sms").outcomes == {"accepted": 3}
    client.flushdb()
    queue(1)
    assert outbox.dispatcher("w3", caps=caps()).deliver("sms").total == 0
    assert 0 < client.ttl(client.keys("comms:day:*")[0]) <= 900, "and is counted anew from time to time"


def test_without_redis_the_day_is_counted_in_the_database(outbox, caps, queue, away):
    queue(12)
    done = outbox.dispatcher(caps=caps(away)).deliver("sms")
    assert (done.outcomes, done.handed_back) == ({"accepted": 9}, 3)


def test_workers_at_once_do_not_pass_the_limit_together(outbox, caps, queue, two_at_once):
    queue(12)
    owners = iter(("w1", "w2"))
    both = two_at_once(lambda: outbox.dispatcher(next(owners), threads=2, caps=caps()).deliver("sms", limit=6))
    assert sum(done.total for done in both) == 9
    assert counted(outbox) == 18 and states(outbox) == {"submitted": 9, "queued": 3}


def test_yesterdays_texts_are_not_counted_today(outbox, caps, queue):
    queue(9)
    outbox.dispatcher(caps=caps()).deliver("sms")
    outbox.clock.set(datetime(2026, 11, 24, 1, 59, 59, tzinfo=CHICAGO))
    assert counted(outbox) == 18
    outbox.clock.advance(timedelta(seconds=1))
    assert counted(outbox) == 0
    with outbox.database.begin() as session:
        session.execute(update(Message).values(state="delivered", state_at=outbox.clock.now()))
    assert counted(outbox) == 0, "a receipt of today does not make it today's"
    with outbox.database.begin() as session:
        session.execute(update(Attempt).values(started_at=outbox.clock.now()))
    assert counted(outbox) == 18


@pytest.mark.parametrize(
    ("at", "begins", "hours"),
    [
        ("2026-11-23T16:00+00:00", "2026-11-23T08:00+00:00", 24),
        ("2026-11-24T07:59+00:00", "2026-11-23T08:00+00:00", 24),
        ("2026-03-08T12:00+00:00", "2026-03-08T08:00+00:00", 23),
        ("2026-11-01T12:00+00:00", "2026-11-01T07:00+00:00", 25),
    ],
)
def test_the_day_is_the_pacific_one_also_when_the_clocks_change(at, begins, hours):
    day = day_of(datetime.fromisoformat(at))
    assert day_begins(day) == datetime.fromisoformat(begins)
    passed = day_begins(day + timedelta(days=1)).astimezone(UTC) - day_begins(day).astimezone(UTC)
    assert passed == timedelta(hours=hours)


def test_a_tenth_is_kept_for_answers():
    assert [for_notices(limit) for limit in (2000, 20, 15, 1)] == [1800, 18, 13, 0]
