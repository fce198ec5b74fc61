"""Keeping a few processes alive on one small server: started, restarted when they die, ended together."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from comms.bundled_redis import BundledRedis, RedisMissingError
from comms.settings import Settings

log = structlog.get_logger(__name__)

STEADY = 5.0
"""Seconds a child must live before its next restart is immediate."""
LONGEST_WAIT = 30.0
END_WITHIN = 30.0
"""Seconds from SIGTERM to SIGKILL: more than the 10 s that a carrier may take to answer."""


def told_to_end(act: Callable[[], None]) -> None:
    """Call ``act`` in the main thread on SIGTERM, Ctrl-C, and SIGHUP: the window was closed, unless ``nohup`` said that
    this is to be outlived. Without it the web server and Redis would stay behind, with the port and the folder."""
    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signum != signal.SIGHUP or signal.getsignal(signum) != signal.SIG_IGN:
            signal.signal(signum, lambda *_: act())


@dataclass
class Child:
    """One process under the supervisor, by the command that starts it."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] | None = None
    """None: this process's own."""
    log: Path | None = None
    """Where its output goes; None: with this process's."""
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    restart_at: float = 0.0

    def check(self) -> None:
        """Start it; or start it again, a little later each time it dies young."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            young = now - self.started_at < STEADY
            self.failures = self.failures + 1 if young else 0
            wait = min(LONGEST_WAIT, 0.25 * 2**self.failures) if young else 0.0
            self.restart_at = now + wait
            log.warning("child.died", child=self.name, code=self.process.returncode, again_in=round(wait, 1))
            self.end()
        if self.process is None and now >= self.restart_at:
            self._start()
            self.started_at = now

    def end(self) -> None:
        """Kill what is left of it: the process, and those it started, which would keep its port."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def _start(self) -> None:
        """In a group of its own: Ctrl-C reaches the supervisor alone, which ends everything in its order."""
        if self.log is None:
            self.process = subprocess.Popen(self.command, env=self.environment, process_group=0)
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, env=self.environment, stdout=log, stderr=log, process_group=0)


@dataclass
class Supervisor:
    """Keeps the children running, and the bundled Redis with them."""

    settings: Settings
    children: Sequence[Child]
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> int:
        """Until it is told to end. Returns the exit code."""
        told_to_end(self.stop.set)
        with self:
            while not self.stop.is_set():
                self.keep()
                self.stop.wait(0.25)
        return 0

    def __enter__(self) -> "Supervisor":
        self._redis = BundledRedis(self.settings)
        return self

    def keep(self) -> None:
        """One look at everything: start what is not running."""
        if not self.settings.redis_url and not self._redis.alive():
            try:
                self._redis.ensure()
            except RedisMissingError as missing:
                log.error("redis.missing", reason=str(missing))
                self.stop.wait(5)
                return
        for child in self.children:
            child.check()

    def __exit__(self, *_: object) -> None:
        running = [child.process for child in self.children if child.process and child.process.poll() is None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + END_WITHIN
        for process in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
        for child in self.children:
            child.end()
        self._redis.close()
