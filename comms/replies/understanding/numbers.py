"""Numbers in words, in English and Spanish: ``one hundred and five``, ``one twenty``, ``setenta y cinco``."""

from collections.abc import Sequence

from .tokens import Token

UNITS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "uno": 1, "un": 1, "una": 1, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6, "siete": 7, "ocho": 8,
    "nueve": 9,
}  # fmt: skip
TEENS = {
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19, "diez": 10, "doce": 12, "trece": 13, "catorce": 14,
    "quince": 15, "dieciseis": 16, "diecisiete": 17, "dieciocho": 18, "diecinueve": 19, "veintiuno": 21,
    "veintidos": 22, "veintitres": 23, "veinticuatro": 24, "veinticinco": 25, "veintiseis": 26, "veintisiete": 27,
    "veintiocho": 28, "veintinueve": 29,
}  # fmt: skip
TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90, "ninty": 90, "veinte": 20, "treinta": 30, "cuarenta": 40, "cincuenta": 50, "sesenta": 60,
    "setenta": 70, "ochenta": 80, "noventa": 90,
}  # fmt: skip
HUNDREDS = {
    "cien": 100, "ciento": 100, "doscientos": 200, "trescientos": 300, "cuatrocientos": 400, "quinientos": 500,
    "seiscientos": 600, "setecientos": 700, "ochocientos": 800, "novecientos": 900,
}  # fmt: skip
HEARD_AS = {"ate": 8, "for": 4, "fore": 4, "won": 1, "to": 2, "too": 2}
"""What voice-to-text writes for a unit after a ten: ``sixty ate``."""

ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16,
    "seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20, "thirtieth": 30, "primero": 1,
    "primer": 1,
}  # fmt: skip
SMALL = UNITS | TEENS


def number_at(tokens: Sequence[Token], at: int) -> tuple[int, int] | None:
    """The number in words that starts at a token: its value and the token after it."""
    word = _word(tokens, at)
    if word in HUNDREDS:
        rest = _below_hundred(tokens, _past(tokens, at + 1, "y"))
        return (HUNDREDS[word] + rest[0], rest[1]) if rest else (HUNDREDS[word], at + 1)
    small = _below_hundred(tokens, at)
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
        rest = _below_hundred(tokens, _past(tokens, end + 1, "and", "y"))
        return (value * 100 + rest[0], rest[1]) if rest else (value * 100, end + 1)
    if 1 <= value <= 9 and word in UNITS and word not in ("un", "una"):
        rest = _below_hundred(tokens, end)
        if rest is not None and rest[0] >= 10:
            return value * 100 + rest[0], rest[1]
    return value, end


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
    if token.kind == "number" and token.text.endswith("th") and token.text[:-2].isdigit():
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
