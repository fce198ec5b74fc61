"""The worker's part of a run that was begun at the desk: a slice, then a ring for the next one."""

import pytest

from comms import jobs
from comms.campaigns import CampaignRun
from comms.campaigns.background import Watch
from tests.desk.campaigns.conftest import work

TONIGHT = "/campaigns/2"


@pytest.fixture
def worker(office, monkeypatch):
    monkeypatch.setattr(jobs, "office", lambda: office)
    return office


@pytest.fixture
def let_go(supervisor, worker):
    supervisor.post(f"{TONIGHT}/approve", page=TONIGHT)
    supervisor.post(f"{TONIGHT}/release", {"typed": "SEND 32"}, page=TONIGHT)
    worker.doorbell.rung.clear()


def test_the_messages_are_queued_and_their_lanes_rung(worker, let_go):
    jobs.work_at_run(2)
    assert sorted((lane, len(ids)) for lane, ids in worker.doorbell.rung) == [("mail", 18), ("sms", 14)]
    with worker.database.read() as session:
        assert session.get_one(CampaignRun, 2).state == "done"


def test_a_slice_that_is_over_asks_for_the_next_one(worker, let_go, monkeypatch):
    monkeypatch.setattr(jobs, "RUN_SLICE", -1.0)
    monkeypatch.setitem(jobs.background.go_on.__globals__, "CHUNK", 5)
    jobs.work_at_run(2)
    assert worker.doorbell.rung[-1] == ("run", (2,))
    assert sum(len(ids) for lane, ids in worker.doorbell.rung[:-1]) > 0


def test_a_run_whose_ring_was_lost_is_found_by_housekeeping(worker, let_go, monkeypatch):
    monkeypatch.setattr(jobs, "_stalled_due", lambda: True)
    monkeypatch.setattr(jobs, "_watch", Watch())
    jobs._stalled(worker)
    assert worker.doorbell.rung == [("run", (2,))], "at once, by a worker that has just started"
    jobs._stalled(worker)
    assert len(worker.doorbell.rung) == 2, "and again, when it has come no further"
    work(worker, 2)
    jobs._stalled(worker)
    assert len(worker.doorbell.rung) == 2
