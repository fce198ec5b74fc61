"""The mailing address as a letter needs it, and the household: accounts that share a mailbox."""

import hashlib
import re
from functools import lru_cache

from comms.accounts.folding import fold_address

_STATE = re.compile(r"[A-Z]{2}")
_ZIP = re.compile(r"\d{5}(?:-\d{4})?", re.ASCII)
_CARE_OF = re.compile(r"\s*(?:c\s*/\s*o|care of|attn)\b", re.IGNORECASE)


def mailing(line1: str, line2: str, city: str, state: str, postcode: str) -> dict[str, str]:
    """The address as given, trimmed; with ``problem`` when a letter cannot be addressed to it."""
    address = {"line1": line1, "line2": line2, "city": city, "state": state.upper(), "zip": postcode}
    if problem := _problem(address):
        address["problem"] = problem
    return address


def _problem(address: dict[str, str]) -> str | None:
    if address["line1"] and address["city"] and address["state"] and address["zip"]:
        return _region_problem(address["state"], address["zip"])
    if not any(address.values()):
        return "The CIS has no mailing address"
    missing = [name for name in ("line1", "city", "state", "zip") if not address[name]]
    spoken = {"line1": "street or box", "zip": "ZIP code"}
    return f"The mailing address has no {' and no '.join(spoken.get(name, name) for name in missing)}"


@lru_cache(maxsize=1000)
def _region_problem(state: str, postcode: str) -> str | None:
    if not _STATE.fullmatch(state):
        return f"{state} is not a state's two letters"
    return None if _ZIP.fullmatch(postcode) else f"{postcode} is not a ZIP code"


def household(address: dict[str, str], service: str, service_zip: str) -> str:
    """A digest of where the letter goes: the same for ``12 West Main Street #3`` and ``12 W MAIN ST APT 3``.

    A care-of line is left out; without a usable mailing address the service address stands in.
    """
    if "problem" in address:
        return _digest(fold_address(service), service_zip[:5])
    line2 = address["line2"]
    if not line2 or _CARE_OF.match(line2):
        return _digest(fold_address(address["line1"]), address["zip"][:5])
    return _digest(fold_address(f"{address['line1']} {line2}"), address["zip"][:5])


def _digest(folded: str, postcode: str) -> str:
    return hashlib.blake2b(f"{folded}|{postcode}".encode(), digest_size=12).hexdigest()
