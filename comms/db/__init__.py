"""The database room: engine, sessions, and the base every table stands on.

``Database`` opens SQLite (WAL) or PostgreSQL (psycopg 3); both are first-class. Domain functions take a ``Session``;
the doors open and close it with ``database.begin()`` (write) or ``database.read()``.
"""

from .base import Base, Cents, UtcDateTime, bulk_insert, upsert
from .bulk import insert_rows, instant, on_postgres, one_of, replace_rows, reserve
from .engine import Database, retrying

__all__ = [
    "Base", "Cents", "Database", "UtcDateTime", "bulk_insert", "insert_rows", "instant", "on_postgres", "one_of",
    "replace_rows", "reserve", "retrying", "upsert",
]  # fmt: skip
