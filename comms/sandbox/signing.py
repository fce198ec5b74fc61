"""How the carriers sign what they post: Twilio with the auth token, SendGrid with a key pair."""

import hmac
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha1, sha256
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PUBLIC_KEY_FILE = "sandbox-sendgrid.pub"

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_SHA256 = ec.ECDSA(hashes.SHA256())


def twilio_signature(token: str, url: str, params: Iterable[tuple[str, str]]) -> str:
    """``X-Twilio-Signature``: HMAC-SHA1 over the URL and the sorted names and values (Twilio, webhooks security)."""
    text = url + "".join(name + value for name, value in sorted(set(params)))
    return b64encode(hmac.digest(token.encode(), text.encode(), sha1)).decode("ascii")


class SendGridKey:
    """The P-256 key pair of a sandbox: made from its seed, so that a restart keeps the service's settings true."""

    def __init__(self, seed: int) -> None:
        secret = int.from_bytes(sha256(b"sandbox sendgrid event webhook %d" % seed).digest())
        self._key = ec.derive_private_key(secret % (_P256_ORDER - 1) + 1, ec.SECP256R1())

    @property
    def public(self) -> str:
        """The public key as SendGrid shows it: base64 of the DER SubjectPublicKeyInfo, on one line."""
        der = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return b64encode(der).decode("ascii")

    def sign(self, timestamp: str, body: bytes) -> str:
        """``X-Twilio-Email-Event-Webhook-Signature``: ECDSA with SHA-256 over the timestamp and the raw body."""
        return b64encode(self._key.sign(timestamp.encode("ascii") + body, _SHA256)).decode("ascii")


def sendgrid_public_key(seed: int = 0) -> str:
    """The key to configure as ``SENDGRID_WEBHOOK_PUBLIC_KEY`` for a sandbox of this seed."""
    return SendGridKey(seed).public


def write_public_key(var: Path, key: SendGridKey) -> Path:
    """Leave the public key where the service's settings can find it, in one atomic step."""
    var.mkdir(parents=True, exist_ok=True)
    scratch = var / f"{PUBLIC_KEY_FILE}.tmp"
    scratch.write_text(key.public + "\n", "ascii")
    return scratch.replace(var / PUBLIC_KEY_FILE)
