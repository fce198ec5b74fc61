"""The stage: a folder, a clock, and the real processes of the service, all for the demonstration alone."""

import fcntl
import os
import secrets
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import urllib3

import worker
from comms.clock import FileClock
from comms.migrating import migrate
from comms.office import Office
from comms.processes import web
from comms.sandbox import Sandbox, start
from comms.settings import ROOT, Settings
from comms.supervisor import Supervisor

PATIENCE = 120.0
"""Seconds that any one stage may take before the demonstration gives up and says where to look."""


class DemoError(RuntimeError):
    """The demonstration cannot go on; the message says why and what to do."""


@dataclass
class Stage:
    """Everything that runs."""

    office: Office
    carriers: Sandbox
    url: str
    folder: Path

    def now(self) -> datetime:
        return self.office.clock.now()

    def move_to(self, at: datetime) -> None:
        """Move the clock of all processes."""
        FileClock.put(self.folder / "clock.json", at)
        self.office.doorbell.ring("housekeeping")

    def until(self, what: str, done: Callable[[], bool]) -> None:
        """Wait until ``done``, or give up with a sentence."""
        deadline = time.monotonic() + PATIENCE
        while not done():
            if time.monotonic() > deadline:
                raise DemoError(
                    f"{what} did not end within {PATIENCE:.0f} s. What happened is in {self.folder / 'log'}"
                )
            time.sleep(0.05)


def free_port(wanted: int) -> int:
    """``wanted`` if nothing listens there, else one that is free."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DemoError("No port of 127.0.0.1 is free.")


@contextmanager
def alone_in(folder: Path, begins: datetime) -> Iterator[Path]:
    """Empty the folder and keep it to oneself; yields the file of the clock in it, which is set. Raises ``DemoError``
    when another demonstration is at work in it: its database must not vanish under the hands of whoever looks at it.
    The lock ends with the process, however it ends."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DemoError(
                f"A demonstration runs in {folder} already. Next step: look at that one, or end it with Ctrl-C in its "
                "window and begin again."
            ) from None
        shutil.rmtree(folder, ignore_errors=True)
        FileClock.put(folder / "clock.json", begins)
        yield folder / "clock.json"


@contextmanager
def stage(city: str, begins: datetime, port: int) -> Iterator[Stage]:
    """Set the stage in ``var/demo/<city>`` (emptied first), and clear it away at the end; the folder can be read."""
    folder = ROOT / "var" / "demo" / city
    chosen = free_port(port)
    with (
        alone_in(folder, begins) as clock,
        start(folder, seed=1123, clock=clock, public_url=f"http://127.0.0.1:{chosen}") as carriers,
    ):
        environment = _environment(city, folder, chosen, carriers.url)
        settings = Settings(_env_file=None, **environment)  # type: ignore[arg-type]
        office = Office.open(settings)
        migrate(office.database)
        children = [
            replace(child, environment=_for_processes(environment), log=folder / "log")
            for child in (web("127.0.0.1", chosen), *worker.children(settings))
        ]
        supervisor = Supervisor(settings, children)
        with supervisor, _kept_alive(supervisor):
            try:
                made = Stage(office, carriers, settings.public_url, folder)
                made.until("Starting", lambda: _answers(f"{settings.public_url}/readyz"))
                yield made
            finally:
                office.close()


def _environment(city: str, folder: Path, port: int, carriers: str) -> dict[str, str]:
    """Settings of the demonstration's own, whatever this machine's environment says."""
    given = {
        "comms_city": city, "comms_mode": "sandbox", "comms_clock": str(folder / "clock.json"),
        "comms_var": str(folder),
        "database_url": f"sqlite:///{folder / 'comms.db'}", "redis_url": "", "secret_key": secrets.token_hex(16),
        "public_url": f"http://127.0.0.1:{port}", "sandbox_url": carriers, "twilio_api_url": carriers,
        "sendgrid_api_url": carriers, "mailhouse_url": f"file:{folder / 'mailhouse'}", "comms_threads": "32",
        "comms_log_level": "INFO",
    }  # fmt: skip
    own = {"twilio_account_sid", "twilio_auth_token", "sendgrid_api_key", "sendgrid_inbound_secret"}
    defaults = {name: Settings.model_fields[name].default for name in own}
    plain = {name: getattr(value, "get_secret_value", lambda value=value: value)() for name, value in defaults.items()}
    empty = ("twilio_messaging_service_sid", "twilio_from_number", "sendgrid_webhook_public_key", "email_from")
    return {**given, **plain, **dict.fromkeys(empty, "")}


def _for_processes(environment: dict[str, str]) -> dict[str, str]:
    given = {name.upper(): value for name, value in environment.items()}
    return {**os.environ, **given, "COMMS_ENV_FILE": os.devnull}


@contextmanager
def _kept_alive(supervisor: Supervisor) -> Iterator[None]:
    """Look after the processes in the background."""
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.2):
            supervisor.keep()

    supervisor.keep()
    thread = threading.Thread(target=look, daemon=True, name="supervisor")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(10)


def _answers(url: str) -> bool:
    try:
        return bool(urllib3.request("GET", url, timeout=2, retries=False).status == 200)
    except urllib3.exceptions.HTTPError:
        return False
