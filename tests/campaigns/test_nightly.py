"""The night's run by the clock: once a night, whatever dies, however the clocks are changed."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from comms.campaigns import nightly
from comms.campaigns.nightly import Schedule, tend
from comms.campaigns.schema import Night
from comms.worklist import open_tasks
from tests.campaigns.releasing import Doors

HALF_PAST_TWO = Schedule(time(2, 30), release=True)
TEN = Schedule(time(10), release=True)


class Nights(Doors):
    """A service that is asked now and then whether something is due."""

    def tend(self, schedule=TEN, **more):
        return tend(self.database, self.city, self.clock, self.renderer, schedule, **more)

    def nights(self):
        with self.database.read() as session:
            return {row.on: row for row in session.scalars(select(Night).order_by(Night.on))}

    def states(self):
        return {on.day: row.state for on, row in self.nights().items()}

    def tasks(self):
        with self.database.read() as session:
            return open_tasks(session, [nightly.TASK])


@pytest.fixture
def nights(evenings) -> Nights:
    return Nights(evenings)


@pytest.fixture
def night(small) -> Nights:
    return Nights(small)


def test_a_night_is_run_once_however_often_it_is_asked_for(nights):
    nights.account()
    nights.files()
    done = nights.tend()
    assert (done.on, done.state, list(done.lanes)) == (date(2026, 11, 23), "done", ["sms"])
    assert done.words.endswith("is done: 1 messages queued, 0 left alone.")
    assert nights.tend() is None
    assert len(nights.messages()) == 1
    run = nights.run(nights.nights()[done.on].run_id)
    assert (run.planned_by, run.released_by) == ("schedule", "schedule")


def test_two_that_ask_at_once_run_it_once(nights, two_at_once):
    for n in range(5):
        nights.account(phone=f"+1218555010{n}")
    nights.files()
    answers = two_at_once(nights.tend)
    assert sum(answer is not None for answer in answers) == 1
    assert Counter(m.account_id for m in nights.messages()).most_common(1)[0][1] == 1


def test_before_its_hour_nothing_happens(night):
    night.tend()
    night.go_to(2026, 11, 24, 9, 59)
    assert night.tend() is None
    night.go_to(2026, 11, 24, 10, 0)
    assert night.tend() is not None


def test_a_night_that_was_cut_short_is_gone_on_with(nights, monkeypatch):
    monkeypatch.setattr("comms.campaigns.planner.CHUNK", 2)
    for n in range(5):
        nights.account(phone=f"+1218555010{n}")
    nights.files()
    slices = 0
    while (done := nights.tend(enough=lambda: True)) is not None and done.state == "running":
        slices += 1
        assert slices < 20
    assert slices >= 3
    assert done.state == "done"
    assert len(nights.messages()) == 5
    assert len({m.run_id for m in nights.messages()}) == 1


def test_what_died_with_its_lease_is_taken_over_when_the_lease_is_over(night, monkeypatch):
    night.account()
    night.files()
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):

        def dies(*_given, **_more):
            raise KeyboardInterrupt

        patched.setattr(nightly, "release", dies)
        night.tend()
    assert night.tend() is None, "somebody may still be at it"
    night.clock.advance(timedelta(minutes=6))
    assert night.tend().state == "done"
    assert len(night.messages()) == 1


def test_missed_nights_are_written_down_and_caught_up_with_by_one_run(night):
    night.files()
    night.tend()
    account = night.account()
    night.go_to(2026, 11, 30, 16)
    night.files()
    assert night.tend().on == date(2026, 11, 30)
    assert night.states() == {23: "done", **dict.fromkeys(range(24, 30), "missed"), 30: "done"}
    assert night.steps(account) == ["reminder"]
    assert "caught up with it" in night.nights()[date(2026, 11, 26)].words


def test_a_night_is_not_caught_up_with_just_before_the_next(night):
    night.files()
    night.tend()
    night.go_to(2026, 11, 25, 8)
    assert night.tend() is None
    assert night.states() == {23: "done", 24: "missed"}
    night.go_to(2026, 11, 25, 10)
    assert night.tend().on == date(2026, 11, 25)


def test_a_schedule_that_is_switched_on_in_the_afternoon_begins_with_the_next_night(night):
    night.go_to(2026, 11, 23, 15)
    assert night.tend() is None
    assert night.states() == {23: "missed"}
    night.go_to(2026, 11, 24, 10)
    assert night.tend().on == date(2026, 11, 24)


def test_an_hour_that_the_clocks_leave_out_comes_an_hour_later(city):
    """March 14, 2027: 2:00 becomes 3:00."""
    assert HALF_PAST_TWO.instant(city, date(2027, 3, 14)).astimezone(city.zone).hour == 3
    assert HALF_PAST_TWO.instant(city, date(2027, 3, 13)) == datetime(2027, 3, 13, 8, 30, tzinfo=UTC)


def test_an_hour_that_comes_twice_is_run_once(night):
    """November 1, 2026: 1:30 comes twice, at 6:30 and at 7:30 UTC."""
    schedule = Schedule(time(1, 30), release=True)
    assert schedule.instant(night.city, date(2026, 11, 1)) == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    asked = []
    at = datetime(2026, 10, 31, 6, 30, tzinfo=UTC)
    while at < datetime(2026, 11, 2, 12, 0, tzinfo=UTC):
        night.clock.set(at)
        if (done := night.tend(schedule)) is not None:
            asked.append((done.on.day, at))
        at += timedelta(minutes=15)
    assert asked == [
        (31, datetime(2026, 10, 31, 6, 30, tzinfo=UTC)),
        (1, datetime(2026, 11, 1, 6, 30, tzinfo=UTC)),
        (2, datetime(2026, 11, 2, 7, 30, tzinfo=UTC)),
    ]


def test_an_office_that_lets_runs_go_by_hand_is_told(night):
    night.account()
    night.files()
    done = night.tend(Schedule(time(10)))
    assert (done.state, night.messages()) == ("stopped", [])
    (task,) = night.tasks()
    run_id = night.nights()[done.on].run_id
    assert task.reason.endswith(f"Next step: comms release {run_id}")
    assert night.release(run_id).queued == Counter(sms=1)
    assert night.tend(Schedule(time(10))) is None
    assert night.tasks() == [], "it was let go; nobody waits any more"


def test_a_brake_ends_the_night_with_a_task(night):
    night.account()
    done = night.tend()
    assert (done.state, night.messages()) == ("stopped", [])
    (task,) = night.tasks()
    assert "No payments file was ever taken in" in task.reason
    assert night.tend() is None, "a person decides now"


def test_without_a_policy_staff_are_told_what_to_do(night):
    night.files()
    with night.database.begin() as session:
        from comms.campaigns.policies import versions

        versions.retire(session, "residential-past-due", at=night.clock.now())
    assert night.tend().state == "stopped"
    assert "comms policy activate" in night.tasks()[0].reason
