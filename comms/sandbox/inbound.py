"""What customers send: texts and emails that the carriers hand on to the service."""

import json
from base64 import b64decode
from collections.abc import Mapping
from email.utils import format_datetime
from typing import Any

from comms.clock import Clock
from comms.sandbox.draws import Draws
from comms.sandbox.messages import API_VERSION, Message, Messages
from comms.sandbox.segments import count_segments
from comms.sandbox.twilio import TwilioApi
from comms.sandbox.webhooks_out import Webhooks
from comms.settings import SANDBOX_TWILIO_NUMBER, SANDBOX_TWILIO_SERVICE, SANDBOX_TWILIO_SID

STOP_WORDS = frozenset({"STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"})
START_WORDS = frozenset({"START", "UNSTOP"})
HELP_WORDS = frozenset({"HELP", "INFO"})
"""Twilio's default words (twilio advanced-opt-out page, 2026); only a message of one such word counts."""

_PLACES = {"218": ("MN", "DULUTH", "55802"), "330": ("OH", "KENT", "44240"), "234": ("OH", "KENT", "44240")}


class InboundError(ValueError):
    """A message that no customer could have sent; says what is missing."""


class Inbound:
    """Takes in what a customer sends and posts it on as the carrier would."""

    def __init__(
        self,
        *,
        twilio: TwilioApi,
        messages: Messages,
        webhooks: Webhooks,
        draws: Draws,
        clock: Clock,
        sms_url: str,
        mail_url: str,
    ) -> None:
        self._twilio = twilio
        self._messages = messages
        self._webhooks = webhooks
        self._draws = draws
        self._clock = clock
        self._sms_url = sms_url
        self._mail_url = mail_url
        self._mails = 0

    def text(self, given: Mapping[str, Any], era: int) -> str:
        """A text from a customer: ``from``, ``body``; optional ``to``, ``service``, ``advanced_opt_out``, ``webhook``.

        Returns its SID. ``webhook: false`` leaves it in the list only, as when Twilio gave up posting it.
        """
        sender, to = _text(given, "from"), _text(given, "to", SANDBOX_TWILIO_NUMBER)
        body = _text(given, "body", "")
        service = SANDBOX_TWILIO_SERVICE if given.get("service", True) else None
        now = self._clock.now()
        number = self._messages.next_number()
        sid = "SM" + self._draws.hex32("inbound", era, number)
        message = Message(
            number, sid, SANDBOX_TWILIO_SID, to, sender, body, "inbound", "received", now, now, service, sent=now
        )
        self._messages.add(message)
        kind = self._opt_out_type(sender, body)
        if given.get("webhook", True):
            advanced = service is not None and given.get("advanced_opt_out", True)
            self._webhooks.twilio(self._sms_url, _params(message, kind if advanced else ""), sid)
        return sid

    def mail(self, given: Mapping[str, Any], era: int) -> str:
        """An email from a customer: ``from``, ``to``, ``subject``, ``text``; optional ``html``, ``message_id``,
        ``in_reply_to``, ``spf``, ``attachments`` (``filename``, ``type``, ``content`` in base64). Returns its
        Message-ID."""
        self._mails += 1
        digest = self._draws.raw(12, "inbound mail", era, self._mails)
        message_id = _text(given, "message_id", f"<{digest.hex()}@mail.example.com>")
        boundary = f"xYzZY{digest.hex()}"
        parts = _mail_parts(given, message_id, format_datetime(self._clock.now()))
        body = b"".join(_form_part(boundary, name, more, value) for name, more, value in parts)
        body += f"--{boundary}--\r\n".encode("ascii")
        self._webhooks.plain(self._mail_url, f"multipart/form-data; boundary={boundary}", body)
        return message_id

    def _opt_out_type(self, sender: str, body: str) -> str:
        """STOP, START, HELP or nothing; keeps the carrier's own list of who has opted out."""
        word = body.strip().rstrip(".!").upper()
        if word in STOP_WORDS:
            self._twilio.opted_out.add(sender)
            return "STOP"
        if word in START_WORDS or (word == "YES" and sender in self._twilio.opted_out):
            self._twilio.opted_out.discard(sender)
            return "START"
        return "HELP" if word in HELP_WORDS else ""


def _text(given: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = given.get(name, default)
    if not isinstance(value, str) or (default is None and not value):
        raise InboundError(f"{name!r} is required and is a string.")
    return value


def _params(message: Message, opt_out_type: str) -> tuple[tuple[str, str], ...]:
    """The form of an inbound text, with the geographic fields of a United States number."""
    params: list[tuple[str, str]] = []
    for side, number in (("To", message.to), ("From", message.sender or "")):
        if number.startswith("+1"):
            state, city, code = _PLACES.get(number[2:5], ("", "", ""))
            params += [(f"{side}Country", "US"), (f"{side}State", state), (f"{side}City", city), (f"{side}Zip", code)]
    params += [
        ("SmsMessageSid", message.sid),
        ("NumMedia", "0"),
        ("SmsSid", message.sid),
        ("SmsStatus", "received"),
        ("Body", message.body),
        ("To", message.to),
        ("NumSegments", str(count_segments(message.body))),
        ("MessageSid", message.sid),
        ("AccountSid", message.account),
        ("From", message.sender or ""),
        ("ApiVersion", API_VERSION),
    ]
    if message.service:
        params.append(("MessagingServiceSid", message.service))
    if opt_out_type:
        params.append(("OptOutType", opt_out_type))
    return tuple(params)


def _mail_parts(given: Mapping[str, Any], message_id: str, date: str) -> list[tuple[str, str, bytes]]:
    """Name, further disposition and headers, and content of each part of an Inbound Parse form."""
    sender, to = _text(given, "from"), _text(given, "to")
    subject, text = _text(given, "subject", ""), _text(given, "text", "")
    address = sender.rpartition("<")[2].rstrip("> ")
    domain = address.rpartition("@")[2]
    headers = [f"From: {sender}", f"To: {to}", f"Subject: {subject}", f"Date: {date}", f"Message-ID: {message_id}"]
    if reply := _text(given, "in_reply_to", ""):
        headers.append(f"In-Reply-To: {reply}")
    fields = {
        "headers": "\n".join(headers) + "\n",
        "dkim": f"{{@{domain} : pass}}",
        "to": to,
        "from": sender,
        "subject": subject,
        "text": text,
        "sender_ip": "203.0.113.20",
        "envelope": json.dumps({"to": [to.rpartition("<")[2].rstrip("> ")], "from": address}),
        "spam_report": "Score 0.012, no rule matched.",
        "spam_score": "0.012",
        "SPF": _text(given, "spf", "pass"),
    }
    if html := _text(given, "html", ""):
        fields["html"] = html
    encoded = [name for name in ("to", "from", "subject", "text", "html") if name in fields]
    fields["charsets"] = json.dumps(dict.fromkeys(encoded, "UTF-8"))
    attached = given.get("attachments", [])
    fields["attachments"] = str(len(attached))
    files: list[tuple[str, str, bytes]] = []
    about: dict[str, dict[str, str]] = {}
    for number, file in enumerate(attached, 1):
        name, kind = _text(file, "filename").replace('"', ""), _text(file, "type", "application/octet-stream")
        about[f"attachment{number}"] = {"filename": name, "name": name, "type": kind}
        files.append(
            (f"attachment{number}", f'; filename="{name}"\r\nContent-Type: {kind}', b64decode(file["content"]))
        )
    if about:
        fields["attachment-info"] = json.dumps(about)
    return [(name, "", value.encode("utf-8", "replace")) for name, value in fields.items()] + files


def _form_part(boundary: str, name: str, more: str, value: bytes) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode("utf-8") + value + b"\r\n"
