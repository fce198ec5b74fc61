"""A policy in English sentences, for the people who approve it and live with it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from comms.city import City
from comms.money import dollars
from comms.notices import Catalogue
from comms.notices.formats import long_date

from .conditions import Conditions
from .model import Challenger, Policy, StepChange
from .steps import After, Send, Step

CHANNELS_IN_WORDS = {"sms": "text message", "email": "email", "letter": "letter"}
_STATUS = {"active": "active", "inactive": "inactive", "final": "final", "shut_off": "shut off"}
_COPIES = {"third_party": "the third party named on the account", "landlord": "the landlord"}
_FIELDS = {"class": "service_class"}
_LANGUAGES = {"en": "English", "es": "Spanish"}


@dataclass(frozen=True)
class Section:
    """A heading and its sentences, a paragraph each."""

    title: str
    lines: tuple[str, ...]


def sections(policy: Policy, city: City, catalogue: Catalogue | None = None) -> tuple[Section, ...]:
    """The whole policy in sentences. With a ``catalogue`` notices are called by their titles."""
    told = [
        Section("What it is", tuple(_heading(policy))),
        Section("Who comes in", tuple(_entering(policy, city))),
        Section("What ends it", tuple(_ending(policy))),
        Section("Steps", tuple(step_lines(policy, city, catalogue))),
        Section("Promises", tuple(_promises(policy))),
        Section("Limits", tuple(_limits(policy))),
    ]
    if policy.challenger is not None:
        told.append(Section("Experiment", tuple(_experiment(policy, policy.challenger, catalogue))))
    return tuple(told)


def step_lines(policy: Policy, city: City, catalogue: Catalogue | None = None) -> Iterator[str]:
    """The steps, a numbered paragraph each."""
    if not policy.step:
        yield "It has no steps: it leaves its accounts alone, and no later policy takes them."
    for number, step in enumerate(policy.step, 1):
        yield f"{number}. {step.name}. " + " ".join(_step(policy, step, city, catalogue))


def step_heading(policy: Policy, step: Step, catalogue: Catalogue | None = None) -> str:
    """When a step is due and what it does, in one sentence."""
    return f"{waiting(step.after, policy)}, {_deed(step, catalogue)}."


def listed(words: Sequence[str], last: str = "and") -> str:
    """``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}" if words else ""


def by_channels(channels: Sequence[str]) -> str:
    """``by text message and letter``."""
    return f"by {listed([CHANNELS_IN_WORDS[channel] for channel in channels])}" if channels else "no message"


def quoted(words: str) -> str:
    return f'"{words}"'


def on_day(day: date) -> str:
    return long_date(day, "en")


def waiting(after: After, policy: Policy) -> str:
    """When a step is due, as the beginning of a sentence."""
    if after.step is None:
        if after.due_days == 0:
            return "On the day the oldest unpaid bill is due"
        return f"{_days(after.due_days or 0)} after the oldest unpaid bill was due"
    return f"{_days(after.days or 0, after.count)} after {quoted(policy.named(after.step).name)} counted"


def sending(send: Send) -> str:
    """On which channels, as the end of a sentence."""
    also = f", and {by_channels(send.also)} as well where that may be used" if send.also else ""
    if send.all_of:
        return by_channels(send.all_of) + also
    first, *rest = (CHANNELS_IN_WORDS[channel] for channel in send.first_of)
    falls = "".join(f", or else by {channel}" for channel in rest)
    return f"by {first}{falls}{also}"


def conditions(given: Conditions, city: City) -> str:
    """Conditions as what an account must be like: ``a residential account that is active, owes …``."""
    parts = [part for part in _conditions(given, city) if part]
    return listed(parts)


def _conditions(given: Conditions, city: City) -> Iterator[str]:
    if given.service_class:
        yield f"is {listed(given.service_class, 'or')}"
    if given.statuses:
        yield f"is {listed([_STATUS[status] for status in given.statuses], 'or')}"
    if given.occupancy:
        yield f"is lived in by its {given.occupancy}"
    if given.past_due_at_least is not None:
        yield f"owes {dollars(given.past_due_at_least)} or more past due"
    if given.past_due_at_most is not None:
        yield f"owes {dollars(given.past_due_at_most)} or less past due"
    if given.oldest_due_days is not None:
        yield f"has an unpaid bill that was due {_days(given.oldest_due_days)} ago or longer"
    if given.services:
        labels = city.service_labels
        names = [labels[key].en.lower() if key in labels else key for key in given.services]
        yield f"is past due on {listed(names, 'or')}"
    if given.broken_promises_at_least is not None:
        yield f"broke {_count(given.broken_promises_at_least, 'promise')} or more in the last year"
    if given.broken_promises_at_most is not None:
        yield f"broke {_count(given.broken_promises_at_most, 'promise')} or fewer in the last year"
    if given.returned_mail is not None:
        yield "had a letter returned from its address" if given.returned_mail else "had no letter returned"
    if given.languages:
        yield f"is written to in {listed([_LANGUAGES[language] for language in given.languages], 'or')}"


def _heading(policy: Policy) -> Iterator[str]:
    until = f" to {on_day(policy.effective.to)}" if policy.effective.to else ""
    yield f"Version {policy.version} of {policy.policy}: {quoted(policy.title)}."
    yield f"It is in effect from {on_day(policy.effective.from_)}{until}."
    roles = listed([f"a person with the role {role}" for role in policy.approved_by])
    yield f"Before it is used it is approved by {roles}, never by its author."


def _entering(policy: Policy, city: City) -> Iterator[str]:
    yield f"An account comes in when it {conditions(policy.enter, city)}."
    cool = policy.reentry.cool_down_days
    if cool:
        yield f"An account whose last episode ended comes in again {_days(cool)} later at the earliest."
    if policy.reentry.restart_at:
        again = policy.named(policy.reentry.restart_at).name
        yield f"When it comes back within {_days(policy.reentry.restart_within_days)}, it begins at {quoted(again)}."


def _ending(policy: Policy) -> Iterator[str]:
    yield (
        f"It ends when the past due amount, less what was paid since, is {dollars(policy.exit.past_due_at_most)} or "
        "less. A part payment that leaves more ends nothing and starts nothing again."
    )
    kept = ["status"] + [word for word in ("class", "occupancy") if getattr(policy.enter, _FIELDS.get(word, word))]
    yield f"It also ends when the account's {listed(kept, 'or')} is no longer one that comes in."
    if "shut_off" not in policy.enter.statuses:
        yield "While the service is shut off it waits."


def _step(policy: Policy, step: Step, city: City, catalogue: Catalogue | None) -> Iterator[str]:
    yield step_heading(policy, step, catalogue)
    if step.when is not None:
        yield f"Only for an account that {conditions(step.when, city)}."
    if step.unless is not None:
        yield f"Not for an account that {conditions(step.unless, city)}."
    if step.require is not None:
        names = listed([quoted(policy.named(one).name) for one in step.require.steps])
        since = _days(step.require.days, step.require.count)
        yield f"Each of these must be proven, with {since} passed since it counted: {names}."
    yield from _terms(step)


def _deed(step: Step, catalogue: Catalogue | None) -> str:
    if step.action == "field_order":
        return "an order to disconnect becomes possible; it waits for the shut-off list and writes no message"
    if step.action == "referral":
        return "the debt may be handed over; it waits for the referral list and writes no message"
    assert step.send is not None
    return f"{_notice(step.notice, catalogue)} goes out {sending(step.send)}"


def _terms(step: Step) -> Iterator[str]:
    if step.send is not None and step.send.fallback_after is not None:
        yield f"When no delivery is reported within {_duration(step.send.fallback_after)}, the next of them is used."
    if step.action == "notice":
        names = {
            "accepted": "It counts from when the carrier or the mail house has accepted it.",
            "delivered": "It counts from its delivery.",
            "mailed": "It counts from the day the post office has the letter; a letter that comes back undoes it.",
        }
        yield names[step.counts_when]
        yield f"It asks for payment within {_days(step.pay_within_days)}."
    if step.disconnect_after_days is not None:
        yield f"The disconnection date it names is at least {_days(step.disconnect_after_days)} after the run."
    if step.copies:
        yield f"A copy goes by letter to {listed([_COPIES[kind] for kind in step.copies])}, where there is one."
    if step.required:
        yield "It is never passed over, however late the run is."
    if step.skip_if_late:
        yield "It is passed over when the step after it is due already."
    if step.approve is not None:
        yield f"A {step.approve} approves every run that takes this step."


def _promises(policy: Policy) -> Iterator[str]:
    told = policy.on_promise
    yield "While a promise to pay is open, nothing of this policy is sent for the promised debt."
    for ends, effect in (("kept", told.kept), ("partly kept", told.partial), ("broken", told.broken)):
        yield f"After a promise was {ends}, {_effect(policy, effect)}."
    if told.cool_down_days:
        yield f"In each case the policy waits {_days(told.cool_down_days)} first."


def _effect(policy: Policy, effect: str) -> str:
    if effect == "resume_same_step":
        return "the policy goes on where it stood, and days are counted from the promise's end"
    if effect == "next_step":
        return "the next step comes when it would have come without the promise, at once if that day has passed"
    target = policy.named(effect.removeprefix("jump_to:")).name
    return f"the next step is {quoted(target)}; required steps before it still come first"


def _times(many: int) -> str:
    return "once" if many == 1 else f"{many} times"


def _limits(policy: Policy) -> Iterator[str]:
    caps = [f"{_times(most)} in {_days(days)}" for days, most in sorted(policy.caps.per_household.items())]
    if caps:
        yield f"A household is contacted at most {listed(caps)}, over all campaigns and what staff send by hand."
    yield "The law, the city's rules, consent, quiet hours and holds stand above everything here."
    brakes = policy.brakes
    yield (
        f"A run stops and asks when it would contact {brakes.volume_jump_percent}% more than the one before, when the "
        f"payments file is older than {brakes.payments_older_than_hours} hours or the accounts file older than "
        f"{brakes.accounts_older_than_hours}, or when {brakes.unreachable_percent}% or more cannot be reached."
    )


def _experiment(policy: Policy, challenger: Challenger, catalogue: Catalogue | None) -> Iterator[str]:
    named = f" ({challenger.title})" if challenger.title else ""
    yield (
        f"Of the accounts that come in from {on_day(challenger.from_)} to {on_day(challenger.to)}, "
        f"{challenger.share:.0%} go another way{named}, drawn by the seed {quoted(challenger.seed)}; the others go as "
        "above."
    )
    for change in challenger.step:
        yield f"For them {quoted(policy.named(change.id).name)} {_change(policy, change, catalogue)}."


def _change(policy: Policy, change: StepChange, catalogue: Catalogue | None) -> str:
    if change.drop:
        return "is left out"
    parts = []
    if change.after is not None:
        due = waiting(change.after, policy)
        parts.append(f"is due {due[0].lower()}{due[1:]}")
    if change.notice is not None:
        parts.append(f"says {_notice(change.notice, catalogue)}")
    if change.send is not None:
        parts.append(f"goes out {sending(change.send)}")
    return listed(parts)


def _notice(name: str, catalogue: Catalogue | None) -> str:
    if catalogue is not None and name in catalogue:
        return f"the notice {quoted(catalogue.get(name).title('en'))}"
    return f"the notice {name}"


def _days(number: int, count: str = "calendar") -> str:
    return _count(number, "business day" if count == "business" else "day")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _duration(span: timedelta) -> str:
    hours = int(span.total_seconds() // 3600)
    return _count(hours, "hour") if hours % 24 or hours < 48 else _days(hours // 24)
