"""Alembic's entry: one connection, the house's metadata."""

from alembic import context

from comms.db import Database
from comms.db.base import JsonValue, UtcDateTime
from comms.db.schema import known, metadata
from comms.settings import Settings


def plain_types(kind: str, item: object, _context: object) -> str | bool:
    """Write our types as the plain ones they are, so that a migration does not change when the service does."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and item is JsonValue:
        return "sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')"
    return False


database = Database(context.config.attributes.get("url") or Settings().database)
try:
    with database.engine.connect() as connection:
        if database.is_sqlite:
            connection = connection.execution_options(sqlite_begin="IMMEDIATE")
        context.configure(
            connection=connection,
            target_metadata=metadata(),
            render_as_batch=False,
            render_item=plain_types,
            include_name=known,
            compare_type=False,
            transaction_per_migration=False,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
finally:
    database.dispose()
