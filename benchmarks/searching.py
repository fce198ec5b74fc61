"""What it costs that words can be found, and what finding them takes.

``python -m benchmarks.searching`` queues messages as a release does (notices of the service, which are not searched)
and as answers are (which are searched), in turns with and without the trigger that keeps the words: microseconds of a
processor a message, the database's server included. Then it records many replies and searches them.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks.importing import server
from benchmarks.measuring import cpu_seconds, machine
from comms.clock import FixedClock
from comms.db import Database
from comms.db.schema import metadata
from comms.history import NewEvent, record, remember
from comms.history.words import STATEMENTS, with_words
from comms.outbox import enqueue
from tests.support import build

NOW = datetime(2026, 11, 23, 16, tzinfo=UTC)
CHUNK = 500
SAID = (
    "I will pay on Friday", "the meter in my basement is leaking", "who do I talk to about the heating grant",
    "my husband lost his job in March", "the bill is wrong again", "stop turning off my water",
    "can you split it in two payments", "the landlord pays for gas",
)  # fmt: skip
SEARCHES = (
    ("xylophone",), ("basement", "leak"), ("pay",), ("the",), ("meter", "zebra"), ("friday",), ("heating", "march"),
    ("977",), ("nowhere",),
)  # fmt: skip


def price(database: Database, accounts: Sequence[int], count: int, rounds: int) -> None:
    """Print what a message costs to queue with its words kept and without."""
    for name, purpose in (("notices of a campaign", "dunning"), ("answers", "conversational")):
        spent: dict[bool, list[float]] = {True: [], False: []}
        for turn in range(2 * rounds + 2):
            kept = turn % 2 == 0
            _keep(database, kept)
            used = _queue(database, accounts, purpose, count, turn)
            if turn > 1:  # the first of each warms caches
                spent[kept].append(used / count * 1e6)
        _keep(database, True)
        with_them, without = statistics.median(spent[True]), statistics.median(spent[False])
        print(f"  queue {name:24}{with_them:>8.0f} us with words{without:>8.0f} without{with_them - without:>+7.0f}")


def _keep(database: Database, kept: bool) -> None:
    with database.begin() as session:
        if not database.is_sqlite:
            word = "ENABLE" if kept else "DISABLE"
            session.execute(text(f"ALTER TABLE contact_event {word} TRIGGER searched_words_keep"))
            return
        session.execute(text("DROP TRIGGER IF EXISTS searched_words_keep"))
        if kept:
            (trigger,) = (one for one in STATEMENTS["sqlite"] if "TRIGGER searched_words_keep" in one)
            session.connection().exec_driver_sql(trigger)


def _queue(database: Database, accounts: Sequence[int], purpose: str, count: int, turn: int) -> float:
    clock = FixedClock(NOW + timedelta(minutes=turn))
    spent = _processor(database)
    for start in range(0, count, CHUNK):
        drafts = [
            build.draft(
                accounts[n % len(accounts)], recipient=f"+1218{2000000 + n}", purpose=purpose, facts_version=1,
                dedupe_key=f"{purpose}:{turn}:{n}",
                body_text=f"Duluth Utilities: ${n % 900}.{turn:02} on your account A{n} is past due since October 20. "
                "Please pay by December 3 or call us at 218-555-0140 to set up a plan.",
            )
            for n in range(start, start + CHUNK)
        ]  # fmt: skip
        with database.begin() as session:
            enqueue(session, drafts, clock)
    return _processor(database) - spent


def _processor(database: Database) -> float:
    if database.is_sqlite:
        return time.process_time()
    with database.read() as session:
        pids = list(session.scalars(text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")))
    return time.process_time() + cpu_seconds(pids)


def replies(database: Database, accounts: Sequence[int], count: int) -> None:
    """Record so many replies of customers."""
    for start in range(0, count, 5000):
        with database.begin() as session:
            said = [_said(n) for n in range(start, min(start + 5000, count))]
            digests = remember(session, said, NOW)
            record(
                session,
                [_reply(accounts[(start + n) % len(accounts)], digest) for n, digest in enumerate(digests)],
                NOW,
            )


def _said(n: int) -> dict[str, str]:
    rare = " xylophone" if n % 50_021 == 0 else ""
    return {"text": f"{SAID[n % len(SAID)]}. My account ends in {n % 977}, reading {n}{rare}"}


def _reply(account_id: int, digest: str) -> NewEvent:
    return NewEvent(account_id, NOW, "reply.received", "Text", "in", "sms", "customer", content_digest=digest)


def search(database: Database) -> None:
    """Print milliseconds of each search."""
    for words in SEARCHES:
        times, found = [], 0
        for _ in range(5):
            with database.read() as session:
                began = time.perf_counter()
                found = len(with_words(session, words, 50))
                times.append((time.perf_counter() - began) * 1000)
        print(
            f"  search {' '.join(words):24}{statistics.median(times):>8.1f} ms{max(times):>8.1f} most{found:>5} found"
        )


def _accounts(database: Database, count: int) -> list[int]:
    def work(session: Session) -> list[int]:
        source = build.import_file(session).id
        return [build.account(session, phone=None, import_id=source).id for _ in range(count)]

    return database.run(work)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--messages", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--replies", type=int, default=500_000)
    given = parser.parse_args()
    print(machine())
    for kind in given.databases:
        with tempfile.TemporaryDirectory() as made, server(kind, Path(made)) as url:
            database = Database(url)
            metadata().create_all(database.engine)
            accounts = _accounts(database, 2_000)
            print(f"\n{kind}")
            price(database, accounts, given.messages, given.rounds)
            if given.replies:
                replies(database, accounts, given.replies)
                search(database)
            database.dispose()


if __name__ == "__main__":
    main()
