"""No faster than the carrier lets us: a token bucket per sender, in Redis, shared by all workers.

Texts are counted in segments, as carriers do (facts: 10DLC throughput is message segments a second). When Redis is away
the bucket fails closed: each worker goes on alone at a slow pace.
"""

import time
from collections.abc import Callable
from typing import Any, Protocol

import redis

ALONE_PER_SECOND = 1.0
"""What a worker allows itself when it cannot ask how much the others send."""

_TAKE = """
local rate, burst, now, want = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local state = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens = tonumber(state[1]) or burst
local at = tonumber(state[2]) or now
tokens = math.min(burst, tokens + math.max(0, now - at) * rate)
local got = math.min(want, math.floor(tokens))
tokens = tokens - got
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', tostring(now))
redis.call('PEXPIRE', KEYS[1], 60000)
local wait = 0
if got < want then wait = (1 - (tokens - math.floor(tokens))) / rate end
return {got, tostring(wait)}
"""


class Pacer(Protocol):
    """Allows so many units now, and says how many seconds until there is another."""

    def take(self, units: int) -> tuple[int, float]: ...


class Unpaced:
    """No limit: the sandbox, or a carrier that limits by itself."""

    def take(self, units: int) -> tuple[int, float]:
        return units, 0.0


class TokenBucket:
    """``per_second`` units for one sender, with a burst of one second's worth; a lone worker's slow pace without Redis.

    ``now`` is real time in seconds: a carrier's limits do not follow a clock that was moved.
    """

    def __init__(
        self, connection: Any, sender: str, per_second: float, *, now: Callable[[], float] = time.time
    ) -> None:
        self._key = f"comms:pace:{sender}"
        self._rate = per_second
        self._now = now
        self._script = connection.register_script(_TAKE)
        self._alone_from = now()

    def take(self, units: int) -> tuple[int, float]:
        burst = max(1.0, self._rate)
        try:
            got, wait = self._script(keys=[self._key], args=[self._rate, burst, self._now(), units])
        except redis.RedisError:
            return self._take_alone(units)
        return int(got), float(wait)

    def _take_alone(self, units: int) -> tuple[int, float]:
        rate = min(ALONE_PER_SECOND, self._rate)
        now = self._now()
        got = min(units, max(0, int((now - self._alone_from) * rate)))
        self._alone_from = max(self._alone_from + got / rate, now - 1 / rate)
        return got, (0.0 if got == units else 1 / rate)
