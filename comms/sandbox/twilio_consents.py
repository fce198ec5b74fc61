"""Twilio's Consent Management API: consents told by the account, in bulk.

Sources: Twilio's API description (accounts, ``POST /v1/Consents/Bulk``) and its error page 30646, which names what can
be wrong with one consent. Each is answered on its own; only a request that cannot be read is refused as a whole.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from comms.clock import Clock
from comms.sandbox.http import Request
from comms.sandbox.ledger import Ledger, Told
from comms.settings import SANDBOX_TWILIO_NUMBER, SANDBOX_TWILIO_SERVICE

PATH = "/v1/Consents/Bulk"
MOST = 25
WRONG = 30646
_PHONE = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_KEY = re.compile(r"[0-9a-fA-F]{32}")
_SOURCES = frozenset({"website", "offline", "opt-in-message", "opt-out-message", "others"})


class UnreadableError(ValueError):
    """A request whose items are not what the API takes."""


class Consents:
    """The list of one account; ``opted_out`` is what a create of a message looks at."""

    def __init__(self, *, ledger: Ledger, clock: Clock, opted_out: set[str]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._opted_out = opted_out

    def take(self, request: Request) -> dict[str, Any]:
        """Note each consent of a request, and say what became of it. Raises ``UnreadableError``."""
        items = _items(request)
        return {"items": [self._one(item) for item in items]}

    def _one(self, item: Mapping[str, Any]) -> dict[str, Any]:
        wrong = _wrong(item)
        if not wrong:
            phone, status = item["contact_id"], item["status"]
            (self._opted_out.add if status == "opt-out" else self._opted_out.discard)(phone)
            self._ledger.consents.append(Told(phone, status, item["source"], item["sender_id"], self._clock.now()))
        code = WRONG if wrong else 0
        return {"correlation_id": str(item.get("correlation_id", "")), "error_code": code, "error_messages": wrong}


def _items(request: Request) -> list[dict[str, Any]]:
    try:
        pairs = parse_qsl(request.body.decode("utf-8"), keep_blank_values=True, max_num_fields=100)
        items = [json.loads(value) for name, value in pairs if name == "Items"]
    except (ValueError, RecursionError):
        raise UnreadableError("Items are JSON objects.") from None
    if not 1 <= len(items) <= MOST or not all(isinstance(item, dict) for item in items):
        raise UnreadableError(f"There are 1 to {MOST} items.")
    return items


def _wrong(item: Mapping[str, Any]) -> list[str]:
    checks = {
        "INVALID_CORRELATION_ID": _KEY.fullmatch(str(item.get("correlation_id", ""))),
        "INVALID_SENDER_ID": item.get("sender_id") in (SANDBOX_TWILIO_SERVICE, SANDBOX_TWILIO_NUMBER),
        "INVALID_CONTACT_ID": _PHONE.fullmatch(str(item.get("contact_id", ""))),
        "INVALID_STATUS": item.get("status") in ("opt-in", "opt-out"),
        "INVALID_SOURCE": item.get("source") in _SOURCES,
        "INVALID_DATE_OF_CONSENT": _is_date(item.get("date_of_consent")),
    }
    return [name for name, right in checks.items() if not right]


def _is_date(given: object) -> bool:
    try:
        return given is None or bool(datetime.fromisoformat(str(given)))
    except ValueError:
        return False
