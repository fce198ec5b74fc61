"""What ``why`` answers: one account on one day, what was or would be done for it, and everything that rests on.

Data, and the two ways to read it: ``lines()`` for a clerk, ``as_json()`` for a program. ``explaining`` fills it.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

from comms.rules import Reason, Verdict

from .policies.wording import on_day

Basis = Literal["decided", "judged", "foreseen", "reconstructed"]
Kind = Literal[
    "contacted", "field action", "waiting", "cool-down", "hold", "promise", "consent", "cap", "hours", "paid",
    "address", "rule", "not known", "outside",
]  # fmt: skip
"""What the answer comes to, for the person who asks: done, not due, or what stands against it."""

BASES: Mapping[str, str] = {
    "decided": "This is what was decided and kept.",
    "judged": "Judged now, with what is known at this moment; nothing is sent by asking.",
    "foreseen": (
        "Looked ahead with what is known today, as if nobody paid, promised or objected until then and everything "
        "that becomes due were sent. It will change."
    ),
    "reconstructed": "Nothing was decided for the account that day; this is worked out from what is on file.",
}
_NOT_KNOWN = frozenset({"fact-not-known", "due-date-not-known", "not-proven", "policy-not-found", "notice-not-known"})
_BY_RULE: Mapping[str, Kind] = {
    "owes": "paid", "paid": "paid", "cool-down": "cool-down", "consent": "consent", "reachable": "address",
    "hold-promise": "promise", "field-order": "field action", "referral": "field action",
}  # fmt: skip


Protects = Mapping[tuple[str, str], str]
"""Whom a rule protects, by its id and citation: rules share an id (consent to texts, and to emails and letters)."""


def kind_of(outcome: str, rule: str, verdict: Verdict | None) -> Kind:
    """What an outcome comes to. ``rule`` and ``verdict`` are those of its main reason."""
    if outcome == "contact":
        return "contacted"
    if rule in _BY_RULE:
        return _BY_RULE[rule]
    if outcome in ("action", "outside", "waiting"):
        kinds: dict[str, Kind] = {"action": "field action", "outside": "outside", "waiting": "waiting"}
        return kinds[outcome]
    if rule in _NOT_KNOWN:
        return "not known"
    if verdict is Verdict.DEFER:
        return "hours"
    first = rule.split("-", 1)[0]
    return "hold" if first == "hold" else "cap" if first == "cap" else "rule"


@dataclass(frozen=True)
class PolicyAsked:
    """A policy, whether it has the account, and why or why not."""

    policy: str
    title: str
    version: int
    takes: bool
    words: str


@dataclass(frozen=True)
class StepSeen:
    """A step of the policy: ``done``, ``under way``, ``undone``, ``next``, ``later`` or ``ahead`` (taken on the way
    to a day to come)."""

    step: str
    name: str
    standing: str
    words: str


@dataclass(frozen=True)
class ChannelAsked:
    """A channel that the step may take: whether it may be used, and what stands against it."""

    channel: str
    verdict: str
    words: str


@dataclass(frozen=True)
class RuleSaid:
    """A rule that had a say: what it looked at, what it saw, what it wants, whom it protects, where it comes from."""

    rule: str
    verdict: str
    fact: str
    value: str
    citation: str
    protects: str = ""

    @classmethod
    def of(cls, reason: Reason, protects: Protects) -> "RuleSaid":
        about = protects.get((reason.rule, reason.citation), "")
        return cls(reason.rule, str(reason.verdict), reason.fact, reason.value, reason.citation, about)


@dataclass(frozen=True)
class Explanation:
    """One account on one day. ``rests_on`` names the policy version, the rules by their digest, and the run."""

    account: str
    name: str
    on: date
    basis: Basis
    kind: Kind
    rule: str
    headline: str
    facts: tuple[str, ...] = ()
    policies: tuple[PolicyAsked, ...] = ()
    steps: tuple[StepSeen, ...] = ()
    channels: tuple[ChannelAsked, ...] = ()
    rules: tuple[RuleSaid, ...] = ()
    next_on: date | None = None
    runs: tuple[str, ...] = ()
    """What the runs of that day decided, a sentence each."""
    events: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def lines(self, width: int = 110) -> list[str]:
        """For a clerk: the answer first, then what it rests on; lines of ``width`` letters."""
        return [part for line in self._lines() for part in wrapped(line, width)]

    def _lines(self) -> list[str]:
        told = [f"{self.account}  {self.name}: why, on {self.on:%A}, {on_day(self.on)}", "", self.headline]
        if self.next_on is not None:
            told.append(f"The next day on which something can happen is {self.next_on:%A}, {on_day(self.next_on)}.")
        for title, lines in self._sections():
            if lines:
                told += ["", title, *(f"  {line}" for line in lines)]
        return [*told, "", *self.notes]

    def _sections(self) -> Iterator[tuple[str, Sequence[str]]]:
        yield "What is known of the account", self.facts
        yield "Policies, in the order in which they are asked", [_policy(one) for one in self.policies]
        yield "Steps", [_step(one) for one in self.steps]
        yield "Ways to do it that were asked about", [_channel(one) for one in self.channels]
        yield "Rules that had a say", [line for one in self.rules for line in _rule(one)]
        yield "Runs of that day", self.runs
        yield "What happened that day", self.events
        yield "It rests on", self.rests_on

    def as_json(self) -> dict[str, Any]:
        """Plain values; days are ISO text."""
        found = asdict(self)
        found["on"] = self.on.isoformat()
        found["next_on"] = self.next_on.isoformat() if self.next_on else None
        return found


def wrapped(line: str, width: int) -> list[str]:
    """A line in lines of ``width``; what follows stands a little further in than what it belongs to."""
    begins = len(line) - len(line.lstrip())
    return textwrap.wrap(line, width, subsequent_indent=" " * (begins + 2 if begins else 0)) or [""]


def _policy(one: PolicyAsked) -> str:
    return f"{'has it' if one.takes else 'not':<7} {one.title} ({one.policy}, version {one.version}): {one.words}"


def _step(one: StepSeen) -> str:
    return f"{one.standing:<10} {one.name}: {one.words}"


def _channel(one: ChannelAsked) -> str:
    return f"{one.channel}: {one.words}"


_WANTS = {"allow": "allows it", "defer": "lets it wait", "suppress": "stands against it"}


def _rule(one: RuleSaid) -> Iterator[str]:
    if one.verdict == "allow":
        yield f"{one.rule}: {one.citation} ({one.fact}{f', {one.value}' if one.value else ''})"
        return
    seen = f"{one.fact}: {one.value}" if one.value else one.fact
    yield f"{one.rule} {_WANTS[one.verdict]}. It saw {seen}."
    if one.protects:
        yield f"    {one.protects}"
    yield f"    Source: {one.citation}"
