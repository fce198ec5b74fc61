"""What a stored reply says: its own words, and what they mean for an account."""

from typing import Any

from comms.accounts import Account
from comms.city import City

from .mail_text import said
from .schema import InboundMessage
from .understanding import Understanding, understand


def words_of(inbound: InboundMessage) -> str:
    """What the customer wrote: of an email the new text alone, without quotations and signature."""
    return said(inbound.text, inbound.subject) if inbound.channel == "email" else inbound.text


def understood(words: str, inbound: InboundMessage, city: City, account: Account | None) -> Understanding:
    """What ``words`` mean on the day they came, for what this account owes."""
    past_due = max(account.past_due_cents, 0) if account else 0
    total = past_due + max(account.current_cents, 0) if account else 0
    return understand(words, inbound.received_at, city.time_zone, past_due, total)


def content_of(inbound: InboundMessage) -> dict[str, Any]:
    """What is kept as proof: the exact words, who wrote them and where."""
    return {
        "channel": inbound.channel,
        "from": inbound.sender,
        "to": inbound.recipient,
        "subject": inbound.subject,
        "text": inbound.text,
        "media": inbound.media,
        "received_at": inbound.received_at.isoformat(),
    }
