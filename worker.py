"""The workers: a small supervisor and, under it, one RQ worker process a lane, the retry scheduler, and the clock.

``python worker.py`` (or ``comms worker``) runs them all; each child is restarted when it dies. A lane's worker listens
to exactly one queue: RQ loses a job that dies between the pop and the start when a worker listens to several. It works
without forking, so that threads and the carriers' connections are kept from batch to batch.

SIGTERM: requests under way are finished and settled, what has not left is handed back, and everything ends. SIGKILL of
any of them loses nothing: leases expire, and the sweep finds the rest.
"""

import argparse
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import redis
import structlog
from pydantic import ValidationError
from rq import Queue, SimpleWorker
from rq.scheduler import RQScheduler

from comms.bundled_redis import url_of
from comms.clock import ClockError, clock_from
from comms.logs import configure
from comms.outbox.doorbell import connect
from comms.outbox.drafts import LANES
from comms.settings import ROOT, Settings, faults
from comms.supervisor import Child, Supervisor

log = structlog.get_logger("worker")

WORKER_TTL = 30
"""Seconds: an idle worker looks up this often, so that what another left behind is found within a minute or two."""
RECONCILE_EVERY = 3600.0
"""Seconds between two looks at Twilio's list."""


class LaneWorker(SimpleWorker):
    """An RQ worker that tells the batch under way when it is asked to stop."""

    def request_stop(self, signum: int, frame: Any) -> None:
        from comms import jobs

        jobs.stopping.set()
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def request_force_stop(self, signum: int, frame: Any) -> None:
        """A second SIGTERM changes nothing: a batch ends within a carrier's time-out anyway."""


def work(lane: str, settings: Settings) -> int:
    """Run the worker of one lane until it is told to stop. Returns the exit code."""
    _end_with_parent()
    connection = connect(url_of(settings))
    worker = LaneWorker(
        [Queue(lane, connection=connection)],
        connection=connection,
        worker_ttl=WORKER_TTL,
        maintenance_interval=WORKER_TTL,
        log_job_description=False,
    )
    if lane == "housekeeping":
        from comms import jobs

        jobs.keep_house()
    worker.work(with_scheduler=False, logging_level="WARNING")
    return 0


def schedule(settings: Settings) -> int:
    """Run RQ's scheduler, which moves retries to their queue when they are due.

    Its name is fixed: after a crash the next one refreshes the lock of the last at once, instead of waiting for it to
    expire. A Redis that is away is asked again a second later.
    """
    _end_with_parent()
    connection = connect(url_of(settings))
    scheduler = RQScheduler(list(LANES), connection=connection, interval=1, logging_level="WARNING", name="comms")
    stop = _told_to_stop()
    while not stop.is_set():
        with contextlib.suppress(redis.RedisError):
            scheduler.acquire_locks()  # type: ignore[no-untyped-call]
            scheduler.enqueue_scheduled_jobs()  # type: ignore[no-untyped-call]
        stop.wait(1.0)
    with contextlib.suppress(redis.RedisError):
        scheduler.release_locks()  # type: ignore[no-untyped-call]
    return 0


def _told_to_stop() -> threading.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stop.set())
    return stop


def tick(settings: Settings) -> int:
    """The clock: sweep and ring, over and over, and once an hour ask for a reconciliation. Needs the database only."""
    _end_with_parent()
    from comms import jobs

    stop = _told_to_stop()
    reconcile_at = 0.0
    while not stop.is_set():
        try:
            jobs.sweep_and_ring()
            if time.monotonic() >= reconcile_at and jobs.office().doorbell.ask_to_reconcile():
                reconcile_at = time.monotonic() + RECONCILE_EVERY
        except Exception:
            log.exception("clock.failed")
        stop.wait(settings.comms_sweep_seconds)
    return 0


def _end_with_parent() -> None:
    """End when the supervisor is gone, however it went: nobody would restart or stop this process any more."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True, name="parent-watch").start()


def children(settings: Settings) -> list[Child]:
    """The processes of the workers: ``comms_processes`` for each of the two lanes with volume, one for each other."""
    run = [sys.executable, str(ROOT / "worker.py")]
    lanes = [
        Child(f"{lane}-{number}", [*run, "--lane", lane])
        for lane in LANES
        for number in range(settings.comms_processes if lane in ("sms", "email") else 1)
    ]
    return [*lanes, Child("scheduler", [*run, "--scheduler"]), Child("clock", [*run, "--clock"])]


def main(arguments: list[str] | None = None) -> int:
    """The command line of ``worker.py``."""
    parser = argparse.ArgumentParser(description="Run the workers; with an option, only one of them.")
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--lane", choices=LANES)
    one.add_argument("--scheduler", action="store_true")
    one.add_argument("--clock", action="store_true")
    chosen = parser.parse_args(arguments)
    try:
        settings = Settings()
    except ValidationError as error:
        sys.stderr.write(f"The settings cannot be used. {'; '.join(faults(error))}. Next step: comms doctor\n")
        return 2
    if missing := settings.missing():
        sys.stderr.write(f"The workers do not start. {' '.join(missing)} Next step: comms doctor\n")
        return 2
    try:
        clock_from(settings.comms_clock).now()
    except ClockError as error:
        sys.stderr.write(f"The workers do not start. {error}\n")
        return 2
    configure(settings.comms_log_level)
    run: dict[bool, Callable[[], int]] = {
        bool(chosen.lane): lambda: work(chosen.lane, settings),
        bool(chosen.scheduler): lambda: schedule(settings),
        bool(chosen.clock): lambda: tick(settings),
    }
    return run[True]() if True in run else Supervisor(settings, children(settings)).run()


if __name__ == "__main__":
    sys.exit(main())
