"""From text to words: one spelling for what people write in many ways.

Letters lose case and accents, shorthand and common slips become the word that is meant (``tmrw``, ``dont``, ``txt``,
``Wens day``), contractions are opened (``ill`` -> ``i will``). Every word remembers where it stood in the message.
"""

import re
import unicodedata
from dataclasses import dataclass

from . import spelling
from .number_words import split_number

_PIECE = re.compile(
    r"(?P<number>\$?\s?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:/\d+(?:/\d+)?|(?:-\d+)+|:\d+)?)"
    r"|(?P<word>[^\W\d_]+(?:['’`´][^\W\d_]+)*)"
    r"|(?P<mark>[.,;!?¿¡\n…:#&+@%$()\"/*=-])"
    r"|(?P<other>\S)"
)
_STRIP = {ord(mark): None for mark in "'’`´"}
_STRESSED = frozenset("áéíóúÁÉÍÓÚ")
SENTENCE_MARKS = frozenset(".;!?\n…")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a number, a mark or an emoji. ``text`` is the normal spelling; ``start`` and ``end`` are offsets."""

    text: str
    kind: str
    """``word``, ``number``, ``mark`` or ``emoji``."""
    start: int
    end: int
    capital: bool = False
    stressed: bool = False
    """Written with an accent on its last letter, which tells ``pagó`` from ``pago`` and ``sí`` from ``si``."""


def fold(text: str) -> str:
    """Lower case, no accents, no typeset letters."""
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


_WITH = re.compile(r"(?<!\S)([Ww])/(o(?:ut)?\b)?", re.IGNORECASE)
_HALF_DAY = re.compile(r"\b([AaPp])\.\s?([Mm])\b\.?")


def tokenize(text: str) -> list[Token]:
    """The tokens of a message, in normal spelling."""
    raw: list[Token] = []
    text = _WITH.sub(lambda found: (found[1] + (found[2] or "")).ljust(len(found[0])), text)
    text = _HALF_DAY.sub(lambda found: (found[1] + found[2]).ljust(len(found[0])), text)
    for match in _PIECE.finditer(text):
        kind = match.lastgroup or "other"
        piece = match.group().strip()
        start, end = match.start(), match.end()
        if kind == "word":
            word = fold(piece).translate(_STRIP)
            raw.append(Token(word, "word", start, end, piece[:1].isupper(), piece[-1] in _STRESSED))
        elif kind == "number":
            raw.append(Token(piece.replace(" ", "").replace(",", ""), "number", start, end))
        elif kind == "mark":
            raw.append(Token(piece or "\n", "mark", start, end))
        else:
            raw.append(Token(piece, "emoji", start, end))
    return _respelled(_glued(_spelled_out(raw)))


def _spelled_out(raw: list[Token]) -> list[Token]:
    """``S T O P``: a message of single letters is one word."""
    letters = [token for token in raw if token.kind == "word"]
    if len(letters) < 3 or any(len(token.text) > 1 for token in letters) or len(letters) < len(raw):
        return raw
    return [Token("".join(token.text for token in letters), "word", raw[0].start, raw[-1].end, True)]


def _glued(raw: list[Token]) -> list[Token]:
    """Numbers and letters written as one word: ``2morrow``, ``26th``, ``45ish``, ``5pm``, ``50bucks``."""
    made: list[Token] = []
    for token in raw:
        last = made[-1] if made else None
        touching = last is not None and last.end == token.start
        if touching and last and last.kind == "number" and token.kind == "word":
            joined = last.text + token.text
            if joined in spelling.WORDS:
                made[-1] = Token(joined, "word", last.start, token.end)
                continue
            if token.text in spelling.ORDINAL_ENDINGS:
                made[-1] = Token(last.text + "th", "number", last.start, token.end)
                continue
        if (
            touching
            and last
            and last.kind == "word"
            and token.kind == "number"
            and last.text + token.text in spelling.WORDS
        ):
            made[-1] = Token(last.text + token.text, "word", last.start, token.end)
            continue
        if (
            touching
            and last
            and last.kind == "word"
            and token.kind == "word"
            and last.text + token.text in spelling.WORDS
        ):
            made[-1] = Token(last.text + token.text, "word", last.start, token.end)
            continue
        made.append(token)
    return made


def _respelled(raw: list[Token]) -> list[Token]:
    made: list[Token] = []
    index = 0
    while index < len(raw):
        token = raw[index]
        if token.kind != "word":
            made.append(token)
            index += 1
            continue
        following = raw[index + 1] if index + 1 < len(raw) else None
        if following is not None and following.kind == "word":
            pair = spelling.PAIRS.get((token.text, following.text))
            if pair is not None:
                made += [Token(one, "word", token.start, following.end, token.capital) for one in pair.split()]
                index += 2
                continue
        before = made[-1].text if made else ""
        after = following.text if following is not None else ""
        spelled = spelling.respell(token.text, before, after)
        if spelled == token.text:
            spelled = split_number(spelled) or spelled
        if spelled in spelling.SPOKEN_MARKS:
            made.append(Token(spelling.SPOKEN_MARKS[spelled], "mark", token.start, token.end))
        else:
            made += [
                Token(one, "word", token.start, token.end, token.capital, token.stressed) for one in spelled.split()
            ]
        index += 1
    return made
