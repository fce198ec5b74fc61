"""Answering the carriers: who are you, is it whole, kept, thanks.

In order: the method, the size (413), the media type (415), the signature over the raw target and bytes (403), the
fields (400), then one insert (503 when the database is away, so that the carrier repeats) and the answer. Nothing that
can be posted makes a 500, and nothing that is refused is kept.
"""

from collections.abc import Callable, Sequence

from flask import Blueprint, Response, request
from prometheus_client import Counter

from . import sendgrid, twilio, unsubscribe
from .bell import QuietBell
from .contract import Office, Post, Refused
from .signatures import TwilioSignature, raw_target
from .store import Away, Inbox

TWILIO_BYTES = 256 * 1024
"""Far above the largest form Twilio posts: 1,600 characters and ten media addresses."""
EVENT_BYTES = 2 * 1024 * 1024
"""SendGrid posts a batch at 768 kB (sg-docs, event.md)."""
INBOUND_BYTES = 31 * 1024 * 1024
"""SendGrid takes mail up to 30 MB (sg-docs, Inbound Parse); the form around it needs a little."""
RETRY_AFTER_SECONDS = 30

WEBHOOKS = Counter("comms_webhooks_total", "Posts from carriers, by what became of them.", ["endpoint", "result"])

_TWIML = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'


def blueprint(office: Office) -> Blueprint:
    """The routes that carriers and mail readers call. They carry their own proof: no session, no CSRF token."""
    door = _Door(office)
    routes = Blueprint("webhooks", __name__)
    routes.post("/webhooks/twilio/sms", endpoint="twilio_sms")(door.twilio_sms)
    routes.post("/webhooks/twilio/status/<token>", endpoint="twilio_status")(door.twilio_status)
    routes.post("/webhooks/sendgrid/events", endpoint="sendgrid_events")(door.sendgrid_events)
    routes.post("/webhooks/sendgrid/inbound/<secret>", endpoint="sendgrid_inbound")(door.sendgrid_inbound)
    unsubscribe.add_routes(routes, office)
    return routes


class _Door:
    def __init__(self, office: Office) -> None:
        self._settings = office.settings
        self._clock = office.clock
        self._inbox = Inbox(office.database)
        self._bell = QuietBell(office.doorbell)
        self._signature = TwilioSignature(office.settings.public_url, office.settings.twilio_tokens)

    def twilio_sms(self) -> Response:
        return self._answer("twilio_sms", self._read_sms, _twiml)

    def twilio_status(self, token: str) -> Response:
        return self._answer("twilio_status", lambda: self._read_status(token), _nothing)

    def sendgrid_events(self) -> Response:
        return self._answer("sendgrid_events", self._read_events, _nothing)

    def sendgrid_inbound(self, secret: str) -> Response:
        return self._answer("sendgrid_inbound", lambda: self._read_mail(secret), _thanks)

    def _answer(self, endpoint: str, read: Callable[[], Sequence[Post]], thanks: Callable[[], Response]) -> Response:
        try:
            posts = read()
            if posts:
                self._inbox.keep(posts, self._clock.now())
        except Refused as refused:
            WEBHOOKS.labels(endpoint, refused.why).inc()
            return _refusal(refused)
        except Away:
            WEBHOOKS.labels(endpoint, "database_away").inc()
            return _plain(
                503, "The service cannot keep this now; send it again.", {"Retry-After": str(RETRY_AFTER_SECONDS)}
            )
        WEBHOOKS.labels(endpoint, "kept").inc()
        self._bell.soon()
        return thanks()

    def _read_sms(self) -> Sequence[Post]:
        body, form = self._twilio_form()
        return [twilio.inbound_post(body, form, _idempotency())]

    def _read_status(self, token: str) -> Sequence[Post]:
        body, form = self._twilio_form()
        return [twilio.status_post(body, form, token, _idempotency())]

    def _twilio_form(self) -> tuple[str, dict[str, str]]:
        raw = _body(TWILIO_BYTES)
        if request.mimetype != "application/x-www-form-urlencoded":
            raise Refused(415, "media_type")
        text, pairs = twilio.read_form(raw)
        header = request.headers.get
        if not self._signature.holds(
            raw_target(request.environ),
            pairs,
            header("X-Twilio-Signature", ""),
            header("X-Twilio-Webhooks-Signature-Settings"),
        ):
            raise Refused(403, "signature")
        return text, dict(pairs)

    def _read_events(self) -> Sequence[Post]:
        raw = _body(EVENT_BYTES)
        if request.mimetype != "application/json":
            raise Refused(415, "media_type")
        header = request.headers.get
        if not sendgrid.signed(self._settings, header(sendgrid.TIMESTAMP), header(sendgrid.SIGNATURE), raw):
            raise Refused(403, "signature")
        return sendgrid.event_posts(raw)

    def _read_mail(self, secret: str) -> Sequence[Post]:
        if not sendgrid.secret_holds(self._settings, secret):
            raise Refused(403, "signature")
        if request.mimetype != "multipart/form-data":
            raise Refused(415, "media_type")
        request.max_content_length = INBOUND_BYTES
        boundary = request.mimetype_params.get("boundary", "")
        return [sendgrid.mail_post(boundary, request.stream)]


def _body(limit: int) -> bytes:
    """The whole body; a longer one is a 413 and is not read."""
    request.max_content_length = limit
    return request.get_data(cache=False)


def _idempotency() -> dict[str, str]:
    token = request.headers.get("I-Twilio-Idempotency-Token", "")
    return {"idempotency_token": token[:80]} if token.isascii() and token.isprintable() and token else {}


def _twiml() -> Response:
    return Response(_TWIML, 200, content_type="text/xml; charset=utf-8")


def _nothing() -> Response:
    return Response(status=204)


def _thanks() -> Response:
    return _plain(200, "Kept.")


_WORDS = {
    "media_type": "This address takes another media type.",
    "signature": "The signature does not match. Check PUBLIC_URL and the carrier's keys in the settings.",
    "too_many_fields": "The form has too many fields.",
    "field": "A field is missing or malformed.",
    "body": "The body cannot be read.",
}


def _refusal(refused: Refused) -> Response:
    return _plain(refused.status, _WORDS[refused.why])


def _plain(status: int, words: str, headers: dict[str, str] | None = None) -> Response:
    return Response(words + "\n", status, content_type="text/plain; charset=utf-8", headers=headers)
