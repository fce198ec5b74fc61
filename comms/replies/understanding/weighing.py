"""Weighing what the rules decided against what the message resembles.

The rules decide first. A carrier's keyword, an emergency and an opt-out stand whatever else is said. Where the rules
know nothing, a likely intent is taken; where they do, only one that is far likelier than theirs takes its place. What
may not be missed (an emergency, an opt-out) needs less; a promise, which stops collection, needs more. How much was set
on labelled messages that neither the rules nor the weights had seen (docs/replies.md).
"""

from collections.abc import Mapping
from dataclasses import replace

from .hunch import ELSEWHERE
from .intents import Decision

NEEDED, SURELY = 0.6, 0.8
"""The probability at which another intent takes the place of the rules', and of rules that are surer than ``SURE`` …"""
SURE = 0.8
DOUBT = 0.1
"""… if theirs is less probable than this."""
IN_SILENCE = 0.5
"""The probability at which an intent is taken where the rules know nothing."""
NOT_MISSED = {"emergency": 0.4, "opt_out": 0.6}
"""The same for what may not be missed, unless the rules saw its opposite."""
PROMISE = 0.92
"""The probability at which a promise is taken where the rules know nothing: a false one stops collection."""
OURS = 1 / 8
"""What may not be missed is taken only from messages meant for the office: ``elsewhere`` so many times less likely."""
STRANGE = 0.7
"""The probability of ``elsewhere`` at which a promise that the rules see is one to somebody else …"""
UNLIKELY = 0.4
"""… if a promise to the office is less probable than this."""
KNOWN = 0.45
"""A confidence of the rules up to this says that they know nothing."""
MOST = 0.95
"""Nothing but a keyword is surer than this."""


def weigh(decision: Decision, likely: Mapping[str, float]) -> Decision:
    """The decision that stands. Its evidence is empty when it is not the rules'."""
    if not likely or decision.confidence == 1.0 or decision.intent in NOT_MISSED:
        return decision
    for urgent, enough in NOT_MISSED.items():
        meant = (
            likely[ELSEWHERE] < OURS * likely[urgent] and urgent not in decision.denied and decision.intent != "opt_in"
        )
        if meant and likely[urgent] >= enough:
            return _taken(decision, urgent, likely[urgent])
    if decision.intent == "promise" and likely[ELSEWHERE] >= STRANGE and likely["promise"] < UNLIKELY:
        return _taken(decision, "other", likely[ELSEWHERE])
    best = max(likely, key=lambda kind: likely[kind])
    if best == decision.intent:
        return replace(decision, confidence=max(decision.confidence, min(likely[best], MOST)))
    needed = _needed(decision, PROMISE if best == "promise" else IN_SILENCE)
    if (
        best not in (ELSEWHERE, *NOT_MISSED, *decision.denied)
        and likely[best] >= needed
        and likely[decision.intent] < DOUBT
    ):
        return _taken(decision, best, likely[best])
    return decision


def _needed(decision: Decision, in_silence: float) -> float:
    if decision.confidence <= KNOWN:
        return in_silence
    return SURELY if decision.confidence > SURE else NEEDED


def _taken(decision: Decision, intent: str, confidence: float) -> Decision:
    return replace(decision, intent=intent, confidence=min(confidence, MOST), evidence=())
