"""What housekeeping does for the weather, holds and letters."""

from datetime import UTC, date, datetime

import pytest

from comms import jobs
from comms.clock import FileClock
from comms.office import Office
from comms.settings import Settings
from comms.weather import weather_for
from comms.worklist import counts
from tests.support import build, post

NOW = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)


@pytest.fixture
def at(sqlite_url, tmp_path, monkeypatch):
    FileClock.put(tmp_path / "clock.json", NOW)
    settings = Settings(
        _env_file=None, comms_var=tmp_path / "var", database_url=sqlite_url, secret_key="k",
        comms_clock=str(tmp_path / "clock.json"), weather_feed=tmp_path / "alerts.csv",
    )  # fmt: skip
    for part in ("_weather_due", "_holds_due", "_third_parties_due"):
        monkeypatch.setattr(jobs, part, lambda: True)
    opened = Office.open(settings)
    yield opened
    opened.close()


def test_the_weather_file_is_followed(at, tmp_path, caplog):
    jobs._weather(at)  # it is not there yet: the rules protect
    feed = tmp_path / "alerts.csv"
    feed.write_text("# issued: 2026-11-23T15:30Z\nevent,county,state,starts,ends\nHeat Advisory,St. Louis,MN,,\n")
    jobs._weather(at)
    jobs._weather(at)
    with at.database.read() as session:
        found = weather_for(session, at.city, NOW)
    assert (found.alerts, found.issued_at) == (("Heat Advisory",), datetime(2026, 11, 23, 15, 30, tzinfo=UTC))


def test_nothing_that_a_person_must_look_at_is_forgotten(at):
    with at.database.begin() as session:
        account = build.account(session, flags=["third_party_notice"])
        build.hold(session, account.id, "medical", review_on=date(2026, 11, 23))
        build.hold(
            session, account.id, "energy_assistance", source="pledge:1", ends_on=date(2026, 11, 22), amount_cents=5000
        )
        post.hand_over(session, at.clock, account)
    FileClock.put(at.settings.comms_var.parent / "clock.json", datetime(2026, 12, 7, 16, tzinfo=UTC))
    jobs._holds(at)
    jobs._holds(at)
    with at.database.read() as session:
        assert counts(session) == {"hold_review": 1, "pledge_lapsed": 1, "mail_day": 1, "third_party_address": 1}
