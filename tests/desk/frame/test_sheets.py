"""Tables for a spreadsheet: text stays text, amounts stay amounts, and nothing a customer wrote can run."""

import csv
import io
import re
import zipfile
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from comms.desk.frame import sheets
from comms.desk.frame.sheets import Column, csv_stream, file_name, workbook

DULUTH = ZoneInfo("America/Chicago")
COLUMNS = (
    Column("Account"), Column("Text", "long"), Column("Owes", "money"), Column("Day", "day"), Column("At", "time"),
    Column("Kept", "share"),
)  # fmt: skip
AT = datetime(2026, 11, 24, 2, 30, 5, 999, tzinfo=UTC)
HOSTILE = ("=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", '=HYPERLINK("http://x.test","y")')


def sheet_xml(stream, number=1) -> str:
    with zipfile.ZipFile(stream) as book:
        return book.read(f"xl/worksheets/sheet{number}.xml").decode()


def rows_of(text: bytes) -> list[list[str]]:
    assert text.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(text.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_customer_wrote_is_text_in_a_workbook(text):
    xml = sheet_xml(workbook([(text, "http://x.test", 0, None, None, None)], COLUMNS, "Log", DULUTH))
    assert "<f>" not in xml and "<hyperlink" not in xml
    assert xml.count('t="inlineStr"') == len(COLUMNS) + 2


@pytest.mark.parametrize("text", HOSTILE)
def test_csv_marks_what_a_spreadsheet_would_run(text):
    _heading, row = rows_of(b"".join(csv_stream([(text, "fine", 0, None, None, None)], COLUMNS, DULUTH)))
    assert row[0] == f"'{text}" and row[1] == "fine"


def test_an_account_number_keeps_its_zeros():
    row = ("0001042-00", "0007", 41286, date(2026, 11, 23), AT, 0.5)
    xml = sheet_xml(workbook([row], COLUMNS, "Log", DULUTH))
    assert "<t>0001042-00</t>" in xml and "<t>0007</t>" in xml


def test_amounts_days_and_times_are_numbers_of_the_city_s_clock():
    row = ("0001042-00", "hi", -41286, date(2026, 11, 23), AT, 0.625)
    xml = sheet_xml(workbook([row], COLUMNS, "Log", DULUTH))
    values = [float(value) for value in re.findall(r"<v>([^<]*)</v>", xml)]
    assert values[0] == -412.86 and values[3] == 0.625
    assert values[1] == (date(2026, 11, 23) - date(1899, 12, 30)).days
    assert values[2] % 1 == pytest.approx((20 * 3600 + 30 * 60 + 5) / 86400)
    assert rows_of(b"".join(csv_stream([row], COLUMNS, DULUTH)))[1] == [
        "0001042-00", "hi", "-412.86", "2026-11-23", "2026-11-23 20:30:05", "0.6250",
    ]  # fmt: skip


def test_a_table_without_rows_still_has_its_headings():
    assert "<t>Account</t>" in sheet_xml(workbook([], COLUMNS, "Log", DULUTH))
    assert rows_of(b"".join(csv_stream([], COLUMNS, DULUTH))) == [[c.title for c in COLUMNS]]


def test_rows_beyond_one_sheet_go_on_in_the_next(monkeypatch):
    monkeypatch.setattr(sheets, "MOST_ROWS", 2)
    stream = workbook([(str(n),) for n in range(5)], [Column("N")], "Log", DULUTH)
    assert [sheet_xml(stream, part).count("<row ") for part in (1, 2, 3)] == [3, 3, 2]


def test_characters_that_no_sheet_can_hold_are_shown_as_such():
    text = "a\x00b\x1fc\ud800d\uffff \U0001f600 ñ"
    assert "a�b�c�d� \U0001f600 ñ" in sheet_xml(workbook([(text,)], [Column("T")], "Log", DULUTH))
    assert rows_of(b"".join(csv_stream([(text,)], [Column("T")], DULUTH)))[1] == ["a�b�c�d� \U0001f600 ñ"]


def test_a_text_longer_than_a_cell_is_cut_and_says_so():
    xml = sheet_xml(workbook([("x" * 40_000,)], [Column("T", "long")], "Log", DULUTH))
    assert max(len(found) for found in re.findall(r"<t>([^<]*)</t>", xml)) == 32_767 and "cut here" in xml


@pytest.mark.parametrize("title", ["[Re]: a/b\\c*?", "'", "", "a name that is much longer than a sheet's may be"])
def test_any_title_can_name_a_sheet(title):
    assert "<t>N</t>" in sheet_xml(workbook([("1",)], [Column("N")], title, DULUTH))


def test_csv_comes_in_pieces():
    pieces = list(csv_stream((("x" * 1000,) for _ in range(200)), [Column("T")], DULUTH))
    assert len(pieces) > 2 and len(rows_of(b"".join(pieces))) == 201


def test_a_file_is_named_in_plain_letters():
    assert file_name("log", "0001042-00", date(2026, 11, 1), ending="xlsx") == "log-0001042-00-2026-11-01.xlsx"
    assert file_name("../Ärger", ending="csv") == "rger.csv"
