"""Texts by Twilio: the official SDK builds, signs and reads; the bytes go over one kept-alive pool.

Twilio's create has no idempotency key (absent from its API specification), so an attempt whose answer was lost is
looked for in its list of messages before anything is sent again.
"""

import json
import logging
from base64 import b64encode
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlencode

from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException  # type: ignore[import-untyped]
from twilio.http import HttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from comms.clock import Clock
from comms.settings import Settings

from . import errors, transport
from .contract import CannotAsk, ChannelNotAllowed, Found, Outcome, Outgoing, Result
from .statuses import twilio_status
from .transport import Answer, NoAnswer, Pool, not_on_allow_list, wait_asked_for

SKEW = timedelta(minutes=5)
"""How far Twilio's clock and ours may disagree."""
PAGE = 50
LIST_PAGE = 1000
"""The largest page Twilio gives (API specification, PageSize)."""
MOST_LOOKED_AT = 500
"""One number never hears this often from us; beyond it the list is not believed to be complete."""


class _PooledHttp(HttpClient):  # type: ignore[misc]
    """The SDK's transport over our pool: no retries, no proxies, no ``.netrc``, no redirects."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(logging.getLogger(__name__), False, None)
        self._pool = pool

    def request(
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        if params:
            uri = f"{uri}{'&' if '?' in uri else '?'}{urlencode(params, doseq=True)}"
        sent = dict(headers or {})
        if auth:
            sent["Authorization"] = _basic(*auth)
        body = urlencode(data, doseq=True).encode("ascii") if data else None
        answer = self._pool.request(method, uri, body, sent)
        return Response(answer.status, answer.text, answer.headers)


@cache
def _basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode("ascii")


class TwilioSms:
    """The ``sms`` channel. Any number of threads may send; ``connections`` bounds the calls in flight."""

    name = "sms"
    carrier = "twilio"

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        *,
        connections: int,
        read_seconds: float = transport.READ_SECONDS,
    ) -> None:
        transport.check_destination(settings, settings.twilio_url, "TWILIO_API_URL")
        if not settings.twilio_sender or not settings.twilio_tokens:
            raise ChannelNotAllowed(
                "Texts cannot leave: set TWILIO_AUTH_TOKEN, and TWILIO_MESSAGING_SERVICE_SID or TWILIO_FROM_NUMBER."
            )
        self._settings = settings
        self._clock = clock
        self._pool = Pool(connections=connections, read_seconds=read_seconds)
        self._messages = sdk_client(settings, self._pool).messages
        by_service = settings.twilio_sender.startswith("MG")
        self._sender = {"messaging_service_sid" if by_service else "from_": settings.twilio_sender}
        self._callback = f"{settings.public_url}/webhooks/twilio/status/"

    def send(self, outgoing: Outgoing) -> Result:
        if refusal := not_on_allow_list(self._settings, outgoing.recipient):
            return refusal
        return self._attempt(
            lambda: self._messages.create(
                to=outgoing.recipient,
                body=outgoing.text,
                status_callback=self._callback + outgoing.token,
                **self._sender,
            )
        )

    def _attempt(self, create: Callable[[], Any]) -> Result:
        try:
            sid = create().sid
        except NoAnswer as lost:
            return lost.result()
        except TwilioException as refused:
            answer = self._pool.last()
            if answer is None or 200 <= answer.status < 300:
                return _unreadable(answer)
            return _refusal(answer, refused, self._clock.now())
        except (ValueError, TypeError, AttributeError, KeyError):  # a 2xx whose body is not a message
            return _unreadable(self._pool.last())
        answer = self._pool.last()
        if not isinstance(sid, str) or not sid:
            return _unreadable(answer)
        return Result(Outcome.ACCEPTED, carrier_id=sid, http_status=answer.status if answer else None)

    def look_for(self, outgoing: Outgoing, since: datetime, until: datetime, known: Collection[str]) -> Found | None:
        """Read the messages to this number, newest first, back to ``since``, and take the earliest with our text.

        Not narrowed by ``DateSent``: a message that waits in Twilio's queue has none yet, and taking it for absent
        would send it twice. One number's list is short.
        """
        earliest: Found | None = None
        with _asking():
            for place, sent in enumerate(self._messages.stream(to=outgoing.recipient, page_size=PAGE)):
                created = sent.date_created
                if created is None or place >= MOST_LOOKED_AT:
                    raise ValueError("the list has no dates or no end")
                if created < since - SKEW:
                    break
                if created <= until + SKEW and _is_ours(sent, outgoing) and sent.sid not in known:
                    earliest = _found(sent, created)
        return earliest

    def close(self) -> None:
        self._pool.close()


class TwilioList:
    """Reading what Twilio has, for a reconciliation. Every method raises ``CannotAsk`` when Twilio does not answer."""

    def __init__(self, settings: Settings) -> None:
        transport.check_destination(settings, settings.twilio_url, "TWILIO_API_URL")
        self._pool = Pool(connections=2)
        self._messages = sdk_client(settings, self._pool).messages

    def since(self, moment: datetime) -> Iterator[Any]:
        """Every message sent or received since ``moment``, as the SDK gives it."""
        with _asking():
            yield from self._messages.stream(date_sent_after=moment.astimezone(UTC), page_size=LIST_PAGE)

    def one(self, sid: str) -> Any | None:
        """One message, or None when Twilio no longer has it."""
        with _asking():
            try:
                return self._messages.get(sid).fetch()
            except TwilioRestException as refused:
                if refused.status == 404:
                    return None
                raise

    def close(self) -> None:
        self._pool.close()


@contextmanager
def _asking() -> Iterator[None]:
    """Whatever goes wrong in asking Twilio is one thing to the one who asks: nothing is known."""
    try:
        yield
    except NoAnswer as lost:
        raise CannotAsk(f"Twilio did not answer: {lost}") from lost
    except (TwilioException, ValueError, TypeError, AttributeError, KeyError) as error:
        raise CannotAsk(f"Twilio's answer could not be read: {type(error).__name__}: {error}"[:300]) from error


def sdk_client(settings: Settings, pool: Pool) -> Client:
    """Twilio's SDK over our pool, at the addresses of the settings."""
    client = Client(settings.twilio_account_sid, settings.twilio_tokens[0], http_client=_PooledHttp(pool))
    client.edge = client.region = None  # TWILIO_EDGE and TWILIO_REGION would rewrite the host
    client.api.base_url = settings.twilio_url
    client.accounts.base_url = settings.twilio_consents_url
    return client


def _refusal(answer: Answer, refused: TwilioException, now: datetime) -> Result:
    """What an answer outside 2xx means. Only Twilio's own JSON, or a 4xx, says that the message was not taken."""
    code = _code(answer, refused)
    detail = _detail(refused)
    status = answer.status
    if (code is None and status >= 500) or status == 408:
        return Result(Outcome.AMBIGUOUS, http_status=status, error_code=str(status), detail=detail)
    if code is None:
        halt = status < 400 or status in (401, 403, 404, 407)
        outcome = Outcome.REFUSED_FOR_GOOD if status in (413, 414, 415, 422) else Outcome.REFUSED_NOW
        wait = wait_asked_for(answer.headers, now)
        return Result(outcome, None, status, str(status), detail, wait, halt)
    row = errors.at_send("twilio", code)
    known = row.source != errors.UNKNOWN
    if not known and status >= 500:
        return Result(Outcome.AMBIGUOUS, http_status=status, error_code=code, detail=detail)
    outcome, halt = row.outcome, row.halt
    if not known and status in (401, 403, 429):
        outcome, halt = Outcome.REFUSED_NOW, status != 429
    wait = wait_asked_for(answer.headers, now) or row.retry_after
    return Result(outcome, None, status, code, detail, wait, halt, row.address_status)


def _code(answer: Answer, refused: TwilioException) -> str | None:
    """Twilio's own code; None when the body is not Twilio's (then the SDK puts the HTTP status there)."""
    if isinstance(refused, TwilioServiceException):
        return str(refused.code)
    try:
        body = json.loads(answer.body)
    except ValueError:
        return None
    given = body.get("code") if isinstance(body, Mapping) else None
    return str(given) if isinstance(given, int | str) and str(given) else None


def _detail(refused: TwilioException) -> str:
    said = refused.msg if isinstance(refused, TwilioRestException) else str(refused)
    return str(said)[:300]


def _unreadable(answer: Answer | None) -> Result:
    status = answer.status if answer else None
    return Result(Outcome.AMBIGUOUS, http_status=status, error_code="unreadable", detail="The answer is not a message.")


def _is_ours(sent: Any, outgoing: Outgoing) -> bool:
    return str(sent.direction).startswith("outbound") and (sent.body or "").strip() == outgoing.text.strip()


def _found(sent: Any, created: datetime) -> Found:
    code = None if sent.error_code is None else str(sent.error_code)
    return Found(sent.sid, twilio_status(str(sent.status)) or "submitted", code, created.astimezone(UTC))
