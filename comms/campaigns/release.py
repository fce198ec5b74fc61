"""Letting a run go: every decision is checked again, rendered, frozen and queued.

A preview is not permission: between plan and release a customer may have paid, promised or opted out. What is no longer
allowed is dropped with its reason; what is allowed only on another channel takes that one.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from comms.accounts.schema import Account
from comms.city import City
from comms.clock import Clock
from comms.db import Database
from comms.history import record
from comms.notices import Renderer, keep_versions
from comms.outbox import Draft, facts_for, insert_messages, queued_event, write
from comms.outbox.drafting import CANNOT_WRITE, language_of
from comms.rules import Purpose, Reason
from comms.rules import Verdict
from comms.worklist import open_task

from .facts import picture
from .planner import Choice, RunError, choose, main_reason
from .policy import Policy, Step
from .schema import CampaignRun, Decision

CHUNK = 500


Progress = Callable[[int, int], None]


@dataclass
class Released:
    """What a release queued, by channel, and what it dropped, by rule."""

    queued: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    lanes: dict[str, list[int]] = field(default_factory=dict)

    def add(self, chunk: "Released") -> None:
        """Count a chunk that was committed."""
        self.queued += chunk.queued
        self.dropped += chunk.dropped
        for lane, ids in chunk.lanes.items():
            self.lanes.setdefault(lane, []).extend(ids)


def release(
    database: Database,
    city: City,
    clock: Clock,
    renderer: Renderer,
    policy: Policy,
    run_id: int,
    *,
    by: str,
    progress: Progress | None = None,
) -> Released:
    """Release a planned run, in chunks that each commit on their own. A release that died half-way can be run again."""
    database.run(lambda session: _begin(session, run_id, policy, by, clock.now()))
    database.run(lambda session: keep_versions(session, renderer.catalogue, clock.now()))
    with database.read() as session:
        total = session.scalar(select(func.count()).where(Decision.run_id == run_id, Decision.state == "planned")) or 0
    done = Released()
    seen = 0
    while True:
        taken, chunk = database.run(lambda session: _chunk(session, city, clock, renderer, policy, run_id))
        done.add(chunk)
        seen += taken
        if progress:
            progress(seen, total)
        if taken < CHUNK:
            break
    database.run(lambda session: _end(session, run_id))
    return done


def _begin(session: Session, run_id: int, policy: Policy, by: str, now: datetime) -> None:
    run = session.get(CampaignRun, run_id, with_for_update=True)
    if run is None:
        raise RunError(f"There is no run {run_id}. See the runs with: comms campaign status")
    if run.policy_version != policy.version or run.policy != policy.policy:
        raise RunError(
            f"Run {run_id} was planned with {run.policy} version {run.policy_version}; plan it again with: comms plan"
        )
    if run.state not in ("planned", "released"):
        raise RunError(f"Run {run_id} is {run.state} and cannot be released; plan a new one with: comms plan")
    run.state, run.released_at, run.released_by = "released", run.released_at or now, by


def _end(session: Session, run_id: int) -> None:
    """The run is done, unless another process is still at a chunk of it: should that one die, it can be run again."""
    left = select(Decision.id).where(Decision.run_id == run_id, Decision.state == "planned").exists()
    session.execute(
        update(CampaignRun)
        .where(CampaignRun.id == run_id, ~left)
        .values(state="done")
        .execution_options(synchronize_session=False)
    )


def _chunk(
    session: Session, city: City, clock: Clock, renderer: Renderer, policy: Policy, run_id: int
) -> tuple[int, Released]:
    decisions = list(
        session.scalars(
            select(Decision)
            .where(Decision.run_id == run_id, Decision.state == "planned")
            .order_by(Decision.id)
            .limit(CHUNK)
            .with_for_update(skip_locked=True)
        )
    )
    done = Released()
    if not decisions:
        return 0, done
    now = clock.now()
    accounts = {
        account.id: account
        for account in session.scalars(select(Account).where(Account.id.in_([d.account_id for d in decisions])))
    }
    seen = picture(session, city, list(accounts.values()), now)
    drafts: list[Draft] = []
    for decision in decisions:
        account = accounts[decision.account_id]
        step = policy.named(decision.step or "")
        purpose = Purpose(renderer.catalogue.get(step.notice).purpose)
        facts = seen.facts[account.id]
        choice = choose(city, policy, decision.channels, purpose, account, facts, seen.contacts, now)
        if choice.channel is None:
            done.dropped[main_reason(choice.ruling.reasons).rule] += 1
            decision.state, decision.occurrence, decision.reasons = "dropped", None, choice.ruling.as_json()
            continue
        recipient = facts.addresses[choice.channel]
        try:
            draft = _draft(city, clock, renderer, step, decision, account, choice, recipient)
        except CANNOT_WRITE as error:
            done.dropped["unwritable"] += 1
            _not_written(session, decision, step, error, now)
            continue
        decision.state, decision.decided_at, decision.until = "released", now, choice.ruling.until
        seen.contacts.add(account, recipient, now, ("released", decision.id))
        drafts.append(draft)
    session.flush()
    fresh = insert_messages(session, drafts, clock)
    for draft, message_id, _ in fresh:
        done.queued[draft.channel] += 1
        done.lanes.setdefault("mail" if draft.channel == "letter" else draft.channel, []).append(message_id)
    record(session, [queued_event(draft, message_id, digest, now) for draft, message_id, digest in fresh], now)
    return len(decisions), done


def _not_written(session: Session, decision: Decision, step: Step, error: Exception, now: datetime) -> None:
    """One account's notice that cannot be written stops nobody else's: it is put before staff, and decided anew."""
    reason = Reason("unwritable", Verdict.SUPPRESS, step.notice, str(error), "the notice's own template")
    decision.state, decision.occurrence, decision.reasons = "dropped", None, [reason.as_json()]
    open_task(
        session,
        kind="failed_notice",
        dedupe_key=f"unwritable:account:{decision.account_id}:{step.id}",
        reason=f"{step.notice.replace('-', ' ').capitalize()} cannot be written for this account. {error}",
        at=now,
        account_id=decision.account_id,
        subject_type="account",
        subject_id=decision.account_id,
    )


def _draft(
    city: City,
    clock: Clock,
    renderer: Renderer,
    step: Step,
    decision: Decision,
    account: Account,
    choice: Choice,
    recipient: str,
) -> Draft:
    assert choice.channel is not None
    today = city.local_date(clock.now())
    dates: dict[str, Any] = {"due_date": city.business_day_from(today + timedelta(days=step.pay_within_days))}
    if step.disconnect_after_days is not None:
        dates["disconnect_date"] = city.business_day_from(today + timedelta(days=step.disconnect_after_days))
    channels: list[str] = list(step.send.first_of)
    others = channels[channels.index(choice.channel) + 1 :]
    hours = step.send.fallback_after_hours
    fallback = {
        "channels": others,
        "after_s": hours * 3600 if hours else None,
        "fields": {name: value.isoformat() if isinstance(value, date) else value for name, value in dates.items()},
    }
    return write(
        renderer,
        account,
        channel=choice.channel,
        notice=step.notice,
        recipient=recipient,
        fields=facts_for(city, clock, account, **dates),
        dedupe_key=f"decision:{decision.id}",
        language=language_of(account),
        facts_version=account.facts_version,
        send_at=choice.ruling.until,
        decision_id=decision.id,
        run_id=decision.run_id,
        fallback=fallback,
    )
