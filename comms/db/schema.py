"""Every table of the house in one place, for Alembic and for tests that make a database from nothing.

Rooms above import their own schema; only this module and the migrations look at all of them.
"""

from importlib import import_module

from sqlalchemy import MetaData

from .base import Base

ROOMS = (
    "history", "accounts", "worklist", "weather", "notices", "promises", "outbox", "field", "campaigns", "replies",
    "reports", "desk",
)  # fmt: skip


def metadata() -> MetaData:
    """The metadata with every room's tables loaded."""
    for room in ROOMS:
        import_module(f"comms.{room}.schema")
    return Base.metadata


def known(name: str | None, kind: str, _parents: object) -> bool:
    """Whether the metadata should have a table or an index of this name, which Alembic asks as ``include_name``. What
    is there for searching is made by statements of its own: each database does that in its own way."""
    return not (kind in ("table", "index") and name and ("searched_words" in name or name.endswith("_searched")))
