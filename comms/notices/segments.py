"""How many text messages a text is: GSM-7 or UCS-2, counted the way the carrier bills.

Rules (3GPP TS 23.038 and 23.040; checked against sms-segments-calculator 1.3.0 in tests/notices/segment_vectors.json):

- GSM-7: 160 septets in one message, 153 in each part of a longer one. Characters of the extension table cost two
  septets and are never cut, so 306 septets can need three parts.
- One character outside GSM-7 makes the whole text UCS-2: 70 UTF-16 units, or 67 in each part; what a reader sees as one
  character stays in one part.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from comms.notices.graphemes import graphemes

Encoding = Literal["GSM-7", "UCS-2"]

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"
GSM = frozenset(BASIC + EXTENSION)

_ONLY_BASIC = re.compile(f"[{re.escape(BASIC)}]*")
_ONLY_GSM = re.compile(f"[{re.escape(BASIC + EXTENSION)}]*")
_EXTENDED = re.compile(f"[{re.escape(EXTENSION)}]")


@dataclass(frozen=True, slots=True)
class Segments:
    """``units``: septets in GSM-7, UTF-16 code units in UCS-2, without the headers of a long message."""

    encoding: Encoding
    segments: int
    units: int


def _gsm_pieces(text: str) -> Iterator[tuple[str, int]]:
    for char in text:
        yield char, 2 if char in EXTENSION else 1


def _ucs_pieces(text: str) -> Iterator[tuple[str, int]]:
    for piece in graphemes(text):
        yield piece, _utf16_units(piece)


def _utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _fill(pieces: Iterable[tuple[str, int]], room: int) -> list[str]:
    """Pack pieces into parts of at most ``room`` units, never cutting one."""
    parts = [""]
    used = 0
    for piece, cost in pieces:
        if used and used + cost > room:
            parts.append("")
            used = 0
        parts[-1] += piece
        used += cost
    return parts


def encoding_of(text: str) -> Encoding:
    return "GSM-7" if _ONLY_GSM.fullmatch(text) else "UCS-2"


def outside_gsm(text: str) -> str:
    """The characters that force UCS-2, each once, in order."""
    return "".join(dict.fromkeys(char for char in text if char not in GSM))


def split(text: str) -> list[str]:
    """The texts of the parts, in order. An empty text is one part."""
    if encoding_of(text) == "GSM-7":
        whole = len(text) + len(_EXTENDED.findall(text)) <= 160
        return [text] if whole else _fill(_gsm_pieces(text), 153)
    return [text] if _utf16_units(text) <= 70 else _fill(_ucs_pieces(text), 67)


def count(text: str) -> Segments:
    """Encoding, parts and units of ``text`` exactly as it stands; nothing is replaced."""
    if _ONLY_BASIC.fullmatch(text):
        units = len(text)
        return Segments("GSM-7", 1 if units <= 160 else -(-units // 153), units)
    if _ONLY_GSM.fullmatch(text):
        return Segments("GSM-7", len(split(text)), len(text) + len(_EXTENDED.findall(text)))
    return Segments("UCS-2", len(split(text)), _utf16_units(text))


_SAME_TO_A_READER = {
    "'": "\u2018\u2019\u201a\u201b\u2032\u2035\u02bc\u00b4\u0060\uff07",
    '"': "\u201c\u201d\u201e\u201f\u2033\u2036\u00ab\u00bb\uff02",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d\u2022\u00b7\u2219\u25cf",
    "...": "\u2026",
    "/": "\u2044\u2215",
    " ": "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
    "": "\u00ad\u200b\u200e\u200f\u2060\ufeff",
    "\n": "\u2028\u2029\u0085",
    "1/2": "\u00bd",
    "1/4": "\u00bc",
    "3/4": "\u00be",
    "o": "\u00ba",
    "a": "\u00aa",
}
"""Typewriter characters for typeset ones. Joiners stay: they hold emoji together."""
_PLAIN = str.maketrans({char: plain for plain, chars in _SAME_TO_A_READER.items() for char in chars})


@lru_cache(maxsize=4096)
def _folded(char: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFD", char) if not unicodedata.combining(c))
    return bare if bare and GSM.issuperset(bare) else char


def plain(text: str, *, fold_accents: bool = False) -> str:
    """``text`` with quotes, dashes, ellipses and spaces that GSM-7 has; the words stay the same.

    With ``fold_accents`` a letter that GSM-7 lacks loses its accent (á becomes a); those it has (é, ñ, ü, ¿) keep
    theirs. What has no plain form stays, and makes the text UCS-2.
    """
    if _ONLY_GSM.fullmatch(text):
        return text
    text = unicodedata.normalize("NFC", text).translate(_PLAIN)
    if fold_accents and not _ONLY_GSM.fullmatch(text):
        text = "".join(char if char in GSM else _folded(char) for char in text)
    return text
