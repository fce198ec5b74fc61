"""``comms report`` and ``comms log export``: the figures and the log without a browser."""

import csv
import zipfile

import pytest
from sqlalchemy import select

from comms.desk.schema import AuditEvent
from comms.reports import REPORTS
from tests.support import month, policies

NOVEMBER = ("--from", "2026-11-01", "--to", "2026-11-30")


@pytest.fixture
def november(database, city):
    with database.begin() as session:
        month.whole(session)
        policies.activate(session, city)


def test_all_findings_at_a_glance(comms, november):
    said = comms("report", *NOVEMBER)
    assert said.code == 0 and said.out.startswith("2026-11-01 to 2026-11-30\n")
    assert "What became of the notices: 67% of the 6 notices that went out arrived" in said.out
    assert len([line for line in said.out.splitlines() if line]) == len(REPORTS) + 1


def test_one_report_with_its_table(comms, november):
    said = comms("report", "sent", *NOVEMBER)
    lines = said.out.splitlines()
    assert lines[-1].split() == ["2026-11-13", "0", "0", "2", "2"]
    assert lines[4].split() == ["Day", "Text", "Email", "Letter", "All"]


def test_a_report_for_a_program_and_for_one_policy(comms, november):
    found = comms("report", "promises", *NOVEMBER, "--policy", month.POLICY, "--json").json
    assert (found["from"], found["policy"], found["rows"][0]["Broken"]) == ("2026-11-01", month.POLICY, 1)
    assert [one["report"] for one in comms("report", *NOVEMBER, "--json").json] == list(REPORTS)


def test_a_report_as_excel(comms, november, tmp_path):
    said = comms("report", "undeliverable", *NOVEMBER, "--xlsx", "lost.xlsx")
    assert said.code == 0 and said.out.startswith("lost.xlsx: 2 notices of 8 did not arrive")
    with zipfile.ZipFile(tmp_path / "lost.xlsx") as book:
        assert "30003" in book.read("xl/worksheets/sheet1.xml").decode()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("report", "--policy", "nonsense"), "There is no policy nonsense. Known:"),
        (("report", "--from", "2026-12-01", "--to", "2026-11-01"), "lies before the first"),
        (("report", "--xlsx", "all.xlsx"), "Name one of: delivery"),
        (("log", "export", "log.txt", "--from", "2026-11-01", "--by", "ann"), "neither .xlsx nor .csv"),
        (("log", "export", "l.csv", "--from", "2026-11-01", "--account", "99", "--by", "ann"), "No account 99"),
        (("log", "export", "l.csv", "--from", "2026-12-24", "--by", "ann"), "lies before the first"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_next_step(comms, november, given, words):
    said = comms(*given)
    assert said.code == 2 and words in said.err


def test_the_log_of_a_month_as_csv_and_who_took_it_out(comms, database, november, tmp_path):
    said = comms("log", "export", "log.csv", *NOVEMBER, "--by", "ann")
    assert (said.code, said.out) == (0, "log.csv: 15 rows, 2026-11-01 to 2026-11-30.\n")
    with (tmp_path / "log.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert any(row["Words"].startswith("'=cmd|") for row in rows)
    with database.read() as session:
        noted = session.scalars(select(AuditEvent)).one()
    assert (noted.username, noted.action, noted.facts["form"]) == ("ann", "log.exported", "csv")


def test_the_log_of_an_account_as_excel(comms, november, tmp_path):
    said = comms("log", "export", "dora.xlsx", *NOVEMBER, "--account", "0900103-11", "--everything", "--by", "ann")
    assert said.out.startswith("dora.xlsx: 5 rows")
    with zipfile.ZipFile(tmp_path / "dora.xlsx") as book:
        assert "0900103-11" in book.read("xl/worksheets/sheet1.xml").decode()
