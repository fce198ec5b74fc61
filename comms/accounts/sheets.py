"""Small CSV files that people make: lists of holds, pledges, returned mail. Each row is taken or refused by itself.

The first line names the columns, in any order and any case. Refused rows are written to a file of the same columns
behind ``line`` and ``reason``; mended there, it is taken in as it is.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from pathlib import Path

from .importing import refusals

LARGEST = 20 * 1024 * 1024
"""Bytes: a few hundred thousand rows."""
_DATES = ("%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y")


class SheetError(ValueError):
    """A file that cannot be read, or a cell that cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Row:
    """One row: its line in the file (the header is line 1), its cells by column, and the cells as they stand."""

    line: int
    cells: Mapping[str, str]
    raw: tuple[str, ...]

    def digest(self, *columns: str) -> str:
        """The row's identity: 16 hexadecimal digits of these cells."""
        joined = "\x1f".join(self.cells.get(column, "").casefold() for column in columns)
        return sha256(joined.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Sheet:
    """A file that was read. ``cut`` are rows that cannot be split, with why."""

    path: Path
    header: tuple[str, ...]
    rows: tuple[Row, ...]
    cut: tuple[tuple[Row, str], ...]


@dataclass(frozen=True)
class Refusal:
    """A row that was not taken, and why in a sentence."""

    row: Row
    reason: str


def read(path: Path, required: Sequence[str], optional: Sequence[str] = ()) -> Sheet:
    """Read a sheet with these columns. Raises ``SheetError`` for a fault of the file as a whole."""
    text = _text(path)
    first = text.partition("\n")[0]
    delimiter = max(",;\t|", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        header = [cell.strip().casefold() for cell in next(reader, [])]
        mended = refusals.is_refusals(header)
        names = header[2:] if mended else header
        _check(path, names, required, optional)
        rows: list[Row] = []
        cut: list[tuple[Row, str]] = []
        for cells in reader:
            given = [refusals.unescaped(cell) for cell in cells[2:]] if mended else cells
            if not any(cell.strip() for cell in given):
                continue
            row = Row(reader.line_num, dict(zip(names, (cell.strip() for cell in given), strict=False)), tuple(given))
            extra = any(cell.strip() for cell in given[len(names) :])
            if len(given) < len(required) or extra:
                cut.append((row, f"{len(given)} cells where {len(names)} are expected"))
            else:
                rows.append(row)
    except csv.Error as error:
        raise SheetError(f"{path.name} cannot be split into cells: {error}. Save it again as CSV.") from None
    return Sheet(path, tuple(names), tuple(rows), tuple(cut))


def write_refused(path: Path, sheet: Sheet, refused: Iterable[Refusal]) -> None:
    """Write the refused rows, to be mended and taken in."""
    ordered = sorted(refused, key=lambda one: one.row.line)
    refusals.write(path, sheet.header, [(one.row.line, one.reason, one.row.raw) for one in ordered], ",")


def day(given: str, what: str) -> date | None:
    """A date as people write it (2026-11-24 or 11/24/2026); None for an empty cell."""
    if not given:
        return None
    for form in _DATES:
        try:
            return datetime.strptime(given, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise SheetError(f"{what}: {given!r} is no date; write it as 2026-11-24 or 11/24/2026.")


def cents(given: str, what: str) -> int | None:
    """An amount such as ``$1,250.00`` in cents; None for an empty cell."""
    if not given:
        return None
    try:
        dollars = Decimal(given.replace("$", "").replace(",", "").strip())
        found = int(dollars * 100)
    except (InvalidOperation, ValueError, OverflowError):
        raise SheetError(f"{what}: {given!r} is no amount; write it as 125.00.") from None
    if dollars * 100 != found or not 0 < found < 100_000_000:
        raise SheetError(f"{what}: {given!r} is not an amount of dollars and cents above nothing.")
    return found


def _check(path: Path, names: Sequence[str], required: Sequence[str], optional: Sequence[str]) -> None:
    known = f"Columns: {', '.join(required)}" + (f"; and if wanted: {', '.join(optional)}" if optional else "") + "."
    if missing := [name for name in required if name not in names]:
        raise SheetError(f"{path.name} has no column {', '.join(missing)} in line 1. {known}")
    if unknown := [name for name in names if name and name not in (*required, *optional)]:
        raise SheetError(f"{path.name} has a column {unknown[0]!r} that is not known. {known}")
    if twice := [name for name in names if name and names.count(name) > 1]:
        raise SheetError(f"{path.name} has two columns called {twice[0]}. Leave one out.")


def _text(path: Path) -> str:
    try:
        with path.open("rb") as handle:
            content = handle.read(LARGEST + 1)
    except OSError as error:
        raise SheetError(f"{path} cannot be read: {error.strerror}. Check its name and who may read it.") from None
    if len(content) > LARGEST or b"\0" in content:
        raise SheetError(f"{path.name} is no CSV file of this kind. Save the list as CSV and try again.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")
