"""The decision: may this account be contacted for this purpose on this channel at this time, and why (not).

Pure: the facts come in, the decision goes out. The most protective rule wins: suppress before defer before allow. Every
reason that had a say is listed, so that a clerk can read why. Sources are the citations beside the rules.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from comms.city import City

from . import quiet
from .facts import Action, Decision, Facts, Occasion, Purpose, Reason, Verdict
from .rulebook import Rulebook


HOLD_RULES: dict[str, tuple[frozenset[Purpose], str]] = {
    "bankruptcy": (frozenset({Purpose.DUNNING, Purpose.LEGAL}), "11 U.S.C. 362(a)(6)"),
    "deceased": (frozenset({Purpose.DUNNING, Purpose.LEGAL}), "office policy; estates are written to by staff"),
    "dispute": (frozenset({Purpose.DUNNING, Purpose.LEGAL}), "Memphis Light, Gas & Water v. Craft, 436 U.S. 1 (1978)"),
    "medical": (frozenset({Purpose.DUNNING, Purpose.LEGAL}), "Minn. Stat. 216B.098 subd. 5"),
    "military": (frozenset({Purpose.DUNNING, Purpose.LEGAL}), "Minn. Stat. 325E.028 subd. 1"),
    "energy_assistance": (frozenset({Purpose.DUNNING, Purpose.LEGAL}), "Minn. Stat. 216B.097; agency pledge"),
    "promise": (frozenset({Purpose.DUNNING}), "office policy: an open promise holds dunning for the promised debt"),
    "moratorium": (frozenset({Purpose.DUNNING, Purpose.LEGAL}), "city-declared moratorium"),
    "office": (frozenset({Purpose.DUNNING, Purpose.LEGAL}), "placed by staff"),
}
"""Which purposes a hold stops, and its source. A kind that is not listed stops all: an unknown fact protects."""
UNKNOWN_HOLD = (frozenset({Purpose.DUNNING, Purpose.LEGAL, Purpose.INFORMATIONAL}), "unknown hold: protects")

HOUSEHOLD_CAPS = ((timedelta(days=7), 3), (timedelta(days=30), 6))
"""Contacts with one household, over all campaigns and manual messages (office policy)."""

BESIDE_A_HOLD = 500
"""Cents of debt beside a held one that are left alone when no policy says how much (office policy): a late fee of a few
dollars must not dun a customer who keeps to what was agreed."""


def decide(
    rulebook: Rulebook,
    facts: Facts,
    occasion: Occasion,
    *,
    caps: Sequence[tuple[timedelta, int]] = (),
    settled_at: int = BESIDE_A_HOLD,
) -> Decision:
    """Whether the act of ``occasion`` may be done. Pure; see the module.

    ``settled_at``: cents of debt that a policy leaves alone, as its exit says.
    """
    city, purpose, channel, at = rulebook.city, occasion.purpose, occasion.channel, occasion.at
    reasons: list[Reason] = []
    until: datetime | None = None
    reasons += _holds(facts, purpose, settled_at)
    if occasion.action is Action.NOTICE:
        reasons += _address(facts, channel)
    if purpose in (Purpose.DUNNING, Purpose.LEGAL):
        reasons += _owes(facts, settled_at)
    if purpose in (Purpose.DUNNING, Purpose.INFORMATIONAL):
        reasons += _caps(facts, at, (*HOUSEHOLD_CAPS, *caps))
    recipient = facts.addresses.get(channel)
    if recipient and purpose is not Purpose.CONVERSATIONAL and (opens := quiet.next_open(city, channel, recipient, at)):
        until = opens
        reasons.append(Reason("quiet-hours", Verdict.DEFER, "local time", _local(at, city), quiet.CITATION))
    verdicts = {reason.verdict for reason in reasons}
    if Verdict.SUPPRESS in verdicts:
        return Decision(Verdict.SUPPRESS, None, tuple(reasons))
    if Verdict.DEFER in verdicts:
        return Decision(Verdict.DEFER, until, tuple(reasons))
    allowed = Reason("may-contact", Verdict.ALLOW, channel, recipient or "", "no rule stands against it")
    return Decision(Verdict.ALLOW, None, (*reasons, allowed))


def _local(at: datetime, city: City) -> str:
    return at.astimezone(city.zone).strftime("%Y-%m-%d %H:%M %Z")


def _holds(facts: Facts, purpose: Purpose, left_alone: int) -> list[Reason]:
    """The holds that stand against it. One that covers an amount stands until more than ``left_alone`` is owed beside
    that amount."""
    found = []
    left = facts.past_due_cents - facts.paid_since_cents
    for hold in facts.holds:
        purposes, citation = HOLD_RULES.get(hold.kind, UNKNOWN_HOLD)
        if purpose not in purposes:
            continue
        if hold.amount_cents is not None and left - hold.amount_cents > left_alone:
            continue
        ends = f"until {hold.ends_on}" if hold.ends_on else "open-ended"
        found.append(Reason(f"hold-{hold.kind}", Verdict.SUPPRESS, "hold", f"{hold.kind}, {ends}", citation))
    return found


def _address(facts: Facts, channel: str) -> list[Reason]:
    if channel in facts.blocked_channels:
        citation = "47 CFR 64.1200(a)(10)" if channel == "sms" else "office policy"
        return [Reason("consent", Verdict.SUPPRESS, f"{channel} consent", facts.blocked_channels[channel], citation)]
    if not facts.addresses.get(channel):
        why = facts.unreachable.get(channel, "none on file")
        return [Reason("reachable", Verdict.SUPPRESS, f"{channel} address", why, "nothing to write to")]
    return []


def _owes(facts: Facts, settled_at: int) -> list[Reason]:
    left = facts.past_due_cents - facts.paid_since_cents
    if left > settled_at:
        return []
    value = f"past due {facts.past_due_cents} cents, paid since {facts.paid_since_cents}"
    return [Reason("owes", Verdict.SUPPRESS, "balance", value, "nobody who paid is dunned")]


def _caps(facts: Facts, at: datetime, caps: Sequence[tuple[timedelta, int]]) -> list[Reason]:
    found = []
    for window, most in caps:
        count = sum(1 for contact in facts.recent_contacts if at - window < contact <= at)
        if count >= most:
            value = f"{count} contacts with the household in {window.days} days, at most {most}"
            found.append(Reason(f"cap-{window.days}d", Verdict.SUPPRESS, "contacts", value, "office policy"))
    return found
