"""One import of a kind at a time. The lock goes with the process that holds it, so a killed import leaves none."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from comms.db import Database

_KEYS = {"accounts": 7_301_001, "payments": 7_301_002}
"""PostgreSQL advisory lock keys; any numbers that nothing else here uses."""


@contextmanager
def only_one(database: Database, kind: str) -> Iterator[bool]:
    """Whether this is the only import of its kind now. PostgreSQL: a session's advisory lock, on a connection kept
    for it. SQLite: a lock on a file beside the database."""
    if not database.is_sqlite:
        with database.engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            key = {"key": _KEYS[kind]}
            got = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), key))
            try:
                yield got
            finally:
                if got:
                    connection.execute(text("SELECT pg_advisory_unlock(:key)"), key)
        return
    named = database.url.database
    path = Path(f"{named or 'memory'}.importing-{kind}.lock")
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        yield True
