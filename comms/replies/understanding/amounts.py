"""Amount expressions: where they stand, and how many cents (or ``full``, ``half``, ``minimum``, ``rest``) each is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from . import not_money
from .number_words import SMALL, TENS
from .numbers import number_at
from .phrases import load
from .tokens import Token
from .wordlists import words

MOST = 2_000_000
"""Cents. A larger number in a text is an account or confirmation number, not an amount."""


@dataclass(frozen=True)
class HowMuch:
    """An amount expression: tokens ``start`` to ``end`` (not included). ``value`` is cents, a word, or ``rest``."""

    start: int
    end: int
    value: int | str
    sure: bool
    """It says by itself that it is money (a sign, a currency word, cents)."""


WORDS = load("amounts")

_STATED = words(
    "of the , is which it amount bill balance payment pastdue ( - : de los el la son es que a ' \" total in my mi"
)
_JOINERS = words("- or to o a maybe / y and even u")
_CURRENCY = frozenset({"dollars", "$", "usd"})
_CENTS = words("cents centavos cent centavo")


class AmountReader:
    """Reads the amounts of one message. ``taken`` are the tokens that a date expression has."""

    def __init__(self, tokens: Sequence[Token], taken: Collection[int]) -> None:
        self._tokens = tokens
        self._taken = frozenset(taken)

    def find(self) -> list[HowMuch]:
        found: list[HowMuch] = []
        at = 0
        while at < len(self._tokens):
            one = None if at in self._taken else self._read(at)
            if one is None or one.value == "limit":
                at = one.end if one is not None else at + 1
            else:
                found.append(one)
                at = one.end
        more = [one for one in found if one.sure or isinstance(one.value, int)]
        return more or found

    def _w(self, at: int) -> str:
        return self._tokens[at].text if 0 <= at < len(self._tokens) else ""

    def _read(self, at: int) -> HowMuch | None:
        worded = WORDS.longest_at(self._tokens, at)
        number = self._money(at)
        if number is not None and (worded is None or worded[1] <= number.end):
            return self._ranged(number)
        if worded is None or any(place in self._taken for place in range(at, worded[1])):
            return None
        return self._worded(at, *worded)

    def _worded(self, at: int, name: str, end: int) -> HowMuch | None:
        """``full``, ``half``, ``rest`` …; the number when the message says how much that is."""
        stated = self._money(self._skip(end, _STATED)) if name != "half" else None
        if stated is not None and stated.start <= end + 4:
            told = self._w(stated.start - 1) in ("is", "of", "(", "los", "son", "es", ",", ":")
            apart = self._w(end) == "," and not stated.sure  # cant do the whole thing, 40 on monday
            if (
                name in ("full", "rest")
                and not apart
                and (stated.sure or name == "full" or told or stated.start == end)
            ):
                return HowMuch(at, stated.end, stated.value, True)
            if name == "minimum":
                return replace(stated, start=at)
        if name == "full_verb":
            return HowMuch(at, end, "full", False)
        if name == "limit":
            return HowMuch(at, end, name, False)
        if not_money.of_things(self._tokens, at, end, self._taken):
            return None
        if name == "rest" and self._w(at + 1) == "other" and self._w(at + 2) == "half":
            return HowMuch(at, end, "half", True)
        return HowMuch(at, end, name, True)

    def _skip(self, at: int, skipped: Collection[str]) -> int:
        while self._w(at) in skipped and at not in self._taken:
            at += 1
        return at

    def _ranged(self, first: HowMuch) -> HowMuch:
        """A range or choice of amounts: the lower. ``30 and 40`` is one only after ``between``."""
        if self._w(first.end) not in _JOINERS:
            return first
        if self._w(first.end) in ("y", "and") and self._w(first.start - 1) not in ("between", "entre"):
            return first
        if self._w(first.end) in ("to", "a") and self._w(first.end + 1) in ("el", "la", "the", "al"):
            return first
        other = self._money(self._skip(first.end, _JOINERS))
        if other is None or not isinstance(other.value, int) or not isinstance(first.value, int):
            return first
        return HowMuch(first.start, other.end, min(first.value, other.value), first.sure or other.sure)

    def _money(self, at: int) -> HowMuch | None:
        if at >= len(self._tokens) or at in self._taken:
            return None
        start, sign = at, False
        if self._w(at) == "$":
            sign, at = True, at + 1
        token = self._tokens[at] if at < len(self._tokens) else None
        if token is None or at in self._taken:
            return None
        figures = self._figures(at) if token.kind == "number" else self._spoken(at)
        if figures is None:
            return None
        cents, end, sure = figures
        sign = sign or token.text.startswith("$")
        end, unit = self._currency(end)
        cents, end, more = self._and_cents(cents, end, unit)
        sure = sure or sign or unit or more
        if not 0 < cents <= MOST or not_money.labelled(self._tokens, start, end, sure):
            return None
        if not sure and not_money.counted(self._tokens, start, end, cents, self._taken):
            return None
        return HowMuch(start, end, cents, sure)

    def _figures(self, at: int) -> tuple[int, int, bool] | None:
        text = self._w(at).lstrip("$")
        if "-" in text:
            return self._low_of_range(text, at)
        if ":" in text or "/" in text or text.endswith("th"):
            pieces = text.split("/")
            if "/" in text and self._w(at).startswith("$") and all(piece.isdecimal() for piece in pieces):
                return min(int(piece) for piece in pieces) * 100, at + 1, True
            return None
        whole, dot, part = text.partition(".")
        if not whole.isdecimal() or (dot and not part.isdecimal()):
            return None
        if self._w(at + 1) in ("hundred", "hundreds") and not dot:
            return int(whole) * 10000, at + 2, True
        if self._w(at + 1) in ("kk", "thousand", "grand", "mil") or (self._w(at + 1) == "okay" and self._touching(at)):
            return int(float(text) * 1000 * 100), at + 2, True
        if len(part) > 2 or len(whole) > 5:
            return None
        cents = int(whole) * 100 + (int(part.ljust(2, "0")) if part else 0)
        end = at + 1
        if self._w(end) in ("ish", "something", "y pico"):
            end += 1
        return cents, end, bool(part) and len(part) == 2

    @staticmethod
    def _low_of_range(text: str, at: int) -> tuple[int, int, bool] | None:
        """``30-35``: the lower."""
        low, *more = text.split("-")
        if len(more) != 1 or not low.isdecimal() or not more[0].isdecimal() or len(low) > 4:
            return None
        return (int(low) * 100, at + 1, False) if 0 < int(low) < int(more[0]) <= 5000 else None

    def _touching(self, at: int) -> bool:
        return self._tokens[at].end == self._tokens[at + 1].start

    def _spoken(self, at: int) -> tuple[int, int, bool] | None:
        found = number_at(self._tokens, at)
        if found is None or any(place in self._taken for place in range(at, found[1])):
            return None
        value, end = found
        if self._w(at) == "couple" and value < 100:
            return None
        small = value < 10 and self._w(end) != "dollars"
        if small or (self._w(at) in ("one", "un", "una", "a") and end == at + 1):
            return None
        return value * 100, end, value >= 100

    def _currency(self, end: int) -> tuple[int, bool]:
        word = self._w(end)
        if word in _CURRENCY or word in ("us", "d"):
            return end + 1, word in _CURRENCY
        if word in ("spot", "piece's") or (word == "ps" and end + 1 >= len(self._tokens)):
            return end + 1, word == "spot"
        return end, False

    def _and_cents(self, cents: int, end: int, unit: bool) -> tuple[int, int, bool]:
        """Cents said apart: ``45 dollars and 10 cents``, ``ciento ocho con noventa``."""
        joiner = self._w(end)
        place = end + 1 if joiner in ("and", "con", "y") else end
        if place in self._taken or cents % 100:
            return cents, end, False
        word = self._w(place)
        if word.isdecimal() and len(word) <= 2:
            count, after = int(word), place + 1
        else:
            spoken = number_at(self._tokens, place) if word in SMALL or word in TENS else None
            if spoken is None or spoken[0] > 99:
                return cents, end, False
            count, after = spoken
        if self._w(after) in _CENTS and (unit or joiner in ("and", "con", "y")):
            return cents + count, after + 1, True
        if joiner == "con" and count > 9 and self._w(after) not in _CURRENCY:
            return cents + count, after, True
        return cents, end, False
