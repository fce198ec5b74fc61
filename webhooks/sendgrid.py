"""SendGrid's posts: what is kept of them, and what they mean. The twin of ``comms.channels.email_sendgrid``."""

import hmac
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import IO, Any

from comms.channels import errors
from comms.channels.email_sendgrid import TOKEN_ARGUMENT
from comms.channels.statuses import SENDGRID_NOTED, SENDGRID_OPT_OUTS, sendgrid_event
from comms.outbox import Receipt
from comms.replies import Inbound
from comms.settings import Settings
from comms.signing import read_message_token

from . import parsed_mail
from .contract import Post, Refused
from .reading import AddressNews, Reading, halt
from .signatures import sendgrid_key, sendgrid_signature_holds

SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"
MOST_EVENTS = 10_000
LONGEST_ID = 100
"""sg-docs, event.md: ``sg_event_id`` has up to 100 characters."""
OLDEST = timedelta(days=10)
"""An event's own time is believed when it is not later than its post and not older than this: SendGrid tries a mail for
3 days and repeats a post for 1."""

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


def signed(settings: Settings, timestamp: str | None, signature: str | None, raw: bytes) -> bool:
    """Whether an event post is SendGrid's."""
    key = sendgrid_key(settings)
    return bool(key) and sendgrid_signature_holds(key, timestamp, signature, raw)


def secret_holds(settings: Settings, secret: str) -> bool:
    """Inbound Parse posts are not signed: the address they are sent to is the secret."""
    due = settings.sendgrid_inbound_secret.get_secret_value()
    return bool(due) and hmac.compare_digest(secret.encode("utf-8", "replace"), due.encode())


def event_posts(raw: bytes) -> list[Post]:
    """One post for each event of a batch, each with exactly its own text. Raises ``Refused``.

    ``sg_event_id`` is the key. What is not an event is kept too, under a digest of its text.
    """
    try:
        text = raw.decode("utf-8")
        pieces = list(_elements(text))
    except (ValueError, RecursionError):
        raise Refused(400, "body") from None
    if len(pieces) > MOST_EVENTS or "\0" in text:
        raise Refused(400, "body")
    return [_event_post(event, piece) for event, piece in pieces]


def _elements(text: str) -> list[tuple[Any, str]]:
    """The elements of a JSON array, each with its own text. Raises ``ValueError``."""
    at = _after_space(text, 0)
    if text[at : at + 1] != "[":
        raise ValueError("not an array")
    at = _after_space(text, at + 1)
    found: list[tuple[Any, str]] = []
    closing = text[at : at + 1] == "]"
    while not closing:
        value, end = _DECODER.raw_decode(text, at)
        found.append((value, text[at:end]))
        at = _after_space(text, end)
        mark = text[at : at + 1]
        if mark not in (",", "]") or not mark:
            raise ValueError("the array is not closed")
        closing = mark == "]"
        if not closing:
            at = _after_space(text, at + 1)
    if _after_space(text, at + 1) != len(text):
        raise ValueError("something follows the array")
    return found


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _event_post(event: Any, piece: str) -> Post:
    given = event.get("sg_event_id") if isinstance(event, Mapping) else None
    key = given if isinstance(given, str) and 0 < len(given) <= LONGEST_ID and given.isprintable() else ""
    if not key.isascii() or not key:
        key = "sha256:" + sha256(piece.encode("utf-8", "surrogatepass")).hexdigest()
    return Post("sendgrid", "email.event", key, piece)


def read_event(body: str, secret: bytes, row_id: int, received_at: datetime) -> Reading:
    """A kept event."""
    event = json.loads(body)
    if not isinstance(event, Mapping) or not isinstance(event.get("event"), str):
        return Reading(unmatched="SendGrid posted something that is not an event.")
    word = event["event"].strip().lower()
    address = _text(event, "email").strip().lower()
    if word in SENDGRID_NOTED:
        return Reading(note=word)
    if word in SENDGRID_OPT_OUTS:
        why = f"SendGrid {word}"
        evidence = f"{address} {SENDGRID_OPT_OUTS[word]}, event {_text(event, 'sg_event_id')}"
        return Reading(
            address=AddressNews("email", address, "opted_out", why, evidence) if address else None, note=word
        )
    state = sendgrid_event(word)
    if state is None:
        return Reading(unmatched=f"SendGrid reported {word[:40]!r}, an event this service does not know.")
    code = _code(word, event)
    row = errors.at_delivery("sendgrid", code) if code else None
    receipt = Receipt(
        message_id=read_message_token(secret, _text(event, TOKEN_ARGUMENT)),
        carrier_id=_text(event, "sg_message_id").partition(".")[0] or None,
        carrier="sendgrid",
        state=state,
        at=_moment(event, received_at),
        error_code=code,
        error_text=row.meaning if row else None,
        webhook_event_id=row_id,
    )
    if row is None:
        return Reading(receipt, note=word)
    news = None
    if row.address_status and address:
        said = _text(event, "reason")[:200]
        news = AddressNews("email", address, row.address_status, f"SendGrid {row.code}", said or row.meaning)
    return Reading(receipt, news, halt("SendGrid", row), word)


def _code(word: str, event: Mapping[str, Any]) -> str | None:
    """``bounce:<type>`` or ``dropped:<reason>``, as the error table spells them."""
    if word == "bounce":
        return f"bounce:{_text(event, 'type').strip().lower() or 'bounce'}"[:80]
    if word == "dropped":
        return f"dropped:{_text(event, 'reason').strip()}"[:80]
    return None


def _moment(event: Mapping[str, Any], received_at: datetime) -> datetime:
    given = event.get("timestamp")
    if not isinstance(given, int | float) or isinstance(given, bool):
        return received_at
    try:
        moment = datetime.fromtimestamp(given, UTC)
    except (ValueError, OverflowError, OSError):
        return received_at
    return moment if received_at - OLDEST <= moment <= received_at else received_at


def _text(event: Mapping[str, Any], name: str) -> str:
    value = event.get(name)
    return value if isinstance(value, str) else ""


def mail_post(boundary: str, stream: IO[bytes]) -> Post:
    """A customer's mail: its words and the names of its attachments, never their content. Raises ``Refused``."""
    mail = parsed_mail.read(boundary, stream)
    body = json.dumps(mail, ensure_ascii=True, separators=(",", ":"))
    told = [mail["envelope"], mail["message_id"], mail["subject"], mail["text"]]
    digest = sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    return Post("sendgrid", "email.inbound", f"mail:{digest}", body)


def read_mail(body: str, key: str, row_id: int, at: datetime) -> Inbound | None:
    """A kept mail; None when a machine wrote it (RFC 3834: an answer to it would answer a machine)."""
    mail = json.loads(body)
    if mail["automatic"]:
        return None
    envelope = mail["envelope"]
    return Inbound(
        channel="email",
        provider_id=mail["message_id"] or key,
        sender=envelope["from"],
        recipient=envelope["to"][0] if envelope["to"] else mail["to"],
        text=mail["text"],
        received_at=at,
        subject=mail["subject"] or None,
        media=_attachments(mail["attachments"]),
        webhook_event_id=row_id,
    )


def _attachments(given: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    return [{"name": file["name"], "type": file["type"]} for file in given]
