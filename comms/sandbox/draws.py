"""Chance that can be played again: every draw is a function of the seed and of what it is drawn for."""

from hashlib import blake2b

_SPAN = float(1 << 64)


class Draws:
    """Draws keyed by name: the same seed and key give the same answer, in any order and in any process."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._key = str(seed).encode()

    def unit(self, *key: object) -> float:
        """A number from 0 (included) to 1 (excluded)."""
        return int.from_bytes(self._digest(key, 8)) / _SPAN

    def hex32(self, *key: object) -> str:
        """32 hexadecimal digits: the body of a Twilio SID."""
        return self._digest(key, 16).hex()

    def raw(self, size: int, *key: object) -> bytes:
        """``size`` bytes, 64 at most."""
        return self._digest(key, size)

    def happens(self, rate: float, *key: object) -> bool:
        """Whether something with this rate (0 to 1) happens for this key."""
        return rate > 0 and (rate >= 1 or self.unit(*key) < rate)

    def _digest(self, key: tuple[object, ...], size: int) -> bytes:
        return blake2b("\x1f".join(map(str, key)).encode(), digest_size=size, key=self._key).digest()
