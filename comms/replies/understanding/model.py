"""What is understood of a reply: the intent, what is promised, how sure that is, and the words that decided it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

INTENTS = (
    "emergency", "opt_out", "opt_in", "wrong_number", "abuse_or_threat", "promise", "paid", "dispute", "hardship",
    "arrangement_request", "balance_question", "help", "language_request", "confirm_yes", "confirm_no", "other",
)  # fmt: skip

FLOOR = 0.6
"""Confidence below which nothing is done automatically, opt-outs excepted: a false promise or a wrong answer does more
harm than a question to a person."""

Amount = int | str | None
"""Cents, ``full``, ``half``, ``minimum``, or None when no amount was said."""


@dataclass(frozen=True)
class Instalment:
    """One amount on one date, as said; either may be missing."""

    amount_cents: Amount
    date: date | None

    def as_json(self) -> dict[str, Any]:
        return {"amount_cents": self.amount_cents, "date": self.date.isoformat() if self.date else None}


@dataclass(frozen=True)
class Understanding:
    """``confidence`` is between 0 and 1; ``lang`` is ``en``, ``es``, ``es-en`` or ``other``; ``evidence`` holds the
    words that decided it, as they were written. ``also`` are further intents that must not be lost (an opt-out beside
    an emergency); ``offered`` what is named in a question, a hedge or a condition about paying, never a promise."""

    intent: str
    instalments: tuple[Instalment, ...] = ()
    confidence: float = 1.0
    lang: str = "en"
    evidence: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    offered: tuple[Instalment, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "intent": self.intent,
            "instalments": [one.as_json() for one in self.instalments],
            "confidence": round(self.confidence, 2),
            "lang": self.lang,
            "evidence": list(self.evidence),
        }
