"""Runs in words for staff: the states of a run, what each rule means, what a brake is called, how a run differs."""

import re
from collections.abc import Iterator, Mapping, Sequence

from comms.campaigns import Decision
from comms.campaigns.policies.wording import listed
from comms.campaigns.preview import Preview
from comms.desk.frame import formats, words
from comms.desk.frame.words import Tone

STATES: dict[str, tuple[str, Tone]] = {
    "planning": ("being planned", "info"),
    "planned": ("waits to be let go", "warn"),
    "releasing": ("being let go", "info"),
    "paused": ("paused", "warn"),
    "stopped": ("stopped", "bad"),
    "done": ("let go", "good"),
}
CHANNELS = {
    "sms": ("text", "texts"), "email": ("email", "emails"), "letter": ("letter", "letters"),
    "field": ("visit", "visits"),
}  # fmt: skip
CHANGES = {
    "new": "hear from us now and did not before",
    "gone": "are not written to any more",
    "policy": "come under another policy",
    "step": "are at another step",
    "again": "hear a step again",
    "channel": "are written to on another channel",
    "amount": "owe another amount",
}
BRAKES = {
    "volume": "Far more contacts than usual",
    "first-run": "The first run, and a large one",
    "payments-file": "The payments file is old",
    "accounts-file": "The accounts file is old",
    "unreachable": "Too many cannot be reached",
    "policy": "A policy was changed since",
    "words": "The wording of a notice was changed",
    "notice-dates": "A notice is not valid today",
}
MENDED_BY = {
    "payments-file": "Have the newest payments file taken in (comms import payments FILE), then plan this run again.",
    "accounts-file": "Have the newest accounts file taken in (comms import accounts FILE), then plan this run again.",
    "policy": "Plan this run again: the new plan takes the version that is in use.",
}
"""What takes a brake away, where lifting it is not what is wanted most."""
RULES = {
    "owes": "Paid, or nothing left to ask for",
    "paid": "Paid",
    "consent": "Opted out",
    "reachable": "No channel reaches them",
    "quiet-hours": "Not at this hour",
    "dunning-days": "Not on this day",
    "disconnect-days": "No disconnections on this day",
    "extreme-heat": "Heat alert",
    "cwr-heat": "Cold Weather Rule: heat depends on it",
    "cwr-notice-clock": "Cold Weather Rule: the notice needs more time",
    "cwr-blocked-day": "Cold Weather Rule: not on this day",
    "not-due-yet": "The next step is not due yet",
    "cool-down": "A pause after the last time they owed",
    "all-steps-taken": "Every step of the policy was taken",
    "one-step-a-night": "Already had a step this night",
    "under-way": "The last step is still under way",
    "left-alone": "The policy leaves them alone",
    "not-proven": "A notice before it is not proven",
    "fact-not-known": "Something is not known that the step asks for",
    "due-date-not-known": "The due date of the oldest bill is not known",
    "policy-not-found": "Their policy version is not there any more",
    "notice-not-known": "The notice is not in the catalogue",
    "not-due-any-more": "Another step is due now",
    "run-stopped": "The run was stopped",
    "unwritable": "The notice cannot be written",
    "shut-off": "Service is off already",
    "no-policy": "No policy takes them",
}
"""The rules of the engine, and those of the rulebook that a run meets most; ``rule`` finds words for all others."""


_RULE = re.compile(r"\(([a-z]+(?:[-_][a-z0-9_]+)*)\)$")


def rule(name: str) -> str:
    """A rule in a few words: ``hold-medical`` is ``Medical emergency hold``."""
    if name in RULES:
        return RULES[name]
    kind, _, rest = name.partition("-")
    if kind == "hold":
        return words.HOLDS.get(rest, f"Hold: {rest.replace('_', ' ')}")
    if kind == "cap":
        return f"Heard from us often enough ({rest.removesuffix('d')} days)"
    return name.replace("-", " ").replace("_", " ").capitalize()


def messages(channels: Mapping[str, int]) -> str:
    """``1,204 texts, 31 emails and 67 letters``."""
    told = [formats.count(many, *CHANNELS.get(channel, (channel, channel))) for channel, many in channels.items()]
    return listed(told) if told else "no message"


def headline(found: Preview) -> str:
    """What a run comes to, in a sentence."""
    if not found.contacts and not found.actions:
        return "Nobody is written to, and nothing is to be done outside."
    parts = []
    if found.contacts:
        homes = formats.count(found.households, "household", "households")
        parts.append(f"{messages(found.channels)} to {formats.count(found.contacts, 'account', 'accounts')} in {homes}")
    if found.actions:
        parts.append(f"{formats.count(found.actions, 'account', 'accounts')} for the shut-off or referral list")
    said = "; ".join(parts)
    return f"{said[0].upper()}{said[1:]}."


def deed(one: Decision) -> str:
    """What a decision does, or why it does nothing."""
    if one.state == "dropped":
        return f"left alone after all: {_small(rule(one.rule))}"
    if one.outcome == "contact":
        by = listed([CHANNELS.get(send["channel"], (send["channel"],))[0] for send in one.sends])
        return f"{step(one.step)} by {by}" if by else step(one.step)
    return f"{step(one.step)}, for the field" if one.outcome == "action" else rule(one.rule)


def step(name: str | None) -> str:
    """A step's short name as words."""
    return (name or "").replace("-", " ").capitalize()


def brake(words: str) -> str:
    """What a brake found, without the command that the same words recommend in a terminal."""
    return words.split(" Next step:")[0].split(" Read them with:")[0]


def stands_still(state: str, seconds: int, *, heard: bool) -> str:
    """What a page that follows a run says when nothing has moved for so long, and the next step. ``heard``: whether the
    way to the workers is open."""
    if not heard:
        return (
            "The workers cannot be reached: Redis does not answer. Nothing is lost and nothing is done twice; the run "
            "goes on by itself when they are back. Tell the administrator now: comms doctor names what is missing."
        )
    if state == "done":
        return (
            "Nothing has left for a while. What is queued waits for an hour at which it may be sent, for the next file "
            "to the mail house, or for a worker. Nothing needs to be done here."
        )
    since = formats.count(max(1, seconds // 60), "minute", "minutes") if seconds >= 60 else f"{seconds} seconds"
    return (
        f"Nothing has moved for {since}. A worker takes the run up by itself, in two minutes at the latest; nothing is "
        "lost and nothing is done twice. If it stays so, tell the administrator that the workers do not run."
    )


def phrase(found: Preview) -> str:
    """What somebody types to let a run go: how many messages leave, or how many accounts are noted for the field."""
    return f"SEND {found.messages:,}" if found.messages else f"NOTE {found.actions:,}"


def same_phrase(typed: str, wanted: str) -> bool:
    """Whether what was typed is the phrase, in any case and spacing, with or without the comma."""
    return _bare(typed) == _bare(wanted)


def _bare(said: str) -> str:
    return "".join(said.replace(",", "").split()).casefold()


def reasons(stored: Sequence[Mapping[str, str]], name: str) -> Iterator[str]:
    """What the account's own facts said to the rule that decided."""
    for one in stored:
        if one.get("rule") == name and one.get("value"):
            fact, value = one.get("fact", ""), one["value"]
            if fact in CHANNELS:
                fact, value = CHANNELS[fact][0], formats.address_of(value.replace("\n", ", "))
            yield f"{fact}: {value}"


def why(reason: str) -> str:
    """The reason of a difference with its rule in words: ``a rule stands against it now (Medical hold)``."""
    said = _RULE.sub(lambda found: f"({rule(found[1])})", reason)
    return f"{said[:1].upper()}{said[1:]}"


def _small(said: str) -> str:
    return said[:1].lower() + said[1:]
