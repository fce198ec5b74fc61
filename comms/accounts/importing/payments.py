"""Taking in a payments file. See ``run`` for the steps.

A reversal is kept whether or not the payment it names has been seen: bank returns arrive days later, in other files.
The two are connected as soon as both are there, in whichever order. Until then the payment counts, so that nobody is
dunned for a return that names nothing we know.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from comms.accounts.facts import touch
from comms.accounts.schema import Account, Payment
from comms.city import City
from comms.db import Database, insert_rows, instant, one_of, reserve
from comms.history import NewEvent, record
from comms.money import dollars

from . import parsers
from .days import Dates
from .mapping import Mapping
from .summary import Kept, RefusedRowError, Remark, StoppedError, Tally

FEW = 20

_SPOKEN = {"payment": "Payment", "assistance": "Assistance payment", "adjustment": "Credit"}


_COLUMNS = (
    "id", "account_id", "transaction_id", "paid_on", "amount_cents", "kind", "source", "reverses", "import_id",
    "imported_at",
)  # fmt: skip


class PaymentRow(NamedTuple):
    """A row that can be taken; ``account_id`` is known once it was compared with the database."""

    line: int
    number: str
    transaction_id: str
    paid_on: date
    amount_cents: int
    kind: str
    source: str
    reverses: str | None
    account_id: int = 0

    def packed(self) -> tuple[Any, ...]:
        """Plain values, to travel to disk."""
        return (*self[:3], self.paid_on.toordinal(), *self[4:])

    @classmethod
    def unpacked(cls, given: tuple[Any, ...]) -> "PaymentRow":
        return cls._make((*given[:3], date.fromordinal(given[3]), *given[4:]))


class _Pair(NamedTuple):
    """A payment, and a reversal (``by``) that names it."""

    id: int
    transaction_id: str
    account_id: int
    amount_cents: int
    paid_on: date
    reversed_by_id: int | None
    by_id: int
    by: str
    by_account: int
    by_cents: int


def _pairs(session: Session, rows: list[PaymentRow]) -> list[_Pair]:
    """Payments and the reversals that name them, where one of the two is among the rows; oldest reversal first. (Two
    look-ups by key: a join of the table with itself is planned as a walk through all of it.)"""
    wanted = {row.reverses or row.transaction_id for row in rows}
    names = (Payment.id, Payment.transaction_id, Payment.account_id, Payment.amount_cents, Payment.reverses)
    reversals = session.execute(
        select(*names).where(one_of(session, Payment.reverses, wanted), Payment.kind == "reversal").order_by(Payment.id)
    ).all()
    reversed_ = (*names[:4], Payment.paid_on, Payment.reversed_by_id)
    named = {reversal.reverses for reversal in reversals}
    payments = session.execute(
        select(*reversed_).where(one_of(session, Payment.transaction_id, named), Payment.kind != "reversal")
    )
    by_name = {payment.transaction_id: payment for payment in payments}
    return [
        _Pair(*by_name[reversal.reverses], *reversal[:4])
        for reversal in reversals if reversal.reverses in by_name
    ]  # fmt: skip


class PaymentsIntake:
    """What a payments file does at each step of a run."""

    def __init__(self, mapping: Mapping, city: City, tally: Tally) -> None:
        self._mapping, self._city, self._tally = mapping, city, tally
        self.partial, self.apart = False, False
        self.sorted_by: int | None = PaymentRow._fields.index("account_id")
        self._lines: dict[str, int] = {}
        self._newest: date | None = None
        self._new_cents = 0

    def begin(self, header: Sequence[str], dates: Dates) -> None:
        self._dates = dates
        form = self._mapping.file
        place = {name.casefold(): at for at, name in enumerate(header)}
        readers = {
            "number": parsers.key(form.number, form.number_example), "paid_on": parsers.dates(form.dates),
            "amount": parsers.money, "source": parsers.text,
            "transaction_id": parsers.key(form.transaction, "a reference"),
            "reverses": parsers.key(form.transaction, "a reference"),
        }  # fmt: skip
        self._steps: list[tuple[str, str, int, Any]] = [
            (column.to, name, place[name.casefold()], readers[column.to])
            for name, column in self._mapping.columns.items()
        ]
        self._amount_at = place[self._mapping.header_of["amount"].casefold()]
        self._kind = parsers.code(self._mapping.codes["kind"])

    def covers_until(self) -> date | None:
        """The last day this file covers: as its name says, else its newest posting that is no reversal (a bank return
        is posted ahead of the day's other payments). A mended part of a file covers nothing more."""
        return None if self.partial else self._dates.until or self._newest

    def read(self, line: int, cells: list[str]) -> PaymentRow:
        found: dict[str, Any] = {}
        wrong: list[str] = []
        for to, header, at, read in self._steps:
            try:
                found[to] = read(cells[at])
                if found[to] is None and to != "reverses":
                    wrong.append(f"{header} is empty")
            except parsers.UnreadableCellError as error:
                wrong.append(f"{header}: {error}")
        if not wrong:
            try:
                found["kind"] = self._kind(found["source"])
            except parsers.UnreadableCellError as error:
                wrong.append(f"{self._mapping.header_of['source']}: {error}")
        if wrong:
            raise RefusedRowError("; ".join(wrong))
        row = PaymentRow(
            line, found["number"], found["transaction_id"], found["paid_on"], found["amount"], found["kind"],
            found["source"], found["reverses"],
        )  # fmt: skip
        self._make_sense(row)
        first = self._lines.setdefault(row.transaction_id, line)
        if first != line:
            raise RefusedRowError(f"Transaction {row.transaction_id} is already on line {first}; it is counted once")
        return row

    def _make_sense(self, row: PaymentRow) -> None:
        reverses = self._mapping.header_of["reverses"]
        if row.amount_cents == 0:
            raise RefusedRowError("The amount is zero")
        if row.kind == "reversal":
            if row.amount_cents > 0:
                raise RefusedRowError(f"A reversal ({row.source}) takes money back, so its amount must be negative")
            if row.reverses is None:
                raise RefusedRowError(f"A reversal must name the payment it reverses in {reverses}")
        elif row.amount_cents < 0:
            raise RefusedRowError(
                f"A negative amount must be a reversal and name the payment it reverses in {reverses}"
            )
        elif row.reverses is not None:
            raise RefusedRowError(f"{reverses} is filled in, but {row.source} is no reversal")
        if row.reverses == row.transaction_id:
            raise RefusedRowError("A payment cannot reverse itself")

    def unpacked(self, row: tuple[Any, ...]) -> PaymentRow:
        return PaymentRow.unpacked(row)

    def mention(self, line: int, cells: list[str]) -> int | None:
        try:
            return parsers.money(cells[self._amount_at])
        except (IndexError, parsers.UnreadableCellError):
            return None

    def compare(self, session: Session, rows: list[PaymentRow]) -> Iterator[tuple[int, PaymentRow, str | None]]:
        """The rows that are new; and those refused because the account is unknown, or the transaction is another."""
        numbers = {row.number for row in rows}
        known = session.execute(
            select(Account.number, Account.id).where(one_of(session, Account.number, numbers))
        ).all()
        accounts = {number: key for number, key in known}  # noqa: C416 - dict() of rows is not typed
        wanted = [row.transaction_id for row in rows]
        stored = {p.transaction_id: p for p in session.execute(
            select(Payment.transaction_id, Payment.account_id, Payment.paid_on, Payment.amount_cents)
            .where(one_of(session, Payment.transaction_id, wanted))
        )}  # fmt: skip
        for at, row in enumerate(rows):
            account_id = accounts.get(row.number)
            if account_id is None:
                yield at, row, f"There is no account {row.number}; import the accounts first, or correct the number"
                continue
            was = stored.get(row.transaction_id)
            if was is not None and (was.account_id, was.paid_on, was.amount_cents) != (
                account_id, row.paid_on, row.amount_cents,
            ):  # fmt: skip
                said = (
                    f"Transaction {row.transaction_id} is known as {dollars(was.amount_cents)} of {was.paid_on}; "
                    "a transaction does not change"
                )
                yield at, row, said
                continue
            self._count(row)
            if was is not None:
                self._tally.unchanged += 1
                continue
            self._tally.new += 1
            self._new_cents += row.amount_cents
            yield at, row._replace(account_id=account_id), None

    def _count(self, row: PaymentRow) -> None:
        self._tally.cents_in += row.amount_cents
        self._tally.cents_taken += row.amount_cents
        if row.kind != "reversal" and (self._newest is None or row.paid_on > self._newest):
            self._newest = row.paid_on

    def stops(self, session: Session) -> Iterator[StoppedError]:
        tally, limits = self._tally, self._mapping.limits
        if self.partial or not tally.rows:
            return
        if not tally.new + tally.unchanged:
            yield StoppedError(
                "The file has no row that can be taken.", "Look at the reasons; import the accounts file first."
            )
        if tally.refused > max(FEW, limits.refused * tally.rows):
            yield StoppedError(
                f"{tally.refused:,} of {tally.rows:,} rows cannot be taken (the limit is {limits.refused:.0%}).",
                "Look at the reasons; if it is as it should be, import it with --yes.",
                may_accept=True,
            )

    def keep(self, session: Session, rows: list[PaymentRow], import_id: int, at: datetime) -> Kept:
        now = instant(session, at)
        ids = reserve(session, Payment, len(rows))
        values = [
            (key, row.account_id, row.transaction_id, row.paid_on.isoformat(), row.amount_cents, row.kind, row.source,
             row.reverses, import_id, now)
            for key, row in zip(ids, rows, strict=True)
        ]  # fmt: skip
        insert_rows(session, Payment, _COLUMNS, values)
        warned: list[Remark] = []
        connected = self._connect(session, rows, warned)
        events = [self._event(row, key, connected.get(row.transaction_id)) for key, row in zip(ids, rows, strict=True)]
        accounts = {row.account_id for row in rows}
        touch(session, accounts, at)
        record(session, events, at)
        return Kept(accounts, Counter(event.kind for event in events), warned)

    def _connect(self, session: Session, rows: list[PaymentRow], warned: list[Remark]) -> dict[str, Any]:
        """Connect reversals and payments where one of the two is in this batch. Returns the pairs by both names."""

        def warn(line: int, text: str) -> None:
            warned.append(Remark(line, text))

        lines = {row.transaction_id: row.line for row in rows}
        found = _pairs(session, rows)
        connected: dict[str, Any] = {}
        reversed_already = {pair.id for pair in found if pair.reversed_by_id is not None}
        for pair in found:
            line = lines.get(pair.by) or lines.get(pair.transaction_id) or 0
            if pair.account_id != pair.by_account:
                warn(line, f"{pair.by} names {pair.transaction_id}, a payment of another account")
            elif pair.reversed_by_id == pair.by_id:
                connected[pair.by] = pair
            elif pair.id in reversed_already:
                warn(line, f"{pair.by} names {pair.transaction_id}, which was already reversed")
            else:
                if pair.by_cents != -pair.amount_cents:
                    warn(line, f"{pair.by} reverses {dollars(-pair.by_cents)} of "
                                     f"{dollars(pair.amount_cents)} ({pair.transaction_id})")  # fmt: skip
                reversed_already.add(pair.id)
                connected[pair.by] = connected[pair.transaction_id] = pair
        known = {pair.transaction_id for pair in found}
        for row in rows:
            if row.reverses is not None and row.reverses not in known:
                warn(row.line, f"{row.transaction_id} reverses {row.reverses}, which has not come yet")
        fresh = [{"at_id": p.id, "to_id": p.by_id} for name, p in connected.items() if name == p.by]
        if fresh:
            table = Payment.__table__
            session.connection().execute(
                update(Payment).where(table.c.id == bindparam("at_id")).values(reversed_by_id=bindparam("to_id")),
                fresh,
            )
        return connected

    def _event(self, row: PaymentRow, payment_id: int, pair: Any) -> NewEvent:
        facts = {
            "transaction_id": row.transaction_id, "amount_cents": row.amount_cents, "paid_on": row.paid_on.isoformat(),
            "kind": row.kind, "source": row.source,
        }  # fmt: skip
        day = f"{row.paid_on:%b} {row.paid_on.day}, {row.paid_on.year}"
        if row.kind != "reversal":
            kind, said = "payment.posted", f"{_SPOKEN[row.kind]} of {dollars(row.amount_cents)} ({row.source}), {day}"
            if pair is not None:
                said += f"; reversed by {pair.by}"
        else:
            kind, facts["reverses"] = "payment.reversed", row.reverses
            said = f"{dollars(-row.amount_cents)} taken back ({row.source}), {day}: payment {row.reverses}"
            if pair is not None:
                said += f" of {dollars(pair.amount_cents)} on {pair.paid_on:%b} {pair.paid_on.day}"
            else:
                said += ", which has not come yet"
        noon = datetime.combine(row.paid_on, time(12), self._city.zone).astimezone(UTC)
        return NewEvent(row.account_id, noon, kind, said, actor="cis", subject_type="payment", subject_id=payment_id,
                        facts=facts)  # fmt: skip

    def finish(self, database: Database, import_id: int, at: datetime) -> None:
        """The control total: what is stored for this import is what was taken from it."""
        with database.read() as session:
            count, cents = session.execute(
                select(func.count(), func.coalesce(func.sum(Payment.amount_cents), 0)).where(
                    Payment.import_id == import_id
                )
            ).one()
        if (count, int(cents)) != (self._tally.new, self._new_cents):
            raise RuntimeError(
                f"{count} payments of {cents} cents are stored for this file, {self._tally.new} of {self._new_cents} "
                "were taken. Another process changed payments; look before anything else is imported."
            )
