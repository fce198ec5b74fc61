"""Tables for a spreadsheet: an Excel workbook, or CSV, from rows as they come.

What a customer wrote can never run: in a workbook text stays text (no formula, no link, no number made of it), in CSV a
text that a spreadsheet would take for a formula has an apostrophe before it (OWASP: CSV injection). Both are written
row by row: memory does not grow with the number of rows.
"""

import csv
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import StringIO
from typing import Any, BinaryIO, Literal, TypeAlias, cast
from zoneinfo import ZoneInfo

import xlsxwriter  # type: ignore[import-untyped]

__all__ = ["CSV_TYPE", "EXCEL_TYPE", "Cell", "Column", "csv_stream", "file_name", "workbook"]

Cell: TypeAlias = str | int | float | Decimal | date | datetime | None
Kind: TypeAlias = Literal["text", "long", "number", "money", "share", "day", "time"]
EXCEL_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV_TYPE = "text/csv; charset=utf-8"

MOST_ROWS = 1_048_575
"""Rows of one sheet under its headings (Excel: 1,048,576 rows); what is more goes on in another sheet."""
LONGEST_CELL = 32_767
"""Characters of one cell (Excel specifications and limits)."""
CUT = " [cut here: longer than a cell may be]"
SPOOLED = 2 * 1024 * 1024
"""Bytes of a workbook kept in memory; a larger one goes to a temporary file."""
CSV_CHUNK = 64 * 1024
_FORMULA = re.compile(r"[\s\ufeff\u200b-\u200f\u2060]*[=+\-@＝＋－＠]|[\t\r\n]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd",
}
_FORMATS: dict[Kind, dict[str, Any]] = {
    "text": {"num_format": "@", "valign": "top"},
    "long": {"num_format": "@", "valign": "top", "text_wrap": True},
    "number": {"num_format": "#,##0", "valign": "top"},
    "money": {"num_format": "$#,##0.00;-$#,##0.00", "valign": "top"},
    "share": {"num_format": "0.0%", "valign": "top"},
    "day": {"num_format": "yyyy-mm-dd", "valign": "top"},
    "time": {"num_format": "yyyy-mm-dd hh:mm:ss", "valign": "top"},
}
_WIDTHS: dict[Kind, int] = {"text": 20, "long": 60, "number": 12, "money": 14, "share": 10, "day": 12, "time": 20}


@dataclass(frozen=True)
class Column:
    """A column and what its cells are: ``text``; ``long`` text that wraps; ``number``; ``money`` in cents; ``share``
    of one; ``day`` a date; ``time`` an aware moment, written in the city's zone. ``width`` in characters."""

    title: str
    kind: Kind = "text"
    width: int = 0


def workbook(rows: Iterable[Sequence[Cell]], columns: Sequence[Column], title: str, zone: ZoneInfo) -> BinaryIO:
    """An Excel workbook of the rows, at its beginning, ready to be read; the caller closes it.

    ``title`` names the sheet. The headings stay in view and every column can be filtered.
    """
    stream = cast(BinaryIO, tempfile.SpooledTemporaryFile(SPOOLED, "w+b"))  # noqa: SIM115
    with xlsxwriter.Workbook(stream, _OPTIONS) as book:
        book.set_properties({"title": title})
        formats = {kind: book.add_format(look) for kind, look in _FORMATS.items()}
        heading = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        sheet, line, part = None, 0, 0
        for row in rows:
            if sheet is None or line == MOST_ROWS:
                _filter(sheet, line, columns)
                part, line = part + 1, 0
                sheet = _new_sheet(book, _sheet_name(title, part), columns, heading)
            line += 1
            for place, (column, cell) in enumerate(zip(columns, row, strict=True)):
                _write(sheet, line, place, cell, column.kind, formats[column.kind], zone)
        if sheet is None:
            sheet = _new_sheet(book, _sheet_name(title, 1), columns, heading)
        _filter(sheet, line, columns)
    stream.seek(0)
    return stream


def csv_stream(rows: Iterable[Sequence[Cell]], columns: Sequence[Column], zone: ZoneInfo) -> Iterator[bytes]:
    """The rows as CSV for Excel: UTF-8 with its mark, lines end in CR LF. Money is in dollars, times in the city's."""
    buffer = StringIO(newline="")
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow([_guarded(column.title) for column in columns])
    for row in rows:
        writer.writerow([_plain(cell, column.kind, zone) for column, cell in zip(columns, row, strict=True)])
        if buffer.tell() >= CSV_CHUNK:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def file_name(*parts: object, ending: str) -> str:
    """A file's name of small letters, digits and dashes: ``log-2026-11-01-2026-11-30.xlsx``."""
    words = "-".join(re.sub(r"[^a-z0-9]+", "-", str(part).lower()).strip("-") for part in parts)
    return f"{words or 'table'}.{ending}"


def _new_sheet(book: Any, name: str, columns: Sequence[Column], heading: Any) -> Any:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.repeat_rows(0)
    for place, column in enumerate(columns):
        sheet.set_column(place, place, column.width or _WIDTHS[column.kind])
        sheet.write_string(0, place, _clean(column.title), heading)
    return sheet


def _filter(sheet: Any, lines: int, columns: Sequence[Column]) -> None:
    if sheet is not None and lines:
        sheet.autofilter(0, 0, lines, len(columns) - 1)


def _sheet_name(title: str, part: int) -> str:
    """At most 31 characters without ``[]:*?/\\`` and no apostrophe at its ends (Excel's rule for sheet names)."""
    plain = re.sub(r"[\[\]:*?/\\]", " ", _clean(title)).strip(" '")[:25].strip(" '") or "Table"
    return plain if part == 1 else f"{plain} ({part})"


def _write(sheet: Any, line: int, place: int, cell: Cell, kind: Kind, look: Any, zone: ZoneInfo) -> None:
    match cell:
        case None | "":
            return
        case str():
            text = _clean(cell)
            if len(text) > LONGEST_CELL:
                text = text[: LONGEST_CELL - len(CUT)] + CUT
            sheet.write_string(line, place, text, look)
        case datetime():
            sheet.write_datetime(line, place, cell.astimezone(zone).replace(tzinfo=None, microsecond=0), look)
        case date():
            sheet.write_datetime(line, place, cell, look)
        case _:
            sheet.write_number(line, place, float(cell) / 100 if kind == "money" else float(cell), look)


def _plain(cell: Cell, kind: Kind, zone: ZoneInfo) -> str:
    match cell:
        case None:
            return ""
        case str():
            return _guarded(cell)
        case datetime():
            return f"{cell.astimezone(zone):%Y-%m-%d %H:%M:%S}"
        case date():
            return cell.isoformat()
        case int() if kind == "money":
            return f"{Decimal(cell) / 100:.2f}"
        case _:
            return f"{cell:.4f}" if kind == "share" else str(cell)


def _guarded(text: str) -> str:
    text = _clean(text)
    return f"'{text}" if _FORMULA.match(text) else text


def _clean(text: str) -> str:
    """Without what no spreadsheet can hold: control characters and half characters."""
    return _CONTROL.sub("\ufffd", text)
