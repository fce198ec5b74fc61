"""One-click unsubscription (RFC 8058): the link in an email's headers, and reading it back.

The link carries the message's number and a digest of its own kind, so that a status-callback token opens nothing here.
Only optional mail carries it: dunning and informational notices. A legal notice goes by letter whatever is chosen here,
and an answer in a conversation is not a mailing.
"""

import hmac

from comms.settings import Settings
from comms.signing import sign

PURPOSES = frozenset({"informational", "dunning"})
"""Purposes whose emails may be stopped (facts 3d: such mail is transactional, the header is a courtesy)."""


def unsubscribe_url(settings: Settings, message_id: int) -> str:
    """The address that stops this category of email for the address the message went to."""
    return f"{settings.public_url}/u/{message_id}-{sign(settings.secret, 'unsubscribe', str(message_id))}"


def unsubscribe_headers(settings: Settings, message_id: int, purpose: str) -> dict[str, str]:
    """``List-Unsubscribe`` and ``List-Unsubscribe-Post`` where they are due, else nothing."""
    if purpose not in PURPOSES:
        return {}
    return {
        "List-Unsubscribe": f"<{unsubscribe_url(settings, message_id)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def read_unsubscribe_token(settings: Settings, token: str) -> int | None:
    """The message a link came with, or None when we did not make it."""
    number, _, digest = token.partition("-")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    due = sign(settings.secret, "unsubscribe", str(int(number)))
    return int(number) if hmac.compare_digest(digest.encode(), due.encode()) else None
