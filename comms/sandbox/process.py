"""Starting the local carriers from a test, the demonstration or a measurement, and talking to them."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import urllib3

from comms.sandbox.signing import sendgrid_public_key

_LOG = "sandbox.log"


class SandboxError(RuntimeError):
    """The sandbox did not start, or refused a control request; says why."""


class Sandbox:
    """A running sandbox: its address, and its control API as methods. Leave the ``with`` block to end it."""

    def __init__(self, process: subprocess.Popen[str], url: str, seed: int) -> None:
        self._process = process
        self._http = urllib3.PoolManager(retries=False, timeout=130.0)
        self.url = url
        self.sendgrid_public_key = sendgrid_public_key(seed)

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process and wait for it."""
        self._http.clear()
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One control request, such as ``call("PUT", "faults", {"rate_503": 0.05})``; raises ``SandboxError``."""
        raw = json.dumps(body).encode() if body is not None else None
        answer = self._http.request(method, f"{self.url}/_sandbox/{path}", body=raw)
        found: dict[str, Any] = json.loads(answer.data)
        if answer.status >= 400:
            raise SandboxError(found["error"])
        return found

    def faults(self, **switches: Any) -> None:
        """Set switches; ``next=[...]`` scripts what happens to the next sends."""
        self.call("PUT", "faults", switches)

    def reset(self) -> None:
        """Forget everything and put the switches back as they were at start."""
        self.call("POST", "reset")

    def drain(self, timeout: float = 10) -> bool:
        """Wait until no webhook is pending, ``timeout`` seconds at most; whether that came about."""
        return bool(self.call("POST", f"webhooks/drain?timeout={timeout}")["drained"])

    def ledger(self, carrier: str | None = None) -> Iterator[dict[str, Any]]:
        """Every accepted message, in order."""
        only = f"&carrier={carrier}" if carrier else ""
        after = 0
        while rows := (page := self.call("GET", f"ledger?after={after}&limit=5000{only}"))["rows"]:
            yield from rows
            after = page["next_after"]

    def consents(self) -> dict[str, Any]:
        """What the account told Twilio of consents (``told``), and who is on Twilio's list (``opted_out``)."""
        return self.call("GET", "consents")

    def summary(self) -> dict[str, Any]:
        """Counts of everything accepted, refused and posted."""
        return self.call("GET", "ledger/summary")

    def text_from(self, sender: str, body: str, **more: Any) -> str:
        """A customer texts the city; returns the SID."""
        return str(self.call("POST", "twilio/inbound", {"from": sender, "body": body, **more})["sid"])

    def mail_from(self, sender: str, to: str, subject: str, text: str, **more: Any) -> str:
        """A customer writes an email to the city; returns its Message-ID."""
        given = {"from": sender, "to": to, "subject": subject, "text": text, **more}
        return str(self.call("POST", "sendgrid/inbound", given)["message_id"])


def start(
    var: Path,
    *,
    seed: int = 0,
    clock: Path | None = None,
    public_url: str = "http://127.0.0.1:8000",
    port: int = 0,
    faults: Mapping[str, Any] | None = None,
) -> Sandbox:
    """Start the carriers as a process of their own and wait until they answer; port 0 takes a free one.

    The process ends with ``stop()``, with the ``with`` block, or when this process is gone. What it logs is in
    ``var/sandbox.log``. Raises ``SandboxError``.
    """
    var.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "comms.sandbox", "--port", str(port), "--var", str(var), "--seed", str(seed)]
    command += ["--public-url", public_url, "--with-parent"]
    if clock is not None:
        command += ["--clock", str(clock)]
    for name, value in (faults or {}).items():
        shown = ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
        command += ["--fault", f"{name}={shown.lower()}"]
    with (var / _LOG).open("a", encoding="utf-8") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    line = process.stdout.readline() if process.stdout is not None else ""
    url = line.strip().rpartition(" ")[2]
    sandbox = Sandbox(process, url, seed)
    if not url.startswith("http://"):
        sandbox.stop()
        raise SandboxError(f"The sandbox did not start; see {var / _LOG}.")
    sandbox.call("GET", "health")
    return sandbox
