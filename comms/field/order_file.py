"""The order file: one row an order, with empty columns that the field fills in. It comes back as the completion file.

UTF-8, RFC 4180, safe to open in a spreadsheet; what a spreadsheet does to dates when it saves them is read as well.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from comms.channels.mail_house.data_file import safe_cell
from comms.money import figures

COLUMNS = (
    "order", "action", "account", "name", "service_address", "service_city", "service_zip", "services", "amount",
    "on_or_after", "note", "result", "at", "by", "reason",
)  # fmt: skip
TO_FILL_IN = ("result", "at", "by", "reason")
MOST_BYTES = 5_000_000
RESULTS = {"done": "done", "not_done": "not_done", "not done": "not_done", "not-done": "not_done"}
_TIMES = (
    "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%m/%d/%Y %H:%M",
    "%m/%d/%Y %I:%M %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%y %H:%M",
)  # fmt: skip


class CompletionFileError(ValueError):
    """A completion file that cannot be read at all; the message says what it should be."""


@dataclass(frozen=True)
class OrderRow:
    """What the field is told of one order."""

    order: str
    action: str
    account: str
    name: str
    service_address: str
    service_city: str
    service_zip: str
    services: str
    amount_cents: int
    on_or_after: date
    note: str


@dataclass(frozen=True)
class Report:
    """What the field says of one order. ``result`` is ``done``, ``not_done`` or empty; ``wrong`` says why the row
    cannot be taken. ``cells`` are the row as it came."""

    line: int
    order: str
    result: str
    at: datetime | None
    by: str
    reason: str
    wrong: str
    cells: Mapping[str, str]


def write_orders(rows: Iterable[OrderRow]) -> bytes:
    """The file, header first, with the columns to fill in empty."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for row in rows:
        cells = (
            row.order, row.action, row.account, row.name, row.service_address, row.service_city, row.service_zip,
            row.services, figures(row.amount_cents), row.on_or_after, row.note,
        )  # fmt: skip
        writer.writerow([*(safe_cell(str(cell)) for cell in cells), *("" for _ in TO_FILL_IN)])
    return out.getvalue().encode()


def read_reports(content: bytes, zone: tzinfo) -> list[Report]:
    """The rows of a completion file: the order file filled in, or any CSV with ``order`` and ``result``.

    Raises ``CompletionFileError``.
    """
    if len(content) > MOST_BYTES:
        raise CompletionFileError("The file is larger than any list of orders; give the completion file itself.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")  # what a spreadsheet on Windows saves as CSV
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="more", restval="")
    names = [name.strip().casefold() for name in reader.fieldnames or []]
    if missing := [name for name in ("order", "result") if name not in names]:
        raise CompletionFileError(
            f"The first line names no column {' and no column '.join(missing)}. Fill in the columns "
            f"{', '.join(TO_FILL_IN)} of the order file, and save it as CSV."
        )
    reader.fieldnames = names
    try:
        return [_report(reader.line_num, row, zone) for row in reader]
    except csv.Error as error:
        raise CompletionFileError(f"Line {reader.line_num} is not CSV: {error}. Save the file as CSV.") from None


def write_refused(refused: Iterable[tuple[Report, str]]) -> bytes:
    """The refused rows as they came, each with why, to be mended and given again."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(("order", *TO_FILL_IN, "why_refused"))
    for report, why in refused:
        cells = [report.cells.get(name, "") for name in ("order", *TO_FILL_IN)]
        writer.writerow([safe_cell(cell) for cell in (*cells, why)])
    return out.getvalue().encode()


def _report(line: int, row: Mapping[str, str], zone: tzinfo) -> Report:
    cells = {name: str(value or "").strip() for name, value in row.items() if name != "more"}
    given = cells["result"].casefold()
    result = RESULTS.get(given, "")
    wrong, at = "", None
    if given and not result:
        wrong = f"result is {cells['result']!r}; write done or not done, or leave it empty"
    if result and cells.get("at"):
        at = _instant(cells["at"], zone)
        if at is None:
            wrong = wrong or f"at is {cells['at']!r}; write day and time, such as 2026-12-03 10:40"
    return Report(
        line, cells["order"].upper(), result, at, cells.get("by", ""), cells.get("reason", ""), wrong, cells
    )  # fmt: skip


def _instant(words: str, zone: tzinfo) -> datetime | None:
    for pattern in _TIMES:
        try:
            return datetime.strptime(" ".join(words.split()), pattern).replace(tzinfo=zone)
        except ValueError:
            continue
    return None
