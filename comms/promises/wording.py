"""Promises in one line of English, for the contact history and the clerk's list."""

from collections.abc import Iterable
from datetime import date

from comms.money import dollars

from .policy import Part

STATUS = {
    "proposed": "proposed",
    "open": "open",
    "kept": "kept",
    "kept_late": "kept within the grace days",
    "kept_short": "kept, short by no more than the tolerance",
    "partial": "kept in part",
    "broken": "broken",
    "withdrawn_customer": "withdrawn by the customer",
    "withdrawn_office": "withdrawn by the office",
    "superseded": "replaced by a newer promise",
    "refused": "not accepted",
    "settled_other": "settled by assistance or credit",
}

LISTED_AT_MOST = 4
"""A sentence names so many dated amounts; a longer schedule is shortened in it."""

KIND = {"promise": "Promise", "arrangement": "Payment arrangement"}

EVERY = {"week": "every week", "two_weeks": "every two weeks", "month": "every month"}

REASONS = {
    "nothing_due": "nothing is past due on the account",
    "in_the_past": "its dates or amounts make no sense",
    "too_late": "it is paid later than the office allows",
    "too_little": "it comes to less than the office asks",
    "too_much": "it comes to more than the account owes in all",
    "too_many_parts": "it has too many parts",
    "too_many_broken": "too many promises were broken lately",
    "too_many_open": "the customer has too many open promises on other accounts",
    "shut_off": "service is shut off",
    "needs_approval": "the office looks at every one of this category",
    "other_terms": "its terms are not those that the office offers",
    "income_too_small": "no schedule that the office offers fits the income stated",
}
"""Why an offer is not simply taken: by the word in a ``Verdict`` or an ``Arranged``, for staff."""


def why(reasons: Iterable[str]) -> str:
    """The reasons in half a sentence: ``it has too many parts, and service is shut off``."""
    return ", and ".join(REASONS[reason] for reason in reasons)


def on_day(day: date) -> str:
    """``Fri Nov 27, 2026``."""
    return f"{day:%a %b} {day.day}, {day.year}"


def in_words(parts: Iterable[Part]) -> str:
    """``$50.00 by Fri Nov 27, 2026 and $30.00 by …``; of a long schedule the first, the last and how many between."""
    said = [f"{dollars(part.amount_cents)} by {on_day(part.due_on)}" for part in parts]
    if len(said) > LISTED_AT_MOST:
        said[1:-1] = [f"{len(said) - 2} more"]
        return f"{said[0]}, {said[1]}, and {said[2]}"
    return " and ".join(said)
