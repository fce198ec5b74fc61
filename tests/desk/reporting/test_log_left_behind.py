"""A log whose worker was killed half-way is taken up again by itself; one that slept finds that it is another's now."""

import subprocess
import sys
from datetime import date, timedelta

import pytest

from comms.desk.reporting import exporting
from comms.desk.reporting.correspondence import Wanted
from comms.desk.schema import Export
from tests.support import month

NOVEMBER = Wanted(date(2026, 11, 1), date(2026, 11, 30))

HALF = """
import sys, time
from pathlib import Path
from comms.city import load_city
from comms.clock import FileClock
from comms.db import Database
from comms.desk.reporting import exporting

exporting.TOLD = 5
real = exporting.correspondence.rows

def rows(*given):
    for count, row in enumerate(real(*given), 1):
        yield row
        if count == 7:
            print("half-way", flush=True)
            time.sleep(60)

exporting.correspondence.rows = rows
url, var = sys.argv[1:]
exporting.make(Database(url), load_city("duluth-mn"), FileClock(Path(var) / "clock.json"), Path(var), 1)
"""
"""A worker that comes to a stop in the middle of a file."""


@pytest.fixture
def at(database, clock, tmp_path):
    """A long log that was asked for."""
    from comms.clock import FileClock

    FileClock.put(tmp_path / "clock.json", clock.now())
    with database.begin() as session:
        month.whole(session)
        exporting.ask(session, NOVEMBER, "csv", by="osei", at=clock.now(), about="All accounts")
    return tmp_path


def wish(database) -> Export:
    with database.read() as session:
        return session.get_one(Export, 1)


def left_behind(database, clock) -> list[int]:
    with database.read() as session:
        return exporting.waiting(session, clock.now(), timedelta(hours=1))


def begin_and_kill(url, var):
    worker = subprocess.Popen([sys.executable, "-c", HALF, url, str(var)], stdout=subprocess.PIPE, text=True)
    assert worker.stdout.readline() == "half-way\n"
    worker.kill()
    worker.wait()
    worker.stdout.close()


def test_a_log_whose_worker_was_killed_is_made_by_the_next(database, database_url, clock, city, at):
    begin_and_kill(database_url, at)
    assert (wish(database).state, wish(database).rows, wish(database).tries) == ("running", 5, 1)
    assert left_behind(database, clock) == [], "for all one knows somebody is at it"
    assert not exporting.make(database, city, clock, at, 1)
    clock.advance(exporting.STILL + timedelta(seconds=5))
    assert left_behind(database, clock) == [1]
    exporting.tidy(database, clock, at)
    assert exporting.make(database, city, clock, at, 1)
    (file,) = exporting.folder(at).iterdir()
    assert wish(database).state == "done" and file.name == wish(database).name
    assert file.read_bytes().count(b"\r\n") == 1 + wish(database).rows > 10
    assert left_behind(database, clock) == []


def test_after_three_tries_it_has_failed_and_says_what_to_do(database, clock, city, at, monkeypatch):
    def dies(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(exporting, "write", dies)
    for attempt in (1, 2, 3):
        exporting.tidy(database, clock, at)
        with pytest.raises(KeyboardInterrupt):
            exporting.make(database, city, clock, at, 1)
        assert (wish(database).state, wish(database).tries) == ("running", attempt)
        clock.advance(exporting.STILL)
    assert left_behind(database, clock) == []
    assert not exporting.make(database, city, clock, at, 1)
    exporting.tidy(database, clock, at)
    assert wish(database).state == "failed"
    assert "begun 3 times" in wish(database).words and "Ask for a shorter time" in wish(database).words


def test_a_worker_that_slept_leaves_the_file_to_the_one_who_took_it_up(database, clock, city, at, monkeypatch):
    real, sleeps = exporting.correspondence.rows, [True]
    monkeypatch.setattr(exporting, "TOLD", 5)

    def rows(*given):
        for count, row in enumerate(real(*given), 1):
            if count == 7 and sleeps:
                sleeps.clear()
                clock.advance(exporting.STILL)
                assert exporting.make(database, city, clock, at, 1), "the other one"
            yield row

    monkeypatch.setattr(exporting.correspondence, "rows", rows)
    assert not exporting.make(database, city, clock, at, 1)
    (file,) = exporting.folder(at).iterdir()
    assert (wish(database).state, wish(database).tries, wish(database).name) == ("done", 2, file.name)


def test_few_rows_in_a_long_time_are_heard_of_too(database, clock, city, at, monkeypatch):
    monkeypatch.setattr(exporting, "HEARD", 0.0)
    begun, heard, real = clock.now(), [], exporting.correspondence.rows

    def rows(*given):
        for row in real(*given):
            clock.advance(timedelta(minutes=1))
            heard.append(wish(database).got_on_at)
            yield row

    monkeypatch.setattr(exporting.correspondence, "rows", rows)
    assert exporting.make(database, city, clock, at, 1)
    assert heard[0] == begun and heard == sorted(set(heard)), "after every row"


def test_a_full_disk_is_told_and_leaves_nothing_behind(database, clock, city, at, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporting, "write", full)
    with pytest.raises(OSError, match="No space left"):
        exporting.make(database, city, clock, at, 1)
    assert wish(database).state == "failed" and "no room left" in wish(database).words
    assert list(exporting.folder(at).iterdir()) == []


def test_a_database_that_went_away_leaves_the_wish_to_be_taken_up_again(database, clock, city, at, monkeypatch):
    from sqlalchemy.exc import OperationalError

    def away(*_):
        raise OperationalError("SELECT", {}, Exception("server closed the connection unexpectedly"))

    with monkeypatch.context() as patched:
        patched.setattr(exporting, "write", away)
        with pytest.raises(OperationalError):
            exporting.make(database, city, clock, at, 1)
    assert wish(database).state == "running"
    clock.advance(exporting.STILL)
    assert left_behind(database, clock) == [1] and exporting.make(database, city, clock, at, 1)
