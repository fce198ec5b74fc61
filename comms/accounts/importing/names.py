"""The name as a letter addresses it, from the ways a CIS writes it: ``STONE, SCOTT`` is ``Scott Stone``.

A person's name is turned round only when it plainly is one; a business, and anything that does not look like a name,
stays in its order. Names in capitals are given capitals and small letters; mixed ones are left as they are.
"""

import re
import unicodedata
from functools import lru_cache

_SUFFIXES = {"JR", "SR", "II", "III", "IV", "ESQ", "MD", "DDS"}
_NUMERALS = {"II", "III", "IV", "VI", "VII", "VIII"}
_CAPITALS = {
    "LLC", "LLP", "LP", "PLLC", "USA", "US", "USPS", "UMD", "ISD", "YMCA", "YWCA", "VFW", "AFL", "CIO", "HOA", "POA",
    "MGMT", "DBA", "NE", "NW", "SE", "SW", "PO", "AA", "IT", "TV", "HVAC", "UAW", "EZ", "IBEW", "KSU",
}  # fmt: skip
"""Words that stay in capitals."""

_SPELLED = {"ST", "DR", "MR", "MRS", "MS", "JR", "SR", "BROS", "CO", "CORP", "LTD", "ESQ", "MT", "FT", "BLDG", "SGT"}
"""Words without a vowel that are no initials."""

_BUSINESS = frozenset((
    "LLC", "LLP", "INC", "CORP", "CO", "COMPANY", "LTD", "APT", "APTS", "APARTMENT", "APARTMENTS",
    "PROPERTIES", "PROPERTY", "RENTAL", "RENTALS", "REALTY", "HOLDINGS", "TRUST", "ESTATE", "BROS", "SONS",
    "PUB", "BAR", "GRILL", "CAFE", "RESTAURANT", "LAUNDRY", "CHURCH", "PARISH", "SCHOOL", "ISD", "ELEM",
    "COLLEGE", "UNIVERSITY", "CITY", "COUNTY", "STATE", "MGMT", "MANAGEMENT", "ASSN", "ASSOCIATION", "HOA",
    "SERVICE", "SERVICES", "ROOFING", "PLUMBING", "CONSTRUCTION", "AUTO", "SALON", "BANK", "CENTER", "CLUB",
    "STORE", "SHOP", "PARTNERS", "GROUP", "INVESTMENTS", "ENTERPRISES", "FOUNDATION", "MINISTRIES", "DBA",
))  # fmt: skip
"""Words that make a name one of a business."""

_MARKS = str.maketrans({",": " ", ".": "", "(": " ", ")": " ", "/": " "})

_PLAIN = re.compile(r"[\w\"(][\w\s&.,'’()/#\"+-]*")
"""What names are made of; anything else (a formula, markup) is left as it is."""

_LETTERS = r"[^\W\d_](?:[^\W\d_]|['’.\-])*"
_WORDS = rf"{_LETTERS}(?: {_LETTERS})*"
_TURNED = re.compile(rf"(?P<last>{_WORDS}) ?, ?(?P<first>{_WORDS}(?: & {_WORDS})*)")
_COUPLE = re.compile(rf"(?P<last>{_LETTERS}) (?P<first>{_LETTERS}(?: [^\W\d_]\.?)? & {_LETTERS}(?: [^\W\d_]\.?)?)")
_PART = re.compile(r"[^\W\d_]+", re.UNICODE)
_VOWELS = set("AEIOUY")


def addressed(given: str, *, person: bool) -> str:
    """The name as a letter addresses it. ``person`` says that the account is one of a household."""
    name = " ".join(given.split())
    if "," not in name and name != name.upper():
        return name
    shouted = name == name.upper() and _PLAIN.fullmatch(name) is not None
    person = person and not _is_business(name)
    if person:
        name = _in_order(name, shouted)
    return _cased(name, person) if shouted else name


def _is_business(name: str) -> bool:
    """A word of business in the name, but for a single word before a comma: there are people called Church."""
    folded = name.upper()
    if _BUSINESS.isdisjoint(folded.translate(_MARKS).split()):
        return False
    first, _, rest = folded.partition(",")
    after = rest.translate(_MARKS).split()
    return not (rest and len(first.translate(_MARKS).split()) == 1 and _BUSINESS.isdisjoint(after))


def _in_order(name: str, shouted: bool) -> str:
    if match := _TURNED.fullmatch(name):
        last, first = match["last"], match["first"]
        if last.replace(".", "").upper() in _SUFFIXES:
            return name
        words = first.split()
        if len(words) > 1 and words[-1].replace(".", "").upper() in _SUFFIXES:
            return f"{' '.join(words[:-1])} {last} {words[-1]}"
        if first.replace(".", "").upper() in _SUFFIXES:
            return f"{last} {first}"
        return f"{first} {last}"
    if shouted and (match := _COUPLE.fullmatch(name)):
        return f"{match['first']} {match['last']}"
    return name


def _cased(name: str, person: bool) -> str:
    """A name in capitals, in capitals and small letters: ``O'MALLEY'S`` is ``O'Malley's``, ``MCCOY`` is ``McCoy``."""
    return " ".join(_word(word, person) for word in name.split(" "))


@lru_cache(maxsize=20_000)
def _word(word: str, person: bool) -> str:
    if re.fullmatch(r"(?:[^\W\d_]\.){2,}", word):
        return word
    return _after_apostrophes("".join(_spelled(part, person) for part in re.split(r"(\W)", word)))


def _spelled(part: str, person: bool) -> str:
    if part in _NUMERALS or not _PART.fullmatch(part):
        return part
    if not person and (part in _CAPITALS or _are_initials(part)):
        return part
    if part.startswith("MC") and len(part) > 3:
        return f"Mc{part[2:].capitalize()}"
    return part.capitalize()


def _are_initials(part: str) -> bool:
    """Two to four letters without a vowel: ``MJ``. A person may be called Ng; a business is not."""
    spread = unicodedata.normalize("NFKD", part)
    return 1 < len(part) <= 4 and part not in _SPELLED and not _VOWELS & set(spread)


def _after_apostrophes(word: str) -> str:
    """``O'`` and ``D'`` begin a name; an S after an apostrophe ends one."""
    return re.sub(r"['’](S|T|LL|RE|VE)(?=$|\W)", lambda match: match[0].lower(), word, flags=re.IGNORECASE)
