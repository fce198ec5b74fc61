"""Files that staff ask for: the correspondence log of a span of days or of an account, as Excel or CSV.

1. ``ask`` writes down who wants what; a short log is made at once, a long one by a worker.
2. ``make`` claims a wish, writes the file beside its final name, notes now and then that it gets on, and renames it.
3. One that stands still for ``STILL``, because its process died, is taken up again, ``MOST_TRIES`` times in all. Each
   try has a number: a process that only slept finds that the wish is another's now, and leaves it alone.
4. ``tidy`` takes away files after ``KEPT`` and what a process that died left, and says of a wish tried so often in vain
   that it failed.

The files hold customers' words: their folder is the service's own user's alone, and each download is written down.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from errno import EDQUOT, ENOSPC
from pathlib import Path
from shutil import copyfileobj
from typing import Any, BinaryIO, Literal

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.exc import OperationalError
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
STILL = timedelta(minutes=2)
"""A wish whose worker has not been heard of for so long has none: one that writes is heard every few seconds."""
HEARD = 5.0
"""Seconds after which a worker says again that it gets on, however few rows it has found."""
MOST_TRIES = 3
HALF_KEPT = timedelta(minutes=30)
"""A half-written file that has not grown for so long belongs to nobody: the longest takes a few minutes."""
SHOWN = 20


class ExportError(ValueError):
    """A log that cannot be made; the message says what to do."""


class TakenOverError(Exception):
    """This process stood still for so long that another one makes the file now."""


@dataclass(frozen=True)
class _Task:
    """A wish that is ours: what is wanted, and the number of this try."""

    id: int
    wanted: Wanted
    form: Form
    number: str
    tries: int

    @property
    def ours(self) -> ColumnElement[bool]:
        return and_(Export.id == self.id, Export.state == "running", Export.tries == self.tries)


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
    task = database.run(lambda session: _claim(session, export_id, clock.now()))
    if task is None:
        return False

    def told(count: int) -> None:
        getting_on = update(Export).where(task.ours).values(rows=count, got_on_at=clock.now()).returning(Export.id)
        if database.run(lambda session: session.execute(getting_on).first()) is None:
            raise TakenOverError(f"File {export_id} is made by another process now.")

    try:
        name, count = _write(database, city, folder(var), task, told)
    except TakenOverError:
        return False
    except OperationalError:  # the database went away: the wish stands still, and is taken up again when it answers
        raise
    except Exception as error:
        _finish(database, task, clock, state="failed", words=_why(error))
        raise
    return _finish(database, task, clock, state="done", words="", rows=count, name=name)


def _why(error: Exception) -> str:
    """What to tell who waits for a file that cannot be made."""
    if isinstance(error, OSError) and error.errno in (ENOSPC, EDQUOT):
        return (
            "There is no room left for files on the service's machine. Tell whoever looks after the service, and ask "
            "for the file again when there is."
        )
    return "The file could not be made. Ask for it again; if that fails too, look at the service's log."


def folder(var: Path) -> Path:
    """Where the files lie; nobody else on this machine may look in."""
    path = var / "exports"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def waiting(session: Session, now: datetime, patience: timedelta) -> list[int]:
    """Wishes that nobody has taken up within ``patience``, and those whose worker is gone, the oldest first."""
    forgotten = and_(Export.state == "waiting", Export.asked_at <= now - patience)
    rows = session.scalars(select(Export.id).where(or_(forgotten, _left_behind(now))).order_by(Export.id))
    return list(rows)


def _stands_still(now: datetime) -> ColumnElement[bool]:
    return and_(Export.state == "running", func.coalesce(Export.got_on_at, Export.asked_at) <= now - STILL)


def _left_behind(now: datetime) -> ColumnElement[bool]:
    """A wish whose worker is gone, and that may be tried again."""
    return and_(_stands_still(now), Export.tries < MOST_TRIES)


def mine(session: Session, username: str) -> Sequence[Export]:
    """The newest wishes of a person."""
    return session.scalars(
        select(Export).where(Export.asked_by == username, Export.kind == KIND).order_by(Export.id.desc()).limit(SHOWN)
    ).all()


def tidy(database: Database, clock: Clock, var: Path) -> int:
    """Take away the files that are over their time; returns how many. The rows stay: who took what out is kept."""
    now = clock.now()

    def forget(session: Session) -> list[str]:
        words = (
            f"It was begun {MOST_TRIES} times, and each time the service stopped half-way. Ask for a shorter time, and "
            "tell whoever looks after the service."
        )
        dead = and_(_stands_still(now), Export.tries >= MOST_TRIES)
        session.execute(update(Export).where(dead).values(state="failed", finished_at=now, words=words))
        old = Export.name.is_not(None) & (Export.finished_at <= now - KEPT)
        names = list(session.scalars(select(Export.name).where(old)))
        session.execute(update(Export).where(old).values(name=None))
        return [name for name in names if name]

    names = database.run(forget)
    for name in names:
        (folder(var) / name).unlink(missing_ok=True)
    for half in folder(var).glob("*.part"):
        if time.time() - half.stat().st_mtime > HALF_KEPT.total_seconds():
            half.unlink(missing_ok=True)
    return len(names)


def _claim(session: Session, export_id: int, now: datetime) -> _Task | None:
    taken = session.execute(
        update(Export)
        .where(Export.id == export_id, or_(Export.state == "waiting", _left_behind(now)))
        .values(state="running", got_on_at=now, tries=Export.tries + 1, rows=None)
        .returning(Export.tries, Export.options)
        .execution_options(synchronize_session=False)
    ).first()
    if taken is None:
        return None
    options = dict(taken.options)
    form: Form = "csv" if options.pop("form") == "csv" else "xlsx"
    del options["about"]
    options.pop("expected", None)
    first, last = (date.fromisoformat(options.pop(key)) for key in ("first", "last"))
    wanted = Wanted(first, last, **options)
    number = (
        session.scalar(select(Account.number).where(Account.id == wanted.account_id)) if wanted.account_id else None
    )
    return _Task(export_id, wanted, form, number or "", taken.tries)


def _write(database: Database, city: City, into: Path, task: _Task, told: Callable[[int], None]) -> tuple[str, int]:
    wanted = task.wanted
    named = [part for part in ("log", task.number, wanted.first, wanted.last, task.id) if part]
    name = sheets.file_name(*named, ending=task.form)
    for earlier in range(1, task.tries):
        (into / f"{name}.{earlier}.part").unlink(missing_ok=True)
    unfinished = into / f"{name}.{task.tries}.part"
    try:
        with unfinished.open("xb") as file:
            unfinished.chmod(0o600)
            count = write(database, city, wanted, task.form, file, told)
        told(count)
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
        heard = time.monotonic()
        for row in self._given:
            self.count += 1
            if self.count % TOLD == 0 or time.monotonic() > heard + HEARD:
                self._told(self.count)
                heard = time.monotonic()
            yield row


def _finish(database: Database, task: _Task, clock: Clock, **values: Any) -> bool:
    """Write down how it ended; False when the wish is another's by now."""
    ended = update(Export).where(task.ours).values(finished_at=clock.now(), **values).returning(Export.id)
    return database.run(lambda session: session.execute(ended).first()) is not None
