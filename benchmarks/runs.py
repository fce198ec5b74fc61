"""What is done with a planned run: counting it, comparing it with the night before, brakes, samples, and its release.

``python -m benchmarks.runs`` makes a city as ``benchmarks.planning`` does (every fifth account owes), plans a night and
lets it go for good, with every message rendered, frozen and told in the history. Then it plans the night after.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benchmarks.importing import server
from benchmarks.measuring import machine
from benchmarks.planning import START, populate
from comms.campaigns import brakes, plan, preview, release, samples
from comms.campaigns.differing import diff
from comms.city import load_city
from comms.clock import FixedClock
from comms.db import Database
from comms.db.schema import metadata
from comms.notices import Catalogue, Renderer
from comms.settings import ROOT
from tests.support import build, policies


def one(kind: str, size: int) -> None:
    city = load_city("duluth-mn")
    renderer = Renderer(Catalogue.load(ROOT, city), city)
    clock = FixedClock(START)
    with tempfile.TemporaryDirectory() as made, server(kind, Path(made)) as url:
        database = Database(url)
        metadata().create_all(database.engine)
        populate(database, size)
        with database.begin() as session:
            policies.activate(session, city)
            for name in ("accounts", "payments"):
                build.import_file(session, kind=name, covers_until=START.date(), finished_at=START)
        print(f"{kind}, {size:,} accounts")
        first = plan(database, city, clock, renderer.catalogue)
        lift_all(database, city, clock, renderer, first)
        done = timed("release", lambda: release(database, city, clock, renderer, first, by="dana"))
        print(f"  {'':28} {sum(done.queued.values()):>10,} messages, {sum(done.dropped.values()):,} left alone")
        settle(database)
        clock.advance(timedelta(days=1))
        second = plan(database, city, clock, renderer.catalogue)
        writing(database, "count", lambda session: preview.count(session, second))
        writing(database, "compare with the night before", lambda session: diff(session, second))
        writing(database, "and name 20 accounts", lambda session: diff(session, second, limit=20))
        writing(database, "brakes", lambda session: brakes.look(session, city, clock, renderer.catalogue, second))
        writing(database, "samples", lambda session: samples.samples(session, city, clock, renderer, second))
        database.dispose()


def lift_all(database: Database, city: Any, clock: FixedClock, renderer: Renderer, run_id: int) -> None:
    with database.begin() as session:
        for brake in brakes.look(session, city, clock, renderer.catalogue, run_id):
            brakes.lift(session, run_id, brake.name, by="pat", because="It is measured.", at=clock.now())


def settle(database: Database) -> None:
    """All that was released has arrived."""
    with database.begin() as session:
        session.execute(
            text(
                "UPDATE message SET state = CASE channel WHEN 'letter' THEN 'mailed' ELSE 'delivered' END, "
                "submitted_at = created_at, final_at = created_at WHERE state = 'queued'"
            )
        )
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))


def writing(database: Database, name: str, act: Callable[[Any], Any]) -> Any:
    return timed(name, lambda: database.run(act))


def timed(name: str, act: Callable[[], Any]) -> Any:
    started = time.perf_counter()
    found = act()
    print(f"  {name:<28} {time.perf_counter() - started:>10.2f} s", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000])
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    given = parser.parse_args()
    print(f"{machine()}\n")
    for kind in given.databases:
        for size in given.sizes:
            one(kind, size)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
