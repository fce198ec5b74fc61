"""Opening the database, and what a transaction is on each of the two.

SQLite has one writer. A transaction that will write therefore says so at its start (``BEGIN IMMEDIATE``) and waits its
turn, instead of failing half-way when a reader wants to become a writer. Readers never wait: WAL.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

T = TypeVar("T")

BUSY_TIMEOUT_MS = 30_000
_TRANSIENT = ("deadlock detected", "could not serialize", "database is locked", "lock timeout")


class Database:
    """An engine and the two kinds of transaction. ``url`` is any SQLAlchemy URL of SQLite or PostgreSQL (psycopg).

    Errors do not show the values of a statement: those are names, addresses and words of customers, and errors are
    logged.
    """

    def __init__(self, url: str, *, pool_size: int = 5) -> None:
        parsed = make_url(url)
        if parsed.drivername in ("postgres", "postgresql"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        self.url = parsed
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        if self.is_sqlite:
            if parsed.database and parsed.database != ":memory:":
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            self.engine = create_engine(
                parsed, pool_size=pool_size, max_overflow=20, pool_timeout=60, hide_parameters=True
            )
            _tune_sqlite(self.engine)
        else:
            self.engine = create_engine(
                parsed,
                pool_size=pool_size,
                max_overflow=20,
                pool_pre_ping=True,
                hide_parameters=True,
                connect_args={"connect_timeout": 5},
            )

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """A writing transaction: committed at the end of the block, rolled back by an exception."""
        with self.engine.connect() as connection:
            if self.is_sqlite:
                connection = connection.execution_options(sqlite_begin="IMMEDIATE")
            with (
                connection.begin(),
                Session(bind=connection, expire_on_commit=False, autoflush=True) as session,
            ):
                yield session
                session.flush()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A reading transaction: nothing written in it is kept."""
        with self.engine.connect() as connection, Session(bind=connection, autoflush=False) as session:
            try:
                yield session
            finally:
                connection.rollback()

    def run(self, work: Callable[[Session], T], *, tries: int = 5) -> T:
        """Run ``work`` in a writing transaction; again from the start when the database asks (deadlock, lock)."""
        return retrying(lambda: self._in_transaction(work), tries=tries)

    def _in_transaction(self, work: Callable[[Session], T]) -> T:
        with self.begin() as session:
            return work(session)

    def answers(self) -> bool:
        """Whether the database answers at all."""
        try:
            with self.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except DBAPIError:
            return False
        return True

    def dispose(self) -> None:
        self.engine.dispose()


def retrying(act: Callable[[], T], *, tries: int = 5) -> T:
    """Call ``act`` again, a little later each time, while the database reports a transient conflict."""
    for attempt in range(1, tries + 1):
        try:
            return act()
        except OperationalError as error:
            if attempt == tries or not any(sign in str(error).lower() for sign in _TRANSIENT):
                raise
            time.sleep(0.02 * 2**attempt)
    raise AssertionError("unreachable")


def _tune_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout = {BUSY_TIMEOUT_MS}",
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "foreign_keys = ON",
            "cache_size = -65536",
            "temp_store = MEMORY",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        kind = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {kind}")
