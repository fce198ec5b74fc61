"""Twilio's Messages API (2010-04-01): create, list, fetch, update, delete, with its error codes. No message here has
media, so that the list of a message's media is there and empty.

Sources: Twilio's API description (parameters, fields, statuses), Twilio's error pages (codes). A code marked
"by pattern" has no page we read and follows the numbering of its neighbours.
"""

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, urlencode

from comms.clock import Clock
from comms.sandbox.draws import Draws
from comms.sandbox.faults import Faults
from comms.sandbox.http import Request, respond
from comms.sandbox.ledger import Ledger, Row
from comms.sandbox.lifecycle import Lifecycle
from comms.sandbox.messages import API_VERSION, FINAL, Message, Messages, Sought
from comms.sandbox.outcomes import PUBLISHED_SENDERS, refusal
from comms.sandbox.twilio_check import unreadable
from comms.sandbox.twilio_consents import PATH as CONSENTS
from comms.sandbox.twilio_consents import Consents, UnreadableError
from comms.settings import (
    SANDBOX_TWILIO_NUMBER,
    SANDBOX_TWILIO_SERVICE,
    SANDBOX_TWILIO_SID,
    SANDBOX_TWILIO_TOKEN,
)

LONGEST_BODY = 1600
_VALIDITY = range(1, 36001)
_SOONEST, _LATEST = timedelta(minutes=5), timedelta(days=35)
_E164 = re.compile(r"\+(?:1[2-9]\d{2}[2-9]\d{6}|[2-9]\d{6,14})", re.ASCII)
_URL = re.compile(r"https?://[^\s/]+\S*")

ERRORS: dict[int, tuple[int, str]] = {
    20001: (400, "A parameter has a value that cannot be read."),
    20003: (401, "Authentication failed: the account SID and auth token do not match."),
    20004: (405, "This method is not allowed here."),
    20009: (409, "The message is not finished, so it cannot be changed or deleted."),
    20404: (404, "There is no such resource."),
    20415: (415, "Only application/x-www-form-urlencoded is read."),
    20429: (429, "Too many requests: slow down and try again."),
    20500: (500, "The request failed inside the carrier."),
    20503: (503, "The carrier is not available; the request was not taken."),
    21211: (400, "'To' is not a valid phone number."),
    21212: (400, "'From' is not a valid phone number."),
    21266: (400, "'To' and 'From' are the same number."),
    21408: (400, "Sending to this region is not enabled."),
    21602: (400, "A message body is required."),
    21603: (400, "A 'From' number or a messaging service is required."),
    21604: (400, "A 'To' number is required."),
    21606: (400, "The 'From' number does not belong to this account or cannot send texts."),
    21609: (400, "'StatusCallback' is not a valid URL."),
    21610: (400, "The recipient has opted out of messages from this sender."),
    21611: (429, "The 'From' number has too many messages waiting."),
    21612: (400, "'To' cannot be reached from this 'From'."),
    21614: (400, "'To' is not a mobile number."),
    21617: (400, f"The body is longer than {LONGEST_BODY} characters."),
    21701: (400, "There is no such messaging service."),
    30409: (400, "Only a scheduled message can be cancelled."),
    35111: (400, "A scheduled message needs 'SendAt'."),
    35114: (400, "'SendAt' must be 5 minutes to 35 days ahead."),
    35118: (400, "A scheduled message needs a messaging service."),
}
"""Code: HTTP status and our own wording. 20415, 20500 and 20503 are by pattern."""


class RefusedError(Exception):
    """A request that Twilio answers with an error."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Handled:
    """An answer, and the ledger rows that this request added."""

    payload: bytes
    rows: tuple[Row, ...] = ()


def refuse(code: int) -> bytes:
    """The error answer of a code."""
    status, message = ERRORS[code]
    more = f"https://www.twilio.com/docs/errors/{code}"
    body = json.dumps({"code": code, "message": message, "more_info": more, "status": status})
    extra = 'WWW-Authenticate: Basic realm="Twilio API"\r\n' if status == 401 else ""
    return respond(status, body.encode(), extra=extra)


REFUSAL_CODES = {429: 20429, 503: 20503, 500: 20500}
_PREFIX = f"/{API_VERSION}/Accounts/"


class TwilioApi:
    """The account's messages, and who has opted out of them."""

    def __init__(
        self, *, lifecycle: Lifecycle, ledger: Ledger, messages: Messages, draws: Draws, faults: Faults, clock: Clock
    ) -> None:
        self._lifecycle = lifecycle
        self._ledger = ledger
        self._messages = messages
        self._draws = draws
        self._faults = faults
        self._clock = clock
        pair = f"{SANDBOX_TWILIO_SID}:{SANDBOX_TWILIO_TOKEN}".encode()
        self._credentials = b"Basic " + b64encode(pair)
        self.opted_out: set[str] = set()
        self._consents = Consents(ledger=ledger, clock=clock, opted_out=self.opted_out)

    def handle(self, request: Request, delay: float, era: int) -> Handled:
        """Answer a request; ``delay`` is when the answer leaves, ``era`` counts resets."""
        try:
            if request.headers.get(b"authorization") != self._credentials:
                raise RefusedError(20003)
            return self._route(request, delay, era)
        except RefusedError as refused:
            self._ledger.refused["twilio"][str(refused.code)] += 1
            return Handled(refuse(refused.code))

    def _route(self, request: Request, delay: float, era: int) -> Handled:
        if request.path == CONSENTS:
            return Handled(self._tell(request))
        account, _, rest = request.path.removeprefix(_PREFIX).partition("/")
        if not request.path.startswith(_PREFIX) or account.removesuffix(".json") != SANDBOX_TWILIO_SID:
            raise RefusedError(20404)
        if rest == "Messages.json":
            if request.method == "POST":
                return self._create(_form(request), delay, era)
            if request.method == "GET":
                return Handled(_ok(self._list(request)))
            raise RefusedError(20004)
        if rest == "" and account.endswith(".json"):
            return Handled(_ok(_ACCOUNT))
        sid, media, _ = rest.removeprefix("Messages/").removesuffix(".json").partition("/Media")
        message = self._messages.by_sid.get(sid)
        if message is None or rest != f"Messages/{sid}{media}.json":
            raise RefusedError(20404)
        if media:
            return Handled(_ok(_no_media(request)))
        if request.method == "GET":
            return Handled(_ok(message.as_json()))
        if request.method == "POST":
            return Handled(_ok(self._update(message, _form(request)).as_json()))
        if request.method == "DELETE":
            return Handled(self._delete(message))
        raise RefusedError(20004)

    def _tell(self, request: Request) -> bytes:
        if request.method != "POST":
            raise RefusedError(20004)
        _form(request)
        try:
            return respond(201, json.dumps(self._consents.take(request)).encode())
        except UnreadableError:
            raise RefusedError(20001) from None

    def _create(self, form: Mapping[str, str], delay: float, era: int) -> Handled:
        to, body = form.get("To", ""), form.get("Body", "")
        sender, service = self._sender(form)
        self._check(form, to, body, sender)
        send_at = self._send_at(form, service)
        now = self._clock.now()
        number = self._messages.next_number()
        sid = "SM" + self._draws.hex32("sms", era, number)
        status = "scheduled" if send_at else "accepted" if service else "queued"
        callback = form.get("StatusCallback", "")
        row = self._ledger.accept(
            "twilio", sid, to=to, sender=sender, body=body, at=now, status=status, callback=callback
        )
        message = Message(
            number, sid, SANDBOX_TWILIO_SID, to, form.get("From") or (None if service else sender), body,
            "outbound-api", status, now, now, service, callback, send_at=send_at, row=row,
        )  # fmt: skip
        self._messages.add(message)
        if send_at:
            self._lifecycle.schedule(message, sender)
        else:
            self._lifecycle.text(message, delay, sender)
        return Handled(respond(201, json.dumps(message.as_json()).encode()), (row,))

    def _sender(self, form: Mapping[str, str]) -> tuple[str, str | None]:
        """The number a text leaves from, and the messaging service if one is used."""
        service, sender = form.get("MessagingServiceSid", ""), form.get("From", "")
        if not service and not sender:
            raise RefusedError(21603)
        if service and service != SANDBOX_TWILIO_SERVICE:
            raise RefusedError(21701)
        if sender and sender not in (SANDBOX_TWILIO_NUMBER, "+15005550006"):
            raise RefusedError(PUBLISHED_SENDERS.get(sender, 21606 if _E164.fullmatch(sender) else 21212))
        return sender or SANDBOX_TWILIO_NUMBER, service or None

    def _check(self, form: Mapping[str, str], to: str, body: str, sender: str) -> None:
        if not to:
            raise RefusedError(21604)
        if not _E164.fullmatch(to):
            raise RefusedError(21211)
        if to == sender:
            raise RefusedError(21266)
        if not body:
            raise RefusedError(21602)
        if len(body) > LONGEST_BODY:
            raise RefusedError(21617)
        if unreadable(form):
            raise RefusedError(20001)
        callback = form.get("StatusCallback")
        if callback and not _URL.fullmatch(callback):
            raise RefusedError(21609)
        if int(form.get("ValidityPeriod") or 1) not in _VALIDITY:
            raise RefusedError(20001)
        if code := refusal(to, self._faults.switches):
            raise RefusedError(code)
        if to in self.opted_out:
            raise RefusedError(21610)

    def _send_at(self, form: Mapping[str, str], service: str | None) -> datetime | None:
        if not form.get("ScheduleType"):
            return None
        if not service:
            raise RefusedError(35118)
        if not (raw := form.get("SendAt")):
            raise RefusedError(35111)
        at = _moment(raw)
        send_at = at if isinstance(at, datetime) else datetime(at.year, at.month, at.day, tzinfo=UTC)
        if not _SOONEST <= send_at - self._clock.now() <= _LATEST:
            raise RefusedError(35114)
        return send_at

    def _update(self, message: Message, form: Mapping[str, str]) -> Message:
        if unreadable(form):
            raise RefusedError(20001)
        if form.get("Status"):
            if message.status != "scheduled":
                raise RefusedError(30409)
            self._lifecycle.cancelled(message, SANDBOX_TWILIO_NUMBER)
        if "Body" in form:
            if form["Body"]:
                raise RefusedError(20001)  # a body can only be redacted, not rewritten
            if message.status not in FINAL:
                raise RefusedError(20009)
            message.body = ""
            message.updated = self._clock.now()
        return message

    def _delete(self, message: Message) -> bytes:
        if message.status not in FINAL:
            raise RefusedError(20009)
        self._messages.delete(message)
        return respond(204)

    def _list(self, request: Request) -> dict[str, Any]:
        query = _pairs(request.query)
        size, page = _number(query, "PageSize", 50, 1, 1000), _number(query, "Page", 0, 0, 10**9)
        sought = Sought(
            to=query.get("To", ""),
            sender=query.get("From", ""),
            on=_moment(query["DateSent"]) if query.get("DateSent") else None,
            since=_moment(query["DateSent>"]) if query.get("DateSent>") else None,
            until=_moment(query["DateSent<"]) if query.get("DateSent<") else None,
            sent_only=self._faults.switches.list_hides_unsent,
        )
        token = query.get("PageToken", "")
        at = self._messages.by_sid.get(token[2:])
        if token and at is None:
            raise RefusedError(20001)
        if at is not None and token.startswith("PB"):
            found = list(islice(self._messages.oldest_first(sought, at.n), size))[::-1]
        else:
            skip = 0 if at else page * size
            found = list(islice(self._messages.newest_first(sought, at.n if at else None), skip, skip + size))
        more = bool(found) and next(self._messages.newest_first(sought, found[-1].n), None) is not None
        path = f"{_PREFIX}{SANDBOX_TWILIO_SID}/Messages.json"
        kept = {name: value for name, value in query.items() if name not in ("Page", "PageToken", "PageSize")}

        def uri(number: int, token: str = "") -> str:
            paging = {"PageSize": size, "Page": number} | ({"PageToken": token} if token else {})
            return f"{path}?{urlencode(kept | paging)}"

        return {
            "first_page_uri": uri(0),
            "end": page * size + max(len(found) - 1, 0),
            "previous_page_uri": uri(page - 1, f"PB{found[0].sid}") if page > 0 and found else None,
            "messages": [message.as_json() for message in found],
            "uri": uri(page, token),
            "page_size": size,
            "start": page * size,
            "next_page_uri": uri(page + 1, f"PA{found[-1].sid}") if more else None,
            "page": page,
        }


def _no_media(request: Request) -> dict[str, Any]:
    """The empty list of a message's media; it is read only."""
    if request.method != "GET":
        raise RefusedError(20004)
    size = _number(_pairs(request.query), "PageSize", 50, 1, 1000)
    here = f"{request.path}?{urlencode({'PageSize': size, 'Page': 0})}"
    pages = {"first_page_uri": here, "previous_page_uri": None, "next_page_uri": None, "uri": here}
    return {"media_list": [], "page": 0, "page_size": size, "start": 0, "end": 0, **pages}


_ACCOUNT: dict[str, Any] = {
    "sid": SANDBOX_TWILIO_SID,
    "friendly_name": "Sandbox",
    "status": "active",
    "type": "Full",
    "owner_account_sid": SANDBOX_TWILIO_SID,
    "uri": f"{_PREFIX}{SANDBOX_TWILIO_SID}.json",
    "auth_token": None,
    "date_created": None,
    "date_updated": None,
    "subresource_uris": {},
}


def _ok(body: dict[str, Any]) -> bytes:
    return respond(200, json.dumps(body).encode())


def _form(request: Request) -> dict[str, str]:
    if not request.headers.get(b"content-type", b"").lower().startswith(b"application/x-www-form-urlencoded"):
        raise RefusedError(20415)
    return _pairs(request.body.decode("utf-8", "replace"))


def _pairs(encoded: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(encoded, keep_blank_values=True, max_num_fields=100))
    except ValueError:  # more fields than any honest request has
        raise RefusedError(20001) from None


def _number(query: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    raw = query.get(name) or str(default)
    if not (raw.isascii() and raw.isdigit() and len(raw) < 12 and least <= int(raw) <= most):
        raise RefusedError(20001)
    return int(raw)


def _moment(raw: str) -> date | datetime:
    """A day, or a time to the second, in UTC unless it says otherwise."""
    try:
        if len(raw) == 10:
            return date.fromisoformat(raw)
        at = datetime.fromisoformat(raw)
    except ValueError:
        raise RefusedError(20001) from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)
