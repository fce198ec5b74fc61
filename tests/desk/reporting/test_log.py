"""The correspondence log, taken out as Excel and CSV."""

import csv
import io
import os
import time
import zipfile
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from comms.desk.reporting import correspondence, exporting
from comms.desk.reporting.correspondence import Wanted
from comms.desk.schema import AuditEvent, Export
from tests.support import month

MONTH = {"from": "2026-11-01", "to": "2026-11-30", "account": "", "what": "said", "form": "csv"}
NOVEMBER = Wanted(date(2026, 11, 1), date(2026, 11, 30))


@pytest.fixture
def november(afternoon):
    with afternoon.database.begin() as session:
        month.whole(session)
    return afternoon


@pytest.fixture
def boss(browser):
    """A supervisor, who may take the log out."""
    assert browser.sign_in("osei").status_code == 303
    return browser


def export(browser, **given):
    return browser.post("/reports/log", MONTH | given, page="/reports/log")


def content(browser, number: int = 1) -> list[dict[str, str]]:
    answer = browser.get(f"/reports/log/{number}")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"), newline="")))


def log(database, city, wanted=NOVEMBER):
    names = [column.title for column in correspondence.COLUMNS]
    return [dict(zip(names, row, strict=True)) for row in correspondence.rows(database, city, wanted)]


def test_the_month_s_log_is_made_at_once_and_downloaded(november, boss):
    assert export(boss).status_code == 303
    page = boss.get("/reports/log").get_data(as_text=True)
    assert "The log is ready" in page and "Download CSV" in page
    rows = content(boss)
    assert rows == sorted(rows, key=lambda row: row["When"])
    asked = next(row for row in rows if "calc" in row["Words"])
    assert asked["Words"] == "'=cmd|' /C calc'!A0", "nothing that a spreadsheet would run"
    assert (asked["Name"], asked["Direction"], asked["Channel"]) == ("Bert Olson", "From the customer", "Text")
    assert asked["When"] == "2026-11-04 10:00:00"
    came_back = next(row for row in rows if row["What became of it"] == "Returned by the post office")
    assert came_back["Address"] == "1 Main St, Duluth MN 55802"
    assert not any(row["Channel"] == "Private note" for row in rows)


def test_as_excel_it_holds_the_same_and_no_formula(november, boss):
    export(boss, form="xlsx")
    answer = boss.get("/reports/log/1")
    assert answer.headers["Content-Disposition"].endswith('.xlsx"')
    with zipfile.ZipFile(io.BytesIO(answer.get_data())) as book:
        xml = book.read("xl/worksheets/sheet1.xml").decode()
    assert "calc" in xml and "<f>" not in xml


def test_one_account_alone_with_everything_and_notes(november, boss):
    export(boss, account="0048221-37", what="everything", notes="1", **{"from": "2026-10-01"})
    rows = content(boss)
    assert {row["Account"] for row in rows} == {"0048221-37"}
    assert {"Private note", "Text", "Letter"} <= {row["Channel"] for row in rows}
    assert any(row["What happened"].startswith("Payment of") for row in rows)
    positions = [int(row["Position in the account's history"]) for row in rows]
    assert sorted(positions) == list(range(1, len(rows) + 1)), "nothing is left out"
    with november.database.read() as session:
        noted = session.scalars(select(AuditEvent).where(AuditEvent.action.startswith("log."))).all()
    assert [(one.action, one.username) for one in noted] == [("log.exported", "osei"), ("log.downloaded", "osei")]
    assert noted[0].account_id is not None and noted[0].facts["notes"] is True


def test_a_long_log_is_made_by_a_worker(november, boss, monkeypatch):
    monkeypatch.setattr(exporting, "AT_ONCE", 0)
    asked = []
    november.doorbell.ask_for_export = lambda number: asked.append(number) or True
    export(boss)
    page = boss.get("/reports/log").get_data(as_text=True)
    assert asked == [1] and "Waits for the worker." in page and 'hx-get="/reports/log/files"' in page
    assert boss.get("/reports/log/1").status_code == 404
    assert exporting.make(november.database, november.city, november.clock, november.settings.var, 1)
    assert not exporting.make(november.database, november.city, november.clock, november.settings.var, 1)
    files = boss.get("/reports/log/files").get_data(as_text=True)
    assert "Download CSV" in files and "hx-trigger" not in files
    assert len(content(boss)) > 10


def test_the_page_says_how_far_a_long_file_is(november, boss, monkeypatch):
    monkeypatch.setattr(exporting, "AT_ONCE", 0)
    monkeypatch.setattr(exporting, "TOLD", 5)
    november.doorbell.ask_for_export = lambda _: True
    export(boss)
    seen = []

    def look(*_):
        seen.append(boss.get("/reports/log/files").get_data(as_text=True))
        return 0

    class Watched(exporting._Counter):
        def __iter__(self):
            for row in super().__iter__():
                if self.count in (4, 6):
                    look()
                yield row

    monkeypatch.setattr(exporting, "_Counter", Watched)
    assert exporting.make(november.database, november.city, november.clock, november.settings.var, 1)
    rows = len(content(boss))
    before, after = seen
    assert f"about {rows}</td>" in before and "Being made. This page" in before
    assert f'<progress value="5" max="{rows}"' in after and "5 rows. This page shows it" in after
    assert f'<td data-name="Rows">{rows}</td>' in boss.get("/reports/log/files").get_data(as_text=True)


def test_without_a_worker_the_page_says_what_to_do(november, boss, monkeypatch, clock):
    monkeypatch.setattr(exporting, "AT_ONCE", 0)
    november.doorbell.ask_for_export = lambda _: False
    export(boss)
    page = boss.get("/reports/log").get_data(as_text=True)
    assert "no worker could be reached to make it" in page and "Waits for the worker." in page
    clock.advance(timedelta(minutes=3))
    page = boss.get("/reports/log").get_data(as_text=True)
    assert "No worker takes it up." in page and "Tell whoever looks after the service" in page
    assert 'hx-get="/reports/log/files"' in page, "it goes on looking"


def test_a_log_whose_worker_has_stopped_says_that_it_is_begun_again(november, boss, monkeypatch, clock):
    monkeypatch.setattr(exporting, "AT_ONCE", 0)
    november.doorbell.ask_for_export = lambda _: True
    export(boss)
    with november.database.begin() as session:
        wish = session.get(Export, 1)
        wish.state, wish.tries, wish.got_on_at = "running", 1, clock.now()
    assert "Being made. This page" in boss.get("/reports/log/files").get_data(as_text=True)
    clock.advance(timedelta(minutes=2))
    page = boss.get("/reports/log/files").get_data(as_text=True)
    assert "Stands still." in page and "begun again by itself" in page and 'hx-get="/reports/log/files"' in page


def test_a_wish_that_nobody_took_up_is_rung_for_again(november, boss, monkeypatch):
    monkeypatch.setattr(exporting, "AT_ONCE", 0)
    november.doorbell.ask_for_export = lambda _: False
    export(boss)
    with november.database.read() as session:
        assert exporting.waiting(session, november.clock.now(), timedelta(seconds=1)) == []
        assert exporting.waiting(session, november.clock.now(), timedelta()) == [1]


def test_only_who_asked_for_a_file_gets_it(november, boss, app):
    export(boss)
    boss.post("/sign-out", page="/")
    boss.sign_in("admin")
    assert boss.get("/reports/log/1").status_code == 404
    assert "You have not exported anything yet." in boss.get("/reports/log").get_data(as_text=True)


def test_files_go_after_a_week_and_what_died_is_told(november, boss, clock):
    export(boss)
    folder = exporting.folder(november.settings.var)
    (folder / "log.csv.999.part").write_text("half")
    os.utime(folder / "log.csv.999.part", (time.time() - 86400,) * 2)
    with november.database.begin() as session:
        exporting.ask(session, NOVEMBER, "csv", by="osei", at=clock.now(), about="All accounts")
        died = session.get(Export, 2)
        died.state, died.tries = "running", exporting.MOST_TRIES
    clock.advance(timedelta(days=8))
    assert exporting.tidy(november.database, clock, november.settings.var) == 1
    assert list(folder.iterdir()) == []
    with november.database.read() as session:
        page = [(row.state, row.name) for row in exporting.mine(session, "osei")]
        assert "begun 3 times" in session.get(Export, 2).words
    assert page == [("failed", None), ("done", None)]


def test_the_folder_and_the_file_are_the_service_s_alone(november, boss):
    export(boss)
    folder = exporting.folder(november.settings.var)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o600]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"from": "soon"}, "Give both days"),
        ({"from": "2026-12-24"}, "The last day lies before the first"),
        ({"from": "1999-01-01"}, "at most three years"),
        ({"account": "0009999-99"}, "There is no account 0009999-99"),
    ],
)
def test_a_wish_that_cannot_be_met_is_told_with_the_words_kept(november, boss, given, words):
    answer = export(boss, **given)
    html = answer.get_data(as_text=True)
    assert answer.status_code == 422 and words in html
    assert all(f'value="{value}"' in html for value in given.values())


def test_a_workbook_too_long_is_refused_with_a_way_out(november, boss, monkeypatch):
    monkeypatch.setattr(exporting, "LONGEST_XLSX", 3)
    assert "Choose CSV, or a shorter time" in export(boss, form="xlsx").get_data(as_text=True)
    assert export(boss).status_code == 303


def test_the_log_holds_the_same_on_both_databases(database, city):
    with database.begin() as session:
        people = month.whole(session)
    rows = log(database, city)
    assert len(rows) == 15 and {row["By"] for row in rows} == {"Automatic", "Customer", "park"}
    only = log(database, city, Wanted(date(2026, 11, 1), date(2026, 11, 30), people["Dora"]))
    assert {row["Name"] for row in only} == {"Dora Olson"} and len(only) == 5
    assert log(database, city, Wanted(date(2026, 10, 1), date(2026, 10, 31))) == []


def test_an_export_is_read_in_pieces(database, city, monkeypatch):
    with database.begin() as session:
        month.whole(session)
    whole = log(database, city)
    monkeypatch.setattr(correspondence, "PIECE", 2)
    assert log(database, city) == whole
