"""A file that cannot be right stops and asks; nothing of it is kept unless a person says so."""

import subprocess
import sys
import threading
from datetime import date

import pytest
from sqlalchemy import func, select

from comms.accounts import Account, ImportFile, ImportRefusal, Payment
from comms.accounts.importing import import_accounts, import_payments, unfinished
from comms.accounts.importing import run as running
from comms.accounts.importing.accounts import AccountsIntake
from comms.accounts.importing.lock import only_one
from tests.support.exports import accounts_file, duluth_row, payment_row, payments_file


def count(database, model=Account) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(model))


@pytest.fixture
def take(database, city, clock, tmp_path):
    def taking(rows, day="2026-11-20", **given):
        return import_accounts(database, city, clock, accounts_file(tmp_path, rows, day), **given)

    return taking


GARBAGE = {
    "nothing at all": (b"", "is empty"),
    "only a line end": (b"\r\n", "has no header"),
    "binary": (bytes(range(256)) * 100, "no text file"),
    "an Excel workbook": (b"PK\x03\x04rest", "ZIP or Excel"),
    "UTF-16": ("ACCT_NO,CUST_NO".encode("utf-16"), "UTF-16"),
    "letters no encoding has": (b"ACCT_NO\x81\x8d\n", "is not text in"),
    "one line of 10 MB": (b"x" * 10_000_000, "a line of more than"),
    "another file": (b"ACCT_NO,PAY_DT,AMOUNT\r\n1,2,3\r\n", "has no column CUST_NO"),
    "a column twice": (",".join(duluth_row()).encode() + b",ACCT_NO\r\n", "two columns called acct_no"),
    "a header alone": (",".join(duluth_row()).encode() + b"\r\n", "no row that can be taken"),
    "a page of HTML": (b"<html>\n<body>Error 500</body>\n</html>\n", "has no column"),
}


@pytest.mark.parametrize("name", GARBAGE)
@pytest.mark.parametrize("accept", [False, True])
def test_garbage_is_told_from_an_export(sqlite_database, city, clock, tmp_path, name, accept):
    given, said = GARBAGE[name]
    path = tmp_path / "accounts-2026-11-20.csv"
    path.write_bytes(given)
    summary = import_accounts(sqlite_database, city, clock, path, accept=accept)
    assert (summary.state, summary.may_accept) == ("stopped", False)
    assert said in summary.reason and summary.next_step
    assert count(sqlite_database) == 0


def test_a_missing_file_and_a_folder_are_told(sqlite_database, city, clock, tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        summary = import_accounts(sqlite_database, city, clock, path)
        assert summary.state == "stopped" and "cannot be read" in summary.reason


def test_rows_of_noise_among_good_ones_are_refused_alone(database, city, clock, tmp_path):
    path = accounts_file(tmp_path, [duluth_row(1), duluth_row(2)])
    good = path.read_bytes().splitlines(keepends=True)
    noise = [b'0000009-10,"never closed\r\n', b"\r\n", b",,,,\r\n", b"\x01\x02\r\n", b'a"b",c"\r\n']
    path.write_bytes(b"".join([good[0], *noise, *good[1:]]))
    summary = import_accounts(database, city, clock, path)
    assert (summary.state, summary.taken, summary.refused) == ("done", 2, 4)
    assert "quotation mark is not closed" in summary.refusals[0].text


def test_a_file_cut_in_the_middle_of_a_row_stops(database, city, clock, tmp_path):
    path = accounts_file(tmp_path, [duluth_row(n) for n in range(1, 4)])
    path.write_bytes(path.read_bytes()[:-60])
    summary = import_accounts(database, city, clock, path)
    assert (summary.state, summary.may_accept) == ("stopped", True)
    assert "breaks off in line 4" in summary.reason
    assert (count(database), count(database, ImportRefusal)) == (0, 0)
    accepted = import_accounts(database, city, clock, path, accept=True)
    assert (accepted.state, accepted.taken, accepted.refused) == ("done", 2, 1)


def test_a_file_without_a_last_line_end_is_taken_with_a_warning(database, city, clock, tmp_path):
    path = accounts_file(tmp_path, [duluth_row(1)])
    path.write_bytes(path.read_bytes().rstrip(b"\r\n"))
    summary = import_accounts(database, city, clock, path)
    assert summary.state == "done" and "does not end with a line end" in summary.warned[0].text


def test_a_file_that_grows_while_it_is_read_stops(database, city, clock, tmp_path):
    path = accounts_file(tmp_path, [duluth_row(n) for n in range(1, 3)])

    def grow(phase, done, of):
        if phase == "reading":
            with path.open("ab") as handle:
                handle.write(b"more\r\n")

    summary = import_accounts(database, city, clock, path, progress=grow, accept=True)
    assert (summary.state, summary.may_accept) == ("stopped", False)
    assert "changed while it was read" in summary.reason and count(database) == 0


def test_a_shrunken_file_stops_and_asks(database, take):
    rows = [duluth_row(n) for n in range(1, 41)]
    take(rows)
    summary = take(rows[:30], "2026-11-21")
    assert (summary.state, summary.may_accept, summary.left) == ("stopped", True, 0)
    assert summary.reason == "10 of 40 accounts are not in the file (the limit is 5%)."
    with database.read() as session:
        assert session.scalar(select(func.count()).where(Account.in_latest_file)) == 40
        states = session.scalars(select(ImportFile.state).order_by(ImportFile.id)).all()
        assert states == ["done", "stopped"]
    accepted = take(rows[:30], "2026-11-21", accept=True)
    assert (accepted.state, accepted.left) == ("done", 10)


def test_a_file_that_changes_almost_everything_stops_and_asks(database, take):
    rows = [duluth_row(n) for n in range(1, 41)]
    take(rows)
    changed = [row | {"CUR_BAL": "1.00"} for row in rows]
    summary = take(changed, "2026-11-21")
    assert summary.state == "stopped" and "40 of 40 known accounts would change" in summary.reason
    with database.read() as session:
        assert session.scalar(select(func.max(Account.facts_version))) == 1
    assert take(changed, "2026-11-21", accept=True).changed == 40


def test_a_file_of_mostly_bad_rows_stops_and_asks(database, take):
    rows = [duluth_row(n, CUR_BAL="x" if n > 20 else "1.00") for n in range(1, 61)]
    summary = take(rows)
    assert summary.state == "stopped" and "40 of 60 rows cannot be taken" in summary.reason
    assert (summary.refused, count(database)) == (40, 0)


def test_an_older_file_stops_and_asks(database, take):
    take([duluth_row(1)], "2026-11-21")
    summary = take([duluth_row(1, CUR_BAL="1.00")], "2026-11-20")
    assert (summary.state, summary.may_accept) == ("stopped", True)
    assert "of 2026-11-20, and one of 2026-11-21 was taken in" in summary.reason


def test_two_imports_at_once_double_nothing(database, city, clock, tmp_path):
    path = accounts_file(tmp_path, [duluth_row(n, FLAGS="MED") for n in range(1, 400)])
    done = []
    start = threading.Barrier(4)

    def work():
        start.wait()
        done.append(import_accounts(database, city, clock, path))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = [summary for summary in done if summary.state == "done"]
    busy = [summary for summary in done if summary.state == "stopped"]
    assert sum(summary.new for summary in took) == 399 and len(took) + len(busy) == 4
    assert all("Another import of accounts is running" in summary.reason for summary in busy)
    assert count(database) == 399
    with database.read() as session:
        assert session.scalar(select(func.max(Account.facts_version))) == 1


def test_accounts_and_payments_do_not_wait_for_each_other(database, city, clock, tmp_path):
    import_accounts(database, city, clock, accounts_file(tmp_path, [duluth_row(1)]))
    with only_one(database, "accounts") as alone:
        assert alone
        summary = import_payments(database, city, clock, payments_file(tmp_path, [payment_row()]))
    assert (summary.state, count(database, Payment)) == ("done", 1)


def test_an_import_that_died_is_run_again_and_comes_to_the_same(database, take, monkeypatch):
    monkeypatch.setattr(running, "BATCH", 10)
    rows = [duluth_row(n, FLAGS="NOTEXT|MED") for n in range(1, 31)]
    keep = AccountsIntake.keep

    def dying(self, session, rows, import_id, at):
        if rows[0].number == "0000021-10":
            raise KeyboardInterrupt
        return keep(self, session, rows, import_id, at)

    monkeypatch.setattr(AccountsIntake, "keep", dying)
    with pytest.raises(KeyboardInterrupt):
        take(rows)
    assert count(database) == 20
    with database.read() as session:
        assert unfinished(session, "accounts").name == "accounts-2026-11-20.csv"
    monkeypatch.undo()
    summary = take(rows)
    assert (summary.state, summary.unchanged, summary.new) == ("done", 20, 10)
    assert summary.events == {"hold.placed": 10, "consent.revoked": 10}
    with database.read() as session:
        assert unfinished(session, "accounts") is None
        assert session.scalars(select(ImportFile.state).order_by(ImportFile.id)).all() == ["stopped", "done"]


KILLED = """
import sys
from pathlib import Path
from comms.accounts.importing.lock import only_one
from comms.db import Database
with only_one(Database(sys.argv[1]), "accounts") as alone:
    print(alone, flush=True)
    sys.stdin.read()
"""


def test_the_lock_of_a_killed_process_is_gone(database, database_url):
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, database_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "True\n"
    with only_one(database, "accounts") as alone:
        assert not alone
    child.kill()
    child.communicate()
    for _ in range(1000):
        with only_one(database, "accounts") as alone:
            if alone:
                break
    assert alone


def test_a_file_with_more_to_its_name_has_its_day(sqlite_database, clock, tmp_path, city):
    for name in ("accounts-2026-11-20.csv", "accounts-2026-11-20.refused.csv"):
        path = accounts_file(tmp_path, [duluth_row(1)]).rename(tmp_path / name)
        assert import_accounts(sqlite_database, city, clock, path).as_of == date(2026, 11, 20)
