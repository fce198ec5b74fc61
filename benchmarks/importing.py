"""How many rows of the billing system's files are taken in a second, and in how much memory.

``python -m benchmarks.importing`` makes files of 10,000 and 100,000 rows, and takes them in on SQLite and PostgreSQL:
new, the same file again, the next night's (every twentieth balance another), and as many payments. Each size and
database runs in a process of its own, so that its peak memory is its own. Rows a second are by the wall clock; the
processor time is of the import and, on PostgreSQL, of the server. ``--sizes`` and ``--databases`` choose; there are as
many accounts as payments, unless ``--accounts`` gives every size a city of the same size.

Beside it stands what a plain script would do: read each row with ``csv`` and ``phonenumbers``, one ORM object and one
commit a row, with no refusals, no comparison and no totals.
"""

import argparse
import contextlib
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import phonenumbers

from benchmarks.measuring import cpu_seconds, machine, tree
from comms.accounts.importing import ImportSummary, import_accounts, import_payments
from comms.city import load_city
from comms.clock import FixedClock
from comms.db import Database
from comms.db.schema import metadata
from tests.support import build, exports, servers

PLAIN = 1000
"""Rows for the plain script, which is slow."""


def one(kind: str, size: int, city: int) -> None:
    """Measure one size on one database, in a city of so many accounts, and print the figures as JSON."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        first = exports.accounts_file(folder, exports.many_accounts(city))
        tonight = enumerate(exports.many_accounts(city))
        changed = ({**row, "CUR_BAL": "1.23"} if at % 20 == 0 else row for at, row in tonight)
        second = exports.accounts_file(folder, changed, "2026-11-21")
        payments = exports.payments_file(folder, exports.many_payments(size, city))
        before = peak()
        with server(kind, folder) as url:
            database = Database(url)
            metadata().create_all(database.engine)
            figures = [
                measure("accounts, new", city, import_accounts, database, first),
                measure("the same file again", city, import_accounts, database, first),
                measure("the next night's file", city, import_accounts, database, second),
                measure("payments, new", size, import_payments, database, payments),
                measure("the same payments again", size, import_payments, database, payments),
            ]
            for figure in figures:
                figure["peak_mb"] = peak()
            figures.append(plain(database, first))
            database.dispose()
    sys.stdout.write(json.dumps({"kind": kind, "size": size, "before_mb": before, "figures": figures}))


def measure(
    name: str, size: int, take_in: Callable[..., ImportSummary], database: Database, path: Path
) -> dict[str, Any]:
    clock = FixedClock(datetime(2026, 11, 23, 16, tzinfo=UTC))
    wall, cpu, served = time.perf_counter(), time.process_time(), cpu_seconds(children())
    summary = take_in(database, load_city("duluth-mn"), clock, path)
    taken = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    assert summary.state == "done" and summary.balances and summary.rows == size, summary
    return {"name": name, "rows": size, **taken, "server": cpu_seconds(children()) - served}


def plain(database: Database, path: Path) -> dict[str, Any]:
    """The plain script: an object and a commit a row."""
    with database.begin() as session:
        imported = build.import_file(session).id
    wall, cpu, served = time.perf_counter(), time.process_time(), cpu_seconds(children())
    with path.open(encoding="cp1252", newline="") as handle:
        for row in islice(csv.DictReader(handle), PLAIN):
            phones = []
            for cell in (row["CELL_PHONE"], row["HOME_PHONE"]):
                with contextlib.suppress(phonenumbers.NumberParseException):
                    phones.append(phonenumbers.format_number(phonenumbers.parse(cell, "US"), 0))
            with database.begin() as session:
                owed = round(float(row["BAL_30"].strip("$").replace(",", "")) * 100)
                account = build.account(
                    session, number=f"plain {row['ACCT_NO']}", name=row["CUST_NAME"], phone=None,
                    service_address=row["SVC_ADDR"], past_due_cents=owed,
                    balance_as_of=date(2026, 11, 20), import_id=imported,
                )  # fmt: skip
                for rank, phone in enumerate(dict.fromkeys(phones), 1):
                    build.contact_point(session, account.id, "phone", phone, rank=rank)
    taken = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    return {
        "name": "a plain script",
        "rows": PLAIN,
        **taken,
        "server": cpu_seconds(children()) - served,
        "peak_mb": peak(),
    }


def children() -> list[int]:
    return [pid for pid in tree(os.getpid()) if pid != os.getpid()]


def peak() -> int:
    """The peak memory of this process until now, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@contextlib.contextmanager
def server(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/bench.db"
        return
    with servers.postgres(durable=True) as url:
        yield url


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--accounts", type=int, help="accounts in the city, instead of as many as payments")
    parser.add_argument("--one", nargs=3, metavar=("DATABASE", "ROWS", "ACCOUNTS"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        one(given.one[0], int(given.one[1]), int(given.one[2]))
        return
    print(f"{machine()}\n")
    print(f"{'':30}{'rows':>9}{'rows/s':>9}{'CPU us/row':>12}{'server':>8}{'peak MB':>9}")
    for kind in given.databases:
        for size in given.sizes:
            numbers = [str(size), str(given.accounts or size)]
            command = [sys.executable, "-m", "benchmarks.importing", "--one", kind, *numbers]
            found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
            print(f"{kind} (before: {found['before_mb']} MB)")
            for figure in found["figures"]:
                rows = figure["rows"]
                print(
                    f"  {figure['name']:28}{rows:>9,}{rows / figure['wall']:>9,.0f}{figure['cpu'] / rows * 1e6:>12.1f}"
                    f"{figure['server'] / rows * 1e6:>8.1f}{figure['peak_mb']:>9}"
                )


if __name__ == "__main__":
    main()
