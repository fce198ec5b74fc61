"""Frames: what an intent is known by, as kinds of words that stand together, and the matcher for them.

A frame is a line of elements over the words of one sentence:

* ``word``, ``a|b`` one of them, ``text*`` any word that begins so, ``@kind`` one of a kind of words
  (``lexicon/kinds.txt``, English and Spanish in one), each with ``?`` when it may be missing;
* ``..`` up to four words, ``...`` up to nine;
* ``<`` and ``>`` the beginning and the end of the sentence, ``^`` and ``$`` of the message; polite and little
  words do not count there;
* ``#amount``, ``#date``, ``#number`` what the message names; ``#name`` a proper name, ``#strange`` a
  word of no kind; ``?`` a sentence that asks, ``a|?`` this word or such a sentence,
  ``a|>`` this word or the end;
* ``& a b c`` all of these in one sentence in any order, ``&& a b c`` in one message;
* ``!a`` at the end: not when that stands in the same sentence, ``!!a``: in the same message.

Frames stand under ``[group confidence]`` in ``lexicon/*.txt``; the confidence is the measured precision of the group.
What a group ``-name`` finds covers what ``name`` finds at the same place. Words that no kind knows are read again with
a dropped g or without a plural s, by their Spanish sound, and the weighty ones with one slip forgiven.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache

from .phrases import LEXICON, Match
from .slips import distance, sound
from .tokens import SENTENCE_MARKS, Token

GAPS = {"..": 4, "...": 9}
LEXICONS = ("danger", "leaving", "strangers", "threats", "account", "means", "asking", "answers", "chat", "loose")
POLITE, WEIGHTY, KNOWN = "polite", "weighty", "known"
"""Kinds with a use of their own: skipped at an edge; one slip forgiven; words of their own that no slip makes."""
_PSEUDO = ("#amount", "#date", "#number", "#name", "#strange", "#question")
_SPOKEN_MARKS = frozenset("#$&")


@dataclass(frozen=True, slots=True)
class _Element:
    bit: int = 0
    gap: int = 0
    edge: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    group: str
    elements: tuple[_Element, ...]
    reach: str
    """Empty: in order; ``&``: in one sentence; ``&&``: in one message."""
    needs: int
    without: int
    never: int
    line: str
    """As it is written in the lexicon."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """The kinds of each word, the token each stands at, and all kinds together."""

    kinds: tuple[int, ...]
    places: tuple[int, ...]
    together: int


@dataclass
class _Words:
    """Which elements a word can stand for, a bit for each."""

    exact: dict[str, int] = field(default_factory=dict)
    beginnings: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    sounds: dict[str, str] = field(default_factory=dict)
    weighty: tuple[str, ...] = ()

    def add(self, choice: str, bit: int) -> None:
        if choice.endswith("*"):
            begin = choice[:-1]
            self.beginnings.setdefault(begin[:2], []).append((begin, bit))
        else:
            self.exact[choice] = self.exact.get(choice, 0) | bit

    def known(self, word: str) -> int:
        bits = self.exact.get(word, 0)
        for begin, bit in self.beginnings.get(word[:2], ()):
            if word.startswith(begin):
                bits |= bit
        return bits

    def respelled(self, word: str) -> int:
        """The elements of a word that is in no kind as it stands."""
        if len(word) < 4:
            return 0
        for other in (word + "g" if word.endswith("in") else "", word[:-1] if word.endswith("s") else ""):
            bits = self.known(other) if other else 0
            if bits:
                return bits
        if len(word) > 4:
            heard = sound(word)
            bits = self.known(self.sounds.get(heard, "")) if heard in self.sounds else 0
            if bits:
                return bits
        for other in self.weighty:
            if other[0] == word[0] and abs(len(other) - len(word)) < 2 and distance(word, other) == 1:
                return self.known(other)
        return 0


class Frames:
    """All groups of frames, and how sure each is."""

    def __init__(self, kinds: Mapping[str, str], groups: Mapping[str, tuple[float, Sequence[str]]]) -> None:
        self._kinds = {name: frozenset(self._spread(kinds, name)) for name in kinds}
        self._bits: dict[frozenset[str], int] = {}
        self._words = _Words()
        self.sure = {name: sure for name, (sure, _) in groups.items()}
        self._polite = self._bit(self._kinds[POLITE])
        self._bit(self._kinds[KNOWN])
        frames = [
            self._frame(name, one) for name, (_, lines) in groups.items() for line in lines for one in _variants(line)
        ]
        self._pseudo = {name: self._words.exact.get(name, 0) for name in _PSEUDO}
        self._far = [frame for frame in frames if frame.reach == "&&"]
        self._by_rarest = self._indexed(frame for frame in frames if frame.reach != "&&")
        self._called_for = lru_cache(maxsize=20_000)(self._of_a_word)
        self._words.weighty = tuple(sorted(self._kinds[WEIGHTY]))
        for word in sorted(self._words.exact):
            if len(word) > 4:
                self._words.sounds.setdefault(sound(word), word)
        self._reread = lru_cache(maxsize=20_000)(self._words.respelled)

    def _indexed(self, frames: Iterable[_Frame]) -> dict[int, list[_Frame]]:
        """The frames by that of their elements which the fewest words can stand for."""
        size = {bit: len(choices) for choices, bit in self._bits.items()}
        index: dict[int, list[_Frame]] = {}
        for frame in frames:
            needed = [element.bit for element in frame.elements if element.bit and not element.optional]
            index.setdefault(min(needed, key=lambda bit: size[bit]), []).append(frame)
        return index

    def _of_a_word(self, kinds: int) -> tuple[_Frame, ...]:
        """The frames that a word of these kinds calls for."""
        return tuple(frame for bit, frames in self._by_rarest.items() if bit & kinds for frame in frames)

    def _spread(self, kinds: Mapping[str, str], name: str) -> Iterator[str]:
        for choice in kinds[name].split():
            if choice.startswith("@"):
                yield from self._spread(kinds, choice[1:])
            else:
                yield choice

    def _bit(self, choices: frozenset[str]) -> int:
        if choices not in self._bits:
            self._bits[choices] = 1 << len(self._bits)
            for choice in choices:
                self._words.add(choice, self._bits[choices])
        return self._bits[choices]

    def _choices(self, text: str) -> frozenset[str]:
        found: set[str] = set()
        for choice in text.split("|"):
            found |= self._kinds[choice[1:]] if choice.startswith("@") else {choice}
        return frozenset(found)

    def _frame(self, group: str, line: str) -> _Frame:
        reach, needs, without, never = "", 0, 0, 0
        elements: list[_Element] = []
        for text in line.split():
            if text in ("&", "&&"):
                reach = text
            elif text in ("?", "#question"):
                needs |= self._bit(frozenset(["#question"]))
            elif text in GAPS:
                elements.append(_Element(gap=GAPS[text], optional=True))
            elif text in ("<", ">", "^", "$"):
                elements.append(_Element(edge=text))
            elif text.startswith("!!"):
                never |= self._bit(self._choices(text[2:]))
            elif text.startswith("!"):
                without |= self._bit(self._choices(text[1:]))
            else:
                optional = text.endswith("?")
                elements.append(_Element(bit=self._bit(self._choices(text.rstrip("?"))), optional=optional))
        while elements and elements[-1].gap and needs:
            elements.pop()
        for element in elements:
            needs |= 0 if element.optional else element.bit
        if not needs or any(element.gap for element in (elements[0], elements[-1])):
            raise ValueError(f"[{group}] {line!r}: a frame begins and ends with a word, and one must be there")
        return _Frame(group, tuple(elements), reach, needs, without, never, line)

    # --- reading ---

    def kinds_of(self, word: str) -> int:
        return self._words.known(word) or self._reread(word)

    def is_kind(self, word: str, kind: str) -> bool:
        """Whether a word is one of a kind, in any of its spellings."""
        return bool(self.kinds_of(word) & self._bits[self._kinds[kind]])

    def sentences(
        self, tokens: Sequence[Token], amounts: set[int], dates: set[int], asking: set[int]
    ) -> list[Sentence]:
        """The sentences of a message; ``asking`` are the tokens of clauses that ask."""
        shouted = _shouted(tokens)
        made: list[Sentence] = []
        kinds: list[int] = []
        places: list[int] = []
        for at, token in enumerate([*tokens, Token("\n", "mark", 0, 0)]):
            if token.kind == "mark" and token.text in SENTENCE_MARKS and not _abbreviates(tokens, at):
                if kinds:
                    together = self._pseudo["#question"] if token.text == "?" or asking.intersection(places) else 0
                    for bits in kinds:
                        together |= bits
                    made.append(Sentence(tuple(kinds), tuple(places), together))
                    kinds, places = [], []
            elif token.kind in ("word", "number") or token.text in _SPOKEN_MARKS:
                bits = self._words.exact.get(token.text + "'", 0) if token.stressed else 0
                bits = bits or self.kinds_of(token.text)
                if token.kind == "number":
                    bits |= self._pseudo["#number"]
                elif not bits and at not in dates and len(token.text) > 2:
                    named = token.capital and not shouted and places
                    bits |= self._pseudo["#strange"] | (self._pseudo["#name"] if named else 0)
                bits |= self._pseudo["#amount"] if at in amounts else 0
                bits |= self._pseudo["#date"] if at in dates else 0
                kinds.append(bits)
                places.append(at)
        return made if len(made) < 3 or any(len(one.kinds) > 1 for one in made) else [_joined(made)]

    def find(self, sentences: Sequence[Sentence]) -> dict[str, list[Match]]:
        """What each group finds, the covered left out; groups that cover stay, named with their ``-``."""
        everything = 0
        for sentence in sentences:
            everything |= sentence.together
        found: dict[str, list[Match]] = {}
        for number, sentence in enumerate(sentences):
            missing, together = ~sentence.together, sentence.together
            for frame in {frame: None for kinds in sentence.kinds for frame in self._called_for(kinds)}:
                if not (frame.needs & missing or frame.without & together or frame.never & everything):
                    for start, end in self._places(sentences, number, frame):
                        found.setdefault(frame.group, []).append(Match(frame.group, start, end))
        for frame in self._far:
            if sentences and not (frame.needs & ~everything or (frame.never | frame.without) & everything):
                found.setdefault(frame.group, []).append(
                    Match(frame.group, sentences[0].places[0], sentences[-1].places[-1] + 1)
                )
        return {
            name: kept
            for name, matches in found.items()
            if (kept := _uncovered(matches, found.get(f"-{name.split('.')[0]}", ())))
        }

    def _places(self, sentences: Sequence[Sentence], number: int, frame: _Frame) -> Iterator[tuple[int, int]]:
        """The tokens between which a frame that may fit a sentence does fit it."""
        sentence = sentences[number]
        if frame.reach:
            places = [at for kinds, at in zip(sentence.kinds, sentence.places, strict=True) if kinds & frame.needs]
            yield min(places), max(places) + 1
            return
        for at, end in self._fits(sentences, number, frame.elements):
            yield sentence.places[at], sentence.places[end - 1] + 1

    def _fits(
        self, sentences: Sequence[Sentence], number: int, elements: tuple[_Element, ...]
    ) -> Iterator[tuple[int, int]]:
        kinds = sentences[number].kinds
        first = next(element for element in elements if element.bit)
        at = 0
        while at < len(kinds):
            end = None
            if first.optional or kinds[at] & first.bit:
                end = self._fit(sentences, number, at, elements, 0)
            if end is not None and end > at:
                yield at, end
            at = end if end is not None and end > at else at + 1

    def _fit(
        self, sentences: Sequence[Sentence], number: int, at: int, elements: tuple[_Element, ...], which: int
    ) -> int | None:
        """Where ``elements[which:]`` end when they begin at word ``at``: the nearest fit."""
        if which == len(elements):
            return at
        element = elements[which]
        kinds = sentences[number].kinds
        if element.edge:
            return self._fit(sentences, number, at, elements, which + 1) if self._at_edge(
                sentences, number, at, element.edge
            ) else None  # fmt: skip
        if element.gap:
            for place in range(at, min(at + element.gap, len(kinds)) + 1):
                end = self._fit(sentences, number, place, elements, which + 1)
                if end is not None:
                    return end
            return None
        if at < len(kinds) and kinds[at] & element.bit:
            end = self._fit(sentences, number, at + 1, elements, which + 1)
            if end is not None:
                return end
        return self._fit(sentences, number, at, elements, which + 1) if element.optional else None

    def _at_edge(self, sentences: Sequence[Sentence], number: int, at: int, edge: str) -> bool:
        kinds = sentences[number].kinds
        beside = kinds[:at] if edge in ("<", "^") else kinds[at:]
        if not all(bits & self._polite for bits in beside):
            return False
        if edge in ("<", ">"):
            return True
        others = sentences[:number] if edge == "^" else sentences[number + 1 :]
        return all(bits & self._polite for other in others for bits in other.kinds)


def _joined(sentences: Sequence[Sentence]) -> Sentence:
    """``Take. Me. Off.`` is one sentence."""
    together = 0
    for sentence in sentences:
        together |= sentence.together
    kinds = tuple(bits for sentence in sentences for bits in sentence.kinds)
    return Sentence(kinds, tuple(at for sentence in sentences for at in sentence.places), together)


def _shouted(tokens: Sequence[Token]) -> bool:
    """Whether words are written with capitals for loudness, so that a capital marks no name."""
    longer = [token for token in tokens[1:] if token.kind == "word" and len(token.text) > 3]
    return len(longer) > 2 and sum(token.capital for token in longer) * 4 > len(longer) * 3


def _variants(line: str) -> list[str]:
    """A frame in which an edge or a question stands for a word (``me|again|>``) is one frame for each of them."""
    elements = line.split()
    for at, element in enumerate(elements):
        choices = element.split("|")
        special = [choice for choice in choices if choice in (">", "$", "?")]
        if special and len(choices) > 1:
            words = "|".join(choice for choice in choices if choice not in special)
            before = elements[: at - 1] if elements[at - 1] in GAPS else elements[:at]  # the end comes at once
            made = [[*before, one, *elements[at + 1 :]] for one in special]
            made.append([*elements[:at], words, *elements[at + 1 :]])
            return [variant for one in made for variant in _variants(" ".join(one))]
    return [line]


def _abbreviates(tokens: Sequence[Token], at: int) -> bool:
    """A full stop after ``st`` or ``mr`` ends no sentence."""
    return 0 < at < len(tokens) and tokens[at].text == "." and tokens[at - 1].text in ("st", "mr", "mrs", "ms", "dr")


def _uncovered(found: Sequence[Match], against: Sequence[Match]) -> list[Match]:
    """Matches that share no word with one of ``against``."""
    return [
        match for match in found if not any(other.start < match.end and match.start < other.end for other in against)
    ]


@cache
def frames() -> Frames:
    """The frames of ``lexicon/*.txt``, read once a process. Raises ``ValueError`` naming the file and the line."""
    kinds: dict[str, str] = {}
    groups: dict[str, tuple[float, list[str]]] = {}
    for name in ("kinds", *LEXICONS):
        group = ""
        for number, raw in enumerate((LEXICON / f"{name}.txt").read_text("utf-8").splitlines(), 1):
            line = raw.partition("  # ")[0].strip()
            if not line or line.startswith("# "):
                continue
            if line.startswith("@") and " = " in line:
                key, _, words = line.partition(" = ")
                kinds[key[1:]] = f"{kinds.get(key[1:], '')} {words}"
            elif line.startswith("["):
                group, _, sure = line.strip("[]").partition(" ")
                groups.setdefault(group, (float(sure or 1), []))
            elif group:
                groups[group][1].append(line)
            else:
                raise ValueError(f"{name}.txt, line {number}: a frame stands before the first [group]")
    try:
        return Frames(kinds, groups)
    except KeyError as error:
        raise ValueError(f"{error} is no kind of words") from None
