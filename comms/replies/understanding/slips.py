"""Misspelt words of a closed vocabulary, and the words that are meant.

A word is read as one of ``lexicon/vocabulary.txt`` when it sounds the same in Spanish (``juebes``, ``sinco``,
``vielne``), is one letter away (lost, doubled, wrong or swapped), or two in a long word. A word that is a word of its
own stays: ``lexicon/real_words.txt`` holds those that stand so near.
"""

import re
from functools import cache, lru_cache

from .verbs import CLASSES
from .wordlists import groups

LONG = 8
"""Letters from which two slips are forgiven."""
SHORTEST = 5
"""Letters from which one slip is forgiven; shorter words are too near to each other."""

_SOUNDS = (
    (re.compile(r"qu(?=[ei])|q|k|c(?=[^eih]|$)"), "k"), (re.compile(r"c(?=[ei])|z"), "s"), (re.compile("v"), "b"),
    (re.compile(r"g(?=[ei])"), "j"), (re.compile(r"(?<!c)h"), ""), (re.compile("ll"), "y"),
    (re.compile(r"n(?=[bp])"), "m"), (re.compile(r"i$"), "y"), (re.compile(r"w"), "u"), (re.compile(r"(.)\1+"), r"\1"),
)  # fmt: skip
_ISLAND = ((re.compile("r(?=[^aeiou]|$)"), "l"), (re.compile(r"(?<=a)d(?=os?$)"), ""), (re.compile(r"s$"), ""))


def sound(word: str) -> str:
    """How a word sounds in Spanish, whatever letters it is written with."""
    for pattern, letters in _SOUNDS:
        word = pattern.sub(letters, word)
    return word


def island(word: str) -> str:
    """How it sounds in the Caribbean: ``vielne``, ``pagao``, ``lune``."""
    word = sound(word)
    for pattern, letters in _ISLAND:
        word = pattern.sub(letters, word)
    return word


def _cuts(word: str, deep: bool) -> set[str]:
    """The word, and what is left of it with one letter (or two) taken out."""
    once = {word[:at] + word[at + 1 :] for at in range(len(word))}
    return {word} | once | ({cut[:at] + cut[at + 1 :] for cut in once for at in range(len(cut))} if deep else set())


class _Vocabulary:
    def __init__(self) -> None:
        listed = groups("vocabulary")
        self.words = frozenset(word for words in listed.values() for word in words)
        known = (*groups("real_words").values(), *groups("small_words").values(), *CLASSES.values())
        self.real = frozenset(word for words in known for word in words)
        self._by_sound: dict[str, str] = {}
        self._by_cut: dict[str, list[str]] = {}
        for word in listed["spanish"]:
            self._by_sound.setdefault(sound(word), word)
        for word in listed["spanish"]:
            self._by_sound.setdefault(island(word), word)
        for word in (*listed["english"], *listed["spanish"]):
            if len(word) >= SHORTEST:
                for cut in _cuts(word, len(word) >= LONG):
                    self._by_cut.setdefault(cut, []).append(word)

    def nearest(self, word: str) -> str | None:
        heard = self._by_sound.get(sound(word)) or self._by_sound.get(island(word))
        if heard is not None:
            return heard
        if len(word) < SHORTEST - 1:
            return None
        near: dict[str, int] = {}
        for cut in _cuts(word, len(word) >= LONG - 1):
            for meant in self._by_cut.get(cut, ()):
                if meant not in near:
                    near[meant] = distance(word, meant)
        best = min(near, key=lambda meant: (near[meant], meant[0] != word[0], not _within(word, meant)), default=None)
        if best is None or near[best] > (2 if len(best) >= LONG and best[0] == word[0] else 1):
            return None
        if len(best) == SHORTEST and (best[0] != word[0] or (len(word) < SHORTEST and word[-1] != best[-1])):
            return None
        return best


def _within(word: str, meant: str) -> bool:
    """Whether a word only lost letters: ``tursday`` is thursday rather than tuesday."""
    letters = iter(meant)
    return all(letter in letters for letter in word)


def distance(one: str, other: str) -> int:
    """Letters lost, added, wrong or swapped between two words (Damerau and Levenshtein)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        this = [row]
        for column, opposite in enumerate(other, 1):
            cost = min(last[column] + 1, this[-1] + 1, last[column - 1] + (letter != opposite))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == opposite:
                cost = min(cost, before[column - 2] + 1)
            this.append(cost)
        before, last = last, this
    return last[-1]


@cache
def _vocabulary() -> _Vocabulary:
    return _Vocabulary()


@lru_cache(maxsize=20_000)
def meant(word: str) -> str:
    """The word of the vocabulary that a misspelt one means; any other word as it is."""
    known = _vocabulary()
    if len(word) < 3 or len(word) > 16 or word in known.words or word in known.real:
        return word
    return known.nearest(word) or word
