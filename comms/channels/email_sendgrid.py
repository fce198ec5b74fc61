"""Emails by SendGrid: the official SDK builds and sends the request; the bytes go over one kept-alive pool.

SendGrid has no question "do you have this one": the outbox waits for an event with our token in ``custom_args``.
"""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from email.utils import parseaddr
from typing import Any

import python_http_client
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import (
    Category,
    ClickTracking,
    CustomArg,
    Email,
    From,
    Header,
    HtmlContent,
    Mail,
    OpenTracking,
    PlainTextContent,
    ReplyTo,
    SubscriptionTracking,
    To,
    TrackingSettings,
)

from comms.city import City
from comms.clock import Clock
from comms.settings import Mode, Settings

from . import errors, transport
from .contract import CannotAsk, ChannelNotAllowed, Found, Outcome, Outgoing, Result
from .transport import Answer, NoAnswer, Pool, not_on_allow_list, wait_asked_for
from .unsubscribe import unsubscribe_headers

TOKEN_ARGUMENT = "message_token"  # noqa: S105 - a key's name
"""The ``custom_args`` key of our token; it comes back as a top-level key of every event."""


class _Answered(Exception):  # noqa: N818 - an answer is not an error
    """Carries the answer out of the SDK, whose own classes lose its headers or fail on a body that is not JSON."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class _PooledClient(python_http_client.Client):  # type: ignore[misc]
    """The SDK's URL chain with our pool under it: upstream opens a connection a call and has no time-out."""

    def __init__(self, pool: Pool, **given: Any) -> None:
        super().__init__(**given)
        self._pool = pool

    def _build_client(self, name: str | None = None) -> "_PooledClient":
        return _PooledClient(
            self._pool,
            host=self.host,
            version=self._version,
            request_headers=self.request_headers,
            url_path=[*self._url_path, name] if name else self._url_path,
        )

    def _make_request(self, opener: Any, request: Any, timeout: float | None = None) -> Any:
        raise _Answered(
            self._pool.request(request.get_method(), request.full_url, request.data, dict(request.header_items()))
        )


class SendGridEmail:
    """The ``email`` channel. Any number of threads may send; ``connections`` bounds the calls in flight."""

    name = "email"
    carrier = "sendgrid"

    def __init__(
        self,
        settings: Settings,
        city: City,
        clock: Clock,
        *,
        connections: int,
        read_seconds: float = transport.READ_SECONDS,
    ) -> None:
        transport.check_destination(settings, settings.sendgrid_url, "SENDGRID_API_URL")
        self._settings = settings
        self._clock = clock
        self._from = _sender(settings, city)
        self._reply_to = _reply_to(settings, self._from)
        self._domain = self._from.email.rpartition("@")[2]
        self._pool = Pool(connections=connections, read_seconds=read_seconds)
        api = SendGridAPIClient(settings.sendgrid_api_key.get_secret_value(), host=settings.sendgrid_url)
        headers = api.client.request_headers | {"Content-Type": "application/json"}
        api.client = _PooledClient(self._pool, host=settings.sendgrid_url, request_headers=headers, version=3)
        self._api = api

    def send(self, outgoing: Outgoing) -> Result:
        if refusal := not_on_allow_list(self._settings, outgoing.recipient):
            return refusal
        try:
            self._api.send(self._mail(outgoing))
        except _Answered as answered:
            return _result(answered.answer, self._clock.now())
        except NoAnswer as lost:
            return lost.result()
        except (ValueError, TypeError, AttributeError) as error:  # the SDK refuses to build it: no request was made
            return Result(Outcome.REFUSED_FOR_GOOD, error_code="malformed", detail=f"{type(error).__name__}: {error}")
        raise AssertionError("the pooled client always answers by an exception")

    def look_for(self, outgoing: Outgoing, since: datetime, until: datetime, known: Collection[str]) -> Found | None:
        raise CannotAsk("SendGrid cannot be asked for one mail; its events carry our token.")

    def close(self) -> None:
        self._pool.close()

    def message_id(self, token: str) -> str:
        """The Message-ID our mail carries, which a customer's reply names."""
        return f"<{token}@{self._domain}>"

    def _mail(self, outgoing: Outgoing) -> dict[str, Any]:
        mail = Mail(from_email=self._from, subject=outgoing.subject or outgoing.recipient_name)
        mail.add_to(To(outgoing.recipient, _one_line(outgoing.recipient_name)))
        mail.reply_to = self._reply_to
        mail.add_content(PlainTextContent(outgoing.text))
        if outgoing.html:
            mail.add_content(HtmlContent(outgoing.html))
        mail.add_custom_arg(CustomArg(TOKEN_ARGUMENT, outgoing.token))
        mail.add_category(Category(outgoing.category))
        for name, value in self._headers(outgoing).items():
            mail.add_header(Header(name, value))
        tracking = TrackingSettings()  # links stay on the city's own domains; nobody's reading is watched
        tracking.click_tracking = ClickTracking(False, False)
        tracking.open_tracking = OpenTracking(False)
        tracking.subscription_tracking = SubscriptionTracking(False)
        mail.tracking_settings = tracking
        built: dict[str, Any] = mail.get()
        return built

    def _headers(self, outgoing: Outgoing) -> dict[str, str]:
        headers = {"Message-ID": self.message_id(outgoing.token)}
        headers |= unsubscribe_headers(self._settings, outgoing.message_id, outgoing.purpose)
        if outgoing.in_reply_to:
            answered = _one_line(outgoing.in_reply_to)
            headers |= {"In-Reply-To": answered, "References": answered}
        return headers


def _sender(settings: Settings, city: City) -> Email:
    """``EMAIL_FROM`` as ``name <address>`` or an address; in the sandbox the city's own when it is empty."""
    name, address = parseaddr(settings.email_from)
    if not address and settings.comms_mode is Mode.SANDBOX:
        address = city.email
    if "@" not in address or not settings.sendgrid_api_key.get_secret_value():
        raise ChannelNotAllowed("Emails cannot leave: set SENDGRID_API_KEY, and EMAIL_FROM to the office's address.")
    return From(address, name or city.utility_name)


def _reply_to(settings: Settings, sender: Email) -> ReplyTo:
    """``EMAIL_REPLY_TO``, whose mail SendGrid's Inbound Parse hands to us; the sender itself when it is empty."""
    name, address = parseaddr(settings.email_reply_to)
    return ReplyTo(address or sender.email, name or sender.name)


def _result(answer: Answer, now: datetime) -> Result:
    """202 is the only yes; only SendGrid's own JSON, or a 4xx, says that the mail was not taken."""
    status = answer.status
    if status == 202:
        return Result(Outcome.ACCEPTED, carrier_id=answer.headers.get("X-Message-Id"), http_status=status)
    complaints = _complaints(answer)
    detail = "; ".join(said for said, _ in complaints)[:300] or None
    row = errors.at_send("sendgrid", _code(status, complaints))
    known = row.source != errors.UNKNOWN
    if 200 <= status < 300 or status == 408 or (status >= 500 and not (known and complaints)):
        return Result(Outcome.AMBIGUOUS, http_status=status, error_code=str(status), detail=detail)
    wait = wait_asked_for(answer.headers, now) or row.retry_after
    if not known:  # a redirect or a proxy's refusal: not SendGrid's word, and nothing was taken
        return Result(Outcome.REFUSED_NOW, None, status, str(status), detail, wait, status < 400 or status == 407)
    if status == 400 and not complaints:
        return Result(Outcome.REFUSED_NOW, None, status, row.code, detail, wait)
    if row.outcome is not Outcome.REFUSED_NOW:
        wait = None
    return Result(row.outcome, None, status, row.code, detail, wait, row.halt, row.address_status)


def _code(status: int, complaints: list[tuple[str, str]]) -> str:
    fields = [field for _, field in complaints]
    if status == 400 and any(field.startswith("personalizations") and ".to" in field for field in fields):
        return "400:address"
    if status == 400 and any(field == "from" or field.startswith("from.") for field in fields):
        return "400:from"
    return str(status)


def _complaints(answer: Answer) -> list[tuple[str, str]]:
    """What SendGrid's ``errors`` say: words and field. Empty when the body is not SendGrid's."""
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return []
    given = body.get("errors") if isinstance(body, Mapping) else None
    if not isinstance(given, list):
        return []
    return [(str(e.get("message") or ""), str(e.get("field") or "")) for e in given if isinstance(e, Mapping)]


def _one_line(text: str) -> str:
    return " ".join(text.split())
