"""Numbers in words, in English and Spanish: ``one hundred and five``, ``one twenty``, ``setenta y cinco``."""

from collections.abc import Sequence

from .number_words import HEARD_AS, HUNDREDS, ORDINALS, SMALL, TENS, UNITS
from .tokens import Token


def number_at(tokens: Sequence[Token], at: int) -> tuple[int, int] | None:
    """The number in words that starts at a token: its value and the token after it."""
    word = _word(tokens, at)
    if word == "hundred" and _word(tokens, at - 1) in ("the", "that", "another", "other", "my", "pay", "your", "first"):
        rest = _hundreds_and(tokens, at + 1)
        return (100 + rest[0], rest[1]) if rest else (100, at + 1)
    if word in HUNDREDS:
        rest = _below_hundred(tokens, _past(tokens, at + 1, "y"))
        return (HUNDREDS[word] + rest[0], rest[1]) if rest else (HUNDREDS[word], at + 1)
    small = _below_hundred(tokens, at)
    if word == "won" and _word(tokens, at + 1) == "hundred":
        small = (1, at + 1)
    if word in ("a", "couple") and _word(tokens, at + 1) in ("hundred", "of", "thousand"):
        after = at + 2 if _word(tokens, at + 1) == "of" else at + 1
        small = (1 if word == "a" else 2, after) if _word(tokens, after) in ("hundred", "thousand") else None
    if small is None:
        return None
    value, end = small
    if _word(tokens, end) in ("thousand", "grand", "mil"):
        more = number_at(tokens, _past(tokens, end + 1, "and", "y"))
        return (value * 1000 + more[0], more[1]) if more else (value * 1000, end + 1)
    if _word(tokens, end) in ("hundred", "hundreds"):
        rest = _hundreds_and(tokens, end + 1)
        return (value * 100 + rest[0], rest[1]) if rest else (value * 100, end + 1)
    if word in UNITS and _word(tokens, end) in ("oh", "o") and _word(tokens, end + 1) in UNITS:
        return value * 100 + UNITS[_word(tokens, end + 1)], end + 2
    if 1 <= value <= 9 and word in UNITS and word not in ("un", "una"):
        rest = _below_hundred(tokens, end)
        if rest is not None and rest[0] >= 10:
            return value * 100 + rest[0], rest[1]
    return value, end


def _hundreds_and(tokens: Sequence[Token], at: int) -> tuple[int, int] | None:
    """What follows ``hundred``: ``and five``, ``ate dollars``."""
    place = _past(tokens, at, "and", "y")
    if _word(tokens, place) in HEARD_AS and _word(tokens, place + 1) == "dollars":
        return HEARD_AS[_word(tokens, place)], place + 1
    return _below_hundred(tokens, place)


def _below_hundred(tokens: Sequence[Token], at: int) -> tuple[int, int] | None:
    word = _word(tokens, at)
    if word in SMALL:
        return SMALL[word], at + 1
    if word not in TENS:
        return None
    value, end = TENS[word], at + 1
    after = _past(tokens, end, "y")
    if end < len(tokens) and tokens[end].text == "-":
        after = end + 1
    following = _word(tokens, after)
    if following in UNITS:
        return value + UNITS[following], after + 1
    if following in HEARD_AS and _word(tokens, after + 1) == "dollars":
        return value + HEARD_AS[following], after + 1
    return value, end


def ordinal_at(tokens: Sequence[Token], at: int) -> tuple[int, int] | None:
    """A day of the month in words or figures: ``26th``, ``twenty sixth``, ``first``."""
    if at >= len(tokens):
        return None
    token = tokens[at]
    if token.kind == "number" and token.text.endswith("th") and token.text[:-2].isdecimal():
        return int(token.text[:-2]), at + 1
    if token.text in ORDINALS:
        return ORDINALS[token.text], at + 1
    if token.text in ("twenty", "thirty"):
        after = at + 2 if at + 1 < len(tokens) and tokens[at + 1].text == "-" else at + 1
        following = _word(tokens, after)
        if following in ORDINALS and ORDINALS[following] < 10:
            return TENS[token.text] + ORDINALS[following], after + 1
    return None


def _word(tokens: Sequence[Token], at: int) -> str:
    return tokens[at].text if 0 <= at < len(tokens) and tokens[at].kind == "word" else ""


def _past(tokens: Sequence[Token], at: int, *joiners: str) -> int:
    return at + 1 if _word(tokens, at) in joiners else at
