"""A night's plan: who hears what, on which channel, when, and why not. Nothing is sent by planning.

1. A run is opened in state ``planning``; runs that were planned and never released are stopped, so that what they
   planned does not count as done. A run of today that died in ``planning`` is gone on with, and one that is planned
   already is left as it is when nothing has changed since.
2. Accounts with an open episode, and those that a policy may let in, are taken in chunks by ascending id. A chunk is
   one transaction: facts and positions are read set by set, ``engine.judge`` decides each account, episodes are opened
   and closed, decisions are written. What the next chunk starts from is read from the decisions themselves.
   Meanwhile another thread reads what the next chunk needs, so that the database and Python work at the same time; when
   anybody else has planned since, that is thrown away and read anew.
3. When no account is left the run is counted (``preview``) and is ``planned``.

Chunks of all planners come one after another. Two that plan the same night share its chunks; what the other one planned
is taken in, so that contact caps hold over the whole run. ``UNIQUE(episode, step, occurrence)`` and
``UNIQUE(run, account)`` are written with the decision: a step is decided once, whoever plans how often.
"""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, text, update
from sqlalchemy.orm import Session

from comms.accounts.schema import Account
from comms.city import City
from comms.clock import Clock
from comms.db import Database, on_postgres, upsert
from comms.notices import Catalogue
from comms.rules import rulebook_of

from . import preview
from .costing import Costs
from .deciding import ALL, Planned, Seen, decide, look, planned_elsewhere
from .facts import subject_of
from .night import Night
from .policies import Policy, versions
from .schema import CampaignRun, Decision, Episode, RulebookVersion

CHUNK = 1000
MANY = 200_000
"""Objects made between two collections while a night is planned; the memory of a few chunks."""
UNRELEASED = ("planning", "planned")
STOPPED_RULE = "run-stopped"
"""What a report counts for a decision whose run was never released; its own reasons stay with it."""

Progress = Callable[[int, int], None]

__all__ = ["ALL", "CHUNK", "RunError", "begin", "night_of", "plan", "stop_unreleased", "subject_of"]


class RunError(ValueError):
    """A run that cannot be planned or released as asked; the message says what to do."""


@dataclass
class _Asked:
    """What a run is to be about: the night, and one policy or ``ALL``."""

    night: Night
    scope: str

    @property
    def policies(self) -> Sequence[Policy]:
        return [policy for policy in self.night.policies if self.scope in (ALL, policy.policy)]

    @property
    def versions(self) -> dict[str, int]:
        return {policy.policy: policy.version for policy in self.policies}


@dataclass
class _Work(_Asked):
    """What one planner knows while it plans: the run, how far it came, and whom it planned to write to."""

    costs: Costs
    read: Callable[[Callable[[Session], Seen]], Future[Seen]]
    """Has something read by the other thread."""
    run_id: int = 0
    reached: int = 0
    done: int = 0
    newest: int = 0
    """The newest decision of all when this planner was done with its last chunk."""
    planned: Planned = field(default_factory=Planned)
    ahead: Future[Seen] | None = None
    """What the accounts after ``reached`` are being found to be."""


def plan(
    database: Database,
    city: City,
    clock: Clock,
    catalogue: Catalogue,
    *,
    policy: str | None = None,
    by: str = "system",
    progress: Progress | None = None,
) -> int:
    """Plan tonight's run over all policies in use, or over the one of that name, and return its id.

    Raises ``RunError`` when no policy is in use and in effect, and when the run is stopped meanwhile; ``NoticeError``
    when a policy names a notice that there is not.
    """
    with database.read() as session:
        night = night_of(session, city, catalogue, clock.now())
        _check(session, night, policy)
        total = session.scalar(_how_many(night, policy)) or 0
    with _few_collections(), ThreadPoolExecutor(1, "read-ahead") as pool:
        work = _Work(night, policy or ALL, Costs(city, catalogue), lambda look: pool.submit(_reading, database, look))
        work.run_id = database.run(lambda session: _open_run(session, work, by))
        while chunk := database.run(lambda session: _chunk(session, work)):
            work.planned.take(chunk.planned)
            work.reached, work.newest = chunk.reached, chunk.newest
            work.done += chunk.looked_at
            if progress:
                progress(work.done, max(work.done, total))
    return work.run_id


def begin(
    session: Session, city: City, catalogue: Catalogue, now: datetime, *, policy: str | None = None, by: str = "system"
) -> int:
    """Open tonight's run for whoever plans it (``plan``), and return its id: today's where nothing has changed since.
    Raises as ``plan`` does."""
    night = night_of(session, city, catalogue, now)
    _check(session, night, policy)
    return _open_run(session, _Asked(night, policy or ALL), by)


def _reading(database: Database, look: Callable[[Session], Seen]) -> Seen:
    with database.read() as session:
        return look(session)


@contextmanager
def _few_collections() -> Iterator[None]:
    """Have Python look for cycles seldom: a chunk makes a hundred thousand small objects and no cycle, and looking
    after every seven hundred takes a fifth of the planner's time."""
    before = gc.get_threshold()
    gc.set_threshold(MANY, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def night_of(session: Session, city: City, catalogue: Catalogue, now: datetime) -> Night:
    """What all accounts of a night have in common: the rules, the policies in use and those that episodes run by.

    Raises ``NoticeError`` when one of the policies names a notice that the catalogue does not have.
    """
    today = city.local_date(now)
    in_use = versions.active(session, city, today)
    frozen = versions.frozen(session)
    for policy in in_use:
        for step in policy.step:
            if step.notice:
                catalogue.get(step.notice)
    purposes = {notice.name: notice.purpose for notice in catalogue}
    return Night(city, rulebook_of(city), now, today, tuple(in_use), frozen, purposes)


def _check(session: Session, night: Night, policy: str | None) -> None:
    known = ", ".join(each.policy for each in night.policies)
    if not known:
        raise RunError(
            f"No policy is in use and in effect on {night.today}. See them with: comms policy list; "
            "put one in use with: comms policy activate"
        )
    if policy is not None and policy not in {each.policy for each in night.policies}:
        raise RunError(f"{policy} is not in use and in effect on {night.today}. Policies that are: {known}.")


def _open_run(session: Session, work: _Asked, by: str) -> int:
    """The run to work at: today's when it can be gone on with, else a new one."""
    _one_planner_at_a_time(session)
    night = work.night
    _keep_rulebook(session, night)
    last = session.scalars(
        select(CampaignRun)
        .where(CampaignRun.policy == work.scope, CampaignRun.planned_for == night.today)
        .order_by(CampaignRun.attempt.desc())
        .limit(1)
    ).first()
    if last is not None and (last.versions, last.rulebook) == (work.versions, night.rulebook.digest):
        unchanged = last.state == "planned" and not _changed_since(session, last)
        if last.state == "planning" or unchanged:
            return last.id
    stop_unreleased(session, work.versions, night.now)
    run = CampaignRun(
        policy=work.scope, versions=work.versions, rulebook=night.rulebook.digest, planned_for=night.today,
        attempt=last.attempt + 1 if last else 1, state="planning", counts={}, brakes=[], approvals=[],
        previous_run_id=_previous(session, work), planned_at=night.now, planned_by=by,
    )  # fmt: skip
    session.add(run)
    session.flush()
    return run.id


def _one_planner_at_a_time(session: Session) -> None:
    """Until the end of the transaction nobody else plans. On SQLite a writing transaction is alone anyway."""
    if on_postgres(session):
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext('comms.campaigns.plan'))"))


def _keep_rulebook(session: Session, night: Night) -> None:
    """Keep the rules as they stand, so that in a year one can read what this run was decided by."""
    digest = night.rulebook.digest
    row = {"digest": digest, "content": night.rulebook.as_json(), "first_used_at": night.now}
    upsert(session, RulebookVersion, [row], key=["digest"])


def _changed_since(session: Session, run: CampaignRun) -> bool:
    """Whether anything was learned of any account since the run was planned."""
    stale = (
        select(Decision.id)
        .join(Account, Account.id == Decision.account_id)
        .where(Decision.run_id == run.id, Account.facts_version != Decision.facts_version)
    )
    fresh = select(Account.id).where(Account.updated_at > run.planned_at)
    return bool(session.scalar(select(stale.exists())) or session.scalar(select(fresh.exists())))


def stop_unreleased(session: Session, policies: Mapping[str, Any], now: datetime) -> None:
    """Stop the runs over any of these policies that were never released: their steps were not taken."""
    waiting = session.execute(
        select(CampaignRun.id, CampaignRun.versions).where(CampaignRun.state.in_(UNRELEASED)).with_for_update()
    )
    stopped = [run_id for run_id, among in waiting if among.keys() & policies.keys()]
    if not stopped:
        return
    session.execute(
        update(CampaignRun)
        .where(CampaignRun.id.in_(stopped))
        .values(state="stopped", state_by="a later plan", ended_at=now)
        .execution_options(synchronize_session="fetch")
    )
    session.execute(
        update(Decision)
        .where(Decision.run_id.in_(stopped), Decision.state == "planned")
        .values(state="dropped", occurrence=None, rule=STOPPED_RULE)
        .execution_options(synchronize_session=False)
    )


def _previous(session: Session, work: _Asked) -> int | None:
    """The last run of an earlier day that was planned to its end: what tonight's is compared with."""
    earlier = session.execute(
        select(CampaignRun.id, CampaignRun.counts)
        .where(
            CampaignRun.policy == work.scope,
            CampaignRun.planned_for < work.night.today,
            CampaignRun.state != "planning",
        )
        .order_by(CampaignRun.planned_for.desc(), CampaignRun.id.desc())
        .limit(30)
    )
    return next((run_id for run_id, counts in earlier if counts), None)


@dataclass(frozen=True)
class _Chunk:
    """What one committed chunk came to: the last account and the newest decision, how many accounts were looked at, the
    contacts planned; with what others did since this planner looked last."""

    reached: int
    newest: int
    looked_at: int
    planned: Planned


def _chunk(session: Session, work: _Work) -> _Chunk | None:
    """Decide the next accounts; None when the run is planned to its end."""
    _one_planner_at_a_time(session)
    run = session.get_one(CampaignRun, work.run_id, with_for_update=True, populate_existing=True)
    if run.state not in UNRELEASED:
        raise RunError(f"Run {run.id} was {run.state} while it was being planned; plan again with: comms plan")
    if run.state == "planned":
        return None
    last = session.scalar(select(func.max(Decision.account_id)).where(Decision.run_id == run.id)) or 0
    planned = Planned()
    elsewhere = 0
    if last > work.reached:
        elsewhere = planned_elsewhere(session, work.night, run.id, work.reached, last, into=planned)
    reached = max(last, work.reached)
    seen = _seen_ahead(session, work, reached) or _look(session, work, reached)
    if not seen.subjects:
        run.state = "planned"
        session.flush()
        preview.count(session, run.id)
        return None
    work.ahead = work.read(lambda other: _look(other, work, seen.last_id))
    decide(session, work.night, work.costs, run.id, work.scope, seen, (work.planned, planned))
    return _Chunk(seen.last_id, _newest(session), elsewhere + len(seen.subjects), planned)


def _look(session: Session, work: _Work, after: int) -> Seen:
    _by_index(session)
    return look(session, work.night, _next_ids(session, work, after))


def _by_index(session: Session) -> None:
    """Until the end of the transaction PostgreSQL looks things up. Asked of a thousand accounts it finds it cheaper to
    read a table from end to end, which is so once, but not for every one of hundreds of chunks."""
    if on_postgres(session):
        session.execute(text("SET LOCAL enable_seqscan = off"))
        session.execute(text("SET LOCAL max_parallel_workers_per_gather = 0"))


def _seen_ahead(session: Session, work: _Work, after: int) -> Seen | None:
    """What the other thread read meanwhile, unless somebody has decided anything since: used once, for deciding uses it
    up."""
    ahead, work.ahead = work.ahead, None
    if ahead is None or after != work.reached or _newest(session) != work.newest:
        return None
    return ahead.result()


def _newest(session: Session) -> int:
    return session.scalar(select(func.max(Decision.id))) or 0


def _next_ids(session: Session, work: _Work, after: int) -> list[int]:
    """The next accounts: those a policy may let in, and those with an open episode. Two questions, each answered along
    an index; as one with OR the database would gather all open episodes anew for every chunk."""
    entering = (
        select(Account.id)
        .where(Account.id > after, _may_enter(work.policies, work.night.today))
        .order_by(Account.id)
        .limit(CHUNK)
    )
    running = (
        select(Episode.account_id)
        .where(Episode.account_id > after, Episode.closed_at.is_(None))
        .order_by(Episode.account_id)
        .limit(CHUNK)
    )
    if work.scope != ALL:
        running = running.where(Episode.policy == work.scope)
    found = {*session.scalars(entering), *session.scalars(running)}
    return sorted(found)[:CHUNK]


def _may_enter(policies: Sequence[Policy], today: date) -> ColumnElement[bool]:
    """What the database can tell of a policy's conditions to come in; the engine looks at all of them."""
    return and_(Account.in_latest_file.is_(True), or_(*(_may_enter_one(policy, today) for policy in policies)))


def _may_enter_one(policy: Policy, today: date) -> ColumnElement[bool]:
    enter = policy.enter
    asked: list[ColumnElement[bool]] = [
        Account.past_due_cents >= enter.past_due_at_least,
        Account.status.in_(enter.statuses),
    ]
    if enter.service_class is not None:
        asked.append(Account.service_class.in_(enter.service_class))
    if enter.oldest_due_days is not None:
        asked.append(Account.oldest_due_on <= today - timedelta(days=enter.oldest_due_days))
    return and_(*asked)


def _how_many(night: Night, policy: str | None) -> Any:
    """How many accounts a run will look at, about: for its progress."""
    asked = [each for each in night.policies if policy in (None, each.policy)]
    running = select(Episode.account_id).where(Episode.closed_at.is_(None))
    if policy is not None:
        running = running.where(Episode.policy == policy)
    entering = select(Account.id).where(_may_enter(asked, night.today))
    return select(func.count()).select_from(entering.union(running).subquery())
