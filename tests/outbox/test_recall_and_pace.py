"""What has not left can be called back; what leaves keeps to the carrier's pace."""

import redis

from comms.accounts import contacts, touch
from comms.campaigns import redecide
from comms.history import timeline
from comms.notices import Catalogue, Renderer
from comms.outbox import Message, enqueue, recall, sweep
from comms.outbox.doorbell import BATCH, ENOUGH_JOBS, Doorbell
from comms.outbox.failures import show_failures
from comms.outbox.fallback import fall_back
from comms.outbox.pacing import TokenBucket
from comms.settings import ROOT
from comms.worklist import Task
from tests.support import build


def test_a_payment_calls_back_what_has_not_left(database, clock):
    with database.begin() as session:
        account = build.account(session)
        other = build.account(session, phone="+12185550102")
        mine = enqueue(session, [build.draft(account.id), build.draft(account.id, purpose="legal")], clock)
        enqueue(session, [build.draft(other.id)], clock)
        recalled = recall(session, [account.id], clock, reason="a payment of $50.00 was posted")
    assert recalled.cancelled == mine[:1]
    with database.read() as session:
        states = {m.id: m.state for m in session.query(Message)}
        assert sorted(states.values()) == ["cancelled", "queued", "queued"]
        assert "payment of $50.00" in timeline(session, account.id)[-1].summary


def test_a_changed_account_is_decided_again_with_todays_facts(database, clock, city):
    renderer = Renderer(Catalogue.load(ROOT, city), city)
    with database.begin() as session:
        account = build.account(session, past_due_cents=12000)
        enqueue(session, [build.draft(account.id, facts_version=1, recipient="+12185550101")], clock)
        account.past_due_cents = 7000
        touch(session, [account.id], clock.now())
        session.query(Message).update({"state": "held", "state_reason": _stale()})
    with database.begin() as session:
        (fresh,) = redecide(session, city, renderer, clock)
    with database.read() as session:
        old, new = session.query(Message).order_by(Message.id)
        assert (old.state, new.state, new.id) == ("superseded", "queued", fresh)
        assert "$70.00" in new.body_text and new.facts_version == 2
    with database.begin() as session:
        assert redecide(session, city, renderer, clock) == []


def test_a_changed_account_that_may_not_be_dunned_any_more_is_left_alone(database, clock, city):
    renderer = Renderer(Catalogue.load(ROOT, city), city)
    with database.begin() as session:
        account = build.account(session)
        enqueue(session, [build.draft(account.id, facts_version=0)], clock)
        build.hold(session, account.id, "dispute")
        session.query(Message).update({"state": "held", "state_reason": _stale()})
    with database.begin() as session:
        assert redecide(session, city, renderer, clock) == []
    with database.read() as session:
        message = session.query(Message).one()
        assert message.state == "suppressed" and "hold-dispute" in message.state_reason


def _stale():
    from comms.outbox.states import STALE

    return STALE


def test_an_undelivered_text_is_followed_by_an_email_once(database, clock, city):
    renderer = Renderer(Catalogue.load(ROOT, city), city)
    with database.begin() as session:
        account = build.account(session, email="maria@example.com")
        fallback = {"channels": ["email", "letter"], "after_s": 86400, "fields": {"due_date": "2026-12-03"}}
        enqueue(session, [build.draft(account.id, recipient="+12185550101", fallback=fallback)], clock)
        session.query(Message).update({"state": "undelivered"})
    with database.begin() as session:
        (mail,) = fall_back(session, city, renderer, clock)
    with database.begin() as session:
        assert fall_back(session, city, renderer, clock) == []
        message = session.get(Message, mail)
        assert (message.channel, message.recipient) == ("email", "maria@example.com")
        assert message.fallback["channels"] == ["letter"] and "December 3" in message.body_text


def test_a_courtesy_that_fails_is_followed_by_nothing_and_is_nobodys_work(database, clock, city):
    renderer = Renderer(Catalogue.load(ROOT, city), city)
    with database.begin() as session:
        account = build.account(session, email="maria@example.com")
        courtesy = {"channels": [], "after_s": None, "courtesy": True, "fields": {"due_date": "2026-12-03"}}
        enqueue(session, [build.draft(account.id, recipient="+12185550101", fallback=courtesy)], clock)
        session.query(Message).update({"state": "undelivered"})
    with database.begin() as session:
        assert fall_back(session, city, renderer, clock) == []
        assert show_failures(session, clock) == (0, 0)
        assert session.query(Task).count() == 0


def test_a_dead_mailbox_is_followed_by_the_other_one_before_a_letter(database, clock, city):
    renderer = Renderer(Catalogue.load(ROOT, city), city)
    found = []
    with database.begin() as session:
        account = build.account(session, email="first@example.com")
        build.contact_point(session, account.id, "email", "second@example.com", rank=2)
        first = build.draft(
            account.id, channel="email", recipient="first@example.com",
            fallback={"channels": ["letter"], "after_s": 86400, "fields": {"due_date": "2026-12-03"}},
        )  # fmt: skip
        enqueue(session, [first], clock)
    for address in ("first@example.com", "second@example.com"):
        with database.begin() as session:
            contacts.mark(session, "email", address, "bounced", "550", clock.now())
            session.query(Message).filter_by(recipient=address).update({"state": "bounced"})
        with database.begin() as session:
            (then,) = fall_back(session, city, renderer, clock)
            message = session.get(Message, then)
            found.append((message.channel, message.recipient, message.fallback["channels"]))
    assert found[0] == ("email", "second@example.com", ["letter"])
    assert (found[1][0], found[1][2]) == ("letter", [])


def test_the_pace_is_shared_by_all_workers(redis_url):
    at = [1000.0]
    buckets = [TokenBucket(redis.Redis.from_url(redis_url), "pace-test", 5, now=lambda: at[0]) for _ in range(2)]
    assert buckets[0].take(4) == (4, 0.0)
    granted, wait = buckets[1].take(4)
    assert granted == 1 and 0 < wait <= 0.2
    at[0] += 1.0
    assert buckets[1].take(10)[0] == 5


def test_without_redis_the_pace_is_slow_but_not_nothing():
    at = [1000.0]
    bucket = TokenBucket(redis.Redis(port=1, socket_connect_timeout=0.1, retry=None), "x", 50, now=lambda: at[0])
    assert bucket.take(10)[0] == 0
    at[0] += 3.0
    assert 1 <= bucket.take(10)[0] <= 3


def test_a_doorbell_nobody_hears_fails_nothing():
    assert Doorbell("redis://127.0.0.1:1/0").ring("sms", [1, 2, 3]) is False
    assert Doorbell("").ring("housekeeping") is False


def test_a_ring_is_a_job_for_each_batch_and_housekeeping_rings_once(redis_url):
    bell = Doorbell(redis_url)
    for lane in ("sms", "housekeeping"):
        bell.queue(lane).empty()
    assert bell.ring("sms", list(range(1, 1026)))
    assert [len(job.args[1]) for job in bell.queue("sms").jobs] == [512, 512, 1]
    assert bell.ring("housekeeping") and bell.ring("housekeeping")
    assert bell.queue("housekeeping").count == 1
    bell.answered("housekeeping")
    bell.ring("housekeeping")
    assert bell.queue("housekeeping").count == 2


def test_a_lane_with_jobs_enough_is_not_rung_for_again(database, clock, redis_url):
    bell = Doorbell(redis_url)
    for lane in ("sms", "email"):
        bell.queue(lane).empty()
    with database.begin() as session:
        account = build.account(session)
        enqueue(session, [build.draft(account.id), build.draft(account.id, channel="email")], clock)
    bell.ring("sms", list(range(ENOUGH_JOBS * BATCH)))
    assert bell.busy() == ["sms"]
    with database.begin() as session:
        assert list(sweep(session, clock, busy=bell.busy()).due) == ["email"]
    bell.queue("sms").empty()
    with database.begin() as session:
        assert list(sweep(session, clock, busy=bell.busy()).due) == ["sms"], "nothing that waits is forgotten"
    assert Doorbell("").busy() == Doorbell("redis://127.0.0.1:1/0").busy() == []
