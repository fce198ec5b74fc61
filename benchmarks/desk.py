"""Server time and weight of every page of the desk and of every act that a clerk waits for, at 100,000 accounts and
1,000,000 events on PostgreSQL.

Every address that the application answers to is walked, through the real application and its gate, signed in as an
administrator; an address that nothing could be found for is named at the end. Times are by the clock, in this process,
with the database on the same machine; ``CPU`` is the processor time of both, a request. ``fresh`` is the slowest first
request of an address, before anything is remembered of it. Weight is what goes over the wire, compressed: the page
with its files (first visit), and the page alone (later). Files to take away (Excel, PDF, pictures) are told apart.

``--beside`` also builds a tenth of the city and tells how many times as long an address takes in the whole one.
``--database URL`` walks a database that was built before (or builds it there); ``--only WORD`` some of the addresses.
"""

import argparse
import gzip
import re
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

import psycopg
from sqlalchemy import text

from benchmarks import desk_acts, desk_office, desk_town
from benchmarks.desk_addresses import addresses
from benchmarks.measuring import cpu_seconds, machine
from benchmarks.planning import START
from comms import reports
from comms.app import create_app
from comms.city import load_city
from comms.clock import FixedClock
from comms.db import Database
from comms.desk.access.users import add_user
from comms.migrating import migrate
from comms.office import Office
from comms.outbox import Doorbell
from comms.settings import Settings
from tests.support import servers

PASSWORD = "a long enough password"
PAGE_MS, FIRST_BYTES, LATER_BYTES = 100, 150_000, 30_000
BROWSER = {"Accept-Encoding": "gzip", "Sec-Fetch-Site": "same-origin"}
MACHINES = ("/healthz", "/readyz", "/metrics", "/assets/", "/hooks", "/u/", "/sign-in/sso")


@dataclass
class Seen:
    """What an address took: milliseconds of each request after the first, and of the slowest first one."""

    times: list[float] = field(default_factory=list)
    fresh: float = 0.0
    cpu: float = 0.0
    first: int = 0
    later: int = 0
    kind: str = ""
    worst: str = ""

    @property
    def p50(self) -> float:
        return statistics.median(self.times)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.times, n=20, method="inclusive")[-1]

    @property
    def is_page(self) -> bool:
        return self.kind == "text/html"

    @property
    def over(self) -> bool:
        return self.is_page and (self.p95 > PAGE_MS or self.first > FIRST_BYTES or self.later > LATER_BYTES)


def measure(offices: Sequence[Office], rounds: int, only: str) -> int:
    """Print a line for each address of the last of these offices; how many pages are beyond a limit."""
    clients = []
    for office in offices:
        app = create_app(office)
        clients.append(app.test_client())
        sign_in(clients[-1], "administrator")
    rules = sorted({rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())})
    left_out, beyond, seen_files = [], 0, {}
    beside = f"{'times':>7}" if len(offices) > 1 else ""
    heads = f"{'p50 ms':>8}{'p95 ms':>8}{'most':>8}{'fresh':>8}{'CPU':>7}{beside}{'first':>9}{'later':>8}"
    print(f"\n{'address':62}{heads}")
    for rule in rules:
        if only not in rule or rule.startswith(MACHINES):
            continue
        walked = [
            _walk(office.database, client, addresses(office.database, rule), rounds, seen_files)
            for office, client in zip(offices, clients, strict=True)
        ]
        seen = walked[-1]
        if not seen.times:
            left_out.append(rule)
            continue
        beyond += seen.over
        mark = " <-- " + seen.worst if seen.over else "" if seen.is_page else f"  ({seen.kind})"
        times = f"{seen.p50 / walked[0].p50:>7.1f}" if beside and walked[0].times else " " * len(beside)
        print(
            f"{rule:62}{seen.p50:>8.1f}{seen.p95:>8.1f}{max(seen.times):>8.1f}{seen.fresh:>8.1f}{seen.cpu:>7.1f}"
            f"{times}{seen.first:>9,}{seen.later:>8,}{mark}",
            flush=True,
        )
    print(f"\nNothing to look at for: {', '.join(left_out) or 'none'}")
    return beyond


def _walk(database: Database, client: Any, paths: Sequence[str], rounds: int, seen_files: dict[str, int]) -> Seen:
    seen, asked, slowest = Seen(), 0, 0.0
    spent = _processor(database)
    for path in paths:
        began = time.perf_counter()
        answer = client.get(path, base_url="https://localhost", headers=BROWSER)
        asked += 1
        if answer.status_code not in (200, 204, 303):
            continue
        seen.fresh = max(seen.fresh, (time.perf_counter() - began) * 1000)
        for _ in range(max(3, rounds // len(paths))):
            began = time.perf_counter()
            answer = client.get(path, base_url="https://localhost", headers=BROWSER)
            seen.times.append((time.perf_counter() - began) * 1000)
            asked += 1
            if seen.times[-1] > slowest:
                seen.worst, slowest = path, seen.times[-1]
        seen.kind = seen.kind if seen.is_page else answer.mimetype or ""
        seen.later = max(seen.later, len(answer.data))
        seen.first = max(seen.first, len(answer.data) + _files(client, answer, seen_files))
    seen.cpu = (_processor(database) - spent) * 1000 / asked if asked else 0.0
    return seen


def _processor(database: Database) -> float:
    """Seconds of a processor that this process and the database's server of it have used."""
    with database.read() as session:
        mine = text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        servers_of = list(session.scalars(mine))
    return time.process_time() + cpu_seconds(servers_of)


def _files(client: Any, answer: Any, seen: dict[str, int]) -> int:
    """Bytes of the files that a page names, and of the two fonts that its style sheets ask for."""
    if answer.mimetype != "text/html" or answer.status_code != 200:
        return 0
    page = gzip.decompress(answer.data) if "Content-Encoding" in answer.headers else answer.data
    named = set(re.findall(r'(?:href|src)="(/assets/[^"#]+)', page.decode()))
    for name in named - set(seen):
        seen[name] = len(client.get(name, base_url="https://localhost", headers=BROWSER).data)
    return sum(seen[name] for name in named)


def sign_in(client: Any, username: str) -> None:
    page = client.get("/sign-in", base_url="https://localhost").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    form = {"csrf_token": token[1], "username": username, "password": PASSWORD}
    answer = client.post("/sign-in", base_url="https://localhost", data=form, headers={"Origin": "https://localhost"})
    assert answer.status_code == 303, answer.get_data(as_text=True)


def open_office(url: str, size: int, events: int, redis: str = "") -> Office:
    """The office over this database; an empty one is filled first. ``redis``: where its doorbell rings."""
    folder = Path(gettempdir()) / f"comms-desk-{sha256(url.encode()).hexdigest()[:12]}"
    folder.mkdir(exist_ok=True)
    settings = Settings(_env_file=None, comms_var=folder, secret_key="bench", database_url=url, comms_log_level="ERROR")
    city, clock = load_city("duluth-mn"), FixedClock(START)
    office = Office(settings, Database(url), clock, city, Doorbell(redis))
    migrate(office.database)
    with office.database.read() as session:
        empty = session.scalar(text("SELECT count(*) FROM staff_user")) == 0
    if empty:
        began = time.perf_counter()
        desk_town.build(office.database, size, events, clock.now())
        with office.database.begin() as session:
            for role in ("administrator", "supervisor"):
                add_user(session, username=role, name=role, role=role, password=PASSWORD, at=clock.now())
        desk_office.open_business(office, clock, "administrator")
        built = time.perf_counter() - began
        reports.count(office.database, city, clock)
        desk_town.settle(office.database)
        print(
            f"built in {built:.0f} s, the reports' figures in {time.perf_counter() - began - built:.0f} s", flush=True
        )
    clock.set(START)
    return office


def act(offices: Sequence[Office]) -> int:
    """Print what each act takes up to its answer; how many take too long."""
    tables = []
    for office in offices:
        client = create_app(office).test_client()
        sign_in(client, "supervisor")
        tables.append(desk_acts.perform(office, client, partial(_processor, office.database)))
    beyond = 0
    print(f"\n{'act':62}{'times':>8}{'p50 ms':>8}{'p95 ms':>8}{'most':>8}{'CPU':>7}")
    for name, done in tables[-1].items():
        times = done.times
        p50, p95 = statistics.median(times), statistics.quantiles(times * 2, n=20, method="inclusive")[-1]
        beyond += p95 > PAGE_MS
        grown = f"{p50 / statistics.median(tables[0][name].times):>7.1f} times a tenth" if len(tables) > 1 else ""
        print(
            f"{name:62}{len(times):>8}{p50:>8.1f}{p95:>8.1f}{max(times):>8.1f}{done.cpu / len(times):>7.1f}"
            f"{grown}{' <--' * (p95 > PAGE_MS)}"
        )
    return beyond


def _another(url: str) -> str:
    """A second database on the same server."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as link:
        link.execute("CREATE DATABASE a_tenth")
    return url.rpartition("/")[0] + "/a_tenth"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=40, help="requests an address, about")
    parser.add_argument("--database", metavar="URL")
    parser.add_argument("--beside", nargs="?", const="", metavar="URL", help="a tenth of the city, in turns")
    parser.add_argument("--only", default="", metavar="WORD")
    parser.add_argument("--no-acts", action="store_true")
    given = parser.parse_args()
    print(machine())
    with ExitStack() as stack:
        url = given.database or stack.enter_context(servers.postgres(durable=True))
        redis = stack.enter_context(servers.valkey(Path(stack.enter_context(TemporaryDirectory()))))
        offices = [open_office(url, given.accounts, given.events, redis)]
        if given.beside is not None:
            small = given.beside or _another(url)
            offices.insert(0, open_office(small, given.accounts // 10, given.events // 10, redis))
        beyond = measure(offices, given.rounds, given.only)
        if not given.no_acts:
            beyond += act(offices)
        for office in offices:
            office.database.dispose()
    print(f"{beyond} are beyond {PAGE_MS} ms (p95), {FIRST_BYTES:,} or {LATER_BYTES:,} bytes.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
