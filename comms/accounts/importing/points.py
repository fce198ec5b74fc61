"""Phones and emails from the CIS: what can be written to, and for what cannot, why not.

A phone is usable when it is a possible number of the North American Numbering Plan: ten digits, an area code that
is in use in the United States or Canada, and an exchange that begins with 2 to 9 and is no service code (N11). The
stricter test of ``phonenumbers`` is applied to the area code only, so that fictional 555 numbers, which the samples
hold, count. Seven digits are completed with the office's area code only where the mapping says that this is safe.
"""

import re
from functools import lru_cache
from typing import NamedTuple

import phonenumbers

COUNTRIES = ("US", "CA", "PR", "VI", "GU", "AS", "MP")
"""Where a text may go: the United States with its territories, and Canada."""

_TOLL_FREE = {"800", "833", "844", "855", "866", "877", "888", "900"}
_SAYS_NONE = {"none", "n/a", "na", "no", "no email", "no phone", "nil", "-"}
_EXTENSION = re.compile(r"(?:x|ext\.?|extension|#)\s*\d{1,7}\s*$", re.IGNORECASE)
_PHONE_SHAPE = re.compile(r"(?:\+?1)?[\s./-]*\(?([2-9]\d\d)\)?[\s./-]*(\d{3})[\s./-]*(\d{4})", re.ASCII)
_LOCAL_SHAPE = re.compile(r"([2-9]\d\d)[\s./-]*(\d{4})", re.ASCII)
_EMAIL = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])"
)


class Reading(NamedTuple):
    """What a cell came to: ``value`` to write to (E.164, or an email in lower case), else ``reason`` why not."""

    value: str | None
    reason: str | None = None


def phone(raw: str, area_code: str | None) -> Reading | None:
    """Read a phone as it was typed; None when the cell holds no letter or digit. ``area_code`` completes seven digits
    (None: they stay unusable)."""
    match = _PHONE_SHAPE.fullmatch(raw.strip())
    if match is not None:
        return _national(match[1], match[2], match[3])
    return _odd_phone(raw.strip(), area_code)


def _national(area: str, exchange: str, line: str) -> Reading:
    if wrong := _area_problem(area):
        return Reading(None, wrong)
    if exchange[0] in "01" or exchange[1:] == "11":
        return Reading(None, f"No number begins with {exchange} after its area code")
    return Reading(f"+1{area}{exchange}{line}")


@lru_cache(maxsize=1000)
def _area_problem(area: str) -> str | None:
    if area in _TOLL_FREE:
        return f"{area} is a toll-free or premium number"
    probe = phonenumbers.PhoneNumber(country_code=1, national_number=int(f"{area}2345678"))
    region = phonenumbers.region_code_for_number(probe)
    if not phonenumbers.is_valid_number(probe) or region is None:
        return f"There is no area code {area}"
    return None if region in COUNTRIES else f"Area code {area} is outside the United States and Canada"


def _odd_phone(raw: str, area_code: str | None) -> Reading | None:
    if not any(letter.isalnum() for letter in raw):
        return None
    if raw.casefold() in _SAYS_NONE:
        return Reading(None, "The CIS says there is none")
    digits = re.sub(r"[^0-9]", "", raw)
    if not digits:
        return Reading(None, "No digits in it")
    if _EXTENSION.search(raw) and len(digits) > 10:
        return Reading(None, "It has an extension, which a text cannot reach")
    if set(digits) == {"0"}:
        return Reading(None, "All zeros")
    if match := _LOCAL_SHAPE.fullmatch(raw):
        if area_code is None:
            return Reading(None, "The area code is missing, and more than one is used here")
        read = _national(area_code, match[1], match[2])
        return Reading(read.value, read.reason or f"Area code {area_code} was added")
    if raw.startswith("+") and not raw.startswith("+1"):
        return Reading(None, "It is outside the United States and Canada")
    if len(digits) < 10:
        return Reading(None, f"Too short: {len(digits)} digits where 10 are needed")
    if len(digits) > 11 or (len(digits) == 11 and digits[0] != "1"):
        return Reading(None, f"Too long: {len(digits)} digits where 10 are needed")
    if len(digits) == 10 and digits[0] in "01":
        return Reading(None, f"There is no area code {digits[:3]}")
    return Reading(None, "It does not read as one phone number")


def email(raw: str) -> Reading | None:
    """Read an email address as it was typed; None when the cell holds no letter or digit."""
    text = raw.strip()
    folded = text.lower()
    if _EMAIL.fullmatch(folded) and len(folded) <= 254 and folded.index("@") <= 64:
        return Reading(folded)
    if not any(letter.isalnum() for letter in text):
        return None
    if folded in _SAYS_NONE:
        return Reading(None, "The CIS says there is none")
    if folded in ("declined", "refused"):
        return Reading(None, "The customer declined to give one")
    return Reading(None, _email_problem(text))


def _email_problem(text: str) -> str:
    if "@" not in text:
        return "There is no @ in it"
    if text.count("@") > 1:
        return "There is more than one @ in it"
    local, domain = text.split("@")
    if not local or not domain:
        return f"Nothing stands {'before' if not local else 'after'} the @"
    if " " in text:
        return "There is a space in it"
    if not text.isascii():
        odd = next(letter for letter in text if not letter.isascii())
        return f"The letter {odd} does not travel by email; ask how the address is spelled"
    if "." not in domain:
        return "The part after the @ has no dot"
    if len(text) > 254 or len(local) > 64:
        return "It is longer than an address may be"
    return "It does not read as an email address"
