"""An office whose November has been counted."""

import pytest

from comms import reports
from comms.city import load_city
from comms.clock import FixedClock
from comms.db import Database
from tests.support import month


@pytest.fixture
def november(database, city, clock):
    """For a test that goes on from there."""
    return _counted(database, city, clock)


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def counted(request, tmp_path_factory):
    """For tests that only read: counted once a test process and kind of database."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("november") / "counted.db"
        path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
        database = Database(f"sqlite:///{path}")
        yield _counted(database, load_city("duluth-mn"), FixedClock(month.NOW))
        database.dispose()
        return
    url, admin, template = request.getfixturevalue("postgres_server")
    name = f"{template}_november"
    admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    database = Database(url.rsplit("/", 1)[0] + f"/{name}")
    yield _counted(database, load_city("duluth-mn"), FixedClock(month.NOW))
    database.dispose()
    admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _counted(database, city, clock):
    with database.begin() as session:
        month.whole(session)
    reports.count(database, city, clock)
    return database
