"""One pool of kept-alive connections to a carrier, and whether bytes left before it failed.

Both SDKs build, authenticate and read; this module only moves bytes (facts: the transport is most of what a call
costs, and SendGrid's own opens a connection a call). It never retries, follows no redirect, and reads neither proxies
nor credentials from the environment.
"""

import ipaddress
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from comms.settings import Mode, Settings

from .contract import ChannelNotAllowed, Outcome, Result

CONNECT_SECONDS = 5.0
READ_SECONDS = 20.0
"""Well under the outbox's lease, so that an attempt always ends before somebody else takes the message."""
IDLE_SECONDS = 30.0
"""A connection unused for longer is not trusted: a carrier may be closing it just as we write to it."""
LONGEST_WAIT = timedelta(hours=24)

_call = threading.local()


class _Marks:
    """Notes, for the calling thread, that bytes of the request are about to be written."""

    _used_at = 0.0

    def send(self, data: Any) -> None:
        if self.sock is None:  # type: ignore[attr-defined]
            self.connect()  # type: ignore[attr-defined]
        _call.written = True
        super().send(data)  # type: ignore[misc]
        self._used_at = time.monotonic()

    @property
    def is_connected(self) -> bool:
        fresh = time.monotonic() - self._used_at < IDLE_SECONDS
        return fresh and super().is_connected  # type: ignore[misc]


class _PlainConnection(_Marks, HTTPConnection):
    pass


class _TlsConnection(_Marks, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


class NoAnswer(Exception):  # noqa: N818 - the room's word for it
    """No whole answer came. ``written`` says whether the carrier may have the request."""

    def __init__(self, written: bool, reason: str) -> None:
        super().__init__(reason)
        self.written = written

    def result(self) -> Result:
        """Not taken when no byte was written, else ambiguous."""
        outcome = Outcome.AMBIGUOUS if self.written else Outcome.REFUSED_NOW
        return Result(outcome, error_code="no_answer" if self.written else "no_connection", detail=str(self))


class Pool:
    """Connections to one base URL, shared by every thread; a thread waits when all are in use."""

    def __init__(
        self, *, connections: int, connect_seconds: float = CONNECT_SECONDS, read_seconds: float = READ_SECONDS
    ) -> None:
        self._manager = urllib3.PoolManager(
            num_pools=2,
            maxsize=connections,
            block=True,
            retries=False,
            timeout=urllib3.Timeout(connect=connect_seconds, read=read_seconds),
        )
        self._manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}

    def request(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """One request, one whole answer of any status; raises ``NoAnswer``. ``last()`` then gives the same answer."""
        _call.written = False
        _call.answer = None
        try:
            response = self._manager.urlopen(method, url, body=body, headers=dict(headers), redirect=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise NoAnswer(_call.written, f"{type(error).__name__}: {error}"[:300]) from error
        answer = Answer(response.status, response.headers, response.data)
        _call.answer = answer
        return answer

    @staticmethod
    def last() -> Answer | None:
        """The answer of this thread's last request, for what an SDK's exception leaves out."""
        answer: Answer | None = getattr(_call, "answer", None)
        return answer

    def close(self) -> None:
        self._manager.clear()


def is_this_machine(url: str) -> bool:
    """Whether a URL's host is a loopback address by its spelling; a name that must be looked up is not trusted."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_destination(settings: Settings, url: str, setting: str) -> None:
    """Sandbox mode never opens a connection off this machine. Raises ``ChannelNotAllowed``."""
    if settings.comms_mode is Mode.SANDBOX and not is_this_machine(url):
        raise ChannelNotAllowed(
            f"COMMS_MODE=sandbox connects to this machine only, and {setting} is {url}. "
            f"Unset {setting}, or set COMMS_MODE=rehearsal and COMMS_ALLOW_LIST to try the real carrier."
        )


def not_on_allow_list(settings: Settings, recipient: str) -> Result | None:
    """In rehearsal, the refusal of an address that is not on the allow list; nothing is sent anywhere."""
    if settings.comms_mode is not Mode.REHEARSAL or recipient.lower() in settings.allow_list:
        return None
    return Result(
        Outcome.REFUSED_FOR_GOOD,
        error_code="not_on_allow_list",
        detail="Rehearsal mode writes only to COMMS_ALLOW_LIST, and this address is not on it.",
    )


def wait_asked_for(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How long an answer asks us to wait: ``Retry-After`` (seconds or a date) or ``X-RateLimit-Reset`` (Unix time).

    A date is read against the answer's own ``Date``, so that neither side's clock matters.
    """
    here = _date(headers.get("Date")) or now
    after, reset = headers.get("Retry-After", "").strip(), headers.get("X-RateLimit-Reset", "").strip()
    wait: timedelta | None = None
    if after.isascii() and after.isdigit():
        wait = timedelta(seconds=int(after[:9]))
    elif moment := _date(after):
        wait = moment - here
    elif reset.isascii() and reset.isdigit():
        wait = timedelta(seconds=int(reset[:12]) - int(here.timestamp()))
    return None if wait is None else min(max(wait, timedelta()), LONGEST_WAIT)


def _date(value: str | None) -> datetime | None:
    if not value:
        return None
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
