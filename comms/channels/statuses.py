"""A carrier's words for what became of a message, as the outbox's states. The one place where they meet.

A word that is not here gives None: the receipt is kept and shown to staff, and changes nothing.
"""

TWILIO = {
    "accepted": "submitted",
    "scheduled": "submitted",
    "queued": "submitted",
    "sending": "submitted",
    "sent": "sent",
    "partially_delivered": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "undelivered",
    "failed": "failed",
    "canceled": "failed",
}
"""Message statuses of the Twilio API specification. ``partially_delivered`` proves no delivery."""

SENDGRID = {
    "processed": "submitted",
    "deferred": "submitted",
    "delivered": "delivered",
    "bounce": "bounced",
    "dropped": "failed",
}
"""Delivery events (sg-docs, event.md). Opens and clicks are machines as often as people and prove nothing more."""

SENDGRID_OPT_OUTS = {
    "spamreport": "reported the mail as spam",
    "unsubscribe": "unsubscribed at the carrier",
    "group_unsubscribe": "unsubscribed from a group at the carrier",
}
"""Events by which a person says no more."""

SENDGRID_NOTED = frozenset({"open", "click", "group_resubscribe"})
"""Events that are kept and change nothing. A resubscription at the carrier is not consent given to the office."""


def twilio_status(status: str) -> str | None:
    """The state for a Twilio message status; what to do about its error code is in the error tables."""
    return TWILIO.get(status.strip().lower())


def sendgrid_event(event: str) -> str | None:
    """The state for a SendGrid event. A bounce of type ``blocked`` is one too: of this message, not of the address."""
    return SENDGRID.get(event.strip().lower())
