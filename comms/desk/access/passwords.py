"""Passwords of staff: argon2id hashes, and what a new password must be."""

from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 12
"""Characters. A phrase of a few words is longer and easier to remember."""
LONGEST = 256

_HASHER = PasswordHasher()
"""argon2-cffi's defaults, RFC 9106's low-memory profile: argon2id, 64 MiB, 3 passes, 4 lanes."""
_AT_ONCE = BoundedSemaphore(2)
"""Each verification takes 64 MiB; a flood of sign-ins must not take all the memory."""


class WeakPasswordError(ValueError):
    """A password that may not be used; the message says what would do."""


def check_strength(password: str, username: str) -> None:
    """Refuse, with a sentence, what is too short, too long, or only the user's own name."""
    if len(password) < SHORTEST:
        raise WeakPasswordError(f"A password has at least {SHORTEST} characters; three or four words do well.")
    if len(password) > LONGEST:
        raise WeakPasswordError(f"A password has at most {LONGEST} characters.")
    if len(set(password)) < 5 or username.casefold() in password.casefold():
        raise WeakPasswordError("That password is easy to guess. Take three or four words, without the user name.")


def hashed(password: str) -> str:
    with _AT_ONCE:
        return _HASHER.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Whether ``password`` is the one behind the hash ``stored``. Without a hash (None for nobody, empty for somebody
    without a password) it takes as long and says no."""
    with _AT_ONCE:
        try:
            return _HASHER.verify(stored or _nobodys(), password) and bool(stored)
        except (VerificationError, InvalidHashError):
            return False


@cache
def _nobodys() -> str:
    return _HASHER.hash("a password that opens nothing")
