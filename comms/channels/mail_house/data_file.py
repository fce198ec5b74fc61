"""The data file of a batch: one row a letter. UTF-8, RFC 4180, safe to open in a spreadsheet.

A cell that a spreadsheet would take for a formula (it begins with ``= + - @`` or a control character) gets an
apostrophe before it, as spreadsheets themselves write text.
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass

from comms.money import figures

LINES = 4
COLUMNS = (
    "seq", "piece_id", "name", "address1", "address2", "address3", "first_page", "last_page", "pages", "notice",
    "version", "language", "account_ending", "amount",
)  # fmt: skip
_FORMULA = tuple("=+-@\t\r\n\0|%＝＋－＠")
_UNSEEN = " \u00a0\ufeff\u200b\u200c\u200d\u200e\u200f\u2060"
"""Characters without a shape, behind which a sign could hide."""


@dataclass(frozen=True)
class Row:
    """``lines`` are the name and up to three lines of address; pages count from 1."""

    seq: int
    piece_id: str
    lines: tuple[str, ...]
    first_page: int
    last_page: int
    notice: str
    version: str
    language: str
    account_ending: str
    amount_cents: int

    @property
    def pages(self) -> int:
        return self.last_page - self.first_page + 1


def write_rows(rows: Iterable[Row]) -> bytes:
    """The file, header first."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for row in rows:
        lines = (*row.lines, "", "", "", "")[:LINES]
        cells = (
            row.seq, row.piece_id, *lines, row.first_page, row.last_page, row.pages, row.notice, row.version,
            row.language, row.account_ending,
        )  # fmt: skip
        writer.writerow([*(safe_cell(str(cell)) for cell in cells), figures(row.amount_cents)])
    return out.getvalue().encode()


def safe_cell(cell: str) -> str:
    """A cell on one line that no spreadsheet takes for a formula."""
    cell = " ".join(cell.split())
    return f"'{cell}" if cell.lstrip(_UNSEEN).startswith(_FORMULA) else cell
