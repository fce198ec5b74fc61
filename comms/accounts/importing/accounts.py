"""Taking in an accounts file. See ``run`` for the steps."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import partial
from threading import Lock
from typing import Any, NamedTuple

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from comms.accounts.facts import touch
from comms.accounts.schema import Account, ImportFile
from comms.city import City
from comms.db import Database, one_of
from comms.history import NewEvent, record

from .account_rows import AccountReader, AccountRow, ReadRow
from .account_store import Batch
from .days import Dates
from .debt_history import write_left, write_standing
from .mapping import Mapping
from .spool import Bits
from .summary import Kept, RefusedRowError, StoppedError, Tally

FEW = 20
"""So few rows refused or changed are a person's work, not a broken export, whatever share they are."""

PAGE = 2000


class _Page(NamedTuple):
    """A page of the accounts on file: its last id, and the past due of those that this file told."""

    last: int
    cents: int
    kept: Kept


class AccountsIntake:
    """What an accounts file does at each step of a run."""

    def __init__(self, mapping: Mapping, city: City, tally: Tally) -> None:
        self._mapping, self._city, self._tally = mapping, city, tally
        self.partial, self.apart = False, True
        self.sorted_by: int | None = None
        self._marking = Lock()
        self._lines: dict[str, int] = {}
        self._mentioned: set[str] = set()
        self._present, self._fresh = Bits(), Bits()
        self._known = self._known_changed = self._still_there = 0

    def begin(self, header: Sequence[str], dates: Dates) -> None:
        self._dates = dates
        self._reader = AccountReader(self._mapping, self._city, header, dates.as_of)

    def covers_until(self) -> date | None:
        return None

    def read(self, line: int, cells: list[str]) -> ReadRow:
        row = self._reader.read(line, cells)
        first = self._lines.setdefault(row.number, line)
        if first != line:
            raise RefusedRowError(f"Account {row.number} is already on line {first}; one of the two rows is wrong")
        return row

    def unpacked(self, row: tuple[Any, ...]) -> AccountRow:
        return AccountRow.unpacked(row)

    def mention(self, line: int, cells: list[str]) -> int | None:
        """A refused row: its account is in the file all the same. Returns its past due, where it can be read."""
        if number := self._reader.number_in(cells):
            self._lines.setdefault(number, line)
            self._mentioned.add(number)
        return self._reader.past_due_in(cells)

    def compare(self, session: Session, rows: list[ReadRow]) -> Iterator[tuple[int, ReadRow, str | None]]:
        """The rows that are new or changed; and those refused for what is stored, with the reason."""
        known = self._look_up(session, rows)
        for at, row in enumerate(rows):
            stored = known.get(row.number)
            if stored is not None and self.partial and self._is_overtaken(stored, row):
                said = (
                    f"Account {row.number} was already taken in from the file of {stored.balance_as_of}; "
                    "change the number, or leave the row out"
                )
                yield at, row, said
                continue
            for warning in row.warnings:
                self._tally.warn(row.line, warning)
            self._tally.cents_in += row.past_due_cents
            self._tally.cents_taken += row.past_due_cents
            if stored is None:
                self._tally.new += 1
                yield at, row, None
                continue
            self._see(stored)
            if stored.source_digest == row.digest and stored.in_latest_file:
                self._tally.unchanged += 1
                self._fresh.add(stored.id)
                continue
            self._tally.changed += 1
            self._known_changed += 1
            yield at, row, None

    def _look_up(self, session: Session, rows: list[ReadRow]) -> dict[str, Any]:
        fields = (Account.id, Account.number, Account.source_digest, Account.in_latest_file, Account.balance_as_of)
        mentioned, self._mentioned = sorted(self._mentioned), set()
        for start in range(0, len(mentioned), PAGE):
            part = mentioned[start : start + PAGE]
            for stored in session.execute(select(*fields).where(Account.number.in_(part))):
                self._see(stored)
        named = one_of(session, Account.number, [row.number for row in rows])
        return {stored.number: stored for stored in session.execute(select(*fields).where(named))}

    def _see(self, stored: Any) -> None:
        if stored.id not in self._present:
            self._present.add(stored.id)
            self._known += 1
            self._still_there += stored.in_latest_file

    def _is_overtaken(self, stored: Any, row: ReadRow) -> bool:
        """A refused row that nobody mended must not overwrite the good row with its number."""
        same_day = stored.in_latest_file and stored.balance_as_of >= self._dates.as_of
        return bool(same_day and stored.source_digest != row.digest)

    def stops(self, session: Session) -> Iterator[StoppedError]:
        """What is wrong with the file as a whole."""
        self._look_up(session, [])
        if self.partial:
            return
        tally, limits = self._tally, self._mapping.limits
        taken = tally.new + tally.changed + tally.unchanged
        if not taken:
            yield StoppedError(
                "The file has no row that can be taken.", "Check that it is the export, and export it again."
            )
        if tally.refused > max(FEW, limits.refused * tally.rows):
            yield _asks(
                f"{tally.refused:,} of {tally.rows:,} rows cannot be taken (the limit is {limits.refused:.0%}).",
                "Look at the reasons",
            )
        newest = session.scalar(
            select(func.max(ImportFile.as_of)).where(ImportFile.kind == "accounts", ImportFile.state == "done")
        )
        if newest is not None and self._dates.as_of < newest:
            yield _asks(
                f"The file is of {self._dates.as_of}, and one of {newest} was taken in.", "Take the newest file"
            )
        had = session.scalar(select(func.count()).where(Account.in_latest_file)) or 0
        dropped = had - self._still_there
        if had and dropped > limits.dropped * had:
            yield _asks(
                f"{dropped:,} of {had:,} accounts are not in the file (the limit is {limits.dropped:.0%}).",
                "Check that the export is whole",
            )
        if self._known_changed > max(FEW, limits.changed * self._known):
            yield _asks(
                f"{self._known_changed:,} of {self._known:,} known accounts would change "
                f"(the limit is {limits.changed:.0%}).",
                "Check that it is the right export",
            )

    def keep(self, session: Session, rows: list[AccountRow], import_id: int, at: datetime) -> Kept:
        batch = Batch(session, rows, import_id, self._dates.as_of, at)
        batch.keep()
        record(session, batch.events, at)
        with self._marking:
            for key in batch.ids.values():
                self._present.add(key)
                self._fresh.add(key)
        return Kept(set(batch.ids.values()), Counter(event.kind for event in batch.events))

    def finish(self, database: Database, import_id: int, at: datetime) -> None:
        """Every account that was in the last file: seen again, or gone. A part of a file says nothing of the rest."""
        if self.partial:
            return
        last = stored_cents = 0
        while True:
            page = database.run(partial(self._page, after=last, import_id=import_id, at=at))
            if page is None:
                break
            last = page.last
            stored_cents += page.cents
            self._tally.absorb(page.kept)
        if stored_cents != self._tally.cents_taken:
            raise RuntimeError(
                f"The accounts of this file add up to {stored_cents} cents in the database, the rows taken to "
                f"{self._tally.cents_taken}. Another process changed balances; import the file again."
            )

    def _page(self, session: Session, after: int, import_id: int, at: datetime) -> "_Page | None":
        """One page of accounts, from the id ``after`` on; None when there are no more."""
        statement = (
            select(Account.id, Account.past_due_cents, Account.balance_as_of != self._dates.as_of)
            .where(Account.in_latest_file, Account.id > after)
            .order_by(Account.id)
            .limit(PAGE)
        )
        found = session.execute(statement).all()
        if not found:
            return None
        cents, older = 0, []
        gone: dict[int, int] = {}
        for key, past_due, of_another_day in found:
            if key in self._fresh:
                cents += past_due
                if of_another_day:
                    older.append(key)
            elif key not in self._present:
                gone[key] = past_due
        if older:
            session.execute(
                update(Account)
                .where(Account.id.in_(older))
                .values(balance_as_of=self._dates.as_of)
                .execution_options(synchronize_session=False)
            )
        write_standing(session, after, found[-1][0])
        write_left(session, [key for key, past_due in gone.items() if past_due != 0], self._dates.as_of)
        self._let_go(session, list(gone), import_id, at)
        kept = Kept(set(gone), Counter({"account.left": len(gone)} if gone else {}), left=len(gone))
        return _Page(found[-1][0], cents, kept)

    def _let_go(self, session: Session, gone: list[int], import_id: int, at: datetime) -> None:
        if not gone:
            return
        session.execute(
            update(Account)
            .where(Account.id.in_(gone))
            .values(in_latest_file=False)
            .execution_options(synchronize_session=False)
        )
        touch(session, gone, at)
        said = f"The account is no longer in the CIS file (of {self._dates.as_of})"
        events = [
            NewEvent(key, at, "account.left", said, actor="cis", subject_type="import_file", subject_id=import_id)
            for key in gone
        ]
        record(session, events, at)


def _asks(reason: str, look: str) -> StoppedError:
    return StoppedError(reason, f"{look}; if it is as it should be, import it with --yes.", may_accept=True)
