"""Runs that were begun on a page are worked at by whoever is rung for, in slices, and found again after a crash."""

from importlib import import_module

import pytest
from sqlalchemy import update

from comms.campaigns import background
from comms.campaigns.planner import RunError, begin
from comms.campaigns.schema import PolicyVersion
from tests.campaigns.releasing import Doors

RELEASE = import_module("comms.campaigns.release")


def never():
    return False


class Background(Doors):
    def begun(self) -> int:
        self.files()
        with self.database.begin() as session:
            return begin(session, self.city, self.renderer.catalogue, self.clock.now(), by="osei")

    def let_go(self, run_id: int) -> None:
        RELEASE.begin(self.database, self.city, self.clock, self.renderer, run_id, by="osei")

    def work(self, run_id: int, enough=never) -> background.Worked:
        return background.work_at(self.database, self.city, self.clock, self.renderer, run_id, enough=enough)


@pytest.fixture
def office(evenings) -> Background:
    return Background(evenings)


@pytest.fixture
def small_office(small) -> Background:
    return Background(small)


def test_a_run_that_was_begun_is_planned_and_then_released_by_whoever_works_at_it(office):
    office.account()
    run_id = office.begun()
    assert office.run(run_id).state == "planning"
    assert office.work(run_id) == background.Worked("planned")
    run = office.run(run_id)
    assert (run.planned_by, run.counts["contacts"], run.brakes) == ("osei", 1, [])
    office.let_go(run_id)
    assert (office.run(run_id).state, office.messages()) == ("releasing", [])
    done = office.work(run_id)
    assert (done.state, done.more, list(done.lanes)) == ("done", False, ["sms"])
    assert len(office.messages()) == 1
    assert office.work(run_id) == background.Worked("done")


def test_a_slice_ends_between_two_chunks_and_the_next_one_goes_on(small_office, monkeypatch):
    monkeypatch.setattr(RELEASE, "CHUNK", 2)
    for n in range(5):
        small_office.account(phone=f"+1218555020{n}")
    run_id = small_office.begun()
    assert small_office.work(run_id, enough=lambda: True).more
    small_office.work(run_id)
    small_office.let_go(run_id)
    first = small_office.work(run_id, enough=lambda: True)
    assert (first.state, first.more, len(first.lanes["sms"])) == ("releasing", True, 2)
    assert small_office.work(run_id).state == "done"
    assert len(small_office.messages()) == 5


def test_a_run_that_stands_still_is_found_and_one_that_moves_is_not(office, monkeypatch):
    monkeypatch.setattr(RELEASE, "CHUNK", 2)
    for n in range(5):
        office.account(phone=f"+1218555020{n}")
    run_id = office.begun()
    watch = background.Watch()

    def look():
        with office.database.read() as session:
            return watch.stalled(session)

    assert (look(), look()) == ([run_id], [run_id]), "a worker that has just started asks for whatever is under way"
    office.work(run_id)
    assert look() == []
    office.let_go(run_id)
    assert look() == []
    office.work(run_id, enough=lambda: True)
    assert look() == []
    assert look() == [run_id]
    office.work(run_id)
    assert look() == []


def test_a_run_whose_policy_went_out_of_use_is_given_up(small_office):
    small_office.account()
    run_id = small_office.begun()
    with small_office.database.begin() as session:
        session.execute(update(PolicyVersion).values(state="retired"))
    with pytest.raises(RunError):
        small_office.work(run_id)
    run = small_office.run(run_id)
    assert (run.state, run.state_by) == ("stopped", "the service")
    assert "No policy is in use" in run.state_why
