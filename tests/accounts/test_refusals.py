"""Refused rows are written out to be mended in a spreadsheet, and imported again."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from comms.accounts import Account, Payment
from comms.accounts.importing import import_accounts, import_payments, refusals
from comms.city import load_city
from tests.support.exports import accounts_file, duluth_row, payment_row, payments_file


def rows_of(path, delimiter=","):
    return list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline=""), delimiter=delimiter))


def mend(path, **cells):
    """Open the refusals as a spreadsheet does, correct cells of the first row, and save."""
    header, *rows = rows_of(path)
    for name, value in cells.items():
        rows[0][header.index(name)] = value
    with path.open("w", encoding="utf-8-sig", newline="") as handle:
        csv.writer(handle).writerows([header, *rows])


@pytest.fixture
def refused(tmp_path):
    return tmp_path / "refusals" / "accounts-2026-11-20.refused.csv"


def test_a_mended_row_is_taken_and_the_others_are_left_as_they_are(database, city, clock, tmp_path, refused):
    path = accounts_file(tmp_path, [duluth_row(n, CUR_BAL="12,3x" if n == 2 else "1.00") for n in range(1, 6)])
    summary = import_accounts(database, city, clock, path, refusals=refused)
    assert (summary.refused, summary.refusals_file) == (1, str(refused))
    header, row = rows_of(refused)
    assert header[:3] == ["line", "reason", "ACCT_NO"] and row[:3] == ["3", summary.refusals[0].text, "0000002-10"]
    mend(refused, CUR_BAL="12.30")
    mended = import_accounts(database, city, clock, refused)
    assert (mended.state, mended.rows, mended.new, mended.left) == ("done", 1, 1, 0)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Account).where(Account.in_latest_file)) == 5
        assert session.scalar(select(Account.current_cents).where(Account.number == "0000002-10")) == 1230
    assert import_accounts(database, city, clock, refused).repeat


def test_refusals_that_nobody_mended_are_refused_again_and_overwrite_nothing(database, city, clock, refused):
    sample = city.folder / "sample" / "accounts-2026-11-20.csv"
    import_accounts(database, city, clock, sample, refusals=refused)
    again = import_accounts(database, city, clock, refused)
    assert (again.rows, again.refused, again.new, again.changed) == (8, 8, 0, 0)
    assert "already taken in from the file of 2026-11-20" in again.refusals[5].text
    with database.read() as session:
        assert session.scalar(select(Account.name).where(Account.number == "0000004-50")) == "Susan Anderson"


def test_kents_refusals_keep_kents_layout(database, clock, tmp_path):
    kent = load_city("kent-oh")
    sample = kent.folder / "sample" / "accounts-20261120.txt"
    path, refused = tmp_path / sample.name, tmp_path / "accounts-20261120.refused.txt"
    path.write_bytes(sample.read_bytes().replace(b"|ACTIVE|RES|O|74.38|", b"|ACTIVE|RES|O|-x|", 1))
    import_accounts(database, kent, clock, path, refusals=refused)
    assert rows_of(refused, "|")[1][2:4] == ["000000168", "RODRIGUEZ, VANESSA"]
    assert rows_of(refused, "|")[1][17] == "'-x"
    refused.write_bytes(refused.read_bytes().replace(b"'-x", b"74.38"))
    assert import_accounts(database, kent, clock, refused).new == 1


def test_a_payment_without_an_account_is_taken_once_the_number_is_mended(database, city, clock, tmp_path):
    refused = tmp_path / "payments-2026-11-23_to_11-23.refused.csv"
    import_accounts(database, city, clock, accounts_file(tmp_path, [duluth_row(1)]))
    rows = [payment_row(1, "T1"), payment_row(9, "T2"), payment_row(9, "T3", AMOUNT="-5.00")]
    import_payments(database, city, clock, payments_file(tmp_path, rows), refusals=refused)
    assert [row[4] for row in rows_of(refused)[1:]] == ["50.00", "'-5.00"]
    mend(refused, ACCT_NO="0000001-10")
    mended = import_payments(database, city, clock, refused)
    assert (mended.new, mended.refused, mended.covers_until) == (1, 1, None)
    with database.read() as session:
        assert session.scalar(select(func.sum(Payment.amount_cents))) == 10_000


FORMULAS = st.sampled_from(["=", "+", "-", "@", "\t", "\r", "'", "'="]).flatmap(
    lambda c: st.text().map(lambda t: c + t)
)


@given(st.one_of(st.text(), FORMULAS))
def test_no_cell_of_a_refusals_file_is_a_formula_and_each_reads_back(cell):
    written = refusals.escaped(cell)
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert refusals.unescaped(written) == cell


@given(st.text().filter(lambda cell: not cell.startswith(("'=", "'+", "'-", "'@", "'\t", "'\r", "'\n", "''"))))
def test_a_cell_that_was_typed_anew_is_read_as_typed(cell):
    assert refusals.unescaped(cell) == cell


def test_a_hostile_name_is_written_as_text(database, city, clock, tmp_path, refused):
    path = accounts_file(tmp_path, [duluth_row(1, CUST_NAME="=HYPERLINK(1)", CUR_BAL="x"), duluth_row(2)])
    import_accounts(database, city, clock, path, refusals=refused)
    assert rows_of(refused)[1][4] == "'=HYPERLINK(1)"
    mend(refused, CUR_BAL="1.00")
    import_accounts(database, city, clock, refused)
    with database.read() as session:
        assert session.scalar(select(Account.name).where(Account.number == "0000001-10")) == "=HYPERLINK(1)"
