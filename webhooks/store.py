"""Keeping a post: one insert, one commit, nothing else, because the carrier is waiting.

Connections of its own, in autocommit, with short time-outs: a single statement is then its own transaction and one
round trip, and a database that hangs becomes a 503 before the carrier gives up (Twilio waits 15 s). PostgreSQL
prepares the statement after its first use.
"""

import json
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from comms.db import Database

from .contract import Post

log = structlog.get_logger(__name__)

WAIT_MS = 5_000
MOST_IDLE = 32

_COLUMNS = "provider, kind, event_key, token, body, headers, received_at, state, tries"
_POSTGRES = (
    f"INSERT INTO webhook_event ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s::jsonb, %s, 'new', 0) "  # noqa: S608
    "ON CONFLICT (provider, event_key) DO NOTHING"
)
_SQLITE = (
    f"INSERT INTO webhook_event ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, 'new', 0) "  # noqa: S608
    "ON CONFLICT (provider, event_key) DO NOTHING"
)


class Away(Exception):  # noqa: N818 - the database is
    """The post could not be kept; the carrier must send it again."""


class Inbox:
    """Keeps posts in ``webhook_event``. Any number of threads may use it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._away = (database.engine.dialect.loaded_dbapi.Error, SQLAlchemyError, OSError)
        self._idle: deque[Any] = deque()

    def keep(self, posts: Sequence[Post], at: datetime) -> None:
        """Keep all of them or none; what is there already stays as it is. Raises ``Away``.

        Tried twice, the second time on a connection just made: a kept one may have died with the server, and the
        insert does no harm twice.
        """
        rows = [self._row(post, at) for post in posts]
        if (kept := self._take_idle()) is not None:
            try:
                self._insert(kept, rows)
            except self._away:
                self._drop(kept)
            else:
                self._give_back(kept)
                return
        made = None
        try:
            made = self._connect()
            self._insert(made, rows)
        except self._away as error:
            self._drop(made)
            log.error("webhook.not_kept", error=type(error).__name__)
            raise Away from error
        self._give_back(made)

    def close(self) -> None:
        while (connection := self._take_idle()) is not None:
            self._drop(connection)

    def _row(self, post: Post, at: datetime) -> tuple[Any, ...]:
        moment: Any = at.astimezone(UTC)
        if self._database.is_sqlite:
            moment = moment.strftime("%Y-%m-%d %H:%M:%S.%f")
        headers = json.dumps(dict(post.headers))
        return post.provider, post.kind, post.event_key, post.token, post.body, headers, moment

    def _connect(self) -> Any:
        pooled = self._database.engine.raw_connection()
        connection = pooled.driver_connection
        assert connection is not None
        pooled.detach()
        if self._database.is_sqlite:
            connection.execute(f"PRAGMA busy_timeout = {WAIT_MS}")
        else:
            connection.autocommit = True
            connection.execute(f"SET statement_timeout = {WAIT_MS}")
        return connection

    def _insert(self, connection: Any, rows: list[tuple[Any, ...]]) -> None:
        if self._database.is_sqlite:
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.executemany(_SQLITE, rows)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        elif len(rows) == 1:
            connection.execute(_POSTGRES, rows[0], prepare=True)
        else:
            with connection.transaction(), connection.cursor() as cursor:
                cursor.executemany(_POSTGRES, rows)

    def _give_back(self, connection: Any) -> None:
        if len(self._idle) < MOST_IDLE:
            self._idle.append(connection)
        else:
            self._drop(connection)

    def _take_idle(self) -> Any:
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _drop(self, connection: Any) -> None:
        if connection is not None:
            with suppress(*self._away):
                connection.close()
