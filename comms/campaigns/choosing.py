"""Which channel a notice takes: the rules are asked for each, and the first that is not refused has it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from comms.rules import Action, Decision, Facts, Occasion, Purpose, Reason, Rulebook, Verdict, decide

from .policies import Policy


@dataclass(frozen=True, slots=True)
class Choice:
    """The channel that was chosen and when it may be used, or none, with the reasons of all that were asked."""

    channel: str | None
    ruling: Decision


def choose(
    rulebook: Rulebook,
    channels: Sequence[str],
    purpose: Purpose,
    facts: Facts,
    contacts: Sequence[datetime],
    at: datetime,
    *,
    policy: Policy | None = None,
    announces: date | None = None,
) -> Choice:
    """The first of ``channels`` that the rules allow at ``at`` or later the same day.

    ``contacts`` are the instants of contacts with the household (``Contacts.of``); a policy adds its own caps and says
    what debt it leaves alone. ``announces`` is the disconnection date that a legal notice names.
    """
    facts = with_contacts(facts, contacts, at)
    rulings = []
    for channel in channels:
        ruling = ruling_on(rulebook, facts, Occasion(purpose, channel, at, announces=announces), policy)
        if ruling.verdict is not Verdict.SUPPRESS:
            return Choice(channel, ruling)
        rulings.append(ruling)
    return Choice(None, together(rulings))


def with_contacts(facts: Facts, contacts: Sequence[datetime], at: datetime) -> Facts:
    """The facts with these contacts for the caps to count. One that is decided and leaves later, after the quiet hours,
    counts as of now: else two accounts of one household would both be written to in the morning."""
    if not contacts:
        return replace(facts, recent_contacts=()) if facts.recent_contacts else facts
    return replace(facts, recent_contacts=[min(contact, at) for contact in contacts])


def ruling_on(rulebook: Rulebook, facts: Facts, occasion: Occasion, policy: Policy | None) -> Decision:
    """What the rules say, with the policy's caps added and the debt it leaves alone."""
    if policy is None:
        return decide(rulebook, facts, occasion)
    return decide(rulebook, facts, occasion, caps=policy.household_caps, settled_at=policy.exit.past_due_at_most)


def together(rulings: Sequence[Decision]) -> Decision:
    """Several refusals as one: each reason once. It is worth looking again on the first day that one of them names."""
    reasons = {(reason.rule, reason.fact): reason for ruling in rulings for reason in ruling.reasons}
    days = [ruling.next_on for ruling in rulings if ruling.next_on is not None]
    return Decision(Verdict.SUPPRESS, None, tuple(reasons.values()), min(days, default=None))


_WEIGHTS = {"hold": 0, "owes": 1, "consent": 4, "cap": 5, "reachable": 6}
_LAW = 2
"""A statute or another rule that is none of the above comes before who cannot be written to."""


def main_reason(reasons: Iterable[Reason]) -> Reason:
    """The reason that a report counts: a hold before a settled debt, then statutes, consent, caps, a missing address.

    Where nothing is refused, what defers; else the first. Raises ``ValueError`` without any reason.
    """
    given = list(reasons)
    for verdict in (Verdict.SUPPRESS, Verdict.DEFER):
        if found := [reason for reason in given if reason.verdict is verdict]:
            return min(found, key=lambda reason: _WEIGHTS.get(reason.rule.split("-", 1)[0], _LAW))
    if not given:
        raise ValueError("no reasons, so none of them is the main one")
    return given[0]


def may_act(rulebook: Rulebook, facts: Facts, action: Action, at: datetime, day: date, policy: Policy) -> Decision:
    """Whether somebody may be sent to disconnect, or the debt be handed over, on ``day``."""
    return ruling_on(rulebook, facts, Occasion(Purpose.LEGAL, "field", at, action=action, day=day), policy)
