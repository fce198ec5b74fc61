"""``comms user``: who may sign in."""

import json

import pytest
from click.testing import CliRunner

from comms.cli.user import user
from comms.desk.users import find_user
from tests.desk.story import PASSWORD


@pytest.fixture
def run(sqlite_url, tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("COMMS_VAR", str(tmp_path))
    return lambda *arguments, typed=None: CliRunner().invoke(user, arguments, input=typed)


def test_add_and_list(run, sqlite_database):
    done = run("add", "j.park", "--name", "J. Park", "--role", "supervisor", "--password-stdin", typed=PASSWORD + "\n")
    assert (done.exit_code, "j.park may sign in at" in done.output) == (0, True)
    with sqlite_database.read() as session:
        assert PASSWORD not in find_user(session, "j.park").password_hash
    assert "j.park" in run("list").output
    assert json.loads(run("list", "--json").output) == [
        {"username": "j.park", "name": "J. Park", "role": "supervisor", "active": True}
    ]


def test_a_password_can_be_typed_twice(run):
    assert run("add", "lee", typed=f"{PASSWORD}\n{PASSWORD}\n").exit_code == 0


def test_a_refusal_says_what_to_do_and_exits_with_2(run):
    assert run("add", "lee", "--password-stdin", typed=PASSWORD).exit_code == 0
    again = run("add", "lee", "--password-stdin", typed=PASSWORD)
    assert (again.exit_code, "comms user password lee" in again.output) == (2, True)
    weak = run("add", "kim", "--password-stdin", typed="short")
    assert (weak.exit_code, "at least 12 characters" in weak.output) == (2, True)
    unknown = run("disable", "nobody")
    assert (unknown.exit_code, "comms user list" in unknown.output) == (2, True)


def test_disable_and_a_new_password(run):
    run("add", "lee", "--password-stdin", typed=PASSWORD)
    assert run("disable", "lee").exit_code == 0
    assert "(disabled)" in run("list").output
    assert run("password", "lee", "--password-stdin", typed="another long phrase").exit_code == 0
    assert "(disabled)" not in run("list").output


def test_nobody_yet_says_how_to_begin(run):
    assert "comms user add USERNAME" in run("list").output
