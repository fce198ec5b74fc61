"""Keeping a few processes alive on one small server: started, restarted when they die, ended together."""

import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
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
            self.process = None
        if self.process is None and now >= self.restart_at:
            self._start()
            self.started_at = now

    def _start(self) -> None:
        if self.log is None:
            self.process = subprocess.Popen(self.command, env=self.environment)
            return
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, env=self.environment, stdout=log, stderr=log)


@dataclass
class Supervisor:
    """Keeps the children running, and the bundled Redis with them."""

    settings: Settings
    children: Sequence[Child]
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> int:
        """Until SIGTERM or SIGINT. Returns the exit code."""
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: self.stop.set())
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
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._redis.close()
