"""Amount expressions: where they stand, and how many cents (or ``full``, ``half``, ``minimum``, ``rest``) each is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from .number_words import SMALL, TENS
from .numbers import number_at
from .phrases import load
from .spelling import MONTHS, WEEKDAYS
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

_BEFORE = words(
    "account check # confirmation conf number apt apartment unit suite box ext house lot cuenta numero cheque "
    "order ticket ref reference receipt confirmacion recibo case zip age invoice route customer id line step "
    "phone tel departamento apto edad at"
)
_UNITS = words(
    "day days week weeks month months year years hour hours hrs hr minute minutes mins am pm % percent kid kids "
    "people children adults times time dia dias semana semanas mes meses hora horas minutos ano anos yr yrs "
    "personas hijos ninos gallons units ccf business working oclock degrees miles st street ave avenue rd road "
    "lane drive dr ln blvd court ct th months' year's old bedroom bathroom weekdays texts messages calls letters "
    "notices bills payments paychecks checks jobs veces grandkids babies mensajes llamadas pagos thursdays "
    "fridays mondays of'"
)
_CALENDAR = frozenset((*WEEKDAYS, *MONTHS))
_STREET_BEFORE = frozenset(["at", "on", "live", "house", "en"])


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
            if one is None:
                at += 1
            else:
                found.append(one)
                at = one.end
        return found

    def _w(self, at: int) -> str:
        return self._tokens[at].text if 0 <= at < len(self._tokens) else ""

    def _read(self, at: int) -> HowMuch | None:
        worded = WORDS.longest_at(self._tokens, at)
        number = self._money(at)
        if number is not None and (worded is None or worded[1] <= number.end):
            return self._ranged(number)
        if worded is None or any(place in self._taken for place in range(at, worded[1])):
            return None
        name, end = worded
        if name in ("full", "half", "rest"):
            stated = self._money(
                self._skip(
                    end,
                    "of",
                    "the",
                    ",",
                    "is",
                    "which",
                    "it",
                    "amount",
                    "bill",
                    "balance",
                    "payment",
                    "which",
                    "pastdue",
                    "(",
                    "-",
                    ":",
                    "de",
                    "los",
                )
            )
            if (
                stated is not None
                and stated.sure is not None
                and name != "half"
                and stated.start <= end + 3
                and (stated.sure or name == "full" or self._w(stated.start - 1) in ("is", "of", "("))
            ):
                return HowMuch(at, stated.end, stated.value, True)
        if name == "rest" and self._w(at + 1) == "other" and self._w(at + 2) == "half":
            return HowMuch(at, end, "half", True)
        return HowMuch(at, end, name, True)

    def _skip(self, at: int, *words: str) -> int:
        while self._w(at) in words:
            at += 1
        return at

    def _ranged(self, first: HowMuch) -> HowMuch:
        """A range or choice of amounts: the lower."""
        joiner = first.end
        if self._w(joiner) in ("-", "or", "to", "o", "a", "maybe", "/"):
            other = self._money(self._skip(joiner, "-", "or", "to", "o", "a", "maybe", "even", "/"))
            if (
                other is not None
                and other.start not in self._taken
                and isinstance(other.value, int)
                and isinstance(first.value, int)
            ):
                return HowMuch(first.start, other.end, min(first.value, other.value), first.sure or other.sure)
        return first

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
        if unit:
            cents, end = self._and_cents(cents, end)
        sure = sure or sign or unit
        if not 0 < cents <= MOST or (not sure and not self._plausible(start, end, token)):
            return None
        return HowMuch(start, end, cents, sure)

    def _figures(self, at: int) -> tuple[int, int, bool] | None:
        text = self._w(at).lstrip("$")
        if "-" in text:
            low, *more = text.split("-")
            if (
                len(more) != 1
                or not low.isdecimal()
                or not more[0].isdecimal()
                or not 0 < int(low) < int(more[0]) <= 5000
                or len(low) > 4
            ):
                return None
            return int(low) * 100, at + 1, False
        if ":" in text or "/" in text or text.endswith("th"):
            if "/" in text and self._w(at).startswith("$"):
                return int(min(text.split("/"), key=int)) * 100, at + 1, True
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

    def _touching(self, at: int) -> bool:
        return self._tokens[at].end == self._tokens[at + 1].start

    def _spoken(self, at: int) -> tuple[int, int, bool] | None:
        found = number_at(self._tokens, at)
        if found is None or any(place in self._taken for place in range(at, found[1])):
            return None
        value, end = found
        if self._w(at) in ("a", "couple") and value < 100:
            return None
        small = value < 10 and self._w(end) != "dollars"
        if small or (self._w(at) in ("one", "un", "una", "a") and end == at + 1):
            return None
        return value * 100, end, value >= 100

    def _currency(self, end: int) -> tuple[int, bool]:
        if self._w(end) in ("dollars", "$", "usd", "us", "d"):
            return end + 1, self._w(end) in ("dollars", "$", "usd")
        return end, False

    def _and_cents(self, cents: int, end: int) -> tuple[int, int]:
        place = end + 1 if self._w(end) in ("and", "con", "y") else end
        word = self._w(place)
        if word.isdecimal() and int(word) < 100 and self._w(place + 1) in ("cents", "centavos", "cent"):
            return cents + int(word), place + 2
        spoken = number_at(self._tokens, place) if word in SMALL or word in TENS else None
        if spoken is not None and spoken[0] < 100 and self._w(spoken[1]) in ("cents", "centavos"):
            return cents + spoken[0], spoken[1] + 1
        return cents, end

    def _plausible(self, start: int, end: int, token: Token) -> bool:
        """A bare number that nothing marks as something else."""
        before, after = self._w(start - 1), self._w(end)
        if before == "#" or (before == "is" and self._w(start - 2) in ("number", "account")):
            return False
        if before in _BEFORE or (before in ("number", ":") and self._w(start - 2) in _BEFORE):
            return False
        if before == "-" and start >= 2 and self._tokens[start - 2].kind == "number":
            return False
        if after in _UNITS and after not in ("of'",):
            return False
        if after in _CALENDAR and before in ("el",):
            return False
        if (
            after == "-"
            and end + 1 < len(self._tokens)
            and self._tokens[end + 1].kind == "number"
            and self._tokens[end + 1].end - self._tokens[end + 1].start > 3
        ):
            return False
        if (
            before in ("by", "until", "around", "a")
            and token.kind == "number"
            and after in ("", ".", "o", "ish")
            and "." not in token.text
            and len(token.text) <= 2
            and before == "by"
        ):
            return False
        following = self._tokens[end] if end < len(self._tokens) else None
        if (
            following is not None
            and following.capital
            and following.kind == "word"
            and token.kind == "number"
            and end not in self._taken
        ):
            previous = self._tokens[start - 1] if start else None
            shouting = previous is not None and previous.capital
            if before in _STREET_BEFORE and not shouting:
                return False
        return not (token.kind == "number" and len(token.text) >= 5 and token.text.isdecimal())
