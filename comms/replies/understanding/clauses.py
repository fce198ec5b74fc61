"""Clauses, and the mood of each: a statement, a question, a condition, a hedge, a denial, something past."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from .phrases import load
from .tokens import SENTENCE_MARKS, Token
from .wordlists import words

_BREAKS = words("but pero except although though however because since cause porque so then luego entonces")
_SUBJECTS = words("i we he she they you it my yo el ella les le lo te")

MOODS = load("moods")


@dataclass(frozen=True)
class Clause:
    """Tokens ``start`` to ``end`` (not included) and their mood."""

    start: int
    end: int
    moods: frozenset[str]

    @property
    def plain(self) -> bool:
        """A statement about what will be: no question, condition, hedge, denial, and nothing past."""
        return not self.moods & {"question", "condition", "hedge", "denial", "past"}


def clauses(tokens: Sequence[Token]) -> list[Clause]:
    """The clauses of a message, each with its mood. A condition or a question reaches over its whole sentence."""
    made: list[Clause] = []
    for first, last in _sentences(tokens):
        sentence = list(tokens[first:last])
        whole = _moods(sentence) & {"question", "condition"}
        if (last < len(tokens) and tokens[last].text == "?") or any(token.text == "¿" for token in sentence):
            whole |= {"question"}
        pieces = _pieces(sentence)
        before: set[str] = set()
        for start, end in pieces:
            own = _moods(sentence[start:end])
            if sentence[start].text == "i":  # cut off without any word between: what is the least | i can pay
                own |= before & {"question", "condition", "hedge"}
            before = own
            if "question" in whole and not _asks(sentence, pieces, own, tokens, last):
                whole_here = whole - {"question"}
            else:
                whole_here = whole
            made.append(Clause(first + start, first + end, frozenset(own | whole_here)))
    return made


def _asks(
    sentence: Sequence[Token], pieces: list[tuple[int, int]], own: set[str], tokens: Sequence[Token], last: int
) -> bool:
    """Whether a question reaches this clause: the mark at the end reaches all of it, an asking word only its clause."""
    marked = last < len(tokens) and tokens[last].text == "?"
    return marked or "question" in own or len(pieces) == 1


def _sentences(tokens: Sequence[Token]) -> list[tuple[int, int]]:
    made, start = [], 0
    for at, token in enumerate(tokens):
        if token.kind == "mark" and token.text in SENTENCE_MARKS:
            if at > start:
                made.append((start, at))
            start = at + 1
    if start < len(tokens):
        made.append((start, len(tokens)))
    return made


def _pieces(sentence: Sequence[Token]) -> list[tuple[int, int]]:
    cuts = [0]
    for at, token in enumerate(sentence):
        following = sentence[at + 1].text if at + 1 < len(sentence) else ""
        if at and (
            token.text in _BREAKS
            or token.text == ","
            or (
                token.text in ("and", "y", "&", "-")
                and (following in _SUBJECTS or following in ("then", "will", "can"))
            )
            or (
                token.text in ("-", "i")
                and at > 2
                and following in ("will", "am", "can", "get", "got", "have", "paid", "do")
                and token.text == "i"
            )
        ):
            cuts.append(at)
    cuts.append(len(sentence))
    return [(start, end) for start, end in pairwise(cuts) if end > start]


def _moods(tokens: Sequence[Token]) -> set[str]:
    found = list(MOODS.matches(tokens))
    safe = {
        place for match in found if match.name in ("harmless", "not_past") for place in range(match.start, match.end)
    }
    return {
        match.name
        for match in found
        if match.name not in ("harmless", "not_past")
        and not (match.name in ("denial", "past") and set(range(match.start, match.end)) & safe)
    }
