"""What housekeeping does for reports and exports."""

from datetime import UTC, date, datetime

import pytest

from comms import jobs, reports
from comms.clock import FileClock
from comms.desk.reporting import exporting
from comms.desk.reporting.correspondence import Wanted
from comms.desk.schema import Export
from comms.office import Office
from comms.settings import Settings
from tests.support import month

NOVEMBER = Wanted(date(2026, 11, 1), date(2026, 11, 30))


@pytest.fixture
def at(sqlite_url, tmp_path, monkeypatch):
    FileClock.put(tmp_path / "clock.json", month.NOW)
    settings = Settings(
        _env_file=None, comms_var=tmp_path / "var", database_url=sqlite_url, secret_key="k",
        comms_clock=str(tmp_path / "clock.json"),
    )  # fmt: skip
    opened = Office.open(settings)
    for part in ("_figures_due", "_files_due"):
        monkeypatch.setattr(jobs, part, lambda: True)
    monkeypatch.setattr(jobs, "office", lambda: opened)
    with opened.database.begin() as session:
        month.whole(session)
    yield opened
    opened.close()


def test_the_figures_are_kept(at):
    jobs._figures(at)
    with at.database.read() as session:
        assert reports.counted_at(session) is not None
        found = reports.REPORTS["sent"](session, at.city, reports.Asked(date(2026, 11, 1), date(2026, 11, 30)))
    assert found.finding.startswith("8 messages left")


def test_a_file_is_made_by_the_worker_and_goes_after_a_week(at):
    with at.database.begin() as session:
        number = exporting.ask(session, NOVEMBER, "csv", by="osei", at=month.NOW, about="All accounts")
    jobs.make_export(number)
    (file,) = exporting.folder(at.settings.var).iterdir()
    assert file.read_bytes().count(b"\r\n") > 15
    FileClock.put(at.settings.var.parent / "clock.json", datetime(2026, 12, 1, 17, tzinfo=UTC))
    jobs._files(at)
    assert not file.exists()


def test_what_nobody_makes_is_rung_for_again(at, monkeypatch):
    asked = []
    monkeypatch.setattr(type(at.doorbell), "ask_for_export", lambda _self, number: asked.append(number))
    with at.database.begin() as session:
        number = exporting.ask(session, NOVEMBER, "csv", by="osei", at=month.NOW, about="All accounts")
    jobs._files(at)
    assert asked == []
    FileClock.put(at.settings.var.parent / "clock.json", datetime(2026, 11, 23, 16, 2, tzinfo=UTC))
    jobs._files(at)
    assert asked == [number]


def test_a_file_that_cannot_be_made_says_so(at, monkeypatch):
    monkeypatch.setattr(exporting.correspondence, "rows", lambda *_: 1 / 0)
    with at.database.begin() as session:
        number = exporting.ask(session, NOVEMBER, "csv", by="osei", at=month.NOW, about="All accounts")
    with pytest.raises(ZeroDivisionError):
        jobs.make_export(number)
    with at.database.read() as session:
        row = session.get(Export, number)
        assert row.state == "failed" and "Ask for it again" in row.words
    assert list(exporting.folder(at.settings.var).iterdir()) == []
