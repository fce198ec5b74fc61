"""The engine's answer about one account in words: what is known, which policy has it, where it stands in its steps,
which channels were asked, and the answer as one sentence."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from comms.city import City
from comms.money import dollars
from comms.notices import Catalogue
from comms.rules import Action, Decision, Occasion, Purpose, Reason, Rulebook, Verdict

from .choosing import main_reason, ruling_on, with_contacts
from .night import Contacts, Night, Outcome, Position, Send, Subject, Taken
from .policies import Policy, Step
from .policies.wording import by_channels, conditions, listed, on_day, quoted, step_heading
from .stepping import due_step
from .tracing import ChannelAsked, PolicyAsked, Protects, StepSeen, kind_of

CHANNELS = {"sms": "text message", "email": "email", "letter": "letter", "field": "visit"}
STUCK = frozenset({"not-proven", "fact-not-known", "due-date-not-known", "policy-not-found", "notice-not-known"})
_LABELS = {
    "class": "its class", "statuses": "its status", "occupancy": "who lives there", "languages": "its language",
    "past_due_at_least": "past due, less what was paid,", "past_due_at_most": "past due, less what was paid,",
    "oldest_due_days": "the age of the oldest unpaid bill", "services": "the service past due",
    "broken_promises_at_least": "the number of broken promises in a year",
    "broken_promises_at_most": "the number of broken promises in a year",
    "returned_mail": "mail returned", "past due": "past due", "date": "the day",
}  # fmt: skip
_AGAINST = {
    "hold": "a hold stands against it", "promise": "a promise to pay stands against it",
    "consent": "the customer opted out", "cap": "the household has heard from us as often as is allowed",
    "hours": "it is not the time for it", "paid": "there is nothing left to ask for",
    "address": "there is nowhere to send it", "not known": "something must be found out or proven first",
    "rule": "a rule stands against it",
}  # fmt: skip


def headline(
    kind: str, step: str, sends: Sequence[Send], main: Reason | None, rule: str, city: City, *,
    closes: bool = False, until: datetime | None = None,
) -> str:  # fmt: skip
    """The answer as one or two sentences. ``step`` is the step's name, empty where none was come to."""
    named = quoted(step) if step else "What comes next"
    value = main.value if main else ""
    if kind == "contact":
        leaves = f" It leaves at {local(until, city)}, when it may." if until else ""
        return f"{named} goes out {by_channels([send.channel for send in sends])}.{leaves}"
    if kind == "action":
        listed_on = "referral list" if rule == "referral" else "shut-off list"
        return f"{named} becomes possible: the account may be put on the {listed_on}. Nothing is written."
    if kind == "outside":
        if rule == "paid":
            return f"Nothing is sent: the debt is settled ({value}), and the policy ends."
        ends = "and the policy ends" if closes else "and no policy takes the account"
        return f"Nothing is sent: {value or 'it is no debt that a policy is about'}, {ends}."
    if kind == "waiting":
        return f"Nothing is sent: {_waiting(rule, value)}."
    why = _AGAINST[kind_of(kind, rule, main.verdict if main else None)]
    seen = f"{main.fact}: {value}" if main and main.rule not in STUCK else value
    return f"{named} is due and is held back: {why} ({seen})."


def _waiting(rule: str, value: str) -> str:
    if rule == "cool-down":
        return f"the last time the account owed {value}"
    if rule == "all-steps-taken":
        return "every step of its policy was taken"
    return value or rule.replace("-", " ")


def of_outcome(outcome: Outcome, night: Night, subject: Subject, policy: Policy | None) -> str:
    """The engine's answer as one or two sentences."""
    main = main_of(outcome)
    if outcome.kind == "outside" and outcome.rule == "no-policy":
        return _no_policy(night, subject)
    step = policy.named(outcome.step, outcome.arm).name if policy and outcome.step else ""
    return headline(
        outcome.kind, step, outcome.sends, main, outcome.rule, night.city,
        closes=outcome.closes is not None, until=outcome.until,
    )  # fmt: skip


def _no_policy(night: Night, subject: Subject) -> str:
    owed = subject.facts.owed_cents
    if owed <= 0:
        return "Nothing is sent: nothing is past due, and no policy takes the account."
    why = "no policy is in use" if not night.policies else "it does not fit any policy"
    return f"Nothing is sent: {dollars(owed)} is past due, and {why}."


def main_of(outcome: Outcome) -> Reason | None:
    """The reason that a report counts; that of the outcome's own rule first."""
    own = [reason for reason in outcome.reasons if reason.rule == outcome.rule]
    return own[0] if own else main_reason(outcome.reasons) if outcome.reasons else None


def facts_of(night: Night, subject: Subject, contacts: Contacts) -> Iterator[str]:
    """What the engine looked at, a sentence each."""
    facts, owed = subject.facts, subject.facts.owed_cents
    paid = (
        f", {dollars(facts.paid_since_cents)} came in since, {dollars(owed)} is left" if facts.paid_since_cents else ""
    )
    yield f"Past due {dollars(facts.past_due_cents)}{paid}."
    if subject.oldest_due_on and owed > 0:
        days = (night.today - subject.oldest_due_on).days
        yield f"The oldest unpaid bill was due {on_day(subject.oldest_due_on)}, {days} days before."
    lives = f"its {facts.occupancy}" if facts.occupancy else "nobody knows whom"
    heat = {True: "yes", False: "no", None: "not known"}[facts.affects_heat]
    yield (
        f"{(facts.service_class or 'class not known').capitalize()}, {facts.status.replace('_', ' ')}, "
        f"lived in by {lives}; primary heat affected: {heat}."
    )
    for hold in facts.holds:
        ends = f"to {on_day(hold.ends_on)}" if hold.ends_on else "without an end"
        about = f" for {dollars(hold.amount_cents)}" if hold.amount_cents is not None else ""
        yield f"Hold: {hold.kind.replace('_', ' ')}{about}, {ends}.{f' {hold.note}' if hold.note else ''}"
    reach = [f"{CHANNELS[channel]} ({to.splitlines()[-1]})" for channel, to in sorted(facts.addresses.items())]
    yield f"Can be reached by {listed(reach)}." if reach else "Cannot be reached on any channel."
    for channel in sorted(facts.blocked_channels):
        yield f"Opted out of {CHANNELS[channel]}s."
    for channel, why in sorted(facts.unreachable.items()):
        yield f"No {CHANNELS[channel]}: {why}."
    seen = contacts.of(subject.household, subject.customer_number, list(facts.addresses.values()))
    days_of = sorted({night.city.local_date(at) for at in seen})
    if days_of:
        yield f"Contacts with the household in 30 days: {len(seen)} ({listed([f'{d:%b} {d.day}' for d in days_of])})."
    if subject.broken_promises:
        yield f"Broken promises in the last year: {subject.broken_promises}."


def policies_asked(night: Night, subject: Subject, position: Position, outcome: Outcome) -> Iterator[PolicyAsked]:
    """Which policy has the account, and why the others do not."""
    if position.episode_id is not None:
        running = night.frozen.get((position.policy or "", position.version or 0))
        title = running.title if running else position.policy or ""
        began = on_day(night.city.local_date(position.opened_at)) if position.opened_at else "a day not kept"
        words = f"since {began}; it keeps this version until it ends, and no other is asked"
        if outcome.closes is not None:
            words = f"since {began}; it ends now"
        yield PolicyAsked(position.policy or "", title, position.version or 0, outcome.closes is None, words)
        return
    found = False
    for policy in night.policies:
        about = policy.policy, policy.title, policy.version
        if found:
            yield PolicyAsked(*about, False, "not asked, for one before it has the account")
        elif not policy.effective.on(night.today):
            yield PolicyAsked(*about, False, f"in effect from {on_day(policy.effective.from_)}")
        elif failed := policy.enter.against(subject, night.today):
            wanted = conditions(policy.enter, night.city)
            yield PolicyAsked(*about, False, f"{label(failed[0])} is {failed[1]}; it takes an account that {wanted}")
        else:
            found = True
            yield PolicyAsked(*about, True, f"it takes an account that {conditions(policy.enter, night.city)}")


def label(key: str) -> str:
    """A condition's key in words."""
    return _LABELS.get(key, key.replace("_", " "))


def steps_of(
    night: Night,
    policy: Policy | None,
    subject: Subject,
    position: Position,
    outcome: Outcome,
    catalogue: Catalogue | None = None,
) -> Iterator[StepSeen]:
    """Every step of the policy: taken when, counting since when, due when."""
    if policy is None or outcome.policy is None:
        return
    if position.episode_id is None:
        position = Position(policy=policy.policy, version=policy.version, arm=outcome.arm, opened_at=night.now)
    latest: dict[str, Taken] = {}
    for one in sorted(position.taken, key=lambda one: one.occurrence):
        latest[one.step] = one
    due = due_step(policy, night, subject, position)
    next_id = outcome.step or (due.step.id if due.step else None)
    for step in policy.steps_of(outcome.arm):
        done = latest.get(step.id)
        if done is not None and (step.id != next_id or done.standing == "pending"):
            yield step_seen(night.city, step, done)
        elif step.id == next_id:
            again = f" (taken before, {done.why or 'and due again'})" if done else ""
            yield StepSeen(step.id, step.name, "next", f"{due.why.removeprefix(f'{step.name} ')}{again}.")
        else:
            yield StepSeen(step.id, step.name, "later", step_heading(policy, step, catalogue))


def step_seen(city: City, step: Step, one: Taken) -> StepSeen:
    """A step that was taken, and how it stands."""
    decided = f"decided on {on_day(city.local_date(one.decided_at))}"
    if one.occurrence > 1:
        decided = f"taken for the {ordinal(one.occurrence)} time, {decided}"
    if one.standing == "counts":
        since = on_day(city.local_date(one.counts_at or one.decided_at))
        return StepSeen(step.id, step.name, "done", f"{decided}, counts since {since}.")
    standing = "under way" if one.standing == "pending" else "undone"
    return StepSeen(step.id, step.name, standing, f"{decided}; {one.why or 'no news yet'}.")


def ordinal(number: int) -> str:
    """``2nd``."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def channels_asked(
    night: Night, subject: Subject, contacts: Contacts, policy: Policy | None, outcome: Outcome
) -> list[tuple[str, Decision]]:
    """What the rules say of every channel that the due step may take; nothing where no step is due."""
    if policy is None or outcome.step is None or outcome.kind not in ("contact", "action", "protected"):
        return []
    step = policy.named(outcome.step, outcome.arm)
    if outcome.rule in STUCK:
        return []
    if step.send is None:
        return [("field", _field(night, subject, policy, step))]
    announces = None
    if step.disconnect_after_days is not None:
        announces = night.city.business_day_from(night.today + timedelta(days=step.disconnect_after_days))
    purpose = Purpose(night.purposes[step.notice])
    seen = contacts.of(subject.household, subject.customer_number, tuple(subject.facts.addresses.values()))
    facts = with_contacts(subject.facts, seen, night.now)
    return [
        (channel, ruling_on(night.rulebook, facts, Occasion(purpose, channel, night.now, announces=announces), policy))
        for channel in (*step.send.channels, *step.send.also)
    ]


def _field(night: Night, subject: Subject, policy: Policy, step: Step) -> Decision:
    owed = subject.facts.service_past_due or {}
    services = tuple(one for one in policy.enter.services or () if owed.get(one, 0) > 0)
    action = Action.REFER if step.action == "referral" else Action.DISCONNECT
    occasion = Occasion(Purpose.LEGAL, "field", night.now, action=action, day=night.today, services=services)
    return ruling_on(night.rulebook, subject.facts, occasion, policy)


def ruled(channel: str, ruling: Decision, city: City) -> ChannelAsked:
    """What the rules said of a channel."""
    name = CHANNELS[channel].capitalize()
    if ruling.verdict is Verdict.ALLOW:
        return ChannelAsked(name, "allow", "no rule stands against it")
    main = main_reason(ruling.reasons)
    seen = f"{main.fact}: {main.value}" if main.value else main.fact
    if ruling.verdict is Verdict.DEFER and ruling.until is not None:
        return ChannelAsked(name, "defer", f"not before {local(ruling.until, city)} ({main.rule}, {seen})")
    return ChannelAsked(name, "suppress", f"no ({main.rule}, {seen})")


def local(at: datetime | None, city: City) -> str:
    """``7:00 AM CST on November 24, 2026``."""
    if at is None:
        return ""
    there = at.astimezone(city.zone)
    return f"{there:%I:%M %p %Z}".lstrip("0") + f" on {on_day(there.date())}"


def protects_of(rulebook: Rulebook, day: date, step: Step | None) -> Protects:
    """Whom each rule protects. Of several with one id and citation (an office may have two of a promise), the one that
    is about what ``step`` does: writing, or an act outside."""
    return protects_stored([rule.as_json() for rule in rulebook.in_effect(day)], step)


def protects_stored(content: Sequence[Mapping[str, Any]], step: Step | None) -> Protects:
    """The same, of rules as they were kept."""
    acts = {Action.NOTICE} if step is None or step.send else {Action.DISCONNECT, Action.REFER}

    told = [one for one in content if one.get("protects")]
    return {(one["id"], one["citation"]): one["protects"] for one in sorted(told, key=lambda one: _is_about(one, acts))}


def protects_by_rule(rulebook: Rulebook, day: date) -> Mapping[str, str]:
    """Whom each rule in effect on ``day`` protects, by its id alone, which is what a run counts. Of several rules with
    one id all that are about writing speak, one after the other; where none is, all of them."""
    rules = [rule.as_json() for rule in rulebook.in_effect(day)]
    told: dict[str, str] = {}
    for about in (True, False):
        said: dict[str, dict[str, None]] = {}
        for one in rules:
            if one.get("protects") and _is_about(one, {Action.NOTICE}) is about:
                said.setdefault(one["id"], {})[one["protects"]] = None
        told = {id_: " ".join(words) for id_, words in said.items()} | told
    return told


def _is_about(one: Mapping[str, Any], acts: Collection[Action]) -> bool:
    return any(not set(acts).isdisjoint(to.get("action", [Action.NOTICE])) for to in one["applies"])
