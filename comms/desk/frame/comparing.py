"""Two versions of a text side by side: which lines went, which came, and which words of a line are others."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

ALIKE = 0.45
"""Two lines that have less in common are one that went and one that came."""
_WORDS = re.compile(r"\s+|[^\s]+")


@dataclass(frozen=True)
class Piece:
    """A few words, and whether only this side has them."""

    text: str
    only_here: bool


@dataclass(frozen=True)
class Row:
    """A line before and now; None on the side that does not have it."""

    before: tuple[Piece, ...] | None
    now: tuple[Piece, ...] | None

    @property
    def same(self) -> bool:
        return self.before == self.now


def rows(before: Sequence[str], now: Sequence[str]) -> list[Row]:
    """The lines of both, each beside the one it was made from."""
    found: list[Row] = []
    for tag, first, last, start, end in SequenceMatcher(None, before, now, autojunk=False).get_opcodes():
        if tag == "equal":
            found += [Row(_whole(line), _whole(line)) for line in before[first:last]]
        else:
            found += _changed(before[first:last], now[start:end])
    return found


def _changed(before: Sequence[str], now: Sequence[str]) -> Iterator[Row]:
    """Lines of a place that was changed: those that are alike beside each other, in their order."""
    taken = 0
    for line in before:
        alike = next((at for at in range(taken, len(now)) if _alike(line, now[at])), None)
        if alike is None:
            yield Row(_whole(line, True), None)
            continue
        yield from (Row(None, _whole(new, True)) for new in now[taken:alike])
        yield Row(*_words(line, now[alike]))
        taken = alike + 1
    yield from (Row(None, _whole(new, True)) for new in now[taken:])


def _alike(one: str, other: str) -> bool:
    return SequenceMatcher(None, _WORDS.findall(one), _WORDS.findall(other), autojunk=False).ratio() >= ALIKE


def _words(before: str, now: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    old, new = _WORDS.findall(before), _WORDS.findall(now)
    left: list[Piece] = []
    right: list[Piece] = []
    for tag, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if last > first:
            left.append(Piece("".join(old[first:last]), tag != "equal"))
        if end > start:
            right.append(Piece("".join(new[start:end]), tag != "equal"))
    return tuple(left), tuple(right)


def _whole(line: str, only_here: bool = False) -> tuple[Piece, ...]:
    return (Piece(line, only_here),)
