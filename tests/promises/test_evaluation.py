"""What money, or the lack of it, makes of a promise."""

from datetime import date, datetime, timedelta
from time import perf_counter

import pytest

from comms import history, promises, worklist
from comms.accounts import Hold, Payment, holds
from comms.promises import Part
from comms.promises.schema import Promise, PromiseAllocation, PromisePart
from tests.support import build

MONDAY = date(2026, 11, 23)
FRIDAY = date(2026, 12, 4)
DEADLINE = date(2026, 12, 7)  # Friday, a day of grace, then Monday


def opened(session, city, clock, account_id, *parts):
    parts = parts or (Part(FRIDAY, 5000),)
    change = promises.propose(session, city, clock, account_id=account_id, parts=parts, source="sms")
    promises.open_(session, city, clock, change.promise_id, actor="customer")
    return change.promise_id


def on(city, clock, day, hour=3):
    clock.set(datetime.combine(day, datetime.min.time(), city.zone) + timedelta(hours=hour))


def status(session, promise_id):
    return session.get(Promise, promise_id, populate_existing=True).status


@pytest.fixture
def promised(database, city, clock):
    """An account with $50.00 promised by Friday, December 4."""
    with database.begin() as session:
        account_id = build.account(session, past_due_cents=5000).id
        return account_id, opened(session, city, clock, account_id)


@pytest.mark.parametrize(
    ("paid", "becomes"),
    [
        ([(5000, FRIDAY)], "kept"),
        ([(2000, MONDAY), (3000, FRIDAY)], "kept"),
        ([(5000, DEADLINE)], "kept_late"),
        ([(4900, FRIDAY)], "kept_short"),
        ([(4899, FRIDAY)], "partial"),
        ([(5000, DEADLINE + timedelta(1))], "broken"),
        ([(5000, MONDAY - timedelta(1))], "broken"),
        ([], "broken"),
    ],
)
def test_what_came_in_when_decides(database, city, clock, promised, paid, becomes):
    account_id, promise_id = promised
    with database.begin() as session:
        for cents, day in paid:
            build.payment(session, account_id, cents, day)
        build.import_file(session, kind="payments", covers_until=DEADLINE)
    on(city, clock, DEADLINE + timedelta(1))
    with database.begin() as session:
        found = promises.evaluate(session, city, clock)
        assert status(session, promise_id) == becomes
        assert getattr(found, becomes) == 1
        assert holds.active(session, [account_id], city.local_date(clock.now())) == {}


def test_a_promise_is_kept_as_soon_as_the_money_is_there(database, city, clock, promised):
    account_id, promise_id = promised
    with database.begin() as session:
        build.payment(session, account_id, 6000, MONDAY)
        assert promises.evaluate(session, city, clock).kept == 1
        part = session.query(PromisePart).filter_by(promise_id=promise_id).one()
        assert (part.state, part.allocated_cents) == ("kept", 5000)


def test_nothing_is_decided_before_the_payment_file_covers_the_day(database, city, clock, promised):
    account_id, promise_id = promised
    with database.begin() as session:
        build.import_file(session, kind="payments", covers_until=DEADLINE - timedelta(1))
        build.import_file(session, kind="payments", covers_until=DEADLINE, state="stopped")
    on(city, clock, DEADLINE + timedelta(1))
    with database.begin() as session:
        found = promises.evaluate(session, city, clock)
        assert (found.pending_feed, found.broken) == (1, 0)
        assert status(session, promise_id) == "open"
        assert account_id in holds.active(session, [account_id], city.local_date(clock.now()))
        build.import_file(session, kind="payments", covers_until=DEADLINE)
        assert promises.evaluate(session, city, clock).broken == 1


def test_assistance_settles_and_does_not_keep(database, city, clock, promised):
    account_id, _ = promised
    with database.begin() as session:
        build.payment(session, account_id, 2000, FRIDAY)
        build.payment(session, account_id, 3000, FRIDAY, kind="assistance")
        build.import_file(session, kind="payments", covers_until=DEADLINE)
    on(city, clock, DEADLINE + timedelta(1))
    with database.begin() as session:
        assert promises.evaluate(session, city, clock).settled_other == 1
        assert session.query(PromiseAllocation).count() == 1  # only the customer's own money


def test_a_bounced_payment_opens_the_decision_again(database, city, clock, promised):
    account_id, promise_id = promised
    with database.begin() as session:
        paid = build.payment(session, account_id, 5000, MONDAY).transaction_id
        assert promises.evaluate(session, city, clock).kept == 1
        build.payment(session, account_id, -5000, FRIDAY, kind="reversal", reverses=paid)
        found = promises.evaluate(session, city, clock)
        assert (found.reopened, status(session, promise_id)) == (1, "open")
        assert account_id in holds.active(session, [account_id], city.local_date(clock.now()))
        (task,) = worklist.open_tasks(session, ["decision_reopened"])
        assert "was kept is now open" in task.reason
        assert session.query(PromiseAllocation).one().reversed_at is not None


def test_a_bounced_payment_breaks_even_a_closed_promise(database, city, clock, promised):
    account_id, promise_id = promised
    with database.begin() as session:
        paid = build.payment(session, account_id, 5000, MONDAY).transaction_id
        promises.evaluate(session, city, clock)
        build.import_file(session, kind="payments", covers_until=DEADLINE)
    on(city, clock, DEADLINE + timedelta(40))
    with database.begin() as session:
        build.payment(session, account_id, -5000, DEADLINE, kind="reversal", reverses=paid)
        found = promises.evaluate(session, city, clock)
        assert (found.reopened, found.broken, status(session, promise_id)) == (1, 1, "broken")
        kinds = [entry.kind for entry in history.timeline(session, account_id)]
        assert kinds == ["promise.kept", "promise.decision_reopened", "promise.broken"]
        assert history.verify(session, account_id)[1] == []


def test_a_late_file_turns_broken_into_kept(database, city, clock, promised):
    account_id, _ = promised
    with database.begin() as session:
        build.import_file(session, kind="payments", covers_until=DEADLINE)
    on(city, clock, DEADLINE + timedelta(1))
    with database.begin() as session:
        assert promises.evaluate(session, city, clock).broken == 1
        build.payment(session, account_id, 5000, FRIDAY)
        found = promises.evaluate(session, city, clock)
        assert (found.reopened, found.kept) == (1, 1)


def test_money_fills_the_oldest_part_first_and_a_missed_part_ends_it(database, city, clock):
    later = FRIDAY + timedelta(14)
    with database.begin() as session:
        account_id = build.account(session).id
        promise_id = opened(session, city, clock, account_id, Part(FRIDAY, 5000), Part(later, 3000))
        build.payment(session, account_id, 6000, FRIDAY)
        promises.evaluate(session, city, clock)
        parts = session.query(PromisePart).filter_by(promise_id=promise_id).order_by(PromisePart.seq).all()
        assert [(part.state, part.allocated_cents) for part in parts] == [("kept", 5000), ("waiting", 1000)]
        build.import_file(session, kind="payments", covers_until=later + timedelta(7))
    on(city, clock, later + timedelta(8))
    with database.begin() as session:
        assert promises.evaluate(session, city, clock).partial == 1
        (task,) = worklist.open_tasks(session, ["promise"])
        assert "kept in part, $60.00 came in" in task.reason


def test_one_payment_never_keeps_two_promises(database, city, clock, promised):
    account_id, first = promised
    with database.begin() as session:
        build.payment(session, account_id, 5000, MONDAY)
        promises.evaluate(session, city, clock)
    on(city, clock, MONDAY + timedelta(1), hour=10)
    with database.begin() as session:
        second = opened(session, city, clock, account_id, Part(FRIDAY, 5000))
        promises.evaluate(session, city, clock)
        assert [status(session, one) for one in (first, second)] == ["kept", "open"]


def test_money_seen_late_still_keeps_the_promise_that_was_replaced(database, city, clock, promised):
    account_id, first = promised
    on(city, clock, MONDAY + timedelta(2), hour=10)
    with database.begin() as session:
        second = opened(session, city, clock, account_id, Part(FRIDAY, 3000))
        assert status(session, first) == "superseded"
        build.payment(session, account_id, 5000, MONDAY)  # Monday's posting arrives after the new promise
        promises.evaluate(session, city, clock)
        assert [status(session, one) for one in (first, second)] == ["kept", "open"]
        assert session.query(Promise).filter_by(status="open").count() == 1


def test_a_second_run_on_the_same_facts_changes_nothing(database, city, clock, promised):
    account_id, _ = promised
    with database.begin() as session:
        build.payment(session, account_id, 5000, MONDAY)
        first = promises.evaluate(session, city, clock)
        events = len(history.timeline(session, account_id))
        again = promises.evaluate(session, city, clock)
        assert (first.kept, again.kept, again.changed_accounts) == (1, 0, ())
        assert len(history.timeline(session, account_id)) == events


def test_only_the_accounts_asked_for_are_looked_at(database, city, clock, promised):
    account_id, promise_id = promised
    with database.begin() as session:
        other = build.account(session).id
        other_promise = opened(session, city, clock, other)
        for one in (account_id, other):
            build.payment(session, one, 5000, MONDAY)
        assert promises.evaluate(session, city, clock, [account_id]).kept == 1
        assert [status(session, one) for one in (promise_id, other_promise)] == ["kept", "open"]


def test_ten_thousand_promises_are_evaluated_in_bulk(sqlite_database, city, clock):
    from comms.db import bulk_insert
    from comms.promises.deadlines import deadline

    count, ends = 10_000, deadline(city, FRIDAY, 1)
    with sqlite_database.begin() as session:
        import_id = build.import_file(session, kind="payments", covers_until=DEADLINE).id
        first = build.account(session, import_id=import_id).id
        row = {column.key: value for column, value in _columns(session, first)}
        accounts = [{**row, "id": first + n, "number": f"N{n}"} for n in range(1, count)]
        bulk_insert(session, type(session.get(_account(), first)), accounts)
        now, day = clock.now(), city.local_date(clock.now())
        bulk_insert(
            session,
            Promise,
            [
                {
                    "id": n + 1, "account_id": first + n, "source": "sms", "category": "standard",
                    "requested_terms": [], "status": "open", "promised_cents": 5000, "debt_cents": 5000,
                    "confirmed_at": now, "created_at": now, "created_on": day,
                }
                for n in range(count)
            ],
        )  # fmt: skip
        bulk_insert(
            session,
            PromisePart,
            [
                {
                    "promise_id": n + 1, "seq": 1, "due_on": FRIDAY, "amount_cents": 5000, "grace_days": 1,
                    "tolerance_cents": 100, "tolerance_percent": 1, "on_time_until": ends.on_time_until,
                    "deadline_on": ends.on, "deadline_at": ends.at, "allocated_cents": 0, "state": "waiting",
                }
                for n in range(count)
            ],
        )  # fmt: skip
        bulk_insert(
            session,
            Hold,
            [
                {
                    "account_id": first + n, "kind": "promise", "starts_on": day, "note": "", "placed_at": now,
                    "source": f"promise:{n + 1}",
                }
                for n in range(count)
            ],
        )  # fmt: skip
        bulk_insert(
            session,
            Payment,
            [
                {
                    "account_id": first + n, "transaction_id": f"P{n}", "paid_on": MONDAY, "amount_cents": 5000,
                    "kind": "payment", "source": "WEB", "import_id": import_id, "imported_at": now,
                }
                for n in range(0, count, 2)
            ],
        )  # fmt: skip
    on(city, clock, DEADLINE + timedelta(1))
    started = perf_counter()
    with sqlite_database.begin() as session:
        found = promises.evaluate(session, city, clock)
    assert (found.looked_at, found.kept, found.broken) == (count, count // 2, count // 2)
    assert perf_counter() - started < 30


def _account():
    from comms.accounts import Account

    return Account


def _columns(session, account_id):
    account = session.get(_account(), account_id)
    return [(column, getattr(account, column.key)) for column in _account().__mapper__.columns]


def test_between_files_only_what_a_passed_deadline_decides_is_due(database, city, clock, promised):
    account_id, promise_id = promised
    with database.begin() as session:
        other = build.account(session, past_due_cents=5000).id
        opened(session, city, clock, other, Part(FRIDAY + timedelta(30), 5000))
        assert promises.due(session, clock) == []
    on(city, clock, DEADLINE + timedelta(1))
    with database.begin() as session:
        assert promises.due(session, clock) == [account_id]
        promises.evaluate(session, city, clock, promises.due(session, clock))
        assert promises.due(session, clock) == [], "from here on it waits for the payment file"
        build.import_file(session, kind="payments", covers_until=DEADLINE)
        promises.evaluate(session, city, clock)
        assert status(session, promise_id) == "broken"
