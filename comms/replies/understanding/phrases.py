"""A small language for the phrases that intents are known by, and the matcher for it.

A phrase is a line of elements: ``word``; ``a|b`` one of them; ``text*`` any word that begins so; ``word?`` may be
missing; ``..`` up to four words of the same sentence; ``@name`` one of a class of words; ``^`` and ``$`` the first and
the last word of the message. Phrases are indexed by their first word, so that a message is read once.

The phrases themselves are data, in ``lexicon/*.txt``: ``[group]`` lines, one phrase a line under each, ``@name =
words`` for a class, ``#`` for a remark.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from .tokens import SENTENCE_MARKS, Token
from .verbs import CLASSES
from .wordlists import LEXICON as LEXICON

GAP = 4


@dataclass(frozen=True, slots=True)
class _Element:
    words: frozenset[str]
    prefixes: tuple[str, ...]
    optional: bool
    gap: bool
    anchor: str

    def takes(self, word: str) -> bool:
        return word in self.words or (bool(self.prefixes) and word.startswith(self.prefixes))


_Phrase = tuple[str, tuple[_Element, ...]]
"""The group of a phrase, and its elements."""


@dataclass(frozen=True)
class Match:
    name: str
    start: int
    end: int


class Phrases:
    """Named groups of phrases over one message's tokens."""

    def __init__(self, classes: Mapping[str, str] | None = None, **groups: str) -> None:
        self._classes = {name: words.split() for name, words in (classes or {}).items()}
        self._by_first: dict[str, list[_Phrase]] = defaultdict(list)
        self._by_prefix: dict[str, list[tuple[tuple[str, ...], _Phrase]]] = defaultdict(list)
        self._by_group: dict[tuple[str, str], list[_Phrase]] = defaultdict(list)
        self.groups = tuple(groups)
        for name, lines in groups.items():
            for line in lines.strip().splitlines():
                if line.strip():
                    self._add(name, tuple(self._element(one) for one in line.split()))

    def _add(self, name: str, elements: tuple[_Element, ...]) -> None:
        for element in elements:
            if element.anchor:
                continue
            for word in element.words:
                self._by_first[word].append((name, elements))
                self._by_group[name, word].append((name, elements))
            for letter in {prefix[0] for prefix in element.prefixes}:
                self._by_prefix[letter].append((element.prefixes, (name, elements)))
            if not element.optional:
                return
        raise ValueError(f"a phrase of {name} has no word that must be there")

    def _element(self, text: str) -> _Element:
        if text in ("^", "$"):
            return _Element(frozenset(), (), False, False, text)
        if text == "..":
            return _Element(frozenset(), (), True, True, "")
        optional = text.endswith("?") and text != "?"
        words: list[str] = []
        for choice in (text[:-1] if optional else text).split("|"):
            words += self._classes[choice[1:]] if choice.startswith("@") else [choice]
        exact = frozenset(word for word in words if word == "*" or not word.endswith("*"))
        prefixes = tuple(word[:-1] for word in words if word not in exact)
        return _Element(exact, prefixes, optional, False, "")

    def first_words(self) -> frozenset[str]:
        """The words that a phrase can begin with."""
        return frozenset(self._by_first)

    def groups_beginning(self, prefix: str) -> dict[str, tuple[str, ...]]:
        """By first word: the groups of that prefix which have a phrase that begins so."""
        found: dict[str, tuple[str, ...]] = {}
        for group, word in self._by_group:
            if group.startswith(prefix):
                found[word] = (*found.get(word, ()), group)
        return found

    def matches(self, tokens: Sequence[Token]) -> Iterator[Match]:
        """Every phrase found, one match for each place and group, the longest."""
        for at in range(len(tokens)):
            best: dict[str, int] = {}
            for name, end in self._at(tokens, at):
                best[name] = max(end, best.get(name, 0))
            for name, end in best.items():
                yield Match(name, at, end)

    def longest_at(self, tokens: Sequence[Token], at: int) -> tuple[str, int] | None:
        """The group and the end of the longest phrase that starts here."""
        return max(self._at(tokens, at), key=lambda one: one[1], default=None)

    def end_at(self, tokens: Sequence[Token], at: int, name: str) -> int | None:
        """Where the longest phrase of one group ends when one starts here."""
        if at >= len(tokens):
            return None
        best: int | None = None
        for _, end in self._ends(tokens, at, self._starting(tokens[at].text, name)):
            best = end if best is None else max(best, end)
        return best

    def has(self, tokens: Sequence[Token], *names: str) -> Match | None:
        """The first match of one of these groups."""
        return next((match for match in self.matches(tokens) if match.name in names), None)

    def _at(self, tokens: Sequence[Token], at: int) -> Iterator[tuple[str, int]]:
        word = tokens[at].text
        return self._ends(tokens, at, (*self._by_first.get(word, ()), *self._by_beginning(word)))

    def _starting(self, word: str, name: str) -> list[_Phrase]:
        """The phrases of one group that may start with a word."""
        found = self._by_group.get((name, word), [])
        begun = [phrase for phrase in self._by_beginning(word) if phrase[0] == name]
        return [*found, *begun] if begun else found

    def _by_beginning(self, word: str) -> list[_Phrase]:
        near = self._by_prefix.get(word[:1])
        return [phrase for prefixes, phrase in near if word.startswith(prefixes)] if near else []

    @staticmethod
    def _ends(tokens: Sequence[Token], at: int, phrases: Sequence[_Phrase]) -> Iterator[tuple[str, int]]:
        for name, elements in phrases:
            end = _fit(tokens, at, elements, 0)
            if end is not None and end > at:
                yield name, end


@cache
def load(name: str) -> Phrases:
    """The phrases of ``lexicon/<name>.txt``, read once a process. Raises ``ValueError`` naming file and line."""
    path = LEXICON / f"{name}.txt"
    classes = {verb: " ".join(forms) for verb, forms in CLASSES.items()}
    groups: dict[str, list[str]] = {}
    group = ""
    for number, raw in enumerate(path.read_text("utf-8").splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("# "):
            continue
        if line.startswith("@") and " = " in line:
            key, _, words = line.partition(" = ")
            classes[key[1:]] = f"{classes.get(key[1:], '')} {words}"
        elif line.startswith("[") and line.endswith("]"):
            group = line[1:-1]
            groups.setdefault(group, [])
        elif group:
            groups[group].append(line)
        else:
            raise ValueError(f"{path}, line {number}: a phrase stands before the first [group]")
    try:
        return Phrases(classes, **{key: "\n".join(lines) for key, lines in groups.items()})
    except (KeyError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from None


def _fit(tokens: Sequence[Token], at: int, elements: tuple[_Element, ...], which: int) -> int | None:
    """The end of the longest fit of ``elements[which:]`` from token ``at``."""
    if which == len(elements):
        return at
    element = elements[which]
    if element.anchor == "^":
        return _fit(tokens, at, elements, which + 1) if not _words_before(tokens, at) else None
    if element.anchor == "$":
        return at if not _words_after(tokens, at) else None
    if element.gap:
        return _fit_gap(tokens, at, elements, which)
    best = None
    if at < len(tokens) and element.takes(tokens[at].text):
        best = _fit(tokens, at + 1, elements, which + 1)
    if element.optional:
        skipped = _fit(tokens, at, elements, which + 1)
        if skipped is not None and (best is None or skipped > best):
            best = skipped
    if best is None and which and at < len(tokens) and tokens[at].text == ",":
        return _fit(tokens, at + 1, elements, which)
    return best


def _fit_gap(tokens: Sequence[Token], at: int, elements: tuple[_Element, ...], which: int) -> int | None:
    for place in range(at, min(at + GAP, len(tokens)) + 1):
        end = _fit(tokens, place, elements, which + 1)
        if end is not None:
            return end
        if place < len(tokens) and tokens[place].text in SENTENCE_MARKS:
            return None
    return None


def _words_before(tokens: Sequence[Token], at: int) -> bool:
    return any(token.kind in ("word", "number") for token in tokens[:at])


def _words_after(tokens: Sequence[Token], at: int) -> bool:
    return any(token.kind in ("word", "number") for token in tokens[at:])
