"""The refusals file: the refused rows in the layout they came in, behind their line and the reason.

A clerk mends the rows in a spreadsheet and imports the file as it is. A cell that a spreadsheet would take for a
formula gets an apostrophe before it, which the import takes off again (OWASP, "CSV Injection").
"""

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

LEADING = ("line", "reason")
"""The two columns before the file's own; a header that begins with them is a refusals file."""

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def escaped(cell: str) -> str:
    """The cell, such that no spreadsheet runs it."""
    return f"'{cell}" if cell.startswith((*_STARTS_A_FORMULA, "'")) else cell


def unescaped(cell: str) -> str:
    """What ``escaped`` was given."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*_STARTS_A_FORMULA, "'")) else cell


def is_refusals(header: Sequence[str]) -> bool:
    """Whether this header is one of a refusals file."""
    return tuple(cell.strip().casefold() for cell in header[:2]) == LEADING


def write(path: Path, header: Sequence[str], rows: Iterable[tuple[int, str, Sequence[str]]], delimiter: str) -> None:
    """Write the file in one step (UTF-8 with a mark, so that a spreadsheet reads the accents)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    with scratch.open("w", encoding="utf-8-sig", newline="") as handle:
        writer: Any = csv.writer(handle, delimiter=delimiter, lineterminator="\r\n")
        writer.writerow([*LEADING, *(escaped(cell) for cell in header)])
        for line, reason, cells in rows:
            writer.writerow([line, escaped(reason), *(escaped(cell) for cell in cells)])
    scratch.replace(path)
