"""Handing a reply to a person: why, how soon, and what the service would have thought of it.

A reply that is not understood well enough is a question to a clerk, never a guess that a customer sees.
"""

from typing import Any

from .matter import Matter
from .understanding.model import FLOOR

PRIORITY = {
    "emergency": 1, "abuse_or_threat": 3, "dispute": 3, "hardship": 3, "arrangement_request": 4, "wrong_number": 4,
    "promise": 4, "paid": 4, "balance_question": 5, "help": 5, "language_request": 5, "opt_in": 5, "confirm_no": 6,
    "confirm_yes": 6, "other": 8,
}  # fmt: skip

REASON = {
    "emergency": "EMERGENCY: read this reply now and call the customer",
    "abuse_or_threat": "A threat, a legal matter or an insult: no automatic answer was sent",
    "dispute": "Disputes the bill",
    "hardship": "Cannot pay: needs help or assistance programs",
    "arrangement_request": "Asks for more time or a plan",
    "wrong_number": "Says this is not the customer's number; it is not written to any more",
    "promise": "A promise from a number that is on no account",
    "paid": "Says it is paid",
    "balance_question": "Asks about the balance, a date or how to pay",
    "help": "Asks for help or a person",
    "language_request": "Asks for another language",
    "confirm_no": "Says no, but nothing was asked",
    "other": "A reply that needs a person",
}

_PERHAPS = {
    "emergency": "it reports an EMERGENCY; read it now",
    "abuse_or_threat": "it is a threat, a legal matter or an insult",
    "dispute": "it disputes the bill",
    "hardship": "the customer cannot pay and needs help",
    "arrangement_request": "it asks for more time or a plan",
    "wrong_number": "this is not the customer's number",
    "promise": "it is a promise to pay",
    "paid": "it says that it is paid",
    "balance_question": "it asks about the balance, a date or how to pay",
    "help": "it asks for help or a person",
    "language_request": "it asks for another language",
    "opt_in": "it asks for messages again",
    "confirm_yes": "it says yes",
    "confirm_no": "it says no",
}


def to_clerk(matter: Matter, **facts: Any) -> None:
    """For a person, with the usual words and priority of what it means."""
    intent = matter.understanding.intent
    reason = REASON.get(intent, REASON["other"])
    if intent == "other" and matter.understanding.lang == "other":
        reason = "Written in a language that the service does not read; an interpreter may be needed"
    matter.give_to_clerk(f"{reason}.", priority=PRIORITY.get(intent, 5), **facts)


def unsure(matter: Matter) -> bool:
    """Whether this was not understood well enough to act on. It is the clerk's then, with a suggestion."""
    intent = matter.understanding.intent
    if matter.understanding.confidence >= FLOOR:
        return False
    if intent == "other":
        to_clerk(matter)
    else:
        reason = f"Not understood well enough to act on. Perhaps {_PERHAPS[intent]}."
        matter.give_to_clerk(reason, priority=PRIORITY[intent], suggestion=intent)
    return True
