"""Which of a message's amounts and days a commitment names, also where they stand beside it."""

from collections.abc import Sequence
from itertools import pairwise

from .amounts import HowMuch
from .clauses import Clause
from .dates import When
from .pairing import Expression, corrected, quoted
from .phrases import load
from .reading import Reading, days_in, mentions
from .wordlists import words

_PAYDAY = load("paydays")
_VAGUE_FROM = words("when once soon cuando asap")


def moments(reading: Reading, used: Sequence[Clause], committing: Sequence[Clause]) -> list[Expression]:
    """The expressions that count, in order; a day named beside the commitment stands in where it names none."""
    found = [one for clause in used for one in reading.inside(clause) if not quoted(reading.tokens, one)]
    found = corrected(reading.tokens, sorted(found, key=lambda one: one.start))
    days = [one for one in found if isinstance(one, When)]
    if len({one.kind for one in days}) > 1 and len(days) > len(found) - len(days):
        days = [one for one in days if one.kind != "now"]
        found = [one for one in found if isinstance(one, HowMuch) or one in days]
    if not any(one.kind != "vague" for one in days) and not any(_waits(reading, clause) for clause in used):
        found = [*_day_beside(reading, used), *found]
    amounts = [one for one in found if isinstance(one, HowMuch)]
    if not amounts:
        return [*_amount_meant(reading, committing), *found]
    if len(amounts) <= 1 < len(days) and committing and not _joined(reading, days):
        own = [one for one in days if any(clause.start <= one.start < clause.end for clause in committing)]
        return sorted([*amounts, *(own or days)[-1:]], key=lambda one: one.start)
    return found


def _amount_meant(reading: Reading, committing: Sequence[Clause]) -> list[Expression]:
    """The amount that ``los`` and ``that`` look back at: ``my pastor gave me 50 so i am paying that tomorrow``."""
    for clause in committing:
        if any(token.text in ("los", "las", "that", "them") for token in reading.words_in(clause)):
            before = [
                one
                for other in reading.clauses
                if other.start < clause.start and not other.moods & {"question", "condition", "hedge", "denial"}
                if not mentions(reading, other, "otherwise", "income", "event")
                for one in reading.amounts_in(other)
            ]
            return list(before[-1:])
    return []


def _waits(reading: Reading, clause: Clause) -> bool:
    """It says when, without a day: ``once i get paid``."""
    tokens = reading.words_in(clause)
    then = _PAYDAY.has(tokens, "then") is not None
    return any(token.text in _VAGUE_FROM for token in tokens) and not reading.dates_in(clause) and not then


def _joined(reading: Reading, days: Sequence[When]) -> bool:
    """``friday and saturday``, ``the 1st, the 15th``: several days of one list."""
    joiners = words("and y & , + each cada both every then luego e")
    return all(
        any(token.text in joiners for token in reading.tokens[one.end : other.start]) and other.start - one.end <= 3
        for one, other in pairwise(days)
    )


def _day_beside(reading: Reading, used: Sequence[Clause]) -> list[Expression]:
    """The day of a clause beside the commitment: a payday, ``give me till``, ``not before``; the nearest before it.
    ``that day`` and ``then`` look back at any day."""
    first = used[0].start if used else 0
    then = any(_PAYDAY.has(reading.words_in(clause), "then") for clause in used)
    before: list[Expression] = []
    after: list[Expression] = []
    for clause in reading.clauses:
        late = clause.moods & {"denial", "hedge"} and _PAYDAY.has(reading.words_in(clause), "until")
        back = then and clause.start < first
        firm = not clause.moods & {"question", "condition", "past"} or (
            back and not clause.moods & {"question", "condition"}
        )
        if clause in used or not (clause.plain or ((late or back) and firm)):
            continue
        days = reading.dates_in(clause) if back else days_in(reading, clause)
        days = [one for one in days if one.kind not in ("vague", "past", "span")]
        if days:
            (before if clause.start < first else after).append(days[-1])
    return before[-1:] or after[:1]


def names_payday(reading: Reading, clause: Clause) -> bool:
    """Whether the clause tells when money comes, or until when to wait."""
    return _PAYDAY.has(reading.words_in(clause), "payday", "until") is not None
