"""The carriers' error codes, as data: what to do next, what staff should know, and where that comes from.

The tables are ``tables/<carrier>.toml``. A code that is not in them gets a row made here that protects: it is given up
for staff to see, and never sent again by itself.
"""

import tomllib
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from .contract import Outcome

CARRIERS = ("twilio", "sendgrid")
_TABLES = Path(__file__).with_name("tables")
UNKNOWN = "no row for it"
"""The ``source`` of a row made for a code that is in no table."""
_CONFIDENCE = frozenset({"V1", "V2", "P", "M"})
ADDRESS_STATUSES = frozenset({"opted_out", "unreachable", "wrong_number", "bounced"})


class Effect(StrEnum):
    """What a failed delivery asks for."""

    RETRY = "retry"
    OTHER_CHANNEL = "other_channel"
    HALT = "halt"


@dataclass(frozen=True, slots=True)
class SendError:
    """A refusal in answer to a request."""

    code: str
    meaning: str
    advice: str
    outcome: Outcome
    source: str
    confidence: str
    halt: bool = False
    address_status: str | None = None
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class DeliveryError:
    """A failure reported after the carrier had taken the message. ``retries`` caps ``RETRY``."""

    code: str
    meaning: str
    advice: str
    effect: Effect
    source: str
    confidence: str
    address_status: str | None = None
    retry_after: timedelta | None = None
    retries: int = 0


def at_send(carrier: str, code: str | None) -> SendError:
    """The row for a code answered to a request; an unknown one is refused for good and says nothing of the address."""
    if code is not None and (row := _send_errors(carrier).get(code)):
        return row
    return SendError(
        code=code or "",
        meaning=f"{carrier.title()} refused the message with a code this service does not know: {code or 'none'}.",
        advice="Look the code up with the carrier. The message was not taken and will not be sent again by itself.",
        outcome=Outcome.REFUSED_FOR_GOOD,
        source=UNKNOWN,
        confidence="M",
    )


def at_delivery(carrier: str, code: str | None) -> DeliveryError:
    """The row for a code reported later; an unknown one uses the next channel and says nothing of the address."""
    if code is not None and (row := _delivery_errors(carrier).get(code)):
        return row
    return DeliveryError(
        code=code or "",
        meaning=f"The message was not delivered; {carrier.title()} gave the code {code or 'none'}.",
        advice="Look the code up with the carrier. The service uses the next channel for this notice.",
        effect=Effect.OTHER_CHANNEL,
        source=UNKNOWN,
        confidence="M",
    )


def is_known(carrier: str, code: str) -> bool:
    """Whether a table has a row for the code."""
    return code in _send_errors(carrier) or code in _delivery_errors(carrier)


def explain(carrier: str, code: str | None) -> tuple[str, str]:
    """What a code means and what to do about it, for staff, whichever way it was reported."""
    if code is not None and code in _send_errors(carrier) and code not in _delivery_errors(carrier):
        row: SendError | DeliveryError = at_send(carrier, code)
    else:
        row = at_delivery(carrier, code)
    return row.meaning, row.advice


@cache
def opt_out_codes() -> frozenset[str]:
    """The codes of all carriers that mean: this customer does not want it."""
    rows = [row for carrier in CARRIERS for part in ("send", "delivery") for row in _table(carrier)[part]]
    return frozenset(row["code"] for row in rows if row.get("address_status") == "opted_out")


@cache
def _send_errors(carrier: str) -> MappingProxyType[str, SendError]:
    rows = (_checked(carrier, row) for row in _table(carrier)["send"])
    return MappingProxyType({row["code"]: SendError(**row | {"outcome": Outcome(row["outcome"])}) for row in rows})


@cache
def _delivery_errors(carrier: str) -> MappingProxyType[str, DeliveryError]:
    rows = (_checked(carrier, row) for row in _table(carrier)["delivery"])
    return MappingProxyType({row["code"]: DeliveryError(**row | {"effect": Effect(row["effect"])}) for row in rows})


@cache
def _table(carrier: str) -> dict[str, Any]:
    if carrier not in CARRIERS:
        raise ValueError(f"There is no error table for {carrier!r}; there are {', '.join(CARRIERS)}.")
    with (_TABLES / f"{carrier}.toml").open("rb") as file:
        return tomllib.load(file)


def _checked(carrier: str, row: dict[str, Any]) -> dict[str, Any]:
    row = dict(row)
    if row["confidence"] not in _CONFIDENCE or row.get("address_status", "opted_out") not in ADDRESS_STATUSES:
        raise ValueError(f"{carrier}.toml: {row['code']}: a confidence or address status that is not allowed")
    minutes = row.pop("retry_after_minutes", None)
    return row if minutes is None else row | {"retry_after": timedelta(minutes=minutes)}
