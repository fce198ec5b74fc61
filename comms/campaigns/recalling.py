"""A day gone by: what was decided for one account that night, by which words and rules, and what happened.

Nothing is judged again. The decisions say what was seen then; the policy is the version that the episode kept; the
rules are those that were kept under the digest that the run names. How a step stands is told as it is known now.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from comms.accounts.schema import AccountBalance, Hold
from comms.city import City
from comms.history.schema import ContactEvent
from comms.money import dollars
from comms.rules import Reason, Weather, reasons_from_json

from .choosing import main_reason
from .night import Send, Subject
from .past import file_days, lives
from .policies import Policy, Step, versions
from .policies.wording import conditions, on_day
from .positions import taken_in
from .schema import CampaignRun, Decision, Episode, RulebookVersion
from .telling import headline, label, local, protects_stored, step_seen
from .tracing import BASES, Explanation, PolicyAsked, RuleSaid, StepSeen, kind_of

DAY = timedelta(1)
DOING = ("contact", "action")
_STATES = {
    "planned": "It waits for the run's release.",
    "released": "It was let go.",
    "dropped": "It was left out again before anything was written.",
}


@dataclass(frozen=True)
class Recalled:
    """The decision of a night that counts, with all decisions of that night's runs."""

    decision: Decision
    run: CampaignRun
    all: Sequence[tuple[Decision, CampaignRun]]


def recalled(session: Session, account_id: int, on: date) -> Recalled | None:
    """What was decided for the account in the runs of a night; the one that stands, where several were planned."""
    rows = session.execute(
        select(Decision, CampaignRun)
        .join(CampaignRun, CampaignRun.id == Decision.run_id)
        .where(Decision.account_id == account_id, CampaignRun.planned_for == on)
        .order_by(Decision.id)
    )
    found = [(decision, run) for decision, run in rows]
    if not found:
        return None
    standing = [one for one in found if one[0].state != "dropped"] or found
    return Recalled(*standing[-1], found)


def recall(
    session: Session, city: City, account_id: int, number: str, name: str, on: date, now: datetime
) -> Explanation:
    """A day gone by, as it was kept."""
    events = tuple(events_of(session, city, account_id, on))
    known = tuple(_known(session, city, account_id, on))
    found = recalled(session, account_id, on)
    if found is None:
        return _nothing(session, city, account_id, (number, name, on), now, known, events)
    decision, run = found.decision, found.run
    policy, version, arm = _policy_of(session, decision, run)
    reasons = reasons_from_json(decision.reasons)
    stored = session.get(RulebookVersion, run.rulebook)
    protects = protects_stored(stored.content, _step(policy, decision.step, arm)) if stored else {}
    main = main_of(decision, reasons)
    return Explanation(
        account=number, name=name, on=on, basis="decided",
        kind=kind_of(decision.outcome, decision.rule, main.verdict if main else None), rule=decision.rule,
        headline=headline_of(decision, reasons, policy, arm, city),
        facts=(f"{dollars(decision.amount_cents)} was owed, after what had been paid.", *known),
        policies=tuple(_policies(decision, policy, version, city, session)),
        steps=tuple(_steps(session, city, decision, policy, arm, now)),
        rules=tuple(dict.fromkeys(RuleSaid.of(reason, protects) for reason in reasons)),
        next_on=decision.next_on, runs=tuple(run_lines(found, city)), events=events,
        rests_on=tuple(_rests_on(decision, run, version, stored, city)), notes=(BASES["decided"],),
    )  # fmt: skip


def main_of(decision: Decision, reasons: Sequence[Reason]) -> Reason | None:
    """The reason that the decision's rule names; else the one that a report would count."""
    own = [reason for reason in reasons if reason.rule == decision.rule]
    return own[0] if own else main_reason(reasons) if reasons else None


def headline_of(
    decision: Decision, reasons: Sequence[Reason], policy: Policy | None, arm: str | None, city: City
) -> str:
    """A kept decision as one or two sentences."""
    step = _name(policy, decision.step, arm)
    said = headline(
        decision.outcome, step, [Send.from_json(send) for send in decision.sends], main_of(decision, reasons),
        decision.rule, city, until=decision.until,
    )  # fmt: skip
    if decision.outcome == "contact":
        return f"{said} {_STATES.get(decision.state, '')}".rstrip()
    return said


def _step(policy: Policy | None, step: str | None, arm: str | None) -> Step | None:
    """The policy's step; None also where it has none of that name."""
    try:
        return policy.named(step, arm) if policy and step else None
    except KeyError:
        return None


def _name(policy: Policy | None, step: str | None, arm: str | None) -> str:
    found = _step(policy, step, arm)
    return found.name if found else step or ""


def run_lines(found: Recalled, city: City) -> Iterator[str]:
    """What each run of the night decided."""
    for decision, run in found.all:
        what = f"{decision.outcome}{f' ({decision.step})' if decision.step else ''}, {decision.rule}, {decision.state}"
        attempt = f", the {run.attempt}. of that night" if run.attempt > 1 else ""
        yield f"Run {run.id}{attempt}, planned {local(run.planned_at, city)} by {run.planned_by}, {run.state}: {what}."


def events_of(session: Session, city: City, account_id: int, on: date) -> Iterator[str]:
    """What the account's history has of a day in the city."""
    begins = datetime.combine(on, time(0), city.zone).astimezone(UTC)
    ends = datetime.combine(on + DAY, time(0), city.zone).astimezone(UTC)
    rows = session.execute(
        select(ContactEvent.at, ContactEvent.channel, ContactEvent.summary)
        .where(ContactEvent.chain == account_id, ContactEvent.at >= begins, ContactEvent.at < ends)
        .order_by(ContactEvent.position)
    )
    for at, channel, summary in rows:
        there = at.astimezone(city.zone)
        yield f"{f'{there:%I:%M %p}'.lstrip('0'):>8}  {f'{channel}: ' if channel else ''}{summary}"


def _known(session: Session, city: City, account_id: int, on: date) -> Iterator[str]:
    """What the billing system's files and the holds say of that day."""
    told = session.execute(
        select(AccountBalance.as_of, AccountBalance.past_due_cents, AccountBalance.oldest_due_on, AccountBalance.status)
        .where(AccountBalance.account_id == account_id, AccountBalance.as_of <= on)
        .order_by(AccountBalance.as_of.desc())
        .limit(1)
    ).one_or_none()
    if told is not None:
        due = f", of a bill due {on_day(told.oldest_due_on)}" if told.oldest_due_on and told.past_due_cents > 0 else ""
        yield (
            f"Since its file of {on_day(told.as_of)} the billing system said: {dollars(told.past_due_cents)} past "
            f"due{due}, {told.status.replace('_', ' ')}."
        )
    begins = datetime.combine(on, time(0), city.zone).astimezone(UTC)
    holds = session.execute(
        select(Hold.kind, Hold.ends_on, Hold.released_at, Hold.note)
        .where(
            Hold.account_id == account_id,
            Hold.starts_on <= on,
            Hold.placed_at < begins + DAY,
            or_(Hold.ends_on.is_(None), Hold.ends_on >= on),
            or_(Hold.released_at.is_(None), Hold.released_at >= begins),
        )
        .order_by(Hold.id)
    )
    for kind, ends_on, released_at, note in holds:
        ends = f"to {on_day(ends_on)}" if ends_on else "without an end"
        released = f", released {local(released_at, city)}" if released_at else ""
        yield f"Hold in force: {kind.replace('_', ' ')}, {ends}{released}.{f' {note}' if note else ''}"


def _nothing(
    session: Session, city: City, account_id: int, about: tuple[str, str, date], now: datetime,
    known: tuple[str, ...], events: tuple[str, ...],
) -> Explanation:  # fmt: skip
    """No decision was kept: there was no run, or no policy had the account. Why not is worked out from what is kept."""
    number, name, on = about
    runs = session.scalars(select(CampaignRun).where(CampaignRun.planned_for == on).order_by(CampaignRun.id)).all()
    if not runs:
        return Explanation(
            account=number, name=name, on=on, basis="decided", kind="outside", rule="no-run",
            headline="No run was planned on that day, so nothing was decided for anybody.", facts=known, events=events,
        )  # fmt: skip
    (life,) = lives(session, city, [account_id], now)
    subject = life.on(on, file_days(session), Weather(None))
    asked = tuple(_would_have(session, city, runs[-1], subject, on)) if subject is not None else ()
    return Explanation(
        account=number, name=name, on=on, basis="reconstructed", kind="outside", rule="no-decision",
        headline="Nothing was decided for the account that night: no policy had it, and none took it in.",
        facts=known, policies=asked, events=events, notes=(BASES["reconstructed"],),
        runs=tuple(f"Run {run.id} ({run.policy}, {run.state}): nothing for this account." for run in runs),
    )  # fmt: skip


def _would_have(session: Session, city: City, run: CampaignRun, subject: Subject, on: date) -> Iterator[PolicyAsked]:
    """Why the policies of a run did not take the account, by what is kept of that day."""
    frozen = versions.frozen(session)
    for name, version in run.versions.items():
        policy = frozen.get((name, version))
        if policy is None:
            continue
        failed = policy.enter.against(subject, on)
        words = "by what is on file it would have fitted; perhaps that came later"
        if failed is not None:
            words = f"{label(failed[0])} was {failed[1]}; it takes an account that {conditions(policy.enter, city)}"
        yield PolicyAsked(name, policy.title, version, False, words)


def _policy_of(session: Session, decision: Decision, run: CampaignRun) -> tuple[Policy | None, int | None, str | None]:
    """The version that the decision was made by, and the account's arm."""
    episode = session.get(Episode, decision.episode_id) if decision.episode_id else None
    version: Any = episode.policy_version if episode else run.versions.get(decision.policy or "")
    policy = versions.frozen(session).get((decision.policy or "", version or 0))
    return policy, version, episode.arm if episode else None


def _policies(
    decision: Decision, policy: Policy | None, version: int | None, city: City, session: Session
) -> Iterator[PolicyAsked]:
    if decision.policy is None:
        return
    episode = session.get(Episode, decision.episode_id) if decision.episode_id else None
    words = "it had the account"
    if episode is not None:
        words = f"it had the account since {on_day(city.local_date(episode.opened_at))}"
        if episode.closed_at is not None:
            words += f", to {on_day(city.local_date(episode.closed_at))} ({episode.close_reason or 'ended'})"
    title = policy.title if policy else decision.policy
    yield PolicyAsked(decision.policy, title, version or 0, True, words)


def _steps(
    session: Session, city: City, decision: Decision, policy: Policy | None, arm: str | None, now: datetime
) -> Iterator[StepSeen]:
    """The steps of the episode that had been decided by the end of that night, as they stand now."""
    if decision.episode_id is None or policy is None:
        return
    frozen: Mapping[tuple[str, int], Policy] = versions.frozen(session)
    for one in taken_in(session, [decision.episode_id], frozen, now).get(decision.episode_id, ()):
        if one.decided_at <= decision.decided_at:
            yield step_seen(city, policy.named(one.step, arm), one)


def _rests_on(
    decision: Decision, run: CampaignRun, version: int | None, stored: RulebookVersion | None, city: City
) -> Iterator[str]:
    decided = local(decision.decided_at, city)
    yield f"The decision of {decided}, in run {run.id}, on version {decision.facts_version} of the facts."
    if decision.policy is not None:
        yield f"Policy {decision.policy}, version {version}: comms policy show {decision.policy}"
    kept = f"in use since {local(stored.first_used_at, city)}" if stored else "not kept"
    yield f"The rules with the digest {run.rulebook[:12]}, {kept}."


__all__ = ["Recalled", "recall", "recalled"]
