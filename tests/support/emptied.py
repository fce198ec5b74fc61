"""A PostgreSQL database for each test, without making each one.

To copy the template takes a twentieth of a second of the processor and more; to delete the few rows that a test wrote
takes a tenth of that. So a test process has one database, which is emptied between two tests. It is dropped and copied
anew when a test changed the tables (a trigger, say), wrote very much, or left something that stands in the way.
"""

from typing import LiteralString

import psycopg
from psycopg import sql

MOST = 20_000
"""So many deleted rows may lie about. Nothing is vacuumed meanwhile: rows stay in the order they were written in."""

WATCH: LiteralString = """
CREATE SCHEMA watched;
CREATE TABLE watched.change (command text);
CREATE FUNCTION watched.note() RETURNS event_trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO watched.change VALUES (tg_tag); END $$;
CREATE EVENT TRIGGER watched ON ddl_command_end EXECUTE FUNCTION watched.note();
"""
"""For the template: every later change of a table, a trigger or the like leaves a row."""

ELSEWHERE: LiteralString = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


class Emptied:
    """The database of this test process: ``take`` it with no row in it, and ``give_back`` whatever became of it."""

    def __init__(self, url: str, admin: psycopg.Connection, template: str) -> None:
        self._admin, self._template, self._name = admin, template, f"{template}_t"
        self.url = url.rsplit("/", 1)[0] + f"/{self._name}"
        self._hand: psycopg.Connection | None = None
        self._emptying: sql.Composed | None = None
        self._deleted = 0

    def take(self) -> str:
        if self._hand is None:
            self.drop()
            copied = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
            self._admin.execute(copied.format(sql.Identifier(self._name), sql.Identifier(self._template)))
        return self.url

    def give_back(self) -> None:
        try:
            if self._hand is None:
                self._hand = psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True)
            self._hand.execute(ELSEWHERE)
            changed = self._hand.execute("SELECT FROM watched.change LIMIT 1").fetchone() is not None
            if not changed:
                self._deleted += self._empty(self._hand)
            if changed or self._deleted > MOST:
                self.drop()
        except psycopg.Error:
            self.drop()

    def drop(self) -> None:
        if self._hand is not None:
            self._hand.close()
        self._hand, self._deleted = None, 0
        self._admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self._name)))

    def _empty(self, hand: psycopg.Connection) -> int:
        """Delete every row, past the triggers that refuse it, and count from one again; how many rows there were."""
        if self._emptying is None:
            self._emptying = _emptying(hand)
        with hand.transaction(), hand.cursor() as cursor:
            cursor.execute(self._emptying)
            deleted = 0
            while True:
                if (cursor.statusmessage or "").startswith("DELETE"):
                    deleted += cursor.rowcount
                if not cursor.nextset():
                    return deleted


def _emptying(hand: psycopg.Connection) -> sql.Composed:
    def named(kind: str) -> list[sql.Identifier]:
        listed = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = %s"
        return [sql.Identifier(name) for (name,) in hand.execute(listed, [kind])]

    statements = [sql.SQL("SET LOCAL session_replication_role = replica"), sql.SQL("SET LOCAL lock_timeout = '10s'")]
    statements += [sql.SQL("DELETE FROM {}").format(table) for table in named("r")]
    restarted = [sql.SQL("setval({}, 1, false)").format(sql.Literal(name.as_string())) for name in named("S")]
    return sql.SQL("; ").join([*statements, sql.SQL("SELECT ") + sql.SQL(", ").join(restarted)])
