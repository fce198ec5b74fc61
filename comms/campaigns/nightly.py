"""The night's run by the clock: planned at a set hour and, where the office wants that, let go.

1. A night is claimed by its row, so that it is run once, whoever asks and however often; the claim has a lease, and who
   comes after a crash goes on where the work stopped.
2. Nights that nobody ran (the machine was off) are written down as missed. One run catches up with all of them, for a
   step is due since its day and not on it.
3. The run is planned in slices, so that replies and receipts are not kept waiting. A brake that holds, an approval that
   is wanted, or an office that lets runs go by hand ends the night with a task for staff.

The hour is local. On the day the clocks go forward an hour that does not exist comes an hour later; on the day they go
back, of an hour that comes twice the first counts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from comms.city import City
from comms.clock import Clock
from comms.db import Database
from comms.notices import NoticeError, Renderer
from comms.worklist import open_task
from comms.worklist.schema import Task

from . import brakes
from .planner import RunError, plan
from .release import HeldError, Released, release
from .schema import CampaignRun, Night

LEASE = timedelta(minutes=5)
"""Far longer than a slice of the work."""
AT_FIRST = timedelta(hours=1)
"""A schedule that was switched on longer than this after its hour begins with the next night."""
TOO_LATE = timedelta(hours=3)
"""A night is not caught up with when the next one is so near."""
MOST_MISSED = 31
BY = "schedule"
TASK = "campaign_run"
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Schedule:
    """The local hour of the night's run, and whether it is let go without anybody asking."""

    at: time
    release: bool = False

    def instant(self, city: City, day: date) -> datetime:
        """When the run of ``day`` is due."""
        return datetime.combine(day, self.at, city.zone).astimezone(UTC)


@dataclass(frozen=True)
class Tended:
    """What one slice came to: the night, its state now, and what was queued, by lane, to ring for."""

    on: date
    state: str
    words: str
    lanes: Mapping[str, list[int]] = field(default_factory=dict)


class _EnoughError(Exception):
    """The slice is over; the work goes on with the next one."""


def tend(
    database: Database, city: City, clock: Clock, renderer: Renderer, schedule: Schedule, *,
    enough: Callable[[], bool] = lambda: False,
) -> Tended | None:  # fmt: skip
    """Do what is due of the night's work until it is done or ``enough`` says so; None when nothing is due."""
    night = database.run(lambda session: _claim(session, city, clock, schedule))
    if night is None:
        return None

    def watch(_done: int, _total: int) -> None:
        if enough():
            raise _EnoughError

    try:
        state, words, released = _work(database, city, clock, renderer, schedule, night, watch)
    except _EnoughError:
        database.run(lambda session: _let_go(session, night, clock.now()))
        return Tended(night, "running", "")
    except (RunError, NoticeError) as error:
        state, words, released = "stopped", str(error), Released()
    database.run(lambda session: _finish(session, night, state, words, clock.now()))
    return Tended(night, state, words, released.lanes)


def _claim(session: Session, city: City, clock: Clock, schedule: Schedule) -> date | None:
    """The night whose work is ours now, or None."""
    now = clock.now()
    _settle_tasks(session, now)
    today = city.local_date(now)
    due = today if schedule.instant(city, today) <= now else today - DAY
    row = session.get(Night, due, with_for_update=True, populate_existing=True)
    if row is not None:
        if row.state != "running" or row.lease_until > now:
            return None
        row.lease_until = now + LEASE
        return due
    last = session.scalar(select(func.max(Night.on)))
    late = now - schedule.instant(city, due)
    if last is None and late > AT_FIRST:
        _missed(session, due, "The schedule was switched on after its hour.", now)
        return None
    if last is not None and last < due:
        _catch_up(session, last, due, now)
    if schedule.instant(city, due + DAY) - now < TOO_LATE:
        _missed(session, due, "The service did not run; the next night was near and caught up with it.", now)
        return None
    claimed = Night(on=due, state="running", started_at=now, lease_until=now + LEASE, words="")
    return due if _put(session, claimed) else None


def _catch_up(session: Session, last: date, due: date, now: datetime) -> None:
    """Write down the nights between the last one and the one that is due: they were missed, or not finished."""
    session.execute(
        update(Night)
        .where(Night.state == "running")
        .values(state="stopped", finished_at=now, words="It was not finished before the next night.")
    )
    first = max(last + DAY, due - MOST_MISSED * DAY)
    for days in range((due - first).days):
        _missed(session, first + days * DAY, "The service did not run; the next run caught up with it.", now)


def _missed(session: Session, day: date, words: str, now: datetime) -> None:
    _put(session, Night(on=day, state="missed", started_at=now, lease_until=now, finished_at=now, words=words))


def _put(session: Session, night: Night) -> bool:
    """False when somebody else put it first."""
    try:
        with session.begin_nested():
            session.add(night)
    except IntegrityError:
        return False
    return True


def _work(
    database: Database, city: City, clock: Clock, renderer: Renderer, schedule: Schedule, night: date,
    watch: Callable[[int, int], None],
) -> tuple[str, str, Released]:  # fmt: skip
    """Plan the night's run, and let it go where that is wanted: the night's state, and why, in words."""
    with database.read() as session:
        run_id = session.get_one(Night, night).run_id
    if run_id is None:
        planned = plan(database, city, clock, renderer.catalogue, by=BY, progress=watch)
        database.run(lambda session: _note_run(session, night, planned))
        run_id = planned
    chosen: int = run_id
    if not schedule.release:
        found = database.run(lambda session: _waits(session, city, clock, renderer, chosen))
        return ("stopped", found, Released()) if found else ("done", f"Run {chosen} was let go by hand.", Released())
    try:
        released = release(database, city, clock, renderer, chosen, by=BY, progress=watch)
    except HeldError as held:
        return "stopped", str(held), Released()
    queued = sum(released.queued.values())
    words = (
        f"Run {chosen} is {released.state}: {queued:,} messages queued, {sum(released.dropped.values()):,} left alone."
    )
    return ("done" if released.state == "done" else "stopped"), words, released


def _waits(session: Session, city: City, clock: Clock, renderer: Renderer, run_id: int) -> str:
    """What a planned run waits for; empty when somebody has released it already."""
    run = session.get_one(CampaignRun, run_id)
    if run.state != "planned":
        return ""
    held = [one.words for one in brakes.look(session, city, clock, renderer.catalogue, run_id) if one.holds]
    return " ".join([f"Run {run_id} is planned and waits to be let go.", *held, f"Next step: comms release {run_id}"])


def _note_run(session: Session, night: date, run_id: int) -> None:
    session.execute(update(Night).where(Night.on == night).values(run_id=run_id))


def _let_go(session: Session, night: date, now: datetime) -> None:
    session.execute(update(Night).where(Night.on == night, Night.state == "running").values(lease_until=now))


def _finish(session: Session, night: date, state: str, words: str, now: datetime) -> None:
    row = session.get_one(Night, night, with_for_update=True, populate_existing=True)
    row.state, row.words, row.finished_at = state, words, now
    if state == "stopped":
        open_task(
            session, kind=TASK, dedupe_key=f"night:{night}", reason=words, at=now, subject_type="campaign_run",
            subject_id=row.run_id, priority=3,
        )  # fmt: skip


def _settle_tasks(session: Session, now: datetime) -> None:
    """Take off the list what waited for runs that were let go or stopped since."""
    over = select(CampaignRun.id).where(CampaignRun.state.in_(("done", "stopped")))
    session.execute(
        update(Task)
        .where(Task.kind == TASK, Task.state != "resolved", Task.subject_id.in_(over))
        .values(state="resolved", resolved_at=now, resolved_by=BY, resolution="The run was let go or stopped.")
        .execution_options(synchronize_session=False)
    )
