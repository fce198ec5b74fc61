"""Whose a matter is, and setting it aside until its time has come."""

from datetime import UTC, datetime, timedelta

import pytest

from comms import worklist
from comms.worklist import ASIDE, Task
from tests.support import build

NOW = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
TOMORROW = NOW + timedelta(hours=22)


@pytest.fixture
def session(database):
    with database.begin() as session:
        yield session


def ask(session, key="a", **more) -> int:
    given = {"kind": "reply", "dedupe_key": key, "reason": "Asks something", "at": NOW - timedelta(hours=2)}
    return worklist.open_task(session, **(given | more))


def now(session, task_id: int) -> Task:
    return session.get(Task, task_id, populate_existing=True)


def test_the_first_who_takes_a_matter_has_it(session):
    task = ask(session)
    assert worklist.assign(session, task, "park", was=None)
    assert not worklist.assign(session, task, "osei", was=None)
    assert now(session, task).assignee == "park"
    assert worklist.assign(session, task, "osei", was="park")
    assert worklist.assign(session, task, None, was="osei")
    assert now(session, task).assignee is None


def test_what_is_resolved_is_nobodys_to_take(session):
    task = ask(session)
    worklist.resolve(session, task, "user:park", "Done", NOW)
    assert not worklist.assign(session, task, "park", was=None)
    assert not worklist.set_aside(session, task, TOMORROW)


def test_a_snoozed_matter_comes_back_when_its_time_has_come(session):
    task = ask(session)
    assert worklist.set_aside(session, task, TOMORROW)
    assert worklist.open_tasks(session) == []
    assert worklist.wake(session, TOMORROW - timedelta(seconds=1)) == 0
    assert worklist.wake(session, TOMORROW) == 1
    back = now(session, task)
    assert (back.state, back.snoozed_until, back.waiting_since) == ("open", None, NOW - timedelta(hours=2))
    assert worklist.wake(session, TOMORROW) == 0


def test_a_message_of_the_customer_brings_back_what_was_set_aside_and_the_clock_runs_from_it(session):
    mine, others = build.account(session).id, build.account(session).id
    until_reply = ask(session, "a", account_id=mine)
    snoozed = ask(session, "b", account_id=mine)
    elsewhere = ask(session, "c", account_id=others)
    worklist.set_aside(session, until_reply, TOMORROW, or_reply=True)
    worklist.set_aside(session, snoozed, TOMORROW)
    worklist.set_aside(session, elsewhere, TOMORROW)
    assert now(session, until_reply).state == "waiting"
    assert worklist.customer_wrote(session, mine, NOW) == 2
    assert [task.id for task in worklist.open_tasks(session)] == [until_reply, snoozed]
    assert now(session, until_reply).waiting_since == NOW
    assert now(session, elsewhere).state == "snoozed"


def test_what_waits_for_the_customer_is_not_forgotten_when_nothing_comes(session):
    task = ask(session)
    worklist.set_aside(session, task, TOMORROW, or_reply=True)
    assert worklist.wake(session, TOMORROW) == 1
    assert now(session, task).state == "open"


def test_an_emergency_cannot_be_set_aside(session):
    task = ask(session, priority=1)
    assert not worklist.set_aside(session, task, TOMORROW)
    assert now(session, task).state == "open"


def test_resolving_what_is_set_aside_ends_its_wait(session):
    task = ask(session)
    worklist.set_aside(session, task, TOMORROW)
    assert worklist.resolve(session, task, "user:park", "Done", NOW)
    assert worklist.wake(session, TOMORROW) == 0
    assert not worklist.bring_back(session, task)


def test_it_can_be_brought_back_by_hand(session):
    task = ask(session)
    worklist.set_aside(session, task, TOMORROW)
    assert worklist.bring_back(session, task)
    assert now(session, task).state == "open"


def test_the_list_is_read_by_person(session):
    mine, nobodys, hers = ask(session, "a"), ask(session, "b"), ask(session, "c", kind="promise")
    worklist.assign(session, mine, "park", was=None)
    worklist.assign(session, hers, "osei", was=None)
    assert [t.id for t in worklist.open_tasks(session, whose="park")] == [mine]
    assert [t.id for t in worklist.open_tasks(session, whose="")] == [nobodys]
    assert [t.id for t in worklist.open_tasks(session)] == [mine, nobodys, hers]
    worklist.set_aside(session, mine, TOMORROW)
    assert [t.id for t in worklist.open_tasks(session, ("reply",), states=ASIDE)] == [mine]
    told = {(p.kind, p.assignee, p.state): (p.number, p.oldest, p.back_at) for p in worklist.piles(session)}
    since = NOW - timedelta(hours=2)
    assert told == {
        ("reply", "park", "snoozed"): (1, since, TOMORROW),
        ("reply", None, "open"): (1, since, None),
        ("promise", "osei", "open"): (1, since, None),
    }
