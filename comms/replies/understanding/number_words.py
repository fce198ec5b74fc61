"""The words that numbers are made of, in English and Spanish, and numbers written as one word."""

from functools import lru_cache

from . import slips

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
_STARTS = frozenset(word[:3] for word in (*TENS, *HUNDREDS)) | {"sin", "sie", "bei", "nob"}


@lru_cache(maxsize=5_000)
def split_number(word: str) -> str | None:
    """``sixtyfive`` and ``sesentaisinco`` as ``sixty five`` and ``sesenta y cinco``; None for any other word."""
    if len(word) < 7 or word[:3] not in _STARTS or word in SMALL or word in TENS:
        return None
    for cut in range(len(word) - 3, 3, -1):
        left, right = slips.meant(word[:cut]), word[cut:]
        joined = right[0] in "yi" and left[-1] == "a"
        last = slips.meant(right[1:] if joined else right)
        if left in TENS and (last in UNITS or ORDINALS.get(last, 99) < 10):
            return f"{left} y {last}" if joined else f"{left} {last}"
        if left in HUNDREDS and (last in SMALL or last in TENS):
            return f"{left} {last}"
    return None
