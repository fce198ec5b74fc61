"""The sandbox's front door, and its own API under ``/_sandbox/``: the ledger, the switches, the customer's part."""

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from comms.sandbox.carriers import Carriers
from comms.sandbox.faults import SwitchError
from comms.sandbox.http import Answer, Request, respond
from comms.sandbox.inbound import InboundError
from comms.sandbox.ledger import CARRIERS

log = logging.getLogger(__name__)

PREFIX = "/_sandbox/"
_LONGEST_DRAIN = 120.0
_LONGEST_QUIET = 20.0


class _ControlError(ValueError):
    """A control request that cannot be followed; the message says what to send instead."""


class Control:
    """What is under ``/_sandbox/`` is answered here, everything else by the carriers."""

    def __init__(self, carriers: Carriers) -> None:
        self._carriers = carriers
        self._routes: dict[tuple[str, str], Callable[[Request], Any]] = {
            ("GET", "health"): lambda request: {"status": "ok", "pending_webhooks": carriers.webhooks.pending},
            ("GET", "ledger"): self._ledger,
            ("GET", "ledger/summary"): self._summary,
            ("GET", "consents"): lambda request: {
                "told": [told.as_json() for told in carriers.ledger.consents],
                "opted_out": sorted(carriers.twilio.opted_out),
            },
            ("GET", "public-key"): lambda request: {"public_key": carriers.key.public},
            ("GET", "faults"): lambda request: carriers.faults.switches.as_json(),
            ("PUT", "faults"): self._set_faults,
            ("POST", "twilio/inbound"): lambda request: {"sid": carriers.inbound.text(_body(request), carriers.era)},
            ("POST", "sendgrid/inbound"): lambda request: {
                "message_id": carriers.inbound.mail(_body(request), carriers.era)
            },
        }

    def handle(self, request: Request) -> Answer | Awaitable[Answer]:
        """Answer any request; draining and resetting answer later."""
        if not request.path.startswith(PREFIX):
            return self._carriers.handle(request)
        name = request.path.removeprefix(PREFIX)
        try:
            if (request.method, name) == ("POST", "webhooks/drain"):
                return self._drain(_seconds(request))
            if (request.method, name) == ("POST", "reset"):
                return self._reset()
            route = self._routes.get((request.method, name))
            if route is None:
                return _answer(404, {"error": f"There is no {request.method} {request.path}. See docs/sandbox.md."})
            return _answer(200, route(request))
        except (_ControlError, SwitchError, InboundError) as bad:
            return _answer(400, {"error": str(bad)})
        except Exception:
            log.exception("control request failed")
            return _answer(500, {"error": "The sandbox failed at this; its log says how."})

    async def _drain(self, seconds: float) -> Answer:
        drained = await self._carriers.webhooks.drain(seconds)
        return _answer(200, {"drained": drained, "pending": self._carriers.webhooks.pending})

    def _ledger(self, request: Request) -> dict[str, Any]:
        query = _query(request)
        carrier = query.get("carrier")
        if carrier is not None and carrier not in CARRIERS:
            raise _ControlError(f"carrier is one of {', '.join(CARRIERS)}.")
        after, limit = _whole(query, "after", 0), min(_whole(query, "limit", 1000), 10_000)
        rows = self._carriers.ledger.page(carrier, after, max(limit, 1))
        return {"rows": [row.as_json() for row in rows], "next_after": rows[-1].n if rows else after}

    def _summary(self, request: Request) -> dict[str, Any]:
        report = self._carriers.ledger.summary()
        report["webhooks"]["pending"] = self._carriers.webhooks.pending
        return report

    def _set_faults(self, request: Request) -> dict[str, Any]:
        changes = _body(request)
        script = changes.pop("next", None)
        faults = self._carriers.faults
        switches = faults.switches.changed(changes)
        if script is not None:
            faults.script(script)
        faults.switches = switches
        return switches.as_json()

    async def _reset(self) -> Answer:
        """Answered once no post from before is under way any more."""
        self._carriers.reset()
        await self._carriers.webhooks.quiet(_LONGEST_QUIET)
        return _answer(200, {"status": "ok"})


def _answer(status: int, body: dict[str, Any]) -> Answer:
    return Answer(respond(status, json.dumps(body).encode()))


def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise _ControlError("The body is a JSON object.")
    return body


def _query(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.query[:4096]))


def _whole(query: dict[str, str], name: str, default: int) -> int:
    raw = query.get(name, str(default))
    if not (raw.isascii() and raw.isdigit() and len(raw) < 16):
        raise _ControlError(f"{name} is a whole number from 0 up.")
    return int(raw)


def _seconds(request: Request) -> float:
    try:
        seconds = float(_query(request).get("timeout", "10"))
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= _LONGEST_DRAIN:
        raise _ControlError(f"timeout is a number of seconds up to {_LONGEST_DRAIN:.0f}.")
    return seconds
