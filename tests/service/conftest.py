"""The service as it runs: real processes on SQLite, a Redis of its own, the local carriers, one shared clock."""

import logging
import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from sqlalchemy import func, select

from comms import outbox
from comms.bundled_redis import BundledRedis
from comms.clock import FileClock
from comms.office import Office
from comms.outbox import Message
from comms.sandbox import Sandbox, start
from comms.settings import ROOT, Settings
from comms.signing import read_message_token
from tests.support import build
from tests.support.waiting import until


@pytest.fixture(autouse=True)
def logging_as_before():
    """``configure`` points the process's logs at today's standard error; put it back for the next test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@dataclass
class AtWork:
    """An office whose workers are started and ended by the test."""

    office: Office
    carriers: Sandbox
    environment: dict[str, str]
    clock_file: Path
    log: Path
    stack: ExitStack
    processes: list[subprocess.Popen] = field(default_factory=list)

    def worker(self, *arguments: str) -> subprocess.Popen:
        """Start ``worker.py``; it is ended with the test at the latest."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, str(ROOT / "worker.py"), *arguments], env=self.environment, stdout=log, stderr=log
            )
        self.processes.append(process)
        return process

    def end(self, process: subprocess.Popen, signum: int = signal.SIGTERM) -> int:
        process.send_signal(signum)
        return process.wait(30)

    def queue(self, count: int) -> list[int]:
        """Texts to as many customers, queued and not rung for."""
        with self.office.database.begin() as session:
            source = build.import_file(session).id
            drafts = [
                build.draft(build.account(session, phone=None, import_id=source).id, recipient=f"+1218{2000000 + n}")
                for n in range(count)
            ]
            return outbox.enqueue(session, drafts, self.office.clock)

    def ring(self, ids: list[int]) -> None:
        assert self.office.doorbell.ring("sms", ids)

    def states(self) -> Counter:
        with self.office.database.read() as session:
            return Counter(dict(session.execute(select(Message.state, func.count()).group_by(Message.state)).all()))

    def accepted(self) -> Counter:
        """How often the carrier accepted each message, by its own ledger."""
        secret = self.office.settings.secret
        tokens = [row["callback"].rpartition("/")[2].partition("?")[0] for row in self.carriers.ledger("twilio")]
        return Counter(read_message_token(secret, token) for token in tokens)

    def later(self, by: timedelta) -> None:
        """Move the clock of every process."""
        FileClock.put(self.clock_file, self.office.clock.now() + by)

    def until_sent(self, ids: list[int]) -> None:
        until("sending", lambda: not self.states().keys() & {"queued", "claimed", "unknown"})
        assert self.accepted() == Counter(ids)

    def logged(self) -> str:
        return self.log.read_text("utf-8")


@pytest.fixture
def at_work(tmp_path, sqlite_url, clock):
    """The office at 10:00, without any worker yet."""
    clock_file = tmp_path / "clock.json"
    FileClock.put(clock_file, clock.now())
    with ExitStack() as stack:
        calm = {"webhook_delay_ms": (1, 2), "twilio_retries": 0, "magic": False}
        carriers = stack.enter_context(start(tmp_path / "carriers", clock=clock_file, faults=calm))
        given = {
            "comms_var": str(tmp_path / "var"), "comms_clock": str(clock_file), "database_url": sqlite_url,
            "secret_key": "test-key", "sandbox_url": carriers.url, "comms_threads": "4", "comms_lease": "60",
            "unknown_first_ask": "5", "unknown_sure": "10", "redis_url": "", "public_url": "http://127.0.0.1:1",
        }  # fmt: skip
        settings = Settings(_env_file=None, **given)
        redis = BundledRedis(settings)
        stack.callback(redis.close)
        redis.ensure()
        office = Office.open(settings)
        stack.callback(office.close)
        kept = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
        environment = kept | {name.upper(): value for name, value in given.items()} | {"COMMS_ENV_FILE": os.devnull}
        made = AtWork(office, carriers, environment, clock_file, tmp_path / "log", stack)
        try:
            yield made
        finally:
            for process in made.processes:
                if process.poll() is None:
                    process.kill()
                process.wait(10)
