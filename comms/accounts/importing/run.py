"""Taking a file in, whatever it holds: first read it all, then keep it.

1. One import of a kind at a time (``lock``).
2. ``inspect`` the file: is it text, is it whole.
3. Read every row, compare it with what is stored, and lay aside on disk what is new or changed and what is refused.
   Nothing is written to the database yet. A fault of the file as a whole stops the import here, with nothing kept.
4. Keep what was laid aside, two thousand rows a transaction. A batch is whole or not there at all: the account, its
   contact points, holds, consent and history together, with the digest of its facts.
5. Finish: what is no longer in the file, the control totals, and the import's row is ``done``.

Killed in step 3, nothing was kept. Killed in step 4, whole batches were kept and the import's row says ``running``:
importing the file again finds those rows unchanged and keeps the rest, so that nothing is doubled and nothing lost.
Whoever plans contacts asks ``unfinished`` first.
"""

import gc
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from comms.accounts.schema import ImportFile, ImportRefusal
from comms.city import City
from comms.clock import Clock
from comms.db import Database, bulk_insert

from . import files, refusals
from .days import Dates, dates_in
from .lock import only_one
from .mapping import Mapping
from .spool import SortedSpool, Spool
from .summary import ImportSummary, Kept, Progress, StoppedError, Tally

ABREAST = 2
"""Batches under way at once: while the server writes one, this process makes the next one ready."""
BATCH = 2000
"""Rows a transaction: more save little time, and hold up other writers longer (about a quarter of a second)."""


class Intake(Protocol):
    """What one kind of file does at each step."""

    partial: bool
    """The file holds a part of the rows only: it is a mended refusals file."""

    apart: bool
    """No two rows are about the same thing, so that batches may be kept beside each other."""

    sorted_by: int | None
    """The place, in a packed row, of the number by whose order rows are kept; None: they are kept as they come."""

    def begin(self, header: Sequence[str], dates: Dates) -> None: ...
    def read(self, line: int, cells: list[str]) -> Any: ...
    def unpacked(self, row: tuple[Any, ...]) -> Any: ...
    def mention(self, line: int, cells: list[str]) -> int | None: ...
    def compare(self, session: Session, rows: list[Any]) -> Iterator[tuple[int, Any, str | None]]: ...
    def stops(self, session: Session) -> Iterator[StoppedError]: ...
    def keep(self, session: Session, rows: list[Any], import_id: int, at: datetime) -> Kept: ...
    def finish(self, database: Database, import_id: int, at: datetime) -> None: ...
    def covers_until(self) -> date | None: ...


@contextmanager
def _collecting_less() -> Iterator[None]:
    """Let the garbage collector leave alone what was there before, and look less often: a file makes hundreds of
    thousands of small values and no cycles, and looking costs a fifth of the time."""
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


class _Refused(NamedTuple):
    line: int
    reason: str
    raw: str
    cells: tuple[str, ...]


class _Read(NamedTuple):
    line: files.Line
    cells: list[str]
    row: Any


class Run:
    """One import, from the file to the summary."""

    def __init__(
        self, database: Database, city: City, clock: Clock, path: Path, mapping: Mapping, intake: Intake, tally: Tally,
        *, accept: bool, progress: Progress | None, refusals_to: Path | None,
    ) -> None:  # fmt: skip
        self._database, self._city, self._clock, self._path = database, city, clock, path
        self._mapping, self._intake, self._tally = mapping, intake, tally
        self._accept, self._progress, self._refusals_to = accept, progress, refusals_to
        self._rows = Spool(BATCH) if intake.sorted_by is None else SortedSpool(BATCH, intake.sorted_by)
        self._refused = Spool(BATCH)
        self._waiting: list[tuple[_Refused, int | None]] = []
        self._dates: Dates | None = None
        self._file: files.Inspected | None = None
        self._header: list[str] = []
        self._written: str | None = None

    def go(self) -> ImportSummary:
        """Take the file in. Never raises for what is wrong with the file: the summary says it."""
        try:
            with only_one(self._database, self._mapping.kind) as alone, _collecting_less():
                if not alone:
                    raise StoppedError(
                        f"Another import of {self._mapping.kind} is running.",
                        "Wait until it ends; then run this again.",
                    )
                return self._alone()
        except StoppedError as stop:
            return self._summary("stopped", stop=stop)
        finally:
            self._rows.close()
            self._refused.close()

    def _alone(self) -> ImportSummary:
        now = self._clock.now()
        try:
            self._read()
            with self._database.read() as session:
                if stop := next((s for s in self._intake.stops(session) if not (s.may_accept and self._accept)), None):
                    raise stop
        except StoppedError as stop:
            return self._stopped(stop, now)
        before = self._taken_before()
        if before is not None and not self._rows.count:
            if self._refusals_to is not None and not self._refusals_to.exists():
                self._write_refusals()
            return self._summary("done", import_id=before, repeat=True)
        return self._keep(now)

    def _read(self) -> None:
        self._file = files.inspect(self._path, self._mapping.file)
        rows = files.lines(self._file, self._mapping.file)
        first = next(rows, None)
        if first is None or first.cells is None:
            raise StoppedError(f"{self._path.name} has no header.", "Check that it is the export, and export it again.")
        header = [cell.strip() for cell in first.cells]
        self._intake.partial = refusals.is_refusals(header)
        self._header = header[2:] if self._intake.partial else header
        self._check_header()
        self._dates = self._read_dates()
        self._intake.begin(self._header, self._dates)
        batch: list[_Read] = []
        done, last = first.size, first
        for line in rows:
            last = line
            done += line.size
            self._tally.rows += 1
            if (read := self._row(line)) is not None:
                batch.append(read)
            if len(batch) >= BATCH:
                self._compare(batch)
                batch = []
            if self._tally.rows % BATCH == 0:
                self._say("reading", done, self._file.size)
        self._compare(batch)
        self._say("reading", self._file.size, self._file.size)
        self._check_whole(last)

    def _row(self, line: files.Line) -> "_Read | None":
        if line.cells is None:
            self._refuse(line.number, line.problem or "", line.raw, (line.raw,), None)
            return None
        cells = line.cells
        if self._intake.partial:
            cells = [refusals.unescaped(cell) for cell in cells[2:]]
        extra = cells[len(self._header) :]
        if len(cells) < len(self._header) or (extra and any(cell.strip() for cell in extra)):
            what = f"{len(cells)} cells where {len(self._header)} are expected"
            why = "a separator without quotes may have moved them" if extra else "the row is cut short"
            self._refuse(
                line.number, f"{what}; {why}", line.raw, tuple(cells), self._intake.mention(line.number, cells)
            )
            return None
        try:
            return _Read(line, cells, self._intake.read(line.number, cells))
        except ValueError as error:
            self._refuse(line.number, str(error), line.raw, tuple(cells), self._intake.mention(line.number, cells))
            return None

    def _compare(self, batch: "list[_Read]") -> None:
        with self._database.read() as session:
            for at, row, refused in self._intake.compare(session, [read.row for read in batch]):
                if refused is None:
                    self._rows.add(row.packed())
                    continue
                read = batch[at]
                cents = self._intake.mention(read.line.number, read.cells)
                self._refuse(read.line.number, refused, read.line.raw, tuple(read.cells), cents)
        for waiting, cents in sorted(self._waiting, key=lambda one: one[0].line):
            self._tally.refuse(waiting.line, waiting.reason, cents)
            self._refused.add(tuple(waiting))
        self._waiting = []

    def _refuse(self, line: int, reason: str, raw: str, cells: tuple[str, ...], cents: int | None) -> None:
        if cents is not None:
            self._tally.cents_in += cents
        self._waiting.append((_Refused(line, reason, raw, cells), cents))

    def _check_header(self) -> None:
        have = [name.casefold() for name in self._header]
        missing = [name for name in self._mapping.columns if name.casefold() not in have]
        if missing:
            shown = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
            raise StoppedError(
                f"{self._path.name} has no column {shown} in line 1.",
                f"Check that it is the {self._mapping.kind} export of {self._city.name}; "
                f"if the export changed, change {self._mapping.path.name} (docs/importing.md).",
            )
        if twice := sorted({name for name in have if name and have.count(name) > 1}):
            raise StoppedError(
                f"{self._path.name} has two columns called {twice[0]}.", "Export it again with each column once."
            )
        known = {name.casefold() for name in self._mapping.columns}
        if extra := [name for name in self._header if name.casefold() not in known]:
            self._tally.warn(1, f"Columns that the mapping does not know are not read: {', '.join(extra[:5])}")

    def _read_dates(self) -> Dates:
        dates = dates_in(self._path.name, self._mapping.file, self._city.local_date(self._clock.now()))
        if not dates.named:
            self._tally.warn(1, f"No date in the name {self._path.name}: taken as of today, {dates.as_of}")
        return dates

    def _check_whole(self, last: files.Line) -> None:
        assert self._file is not None
        if files.stamp_of(self._path) != self._file.stamp:
            raise StoppedError(
                f"{self._path.name} changed while it was read.", "Wait until it is written; then import it."
            )
        if self._file.ends_a_line:
            return
        if last.cells is None or len(last.cells) < len(self._header) + (2 if self._intake.partial else 0):
            if not self._accept:
                raise StoppedError(
                    f"{self._path.name} breaks off in line {last.number:,}: the export was cut.",
                    "Export it again; or take in the whole rows with --yes.",
                    may_accept=True,
                )
            return
        self._tally.warn(last.number, "The file does not end with a line end; if it was cut, import it again")

    def _taken_before(self) -> int | None:
        """The import of this same file. The same bytes under another day's name are another file: on two days without
        any payment the billing system writes the same lines, and each day must count as heard of."""
        assert self._file is not None and self._dates is not None
        same = [ImportFile.kind == self._mapping.kind, ImportFile.sha256 == self._file.sha256]
        if self._dates.named:
            same.append(ImportFile.as_of == self._dates.as_of)
        if self._dates.until is not None:
            same.append(ImportFile.covers_until == self._dates.until)
        done = select(ImportFile.id).where(ImportFile.state == "done", *same).order_by(ImportFile.id.desc()).limit(1)
        with self._database.read() as session:
            return session.scalar(done)

    def _keep(self, now: datetime) -> ImportSummary:
        import_id = self._database.run(lambda session: self._open(session, now))
        kept = 0
        for rows, what in self._kept(import_id, now):
            self._tally.absorb(what)
            kept += rows
            self._say("keeping", kept, self._rows.count)
        for refused in self._refused.batches():
            lines = [
                {"import_id": import_id, "line": line, "reason": reason, "raw": raw} for line, reason, raw, _ in refused
            ]
            self._database.run(partial(bulk_insert, model=ImportRefusal, rows=lines))
        self._intake.finish(self._database, import_id, now)
        self._write_refusals()
        summary = self._summary("done", import_id=import_id)
        self._database.run(lambda session: self._close(session, import_id, summary))
        return summary

    def _kept(self, import_id: int, now: datetime) -> Iterator[tuple[int, Kept]]:
        """Keep batch after batch; where the database lets several write, one is made ready while one is written."""

        def keep(batch: list[Any]) -> tuple[int, Kept]:
            rows = [self._intake.unpacked(row) for row in batch]
            work = partial(self._intake.keep, rows=rows, import_id=import_id, at=now)
            return len(batch), self._database.run(work)

        hands = ABREAST if self._intake.apart and not self._database.is_sqlite else 1
        under_way: deque[Future[tuple[int, Kept]]] = deque()
        with ThreadPoolExecutor(hands, thread_name_prefix="import") as pool:
            for batch in self._rows.batches():
                if len(under_way) >= hands:
                    yield under_way.popleft().result()
                under_way.append(pool.submit(keep, batch))
            while under_way:
                yield under_way.popleft().result()

    def _open(self, session: Session, now: datetime) -> int:
        """The import's own row. One that still says ``running`` belongs to a process that died: we hold the lock."""
        session.execute(
            update(ImportFile)
            .where(ImportFile.kind == self._mapping.kind, ImportFile.state == "running")
            .values(state="stopped", finished_at=now, totals={"reason": "The import was killed before it ended."})
        )
        row = self._import_file("running", now)
        session.add(row)
        session.flush()
        return row.id

    def _close(self, session: Session, import_id: int, summary: ImportSummary) -> None:
        session.execute(
            update(ImportFile)
            .where(ImportFile.id == import_id)
            .values(
                state="done", totals=summary.totals(), covers_until=summary.covers_until, finished_at=self._clock.now()
            )
        )

    def _stopped(self, stop: StoppedError, now: datetime) -> ImportSummary:
        """Leave a trace of a file that was not taken in; its rows are not kept."""
        summary = self._summary("stopped", stop=stop)

        def leave(session: Session) -> None:
            row = self._import_file("stopped", now)
            row.totals, row.finished_at = summary.totals(), now
            session.add(row)

        self._database.run(leave)
        return summary

    def _import_file(self, state: str, now: datetime) -> ImportFile:
        dates = self._dates
        return ImportFile(
            kind=self._mapping.kind, name=self._path.name, sha256=self._file.sha256 if self._file else "",
            state=state, as_of=dates.as_of if dates else None, covers_until=None, totals={}, started_at=now,
            finished_at=None,
        )  # fmt: skip

    def _write_refusals(self) -> None:
        if self._refusals_to is None or not self._refused.count:
            return
        rows = ((line, reason, cells) for batch in self._refused.batches() for line, reason, _, cells in batch)
        refusals.write(self._refusals_to, self._header, rows, self._mapping.file.delimiter)
        self._written = str(self._refusals_to)

    def _say(self, phase: Literal["reading", "keeping"], done: int, of: int) -> None:
        if self._progress is not None:
            self._progress(phase, done, of)

    def _summary(
        self, state: Literal["done", "stopped"], *, import_id: int | None = None, stop: StoppedError | None = None,
        repeat: bool = False,
    ) -> ImportSummary:  # fmt: skip
        tally = self._tally
        return ImportSummary(
            kind=self._mapping.kind, file=self._path.name, state=state, import_id=import_id,
            reason=stop.reason if stop else "", next_step=stop.next_step if stop else "",
            may_accept=stop.may_accept if stop else False, repeat=repeat,
            as_of=self._dates.as_of if self._dates else None,
            covers_until=self._intake.covers_until() if self._dates and state == "done" else None,
            encoding=self._file.encoding if self._file else "", rows=tally.rows,
            taken=tally.new + tally.changed + tally.unchanged, new=tally.new, changed=tally.changed,
            unchanged=tally.unchanged, refused=tally.refused, left=tally.left, cents_in=tally.cents_in,
            cents_taken=tally.cents_taken, cents_refused=tally.cents_refused, unreadable=tally.unreadable,
            warnings=tally.warnings, events=dict(tally.events), refusals=tuple(tally.refusals),
            warned=tuple(tally.warned), refusals_file=self._written, touched=frozenset(tally.touched),
        )  # fmt: skip


def unfinished(session: Session, kind: Literal["accounts", "payments"]) -> ImportFile | None:
    """The import of this kind that is under way, or was killed and must be run again; None when all is well.

    A killed one is shown until its file is imported again, whatever was stopped since.
    """
    return session.scalar(
        select(ImportFile)
        .where(ImportFile.kind == kind, ImportFile.state == "running")
        .order_by(ImportFile.id.desc())
        .limit(1)
    )
