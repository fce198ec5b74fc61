"""Numbers and wholes that are no amounts of money: account numbers, clock times, ages, counts of things."""

from collections.abc import Collection, Sequence

from .number_words import SMALL, TENS
from .spelling import MONTHS, WEEKDAYS
from .tokens import SENTENCE_MARKS, Token
from .verbs import HANDS, PAYS
from .wordlists import word_sets, words

_WORDS = word_sets("not_money")
_LABELS = _WORDS["labels"]
_UNITS = _WORDS["units"]
_STREETS = _WORDS["streets"]
_CLOCK_BEFORE = _WORDS["clock_before"]
_AGE_BEFORE = _WORDS["age_before"]
_STREET_BEFORE = _WORDS["street_before"]
_AS_SAID = frozenset().union(*word_sets("small_words").values())
_NEAR_PAYING = _WORDS["near_paying"]
_PAID_DIRECTLY = PAYS | words("pay paying payment pago abono deposito for's owe")
_HANDED_DIRECTLY = PAYS | HANDS | words("with con los unos otros van only just w another all son caigo minimo")
_CALENDAR = frozenset((*WEEKDAYS, *MONTHS))


def _text(tokens: Sequence[Token], at: int) -> str:
    return tokens[at].text if 0 <= at < len(tokens) else ""


def labelled(tokens: Sequence[Token], start: int, end: int, sure: bool) -> bool:
    """The number of an account, a check, a house, a phone; part of a longer number; a count of days."""
    before, token = _text(tokens, start - 1), tokens[start]
    if not sure and (
        before in _LABELS or (before in ("number", ":", "is", "es") and _text(tokens, start - 2) in _LABELS)
    ):
        return True
    if before == "-" and start >= 2 and tokens[start - 2].kind == "number":
        return True
    if not sure and (_text(tokens, end) in _UNITS or _text(tokens, end + 1) in _STREETS):
        return True
    if token.kind != "number" or sure:
        return False
    beside = (start - 1, end) if _text(tokens, end) != "-" else (start - 1, end + 1)
    longer = any(0 <= at < len(tokens) and tokens[at].kind == "number" and len(tokens[at].text) >= 3 for at in beside)
    return token.text.isdecimal() and (len(token.text) >= 5 or (longer and len(token.text) >= 3))


def counted(tokens: Sequence[Token], start: int, end: int, cents: int, taken: Collection[int]) -> bool:
    """A bare number that counts something else: an hour, an age, so many things, a house in a street."""
    before, after = _text(tokens, start - 1), _text(tokens, end)
    payer = _payer(tokens, start)
    if before in _CLOCK_BEFORE and cents <= 3100 and not cents % 100 and not (before == "from" and payer):
        return True
    if before == "in" and _text(tokens, start - 2) not in HANDS:
        return True
    if 190000 <= cents <= 210000 and not cents % 100 and payer not in _PAID_DIRECTLY:
        return True
    if before in ("at", "@") or (before == "las" and cents <= 1300):
        return True
    if (
        before in _AGE_BEFORE
        and cents <= 11000
        and (after in ("", "on", "in", "today", "and", "so", ",") or end in taken)
    ):
        return True
    if before in ("be", "being") and _text(tokens, start - 3) in ("he", "she", "who"):
        return True
    if cents < 1000 and payer not in _HANDED_DIRECTLY:
        return True
    if payer == "give" and _text(tokens, start - 1) == "me":
        return True
    if _in_street(tokens, start, end, taken):
        return True
    if end in taken or after in _AS_SAID or (end < len(tokens) and tokens[end].kind != "word"):
        return False
    return bool(after) and payer not in _PAID_DIRECTLY


def _payer(tokens: Sequence[Token], start: int) -> str:
    """The word before the number, pronouns and the like left out."""
    at = start - 1
    while at > 0 and _text(tokens, at) in _NEAR_PAYING and _text(tokens, at) not in ("los", "unos", "otros"):
        at -= 1
    return _text(tokens, at)


def _in_street(tokens: Sequence[Token], start: int, end: int, taken: Collection[int]) -> bool:
    following = tokens[end] if end < len(tokens) else None
    if following is None or not following.capital or following.kind != "word" or end in taken:
        return False
    previous = tokens[start - 1] if start else None
    shouting = previous is not None and previous.capital and following.text.upper() == following.text
    return tokens[start].kind == "number" and previous is not None and previous.text in _STREET_BEFORE and not shouting


def of_things(tokens: Sequence[Token], start: int, end: int, taken: Collection[int]) -> bool:
    """``half the team``, ``the rest of the chairs``, ``chisme completo``: a share of something that is not owed."""
    if (
        _text(tokens, start).startswith("complet")
        and start - 1 not in taken
        and start
        and tokens[start - 1].kind == "word"
    ):
        before = _text(tokens, start - 1)
        return before not in _AS_SAID and before not in PAYS and before not in HANDS
    at = end
    if _text(tokens, at) in ("of", "de", "del") or (_text(tokens, at), _text(tokens, at + 1)) == ("on", "the"):
        at += 1
    led = at > end or _text(tokens, end - 1) in ("the", "my", "of", "that")
    if _text(tokens, at) in ("the", "these", "those", "our", "los", "las", "el", "la", "my", "mi"):
        at, led = at + 1, True
    if not led or at in taken or at >= len(tokens) or tokens[at].kind != "word":
        return False
    return _text(tokens, at) not in _AS_SAID and _text(tokens, at) not in SENTENCE_MARKS and _text(tokens, at) not in (
        SMALL.keys() | TENS.keys() | _CALENDAR
    )  # fmt: skip
