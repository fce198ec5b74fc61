"""A message with its expressions found and its clauses cut: what the readers of intents and of promises stand on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from .amounts import AmountReader, HowMuch
from .clauses import Clause, clauses
from .dates import DateReader, When
from .pairing import Expression, quoted
from .phrases import load
from .tokens import Token

_ELSEWHERE = load("elsewhere")


@dataclass(frozen=True)
class Reading:
    """A message with its expressions found and its clauses cut."""

    tokens: Sequence[Token]
    dates: Sequence[When]
    amounts: Sequence[HowMuch]
    clauses: Sequence[Clause]

    def inside(self, clause: Clause) -> list[Expression]:
        found: list[Expression] = [*self.dates_in(clause), *self.amounts_in(clause)]
        return found

    def dates_in(self, clause: Clause) -> list[When]:
        return [one for one in self.dates if clause.start <= one.start < clause.end]

    def amounts_in(self, clause: Clause) -> list[HowMuch]:
        return [one for one in self.amounts if clause.start <= one.start < clause.end]

    def words_in(self, clause: Clause) -> Sequence[Token]:
        return self.tokens[clause.start : clause.end]


def read(tokens: Sequence[Token], received: datetime) -> Reading:
    """Find the expressions and clauses of a message; ``received`` is local time."""
    dates = DateReader(tokens, received).find()
    taken = {place for when in dates for place in range(when.start, when.end)}
    amounts = AmountReader(tokens, taken).find()
    found: list[Expression] = [*dates, *amounts]
    return Reading(tokens, dates, amounts, clauses(tokens, {one.start: one.end for one in found}))


def days_in(reading: Reading, clause: Clause) -> list[When]:
    """The days of a clause that are not past, quoted or a length of time."""
    return [one for one in reading.dates_in(clause) if not quoted(reading.tokens, one)]


def mentions(reading: Reading, clause: Clause, *groups: str) -> bool:
    """Whether a phrase of ``lexicon/elsewhere.txt`` stands in the clause outside its dates (``after church``)."""
    tokens, dates = reading.words_in(clause), reading.dates_in(clause)
    return any(
        match.name in groups
        and not any(one.start <= clause.start + match.start and clause.start + match.end <= one.end for one in dates)
        for match in _ELSEWHERE.matches(tokens)
    )
