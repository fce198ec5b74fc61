"""The migrations make the tables that the code describes, on both databases, and can be taken back."""

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from comms.db import Database
from comms.db.schema import known, metadata
from comms.migrating import config, migrate, version_of


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request, tmp_path):
    """A database with nothing in it."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
        yield database
        database.dispose()
        return
    url, admin, template = request.getfixturevalue("postgres_server")
    name = f"m_{template[-20:]}"
    admin.execute(f'CREATE DATABASE "{name}"')
    database = Database(url.rsplit("/", 1)[0] + f"/{name}")
    yield database
    database.dispose()
    assert isinstance(admin, psycopg.Connection)
    admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_migrations_make_what_the_code_describes(empty):
    before, after = migrate(empty)
    assert before is None and after is not None
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False, "include_name": known})
        assert compare_metadata(context, metadata()) == []


def test_migrations_can_be_taken_back_and_made_again(empty):
    migrate(empty)
    command.downgrade(config(empty.url.render_as_string(hide_password=False)), "base")
    assert set(inspect(empty.engine).get_table_names()) <= {"alembic_version"}
    assert version_of(empty) is None
    migrate(empty)
    assert "contact_event" in inspect(empty.engine).get_table_names()


def test_a_migrated_database_refuses_to_change_history(empty):
    migrate(empty)
    insert = (
        "INSERT INTO contact_event (chain, position, at, recorded_at, kind, direction, actor, summary, facts, "
        "previous_hash, hash) VALUES (0, 1, '2026-11-23 10:00:00', '2026-11-23 10:00:00', 'note.added', 'none', "
        "'system', 'x', '{}', '', '')"
    )
    with empty.begin() as session:
        session.execute(text(insert))
    for statement in ("UPDATE contact_event SET summary = 'y'", "DELETE FROM contact_event"):
        with pytest.raises(DBAPIError, match="append-only"), empty.begin() as session:
            session.execute(text(statement))
