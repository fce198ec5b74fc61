"""What every test may ask for: a database of each kind, a Redis, a clock that stands still, a city."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest

from comms.clock import FixedClock
from comms.db import Database
from comms.db.schema import metadata
from tests.support import alike, emptied, servers

TEMPLATE = "comms_template"


@pytest.fixture
def clock() -> FixedClock:
    """Monday 2026-11-23, 10:00 in Duluth."""
    return FixedClock(datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("America/Chicago")))


@pytest.fixture
def city():
    from comms.city import load_city

    return load_city("duluth-mn")


@pytest.fixture
def settings(tmp_path: Path):
    from comms.settings import Settings

    return Settings(_env_file=None, comms_var=tmp_path / "var", secret_key="test-key")


@pytest.fixture(scope="session", autouse=True)
def statements():
    with alike.statements() as kept, alike.addresses():
        yield kept


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory, statements) -> Path:
    path = tmp_path_factory.mktemp("template") / "empty.db"
    database = Database(f"sqlite:///{path}")
    metadata().create_all(database.engine)
    statements.learn(database.engine)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    database.dispose()
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "comms.db"
    path.write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory, statements):
    """One server a test process, with a template database that holds every table."""
    with servers.postgres() as url:
        admin = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
        name = f"{TEMPLATE}_{tmp_path_factory.getbasetemp().name.replace('-', '_')}"
        admin.execute(f'CREATE DATABASE "{name}"')
        database = Database(url.rsplit("/", 1)[0] + f"/{name}")
        metadata().create_all(database.engine)
        statements.learn(database.engine)
        with database.begin() as session:
            session.connection().exec_driver_sql(emptied.WATCH)
        database.dispose()
        yield url, admin, name
        admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        admin.close()


@pytest.fixture(scope="session")
def postgres_emptied(postgres_server):
    kept = emptied.Emptied(*postgres_server)
    yield kept
    kept.drop()


@pytest.fixture
def postgres_url(postgres_emptied):
    yield postgres_emptied.take()
    postgres_emptied.give_back()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request) -> str:
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def database(database_url: str):
    """A database with every table and no rows: the test runs once on SQLite and once on PostgreSQL."""
    opened = Database(database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def sqlite_database(sqlite_url: str):
    opened = Database(sqlite_url)
    yield opened
    opened.dispose()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory):
    """A Redis of this test process's own, empty at its start."""
    with servers.valkey(tmp_path_factory.mktemp("valkey")) as url:
        yield url


@pytest.fixture
def two_at_once():
    """Do the same in two threads that start together; both answers."""

    def both(act):
        gate = threading.Barrier(2)

        def one(_):
            gate.wait()
            return act()

        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(one, range(2)))

    return both
