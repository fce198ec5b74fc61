"""A year of an office: what customers promise and pay, what banks take back, what files come late or twice.

The year is drawn from a seed. After each night the ledger is held to what must always be true; at the year's end a
fresh office that learns all of it at once, in another order, must come to the same end.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from comms import history, promises
from comms.accounts import Hold, Payment
from comms.city import load_city
from comms.clock import FixedClock
from comms.db import Database
from comms.promises import Part
from comms.promises.schema import Promise, PromiseAllocation, PromisePart
from tests.support import build

CITY = load_city("duluth-mn")
FIRST = date(2026, 1, 5)
NIGHTS = 365
ACCOUNTS = 200
SEED = 20260105
OVER = ("kept", "kept_late", "kept_short", "partial", "broken", "settled_other")


@dataclass(frozen=True)
class Line:
    """A line of a payment file: posted on one day, in the file of another."""

    account: int
    transaction: str
    cents: int
    posted: date
    kind: str = "payment"
    reverses: str | None = None


@dataclass(frozen=True)
class Wish:
    """What somebody wants on a day; ``parts`` as days from then and cents."""

    what: str
    account: int
    parts: tuple[tuple[int, int], ...]


@dataclass
class Script:
    """What happens, by day: what people want, and which lines come in. A day without a file has none in ``files``."""

    people: dict[date, list[Wish]] = field(default_factory=dict)
    files: dict[date, list[Line]] = field(default_factory=dict)
    late: int = 0
    twice: int = 0


def draw(chance: random.Random) -> Script:
    """Most who promise pay about what they promised at about that time; some money comes without a promise; files fail
    to come for single nights and for a week; some lines come late, some again."""
    script = Script()
    days = [FIRST + timedelta(n) for n in range(NIGHTS)]
    dark = {n + more for n in (90, 230) for more in range(7)}
    script.files = {day: [] for n, day in enumerate(days) if n not in dark and chance.random() < 0.9}
    numbers = iter(range(10**6))

    def pay(account: int, cents: int, day: date) -> None:
        kind = chance.choices(("payment", "assistance", "adjustment"), (17, 2, 1))[0]
        line = Line(account, f"T{next(numbers)}", cents, day, kind)
        late = timedelta(chance.choice((2, 5, 20)) if chance.random() < 0.06 else 0)
        script.late += bool(late)
        _arrives(script, day + late, line)
        if chance.random() < 0.06:
            back = day + timedelta(chance.choice((2, 4, 30, 120)))
            _arrives(script, back, Line(account, f"R{next(numbers)}", -cents, back, "reversal", line.transaction))
        if chance.random() < 0.05:
            script.twice += 1
            _arrives(script, day + late + timedelta(1), line)

    for day in days:
        script.people[day] = []
        for account in range(ACCOUNTS):
            if chance.random() < 0.003:
                pay(account, chance.randint(1, 20000), day)
            if chance.random() > 0.007:
                continue
            what = chance.choices(("promise", "arrange", "withdraw", "say nothing"), (12, 3, 2, 1))[0]
            amounts = chance.choices((2500, 5000, 10000, chance.randint(100, 20000)), k=chance.choice((1, 1, 2, 3)))
            wish = Wish(what, account, tuple((chance.randint(0, 40), cents) for cents in amounts))
            script.people[day].append(wish)
            for after, cents in wish.parts if what == "promise" else ((7, 20000), (37, 20000), (67, 20000)):
                if chance.random() < 0.8:
                    short = chance.choice((0, 0, 0, 0, 0, 0, 50, 4000))
                    about = chance.choice((-2, -1, 0, 0, 0, 1, 2, 9))
                    pay(account, max(1, cents - short), day + timedelta(max(0, after + about)))
    return script


def _arrives(script: Script, day: date, line: Line) -> None:
    """Put a line into the first file from this day on, if one comes before the year is over."""
    if when := min((one for one in script.files if one >= day), default=None):
        script.files[when].append(line)


class Year:
    """An office that lives through a script."""

    def __init__(self, database: Database, script: Script, chance: random.Random) -> None:
        self.database, self.script, self.chance = database, script, chance
        self.clock = FixedClock(self._at(FIRST, 8))
        self.ledger: Counter[str] = Counter(late=script.late, twice=script.twice)
        with database.begin() as session:
            self.import_id = build.import_file(session, kind="payments").id
            self.accounts = [
                build.account(
                    session, import_id=self.import_id, phone=None, past_due_cents=chance.randint(3000, 60000)
                ).id
                for _ in range(ACCOUNTS)
            ]

    @staticmethod
    def _at(day: date, hour: int) -> datetime:
        return datetime.combine(day, datetime.min.time(), CITY.zone) + timedelta(hours=hour)

    def live(self) -> None:
        for number in range(NIGHTS):
            day = FIRST + timedelta(number)
            self.clock.set(self._at(day, 12))
            with self.database.begin() as session:
                for wish in self.script.people[day]:
                    self.clock.advance(timedelta(seconds=1))
                    self._said(session, wish.what, self.accounts[wish.account], wish.parts)
            self.clock.set(self._at(day, 23) + timedelta(minutes=30))
            with self.database.begin() as session:
                self._night(session, day)
            if number % 28 == 0:
                with self.database.begin() as session:
                    again = promises.evaluate(session, CITY, self.clock)
                    assert again.changed_accounts == (), "the night missed something"

    def _said(self, session, what: str, account_id: int, wished) -> None:
        chance, today = self.chance, CITY.local_date(self.clock.now())
        if what == "withdraw":
            current = session.scalar(
                select(Promise.id).where(Promise.account_id == account_id, Promise.status.in_(("open", "proposed")))
            )
            if current is not None:
                self._done(session, promises.withdraw(
                    session, CITY, self.clock, current, by=chance.choice(("customer", "office")), actor="test",
                    reason="drawn",
                ))  # fmt: skip
            return
        terms = None
        if what == "arrange":
            wish = {"installments": chance.randint(1, 8), "every": chance.choice(("week", "two_weeks", "month"))}
            found = promises.arrangement_for(session, CITY, self.clock, account_id, **wish)
            parts, terms = list(found.parts), found.terms
        else:
            parts = [Part(today + timedelta(after), cents) for after, cents in wished]
        if what == "say nothing":
            self._done(session, promises.propose(
                session, CITY, self.clock, account_id=account_id, parts=parts, source="sms"
            ))  # fmt: skip
            return
        if not parts:
            return
        approved = "user:sue" if chance.random() < 0.9 else None
        try:
            entered = promises.enter(
                session, CITY, self.clock, account_id=account_id, parts=parts, source="phone", by="user:dana",
                terms=terms, approved_by=approved,
            )  # fmt: skip
        except promises.PromiseError as error:
            assert "Nothing is past due" in str(error)
            return
        self.ledger["entered"] += 1
        self.ledger[f"entered, awaits {entered.awaits}"] += 1
        history.record(session, list(entered.events), self.clock.now())

    def _done(self, session, change: promises.Change) -> None:
        history.record(session, list(change.events), self.clock.now())

    def _night(self, session, day: date) -> None:
        chosen = set(promises.due(session, self.clock))
        chosen |= {self.accounts[wish.account] for wish in self.script.people[day]}
        if day in self.script.files:
            chosen |= self._take_in(session, self.script.files[day])
            build.import_file(session, kind="payments", covers_until=day)
            chosen |= set(
                session.scalars(
                    select(Promise.account_id)
                    .join(PromisePart, PromisePart.promise_id == Promise.id)
                    .where(PromisePart.state == "pending_feed")
                )
            )
        found = promises.evaluate(session, CITY, self.clock, chosen)
        for name in (*OVER, "reopened"):
            self.ledger[name] += getattr(found, name)
        self.ledger["nights with a pending feed"] += bool(found.pending_feed)
        check(session, chosen)

    def _take_in(self, session, lines: list[Line]) -> set[int]:
        known = set(session.scalars(
            select(Payment.transaction_id).where(Payment.transaction_id.in_([line.transaction for line in lines]))
        ))  # fmt: skip
        for line in lines:
            if line.transaction not in known:
                known.add(line.transaction)
                put(session, self.accounts[line.account], line, self.import_id)
                self.ledger[line.kind] += 1
        return {self.accounts[line.account] for line in lines}


def put(session, account_id: int, line: Line, import_id: int) -> None:
    build.payment(
        session, account_id, line.cents, line.posted, transaction_id=line.transaction, kind=line.kind,
        reverses=line.reverses, import_id=import_id,
    )  # fmt: skip


def check(session, account_ids) -> None:
    """What must be true of these accounts after every night."""
    session.expire_all()
    made = session.scalars(select(Promise).where(Promise.account_id.in_(account_ids))).all()
    ids = [promise.id for promise in made]
    parts = session.scalars(select(PromisePart).where(PromisePart.promise_id.in_(ids))).all()
    counted = session.scalars(
        select(PromiseAllocation).join(PromisePart).where(
            PromisePart.promise_id.in_(ids), PromiseAllocation.reversed_at.is_(None)
        )
    ).all()  # fmt: skip
    paid = {one.id: one for one in session.scalars(select(Payment).where(Payment.account_id.in_(account_ids)))}
    undone: Counter[str] = Counter()
    for one in paid.values():
        undone[one.reverses] += one.amount_cents if one.kind == "reversal" else 0
    of_part, of_payment = Counter(), Counter()
    owner = {part.id: part.promise_id for part in parts}
    account = {promise.id: promise.account_id for promise in made}
    for one in counted:
        of_part[one.part_id] += one.amount_cents
        of_payment[one.payment_id] += one.amount_cents
        assert paid[one.payment_id].account_id == account[owner[one.part_id]]
    for payment_id, cents in of_payment.items():
        payment = paid[payment_id]
        assert payment.kind == "payment", "only the customer's own money keeps a promise"
        assert cents <= payment.amount_cents + undone[payment.transaction_id], "counted twice, or after a reversal"
    states: dict[int, set[str]] = {promise_id: set() for promise_id in ids}
    for part in parts:
        assert of_part[part.id] == part.allocated_cents <= part.amount_cents
        states[part.promise_id].add(part.state)
    _headers_agree(made, states)
    open_ones = Counter(promise.account_id for promise in made if promise.status == "open")
    assert max(open_ones.values(), default=0) <= 1
    held = session.scalars(
        select(Hold).where(Hold.account_id.in_(account_ids), Hold.kind == "promise", Hold.released_at.is_(None))
    ).all()
    allocated: Counter[int] = Counter()
    for part in parts:
        allocated[part.promise_id] += part.allocated_cents
    assert sorted((hold.source, hold.amount_cents) for hold in held) == sorted(
        (f"promise:{one.id}", max(one.debt_cents, one.promised_cents) - allocated[one.id])
        for one in made
        if one.status == "open"
    )


def _headers_agree(made, states) -> None:
    undecided, missed = {"waiting", "pending_feed"}, {"partial", "broken"}
    for promise in made:
        of = states[promise.id]
        if promise.status in ("open", "proposed"):
            assert of & undecided and promise.closed_at is None
        elif promise.ended_as == promise.status:
            # Its deadline had passed when somebody ended it: the file that is still to come may say it was kept.
            assert "waiting" not in of and promise.closed_at is not None
        else:
            assert not of & undecided and promise.closed_at is not None
        assert bool(of & missed) == (promise.status in missed)
        if promise.status == "kept":
            assert of == {"kept"}
        if promise.status in ("broken", "partial"):
            assert promise.kind == "promise" or promise.status == "broken"


def end_of(database: Database) -> dict:
    """What every promise came to, by the names of things, not by their numbers in this database."""
    with database.read() as session:
        numbers = {one.id: n for n, one in enumerate(session.scalars(_in_order()))}
        heads = {numbers[one.id]: one.status for one in session.scalars(_in_order()) if one.confirmed_at}
        parts = {
            (numbers[part.promise_id], part.seq): (part.state, part.allocated_cents)
            for part in session.scalars(select(PromisePart))
            if numbers[part.promise_id] in heads
        }
        money = sorted(
            (numbers[promise_id], seq, transaction, cents)
            for promise_id, seq, transaction, cents in session.execute(
                select(PromisePart.promise_id, PromisePart.seq, Payment.transaction_id, PromiseAllocation.amount_cents)
                .select_from(PromiseAllocation)
                .join(PromisePart, PromisePart.id == PromiseAllocation.part_id)
                .join(Payment, Payment.id == PromiseAllocation.payment_id)
                .where(PromiseAllocation.reversed_at.is_(None))
            )
        )
    return {"heads": heads, "parts": parts, "money": money}


def _in_order():
    return select(Promise).order_by(Promise.created_at, Promise.account_id)


@pytest.fixture
def two_offices(sqlite_template, tmp_path):
    opened = []
    for name in ("lived", "told"):
        path = tmp_path / f"{name}.db"
        path.write_bytes(sqlite_template.read_bytes())
        opened.append(Database(f"sqlite:///{path}"))
    yield opened
    for database in opened:
        database.dispose()


def tell(lived: Database, told: Database, clock: FixedClock, chance: random.Random) -> None:
    """Give the other office the facts alone: what was promised when, what somebody's word ended, what was posted."""
    with lived.read() as old, told.begin() as session:
        for model in (build.ImportFile, build.Account):
            for row in old.scalars(select(model)):
                session.add(model(**_columns(row)))
            session.flush()
        for row in old.scalars(select(Promise)):
            blank = {"status": "superseded", "closed_at": clock.now()} if row.confirmed_at else {}
            session.add(Promise(**_columns(row) | blank))
        session.flush()
        for row in old.scalars(select(PromisePart)):
            session.add(PromisePart(**_columns(row) | {"allocated_cents": 0, "state": "closed"}))
        lines = list(old.scalars(select(Payment)))
        chance.shuffle(lines)
        for number, row in enumerate(lines, 1):
            session.add(Payment(**_columns(row) | {"id": number}))
    with told.begin() as session:
        promises.evaluate(session, CITY, clock)


def _columns(row) -> dict:
    return {column.key: getattr(row, column.key) for column in row.__mapper__.columns}


def test_a_year_of_promises_payments_reversals_and_late_files(two_offices):
    lived, told = two_offices
    chance = random.Random(SEED)
    year = Year(lived, draw(chance), chance)
    year.live()
    with lived.begin() as session:
        check(session, year.accounts)
        year.ledger["open at the end"] = session.scalar(select(func.count()).where(Promise.status == "open"))
        for account_id in year.accounts[::40]:
            assert history.verify(session, account_id)[1] == []
    for name, count in sorted(year.ledger.items()):
        print(f"{count:>6}  {name}")
    assert all(year.ledger[name] for name in (*OVER, "reopened", "reversal", "late", "twice")), "a year too quiet"
    tell(lived, told, year.clock, chance)
    assert end_of(told) == end_of(lived)
