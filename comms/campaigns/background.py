"""Working at runs that somebody began on a page: a slice at a time, so that nobody else waits long, and again after a
crash, so that none is left half done.

What was begun stands in the database: a run in state ``planning`` or ``releasing``. A ring on the doorbell starts the
work at once; ``Watch`` finds the runs whose ring was lost, or whose worker died.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from comms.city import City
from comms.clock import Clock
from comms.db import Database
from comms.notices import NoticeError, Renderer

from . import brakes
from .planner import ALL, RunError, plan, stop_unreleased
from .release import go_on
from .schema import CampaignRun, Decision

UNDER_WAY = ("planning", "releasing")
NOBODY = "the service"
"""Who stopped a run that could not be planned to its end."""


class _EnoughError(Exception):
    """The slice is over."""


@dataclass(frozen=True)
class Worked:
    """What a slice came to: the run's state now, whether there is more to do, and what was queued, by lane."""

    state: str
    more: bool = False
    lanes: Mapping[str, list[int]] = field(default_factory=dict)


def work_at(
    database: Database, city: City, clock: Clock, renderer: Renderer, run_id: int, *, enough: Callable[[], bool]
) -> Worked:
    """Plan or release a run until it is done or ``enough`` says so. A run in any other state is left as it is.

    Raises ``RunError`` or ``NoticeError`` where it cannot be planned any more; the run is stopped then.
    """
    with database.read() as session:
        run = session.get(CampaignRun, run_id)
    state = run.state if run is not None else ""
    if run is None or state not in UNDER_WAY:
        return Worked(state)
    if state == "releasing":
        done = go_on(database, city, clock, renderer, run_id, enough=enough)
        return Worked(done.state, done.state == "releasing", done.lanes)

    def watch(_done: int, _total: int) -> None:
        if enough():
            raise _EnoughError

    policy = None if run.policy == ALL else run.policy
    try:
        planned = plan(database, city, clock, renderer.catalogue, policy=policy, by=run.planned_by, progress=watch)
    except _EnoughError:
        return Worked(state, more=True)
    except (RunError, NoticeError) as error:
        why = str(error)
        database.run(lambda session: _give_up(session, run_id, clock, why))
        raise
    database.run(lambda session: brakes.look(session, city, clock, renderer.catalogue, planned))
    return Worked("planned")


def _give_up(session: Session, run_id: int, clock: Clock, why: str) -> None:
    """A run that cannot be planned to its end is stopped, so that nobody waits for it; its page says why."""
    run = session.get_one(CampaignRun, run_id, with_for_update=True, populate_existing=True)
    if run.state == "planning":
        stop_unreleased(session, run.versions, clock.now())
        run.state_by, run.state_why = NOBODY, why


class Watch:
    """Finds the runs that nobody works at: between two looks they have come no further. At the first look, when a
    worker has just started, that is every run under way: whoever worked at it may have died, and two at once share it.
    """

    def __init__(self) -> None:
        self._before: Mapping[int, int] | None = None

    def stalled(self, session: Session) -> list[int]:
        """The runs under way that stand where they stood at the look before."""
        now, before = _reached(session), self._before
        self._before = now
        if before is None:
            return list(now)
        return [run_id for run_id, reached in now.items() if before.get(run_id) == reached]


def _reached(session: Session) -> dict[int, int]:
    """How far each run under way has come: the last account that was planned, the decisions still to be released."""
    found = {}
    under_way = select(CampaignRun.id, CampaignRun.state).where(CampaignRun.state.in_(UNDER_WAY))
    for run_id, state in session.execute(under_way).all():
        of_run = Decision.run_id == run_id
        far = func.max(Decision.account_id) if state == "planning" else -func.count()
        where = (of_run,) if state == "planning" else (of_run, Decision.state == "planned")
        found[run_id] = session.scalar(select(far).where(*where)) or 0
    return found
