"""Files that staff ask for: the correspondence log of a span of days or of an account, as Excel or CSV.

1. ``ask`` writes down who wants what; a short log is made at once, a long one by a worker.
2. ``make`` claims a wish, writes the file beside its final name and renames it.
3. ``tidy`` takes away files after ``KEPT``, and what a process that died left; it says of its wish that it failed.

The files hold customers' words: their folder is the service's own user's alone, and each download is written down.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path
from shutil import copyfileobj
from typing import Any, BinaryIO, Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from comms.accounts.schema import Account
from comms.city import City
from comms.clock import Clock
from comms.db import Database
from comms.desk.frame import sheets
from comms.desk.frame.sheets import Cell
from comms.desk.reporting import correspondence
from comms.desk.reporting.correspondence import Wanted
from comms.desk.schema import Export

Form = Literal["xlsx", "csv"]
KIND = "log"
AT_ONCE = 2_000
"""Rows that are made while the person waits: about a second."""
LONGEST_XLSX = 200_000
"""Rows of a workbook: about a minute of work (8,500 rows a second, measured). CSV has no such limit."""
LONGEST = 366 * 3
"""Days of one log."""
TOLD = 5_000
"""After so many rows the page can say how far a file is."""
KEPT = timedelta(days=7)
TAKEN_UP = timedelta(minutes=2)
"""A worker takes a wish up at once; one that waits for longer has no worker."""
GIVEN_UP = timedelta(minutes=30)
"""A wish that has been under way for so long is dead: the longest file takes a few minutes."""
SHOWN = 20


class ExportError(ValueError):
    """A log that cannot be made; the message says what to do."""


def check(session: Session, city: City, wanted: Wanted, form: Form) -> int:
    """How many rows it will be, counted up to a workbook's limit. Raises ``ExportError``."""
    if wanted.last < wanted.first:
        raise ExportError("The last day lies before the first. Change one of the two.")
    if (wanted.last - wanted.first).days >= LONGEST:
        raise ExportError("A log covers at most three years. Choose a shorter time, and export it in parts.")
    found = correspondence.count(session, city, wanted, most=LONGEST_XLSX + 1)
    if form == "xlsx" and found > LONGEST_XLSX:
        raise ExportError(f"That is more than {LONGEST_XLSX:,} rows. Choose CSV, or a shorter time.")
    return found


def ask(session: Session, wanted: Wanted, form: Form, *, by: str, at: datetime, about: str, expected: int = 0) -> int:
    """Write a wish down; returns its id. ``about`` is what the list of files calls it, ``expected`` what ``check``
    said, 0 for not known."""
    options = {"form": form, "about": about, "expected": expected} | asdict(wanted)
    options |= {"first": wanted.first.isoformat(), "last": wanted.last.isoformat()}
    row = Export(kind=KIND, asked_by=by, asked_at=at, options=options, state="waiting", words="")
    session.add(row)
    session.flush()
    return row.id


def make(database: Database, city: City, clock: Clock, var: Path, export_id: int) -> bool:
    """Make the file of a wish. False when somebody else is at it, or it is done already."""
    claimed = database.run(lambda session: _claim(session, export_id))
    if claimed is None:
        return False
    wanted, form, number = claimed

    def told(count: int) -> None:
        running = (Export.id == export_id) & (Export.state == "running")
        database.run(lambda session: session.execute(update(Export).where(running).values(rows=count)))

    try:
        name, count = _write(database, city, folder(var), export_id, wanted, form, number, told)
    except Exception:
        words = "The file could not be made. Ask for it again; if that fails too, look at the service's log."
        _finish(database, export_id, clock, state="failed", words=words)
        raise
    _finish(database, export_id, clock, state="done", words="", rows=count, name=name)
    return True


def folder(var: Path) -> Path:
    """Where the files lie; nobody else on this machine may look in."""
    path = var / "exports"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def waiting(session: Session, before: datetime) -> list[int]:
    """Wishes that nobody has taken up since then, the oldest first."""
    rows = session.scalars(
        select(Export.id).where(Export.state == "waiting", Export.asked_at <= before).order_by(Export.id)
    )
    return list(rows)


def mine(session: Session, username: str) -> Sequence[Export]:
    """The newest wishes of a person."""
    return session.scalars(
        select(Export).where(Export.asked_by == username, Export.kind == KIND).order_by(Export.id.desc()).limit(SHOWN)
    ).all()


def tidy(database: Database, clock: Clock, var: Path) -> int:
    """Take away the files that are over their time; returns how many. The rows stay: who took what out is kept."""
    now = clock.now()

    def forget(session: Session) -> list[str]:
        dead = (Export.state == "running") & (Export.asked_at <= now - GIVEN_UP)
        session.execute(
            update(Export)
            .where(dead)
            .values(state="failed", finished_at=now, words="The service stopped while it was made. Ask for it again.")
        )
        old = Export.name.is_not(None) & (Export.finished_at <= now - KEPT)
        names = list(session.scalars(select(Export.name).where(old)))
        session.execute(update(Export).where(old).values(name=None))
        return [name for name in names if name]

    names = database.run(forget)
    for name in names:
        (folder(var) / name).unlink(missing_ok=True)
    for half in folder(var).glob("*.part"):
        if time.time() - half.stat().st_mtime > GIVEN_UP.total_seconds():
            half.unlink(missing_ok=True)
    return len(names)


def _claim(session: Session, export_id: int) -> tuple[Wanted, Form, str] | None:
    taken = session.execute(
        update(Export)
        .where(Export.id == export_id, Export.state == "waiting")
        .values(state="running")
        .returning(Export.id)
    ).first()
    if taken is None:
        return None
    options = dict(session.scalars(select(Export.options).where(Export.id == export_id)).one())
    form: Form = "csv" if options.pop("form") == "csv" else "xlsx"
    del options["about"]
    options.pop("expected", None)
    first, last = (date.fromisoformat(options.pop(key)) for key in ("first", "last"))
    wanted = Wanted(first, last, **options)
    number = (
        session.scalar(select(Account.number).where(Account.id == wanted.account_id)) if wanted.account_id else None
    )
    return wanted, form, number or ""


def _write(
    database: Database, city: City, into: Path, export_id: int, wanted: Wanted, form: Form, number: str,
    told: Callable[[int], None],
) -> tuple[str, int]:  # fmt: skip
    named = [part for part in ("log", number, wanted.first, wanted.last, export_id) if part]
    name = sheets.file_name(*named, ending=form)
    unfinished = into / f"{name}.{os.getpid()}.part"
    try:
        with unfinished.open("xb") as file:
            unfinished.chmod(0o600)
            count = write(database, city, wanted, form, file, told)
        unfinished.replace(into / name)
    finally:
        unfinished.unlink(missing_ok=True)
    return name, count


def write(
    database: Database, city: City, wanted: Wanted, form: Form, file: BinaryIO,
    told: Callable[[int], None] = lambda count: None,
) -> int:  # fmt: skip
    """Write the log to an open file; returns the number of rows. ``told`` hears now and then how many there are."""
    rows = _Counter(correspondence.rows(database, city, wanted), told)
    if form == "csv":
        file.writelines(sheets.csv_stream(rows, correspondence.COLUMNS, city.zone))
    else:
        with sheets.workbook(rows, correspondence.COLUMNS, "Correspondence", city.zone) as book:
            copyfileobj(book, file)
    return rows.count


class _Counter:
    """Rows, counted as they pass."""

    def __init__(self, given: Iterable[Sequence[Cell]], told: Callable[[int], None]) -> None:
        self._given, self._told, self.count = given, told, 0

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        for row in self._given:
            self.count += 1
            if self.count % TOLD == 0:
                self._told(self.count)
            yield row


def _finish(database: Database, export_id: int, clock: Clock, **values: Any) -> None:
    statement = update(Export).where(Export.id == export_id, Export.state == "running")
    database.run(lambda session: session.execute(statement.values(finished_at=clock.now(), **values)))
