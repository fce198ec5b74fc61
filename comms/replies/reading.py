"""What a stored reply says: its own words, and what they mean for an account."""

from dataclasses import replace
from typing import Any

from comms.accounts import Account
from comms.city import City

from .mail_text import new_subject, said
from .schema import InboundMessage
from .understanding import Understanding, understand


def words_of(inbound: InboundMessage) -> str:
    """What the customer wrote: of an email the new text alone, without quotations and signature."""
    return said(inbound.text, inbound.subject) if inbound.channel == "email" else inbound.text


def understood(words: str, inbound: InboundMessage, city: City, account: Account | None) -> Understanding:
    """What ``words`` mean on the day they came, for what this account owes.

    Of an email the subject counts too where it asks to be left alone, unless it only answers ours.
    """
    owes = owed(account)
    terms = (inbound.received_at, city.time_zone, owes["past_due_cents"], owes["total_cents"])
    meant = understand(words, *terms)
    subject = new_subject(inbound.subject) if inbound.channel == "email" else ""
    if not subject or meant.intent == "opt_out":
        return meant
    headed = understand(subject, *terms)
    if headed.intent != "opt_out":
        return meant
    if meant.intent == "emergency":
        return replace(meant, also=(*meant.also, "opt_out"))
    return replace(headed, also=(*headed.also, meant.intent))


def owed(account: Account | None) -> dict[str, int]:
    """What an account owes, as the understanding takes it: the past due, and with the current charges."""
    past_due = max(account.past_due_cents, 0) if account else 0
    total = past_due + max(account.current_cents, 0) if account else 0
    return {"past_due_cents": past_due, "total_cents": total}


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
