"""The engine: one account on one night, and what is to be done for it, with every reason. Pure.

1. An open episode keeps its policy version. It ends when the debt fell to the policy's exit, or when the account is not
   one of the policy's any more.
2. Without an episode the first policy in declared order that admits the account takes it, unless its cool-down runs.
3. ``stepping`` tells which step is next and since when it is due; one step a night.
4. The rules decide on each channel; a step with ``all_of`` is taken on all of them or not at all.
"""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from comms.money import dollars
from comms.rules import Action, Occasion, Purpose, Reason, Verdict
from comms.rules import Decision as Ruling

from .choosing import Choice, choose, main_reason, ruling_on, together
from .night import Contacts, Night, Outcome, OutcomeKind, Position, Send, Subject
from .policies import Policy, Step
from .policies.model import CHALLENGER, CHAMPION
from .stepping import DAY, Due, due_step

__all__ = ["Choice", "Due", "admitting", "arm_of", "choose", "due_step", "judge", "main_reason", "refusals"]

AHEAD = timedelta(days=1)
"""A contact is not decided on longer before it may leave; the next night decides with its own facts."""

_ACTIONS = {"field_order": Action.DISCONNECT, "referral": Action.REFER}


def judge(night: Night, subject: Subject, position: Position, contacts: Contacts) -> Outcome:
    """What is to be done for ``subject`` tonight. Pure: nothing given is changed, and the same gives the same."""
    if position.episode_id is not None:
        return _running(night, subject, position, contacts)
    policy = admitting(night, subject)
    if policy is None:
        return Outcome("outside", "no-policy", refusals(night, subject))
    if not policy.step:
        why = _note("left-alone", "policy", f"{policy.title}: it has no steps", policy)
        return Outcome("waiting", "left-alone", (why,), policy.policy, policy.version)
    if (cooled := _cool_down(night, policy, position)) is not None:
        why = _note("cool-down", "last episode", f"ended so lately that none begins before {cooled}", policy)
        return Outcome("waiting", "cool-down", (why,), policy.policy, policy.version, next_on=cooled)
    opening = Position(
        policy=policy.policy, version=policy.version, arm=_drawn(policy, subject.account_id, night.today),
        opened_at=night.now, closed_at=position.closed_at,
    )  # fmt: skip
    return _stepping(policy, night, subject, opening, contacts)


def admitting(night: Night, subject: Subject) -> Policy | None:
    """The first policy, in declared order, that takes the account."""
    for policy in night.policies:
        if policy.effective.on(night.today) and policy.enter.against(subject, night.today) is None:
            found: Policy = policy
            return found
    return None


def refusals(night: Night, subject: Subject) -> tuple[Reason, ...]:
    """Why each policy does not take the account: its first condition that does not hold. Those that do are left out."""
    reasons = []
    for policy in night.policies:
        if not policy.effective.on(night.today):
            reasons.append(_note("not-in-effect", "date", f"in effect from {policy.effective.from_}", policy))
        elif failed := policy.enter.against(subject, night.today):
            reasons.append(_note("not-admitted", failed[0], failed[1], policy))
    return tuple(reasons)


def arm_of(policy: Policy, account_id: int) -> str:
    """Champion or challenger: drawn by a hash of policy, seed and account, so that it is the same whenever asked."""
    given = policy.challenger
    if given is None:
        return CHAMPION
    drawn = hashlib.sha256(f"{policy.policy}:{given.seed}:{account_id}".encode()).digest()[:8]
    return CHALLENGER if int.from_bytes(drawn) < given.share * 2**64 else CHAMPION


def _drawn(policy: Policy, account_id: int, today: date) -> str | None:
    """The arm of an episode that begins today; None where nothing is compared."""
    if policy.challenger is None or not policy.challenger.on(today):
        return None
    return arm_of(policy, account_id)


def _running(night: Night, subject: Subject, position: Position, contacts: Contacts) -> Outcome:
    policy: Policy | None = night.frozen.get((position.policy or "", position.version or 0))
    if policy is None:
        found = f"{position.policy} version {position.version} is not among the stored versions"
        why = Reason("policy-not-found", Verdict.SUPPRESS, "policy", found, "an episode keeps its policy version")
        return Outcome("protected", "policy-not-found", (why,), position.policy, position.version, arm=position.arm)
    if (closing := _closing(policy, night, subject)) is not None:
        closes, why = closing
        return Outcome(
            "outside", why.rule, (why,), policy.policy, policy.version,
            next_on=night.today + DAY, arm=position.arm, closes=closes,
        )  # fmt: skip
    return _stepping(policy, night, subject, position, contacts)


def _closing(policy: Policy, night: Night, subject: Subject) -> tuple[str, Reason] | None:
    """What ends the episode tonight, and why."""
    owed = subject.facts.owed_cents
    if owed <= policy.exit.past_due_at_most:
        found = f"{dollars(owed)} left, the episode ends at {dollars(policy.exit.past_due_at_most)}"
        return "paid", _note("paid", "past due", found, policy)
    enter = policy.enter
    status = subject.facts.status
    if status not in (*enter.statuses, "shut_off"):
        closes = "moved_out" if status in ("inactive", "final") else "left"
        return closes, _note(closes.replace("_", "-"), "status", status, policy)
    failed = enter.lasting_against(subject, night.today)
    if failed is not None and failed[2]:
        return "left", _note("left", failed[0], failed[1], policy)
    return None


def _cool_down(night: Night, policy: Policy, position: Position) -> date | None:
    """The day from which a new episode may begin, where that is not yet so."""
    if position.closed_at is None or position.policy not in (None, policy.policy):
        return None
    over = night.city.local_date(position.closed_at) + timedelta(days=policy.reentry.cool_down_days)
    return over if over > night.today else None


def _stepping(policy: Policy, night: Night, subject: Subject, position: Position, contacts: Contacts) -> Outcome:
    due = due_step(policy, night, subject, position)
    about = _About(policy, night, position, due)
    if subject.facts.status == "shut_off" and "shut_off" not in policy.enter.statuses:
        return about.outcome("waiting", "shut-off", (_note("shut-off", "status", "the service is off", policy),))
    if due.kind == "stuck":
        why = Reason(due.rule, Verdict.SUPPRESS, "step", due.why, _citation(policy))
        return about.outcome("protected", due.rule, (why,))
    if due.kind != "due" or due.step is None:
        return about.outcome("waiting", due.rule, (_note(due.rule, "step", due.why, policy),), next_on=due.on)
    if due.step.action != "notice":
        return _action(about, due.step, subject)
    return _contact(about, due.step, subject, contacts)


class _About:
    """What all answers about one episode tonight have in common."""

    def __init__(self, policy: Policy, night: Night, position: Position, due: Due) -> None:
        self.policy, self.night, self.position, self.due = policy, night, position, due

    def outcome(
        self, kind: OutcomeKind, rule: str, reasons: tuple[Reason, ...], *, sends: tuple[Send, ...] = (),
        next_on: date | None = None,
    ) -> Outcome:  # fmt: skip
        doing = kind in ("contact", "action")
        return Outcome(
            kind, rule, reasons, self.policy.policy, self.policy.version,
            self.due.step.id if self.due.step else None, self.due.occurrence if doing else None, sends, next_on,
            self.position.arm, opens=self.position.episode_id is None,
        )  # fmt: skip

    def refused(self, ruling: Ruling) -> Outcome:
        """A step is due and the rules stand against it, for now or until a day."""
        next_on = ruling.next_on
        if ruling.until is not None:
            next_on = self.night.city.local_date(ruling.until)
        return self.outcome("protected", main_reason(ruling.reasons).rule, ruling.reasons, next_on=next_on)

    def after_this(self, step: Step) -> date:
        """The next day on which something can happen when ``step`` is taken today."""
        for later in self.policy.steps_of(self.position.arm):
            if later.after.step == step.id and later.after.days is not None:
                if later.after.count == "business":
                    return self.night.business_days_after(self.night.today, later.after.days)
                return self.night.today + timedelta(days=later.after.days)
        return self.night.today + DAY


def _contact(about: _About, step: Step, subject: Subject, contacts: Contacts) -> Outcome:
    night = about.night
    purpose = night.purposes.get(step.notice)
    if purpose is None or step.send is None:
        why = Reason("notice-not-known", Verdict.SUPPRESS, "notice", step.notice, "nothing is sent unread")
        return about.outcome("protected", "notice-not-known", (why,))
    announces = None
    if step.disconnect_after_days is not None:
        announces = night.city.business_day_from(night.today + timedelta(days=step.disconnect_after_days))
    seen = list(contacts.of(subject.household, subject.customer_number, tuple(subject.facts.addresses.values())))
    asked = _Asked(about, Purpose(purpose), subject, seen, announces)
    if step.send.first_of:
        refused = asked.first_of(step.send.first_of)
    else:
        refused = asked.all_of(step.send.all_of)
    if refused is not None:
        return about.refused(refused)
    asked.also(step.send.also)
    return about.outcome(
        "contact", "may-contact", tuple(asked.reasons), sends=tuple(asked.sends), next_on=about.after_this(step)
    )


class _Asked:
    """The channels of one step, asked one after the other; each that is taken counts as a contact for the next."""

    def __init__(
        self,
        about: _About,
        purpose: Purpose,
        subject: Subject,
        seen: Sequence[datetime],
        announces: date | None,
    ) -> None:
        self.about, self.purpose, self.subject, self.announces = about, purpose, subject, announces
        self.seen = list(seen)
        self.sends: list[Send] = []
        self.reasons: list[Reason] = []

    def _ask(self, channels: Sequence[str]) -> Choice:
        night = self.about.night
        return choose(
            night.rulebook, channels, self.purpose, self.subject.facts, self.seen, night.now,
            policy=self.about.policy, announces=self.announces,
        )  # fmt: skip

    def _take(self, choice: Choice, rest: tuple[str, ...] = (), *, required: bool = True) -> Ruling | None:
        """Take the channel, or give the ruling that stands against it."""
        ruling, now = choice.ruling, self.about.night.now
        if choice.channel is None or (ruling.until is not None and ruling.until - now > AHEAD):
            return ruling
        self.sends.append(Send(choice.channel, rest, required, ruling.until))
        self.reasons += ruling.reasons
        self.seen.append(now)
        return None

    def first_of(self, channels: tuple[str, ...]) -> Ruling | None:
        choice = self._ask(channels)
        rest = channels[channels.index(choice.channel) + 1 :] if choice.channel else ()
        return self._take(choice, rest)

    def all_of(self, channels: tuple[str, ...]) -> Ruling | None:
        refusals = [refused for channel in channels if (refused := self._take(self._ask((channel,)))) is not None]
        if not refusals:
            return None
        self.sends, self.reasons = [], []
        suppressed = [one for one in refusals if one.verdict is Verdict.SUPPRESS]
        return together(suppressed) if suppressed else refusals[0]

    def also(self, channels: tuple[str, ...]) -> None:
        """Channels that go along where they may; what stands against one is told and stops nothing."""
        for channel in channels:
            if (refused := self._take(self._ask((channel,)), required=False)) is not None:
                self.reasons += refused.reasons


def _action(about: _About, step: Step, subject: Subject) -> Outcome:
    night, facts = about.night, subject.facts
    owed = facts.service_past_due or {}
    services = tuple(one for one in about.policy.enter.services or () if owed.get(one, 0) > 0)
    occasion = Occasion(
        Purpose.LEGAL, "field", night.now, action=_ACTIONS[step.action], day=night.today, services=services
    )
    ruling = ruling_on(night.rulebook, facts, occasion, about.policy)
    if ruling.verdict is not Verdict.ALLOW:
        return about.refused(ruling)
    return about.outcome("action", step.action.replace("_", "-"), ruling.reasons, next_on=about.after_this(step))


def _citation(policy: Policy) -> str:
    return f"policy {policy.policy}, version {policy.version}"


def _note(rule: str, fact: str, value: str, policy: Policy) -> Reason:
    """A reason that comes from the policy itself: no rule forbids, but nothing is to be done for now."""
    return Reason(rule, Verdict.DEFER, fact, value, _citation(policy))
