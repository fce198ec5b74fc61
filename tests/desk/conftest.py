"""The desk with its pages, on SQLite, with a clock that stands still and a doorbell that only remembers."""

import html
import re
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from comms import desk
from comms.db import Database
from comms.desk.access import passwords
from comms.office import Office
from tests.desk import chromium, story

_FOLDER = tempfile.TemporaryDirectory(prefix="comms-desk-")
COMPILED = FileSystemBytecodeCache(_FOLDER.name)
"""The compiled templates: every test has an application of its own, and they are all alike."""


@pytest.fixture(scope="session", autouse=True)
def quick_passwords():
    """Hashes that cost nothing; the tests of signing in ask for the real ones where it matters."""
    real, passwords._HASHER = passwords._HASHER, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    yield
    passwords._HASHER = real


@pytest.fixture(scope="session")
def one_chromium():
    """One Chromium a test process, for every test that looks at pages; each opens a context of its own in it."""
    with chromium.chromium() as opened:
        yield opened


class RememberingDoorbell:
    """Who was rung for, instead of Redis."""

    def __init__(self) -> None:
        self.rung: list[tuple[str, tuple[int, ...]]] = []
        self.later: list[tuple[timedelta, str, tuple[int, ...]]] = []

    def ring(self, lane, ids=()):
        self.rung.append((lane, tuple(ids)))
        return True

    def ring_at(self, when, now, lane, ids=()):
        self.later.append((when - now, lane, tuple(ids)))
        return True

    def answers(self):
        return True

    def ask_for_run(self, run_id):
        return self.ring("run", [run_id])


def make_app(office: Office) -> Flask:
    app = Flask("comms.desk.testing")
    app.register_blueprint(desk.blueprint(office))
    desk.install(app, office)
    app.jinja_env.bytecode_cache = COMPILED
    return app


@pytest.fixture(scope="session")
def afternoon_file(sqlite_template: Path, tmp_path_factory) -> Path:
    """The whole story in a database file, told once a test process."""
    path = tmp_path_factory.mktemp("afternoon") / "desk.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    with database.begin() as session:
        story.whole(session, story.NOW)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    database.dispose()
    return path


@pytest.fixture
def afternoon(settings, clock, city, afternoon_file: Path, tmp_path: Path):
    """The office with the whole story in its database."""
    path = tmp_path / "desk.db"
    path.write_bytes(afternoon_file.read_bytes())
    database = Database(f"sqlite:///{path}")
    yield Office(settings, database, clock, city, RememberingDoorbell())
    database.dispose()


@pytest.fixture
def app(afternoon):
    return make_app(afternoon)


class Browser:
    """A browser without scripts: it keeps cookies, sends forms with their token, and follows where it is led."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()

    def get(self, path: str, **more):
        return self.client.get(path, base_url="https://localhost", **more)

    def post(self, path: str, form: dict[str, str] | None = None, *, page: str = "/sign-in", **more):
        """Send a form from ``page``: with that page's hidden fields, as a browser would."""
        shown = self.get(page).get_data(as_text=True)
        found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', shown)
        hidden = {name: html.unescape(value) for name, value in found}
        return self.client.post(path, base_url="https://localhost", data=hidden | (form or {}), **more)

    def sign_in(self, username: str = "park", password: str = story.PASSWORD, **more):
        return self.post("/sign-in", {"username": username, "password": password}, **more)


@pytest.fixture
def browser(app) -> Browser:
    return Browser(app)


@pytest.fixture
def clerk(browser) -> Browser:
    """A collector who has signed in."""
    assert browser.sign_in().status_code == 303
    return browser
