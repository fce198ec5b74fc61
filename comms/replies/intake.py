"""Keeping what a customer wrote, before anybody understands it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.clock import Clock
from comms.db import upsert

from .schema import InboundMessage


@dataclass(frozen=True)
class Inbound:
    """A text or an email as the carrier told it. ``provider_id`` is the carrier's own id of the message."""

    channel: str
    """``sms`` or ``email``."""
    provider_id: str
    sender: str
    """E.164, or an email address."""
    recipient: str
    text: str
    received_at: datetime
    subject: str | None = None
    media: Sequence[Any] = ()
    """Names and types of attachments, never their content."""
    webhook_event_id: int | None = None
    carrier_opt_out: str | None = None
    """Twilio's OptOutType (``STOP``, ``START``, ``HELP``): the carrier has already answered."""


def receive(session: Session, inbound: Inbound, clock: Clock) -> int | None:
    """Keep a message: its new id, or None when this one was kept before (the carrier repeats itself)."""
    known = select(InboundMessage.id).where(
        InboundMessage.channel == inbound.channel, InboundMessage.provider_id == inbound.provider_id
    )
    if session.scalar(known) is not None:
        return None
    row = {
        "channel": inbound.channel, "provider_id": inbound.provider_id, "sender": _address(inbound),
        "recipient": storable(inbound.recipient), "subject": storable(inbound.subject),
        "text": storable(inbound.text) or "", "media": _storable_media(inbound.media),
        "received_at": min(inbound.received_at, clock.now()),
        "webhook_event_id": inbound.webhook_event_id, "account_id": None, "matched_by": None, "conversation_id": None,
        "carrier_opt_out": inbound.carrier_opt_out, "intent": None, "confidence": None, "understanding": None,
        "handling": "new", "handled_at": None,
    }  # fmt: skip
    upsert(session, InboundMessage, [row], key=["channel", "provider_id"])
    return session.scalar(known.where(InboundMessage.handling == "new"))


def storable(text: str | None) -> str | None:
    """Text as both databases can keep it: what no UTF-8 text can hold (NUL, lone surrogates) becomes U+FFFD."""
    if text is None:
        return None
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _storable_media(media: Sequence[Any]) -> list[Any]:
    return [{name: storable(str(value)) for name, value in one.items()} for one in media]


def _address(inbound: Inbound) -> str:
    """Email addresses are kept in lower case, as contact points are."""
    sender = (storable(inbound.sender) or "").strip()
    return sender.lower() if inbound.channel == "email" else sender
