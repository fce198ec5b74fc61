"""A night's plan: who hears what, on which channel, when, and why not. Nothing is sent by planning.

1. Episodes whose debt has fallen are closed.
2. Accounts that the policy lets in are taken in chunks, lowest id first; each gets an episode if it has none.
3. The first step of the policy that is due and not yet taken is decided by the rules, channel by channel.
4. The decision is stored with its reasons. ``UNIQUE(episode, step, occurrence)`` and ``UNIQUE(run, account)`` are
   written with it: a step is decided once, whoever plans how often, also two at a time.

A run that was planned and never let go is stopped by the next one: its steps were not taken, and are decided anew.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from comms.accounts.schema import Account
from comms.city import City
from comms.clock import Clock
from comms.db import Database, upsert
from comms.notices import Catalogue
from comms.rules import Decision as Ruling
from comms.rules import Facts, Purpose, Reason, decide
from comms.rules.decide import Verdict, reasons_from_json

from .facts import Contacts, picture
from .policy import Policy, Step, step_due
from .schema import CampaignRun, Decision, Episode

CHUNK = 1000

Progress = Callable[[int, int], None]


class RunError(ValueError):
    """A run that cannot be planned or released as asked; the message says what to do."""


@dataclass(frozen=True)
class Choice:
    """The channel that was chosen and when it may be used, or none, with the reasons of all that were asked."""

    channel: str | None
    ruling: Ruling


def plan(
    database: Database,
    city: City,
    clock: Clock,
    catalogue: Catalogue,
    policy: Policy,
    *,
    progress: Progress | None = None,
) -> int:
    """Plan one run of ``policy`` for today and return its id. In a run of today that was not released yet, accounts
    that changed since are decided anew. Raises ``RunError`` on a day on which the policy is not in effect."""
    for step in policy.step:
        catalogue.get(step.notice)
    today = city.local_date(clock.now())
    if not policy.effective.on(today):
        until = f" to {policy.effective.to}" if policy.effective.to else ""
        raise RunError(
            f"{policy.policy} version {policy.version} is in effect from {policy.effective.from_}{until}, not on "
            f"{today}; plan with another version of it, or correct its effective dates."
        )
    run_id = database.run(lambda session: _open_run(session, policy, today, clock.now()))
    database.run(lambda session: _close_episodes(session, policy, clock.now()))
    with database.read() as session:
        ids = list(session.scalars(_entering(policy, today)))
    waiting = 0
    for done, part in _chunks(ids):
        waiting += database.run(
            lambda session: _plan_chunk(session, city, clock, catalogue, policy, run_id, part, today)  # noqa: B023
        )
        if progress:
            progress(done, len(ids))
    database.run(lambda session: _count(session, run_id, waiting))
    return run_id


def _open_run(session: Session, policy: Policy, today: date, now: datetime) -> int:
    last = session.scalars(
        select(CampaignRun)
        .where(CampaignRun.policy == policy.policy, CampaignRun.planned_for == today)
        .order_by(CampaignRun.attempt.desc())
        .limit(1)
    ).first()
    if last is not None and last.state == "planned" and last.policy_version == policy.version:
        run_id = last.id
    else:
        run_id = _new_run(session, policy, today, last.attempt + 1 if last else 1, now)
    _stop_others(session, policy, run_id)
    return run_id


def _new_run(session: Session, policy: Policy, today: date, attempt: int, now: datetime) -> int:
    row = {
        "policy": policy.policy, "policy_version": policy.version, "planned_for": today, "attempt": attempt,
        "state": "planned", "counts": {}, "planned_at": now,
    }  # fmt: skip
    upsert(session, CampaignRun, [row], key=["policy", "planned_for", "attempt"])
    return session.scalars(
        select(CampaignRun.id).where(
            CampaignRun.policy == policy.policy, CampaignRun.planned_for == today, CampaignRun.attempt == attempt
        )
    ).one()


def _stop_others(session: Session, policy: Policy, run_id: int) -> None:
    """Stop the runs of this policy that were never released, so that what they planned does not count as done."""
    stopped = session.scalars(
        update(CampaignRun)
        .where(CampaignRun.policy == policy.policy, CampaignRun.state == "planned", CampaignRun.id < run_id)
        .values(state="stopped")
        .returning(CampaignRun.id)
        .execution_options(synchronize_session=False)
    ).all()
    if stopped:
        session.execute(
            update(Decision)
            .where(Decision.run_id.in_(stopped), Decision.state == "planned")
            .values(state="dropped", occurrence=None, reasons=[_STOPPED.as_json()])
            .execution_options(synchronize_session=False)
        )


_STOPPED = Reason("run-stopped", Verdict.SUPPRESS, "run", "never released; a later run decided anew", "office policy")


def _close_episodes(session: Session, policy: Policy, now: datetime) -> None:
    paid = select(Account.id).where(Account.past_due_cents <= policy.exit.past_due_at_most)
    session.execute(
        update(Episode)
        .where(Episode.closed_at.is_(None), Episode.policy == policy.policy, Episode.account_id.in_(paid))
        .values(closed_at=now, close_reason="The debt fell to the policy's exit amount.")
        .execution_options(synchronize_session=False)
    )


def _entering(policy: Policy, today: date) -> Any:
    enter = policy.enter
    return (
        select(Account.id)
        .where(
            Account.service_class == enter.service_class,
            Account.status.in_(enter.statuses),
            Account.in_latest_file.is_(True),
            Account.past_due_cents >= enter.past_due_at_least,
            Account.oldest_due_on <= today - timedelta(days=enter.oldest_due_days),
        )
        .order_by(Account.id)
    )


def _chunks(ids: Sequence[int]) -> Iterator[tuple[int, Sequence[int]]]:
    for start in range(0, len(ids), CHUNK):
        yield min(start + CHUNK, len(ids)), ids[start : start + CHUNK]


def _plan_chunk(
    session: Session,
    city: City,
    clock: Clock,
    catalogue: Catalogue,
    policy: Policy,
    run_id: int,
    ids: Sequence[int],
    today: date,
) -> int:
    """Decide a chunk of accounts; how many have no step due."""
    now = clock.now()
    run = session.get_one(CampaignRun, run_id, with_for_update={"read": True})
    if run.state != "planned":
        raise RunError(f"Run {run_id} was {run.state} while it was being planned; plan again with: comms plan")
    accounts = list(session.scalars(select(Account).where(Account.id.in_(ids)).order_by(Account.id)))
    _forget_stale(session, run_id, ids)
    planned = set(
        session.scalars(select(Decision.account_id).where(Decision.run_id == run_id, Decision.account_id.in_(ids)))
    )
    accounts = [account for account in accounts if account.id not in planned]
    if not accounts:
        return 0
    episodes, taken = _episodes(session, policy, [account.id for account in accounts], now)
    seen = picture(session, city, accounts, now)
    rows: list[dict[str, Any]] = []
    waiting = 0
    for account in accounts:
        done = taken.get(account.id, {})
        step = _next_step(policy, city, account, done, today)
        if step is None:
            waiting += 1
            continue
        purpose = Purpose(catalogue.get(step.notice).purpose)
        choice = choose(city, policy, step.send.first_of, purpose, account, seen.facts[account.id], seen.contacts, now)
        rows.append(_row(run_id, account, episodes[account.id], step, choice, now))
        if choice.channel is not None:
            address = seen.facts[account.id].addresses[choice.channel]
            seen.contacts.add(account, address, choice.ruling.until or now, ("planned", account.id))
    upsert(session, Decision, rows)
    return waiting


def _forget_stale(session: Session, run_id: int, ids: Sequence[int]) -> None:
    """Take back this run's decisions on accounts that have changed since; nothing of them was written yet."""
    current = select(Account.facts_version).where(Account.id == Decision.account_id).scalar_subquery()
    session.execute(
        delete(Decision)
        .where(Decision.run_id == run_id, Decision.account_id.in_(ids), Decision.state.in_(("planned", "dropped")))
        .where(Decision.facts_version != current)
        .execution_options(synchronize_session=False)
    )


def _episodes(
    session: Session, policy: Policy, ids: Sequence[int], now: datetime
) -> tuple[dict[int, int], dict[int, dict[str, datetime]]]:
    """The open episode of each account (opened where there is none), and the steps it has taken and when."""
    query = select(Episode.account_id, Episode.id).where(Episode.account_id.in_(ids), Episode.closed_at.is_(None))
    found = dict(session.execute(query).all())
    fresh = [
        {"account_id": id_, "policy": policy.policy, "policy_version": policy.version, "opened_at": now}
        for id_ in ids
        if id_ not in found
    ]
    upsert(session, Episode, fresh)
    found = dict(session.execute(query).all())
    taken: dict[int, dict[str, datetime]] = {}
    steps = session.execute(
        select(Decision.account_id, Decision.step, Decision.decided_at, Decision.until).where(
            Decision.episode_id.in_(list(found.values())), Decision.occurrence.is_not(None)
        )
    )
    for account_id, step, decided_at, until in steps:
        taken.setdefault(account_id, {})[step or ""] = until or decided_at
    return found, taken


def _next_step(policy: Policy, city: City, account: Account, done: dict[str, datetime], today: date) -> Step | None:
    """The first step not yet taken, if it is due: one step at a time, none skipped."""
    assert account.oldest_due_on is not None
    for step in policy.step:
        if step.id not in done:
            return step if step_due(policy, step, account.oldest_due_on, done, city, today) else None
    return None


def choose(
    city: City,
    policy: Policy | None,
    channels: Sequence[str],
    purpose: Purpose,
    account: Account,
    facts: Facts,
    contacts: Contacts,
    at: datetime,
) -> Choice:
    """The first of ``channels`` that the rules allow now or later today."""
    facts = replace(facts, recent_contacts=contacts.of(account, facts.addresses.values()))
    more: dict[str, Any] = {"caps": policy.household_caps} if policy and policy.caps else {}
    if policy:
        more["settled_at"] = policy.exit.past_due_at_most
    rulings = []
    for channel in channels:
        ruling = decide(city, facts, purpose=purpose, channel=channel, at=at, **more)
        if ruling.verdict is not Verdict.SUPPRESS:
            return Choice(channel, ruling)
        rulings.append(ruling)
    reasons = {reason.rule + reason.fact: reason for ruling in rulings for reason in ruling.reasons}
    return Choice(None, Ruling(Verdict.SUPPRESS, None, tuple(reasons.values())))


def main_reason(reasons: Sequence[Reason]) -> Reason:
    """The reason that a report counts: a hold before a cap before a missing address."""
    weights = {"hold": 0, "owes": 1, "consent": 2, "cap": 3}
    protective = [reason for reason in reasons if reason.verdict is Verdict.SUPPRESS]
    return min(protective, key=lambda reason: weights.get(reason.rule.split("-")[0], 9))


def _row(run_id: int, account: Account, episode_id: int, step: Step, choice: Choice, now: datetime) -> dict[str, Any]:
    contact = choice.channel is not None
    channels: list[str] = list(step.send.first_of)
    return {
        "run_id": run_id, "account_id": account.id, "episode_id": episode_id, "step": step.id,
        "occurrence": 1 if contact else None, "verdict": choice.ruling.verdict, "until": choice.ruling.until,
        "channels": channels[channels.index(choice.channel) :] if choice.channel else [],
        "reasons": choice.ruling.as_json(), "facts_version": account.facts_version,
        "amount_cents": account.past_due_cents, "state": "planned" if contact else "dropped", "decided_at": now,
    }  # fmt: skip


def _count(session: Session, run_id: int, waiting: int) -> None:
    """What the plan came to, counted from the decisions themselves."""
    counts: Counter[str] = Counter()
    rows = session.execute(
        select(Decision.channels, Decision.reasons, Decision.amount_cents).where(Decision.run_id == run_id)
    )
    for channels, reasons, amount in rows:
        if channels:
            counts[f"contact by {channels[0]}"] += 1
            counts["cents addressed"] += amount
        else:
            counts[f"suppressed: {main_reason(reasons_from_json(reasons)).rule}"] += 1
    if waiting:
        counts["no step due yet"] = waiting
    session.get_one(CampaignRun, run_id).counts = dict(sorted(counts.items()))
