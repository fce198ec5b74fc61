"""``comms import``: what a clerk sees, and what a program reads."""

import json

import pytest
from click.testing import CliRunner

from comms.cli.importing import import_
from comms.db import Database
from tests.support.exports import accounts_file, duluth_row, payment_row, payments_file


@pytest.fixture
def comms(sqlite_url, tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("COMMS_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("COMMS_CITY", "duluth-mn")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(import_, [str(argument) for argument in arguments])


def test_a_whole_file_is_told_with_its_totals(comms, tmp_path):
    result = comms("accounts", accounts_file(tmp_path, [duluth_row(n) for n in (1, 2)]))
    assert result.exit_code == 0, result.output
    assert "= 2 taken + 0 refused" in result.stdout
    assert "Total past due: $100.00 = $100.00 taken + $0.00 refused" in result.stdout
    result = comms("payments", payments_file(tmp_path, [payment_row(1)]))
    assert result.exit_code == 0, result.output
    assert "covers until 2026-11-23" in result.stdout and "1 payment.posted" in result.stdout


def test_refused_rows_are_told_and_written_where_they_can_be_mended(comms, tmp_path):
    result = comms("accounts", accounts_file(tmp_path, [duluth_row(1), duluth_row(2, STATUS="Z")]))
    assert result.exit_code == 1
    assert "Refused, line 3: STATUS: 'Z' is not a known code; allowed: A, I, F, S" in result.stdout
    written = tmp_path / "var" / "refusals" / "accounts-2026-11-20.refused.csv"
    assert written.is_file() and str(written) in result.stdout
    other = tmp_path / "mine.csv"
    comms("accounts", accounts_file(tmp_path, [duluth_row(1), duluth_row(2, STATUS="Z")]), "--refusals", other)
    assert other.is_file()


def test_a_stopped_file_says_why_and_what_next_and_goes_on_with_yes(comms, tmp_path, sqlite_url):
    rows = [duluth_row(n) for n in range(1, 41)]
    comms("accounts", accounts_file(tmp_path, rows))
    half = accounts_file(tmp_path, rows[:20], "2026-11-21")
    result = comms("accounts", half)
    assert result.exit_code == 2
    assert "20 of 40 accounts are not in the file" in result.stdout and "Next step: " in result.stdout
    assert comms("accounts", half, "--yes").exit_code == 0
    Database(sqlite_url).dispose()


def test_a_program_reads_one_json_document(comms, tmp_path):
    result = comms("accounts", accounts_file(tmp_path, [duluth_row(1)]), "--json")
    read = json.loads(result.stdout)
    assert (read["state"], read["rows"], read["touched"], read["balances"]) == ("done", 1, 1, True)
    stopped = json.loads(comms("accounts", tmp_path / "none.csv", "--json").stdout)
    assert stopped["state"] == "stopped" and stopped["next_step"]
