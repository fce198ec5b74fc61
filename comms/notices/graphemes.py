"""What a reader sees as one character: extended grapheme clusters, after Unicode Standard Annex 29.

A text message must not be cut inside one of them. (Carriers may cut between CR and LF, so here they are two.) The
properties come from ``unicodedata``; where that module has none (emoji, Hangul syllable types) the blocks are named.
"""

import re
import unicodedata
from collections.abc import Iterator

ZWJ = "\u200d"
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]")
_PICTURE = re.compile(
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf\u2900-\u297f"
    "\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001f0ff\U0001f10d-\U0001f1e5\U0001f201-\U0001f3fa"
    "\U0001f400-\U0001faff]"
)
_EXTENDS = re.compile("[\u200c\u0e33\u0eb3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_L, _V, _T = range(0x1100, 0x1160), range(0x1160, 0x11A8), range(0x11A8, 0x1200)
_SYLLABLE = range(0xAC00, 0xD7A4)


def _extends(char: str) -> bool:
    return char == ZWJ or unicodedata.category(char) in ("Mn", "Me", "Mc") or bool(_EXTENDS.match(char))


def _stands_alone(char: str) -> bool:
    """Controls and format characters break on both sides, but for those that join or tag."""
    return unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") and not _extends(char)


def _hangul_joins(before: str, char: str) -> bool:
    left, right = ord(before), ord(char)
    open_syllable = left in _SYLLABLE and (left - _SYLLABLE.start) % 28 == 0
    if left in _L:
        return right in _L or right in _V or right in _SYLLABLE
    if left in _V or open_syllable:
        return right in _V or right in _T
    return (left in _T or left in _SYLLABLE) and right in _T


def _joins(cluster: str, char: str) -> bool:
    """Whether ``char`` belongs to the cluster so far."""
    last = cluster[-1]
    if _stands_alone(last) or _stands_alone(char):
        return False
    if _extends(char):
        return True
    if last == ZWJ and _PICTURE.match(cluster[0]) and _PICTURE.match(char):
        return True
    if _FLAG.match(char) and _FLAG.match(last):
        return len(cluster) == 1
    return _hangul_joins(last, char)


def graphemes(text: str) -> Iterator[str]:
    """The clusters of ``text`` in order; joined they are ``text`` again."""
    cluster = ""
    for char in text:
        if cluster and _joins(cluster, char):
            cluster += char
            continue
        if cluster:
            yield cluster
        cluster = char
    if cluster:
        yield cluster
