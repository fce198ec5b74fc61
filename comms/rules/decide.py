"""The decision: may this be done, for this account, on this channel, at this time, and why (not).

Pure: a rulebook, facts and an occasion in, a decision out. The most protective rule wins: suppress before defer before
allow. Every rule that had a say is listed with the fact it looked at, so that a clerk can read why.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from .conditions import Finding, contact_cap
from .facts import Action, Decision, Facts, Occasion, Purpose, Reason, Verdict
from .loading import Rule
from .model import Contacts
from .rulebook import Rulebook

LEAPS = 60
"""How often a wait may lead into another: a weekend into a holiday into the night. More means rules that never open."""

ALLOWED = {Action.NOTICE: "may-contact", Action.DISCONNECT: "may-disconnect", Action.REFER: "may-refer"}
CAPPED = frozenset({Purpose.DUNNING, Purpose.INFORMATIONAL})
"""What a policy's own caps are about: not what the law wants said, and not answers."""


def decide(
    rulebook: Rulebook,
    facts: Facts,
    occasion: Occasion,
    *,
    caps: Sequence[tuple[timedelta, int]] = (),
    settled_at: int | None = None,
) -> Decision:
    """Whether what ``occasion`` asks may be done.

    ``caps``: a policy's own contact caps, besides the office's. ``settled_at``: cents of debt that the policy leaves
    alone, as its exit says; it holds for the whole debt, and for what is owed beside a hold that covers a part of it.
    """
    at, action, channel = occasion.at, occasion.action, occasion.channel
    day = occasion.day or rulebook.local_date(at)
    standing = rulebook.compiled(occasion.purpose, action, channel, day)
    found: list[Finding] = []
    for check in standing.checks:
        seen = check(facts, occasion, settled_at)
        if seen:
            found += seen
    if caps and facts.recent_contacts and action is Action.NOTICE and occasion.purpose in CAPPED:
        found += _policy_caps(rulebook, facts, occasion, caps, {reason.rule for reason, _ in found})
    start = _start(rulebook, occasion, day)
    waits = [(rule, told) for rule, wait in standing.waits if (told := wait(facts, occasion, start))]
    reasons = (*(reason for reason, _ in found), *(_waits(rule, value) for rule, (_, value) in waits))
    if found:
        return Decision(Verdict.SUPPRESS, None, reasons, _next_on(found, day))
    if waits:
        until = _opening(rulebook, facts, occasion, max(until for _, (until, _) in waits))
        return Decision(Verdict.DEFER, until, reasons, rulebook.local_date(until))
    recipient = facts.addresses.get(channel) or ""
    allowed = Reason(ALLOWED[action], Verdict.ALLOW, channel, recipient, "no rule stands against it")
    return Decision(Verdict.ALLOW, None, (allowed,))


def _waits(rule: Rule, value: str) -> Reason:
    return Reason(rule.id, Verdict.DEFER, "local time" if rule.text.when.hours else "day", value, rule.citation)


def _start(rulebook: Rulebook, occasion: Occasion, day: date) -> datetime:
    """The instant that waits are counted from: now, or the beginning of the day that is planned for."""
    if occasion.day is None or occasion.action is Action.NOTICE:
        return occasion.at
    return max(occasion.at, datetime.combine(day, time(0), rulebook.city.zone).astimezone(occasion.at.tzinfo))


def _opening(rulebook: Rulebook, facts: Facts, occasion: Occasion, at: datetime) -> datetime:
    """The first instant from ``at`` on at which nothing has to wait: what ends one wait may begin another."""
    for _ in range(LEAPS):
        day = rulebook.local_date(at)
        standing = rulebook.compiled(occasion.purpose, occasion.action, occasion.channel, day)
        waits = [seen[0] for _, wait in standing.waits if (seen := wait(facts, occasion, at))]
        if not waits:
            return at
        at = max(waits)
    return at


def _next_on(found: Sequence[Finding], day: date) -> date | None:
    """The day on which every reason may have gone; None when one of them has no end that is known."""
    ends = [again for _, again in found]
    known = [again for again in ends if again is not None]
    return max((*known, day)) if len(known) == len(ends) else None


def _policy_caps(
    rulebook: Rulebook, facts: Facts, occasion: Occasion, caps: Sequence[tuple[timedelta, int]], said: set[str]
) -> list[Finding]:
    """The caps of a policy that stand, without those the office's own have said already."""
    found: list[Finding] = []
    for window, most in caps:
        rule = f"cap-{window.days}d"
        if rule in said or window.days < 1:
            continue

        def reason(value: str, rule: str = rule) -> Reason:
            return Reason(rule, Verdict.SUPPRESS, "contacts", value, "the policy's own cap")

        cap = Contacts(within_days=window.days, at_least=max(most, 1))
        found += contact_cap(cap, rulebook.city, reason)(facts, occasion, None)
    return found
