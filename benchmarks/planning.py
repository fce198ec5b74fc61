"""A night's plan at the size of a large city: seconds, processor time an account, memory, and ``why`` for one account.

``python -m benchmarks.planning`` plans 10,000, 100,000 and 1,000,000 accounts on PostgreSQL and up to 100,000 on
SQLite; every fifth account owes. Each size and database runs in a process of its own, so that its memory is its own.
Three nights are planned:

1. the first one: every account that owes gets an episode and is decided;
2. the night after everything of the first was delivered: most accounts wait for their next step;
3. two weeks later, when the next step of most is due and all that was sent before is looked at again.

Processor time is of the planner and, on PostgreSQL, of the server. ``--profile`` prints where the planner spends it.
"""

import argparse
import cProfile
import io
import json
import os
import pstats
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text

from benchmarks.importing import children, peak, server
from benchmarks.measuring import cpu_seconds, machine
from comms.campaigns import facts, night_of, plan
from comms.campaigns.engine import judge
from comms.campaigns.positions import positions
from comms.campaigns.schema import CampaignRun, Decision
from comms.city import load_city
from comms.clock import FixedClock
from comms.db import Database
from comms.db.schema import metadata
from comms.notices import Catalogue
from comms.settings import ROOT
from tests.support import build, policies

START = datetime(2026, 11, 23, 16, tzinfo=UTC)
OWES_EVERY = 5


def one(kind: str, size: int, profile: bool) -> None:
    """Measure one size on one database, and print the figures as JSON."""
    city = load_city("duluth-mn")
    catalogue = Catalogue.load(ROOT, city)
    with tempfile.TemporaryDirectory() as made, server(kind, Path(made)) as url:
        database = Database(url)
        metadata().create_all(database.engine)
        started = time.perf_counter()
        populate(database, size)
        with database.begin() as session:
            policies.activate(session, city)
        populated = time.perf_counter() - started
        before = peak()
        clock = FixedClock(START)
        figures = []
        for name, days in (("first night", 0), ("the night after", 1), ("two weeks later", 15)):
            clock.set(START + timedelta(days=days))
            figures.append(night(name, database, city, clock, catalogue, profile))
            deliver(database, clock)
        found = {"kind": kind, "size": size, "before_mb": before, "populated": populated, "figures": figures}
        found["why_ms"] = why(database, city, clock, catalogue, size)
        database.dispose()
    sys.stdout.write(json.dumps(found))


def night(
    name: str, database: Database, city: Any, clock: FixedClock, catalogue: Catalogue, profile: bool
) -> dict[str, Any]:
    profiler = cProfile.Profile() if profile else None
    wall, cpu, served = time.perf_counter(), time.process_time(), cpu_seconds(children())
    if profiler:
        profiler.enable()
    run_id = plan(database, city, clock, catalogue)
    if profiler:
        profiler.disable()
        told = io.StringIO()
        pstats.Stats(profiler, stream=told).sort_stats("tottime").print_stats(30).sort_stats("cumtime").print_stats(70)
        sys.stderr.write(f"{name}\n{told.getvalue()}\n")
    taken = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    with database.read() as session:
        run = session.get_one(CampaignRun, run_id)
        decided = session.scalar(select(func.count()).where(Decision.run_id == run_id)) or 0
    assert run.state == "planned"
    return {
        "name": name, **taken, "server": cpu_seconds(children()) - served, "decisions": decided,
        "contacts": run.counts["contacts"], "peak_mb": peak(),
    }  # fmt: skip


def why(database: Database, city: Any, clock: FixedClock, catalogue: Catalogue, size: int) -> float:
    """Milliseconds for judging one account from nothing, the median of a hundred of those that owe."""
    chosen = random.Random(7).sample(range(OWES_EVERY, size, OWES_EVERY), 100)
    took = []
    for account_id in chosen:
        started = time.perf_counter()
        with database.read() as session:
            tonight = night_of(session, city, catalogue, clock.now())
            subject = facts.subject_of(session, city, account_id, clock.now())
            stand = positions(session, [account_id], tonight.frozen, clock.now())[account_id]
            judge(tonight, subject, stand, facts.contacts(session, [subject], clock.now()))
        took.append((time.perf_counter() - started) * 1000)
    return statistics.median(took)


def populate(database: Database, size: int) -> None:
    """A city of so many accounts: every fifth owes, one in ten shares its mailbox, a hundred landlords have forty
    accounts each; phones, emails, opt-outs, holds, payments and broken promises in likely shares."""
    with database.begin() as session:
        imported = build.import_file(session).id
        build.import_file(session, kind="payments", covers_until=START.date())
        given = {"size": size, "imported": imported}
        kinds = {"json": "text", "date": "text"} if database.is_sqlite else {"json": "jsonb", "date": "date"}
        numbers = "generate_series(1, :size) AS g(n)"
        if database.is_sqlite:
            numbers = (
                "(WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < :size) SELECT n FROM g) AS g"
            )
        for statement in _TOWN:
            session.execute(text(statement.format(numbers=numbers, **kinds)), given)
        if not database.is_sqlite:
            for table in ("account", "contact_point", "consent_event"):
                session.execute(text(f"SELECT setval('{table}_id_seq', :size * 3)"), given)
    _analyse(database)


_TOWN = (
    """INSERT INTO account (id, number, search_number, customer_number, name, name_as_given, search_name,
        service_address, service_city, service_zip, mailing_address, search_address, household, language, status,
        service_class, occupancy, affects_heat, current_cents, past_due_cents, service_past_due, aging, oldest_due_on,
        deposit_cents, flags, balance_as_of, source_digest, import_id, in_latest_file, facts_version, created_at,
        updated_at)
    SELECT n, 'A' || n, 'A' || n, CASE WHEN n % 1000 < 40 THEN 'L' || (n / 1000 % 100) ELSE 'C' || n END,
        'Customer ' || n, 'CUSTOMER ' || n, 'customer ' || n, n || ' E Superior St', 'Duluth', '55802',
        CAST('{{"line1": "' || n || ' E Superior St", "line2": "", "city": "Duluth", "state": "MN", "zip": "55802"}}'
            AS {json}),
        n || ' e superior st', 'household of the mailbox at number ' || (CASE WHEN n % 10 = 0 THEN n - 5 ELSE n END),
        CASE WHEN n % 50 = 0 THEN 'es' ELSE 'en' END, CASE WHEN n % 97 = 0 THEN 'final' ELSE 'active' END,
        CASE WHEN n % 20 = 5 THEN 'commercial' ELSE 'residential' END,
        CASE WHEN n % 3 = 0 THEN 'tenant' ELSE 'owner' END, n % 2 = 0, 4500,
        CASE WHEN n % 5 = 0 THEN 3000 + n % 40000 ELSE 0 END,
        CAST(CASE WHEN n % 5 = 0 THEN '{{"gas": ' || (3000 + n % 40000) || '}}' ELSE '{{}}' END AS {json}),
        CAST('{{}}' AS {json}), CASE WHEN n % 5 = 0 THEN CAST('2026-10-20' AS {date}) END, 0, CAST('[]' AS {json}),
        CAST('2026-11-20' AS {date}), 'digest ' || n, :imported, n > 0, 1, CURRENT_TIMESTAMP, '2026-11-20 12:00:00'
    FROM {numbers}""",
    """INSERT INTO contact_point (id, account_id, kind, label, rank, raw, value, status, source, created_at, updated_at)
    SELECT n * 2 - 1, n, 'phone', 'cell', 1, 'p' || n,
        '+1218' || (2000000 + CASE WHEN n % 1000 < 40 THEN n / 1000 % 100 ELSE n END), 'usable', 'cis',
        CURRENT_TIMESTAMP, CURRENT_TIMESTAMP
    FROM {numbers} WHERE n % 10 < 9""",
    """INSERT INTO contact_point (id, account_id, kind, label, rank, raw, value, status, source, created_at, updated_at)
    SELECT n * 2, n, 'email', 'email', 2, 'e' || n, 'customer' || n || '@example.com', 'usable', 'cis',
        CURRENT_TIMESTAMP, CURRENT_TIMESTAMP
    FROM {numbers} WHERE n % 10 < 5""",
    """INSERT INTO consent_event (id, channel, address, category, action, source, evidence, at)
    SELECT n, 'sms', '+1218' || (2000000 + n), 'all', 'revoked', 'reply:sms', 'STOP', CURRENT_TIMESTAMP
    FROM {numbers} WHERE n % 31 = 0""",
    """INSERT INTO consent (channel, address, category, allowed, event_id, at)
    SELECT 'sms', address, 'all', 1 = 0, id, at FROM consent_event""",
    """INSERT INTO hold (account_id, kind, starts_on, ends_on, amount_cents, note, source, placed_at)
    SELECT n, CASE n % 3 WHEN 0 THEN 'medical' WHEN 1 THEN 'dispute' ELSE 'energy_assistance' END,
        CAST('2026-11-01' AS {date}), CAST('2027-03-01' AS {date}), NULL, '', 'cis', CURRENT_TIMESTAMP
    FROM {numbers} WHERE n % 235 = 0""",
    """INSERT INTO payment (account_id, transaction_id, paid_on, amount_cents, kind, source, import_id, imported_at)
    SELECT n, 'T' || n, CAST('2026-11-22' AS {date}), 2000, 'payment', 'WEB', :imported, CURRENT_TIMESTAMP
    FROM {numbers} WHERE n % 7 = 0""",
    """INSERT INTO promise (account_id, source, category, kind, requested_terms, status, promised_cents, debt_cents,
        created_at, created_on, closed_at)
    SELECT n, 'sms', 'standard', 'promise', CAST('[]' AS {json}), 'broken', 5000, 5000, '2026-09-01 12:00:00',
        CAST('2026-09-01' AS {date}), '2026-09-20 12:00:00'
    FROM {numbers} WHERE n % 115 = 0""",
)


def deliver(database: Database, clock: FixedClock) -> None:
    """As if the run had been released and all of it had arrived: a message for each contact, told by its carrier."""
    with database.begin() as session:
        for statement in _DELIVERED:
            if database.is_sqlite:
                statement = statement.replace("-> 0 ->> 'channel'", "->> '$[0].channel'")
            session.execute(text(statement), {"at": clock.now().strftime("%Y-%m-%d %H:%M:%S.%f")})
    _analyse(database)


_DELIVERED = (
    """INSERT INTO message (account_id, channel, lane, purpose, category, notice, notice_version, language, decision_id,
        run_id, recipient, recipient_name, body_text, content_digest, amount_cents, facts_version, dedupe_key, state,
        state_at, priority, next_attempt_at, give_up_at, attempts, created_at, submitted_at, final_at)
    SELECT d.account_id, d.sends -> 0 ->> 'channel', 'sms', 'dunning', 'billing', 'past-due-reminder', 'v', 'en', d.id,
        d.run_id, coalesce((SELECT value FROM contact_point c WHERE c.account_id = d.account_id AND c.kind =
            CASE d.sends -> 0 ->> 'channel' WHEN 'sms' THEN 'phone' ELSE 'email' END), 'a letter'), 'Customer',
        'You owe.', 'digest', d.amount_cents, 1, 'decision:' || d.id,
        CASE d.sends -> 0 ->> 'channel' WHEN 'letter' THEN 'mailed' ELSE 'delivered' END, :at, 5, :at, :at, 1, :at,
        :at, :at
    FROM decision d WHERE d.state = 'planned' AND d.outcome = 'contact'""",
    "UPDATE decision SET state = CASE outcome WHEN 'contact' THEN 'released' ELSE 'noted' END WHERE state = 'planned'",
    "UPDATE campaign_run SET state = 'done' WHERE state = 'planned'",
)


def _analyse(database: Database) -> None:
    """What autovacuum does within a minute or so."""
    with database.engine.connect() as link:
        if not database.is_sqlite:
            link = link.execution_options(isolation_level="AUTOCOMMIT")
        link.exec_driver_sql("ANALYZE" if database.is_sqlite else "VACUUM ANALYZE")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--sqlite-up-to", type=int, default=100_000)
    parser.add_argument("--profile", action="store_true", help="also print where the planner spends its time")
    parser.add_argument("--one", nargs=2, metavar=("DATABASE", "ACCOUNTS"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        one(given.one[0], int(given.one[1]), given.profile)
        return
    print(f"{machine()}\n")
    print(f"{'':28}{'decisions':>10}{'contacts':>10}{'seconds':>9}{'CPU us each':>13}{'server':>8}{'peak MB':>9}")
    for kind in given.databases:
        for size in given.sizes:
            if kind == "sqlite" and size > given.sqlite_up_to:
                continue
            command = [sys.executable, "-m", "benchmarks.planning", "--one", kind, str(size)]
            command += ["--profile"] * given.profile
            told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ}).stdout
            found = json.loads(told)
            print(f"{kind}, {size:,} accounts (before: {found['before_mb']} MB; why: {found['why_ms']:.1f} ms)")
            for figure in found["figures"]:
                each = figure["decisions"] or 1
                print(
                    f"  {figure['name']:26}{figure['decisions']:>10,}{figure['contacts']:>10,}{figure['wall']:>9.1f}"
                    f"{figure['cpu'] / each * 1e6:>13.0f}{figure['server'] / each * 1e6:>8.0f}{figure['peak_mb']:>9}"
                )


if __name__ == "__main__":
    main()
