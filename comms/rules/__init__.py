"""Whether we may: consent, quiet hours, contact caps, holds and statutes, each with rule, fact, value and citation.

``rulebook_of`` reads a city's rules: dated data in ``cities/law`` and ``cities/<city>/rules``, four layers that add up.
``decide`` is pure: a rulebook, facts and an occasion in, a ``Decision`` out; the most protective rule wins, and a fact
that is not known protects. ``requirements_for_disconnection`` tells what its notice needs. ``quiet`` answers the one
question that is asked again at the door of the carrier: is it a decent hour where this phone is?
"""

from .conditions import BESIDE_A_HOLD
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
from .loading import Rule
from .notice_clock import NoticeClock, requirements_for_disconnection
from .requirements import Duty, NoticeRequirement
from .rulebook import Rulebook, RuleError, rulebook_of

__all__ = [
    "BESIDE_A_HOLD",
    "Action",
    "ActiveHold",
    "Decision",
    "Duty",
    "Facts",
    "NoticeClock",
    "NoticeRequirement",
    "Occasion",
    "Purpose",
    "Reason",
    "Rule",
    "RuleError",
    "Rulebook",
    "Verdict",
    "Weather",
    "decide",
    "reasons_from_json",
    "requirements_for_disconnection",
    "rulebook_of",
]
