"""Payments are taken once each, and a payment that the bank takes back is connected to its reversal in any order."""

from datetime import date
from itertools import permutations

import pytest
from sqlalchemy import func, select

from comms.accounts import Account, Payment
from comms.accounts.importing import import_accounts, import_payments
from comms.city import load_city
from comms.history import timeline
from tests.support.exports import accounts_file, duluth_row, payment_row, payments_file

NSF = {"AMOUNT": "(50.00)", "SOURCE": "NSF", "TRAN_ID": "T1R", "REVERSES": "T1", "PAY_DT": "11/27/2026"}


@pytest.fixture
def office(database, city, clock, tmp_path):
    """An office with three accounts; returns what takes in rows of payments."""
    import_accounts(database, city, clock, accounts_file(tmp_path, [duluth_row(n) for n in (1, 2, 3)]))

    def taking(rows, days="2026-11-23_to_11-23", **given):
        return import_payments(database, city, clock, payments_file(tmp_path, rows, days), **given)

    return taking


def versions_of(session) -> dict[int, int]:
    return {key: version for key, version in session.execute(select(Account.id, Account.facts_version))}  # noqa: C416


def stored(database) -> dict[str, tuple]:
    with database.read() as session:
        rows = session.scalars(select(Payment).order_by(Payment.id)).all()
        names = {row.id: row.transaction_id for row in rows}
        return {row.transaction_id: (row.amount_cents, row.kind, names.get(row.reversed_by_id)) for row in rows}


@pytest.mark.parametrize(
    ("name", "accounts", "payments", "expected"),
    [
        ("duluth-mn", "accounts-2026-11-20.csv", "payments-2026-11-21_to_12-05.csv",
         {"rows": 535, "new": 533, "refused": 2, "cents_in": 6_421_707, "cents_taken": 6_410_403, "reversed": 12}),
        ("kent-oh", "accounts-20261120.txt", "payments-20261121.txt",
         {"rows": 161, "new": 159, "refused": 2, "cents_in": 1_730_916, "cents_taken": 1_704_574, "reversed": 6}),
    ],
)  # fmt: skip
def test_the_real_files_are_taken_in_whole(database, clock, name, accounts, payments, expected):
    city = load_city(name)
    import_accounts(database, city, clock, city.folder / "sample" / accounts)
    with database.read() as session:
        versions = versions_of(session)
    summary = import_payments(database, city, clock, city.folder / "sample" / payments)
    found = {key: getattr(summary, key) for key in expected if key != "reversed"}
    assert found | {"reversed": summary.events["payment.reversed"]} == expected
    assert (summary.state, summary.balances, summary.warnings) == ("done", True, 0)
    assert summary.covers_until == date(2026, 12, 5)
    assert {remark.text.split(" ")[0] for remark in summary.refusals} == {"There", "Transaction"}
    with database.read() as session:
        connected = select(func.count()).where(Payment.reversed_by_id.is_not(None))
        assert session.scalar(connected) == expected["reversed"]
        assert session.scalar(select(func.sum(Payment.amount_cents))) == summary.cents_taken
        after = versions_of(session)
        assert {key for key in after if after[key] > versions[key]} == summary.touched
    again = import_payments(database, city, clock, city.folder / "sample" / payments)
    assert (again.repeat, again.new, again.unchanged, again.touched) == (True, 0, summary.new, frozenset())


def test_two_days_without_any_payment_are_both_heard_of(office):
    first, second = office([]), office([], days="2026-11-24_to_11-24")
    assert (first.repeat, second.repeat) == (False, False)
    assert (first.covers_until, second.covers_until) == (date(2026, 11, 23), date(2026, 11, 24))
    assert office([], days="2026-11-24_to_11-24").repeat


def test_a_payment_is_told_in_the_history_of_its_account(database, office):
    office([payment_row(1, "T1", AMOUNT="$1,050.00"), payment_row(1, "T2", SOURCE="EAP"), payment_row(1, **NSF | {
        "AMOUNT": "-1,050.00", "TRAN_ID": "T1R"})])  # fmt: skip
    with database.read() as session:
        key = session.scalar(select(Account.id).where(Account.number == "0000001-10"))
        assert [(e.kind, e.summary) for e in timeline(session, key)] == [
            ("payment.posted", "Payment of $1,050.00 (WEB), Nov 23, 2026; reversed by T1R"),
            ("payment.posted", "Assistance payment of $50.00 (EAP), Nov 23, 2026"),
            ("payment.reversed", "$1,050.00 taken back (NSF), Nov 27, 2026: payment T1 of $1,050.00 on Nov 23"),
        ]
        assert session.get(Account, key).facts_version == 2


@pytest.mark.parametrize("order", list(permutations(range(2))))
@pytest.mark.parametrize("together", [True, False])
def test_payment_and_reversal_meet_in_any_order(database, office, order, together):
    rows = [payment_row(1, "T1"), payment_row(1, **NSF)]
    given = [rows[at] for at in order]
    if together:
        office(given)
    else:
        for at, row in enumerate(given):
            office([row], f"2026-11-2{at + 3}_to_11-2{at + 3}")
    assert stored(database)["T1"] == (5000, "payment", "T1R")
    assert stored(database)["T1R"] == (-5000, "reversal", None)


def test_payments_are_kept_account_by_account_and_those_of_one_account_as_they_came(database, office):
    drawn = [3, 1, 2, 3, 1, 2, 1]
    summary = office([payment_row(number, f"T{at}") for at, number in enumerate(drawn)])
    assert (summary.new, summary.balances, list(stored(database))) == (
        7,
        True,
        ["T1", "T4", "T6", "T2", "T5", "T0", "T3"],
    )
    with database.read() as session:
        for account in session.scalars(select(Account.id)):
            told = [event.facts["transaction_id"] for event in timeline(session, account) if "payment" in event.kind]
            assert told == sorted(told)


def test_a_file_of_several_batches_is_kept_in_one_order(database, office, monkeypatch):
    monkeypatch.setattr("comms.accounts.importing.run.BATCH", 2)
    rows = [payment_row(number, f"T{at}") for at, number in enumerate([3, 1, 2, 3, 1])]
    office([*rows, payment_row(1, **NSF)])
    assert list(stored(database)) == ["T1", "T4", "T1R", "T2", "T0", "T3"]
    assert stored(database)["T1"] == (5000, "payment", "T1R")


def test_a_reversal_of_a_payment_not_yet_seen_is_kept_with_a_warning(database, office):
    summary = office([payment_row(1, **NSF)])
    assert (summary.new, summary.warnings, summary.warned[0].text) == (1, 1, "T1R reverses T1, which has not come yet")


def test_a_reversal_does_not_touch_another_accounts_payment(database, office):
    summary = office([payment_row(1, "T1"), payment_row(2, **NSF)])
    assert "a payment of another account" in summary.warned[0].text
    assert stored(database)["T1"] == (5000, "payment", None)


def test_a_payment_is_reversed_once_and_a_part_is_told(database, office):
    again = {"TRAN_ID": "T1RR", "AMOUNT": "(20.00)"}
    summary = office(
        [payment_row(1, "T1"), payment_row(1, **NSF | {"AMOUNT": "(30.00)"}), payment_row(1, **NSF | again)]
    )
    assert [remark.text for remark in summary.warned] == [
        "T1R reverses $30.00 of $50.00 (T1)", "T1RR names T1, which was already reversed",
    ]  # fmt: skip
    assert stored(database)["T1"][2] == "T1R"


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"ACCT_NO": "9999999-99"}, "There is no account 9999999-99"),
        ({"AMOUNT": "0.00"}, "The amount is zero"),
        ({"AMOUNT": "(5.00)"}, "must be a reversal"),
        ({"REVERSES": "T9"}, "WEB is no reversal"),
        ({"SOURCE": "NSF"}, "must be negative"),
        ({"SOURCE": "NSF", "AMOUNT": "(5.00)"}, "must name the payment"),
        ({"SOURCE": "NSF", "AMOUNT": "(5.00)", "REVERSES": "T2"}, "cannot reverse itself"),
        ({"SOURCE": "BITCOIN"}, "SOURCE: 'BITCOIN' is not a known code"),
        ({"TRAN_ID": ""}, "TRAN_ID is empty"),
        ({"PAY_DT": "soon"}, "PAY_DT: 'soon' is not a date"),
        ({"TRAN_ID": "T1"}, "Transaction T1 is already on line 2"),
    ],
)
def test_a_payment_that_makes_no_sense_is_refused(sqlite_database, city, clock, tmp_path, cells, said):
    import_accounts(sqlite_database, city, clock, accounts_file(tmp_path, [duluth_row(1)]))
    rows = [payment_row(1, "T1"), payment_row(1, **{"transaction": "T2", **cells})]
    summary = import_payments(sqlite_database, city, clock, payments_file(tmp_path, rows))
    assert (summary.state, summary.new, summary.refused) == ("done", 1, 1)
    assert said in summary.refusals[0].text
    assert summary.balances


def test_a_transaction_does_not_change_afterwards(database, office):
    office([payment_row(1, "T1")])
    summary = office([payment_row(1, "T1", AMOUNT="60.00"), payment_row(1, "T2")], "2026-11-24_to_11-24")
    assert (summary.new, summary.refused) == (1, 1)
    assert summary.refusals[0].text == "Transaction T1 is known as $50.00 of 2026-11-23; a transaction does not change"


def test_overlapping_files_count_a_payment_once(database, office):
    office([payment_row(1, "T1"), payment_row(2, "T2")])
    summary = office([payment_row(2, "T2"), payment_row(3, "T3")], "2026-11-23_to_11-24")
    assert (summary.new, summary.unchanged) == (1, 1)
    assert sorted(stored(database)) == ["T1", "T2", "T3"]
    assert summary.covers_until == date(2026, 11, 24)


def test_a_day_without_payments_is_covered_all_the_same(database, office):
    summary = office([], "2026-11-26_to_11-26")
    assert (summary.state, summary.rows, summary.covers_until) == ("done", 0, date(2026, 11, 26))


def test_payments_before_accounts_stop(database, city, clock, tmp_path):
    summary = import_payments(database, city, clock, payments_file(tmp_path, [payment_row()]))
    assert summary.state == "stopped" and "import the accounts file first" in summary.next_step
