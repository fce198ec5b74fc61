"""Twilio's posts: what is kept of them, and what they mean. The twin of ``comms.channels.sms_twilio``."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import parse_qsl

from comms.channels import errors
from comms.channels.statuses import twilio_status
from comms.outbox import Receipt
from comms.replies import Inbound
from comms.signing import read_message_token

from .contract import Post, Refused
from .reading import AddressNews, Reading, halt

MOST_FIELDS = 200
"""Twilio posts about 25 names and adds some without notice; ten media add twenty."""
_SID = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")
_WORD = re.compile(r"[A-Za-z_]{1,40}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


def read_form(raw: bytes) -> tuple[str, list[tuple[str, str]]]:
    """The body as text and as pairs, empty ones too: all are signed. Raises ``Refused``."""
    try:
        text = raw.decode("utf-8")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except UnicodeDecodeError:
        raise Refused(400, "body") from None
    except ValueError:
        raise Refused(413, "too_many_fields") from None
    if "\0" in text:
        raise Refused(400, "body")
    return text, pairs


def inbound_post(body: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Post:
    """A customer's text. Its SID is its key: Twilio repeats a post, and a reconciliation finds the same message."""
    sid = _sid(form)
    if not form.get("From") or not form.get("To"):
        raise Refused(400, "field")
    return Post("twilio", "sms.inbound", sid, body, headers=headers)


def status_post(body: str, form: Mapping[str, str], token: str, headers: Mapping[str, str]) -> Post:
    """A status callback. One message tells each status once; a repetition has the same key."""
    sid, status = _sid(form), form.get("MessageStatus", "")
    if not _WORD.fullmatch(status):
        raise Refused(400, "field")
    key = status_key(sid, status, form.get("ErrorCode"))
    return Post("twilio", "sms.status", key, body, token if _TOKEN.fullmatch(token) else None, headers)


def status_key(sid: str, status: str, error_code: str | None) -> str:
    """The key of one status of one message, the same from a callback and from Twilio's list."""
    code = re.sub(r"\W", "", error_code or "")[:16]
    return f"{sid}:{status.lower()}:{'' if code == '0' else code}"


def _sid(form: Mapping[str, str]) -> str:
    sid = form.get("MessageSid", "")
    if not _SID.fullmatch(sid):
        raise Refused(400, "field")
    return sid


def read_status(body: str, token: str | None, secret: bytes, row_id: int, at: datetime) -> Reading:
    """A kept status callback. It carries no time of its own that could be trusted (``RawDlrDoneDate`` has no zone)."""
    form = dict(parse_qsl(body, keep_blank_values=True))
    sid, word = form["MessageSid"], form["MessageStatus"]
    state = twilio_status(word)
    if state is None:
        return Reading(unmatched=f"Twilio reported {word!r} for {sid}, a status this service does not know.")
    code = form.get("ErrorCode") or None
    code = None if code == "0" else code
    failed = state in ("undelivered", "failed")
    row = errors.at_delivery("twilio", code) if failed else None
    receipt = Receipt(
        message_id=read_message_token(secret, token) if token else None,
        carrier_id=sid,
        carrier="twilio",
        state=state,
        at=at,
        error_code=code if failed else None,
        error_text=row.meaning if row and code else (form.get("ErrorMessage") or None),
        webhook_event_id=row_id,
    )
    if row is None:
        return Reading(receipt, note=state)
    return Reading(receipt, _address(row, form.get("To", ""), sid), halt("Twilio", row), state)


def _address(row: errors.DeliveryError, address: str, sid: str) -> AddressNews | None:
    if row.address_status is None or not address:
        return None
    return AddressNews("sms", address, row.address_status, f"Twilio {row.code}", f"status callback of {sid}")


def read_inbound(body: str, row_id: int, at: datetime) -> Inbound:
    """A kept text from a customer."""
    form = dict(parse_qsl(body, keep_blank_values=True))
    return Inbound(
        channel="sms",
        provider_id=form["MessageSid"],
        sender=form["From"],
        recipient=form["To"],
        text=form.get("Body", ""),
        received_at=at,
        media=_media(form),
        webhook_event_id=row_id,
        carrier_opt_out=form.get("OptOutType") or None,
    )


def _media(form: Mapping[str, str]) -> Sequence[dict[str, str]]:
    """Types of attachments; their content stays with Twilio."""
    count = form.get("NumMedia", "0")
    many = min(int(count), 10) if count.isascii() and count.isdigit() and len(count) < 4 else 0
    return [{"name": f"media{n}", "type": form.get(f"MediaContentType{n}", "")} for n in range(many)]
