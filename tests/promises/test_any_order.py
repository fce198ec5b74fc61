"""The same facts end in the same place, whatever order they come in, and no cent counts twice."""

import shutil
from collections import Counter
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comms import promises
from comms.accounts.schema import Payment
from comms.clock import FixedClock
from comms.db import Database
from comms.promises import Part
from comms.promises.deciding import PartFact, PaymentFact, PromiseFact, decide
from comms.promises.schema import Promise, PromiseAllocation, PromisePart
from tests.support import build

START = date(2026, 11, 2)
ZONE = ZoneInfo("America/Chicago")
days = st.integers(0, 40).map(lambda n: START + timedelta(n))
cents = st.integers(1, 90).map(lambda n: n * 100)


@st.composite
def payments(draw):
    made = []
    for number in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(["payment", "payment", "payment", "assistance", "adjustment"]))
        made.append((f"T{number}", draw(cents), draw(days), kind, None))
        if draw(st.integers(0, 3)) == 0:
            made.append((f"R{number}", -made[-1][1], draw(days), "reversal", f"T{number}"))
    return made


@st.composite
def a_ledger(draw):
    """Promises made on ascending days, and what was paid."""
    made = sorted(draw(st.lists(st.integers(0, 30), min_size=1, max_size=3)))
    terms = [draw(st.lists(st.tuples(st.integers(0, 12), cents), min_size=1, max_size=3)) for _ in made]
    paid = draw(payments())
    return list(zip(made, terms, strict=True)), paid, draw(st.permutations(range(len(paid))))


def at(day, hour=12):
    return datetime.combine(day, datetime.min.time(), ZONE) + timedelta(hours=hour)


@pytest.fixture(scope="module")
def fresh(sqlite_template, tmp_path_factory):
    folder, numbers = tmp_path_factory.mktemp("ledgers"), iter(range(10**6))

    def make():
        path = folder / f"{next(numbers)}.db"
        shutil.copy(sqlite_template, path)
        return Database(f"sqlite:///{path}"), path

    return make


def play(fresh, city, ledger, order, *, nightly):
    """Make the promises on their days; the payments arrive in ``order``, one before each promise and the rest after.
    With ``nightly`` every arrival is followed by an evaluation."""
    terms, paid = ledger
    database, path = fresh()
    clock = FixedClock(at(START))
    arrivals = [paid[n] for n in order]
    try:
        with database.begin() as session:
            import_id = build.import_file(session, kind="payments").id
            account_id = build.account(session, import_id=import_id).id

            def arrive(count):
                for transaction, amount, day, kind, reverses in arrivals[:count]:
                    build.payment(
                        session, account_id, amount, day, transaction_id=transaction, kind=kind, reverses=reverses,
                        import_id=import_id,
                    )  # fmt: skip
                    if nightly:
                        promises.evaluate(session, city, clock)
                del arrivals[:count]

            for offset, parts in terms:
                day = START + timedelta(offset)
                clock.set(max(at(day), clock.now() + timedelta(seconds=1)))
                arrive(1)
                offered = [Part(day + timedelta(n), amount) for n, amount in parts]
                change = promises.propose(session, city, clock, account_id=account_id, parts=offered, source="sms")
                promises.open_(session, city, clock, change.promise_id, actor="customer")
            arrive(len(arrivals))
            build.import_file(session, kind="payments", covers_until=START + timedelta(120))
            clock.set(at(START + timedelta(121)))
            promises.evaluate(session, city, clock)
            again = promises.evaluate(session, city, clock)
            assert again.changed_accounts == ()
            return _end(session)
    finally:
        database.dispose()
        path.unlink()


def _end(session):
    parts = {
        (part.promise_id, part.seq): (part.state, part.allocated_cents) for part in session.query(PromisePart).all()
    }
    statuses = {promise.id: promise.status for promise in session.query(Promise).all()}
    counted = [
        (part.promise_id, part.seq, payment.transaction_id, allocation.amount_cents)
        for allocation, part, payment in session.query(PromiseAllocation, PromisePart, Payment)
        .join(PromisePart, PromisePart.id == PromiseAllocation.part_id)
        .join(Payment, Payment.id == PromiseAllocation.payment_id)
        .filter(PromiseAllocation.reversed_at.is_(None))
    ]
    of_part, of_payment = Counter(), Counter()
    for promise_id, seq, transaction, amount in counted:
        of_part[promise_id, seq] += amount
        of_payment[transaction] += amount
    for part in session.query(PromisePart).all():
        assert of_part[part.promise_id, part.seq] == part.allocated_cents <= part.amount_cents
    for payment in session.query(Payment).all():
        assert of_payment[payment.transaction_id] <= max(payment.amount_cents, 0)
    return statuses, parts, sorted(counted)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(a_ledger())
def test_any_order_of_arrival_ends_the_same(fresh, city, drawn):
    terms, paid, order = drawn
    in_order = play(fresh, city, (terms, paid), range(len(paid)), nightly=False)
    shuffled = play(fresh, city, (terms, paid), order, nightly=True)
    assert shuffled == in_order


@settings(max_examples=300, deadline=None)
@given(a_ledger(), st.one_of(st.none(), days), days)
def test_no_cent_counts_twice_at_any_moment(drawn, covered, today):
    terms, paid, _ = drawn
    facts = [
        PaymentFact(n, transaction, day, amount, kind == "payment")
        for n, (transaction, amount, day, kind, reverses) in enumerate(paid)
        if reverses is None
    ]
    made = []
    for number, (offset, parts) in enumerate(terms):
        day = START + timedelta(offset)
        made.append(
            PromiseFact(
                number, 1, day, at(day),
                tuple(
                    PartFact(
                        number * 10 + n, amount, day + timedelta(later), day + timedelta(later),
                        day + timedelta(later + 1), at(day + timedelta(later + 1), 23), 100,
                    )
                    for n, (later, amount) in enumerate(parts)
                ),
            )
        )  # fmt: skip
    verdicts = decide(made, facts, covered, at(today))
    used = Counter()
    for verdict in verdicts:
        for part in verdict.parts:
            assert sum(part.allocations.values()) == part.allocated_cents
            used.update(part.allocations)
    for fact in facts:
        assert used[fact.id] <= (fact.amount_cents if fact.keeps else 0)
    assert decide(list(reversed(made)), list(reversed(facts)), covered, at(today)) == verdicts
