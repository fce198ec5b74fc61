"""A second reader for what the rules do not know: which intents a message resembles, from labelled ones.

A linear model over words, neighbouring words and pieces of words. ``tools/learn_hunch.py`` makes its weights from the
labelled messages of the tests; they ship with the service as one small file and need no library. Without the file there
is no second reading, and what the rules do not know stays unknown.
"""

import base64
import gzip
import math
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from .model import INTENTS
from .tokens import fold

WEIGHTS = Path(__file__).parent / "hunch.tsv.gz"

ELSEWHERE = "elsewhere"
KINDS = (*INTENTS, ELSEWHERE)
"""The intents, and what has nothing to do with the office at all: texts that were meant for somebody else."""

_WORD = re.compile(r"[^\W_]+|[?!$]|[^\w\s]")
_APOSTROPHES = {ord(mark): None for mark in "'’`´"}
_DIGIT = re.compile(r"\d")


def features(text: str) -> tuple[list[str], list[str]]:
    """What the model sees of a message: words with their neighbours, and pieces of three to five letters.

    Figures count as figures, whatever they are; case, accents and apostrophes do not count.
    """
    words = _WORD.findall(_DIGIT.sub("0", fold(text).translate(_APOSTROPHES)))
    around = {f"w{word}" for word in words}
    around |= {f"b{one} {other}" for one, other in zip(["^", *words], [*words, "$$"], strict=True)}
    around |= {f"s{one} {other}" for one, other in zip(words, words[2:], strict=False)}
    pieces: set[str] = set()
    for word in set(words):
        whole = f"<{word}>"
        for size in (3, 4, 5):
            pieces.update(f"c{whole[at : at + size]}" for at in range(len(whole) - size + 1))
    return sorted(around), sorted(pieces)


def likely(text: str) -> dict[str, float]:
    """The probability of each kind; nothing without weights, or for a message that holds nothing ever seen."""
    weights = _weights()
    totals = list(weights.get("", ()))
    known = False
    for group in features(text) if weights else ():
        share = 1 / math.sqrt(len(group)) if group else 0.0
        for name in group:
            row = weights.get(name)
            if row is not None:
                known = True
                totals = [total + share * weight for total, weight in zip(totals, row, strict=True)]
    if not known:
        return {}
    highest = max(totals)
    shares = [math.exp(total - highest) for total in totals]
    whole = sum(shares)
    return {kind: share / whole for kind, share in zip(KINDS, shares, strict=True)}


def telling(text: str, intent: str, most: int = 3) -> tuple[str, ...]:
    """The words of a message that speak most for an intent, as they were written, in their order."""
    weights, place = _weights(), INTENTS.index(intent)
    spoken: list[tuple[float, int, str]] = []
    for found in _WORD.finditer(text.translate(_APOSTROPHES)):
        alone = (name for group in features(found[0]) for name in group if not name.startswith("b"))
        spoken.append((sum(weights[name][place] for name in alone if name in weights), found.start(), found[0]))
    best = sorted(one for one in spoken if one[0] > 0)[-most:]
    return tuple(word for _, _, word in sorted(best, key=lambda one: one[1]))


@cache
def _weights() -> dict[str, tuple[float, ...]]:
    """Weights by feature, one for each kind in the order of ``KINDS``; the bias under the empty name. A file that is
    missing or not of this version leaves the rules alone; a test sees to it that it is there."""
    try:
        return read(gzip.decompress(WEIGHTS.read_bytes()).decode("utf-8").splitlines())
    except (OSError, EOFError, ValueError):
        return {}


def read(lines: Iterable[str]) -> dict[str, tuple[float, ...]]:
    """From the file's lines: the kinds and the size of a step, then ``feature, weights`` as signed bytes."""
    rows = iter(lines)
    *kinds, step = next(rows).split("\t")
    if tuple(kinds) != KINDS:
        raise ValueError(f"{WEIGHTS.name} was learnt for other kinds; make it again: python tools/learn_hunch.py")
    size = float(step)
    found: dict[str, tuple[float, ...]] = {}
    for row in rows:
        name, packed = row.rsplit("\t", 1)
        found[name] = tuple(size * ((byte ^ 128) - 128) for byte in base64.b64decode(packed))
    return found
