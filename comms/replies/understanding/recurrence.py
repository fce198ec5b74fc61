"""How often something is repeated: ``for 3 weeks``, ``four times``, ``por 2 semanas``."""

from collections.abc import Sequence

from .number_words import SMALL
from .tokens import Token
from .wordlists import words

_PERIODS = words(
    "weeks week times payments paydays mondays tuesdays wednesdays thursdays fridays saturdays sundays semanas "
    "veces pagos monday tuesday wednesday thursday friday saturday sunday lunes"
)
_LEADS = words("for the next por x durante over proximos siguientes")


def times(tokens: Sequence[Token]) -> int | None:
    """How many instalments a counted recurrence has; None when it is open."""
    for at in range(len(tokens) - 1):
        word, following = tokens[at].text, tokens[at + 1].text
        count = int(word) if word.isdecimal() and len(word) <= 2 else SMALL.get(word)
        if word == "couple":
            count = 2
        if count and 1 < count <= 12 and following in _PERIODS:
            before = {token.text for token in tokens[max(0, at - 3) : at]}
            after = tokens[at + 2].text if at + 2 < len(tokens) else ""
            if before & _LEADS or following == "times" or after == "total":
                return count
    return None
