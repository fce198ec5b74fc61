"""What a reply means: tokens -> normalised words -> expressions -> mood of each clause -> intent by precedence.

Nothing here knows of accounts or databases: text and two amounts go in, an ``Understanding`` comes out.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from .commitments import commitment, offered, read
from .hunch import likely, telling
from .intents import decide
from .language import language_of
from .model import INTENTS, Instalment, Understanding
from .tokens import tokenize
from .weighing import weigh

__all__ = ["INTENTS", "Instalment", "Understanding", "understand"]

OFFERING = frozenset({"arrangement_request", "hardship"})
"""Intents whose question, condition or hedge may hold an offer to read back."""

LONGEST = 1600
"""Characters looked at: the most a text message holds."""


def understand(
    text: str,
    received_at: datetime,
    tz: str,
    past_due_cents: int,
    total_cents: int,
    context: Mapping[str, Any] | None = None,
) -> Understanding:
    """Understand one reply.

    ``received_at`` is an aware instant, dates are resolved against its local calendar day in ``tz``; the amounts are
    what the notice asked for and that plus what is not yet due. ``context`` is what the conversation waits for; the
    first reading does not need it.
    """
    local = received_at.astimezone(ZoneInfo(tz))
    tokens = tokenize(text[:LONGEST])
    reading = read(tokens, local)
    promised = commitment(reading, local.date(), past_due_cents)
    ruled = decide(reading, promised)
    decision = weigh(ruled, likely(text) if ruled.confidence < 1.0 else {})
    if decision.intent == "promise" and promised is None:
        promised = commitment(reading, local.date(), past_due_cents, believed=True)
        if promised is None or all(one.amount_cents is None for one in promised.instalments):
            decision = ruled  # what resembles a promise but plainly says no amount is left as it was
    evidence = tuple(
        text[tokens[start].start : tokens[end - 1].end] for start, end in decision.evidence if 0 <= start < end
    )
    if decision.intent != ruled.intent:
        evidence = telling(text, decision.intent)
    instalments = promised.instalments if decision.intent == "promise" and promised else ()
    asked = offered(reading, local.date(), past_due_cents) if decision.intent in OFFERING else ()
    return Understanding(
        decision.intent, instalments, decision.confidence, language_of(text), evidence, decision.also, asked
    )
