"""Letting a run go: every decision is checked again, rendered, frozen and queued. And deciding again what went stale.

A preview is not permission: between plan and release a customer may have paid, promised or opted out. What is no longer
allowed is dropped with its reason; what is allowed only on another channel takes that one.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from comms.accounts.schema import Account
from comms.city import City
from comms.clock import Clock
from comms.db import Database
from comms.history import NewEvent, record
from comms.notices.rendering import Renderer
from comms.outbox import Draft, Message, State, facts_for, insert_messages, queued_event, write
from comms.outbox.drafting import language_of
from comms.outbox.states import STALE
from comms.rules import Purpose

from .facts import picture
from .planner import Choice, RunError, choose, main_reason
from .policy import Policy, Step
from .schema import CampaignRun, Decision

CHUNK = 500
DEFAULT_TERM = timedelta(days=10)
"""Time to pay that a notice gives when the message it replaces kept none."""

Progress = Callable[[int, int], None]


@dataclass
class Released:
    """What a release queued, by channel, and what it dropped, by rule."""

    queued: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    lanes: dict[str, list[int]] = field(default_factory=dict)


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
    with database.read() as session:
        total = session.scalar(select(func.count()).where(Decision.run_id == run_id, Decision.state == "planned")) or 0
    done = Released()
    seen = 0
    while True:
        taken = database.run(lambda session: _chunk(session, city, clock, renderer, policy, run_id, done))
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
    session.get_one(CampaignRun, run_id).state = "done"


def _chunk(
    session: Session, city: City, clock: Clock, renderer: Renderer, policy: Policy, run_id: int, done: Released
) -> int:
    decisions = list(
        session.scalars(
            select(Decision)
            .where(Decision.run_id == run_id, Decision.state == "planned")
            .order_by(Decision.id)
            .limit(CHUNK)
            .with_for_update(skip_locked=True)
        )
    )
    if not decisions:
        return 0
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
        decision.state = "released"
        seen.contacts.add(account, facts.addresses[choice.channel], now)
        drafts.append(_draft(city, clock, renderer, step, decision, account, choice, facts.addresses[choice.channel]))
    session.flush()
    fresh = insert_messages(session, drafts, clock)
    for draft, message_id, _ in fresh:
        done.queued[draft.channel] += 1
        done.lanes.setdefault("mail" if draft.channel == "letter" else draft.channel, []).append(message_id)
    record(session, [queued_event(draft, message_id, digest, now) for draft, message_id, digest in fresh], now)
    return len(decisions)


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
    dates: dict[str, Any] = {"due_date": city.next_business_day(today + timedelta(days=step.pay_within_days))}
    if step.disconnect_after_days is not None:
        dates["disconnect_date"] = city.next_business_day(today + timedelta(days=step.disconnect_after_days))
        dates["winter"] = in_cold_season(city, dates["disconnect_date"])
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


def in_cold_season(city: City, day: date) -> bool:
    """Whether a disconnection on ``day`` falls under Minnesota's Cold Weather Rule: October 1 to April 30, both
    included (Minn. Stat. 216B.097 subd. 1(a))."""
    return city.state == "MN" and (day.month >= 10 or day.month <= 4)


def redecide(session: Session, city: City, renderer: Renderer, clock: Clock, *, limit: int = 500) -> list[int]:
    """Decide again the messages that were held because their account had changed; the ids of what replaces them.

    Still allowed: the old message is superseded by one with today's facts. No longer: it is suppressed, with why.
    """
    now = clock.now()
    held = list(
        session.scalars(
            select(Message)
            .where(Message.state == State.HELD, Message.state_reason == STALE, Message.account_id.is_not(None))
            .order_by(Message.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )
    if not held:
        return []
    accounts = {
        account.id: account
        for account in session.scalars(select(Account).where(Account.id.in_({message.account_id for message in held})))
    }
    seen = picture(session, city, list(accounts.values()), now, without=[message.id for message in held])
    drafts: list[Draft] = []
    moves: list[dict[str, Any]] = []
    events: list[NewEvent] = []
    for message in held:
        account = accounts[message.account_id or 0]
        facts = seen.facts[account.id]
        choice = choose(city, None, _channels(message), Purpose(message.purpose), account, facts, seen.contacts, now)
        if choice.channel is None:
            reason = main_reason(choice.ruling.reasons)
            why = f"{reason.rule}: {reason.fact} {reason.value}"
            moves.append({"at_id": message.id, "to_state": State.SUPPRESSED, "to_reason": why, "at_now": now})
            events.append(_suppressed(message, why, now))
            continue
        moves.append({"at_id": message.id, "to_state": State.SUPERSEDED, "to_reason": "Written anew.", "at_now": now})
        drafts.append(_again(city, clock, renderer, message, account, choice, facts.addresses[choice.channel]))
    session.connection().execute(_MOVE, moves)
    fresh = insert_messages(session, drafts, clock)
    events += [queued_event(draft, message_id, digest, now) for draft, message_id, digest in fresh]
    record(session, events, now)
    return [message_id for _, message_id, _ in fresh]


_MOVE = (
    update(Message)
    .where(Message.id == bindparam("at_id"), Message.state == State.HELD)
    .values(
        state=bindparam("to_state"),
        state_reason=bindparam("to_reason"),
        state_at=bindparam("at_now"),
        final_at=bindparam("at_now"),
    )
)


def _channels(message: Message) -> Sequence[str]:
    later = (message.fallback or {}).get("channels", [])
    return [message.channel, *later]


def _suppressed(message: Message, why: str, now: datetime) -> NewEvent:
    return NewEvent(
        message.account_id, now, "notice.suppressed",
        f"{message.notice.replace('-', ' ').capitalize()} by {message.channel} not sent: {why}",
        "none", message.channel, subject_type="message", subject_id=message.id,
    )  # fmt: skip


def _again(
    city: City, clock: Clock, renderer: Renderer, message: Message, account: Account, choice: Choice, recipient: str
) -> Draft:
    assert choice.channel is not None
    kept = (message.fallback or {}).get("fields", {})
    dates = {name: date.fromisoformat(value) if name.endswith("date") else value for name, value in kept.items()}
    dates.setdefault("due_date", city.next_business_day(city.local_date(clock.now()) + DEFAULT_TERM))
    channels = list(_channels(message))
    rest = channels[channels.index(choice.channel) + 1 :]
    return write(
        renderer,
        account,
        channel=choice.channel,
        notice=message.notice,
        recipient=recipient,
        fields=facts_for(city, clock, account, **dates),
        dedupe_key=f"again:{message.id}",
        language=language_of(account),
        facts_version=account.facts_version,
        send_at=choice.ruling.until,
        decision_id=message.decision_id,
        run_id=message.run_id,
        fallback={**message.fallback, "channels": rest} if message.fallback else None,
    )
