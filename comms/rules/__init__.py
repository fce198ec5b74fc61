"""Whether we may: consent, quiet hours, contact caps, holds and statutes, each with the rule, the fact and the citation.

``decide`` is pure: a rulebook, facts and an occasion in, a ``Decision`` out. ``quiet`` answers the one question that is
asked again at the door of the carrier: is it a decent hour where this phone is?
"""

from .decide import decide
from .facts import (
    Action,
    ActiveHold,
    Decision,
    Facts,
    Occasion,
    Purpose,
    Reason,
    Verdict,
    Weather,
    reasons_from_json,
)
from .rulebook import Rulebook, RuleError, rulebook_of

__all__ = [
    "Action",
    "ActiveHold",
    "Decision",
    "Facts",
    "Occasion",
    "Purpose",
    "Reason",
    "RuleError",
    "Rulebook",
    "Verdict",
    "Weather",
    "decide",
    "reasons_from_json",
    "rulebook_of",
]
