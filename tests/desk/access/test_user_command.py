"""``comms user``: who may sign in."""

import json

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from comms.cli.user import user
from comms.desk.access.users import find_user
from comms.desk.schema import AuditEvent
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
        {
            "username": "j.park", "name": "J. Park", "role": "supervisor", "active": True, "email": None,
            "codes": False, "sso": False,
        }
    ]  # fmt: skip


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


def test_change_enable_and_sign_out_are_written_down(run, sqlite_database):
    run("add", "lee", "--password-stdin", typed=PASSWORD)
    done = run("change", "lee", "--role", "supervisor", "--email", "Lee@City.example")
    assert "role supervisor instead of collector; email lee@city.example instead of none" in done.output
    assert "nothing is different" in run("change", "lee", "--role", "supervisor").output
    assert run("disable", "lee").exit_code == 0
    assert run("enable", "lee").exit_code == 0
    assert run("sign-out", "lee").exit_code == 0
    assert run("codes-off", "lee").exit_code == 0
    assert run("untie", "lee").exit_code == 0
    with sqlite_database.read() as session:
        written = session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    assert [event.action for event in written] == [
        "user.added", "user.changed", "user.changed", "user.disable", "user.enable", "user.sign_out", "user.codes_off",
        "user.untie",
    ]  # fmt: skip
    assert all(event.username.startswith("command:") and event.facts["user"] == "lee" for event in written)


def test_somebody_without_a_password_needs_an_email_address(run):
    refused = run("add", "kim", "--sso")
    assert (refused.exit_code, "--email" in refused.output) == (2, True)
    assert run("add", "kim", "--sso", "--email", "kim@city.example").exit_code == 0
    taken = run("add", "lee", "--sso", "--email", "KIM@city.example")
    assert (taken.exit_code, "kim has the address" in taken.output) == (2, True)


def test_the_last_administrator_cannot_be_taken_away(run):
    run("add", "ada", "--role", "administrator", "--password-stdin", typed=PASSWORD)
    for arguments in (("disable", "ada"), ("change", "ada", "--role", "viewer")):
        refused = run(*arguments)
        assert (refused.exit_code, "only administrator" in refused.output) == (2, True)
    run("add", "max", "--role", "administrator", "--password-stdin", typed=PASSWORD)
    assert run("disable", "ada").exit_code == 0


def test_nobody_yet_says_how_to_begin(run):
    assert "comms user add USERNAME" in run("list").output
