"""One-time codes from a phone, as the second thing that signing in with a password may ask for (RFC 6238).

A user sets them up alone: a secret is made and shown as a QR code, and counts once a first code of it was typed. The
secret is kept sealed with the service's key, so that a copy of the database makes no codes. No code works twice: the
time step of the last one used is kept, and only a later step is taken (RFC 6238, section 5.2). An administrator
takes the codes off a user whose phone is lost.
"""

import base64
import hmac
from datetime import datetime

import pyotp
import zint
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from markupsafe import Markup
from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from comms.desk.schema import User

STEP = 30
"""Seconds that a code is shown (RFC 6238, section 5.2)."""
DRIFT = 1
"""Steps that the phone's clock may be ahead or behind."""
DIGITS = 6


class CodeError(ValueError):
    """Why codes cannot be set up; the message says what to do."""


def begin(session: Session, user: User, key: bytes) -> str:
    """Make a new secret for a user; it asks for nothing until ``confirm``. Codes in force are left alone."""
    if user.totp_since is not None:
        raise CodeError("Codes are on already. Turn them off first, to set them up on another phone.")
    secret = pyotp.random_base32()
    user.totp_secret = _sealing(key).encrypt(secret.encode()).decode()
    user.totp_last_step = None
    session.flush()
    return secret


def secret_of(user: User, key: bytes) -> str | None:
    """The secret in readable form; None when there is none, or when it was sealed with another key."""
    if not user.totp_secret:
        return None
    try:
        return _sealing(key).decrypt(user.totp_secret.encode()).decode()
    except InvalidToken:
        return None


def confirm(session: Session, user: User, key: bytes, code: str, at: datetime) -> bool:
    """Put codes in force when the first one is right."""
    if user.totp_since is not None or not take(session, user, key, code, at):
        return False
    user.totp_since = at
    session.flush()
    return True


def take(session: Session, user: User, key: bytes, code: str, at: datetime) -> bool:
    """Whether the code is right and was not used before; it is used now. One conditional UPDATE decides when the same
    code comes twice at once."""
    step = _step_of(secret_of(user, key), code, at)
    if step is None:
        return False
    used = session.execute(
        update(User)
        .where(User.id == user.id, or_(User.totp_last_step.is_(None), User.totp_last_step < step))
        .values(totp_last_step=step)
        .returning(User.id)
    )
    return used.first() is not None


def take_off(user: User) -> None:
    """Ask this user for no codes any more."""
    user.totp_secret = user.totp_since = user.totp_last_step = None


def address(secret: str, username: str, issuer: str) -> str:
    """What the QR code says to the phone (``otpauth:``, the Key Uri Format that authenticator apps read)."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=issuer)


def picture(text: str) -> Markup:
    """A QR code as SVG: dark on white whatever the colours around it, with the quiet zone of four modules that
    readers need (ISO/IEC 18004)."""
    code = zint.Symbol()
    code.symbology = zint.Symbology.QRCODE
    code.encode(text)
    code.buffer_vector()
    vector = code.vector
    path = "".join(f"M{r.x:g} {r.y:g}h{r.width:g}v{r.height:g}h-{r.width:g}z" for r in vector.rectangles)
    edge = 4 * vector.width / code.width
    frame = f"{-edge:g} {-edge:g} {vector.width + 2 * edge:g} {vector.height + 2 * edge:g}"
    left, top, wide, high = frame.split()
    return Markup(
        '<svg class="qr" role="img" aria-labelledby="qr-title" viewBox="{}"><title id="qr-title">QR code of the key'
        '</title><rect x="{}" y="{}" width="{}" height="{}" fill="#fff"/><path fill="#000" d="{}"/></svg>'
    ).format(frame, left, top, wide, high, path)


def _step_of(secret: str | None, code: str, at: datetime) -> int | None:
    """The time step whose code this is, near the time; None when it is the code of none."""
    typed = "".join(code.split())
    if secret is None or len(typed) != DIGITS or not (typed.isascii() and typed.isdigit()):
        return None
    now, maker = int(at.timestamp()) // STEP, pyotp.TOTP(secret)
    steps = range(now - DRIFT, now + DRIFT + 1)
    right = [step for step in steps if hmac.compare_digest(maker.generate_otp(step), typed)]
    return right[-1] if right else None


def _sealing(key: bytes) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"one-time codes of staff").derive(key)
    return Fernet(base64.urlsafe_b64encode(derived))
