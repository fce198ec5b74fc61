"""One batch: claimed messages leave through a pool of threads, and their outcomes are written while others are leaving.

The thread that runs ``deliver`` owns the database; the pool's threads only talk to carriers. Attempts are opened in
groups, at most one pool ahead of the requests, so that a worker that dies leaves few messages of which nobody knows
whether they were sent.
"""

import queue
import random
import threading
import time
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from comms.channels import Channel, Outcome, Outgoing, Result
from comms.city import City
from comms.clock import Clock
from comms.db import Database
from comms.rules.quiet import next_open
from comms.signing import message_token
from comms.worklist import open_task

from .claims import LEASE, Claimed, claim, hand_back, open_attempts
from .daily import DailyCap
from .pacing import Pacer
from .settle import HALTED, Tried, settle

log = structlog.get_logger(__name__)

NOT_TAKEN = frozenset({Outcome.REFUSED_NOW, Outcome.REFUSED_FOR_GOOD})
PATIENCE = timedelta(seconds=20)
"""How long a batch waits for the pace; longer, and the rest is handed back."""


_TOO_LATE = Result(
    Outcome.REFUSED_NOW, error_code="too_late", detail="The worker stood still; the request was not made."
)
"""For a request whose turn came when half the lease was over: by the time of its answer the message might be taken for
lost, looked for in vain, and sent by another worker."""


@dataclass
class Delivered:
    """What a batch came to: outcomes, what was put aside at the claim, and when the rest is due again."""

    outcomes: dict[str, int] = field(default_factory=dict)
    aside: dict[str, int] = field(default_factory=dict)
    again: dict[int, datetime] = field(default_factory=dict)
    handed_back: int = 0

    @property
    def total(self) -> int:
        return sum(self.outcomes.values())


class Dispatcher:
    """Sends batches. One for the life of a worker process: its threads and the carriers' connections are kept.

    ``stopping`` is set when the process was asked to end: requests under way are finished and settled, the rest is
    handed back at once.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        city: City,
        channels: Mapping[str, Channel],
        pacers: Mapping[str, Pacer],
        *,
        secret: bytes,
        owner: str,
        caps: Mapping[str, DailyCap] | None = None,
        threads: int = 64,
        lease: timedelta = LEASE,
        stopping: threading.Event | None = None,
        draw: random.Random | None = None,
    ) -> None:
        self._database, self._clock, self._city = database, clock, city
        self._channels, self._pacers, self._caps = channels, pacers, caps or {}
        self._secret, self._owner, self._threads = secret, owner, threads
        self._stopping = stopping or threading.Event()
        self._draw = draw or random.Random()  # noqa: S311 - jitter, not a secret
        self._lease = lease
        self._rests: dict[str, tuple[datetime, str]] = {}
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="carrier")

    def close(self) -> None:
        """Let the threads and connections go."""
        self._pool.shutdown(wait=True)
        for channel in self._channels.values():
            channel.close()

    def deliver(self, lane: str, ids: Collection[int] = (), *, limit: int = 512) -> Delivered:
        """Claim up to ``limit`` due messages of ``lane`` (of ``ids``, when given) and send them."""
        done = Delivered()
        taken = self._database.run(
            lambda session: claim(
                session,
                self._city,
                lane=lane,
                owner=self._owner,
                now=self._clock.now(),
                limit=limit,
                ids=ids,
                lease=self._lease,
            )
        )
        done.aside = taken.aside
        self._send_all(deque(self._without_resting(taken.sendable, done)), done, urgent=lane == "urgent")
        return done

    def _without_resting(self, messages: Sequence[Claimed], done: Delivered) -> list[Claimed]:
        """Hand back what goes by a carrier that has just refused everybody: not every batch has to find that out."""
        now = self._clock.now()
        for channel, (until, halted) in list(self._rests.items()):
            rest = deque(message for message in messages if message.channel == channel)
            if not timedelta() < until - now <= HALTED:
                del self._rests[channel]
            elif rest:
                messages = [message for message in messages if message.channel != channel]
                self._give_back(rest, done, until - now, f"The carrier refuses everybody: {halted}")
        return list(messages)

    def _send_all(self, waiting: deque[Claimed], done: Delivered, *, urgent: bool) -> None:
        answers: queue.SimpleQueue[Tried] = queue.SimpleQueue()  # of this batch only: one that broke may leave some
        flying, unsettled = 0, list[Tried]()
        patience_ends = time.monotonic() + PATIENCE.total_seconds()
        pause = 0.0
        while waiting or flying:
            if waiting and self._stopping.is_set():
                self._give_back(waiting, done, timedelta(), "The worker was stopped.")
            room = min(self._threads * 2 - flying, self._threads)
            if waiting and (room >= self._threads // 2 or not flying):
                group, pause = self._paced(waiting, room)
                group = self._within_the_day(group, waiting, done, urgent=urgent)
                flying += self._launch(group, answers, done)
                if pause and not group and not flying:
                    if time.monotonic() + pause > patience_ends:
                        self._give_back(waiting, done, timedelta(seconds=pause), "Waiting for the carrier's pace.")
                        continue
                    self._stopping.wait(min(pause, 0.5))
                    continue
            arrived = _arrivals(answers, flying, pause)
            flying -= len(arrived)
            unsettled += arrived
            if unsettled and (len(unsettled) >= self._threads or not flying):
                halted = self._settle(unsettled, done)
                unsettled = []
                if halted and waiting:
                    self._give_back(waiting, done, HALTED, f"The carrier refuses everybody: {halted}")

    def _paced(self, waiting: deque[Claimed], room: int) -> tuple[list[Claimed], float]:
        """The next messages that the pace allows, at most ``room``, and the seconds to wait when it allows fewer."""
        group: list[Claimed] = []
        first = waiting[0].channel
        candidates: list[Claimed] = []
        for message in waiting:
            if message.channel != first or len(candidates) == room:
                break
            candidates.append(message)
        units = [max(1, message.segments or 1) for message in candidates]
        granted, wait = self._pacers[first].take(sum(units))
        for message, cost in zip(candidates, units, strict=True):
            if granted < cost and not (granted > 0 and not group):
                break
            granted -= cost
            group.append(message)
            waiting.popleft()
        return group, wait

    def _within_the_day(
        self, group: list[Claimed], waiting: deque[Claimed], done: Delivered, *, urgent: bool
    ) -> list[Claimed]:
        """What the day's limit still allows of the group; the rest, and all that waits for the same carrier, goes
        back until the carrier's next day has begun and it is no night where the phone is."""
        cap = self._caps.get(group[0].channel) if group else None
        if cap is None:
            return group
        allowed = cap.reserve(group, urgent=urgent)
        if allowed == len(group):
            return group
        channel, next_day = group[0].channel, cap.next_day()
        later: dict[datetime, deque[Claimed]] = {}
        for message in [*group[allowed:], *(one for one in waiting if one.channel == channel)]:
            opens = None
            if message.purpose != "conversational":
                opens = next_open(self._city, channel, message.recipient, next_day)
            later.setdefault(opens or next_day, deque()).append(message)
        others = [message for message in waiting if message.channel != channel]
        waiting.clear()
        waiting.extend(others)
        now = self._clock.now()
        for due, messages in later.items():
            self._give_back(messages, done, due - now, cap.why(urgent=urgent))
        return group[:allowed]

    def _launch(self, group: Sequence[Claimed], answers: "queue.SimpleQueue[Tried]", done: Delivered) -> int:
        if not group:
            return 0
        leave_by = time.monotonic() + self._lease.total_seconds() / 2
        leaving = self._database.run(
            lambda session: open_attempts(session, group, owner=self._owner, now=self._clock.now(), lease=self._lease)
        )
        done.handed_back += len(group) - len(leaving)
        if cap := self._caps.get(group[0].channel):
            cap.give_back({message.id for message in group} - {message.id for message in leaving})
        for message in leaving:
            self._pool.submit(self._send_one, message, answers, leave_by)
        return len(leaving)

    def _send_one(self, message: Claimed, answers: "queue.SimpleQueue[Tried]", leave_by: float) -> None:
        if time.monotonic() > leave_by:
            answers.put(Tried(message, _TOO_LATE))
            return
        outgoing = Outgoing(
            message_id=message.id,
            token=message_token(self._secret, message.id),
            recipient=message.recipient,
            recipient_name=message.recipient_name,
            subject=message.subject,
            text=message.body_text,
            html=message.body_html,
            category=message.category,
            purpose=message.purpose,
        )
        try:
            result = self._channels[message.channel].send(outgoing)
        except Exception as error:
            log.exception("channel.broke", message_id=message.id)
            result = Result(Outcome.AMBIGUOUS, error_code=type(error).__name__, detail="The channel itself broke.")
        answers.put(Tried(message, result))

    def _settle(self, tried: Sequence[Tried], done: Delivered) -> str | None:
        self._count(tried)
        now = self._clock.now()
        settled = self._database.run(lambda session: settle(session, tried, now=now, draw=self._draw))
        for outcome, count in settled.outcomes.items():
            done.outcomes[outcome] = done.outcomes.get(outcome, 0) + count
        done.again |= settled.again
        if settled.halted:
            self._tell_staff(settled.halted, now)
            for channel in {item.message.channel for item in tried if item.result.halt}:
                self._rests[channel] = (now + HALTED, settled.halted)
        return settled.halted

    def _count(self, tried: Sequence[Tried]) -> None:
        """What was not taken leaves its share of the day to others. Told before it is written down: between the two
        the day may look fuller than it is, never emptier."""
        for channel, cap in self._caps.items():
            mine = [item for item in tried if item.message.channel == channel]
            cap.give_back([item.message.id for item in mine if item.result.outcome in NOT_TAKEN])
            cap.spend([item.message.id for item in mine if item.result.outcome not in NOT_TAKEN])

    def _tell_staff(self, halted: str, now: datetime) -> None:
        self._database.run(
            lambda session: open_task(
                session,
                kind="carrier_halted",
                dedupe_key=f"halted:{halted.split(' ')[0]}",
                reason=f"{halted} No message leaves by this carrier until it is mended; nothing is lost.",
                at=now,
                priority=1,
            )
        )

    def _give_back(self, waiting: deque[Claimed], done: Delivered, wait: timedelta, reason: str) -> None:
        now = self._clock.now()
        rest: list[Claimed] = list(waiting)
        waiting.clear()
        due = now + wait
        self._database.run(lambda session: hand_back(session, rest, owner=self._owner, now=now, due=due, reason=reason))
        done.handed_back += len(rest)
        if wait:
            done.again |= {message.id: due for message in rest}


def _arrivals(answers: "queue.SimpleQueue[Tried]", flying: int, pause: float) -> list[Tried]:
    """At least one answer (or none, when only a pause is waited for), and whatever else is there."""
    if not flying:
        return []
    arrived: list[Tried] = []
    try:
        arrived.append(answers.get(timeout=pause or None))
        while len(arrived) < flying:
            arrived.append(answers.get_nowait())
    except queue.Empty:
        pass
    return arrived
