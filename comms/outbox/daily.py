"""No more in a day than the carrier lets us: a count for each sender and day, shared by all workers.

T-Mobile counts the message segments of a brand from midnight to midnight Pacific time, whatever number or vendor they
leave by: 2,000 a day unless the brand was vetted (facts 3c: Twilio support 1260804800549). What is over is not
delivered (Twilio error 30023). We do not know which phones are T-Mobile's, so every text counts.

The database knows what left: the attempts. Redis spares counting them for each group of requests, and keeps workers
that send at once from passing the limit together. Its count is made anew from the database when it is not there, after
Redis came back empty, and in any case every ``RECOUNT``: that mends what a worker that died had reserved. While Redis
is away the attempts are counted each time. A request that leaves between such a count and its own attempt is missed
until the next one: a few segments, not a day's.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import redis
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from comms.clock import Clock
from comms.db import Database

from .claims import CARRIER_OF, Claimed
from .schema import Attempt, Message
from .states import RANK, State

PACIFIC = ZoneInfo("America/Los_Angeles")
KEPT_FOR_ANSWERS = 10
"""Per cent of the day that notices leave to answers, so that no campaign keeps a customer's STOP unconfirmed."""
RECOUNT = timedelta(minutes=15)
SLACK = timedelta(hours=1)
"""By how much a carrier's clock, which dates its receipts, may be behind ours."""
UNIT = {"sms": "text segments", "email": "emails"}

_MAY_HAVE_LEFT = tuple(sorted({State.CLAIMED, State.UNKNOWN, *RANK}))
_RESERVE = """
local count = tonumber(redis.call('GET', KEYS[1]) or -1)
if count < 0 then return -1 end
local granted, sum = 0, 0
for i = 2, #ARGV do
  if count + sum + tonumber(ARGV[i]) > tonumber(ARGV[1]) then break end
  granted, sum = granted + 1, sum + tonumber(ARGV[i])
end
if sum > 0 then redis.call('INCRBY', KEYS[1], sum) end
return granted
"""
_GIVE_BACK = """
local count = tonumber(redis.call('GET', KEYS[1]) or -1)
if count >= 0 then redis.call('DECRBY', KEYS[1], math.min(count, tonumber(ARGV[1]))) end
"""


def day_of(at: datetime) -> date:
    """The day an instant belongs to, as T-Mobile counts; SendGrid does not say how it does, and is counted alike."""
    return at.astimezone(PACIFIC).date()


def day_begins(day: date) -> datetime:
    """The instant at which a day's count begins."""
    return datetime.combine(day, time(), PACIFIC)


def units(message: Claimed) -> int:
    """What a message costs: a text its segments, an email one."""
    return max(1, message.segments or 1)


def used(session: Session, channel: str, now: datetime) -> int:
    """What has left today, or may have, by the attempts that were made."""
    begins = day_begins(day_of(now)).astimezone(now.tzinfo)
    found = session.scalar(
        select(func.sum(func.coalesce(Message.segments, 1)))
        .join(Attempt, Attempt.message_id == Message.id)
        .where(
            Message.state.in_(_MAY_HAVE_LEFT),
            Message.state_at >= begins - SLACK,
            Attempt.carrier == CARRIER_OF[channel],
            Attempt.started_at >= begins,
            Attempt.outcome.in_(("open", "accepted", "ambiguous")),
        )
    )
    return int(found or 0)


@dataclass(frozen=True)
class Share:
    """How much of a day's limit is used."""

    channel: str
    used: int
    limit: int

    @property
    def per_cent(self) -> int:
        return 100 * self.used // self.limit

    @property
    def notices_wait(self) -> bool:
        """Whether only answers leave today."""
        return self.used >= for_notices(self.limit)


def shares(session: Session, limits: Mapping[str, int], now: datetime) -> list[Share]:
    """The use of each channel that has a limit."""
    return [Share(channel, used(session, channel, now), limit) for channel, limit in limits.items()]


def for_notices(limit: int) -> int:
    """The part of a limit that notices may use."""
    return limit - -(-limit * KEPT_FOR_ANSWERS // 100)


class DailyCap:
    """At most ``limit`` units of ``channel`` a day for one sender. Used by the thread that owns the database."""

    def __init__(
        self, connection: Any, database: Database, clock: Clock, *, channel: str, sender: str, limit: int
    ) -> None:
        self._connection, self._database, self._clock = connection, database, clock
        self._channel, self._sender, self._limit = channel, sender, limit
        self._reserve = connection.register_script(_RESERVE)
        self._return = connection.register_script(_GIVE_BACK)
        self._held: dict[int, tuple[str, int]] = {}

    def reserve(self, messages: Sequence[Claimed], *, urgent: bool) -> int:
        """How many of these messages, from the first on, may still leave today; they are counted from now on."""
        costs = [units(message) for message in messages]
        limit = self._limit if urgent else for_notices(self._limit)
        key = self._key()
        try:
            granted = int(self._reserve(keys=[key], args=[limit, *costs]))
            if granted < 0:
                self._connection.set(key, self._used(), nx=True, ex=RECOUNT)
                granted = max(0, int(self._reserve(keys=[key], args=[limit, *costs])))
        except redis.RedisError:
            return _how_many(costs, limit - self._used())
        for message, cost in zip(messages[:granted], costs, strict=False):
            self._held[message.id] = (key, cost)
        return granted

    def give_back(self, ids: Collection[int]) -> None:
        """These did not leave: their share is free again."""
        free: dict[str, int] = {}
        for key, cost in (self._held.pop(id_) for id_ in ids if id_ in self._held):
            free[key] = free.get(key, 0) + cost
        try:
            for key, cost in free.items():
                self._return(keys=[key], args=[cost])
        except redis.RedisError:
            return  # the next count is made from the database

    def spend(self, ids: Collection[int]) -> None:
        """These have left, or may have: their share is used."""
        for id_ in ids:
            self._held.pop(id_, None)

    def next_day(self) -> datetime:
        """When the next day's count begins."""
        now = self._clock.now()
        return day_begins(day_of(now) + timedelta(days=1)).astimezone(now.tzinfo)

    def why(self, *, urgent: bool) -> str:
        """For staff: what a message that has to wait waits for."""
        unit = UNIT[self._channel]
        if urgent:
            return f"The carrier's limit of {self._limit:,} {unit} a day is used up; it waits for the next day."
        return (
            f"Today's {for_notices(self._limit):,} {unit} for notices are used up (the carrier takes "
            f"{self._limit:,} a day; the rest is kept for answers); it waits for the next day."
        )

    def _key(self) -> str:
        return f"comms:day:{self._sender}:{day_of(self._clock.now()).isoformat()}"

    def _used(self) -> int:
        with self._database.read() as session:
            return used(session, self._channel, self._clock.now())


def _how_many(costs: Sequence[int], left: int) -> int:
    for number, cost in enumerate(costs):
        left -= cost
        if left < 0:
            return number
    return len(costs)
