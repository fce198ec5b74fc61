"""Rows on their way, on disk: an import reads the whole file before it keeps anything, in bounded memory."""

import marshal
import mmap
import tempfile
from array import array
from collections.abc import Iterator
from typing import Any

Plain = tuple[Any, ...]
"""A row of plain values: text, numbers, booleans, None, and tuples, lists and dicts of them."""


class Spool:
    """A queue of rows in an unnamed temporary file, written and read back in batches."""

    def __init__(self, batch: int = 1000) -> None:
        self._file: Any = tempfile.TemporaryFile(prefix="comms-import-")  # noqa: SIM115 - closed by close()
        self._batch = batch
        self._waiting: list[Plain] = []
        self.count = 0

    def add(self, row: Plain) -> None:
        self._waiting.append(row)
        self.count += 1
        if len(self._waiting) >= self._batch:
            self._write()

    def _write(self) -> None:
        marshal.dump(self._waiting, self._file)
        self._waiting = []

    def batches(self) -> Iterator[list[Plain]]:
        """Everything that was added, in order; may be read again."""
        if self._waiting:
            self._write()
        self._file.seek(0)
        while True:
            try:
                yield marshal.load(self._file)  # noqa: S302 - our own file, which has no name
            except EOFError:
                return

    def close(self) -> None:
        self._file.close()


class SortedSpool(Spool):
    """A spool that gives its rows back in the order of the number at ``by`` in each, and rows of the same number in the
    order they came. Sixteen bytes a row stay in memory, and eight more while it is read."""

    def __init__(self, batch: int, by: int) -> None:
        super().__init__(batch)
        self._by = by
        self._keys, self._ends = array("q"), array("q", [0])

    def add(self, row: Plain) -> None:
        self._file.write(packed := marshal.dumps(row))
        self._keys.append(row[self._by])
        self._ends.append(self._ends[-1] + len(packed))
        self.count += 1

    def batches(self) -> Iterator[list[Plain]]:
        if not self.count:
            return
        self._file.flush()
        ends = self._ends
        order = array("q", sorted(range(self.count), key=self._keys.__getitem__))
        with mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) as rows:
            for start in range(0, self.count, self._batch):
                part = order[start : start + self._batch]
                yield [marshal.loads(rows[ends[at] : ends[at + 1]]) for at in part]  # noqa: S302 - our own file


class Bits:
    """A set of small whole numbers, an eighth of a byte each: which accounts were seen."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def add(self, number: int) -> None:
        at = number >> 3
        if at >= len(self._bytes):
            self._bytes.extend(bytes(at + 4096 - len(self._bytes)))
        self._bytes[at] |= 1 << (number & 7)

    def __contains__(self, number: int) -> bool:
        at = number >> 3
        return at < len(self._bytes) and bool(self._bytes[at] >> (number & 7) & 1)
