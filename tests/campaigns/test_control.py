"""Brakes stop a run until another person has looked; a released run can be paused, gone on with, and stopped."""

from collections import Counter
from datetime import timedelta
from importlib import import_module

import pytest
from sqlalchemy import update

from comms import campaigns
from comms.campaigns import HeldError, RunError
from comms.campaigns.brakes import BrakeError
from comms.campaigns.control import hold_paused
from comms.campaigns.schema import PolicyVersion
from comms.notices.schema import NoticeVersion
from comms.outbox import Message
from comms.outbox.drafts import enqueue
from comms.outbox.mailing import gather
from tests.campaigns.releasing import Doors
from tests.support import build, policies, runs

RELEASING = import_module("comms.campaigns.release")
POLICY = "residential-past-due"


@pytest.fixture
def doors(evenings) -> Doors:
    return Doors(evenings)


@pytest.fixture
def door(small) -> Doors:
    """On SQLite only, for what does not depend on the database."""
    return Doors(small)


def people(at, count, first=0, **given):
    return [at.account(phone=f"+1218555{first + n:04}", **given) for n in range(count)]


def test_old_files_stop_a_run_and_new_ones_let_it_go(doors):
    people(doors, 1)
    doors.files()
    doors.go_to(2026, 11, 30)
    run_id = doors.plan()
    with pytest.raises(HeldError, match=r"The last payments file reaches to 2026-11-23 10:00, 168 hours ago; 96 are"):
        doors.release(run_id)
    assert set(doors.brakes(run_id)) == {"accounts-file", "payments-file"}
    assert doors.run(run_id).state == "planned"
    doors.files()
    assert doors.brakes(run_id) == {}
    assert doors.release(run_id).queued == Counter(sms=1)


def test_without_any_payments_file_nobody_is_dunned(door):
    people(door, 1)
    with pytest.raises(HeldError, match=r"No payments file was ever taken in\. Next step: comms import payments FILE"):
        door.release(door.plan())


def test_a_file_tells_no_more_than_the_day_it_covers(door):
    people(door, 1)
    with door.database.begin() as session:
        for kind in ("accounts", "payments"):
            day = door.city.local_date(door.clock.now()) - timedelta(days=6)
            build.import_file(session, kind=kind, as_of=day, covers_until=day, finished_at=door.clock.now())
    with door.database.begin() as session:
        session.execute(update(build.ImportFile).values(as_of=day))
    assert door.brakes(door.plan())["payments-file"].found == 5 * 24 + 10


def earlier_run(at, contacts: int) -> None:
    """A run of the week before that wrote to so many."""
    with at.database.begin() as session:
        line = {"policy": POLICY, "step": "reminder", "outcome": "contact", "accounts": contacts, "cents": 0}
        counts = {"steps": [line | {"cost_micros": 0, "channels": {}}], "contacts": contacts}
        week_ago = at.clock.now() - timedelta(days=7)
        runs.run(
            session, planned_for=at.city.local_date(week_ago), planned_at=week_ago, released_at=week_ago,
            state="done", counts=counts,
        )  # fmt: skip


@pytest.mark.parametrize(("before", "held"), [(15, True), (17, False), (30, False), (100, False)])
def test_a_run_far_larger_than_usual_is_stopped(door, before, held):
    people(door, 36)
    earlier_run(door, before)
    assert (f"volume:{POLICY}" in door.brakes(door.planned())) == held


def test_a_first_run_to_most_of_the_city_is_stopped(door):
    people(door, 60)
    found = door.brakes(door.planned())["first-run"]
    assert (found.found, found.allowed) == (60, 30)
    assert "60 of 60 accounts would be written to" in found.words


def test_too_many_that_no_channel_reaches_stop_a_run(door):
    people(door, 6)
    people(door, 12, 100, mailing_address={"problem": "No street."})
    with door.database.begin() as session:
        session.execute(
            update(build.ContactPoint).where(build.ContactPoint.raw >= "+12185550100").values(status="gone")
        )
    found = door.brakes(door.planned())[f"unreachable:{POLICY}"]
    assert (found.found, found.allowed) == (12, 4)


def test_changed_words_wait_for_somebody_who_reads_them(door):
    people(door, 1)
    run_id = door.planned()
    assert door.brakes(run_id) == {}
    with door.database.begin() as session:
        session.execute(update(PolicyVersion).values(activated_at=door.clock.now() - timedelta(days=1)))
        session.add(NoticeVersion(
            version="0" * 64, notice="past-due-reminder", sources={}, first_used_at=policies.LONG_AGO,
        ))  # fmt: skip
    (brake,) = door.brakes(run_id).values()
    assert brake.name.startswith("words:past-due-reminder@")
    door.lift(run_id, brake.name, because="Read it in both languages.")
    assert door.brakes(run_id) == {}, "the words are approved now, for later runs too"


def test_a_policy_that_went_out_of_use_stops_its_run(door):
    people(door, 1)
    run_id = door.planned()
    with door.database.begin() as session:
        session.execute(update(PolicyVersion).values(state="retired"))
    assert "no version of it is in use" in door.brakes(run_id)[f"policy:{POLICY}"].words


def test_a_brake_is_lifted_by_somebody_else_with_a_reason(doors):
    people(doors, 60)
    run_id = doors.planned()
    with pytest.raises(HeldError, match="somebody other than system lifts it: comms release"):
        doors.release(run_id)
    with pytest.raises(BrakeError, match=r"No brake 'volume' is pulled for run .* Pulled: first-run"):
        doors.lift(run_id, "volume")
    with pytest.raises(BrakeError, match="System planned run"):
        doors.lift(run_id, "first-run", by="System")
    with pytest.raises(BrakeError, match="Say why"):
        doors.lift(run_id, "first-run", because=" ok ")
    doors.lift(run_id, "first-run", by="pat", because="The first night; read the samples.")
    assert doors.release(run_id).queued == Counter(sms=60)
    (kept,) = doors.run(run_id).brakes
    assert (kept["lifted_by"], kept["lifted_why"]) == ("pat", "The first night; read the samples.")


def test_a_brake_that_finds_more_than_was_lifted_is_pulled_anew(door):
    people(door, 1)
    door.files()
    door.go_to(2026, 11, 28)
    run_id = door.plan()
    for name in door.brakes(run_id):
        door.lift(run_id, name)
    assert not any(one.holds for one in door.brakes(run_id).values())
    door.clock.advance(timedelta(hours=5))
    assert all(one.holds for one in door.brakes(run_id).values())


def test_a_pause_holds_what_has_not_left_and_it_goes_on_later(doors):
    people(doors, 3)
    doors.tonight()
    first = doors.messages()[0]
    doors.fate("delivered", Message.id == first.id)
    run_id = first.run_id
    assert doors.pause(run_id) == 2
    assert Counter(m.state for m in doors.messages()) == Counter(held=2, delivered=1)
    assert doors.run(run_id).state == "paused"
    with pytest.raises(RunError, match=f"Run {run_id} is paused by dana. Next step: comms campaign resume {run_id}"):
        doors.release(run_id)
    doors.clock.advance(timedelta(days=4))
    lanes = doors.resume(run_id)
    assert len(lanes["sms"]) == 2
    assert doors.release(run_id).state == "done"
    waiting = doors.messages(Message.state == "queued")
    assert len(waiting) == 2 and all(m.give_up_at > doors.clock.now() for m in waiting)


def test_a_letter_that_was_in_a_batch_can_go_into_another_one_after_a_pause(doors):
    doors.account(phone=None)
    doors.tonight()
    (letter,) = doors.messages()
    with doors.database.begin() as session:
        assert gather(session, doors.city, doors.clock, limit=10)
    assert doors.pause(letter.run_id) == 1
    doors.resume(letter.run_id)
    with doors.database.begin() as session:
        assert gather(session, doors.city, doors.clock, limit=10)
    assert doors.messages()[0].state == "batched"


def test_what_is_written_for_a_paused_run_meanwhile_waits_with_it(door):
    (account,) = people(door, 1)
    run_id = door.planned()
    door.release(run_id)
    door.pause(run_id)
    with door.database.begin() as session:
        enqueue(session, [build.draft(account, channel="email", run_id=run_id)], door.clock)
    assert door.database.run(lambda session: hold_paused(session, door.clock)) == 1
    assert {m.state for m in door.messages()} == {"held"}


def test_a_pause_takes_effect_between_two_chunks(doors, monkeypatch):
    monkeypatch.setattr(RELEASING, "CHUNK", 2)
    people(doors, 6)
    run_id = doors.planned()
    paused = []

    def progress(done, _total):
        if not paused:
            paused.append(doors.pause(run_id))

    released = campaigns.release(
        doors.database, doors.city, doors.clock, doors.renderer, run_id, by="dana", progress=progress
    )
    assert (released.state, released.queued) == ("paused", Counter(sms=2))
    doors.resume(run_id)
    assert doors.release(run_id).queued == Counter(sms=4)
    assert len(doors.messages()) == 6


def test_a_stop_calls_back_what_has_not_left_and_the_next_night_decides_anew(doors):
    sent, leaving, waiting = people(doors, 3)
    run_id = doors.planned()
    doors.release(run_id)
    doors.fate("delivered", Message.account_id == sent, submitted_at=doors.clock.now())
    doors.fate("claimed", Message.account_id == leaving)
    with pytest.raises(RunError, match="Say why the run is stopped"):
        doors.stop(run_id, because="")
    stopped = doors.stop(run_id, because="The wrong file was imported")
    assert stopped.messages.cancelled == {"sms": 1}
    assert stopped.messages.too_late == {"sms": 2}
    assert [to for _, _, to in stopped.messages.leaving] == ["+12185550001"]
    assert doors.told(waiting) == ["notice.queued", "notice.recalled"]
    assert doors.told(leaving) == ["notice.queued", "notice.not_recalled"]
    with pytest.raises(RunError, match=f"Run {run_id} is stopped and cannot be released"):
        doors.release(run_id)
    doors.fate("delivered", Message.account_id == leaving, submitted_at=doors.clock.now())
    doors.go_to(2026, 11, 24)
    doors.tonight()
    assert doors.steps(waiting) == ["reminder", "reminder 2"]
    assert doors.steps(sent) == doors.steps(leaving) == ["reminder"]


def test_a_planned_run_that_is_stopped_took_no_step(doors):
    (account,) = people(doors, 1)
    run_id = doors.planned()
    assert doors.stop(run_id).unwritten == 1
    assert (doors.last(account).state, doors.last(account).rule) == ("dropped", "run-stopped")
    assert doors.tonight().queued == Counter(sms=1)


@pytest.mark.parametrize(
    ("act", "says"),
    [("pause", "is planned; only one that was released"), ("resume", "is planned, not paused")],
)
def test_what_cannot_be_done_says_why(door, act, says):
    people(door, 1)
    run_id = door.planned()
    with pytest.raises(RunError, match=says):
        getattr(door, act)(run_id)
    with pytest.raises(RunError, match="There is no run 99"):
        getattr(door, act)(99)
