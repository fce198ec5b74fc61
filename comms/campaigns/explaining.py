"""Why: what was, is or would be decided for one account on one day, so that a clerk can read it to the customer.

1. A day gone by: the decisions that were kept that night, with the policy version and the rules they were made by, and
   what happened that day. Nothing is judged again.
2. Today: what tonight's run decided already, if it did something; and what the engine says at this moment.
3. A day to come: the engine, night after night until then, with what is known today.
"""

from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.accounts.schema import Account
from comms.city import City
from comms.notices import Catalogue

from . import facts
from .engine import judge
from .foreseeing import FARTHEST, look_ahead, on_that_day, same_time
from .night import Contacts, Night, Outcome, Position, Subject
from .planner import night_of
from .policies import Policy, versions
from .policies.wording import by_channels, on_day
from .positions import positions
from .recalling import DOING, events_of, recall, recalled, run_lines
from .telling import channels_asked, facts_of, main_of, of_outcome, policies_asked, protects_of, ruled, steps_of
from .tracing import BASES, Explanation, RuleSaid, StepSeen, kind_of


def explain(
    session: Session, city: City, catalogue: Catalogue, account_id: int, now: datetime, on: date | None = None
) -> Explanation:
    """Why this account was, is or would be treated as it is on a day in the city (left out: today).

    Raises ``LookupError`` where there is no such account, ``ValueError`` for a day more than a year ahead,
    ``NoticeError`` when a policy in use names a notice that there is not.
    """
    row = session.execute(select(Account.number, Account.name).where(Account.id == account_id)).one_or_none()
    if row is None:
        raise LookupError(f"no account with the id {account_id}")
    today = city.local_date(now)
    if on is not None and on - today > FARTHEST:
        raise ValueError(f"{on} is more than a year ahead; ask for a day until {today + FARTHEST}.")
    if on is not None and on < today:
        return recall(session, city, account_id, row.number, row.name, on, now)
    asked = _Asked(session, city, catalogue, account_id, row.number, row.name, now)
    return asked.now() if on is None or on == today else asked.ahead(on)


class _Asked:
    """One account that somebody asks about, today."""

    def __init__(
        self, session: Session, city: City, catalogue: Catalogue, account_id: int, number: str, name: str, now: datetime
    ) -> None:
        self.session, self.city, self.catalogue = session, city, catalogue
        self.account_id, self.number, self.name = account_id, number, name
        self.night = night_of(session, city, catalogue, now)
        self.subject = facts.subject_of(session, city, account_id, now)
        self.position = positions(session, [account_id], self.night.frozen, now)[account_id]
        self.contacts = facts.contacts(session, [self.subject], now)

    def now(self) -> Explanation:
        """What was done today, or would be done now."""
        night = self.night
        judged = self._told(night, self.subject, self.position, self.contacts)
        found = recalled(self.session, self.account_id, night.today)
        if found is None or found.decision.outcome not in DOING or found.decision.state == "dropped":
            runs = tuple(run_lines(found, self.city)) if found else ()
            events = tuple(events_of(self.session, self.city, self.account_id, night.today))
            return replace(judged, runs=runs, events=events)
        kept = recall(self.session, self.city, self.account_id, self.number, self.name, night.today, night.now)
        return replace(
            judged, basis="decided", kind=kept.kind, rule=kept.rule, headline=kept.headline, next_on=kept.next_on,
            policies=kept.policies, rules=kept.rules, runs=kept.runs, events=kept.events, rests_on=kept.rests_on,
            notes=(f"{BASES['decided']} At this moment: {judged.headline}",),
        )  # fmt: skip

    def ahead(self, on: date) -> Explanation:
        """A day to come, with what is known today."""
        in_use = versions.in_use(self.session, self.city)

        def night_on(day: date) -> Night:
            then = tuple(policy for policy in in_use if policy.effective.on(day))
            return replace(self.night, now=same_time(self.city, self.night.now, day), today=day, policies=then)

        first = self.night.today
        if recalled(self.session, self.account_id, first) is not None:
            first = date.fromordinal(first.toordinal() + 1)
        seen = look_ahead(night_on, self.subject, self.position, self.contacts, first, on)
        night = night_on(on)
        known = facts.subject_of(self.session, self.city, self.account_id, night.now)
        known = replace(known, facts=replace(known.facts, weather=self.subject.facts.weather))
        told = self._told(night, on_that_day(known, night), seen.position, seen.contacts)
        return replace(
            told, basis="foreseen", notes=(BASES["foreseen"],),
            steps=(*(self._between(day, outcome, night) for day, outcome in seen.done), *told.steps),
        )  # fmt: skip

    def _between(self, day: date, outcome: Outcome, night: Night) -> StepSeen:
        """What would be done before the day that is asked about."""
        policy: Policy | None = night.frozen.get((outcome.policy or "", outcome.version or 0))
        if outcome.closes is not None or outcome.step is None or policy is None:
            return StepSeen("", on_day(day), "ahead", f"the policy ends ({outcome.rule}).")
        sends = [send.channel for send in outcome.sends]
        how = by_channels(sends) if sends else "the order becomes possible"
        return StepSeen(outcome.step, on_day(day), "ahead", f"{policy.named(outcome.step, outcome.arm).name}, {how}.")

    def _told(self, night: Night, subject: Subject, position: Position, contacts: Contacts) -> Explanation:
        """What the engine says, with all that it looked at."""
        outcome = judge(night, subject, position, contacts)
        policy: Policy | None = night.frozen.get((outcome.policy or "", outcome.version or 0))
        channels = channels_asked(night, subject, contacts, policy, outcome)
        reasons = {(one.rule, one.fact): one for one in outcome.reasons if one.rule != "not-admitted"}
        for _, ruling in channels:
            for reason in ruling.reasons:
                reasons.setdefault((reason.rule, reason.fact), reason)
        step = policy.named(outcome.step, outcome.arm) if policy and outcome.step else None
        protects = protects_of(night.rulebook, night.today, step)
        main = main_of(outcome)
        return Explanation(
            account=self.number, name=self.name, on=night.today, basis="judged",
            kind=kind_of(outcome.kind, outcome.rule, main.verdict if main else None), rule=outcome.rule,
            headline=of_outcome(outcome, night, subject, policy), facts=tuple(facts_of(night, subject, contacts)),
            policies=tuple(policies_asked(night, subject, position, outcome)),
            steps=tuple(steps_of(night, policy, subject, position, outcome, self.catalogue)),
            channels=tuple(ruled(name, ruling, self.city) for name, ruling in channels),
            rules=tuple(RuleSaid.of(reason, protects) for reason in reasons.values()), next_on=outcome.next_on,
            rests_on=_rests_on(night, outcome), notes=(BASES["judged"],),
        )  # fmt: skip


def _rests_on(night: Night, outcome: Outcome) -> tuple[str, ...]:
    rules = f"The rules with the digest {night.rulebook.digest[:12]}, as they stand on {on_day(night.today)}."
    if outcome.policy is None:
        return (rules,)
    return (f"Policy {outcome.policy}, version {outcome.version}: comms policy show {outcome.policy}", rules)
