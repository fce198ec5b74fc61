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
    if not any(address.values()):
        return "The CIS has no mailing address"
    missing = [name for name in ("line1", "city", "state", "zip") if not address[name]]
    if missing:
        spoken = {"line1": "street or box", "zip": "ZIP code"}
        return f"The mailing address has no {' and no '.join(spoken.get(name, name) for name in missing)}"
    if not _STATE.fullmatch(address["state"]):
        return f"{address['state']} is not a state's two letters"
    if not _ZIP.fullmatch(address["zip"]):
        return f"{address['zip']} is not a ZIP code"
    return None


def household(address: dict[str, str], service_address: str, service_zip: str) -> str:
    """A digest of where the letter goes: the same for ``12 West Main Street #3`` and ``12 W MAIN ST APT 3``.

    A care-of line is left out; without a usable mailing address the service address stands in.
    """
    if "problem" in address:
        return _digest(service_address, "", service_zip[:5])
    line2 = "" if _CARE_OF.match(address["line2"]) else address["line2"]
    return _digest(address["line1"], line2, address["zip"][:5])


@lru_cache(maxsize=10_000)
def _digest(line1: str, line2: str, postcode: str) -> str:
    folded = f"{fold_address(f'{line1} {line2}')}|{postcode}"
    return hashlib.blake2b(folded.encode(), digest_size=12).hexdigest()
