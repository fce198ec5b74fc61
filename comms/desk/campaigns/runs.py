"""What the pages of runs show, read from the database: the list, how far one has come, whom a part of it is about."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from comms.accounts import Account
from comms.campaigns import CampaignRun, Decision
from comms.campaigns.approving import roles_wanted
from comms.campaigns.brakes import Brake, kept
from comms.campaigns.differing import Diff, diff
from comms.campaigns.policies import versions
from comms.campaigns.preview import DOING, Preview, preview
from comms.campaigns.release import STALE_AFTER
from comms.desk.access.gate import Visit
from comms.desk.frame.remembering import Remembered
from comms.outbox import Message, State

PER_PAGE = 50
RUNS_SHOWN = 15
DIFFERENT_SHOWN = 100
WAITING = (State.HELD, State.QUEUED, State.CLAIMED, State.UNKNOWN, State.BATCHED)
"""States of a message that has not been handed to a carrier or the mail house."""

_DIFFS: Remembered[Diff] = Remembered(64, timedelta(hours=12))


@dataclass(frozen=True)
class RunLine:
    """A run in the list of runs."""

    run: CampaignRun
    preview: Preview
    holds: int
    """Brakes that hold it."""


def recent(session: Session, before: int | None) -> tuple[list[RunLine], int | None]:
    """The newest runs, or those before one; and where the next page begins."""
    statement = select(CampaignRun).order_by(CampaignRun.id.desc()).limit(RUNS_SHOWN + 1)
    if before is not None:
        statement = statement.where(CampaignRun.id < before)
    found = list(session.scalars(statement))
    lines = [RunLine(run, preview(session, run.id), _holding(run)) for run in found[:RUNS_SHOWN]]
    return lines, found[RUNS_SHOWN - 1].id if len(found) > RUNS_SHOWN else None


def _holding(run: CampaignRun) -> int:
    return sum(one.holds for one in kept(run)) if run.state == "planned" else 0


@dataclass(frozen=True)
class Sheet:
    """A run's page: what it comes to, what stands in its way, who has approved it."""

    run: CampaignRun
    preview: Preview
    brakes: Sequence[Brake]
    wanted: Mapping[str, Sequence[str]]
    """Roles whose approval is still wanted, each with the steps that want it."""
    titles: Mapping[str, str]
    """Of the policies, by name."""
    later: int | None
    """The newest run of the same kind, where there is a later one than this."""
    stale: bool
    """It waits, and was planned too long ago to be let go."""

    @property
    def holding(self) -> list[Brake]:
        return [one for one in self.brakes if one.holds]

    @property
    def nothing_to_do(self) -> bool:
        return not self.preview.contacts and not self.preview.actions


def sheet(session: Session, run: CampaignRun, now: datetime) -> Sheet:
    """Everything on a run's page that does not change while it is looked at."""
    frozen = versions.frozen(session)
    waits = run.state == "planned"
    titles = {name: frozen[name, number].title for name, number in run.versions.items() if (name, number) in frozen}
    wanted = roles_wanted(session, run.id, frozen) if waits else {}
    later = session.scalar(
        select(func.max(CampaignRun.id)).where(CampaignRun.id > run.id, CampaignRun.policy == run.policy)
    )
    stale = waits and now - run.planned_at > STALE_AFTER
    return Sheet(run, preview(session, run.id), kept(run), wanted, titles, later, stale)


@dataclass(frozen=True)
class Progress:
    """How far a run has come. ``left``: decisions that are still to be released; ``done`` of them were. ``states``:
    its messages by state."""

    state: str
    looked_at: int
    left: int
    total: int
    states: Mapping[str, int]

    @property
    def done(self) -> int:
        return max(0, self.total - self.left)

    @property
    def messages(self) -> int:
        return sum(self.states.values())

    @property
    def waiting(self) -> int:
        """Messages that have not left."""
        return sum(self.states.get(state, 0) for state in WAITING)

    @property
    def moving(self) -> bool:
        """Whether there is anything to watch."""
        return self.state in ("planning", "releasing") or (self.state == "done" and self.waiting > 0)

    @property
    def mark(self) -> str:
        """The same for as long as nothing has moved."""
        return f"{self.state}-{self.looked_at}-{self.left}-{self.waiting}-{self.messages}"

    @property
    def tenths(self) -> int:
        """How much of it is done, in tenths: what is said aloud when it changes."""
        if self.state == "done":
            return 10 * (self.messages - self.waiting) // max(1, self.messages)
        return 10 * self.done // max(1, self.total)


def progress(session: Session, run: CampaignRun) -> Progress:
    """Counted along indexes only: a page that watches asks this every two seconds."""
    looked_at = left = 0
    states: dict[str, int] = {}
    of_run = Decision.run_id == run.id
    if run.state == "planning":
        looked_at = session.scalar(select(func.count()).select_from(Decision).where(of_run)) or 0
    elif run.state in ("releasing", "paused"):
        left = (
            session.scalar(select(func.count()).select_from(Decision).where(of_run, Decision.state == "planned")) or 0
        )
    if run.state != "planning":
        by_state = select(Message.state, func.count()).where(Message.run_id == run.id).group_by(Message.state)
        states = dict(session.execute(by_state).all())
    counts = preview(session, run.id)
    return Progress(run.state, looked_at, left, counts.contacts + counts.actions, states)


def difference(visit: Visit, session: Session, run: CampaignRun, change: str = "") -> Diff:
    """How a run differs from the one before; with ``change``, the first accounts that differ in that way. Working it
    out takes a fifth of a second for 20,000 decisions, and what was planned does not change: it is remembered."""
    asked = (str(visit.office.database.engine.url), run.id, run.planned_at, run.state == "planned", change)
    limit = DIFFERENT_SHOWN if change else 0
    return _DIFFS.get(asked, visit.now, lambda: diff(session, run.id, limit=limit, change=change or None))


@dataclass(frozen=True)
class Part:
    """A part of a run, as a link names it: an outcome, and perhaps the rule, the policy and the step."""

    outcome: str
    rule: str = ""
    policy: str = ""
    step: str = ""

    def as_query(self) -> dict[str, str]:
        given = {"outcome": self.outcome, "rule": self.rule, "policy": self.policy, "step": self.step}
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True)
class Listed:
    """One account of a part of a run."""

    account: Account
    decision: Decision


def accounts_of(session: Session, run_id: int, part: Part, after: int) -> tuple[list[Listed], int | None]:
    """The accounts of a part of a run, in the order in which they were planned; and where the next page begins."""
    statement = select(Account, Decision).join(Decision, Decision.account_id == Account.id)
    statement = statement.where(*_within(run_id, part), Decision.account_id > after)
    rows = session.execute(statement.order_by(Decision.account_id).limit(PER_PAGE + 1))
    found = [Listed(account, decision) for account, decision in rows]
    return found[:PER_PAGE], found[PER_PAGE - 1].account.id if len(found) > PER_PAGE else None


def many_of(session: Session, run_id: int, part: Part) -> int:
    """How many accounts a part of a run has."""
    return session.scalar(select(func.count()).select_from(Decision).where(*_within(run_id, part))) or 0


def lines_of(session: Session, run_id: int, part: Part, most: int, *, skip: int = 0) -> Iterator[Listed]:
    """The accounts of a part of a run one after the other, without holding them all."""
    statement = select(Account, Decision).join(Decision, Decision.account_id == Account.id)
    statement = statement.where(*_within(run_id, part)).order_by(Decision.account_id).offset(skip).limit(most)
    for account, decision in session.execute(statement.execution_options(yield_per=1000)):
        yield Listed(account, decision)


def _within(run_id: int, part: Part) -> Iterator[ColumnElement[bool]]:
    yield Decision.run_id == run_id
    if part.outcome == "dropped":
        yield and_(Decision.outcome.in_(DOING), Decision.state == "dropped")
    else:
        yield Decision.outcome == part.outcome
    for column, value in ((Decision.rule, part.rule), (Decision.policy, part.policy), (Decision.step, part.step)):
        if value:
            yield column == value
