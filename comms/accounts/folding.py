"""How names, addresses and account numbers are folded, so that a clerk finds them however they are typed."""

import re
import unicodedata
from functools import lru_cache

_ABBREVIATIONS = {
    "street": "st", "avenue": "ave", "av": "ave", "road": "rd", "drive": "dr", "boulevard": "blvd", "lane": "ln",
    "court": "ct", "place": "pl", "terrace": "ter", "terr": "ter", "parkway": "pkwy", "highway": "hwy",
    "circle": "cir", "square": "sq", "trail": "trl", "north": "n", "south": "s", "east": "e", "west": "w",
    "apartment": "apt", "suite": "ste", "upper": "uppr", "lower": "lowr",
}  # fmt: skip
"""Words of a street address and the short form they are folded to (the abbreviations of USPS Publication 28)."""

_WORD = re.compile(r"[a-z0-9]+")
_POST_BOX = re.compile(r"\bp\W*o\W*box\b")


def plain(text: str) -> str:
    """Lower case without accents: ``Peña`` and ``PENA`` are both ``pena``."""
    if text.isascii():
        return text.lower()
    spread = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in spread if not unicodedata.combining(letter))


def words(text: str) -> list[str]:
    """The words of a text, folded; an apostrophe joins, every other mark separates."""
    folded = plain(text)
    if "'" in folded or "’" in folded:
        folded = folded.replace("'", "").replace("’", "")
    return _WORD.findall(folded)


def fold_name(name: str) -> str:
    """Words in alphabetical order, so that ``STONE, SCOTT`` and ``Scott Stone`` are one name."""
    return " ".join(sorted(words(name)))


@lru_cache(maxsize=1000)
def fold_address(address: str) -> str:
    """Words in their order, with the usual abbreviations: ``12 West Main Street, Apt. 3`` is ``12 w main st apt 3``."""
    text = plain(address)
    if "box" in text:
        text = _POST_BOX.sub("pobox", text)
    if "#" in text:
        text = text.replace("#", " apt ")
    found = [_ABBREVIATIONS.get(word, word) for word in words(text)]
    return " ".join(found).replace("apt apt ", "apt ")


def fold_number(number: str) -> str:
    """Letters and digits without dashes, spaces and leading zeros: ``0000123-47`` is ``12347``."""
    joined = number.replace("-", "")
    if not (joined.isascii() and joined.isalnum()):
        joined = "".join(words(number))
    return joined.lower().lstrip("0")
