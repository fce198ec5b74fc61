"""The doorbell: telling the workers, through RQ, that there is something to do.

The database is the truth; nothing here may be lost that matters, and nothing here may fail a request. When Redis is
away, ``ring`` says so and the sweep rings again later.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import redis
import structlog
from redis.backoff import ExponentialBackoff
from redis.retry import Retry
from rq import Queue
from rq import Retry as JobRetry

from .drafts import LANES

BATCH = 512
"""Message ids a job carries: eight rounds of 64 threads, and far more than RQ's cost per job matters."""
ENOUGH_JOBS = 16
"""Jobs of a lane: eight thousand messages, more than a lane sends between two sweeps."""
JOB_SECONDS = 300
PATIENCE = 2.0
"""Seconds that somebody who only rings, or only asks, waits for Redis: a clerk's page waits with them."""
DEAF = 10.0
"""Seconds without another ring after Redis let one wait in vain: one that hangs must not hold up page after page."""
DELIVER = "comms.jobs.deliver"
KEEP_HOUSE = "comms.jobs.keep_house"
RECONCILE = "comms.jobs.reconcile_carriers"
WORK_AT_RUN = "comms.jobs.work_at_run"
MAKE_EXPORT = "comms.jobs.make_export"

log = structlog.get_logger(__name__)


def connect(url: str) -> redis.Redis:
    """A worker's client for ``redis://`` or ``unix://``: short time-outs, and a few quick retries."""
    return redis.Redis.from_url(
        url,
        socket_timeout=15,
        socket_connect_timeout=3,
        retry=Retry(ExponentialBackoff(cap=0.5, base=0.05), 3),
        retry_on_error=[redis.ConnectionError, redis.TimeoutError],
    )


def connect_briefly(url: str) -> redis.Redis:
    """A client for those who can do without an answer: a connection that was cut is made again, but one that says
    nothing within ``PATIENCE`` is not asked twice."""
    retry = Retry(ExponentialBackoff(cap=0.5, base=0.05), 3, supported_errors=(redis.ConnectionError,))
    return redis.Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=retry)


class Doorbell:
    """Rings the lanes. ``url`` empty: there is no Redis here, and only the sweep finds the work."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection = connect_briefly(url) if url else None
        self._queues: dict[str, Queue] = {}
        self._deaf_until = 0.0

    def queue(self, lane: str) -> Queue:
        assert lane in LANES and self._connection is not None
        if lane not in self._queues:
            self._queues[lane] = Queue(lane, connection=self._connection)
        return self._queues[lane]

    def ring(self, lane: str, ids: Sequence[int] = ()) -> bool:
        """Ask for these messages of ``lane`` to be sent (none: whatever is due). False when nobody heard it."""
        if lane == "housekeeping":
            return self._ring_once(lane)
        parts = [list(ids[start : start + BATCH]) for start in range(0, len(ids), BATCH)] or [[]]
        return self._try(
            lambda: self.queue(lane).enqueue_many([self._job(lane, DELIVER, lane, part) for part in parts])
        )

    def ring_at(self, when: datetime, now: datetime, lane: str, ids: Sequence[int]) -> bool:
        """Ask for a next attempt later, through RQ's scheduler. ``now`` is our clock's; RQ runs on real time."""
        real = datetime.now(UTC) + max(when - now, when - when)
        return self._try(
            lambda: self.queue(lane).enqueue_at(
                real,
                DELIVER,
                lane,
                list(ids),
                job_timeout=JOB_SECONDS,
                result_ttl=0,
                failure_ttl=3600,
                meta=_begun_by(),
            )
        )

    def ask_to_reconcile(self) -> bool:
        """Ask for Twilio's list to be held against what its posts brought."""
        lane = "housekeeping"
        return self._try(lambda: self.queue(lane).enqueue_many([self._job(lane, RECONCILE)]))

    def ask_for_run(self, run_id: int) -> bool:
        """Ask for a campaign run to be planned or released in the background. False when nobody heard it."""
        lane = "housekeeping"
        return self._try(lambda: self.queue(lane).enqueue_many([self._job(lane, WORK_AT_RUN, run_id)]))

    def ask_for_export(self, export_id: int) -> bool:
        """Ask for a file that staff wait for. It goes to the mail lane, where a minute more matters least: replies and
        receipts wait in the others. False when nobody heard it."""
        lane = "mail"
        return self._try(lambda: self.queue(lane).enqueue_many([self._job(lane, MAKE_EXPORT, export_id)]))

    def _ring_once(self, lane: str) -> bool:
        """Housekeeping reads everything new each time, so one ring that has not been answered yet is enough."""

        def act() -> None:
            assert self._connection is not None
            if self._connection.set(f"comms:rung:{lane}", "1", nx=True, ex=5):
                self.queue(lane).enqueue_many([self._job(lane, KEEP_HOUSE)])

        return self._try(act)

    def answered(self, lane: str) -> None:
        """Said by the worker before it looks: from now on a new ring is a new job."""
        self._try(lambda: self._connection.delete(f"comms:rung:{lane}") if self._connection else None)

    def _job(self, lane: str, function: str, *args: Any) -> Any:
        return Queue.prepare_data(
            function,
            args=args,
            timeout=JOB_SECONDS,
            result_ttl=0,
            failure_ttl=3600,
            retry=JobRetry(max=3, interval=[5, 15, 60]),
            meta=_begun_by(),
        )

    def busy(self) -> list[str]:
        """The lanes with jobs enough waiting that ringing again brings nothing; none when Redis is away."""
        found: list[str] = []
        self._try(lambda: found.extend(lane for lane in LANES if self.queue(lane).count >= ENOUGH_JOBS))
        return found

    def answers(self) -> bool:
        """Whether Redis answers."""
        return self._try(lambda: self._connection.ping() if self._connection else None)

    def _try(self, act: Any) -> bool:
        if self._connection is None or time.monotonic() < self._deaf_until:
            return False
        try:
            act()
        except redis.RedisError as error:
            if isinstance(error, redis.TimeoutError):
                self._deaf_until = time.monotonic() + DEAF
            log.warning("doorbell.unheard", error=type(error).__name__)
            return False
        return True


def _begun_by() -> dict[str, Any]:
    """The request that began the work, so that a job's log lines carry its id."""
    begun = structlog.contextvars.get_contextvars().get("request_id")
    return {"request_id": begun} if begun else {}
