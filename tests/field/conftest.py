"""An office with a Service Department: lists that are proposed, approved, given out and reported on."""

import csv
import io
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from comms import field as field_room
from comms.accounts.schema import Account
from comms.city import City
from comms.clock import FixedClock
from comms.db import Database
from comms.field import Due, FieldOrder, LeftOut, Wanted
from comms.history import timeline, verify
from comms.worklist import Task
from tests.support import build

THURSDAY = date(2026, 12, 3)


@dataclass
class Department:
    """What the office and its Service Department do, with the questions that tests ask afterwards."""

    database: Database
    clock: FixedClock
    city: City
    home: Path
    stands_against: dict[int, list[str]] = field(default_factory=dict)

    def account(self, **given) -> int:
        with self.database.begin() as session:
            return build.account(session, **given).id

    def propose(self, *account_ids: int, kind: str = "shutoff", for_day: date = THURSDAY, evidence=()) -> str:
        with self.database.begin() as session:
            wanted = [
                Wanted(one, None, (Due("gas", 6000), Due("water", 6000)), 12000, 1, tuple(evidence))
                for one in account_ids
            ]
            out = [LeftOut("0009999-00", "Pat Olsen", 5000, ("The letter has not been mailed.",))]
            return field_room.propose(
                session, self.city, self.clock, kind=kind, for_day=for_day, wanted=wanted, left_out=out, by="j.park"
            )

    def approve(self, name: str, by: str = "s.lee") -> None:
        with self.database.begin() as session:
            field_room.approve(session, self.clock, name, by=by)

    def issue(self, name: str) -> field_room.Issued:
        return field_room.issue(
            self.database, self.city, self.clock, self.home, name, by="s.lee",
            recheck=lambda _session, orders, _made: {
                order.id: self.stands_against[order.account_id]
                for order in orders
                if order.account_id in self.stands_against
            },
        )  # fmt: skip

    def issued(self, *account_ids: int, **how) -> str:
        name = self.propose(*account_ids, **how)
        self.approve(name)
        self.issue(name)
        return name

    def recall(self, *account_ids: int, reason: str = "a file came in"):
        with self.database.begin() as session:
            return field_room.recall(session, self.city, self.clock, account_ids, reason=reason)

    def report(self, *rows: dict, header=("order", "result", "at", "by", "reason")) -> field_room.Completed:
        out = io.StringIO()
        writer = csv.DictWriter(out, header)
        writer.writeheader()
        writer.writerows(rows)
        return self.report_bytes(out.getvalue().encode())

    def report_bytes(self, content: bytes) -> field_room.Completed:
        with self.database.begin() as session:
            return field_room.complete(session, self.city, self.clock, content, by="j.park")

    def change(self, account_id: int, **columns) -> None:
        with self.database.begin() as session:
            session.execute(update(Account).where(Account.id == account_id).values(**columns))

    def order(self, account_id: int, kind: str = "disconnect") -> FieldOrder:
        with self.database.read() as session:
            mine = (FieldOrder.account_id == account_id, FieldOrder.kind == kind)
            return session.scalars(select(FieldOrder).where(*mine).order_by(FieldOrder.id)).all()[-1]

    def rows(self, name: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO((self.home / name / "orders.csv").read_text("utf-8"))))

    def told(self, account_id: int) -> list[str]:
        with self.database.read() as session:
            assert verify(session, account_id)[1] == []
            return [entry.kind for entry in timeline(session, account_id)]

    def tasks(self) -> list[Task]:
        with self.database.read() as session:
            return list(session.scalars(select(Task).order_by(Task.priority, Task.id)))

    def go_to(self, *when: int) -> None:
        self.clock.set(datetime(*when, tzinfo=self.city.zone))


@pytest.fixture
def department(database, clock, city, tmp_path) -> Department:
    return Department(database, clock, city, tmp_path / "field")


@pytest.fixture
def sqlite_department(sqlite_database, clock, city, tmp_path) -> Department:
    return Department(sqlite_database, clock, city, tmp_path / "field")
