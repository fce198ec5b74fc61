"""The file itself: is it whole, is it text, in which encoding; and its rows, one line at a time.

A row is one line: the exports have no line breaks inside cells, so a quote that is never closed spoils its own line
and not the thousand after it.
"""

import codecs
import csv
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from .mapping import FileForm
from .summary import StoppedError

BLOCK = 1 << 20
LONGEST_LINE = 64 * 1024
"""Bytes. A row of these exports has about 250."""

_WIDE = {codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}


@dataclass(frozen=True)
class Inspected:
    """A file that is text, and what it looked like."""

    path: Path
    size: int
    sha256: str
    encoding: str
    ends_a_line: bool
    stamp: tuple[int, int, int]
    """Inode, size and time of last change: when they differ later, somebody is writing to it."""


def stamp_of(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return (found.st_ino, found.st_size, found.st_mtime_ns)


def inspect(path: Path, form: FileForm) -> Inspected:
    """Read the file once through, in blocks. Raises ``StoppedError`` when it is no text in a known encoding."""
    try:
        stamp = stamp_of(path)
        handle = path.open("rb")
    except OSError as error:
        said = os.strerror(error.errno) if error.errno else str(error)
        raise StoppedError(
            f"{path} cannot be read: {said}.", "Check the name, and that this account may read it."
        ) from None
    decoders = {name: codecs.getincrementaldecoder(name)() for name in dict.fromkeys(form.encodings)}
    digest, size, since_newline, last = hashlib.sha256(), 0, 0, b""
    with handle:
        try:
            first = handle.read(BLOCK)
        except OSError as error:
            raise StoppedError(f"{path} cannot be read: {error.strerror}.", "Name a file, not a folder.") from None
        if not first:
            raise StoppedError(f"{path.name} is empty.", "Export it again.")
        _refuse_binary(path, first)
        block = first
        while block:
            digest.update(block)
            size += len(block)
            since_newline = _longest_line(path, block, since_newline)
            for name in list(decoders):
                try:
                    decoders[name].decode(block)
                except UnicodeDecodeError:
                    del decoders[name]
            last = block
            block = handle.read(BLOCK)
            if b"\0" in block:
                _refuse_binary(path, block)
    for name in list(decoders):
        try:
            decoders[name].decode(b"", final=True)
        except UnicodeDecodeError:
            del decoders[name]
    if not decoders:
        tried = ", ".join(form.encodings)
        raise StoppedError(
            f"{path.name} is not text in {tried}.", "Export it again as text, or add its encoding to the mapping."
        )
    return Inspected(path, size, digest.hexdigest(), next(iter(decoders)), last.endswith(b"\n"), stamp)


def _refuse_binary(path: Path, block: bytes) -> None:
    for mark, name in _WIDE.items():
        if block.startswith(mark):
            raise StoppedError(f"{path.name} is {name} text.", "Export it again as UTF-8 or Windows-1252 text.")
    if block.startswith(b"PK\x03\x04"):
        raise StoppedError(f"{path.name} is a ZIP or Excel file.", "Export it again as text (CSV).")
    if b"\0" in block:
        raise StoppedError(f"{path.name} is no text file.", "Check that it is the export, and export it again.")


def _longest_line(path: Path, block: bytes, before: int) -> int:
    """Refuse a line beyond any row; returns the bytes since the block's last line end."""
    start = 0
    while True:
        end = block.find(b"\n", start)
        length = (len(block) if end < 0 else end) - start + before
        if length > LONGEST_LINE:
            raise StoppedError(
                f"{path.name} has a line of more than {LONGEST_LINE:,} bytes.", "Check that it is the export."
            )
        if end < 0:
            return length
        before, start = 0, end + 1


class Line(NamedTuple):
    """One line that is not blank. ``cells`` is None when it cannot be split, and ``problem`` says why."""

    number: int
    raw: str
    cells: list[str] | None
    problem: str | None
    size: int


class _OneLine:
    """Feeds a csv reader one line; asked for a second one within a row, it has none."""

    def __init__(self) -> None:
        self.line: str | None = None

    def __iter__(self) -> "_OneLine":
        return self

    def __next__(self) -> str:
        line, self.line = self.line, None
        if line is None:
            raise StopIteration
        return line


def lines(inspected: Inspected, form: FileForm) -> Iterator[Line]:
    """The lines of the file, split into cells; blank ones are passed over."""
    feed = _OneLine()
    quoting: Any = csv.QUOTE_NONE if form.quoting == "none" else csv.QUOTE_MINIMAL
    reader = csv.reader(feed, delimiter=form.delimiter, quoting=quoting, strict=True)
    with inspected.path.open(encoding=inspected.encoding, newline="\n") as handle:
        for number, given in enumerate(handle, 1):
            raw = given.rstrip("\r\n")
            if not raw.strip():
                continue
            feed.line = raw
            try:
                cells = next(reader)
            except (csv.Error, StopIteration):
                yield Line(number, raw, None, "A quotation mark is not closed, or stands inside a cell", len(given))
                continue
            yield Line(number, raw, cells, None, len(given))
