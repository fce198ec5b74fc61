"""Every command explains itself; settings that cannot be used are told in a sentence; ``migrate`` and ``doctor``."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest
from sqlalchemy import text, update

from comms.cli import COMMANDS, cli
from comms.db import Database
from comms.outbox import Message, enqueue
from comms.outbox.schema import Attempt
from comms.sandbox import start
from comms.settings import ROOT, Settings
from tests.support import build


def every_command(group: click.Group = cli, *before: str):
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        yield (*before, name)
        if isinstance(command, click.Group):
            yield from every_command(command, *before, name)


@pytest.mark.parametrize("path", list(every_command()), ids=" ".join)
def test_every_command_explains_itself(comms, path):
    said = comms(*path, "--help")
    assert said.code == 0
    assert said.out.startswith(f"Usage: comms {' '.join(path)}")
    assert len(said.out.splitlines()[2].strip()) > 10, "what it is for"


def test_the_list_of_commands_is_the_list_in_the_help(comms):
    said = comms("--help")
    assert all(f"  {name} " in said.out for name in COMMANDS)
    assert comms("--version").out.startswith("comms, version ")


@pytest.mark.parametrize(
    "command", [("plan",), ("why", "0000123-47"), ("campaign", "status"), ("worker",), ("clock",), ("serve",)]
)
@pytest.mark.parametrize("holds", [None, "", "noon", "{}", "[]", '{"at": "noon", "set": 1}', '{"at": 5, "set": 1}'])
def test_a_clock_that_is_no_clock_is_told_in_a_sentence(comms, monkeypatch, tmp_path, command, holds):
    comms("migrate")
    clock = tmp_path / "broken-clock.json"
    if holds is not None:
        clock.write_text(holds)
    monkeypatch.setenv("COMMS_CLOCK", str(clock))
    said = comms(*command)
    assert said.code == 2
    assert f"COMMS_CLOCK names the clock file {clock}, which cannot be read: " in said.err
    assert "Next step: " in said.err


def test_the_doctor_says_which_clock_all_goes_by(comms, monkeypatch, tmp_path):
    monkeypatch.setattr("comms.cli.doctor._carriers", lambda settings: [])
    comms("migrate")
    state, says, _ = findings(comms("doctor", "--json"))["clock"]
    assert state == "good" and "by it it is 2026-11-23 10:00" in says
    monkeypatch.setenv("COMMS_MODE", "rehearsal")
    assert findings(comms("doctor", "--json"))["clock"][0] == "mind"
    monkeypatch.setenv("COMMS_CLOCK", "")
    assert findings(comms("doctor", "--json"))["clock"] == ("good", "this machine's own", "")
    monkeypatch.setenv("COMMS_CLOCK", str(tmp_path / "nowhere.json"))
    said = comms("doctor", "--json")
    state, says, step = findings(said)["clock"]
    assert (state, said.code) == ("bad", 1)
    assert "nowhere.json, which cannot be read: No such file" in says and step.startswith("Leave COMMS_CLOCK empty")


@pytest.mark.parametrize("command", [("plan",), ("history", "verify"), ("serve",), ("worker",), ("clock",)])
@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("COMMS_MODE", "production", "COMMS_MODE: Input should be 'sandbox', 'rehearsal' or 'live'"),
        ("COMMS_THREADS", "0", "COMMS_THREADS: Input should be greater than or equal to 1"),
        ("COMMS_LOG_LEVEL", "LOUD", "COMMS_LOG_LEVEL: Input should be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("DATABASE_URL", "mysql://me:hunter2@db/x", "DATABASE_URL: it begins with none of: sqlite:, postgresql:"),
        ("REDIS_URL", "http://redis", "REDIS_URL: it begins with none of: redis:"),
        ("EMAIL_REPLY_TO", "answers", "EMAIL_REPLY_TO: it is no email address; give name@domain"),
    ],
)
def test_settings_that_cannot_be_used_are_told_in_a_sentence(comms, monkeypatch, command, name, value, says):
    monkeypatch.setenv(name, value)
    said = comms(*command)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("The settings cannot be used. ")
    assert says in said.err
    assert said.err.endswith("Next step: comms doctor\n")
    assert "hunter2" not in said.err


def test_the_worker_tells_it_too(tmp_path):
    environment = {**os.environ, "COMMS_VAR": str(tmp_path), "COMMS_MODE": "production", "COMMS_ENV_FILE": os.devnull}
    ended = subprocess.run(
        [sys.executable, ROOT / "worker.py", "--clock"], env=environment, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("The settings cannot be used. COMMS_MODE: ")


def test_a_city_that_is_not_there_is_told_with_those_that_are(comms, monkeypatch):
    monkeypatch.setenv("COMMS_CITY", "gotham")
    said = comms("plan")
    assert said.code == 2
    assert "duluth-mn, kent-oh" in said.err


def test_live_does_not_start_without_a_complete_set(comms, monkeypatch):
    monkeypatch.setenv("COMMS_MODE", "live")
    said = comms("serve")
    assert said.code == 2
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "SENDGRID_API_KEY", "SENDGRID_WEBHOOK_PUBLIC_KEY",
                 "SENDGRID_INBOUND_SECRET", "EMAIL_FROM", "PUBLIC_URL", "SECRET_KEY"):  # fmt: skip
        assert name in said.err


def test_a_port_that_is_taken_is_told_before_anything_starts(comms):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = comms("serve", "--port", str(port))
    assert said.code == 2
    assert f"cannot listen on 127.0.0.1:{port}" in said.err
    assert "Next step: end what listens there" in said.err


@pytest.mark.parametrize("arguments", [("plan",), ("history", "verify"), ("campaign", "status"), ("release", "1")])
def test_a_database_without_tables_is_told_with_the_next_step(comms, arguments):
    said = comms(*arguments)
    assert said.code == 2
    assert said.err.endswith("The database has no tables yet, or old ones. Next step: comms migrate\n")
    assert "Traceback" not in said.err


def test_a_database_that_does_not_answer_is_told_with_the_next_step(comms, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    said = comms("plan")
    assert said.code == 2
    assert said.err.endswith("The database does not answer. Next step: comms doctor\n")


def test_migrating_makes_the_tables_and_again_changes_nothing(comms):
    first = comms("migrate")
    assert first.code == 0
    assert first.out.startswith("The database went from empty to ")
    again = comms("migrate")
    assert again.out.startswith("The database is up to date (")
    assert comms("history", "verify").out == "0 events in 0 chains: whole.\n"


def findings(said) -> dict[str, tuple[str, str, str]]:
    return {one["what"]: (one["state"], one["says"], one["next_step"]) for one in said.json}


def test_the_doctor_on_a_fresh_machine(comms):
    said = comms("doctor", "--json")
    found = findings(said)
    assert said.code == 1
    assert found["mode"][0] == found["city"][0] == found["mail house"][0] == "good"
    assert found["database"][0::2] == ("bad", "comms migrate")
    assert found["redis"][0] == "mind"
    assert found["twilio"][0] == found["sendgrid"][0] == "mind"
    assert all(step for state, _, step in found.values() if state != "good"), "each says what to do"


def test_the_doctor_on_a_file_that_is_no_database(comms, monkeypatch, tmp_path):
    """Nobody can start SQLite: what is wrong is the file, or the disk."""
    (tmp_path / "notes.db").write_text("no database at all " * 100)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'notes.db'}")
    monkeypatch.setattr("comms.cli.doctor._carriers", lambda settings: [])
    state, says, step = findings(comms("doctor", "--json"))["database"]
    assert (state, says) == ("bad", f"sqlite:///{tmp_path / 'notes.db'} cannot be opened")
    assert "Is the disk full" in step


def test_the_doctor_says_where_emails_are_answered_to(comms, monkeypatch):
    monkeypatch.setenv("COMMS_MODE", "live")
    monkeypatch.setenv("EMAIL_FROM", "billing@example.gov")
    monkeypatch.setattr("comms.cli.doctor._carriers", lambda settings: [])
    state, says, step = findings(comms("doctor", "--json"))["replies"]
    assert (state, "billing@example.gov" in says, "EMAIL_REPLY_TO" in step) == ("mind", True, True)
    monkeypatch.setenv("EMAIL_REPLY_TO", "answers@parse.example.gov")
    assert findings(comms("doctor", "--json"))["replies"][0] == "good"


def test_the_doctor_says_how_much_of_the_carriers_day_is_used(comms, monkeypatch, tmp_path, clock):
    comms("migrate")
    database = Database(f"sqlite:///{tmp_path / 'var' / 'comms.db'}")
    monkeypatch.setenv("TWILIO_SEGMENTS_PER_DAY", "10")
    assert findings(comms("doctor", "--json"))["day's limit"][:2] == ("good", "0 of 10 text segments used (0 %)")
    with database.begin() as session:
        (text,) = enqueue(session, [build.draft(build.account(session).id, segments=9)], clock)
        session.execute(update(Message).values(state="submitted", state_at=clock.now()))
        attempt = {"message_id": text, "number": 1, "carrier": "twilio", "worker": "w", "outcome": "accepted"}
        session.add(Attempt(started_at=clock.now(), **attempt))
    database.dispose()
    state, says, step = findings(comms("doctor", "--json"))["day's limit"]
    assert (state, says) == (
        "mind",
        "9 of 10 text segments used (90 %); notices wait for the next day, answers still leave",
    )
    assert "TWILIO_SEGMENTS_PER_DAY" in step


@pytest.mark.parametrize(
    ("given", "limits"),
    [
        ({}, {}),
        ({"comms_mode": "live"}, {"sms": 2000}),
        ({"comms_mode": "rehearsal", "twilio_segments_per_day": 0}, {}),
        ({"comms_mode": "live", "twilio_segments_per_day": 40000, "sendgrid_messages_per_day": 100},
         {"sms": 40000, "email": 100}),
    ],
)  # fmt: skip
def test_a_brand_has_a_days_limit_unless_the_office_knows_better(given, limits):
    assert Settings(_env_file=None, **given).day_limits == limits


def test_the_doctor_when_all_is_well(comms, monkeypatch, tmp_path: Path, redis_url):
    comms("migrate")
    (tmp_path / "alerts.csv").write_text("# issued: 2026-11-23T09:30-06:00\nevent,county,state,starts,ends\n")
    comms("weather", "import", str(tmp_path / "alerts.csv"))
    with start(tmp_path / "var") as sandbox:
        monkeypatch.setenv("SANDBOX_URL", sandbox.url)
        monkeypatch.setenv("REDIS_URL", redis_url)
        said = comms("doctor", "--json")
        found = findings(said)
        assert (said.code, {state for state, _, _ in found.values()}) == (0, {"good"}), found
        for name, value in (("TWILIO_AUTH_TOKEN", "wrong"), ("SENDGRID_API_KEY", "SG.wrong")):
            monkeypatch.setenv(name, value)
        found = findings(comms("doctor", "--json"))
    assert [found[carrier][0] for carrier in ("twilio", "sendgrid")] == ["bad", "bad"]
    assert "refuses the credentials" in found["twilio"][1]
    assert "wrong" not in str(found), "no secret is printed"


@pytest.mark.parametrize(
    ("name", "value", "what", "says"),
    [
        ("COMMS_MODE", "production", "settings", "COMMS_MODE"),
        ("COMMS_CITY", "gotham", "city", "gotham"),
        ("DATABASE_URL", "postgresql+psycopg://u:hunter2@127.0.0.1:1/none", "database", "does not answer"),
        ("REDIS_URL", "redis://127.0.0.1:1/0", "redis", "does not answer"),
        ("MAILHOUSE_URL", "ftp://mail.example", "mail house", "cannot be used"),
        ("MAILHOUSE_URL", "file:/proc/nothing/here", "mail house", "cannot be written"),
    ],
)
def test_the_doctor_finds_what_is_wrong_and_says_what_to_do(comms, monkeypatch, name, value, what, says):
    monkeypatch.setenv(name, value)
    said = comms("doctor", "--json")
    state, words, next_step = findings(said)[what]
    assert said.code == 1
    assert state == "bad" and says in words and next_step
    assert "hunter2" not in said.out
    printed = comms("doctor")
    assert "BAD" in printed.out and f"-> {next_step}" in printed.out


def test_the_doctor_finds_a_database_that_was_not_migrated_after_an_update(comms, tmp_path):
    from comms.db import Database

    comms("migrate")
    opened = Database(f"sqlite:///{tmp_path / 'var' / 'comms.db'}")
    with opened.engine.connect() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
        connection.commit()
    opened.dispose()
    state, words, next_step = findings(comms("doctor", "--json"))["database"]
    assert (state, next_step) == ("bad", "comms migrate")
    assert "is at 0000, the service needs" in words


def test_the_doctor_lists_what_live_lacks(comms, monkeypatch):
    monkeypatch.setenv("COMMS_MODE", "live")
    lacking = [one["says"] for one in comms("doctor", "--json").json if one["what"] == "settings"]
    assert len(lacking) == 9
    assert "SECRET_KEY is missing: make one with: openssl rand -hex 32" in lacking
