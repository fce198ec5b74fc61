"""The office of ``told``: one run let go three weeks ago, tonight's waiting; and who looks at it."""

import html
import re
from pathlib import Path

import pytest

from comms.campaigns import background
from comms.city import load_city
from comms.clock import FixedClock
from comms.db import Database
from comms.desk.access.users import add_user
from comms.office import Office
from comms.settings import Settings
from tests.desk import story
from tests.desk.campaigns import told
from tests.desk.conftest import Browser, RememberingDoorbell, make_app


def open_office(path: Path, var: Path) -> Office:
    settings = Settings(_env_file=None, comms_var=var, secret_key="test-key")
    database = Database(f"sqlite:///{path}")
    return Office(settings, database, FixedClock(story.NOW), load_city("duluth-mn"), RememberingDoorbell())


@pytest.fixture(scope="session")
def told_file(sqlite_template: Path, tmp_path_factory) -> Path:
    """The story in a database file, told once a test process."""
    folder = tmp_path_factory.mktemp("told")
    path = folder / "desk.db"
    path.write_bytes(sqlite_template.read_bytes())
    office = open_office(path, folder / "var")
    told.tell(office)
    with office.database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    office.database.dispose()
    return path


@pytest.fixture
def office(told_file: Path, tmp_path: Path):
    path = tmp_path / "desk.db"
    path.write_bytes(told_file.read_bytes())
    opened = open_office(path, tmp_path / "var")
    yield opened
    opened.database.dispose()


@pytest.fixture
def app(office):
    return make_app(office)


@pytest.fixture
def supervisor(app) -> Browser:
    """A supervisor who has signed in: she neither planned nor wrote anything."""
    return _signed_in(app, "osei")


@pytest.fixture
def administrator(app) -> Browser:
    return _signed_in(app, "admin")


@pytest.fixture
def collector(app) -> Browser:
    return _signed_in(app, "park")


def _signed_in(app, name: str) -> Browser:
    browser = Browser(app)
    assert browser.sign_in(name).status_code == 303
    return browser


def words(answer) -> str:
    """What a page says, without its tags."""
    text = re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True))
    return html.unescape(re.sub(r"\s+", " ", text))


def work(office: Office, run_id: int) -> background.Worked:
    """What the workers do when they are rung for."""
    return background.work_at(
        office.database, office.city, office.clock, office.renderer, run_id, enough=lambda: False
    )  # fmt: skip


@pytest.fixture
def second(app, office) -> Browser:
    """Another supervisor: what the first one made, she approves."""
    with office.database.begin() as session:
        add_user(session, username="lee", name="S. Lee", role="supervisor", password=story.PASSWORD, at=story.NOW)
    return _signed_in(app, "lee")
