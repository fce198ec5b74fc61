"""Tokens that carriers carry for us, and the hashes that stand for people in logs.

A message token is the message's number and a keyed digest of it. It says nothing about the customer, cannot be guessed,
and is safe in a URL: the status callback of a text and the ``custom_args`` of an email carry it.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode

_TOKEN_BYTES = 12


def message_token(secret: bytes, message_id: int) -> str:
    """The token of a message: ``<id>-<digest>``, letters, digits, ``-`` and ``_`` only."""
    return f"{message_id}-{_digest(secret, f'message:{message_id}')}"


def read_message_token(secret: bytes, token: str) -> int | None:
    """The message a token stands for, or None when we did not make it."""
    number, _, _ = token.partition("-")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    return int(number) if hmac.compare_digest(token.encode(), message_token(secret, int(number)).encode()) else None


def sign(secret: bytes, purpose: str, value: str) -> str:
    """A keyed digest of ``value`` for one purpose (an unsubscribe link, a page cursor)."""
    return _digest(secret, f"{purpose}:{value}")


def stands_for(secret: bytes, value: str) -> str:
    """How a phone number, an address or an account appears in logs: its last four characters and a keyed hash."""
    return f"…{value[-4:]}#{_digest(secret, f'log:{value}')[:8]}"


def _digest(secret: bytes, text: str) -> str:
    raw = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(raw[:_TOKEN_BYTES]).decode()
