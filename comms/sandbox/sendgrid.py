"""SendGrid's v3/mail/send: what it accepts, how it refuses, and the rows an accepted request leaves."""

import json
import zlib
from base64 import urlsafe_b64encode
from typing import Any

from comms.clock import Clock
from comms.sandbox.draws import Draws
from comms.sandbox.http import Request, respond
from comms.sandbox.ledger import Ledger, Row
from comms.sandbox.lifecycle import Lifecycle, Mail
from comms.sandbox.sendgrid_check import Finding, findings
from comms.settings import SANDBOX_SENDGRID_KEY

LARGEST = 30 * 1024 * 1024
"""Bytes of one message (SendGrid: 30 MB in total)."""
_LIMIT = 10_000
"""Requests a second (facts: errors.md 2026)."""
UNVERIFIED = "unverified"
"""The part before ``@`` of a sender that this account may not use."""

_MESSAGES = {
    400: "The request body is not valid JSON.",
    401: "The API key is missing or not valid.",
    403: "The 'from' address is not one that this account may send from.",
    404: "There is no such resource.",
    405: "This method is not allowed here.",
    413: "The message is larger than 30 MB.",
    415: "Only application/json is read.",
    429: "Too many requests: wait for the time in X-RateLimit-Reset.",
    500: "The request failed inside the carrier.",
    503: "The carrier is not available; the request was not taken.",
}


class RefusedError(Exception):
    """A request that SendGrid answers with an error."""

    def __init__(self, status: int, wrong: list[Finding] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.wrong = wrong


def refuse(status: int, now: float, wrong: list[Finding] | None = None) -> bytes:
    """The error answer: ``{"errors": [{"message", "field"}]}``. ``help`` is left out: SendGrid's API description makes
    it an object, its answers have been seen with a link, and it may be absent."""
    found = wrong or [(_MESSAGES[status], None)]
    errors = [{"message": message, "field": field} for message, field in found]
    body = json.dumps({"errors": errors}).encode()
    return respond(status, body, extra=_rates(0 if status == 429 else _LIMIT - 1, now))


def _rates(remaining: int, now: float) -> str:
    return f"X-RateLimit-Limit: {_LIMIT}\r\nX-RateLimit-Remaining: {remaining}\r\nX-RateLimit-Reset: {int(now) + 1}\r\n"


class SendGridApi:
    """One API key's mail/send."""

    def __init__(self, *, lifecycle: Lifecycle, ledger: Ledger, draws: Draws, clock: Clock) -> None:
        self._lifecycle = lifecycle
        self._ledger = ledger
        self._draws = draws
        self._clock = clock
        self._credentials = b"Bearer " + SANDBOX_SENDGRID_KEY.encode()
        self._requests = 0

    def handle(self, request: Request, delay: float, era: int) -> tuple[bytes, tuple[Row, ...]]:
        """Answer a request, with the ledger rows it added; ``delay`` is when the answer leaves."""
        now = self._clock.now().timestamp()
        try:
            return self._route(request, delay, era, now)
        except RefusedError as refused:
            self._ledger.refused["sendgrid"][str(refused.status)] += 1
            return refuse(refused.status, now, refused.wrong), ()

    def _route(self, request: Request, delay: float, era: int, now: float) -> tuple[bytes, tuple[Row, ...]]:
        if request.headers.get(b"authorization") != self._credentials:
            raise RefusedError(401)
        if request.path == "/v3/scopes" and request.method == "GET":
            return respond(200, b'{"scopes":["mail.send"]}', extra=_rates(_LIMIT - 1, now)), ()
        if request.path != "/v3/mail/send":
            raise RefusedError(404)
        if request.method != "POST":
            raise RefusedError(405)
        mail = _read(request)
        if wrong := findings(mail, now):
            raise RefusedError(400, wrong)
        if mail["from"]["email"].lower().startswith(f"{UNVERIFIED}@"):
            raise RefusedError(403, [(_MESSAGES[403], "from")])
        if (mail.get("mail_settings", {}).get("sandbox_mode") or {}).get("enable") is True:
            return respond(200, extra=_rates(_LIMIT - 1, now)), ()
        self._requests += 1
        digest = self._draws.raw(16, "mail", era, self._requests)
        message_id = urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
        rows = self._accept(mail, message_id, delay)
        return respond(202, extra=f"X-Message-Id: {message_id}\r\n{_rates(_LIMIT - 1, now)}"), rows

    def _accept(self, mail: dict[str, Any], message_id: str, delay: float) -> tuple[Row, ...]:
        at = self._clock.now()
        content = mail.get("content") or [{"value": ""}]
        rows = []
        for person in mail["personalizations"]:
            custom = {**mail.get("custom_args", {}), **person.get("custom_args", {})}
            for address in (*person["to"], *person.get("cc", ()), *person.get("bcc", ())):
                row = self._ledger.accept(
                    "sendgrid",
                    message_id,
                    to=address["email"],
                    sender=(person.get("from") or mail["from"])["email"],
                    body=content[0]["value"],
                    at=at,
                    status="accepted",
                    subject=person.get("subject") or mail.get("subject", ""),
                    custom_args=custom,
                )
                rows.append(row)
                self._lifecycle.mail(Mail(row, mail.get("categories", [])), delay)
        return tuple(rows)


def _read(request: Request) -> dict[str, Any]:
    if not request.headers.get(b"content-type", b"").lower().startswith(b"application/json"):
        raise RefusedError(415)
    raw = request.body
    encoding = request.headers.get(b"content-encoding", b"identity").lower()
    if encoding == b"gzip":
        raw = _inflate(raw)
    elif encoding != b"identity":
        raise RefusedError(415)
    if len(raw) > LARGEST:
        raise RefusedError(413)
    try:
        mail = json.loads(raw)
    except (ValueError, RecursionError):
        raise RefusedError(400) from None
    if not isinstance(mail, dict):
        raise RefusedError(400)
    return mail


def _inflate(raw: bytes) -> bytes:
    inflater = zlib.decompressobj(wbits=31)
    try:
        return inflater.decompress(raw, LARGEST + 1)
    except zlib.error:
        raise RefusedError(400) from None
