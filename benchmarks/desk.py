"""Server time and weight of every page of the desk, at 100,000 accounts and 1,000,000 events on PostgreSQL.

Every address that the application answers to is walked, through the real application and its gate, signed in as an
administrator; an address that nothing could be found for is named at the end. Times are by the clock, in this process,
with the database on the same machine. Weight is what goes over the wire, compressed: the page with its files (first
visit), and the page alone (later). Files to take away (Excel, PDF, pictures) are told apart from pages.

``--database URL`` walks a database that was built before (or builds it there); ``--only WORD`` some of the addresses.
"""

# ruff: noqa: E501 - statements and tables of addresses

import argparse
import gzip
import re
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.parse import quote

from sqlalchemy import text

from benchmarks import desk_town
from benchmarks.desk_town import LONGEST
from benchmarks.measuring import machine
from benchmarks.planning import START
from comms import reports
from comms.app import create_app
from comms.city import load_city
from comms.clock import FixedClock
from comms.db import Database
from comms.desk.lists import LISTS
from comms.desk.users import add_user
from comms.migrating import migrate
from comms.office import Office
from comms.outbox import Doorbell
from comms.settings import Settings
from tests.support import servers

PASSWORD = "a long enough password"
PAGE_MS, FIRST_BYTES, LATER_BYTES = 100, 150_000, 30_000
BROWSER = {"Accept-Encoding": "gzip", "Sec-Fetch-Site": "same-origin"}
SEARCHES = (
    "A4711", "218-555-4417", "(218) 200-4711", "2004711", "customer10@example.com", "customer10", "larson", "maria larson",
    "larson superior", "1427 e superior", "st", "ma", "j", "zebra", "xylophone", "leaking basement", "friday", "account",
    "duluth utilities", "meter 412", "the", "pay",
)  # fmt: skip
"""What is typed into the search box: what jumps, what is in one place, in many, in every message, and nowhere."""
MACHINES = ("/healthz", "/readyz", "/metrics", "/assets/", "/hooks", "/u/")


def walk(database: Database, rule: str) -> Iterator[str]:
    """Addresses for a rule: of some accounts, the longest history among them, and of what is open."""
    names = re.findall(r"<(?:\w+:)?(\w+)>", rule)
    if rule == "/find":
        yield from (f"/find?q={quote(words)}" for words in SEARCHES)
        return
    if not names:
        yield rule
        return
    for row in _rows(database, rule, names):
        path = rule
        for name in names:
            path = re.sub(rf"<(?:\w+:)?{name}>", quote(str(row[name])), path)
        yield path


def _rows(database: Database, rule: str, names: list[str]) -> list[dict[str, Any]]:
    found = next((sql for beginning, sql in _VALUES if rule.startswith(beginning)), "")
    if not found or any(f" {name}" not in found for name in names):
        return []
    with database.read() as session:
        return [dict(row) for row in session.execute(text(found)).mappings()]


_SOME = f"(SELECT id, number FROM account WHERE id IN ({LONGEST}, 10, 15, 4711, 31415, 60000, 99995)) AS a"
_VALUES = (
    ("/accounts/<number>/holds", "SELECT a.number AS number, h.id AS hold_id FROM hold h JOIN account a ON a.id = h.account_id LIMIT 5"),
    ("/accounts/<number>/promises", "SELECT a.number AS number, p.id AS promise_id FROM promise p JOIN account a ON a.id = p.account_id "
     "WHERE p.status = 'active' LIMIT 5"),
    ("/accounts/<number>", f"SELECT a.number AS number FROM {_SOME}"),
    ("/campaigns/policies/<name>", "SELECT policy AS name, version AS version FROM policy_version LIMIT 3"),
    ("/campaigns/moves", "SELECT id AS move_id FROM policy_move LIMIT 3"),
    ("/campaigns/shutoff/lists", "SELECT name AS name, 'list.csv' AS file FROM field_list LIMIT 3"),
    ("/campaigns/<int:run_id>", "SELECT id AS run_id, 0 AS number, 1 AS sheet FROM campaign_run"),
    ("/mail/batches", "SELECT name AS name, 1 AS seq, 1 AS sheet FROM mail_batch LIMIT 2"),
    ("/notices/<name>", "SELECT * FROM (VALUES ('past-due-reminder', 'en', 1), ('disconnect-notice', 'es', 1)) "
     "AS v ( name, language, sheet)"),
    ("/staff", "SELECT username AS username FROM staff_user"),
)  # fmt: skip
"""Where the values of an address come from, by its beginning."""
_ASKED = {
    "/accounts/<number>": ("", "?before=6000", "?show=texts", "?about=failed", "?about=money", "?steps=all",
                           "?words=xylophone", "?from=2025-11-01&to=2025-12-01"),
    "/accounts/<number>/newer": ("?seen=0",),
    "/accounts/<number>/notice": ("", "?notice=past-due-reminder"),
    "/accounts/<number>/notice/checks": ("?notice=past-due-reminder",),
    "/accounts/<number>/notice/email": ("?notice=past-due-reminder",),
    "/accounts/<number>/notice/letter.pdf": ("?notice=past-due-reminder",),
    "/accounts/<number>/notice/letter.png": ("?notice=past-due-reminder",),
    "/accounts/<number>/audit": ("", "?show=changes"),
    "/campaigns/<int:run_id>/accounts": ("?outcome=contact", "?outcome=protected", "?outcome=waiting", "?outcome=nothing"),
    "/campaigns/<int:run_id>/differences": ("", "?change=new", "?change=gone", "?change=step", "?part=1"),
    "/reports/<name>": ("", "?from=2025-10-01&to=2026-11-22", "?from=2026-11-01&to=2026-11-22&policy=residential"),
    "/worklists/<slug>": ("", "?who=mine", "?who=nobody", "?who=user:osei", "?state=aside"),
    "/worklists/promises-due": ("", "?when=week", "?when=grace"),
    "/worklists/holds-ending": ("", "?when=week", "?when=month"),
    "/campaigns/shutoff/propose": ("", "?kind=shutoff&day=2026-12-01"),
    "/mail/returned/find": ("?q=larson", "?q=P00000001"),
}  # fmt: skip
"""What is asked of an address besides, where that makes another page of it."""


def measure(office: Office, rounds: int, only: str) -> int:
    """Print a line for each address; how many pages are beyond a limit."""
    app = create_app(office)
    client = app.test_client()
    _sign_in(client)
    rules = sorted({rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())})
    rules = [
        rule for rule in rules if not rule.startswith(MACHINES) and rule not in ("/sign-in/sso", "/sign-in/sso/back")
    ]
    left_out, beyond, seen_files = [], 0, {}
    print(f"\n{'address':62}{'p50 ms':>8}{'p95 ms':>8}{'most':>8}{'first':>9}{'later':>8}")
    for rule in rules:
        if only not in rule:
            continue
        paths = list(_slugs(rule) if "<slug>" in rule else walk(office.database, rule))
        paths += list(_reports(rule)) if rule.startswith("/reports/<name>") else []
        paths = [path + asked for path in paths for asked in _ASKED.get(rule, ("",))]
        if not paths:
            left_out.append(rule)
            continue
        times, first, later, kind, worst = _timed(client, paths, rounds, seen_files)
        if not times:
            left_out.append(rule)
            continue
        p95 = statistics.quantiles(times, n=20, method="inclusive")[-1]
        is_page = kind == "text/html"
        over = is_page and (p95 > PAGE_MS or first > FIRST_BYTES or later > LATER_BYTES)
        beyond += over
        mark = " <-- " + worst if over else "" if is_page else f"  ({kind})"
        print(f"{rule:62}{statistics.median(times):>8.1f}{p95:>8.1f}{max(times):>8.1f}{first:>9,}{later:>8,}{mark}")
    print(f"\nNothing to look at for: {', '.join(left_out) or 'none'}")
    return beyond


def _timed(client: Any, paths: list[str], rounds: int, seen_files: dict[str, int]) -> Any:
    """Milliseconds of each request after a first one of its address, and the heaviest page."""
    times, first, later, kind, worst, slowest = [], 0, 0, "", "", 0.0
    for path in paths:
        answer = client.get(path, base_url="https://localhost", headers=BROWSER)
        if answer.status_code not in (200, 204, 303):
            continue
        for _ in range(max(3, rounds // len(paths))):
            began = time.perf_counter()
            answer = client.get(path, base_url="https://localhost", headers=BROWSER)
            times.append((time.perf_counter() - began) * 1000)
            if times[-1] > slowest:
                worst, slowest = path, times[-1]
        kind = kind if kind == "text/html" else answer.mimetype or ""
        later = max(later, len(answer.data))
        first = max(first, len(answer.data) + _files(client, answer, seen_files))
    return times, first, later, kind, worst


def _files(client: Any, answer: Any, seen: dict[str, int]) -> int:
    """Bytes of the files that a page names, and of the two fonts that its style sheets ask for."""
    if answer.mimetype != "text/html" or answer.status_code != 200:
        return 0
    page = gzip.decompress(answer.data) if "Content-Encoding" in answer.headers else answer.data
    named = set(re.findall(r'(?:href|src)="(/assets/[^"#]+)', page.decode()))
    for name in named - set(seen):
        seen[name] = len(client.get(name, base_url="https://localhost", headers=BROWSER).data)
    return sum(seen[name] for name in named)


def _slugs(rule: str) -> Iterator[str]:
    for each in LISTS:
        yield rule.replace("<slug>", each.slug)


def _reports(rule: str) -> Iterator[str]:
    for name in reports.REPORTS:
        yield rule.replace("<name>", name)


def _sign_in(client: Any) -> None:
    page = client.get("/sign-in", base_url="https://localhost").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    form = {"csrf_token": token[1], "username": "bench", "password": PASSWORD}
    answer = client.post("/sign-in", base_url="https://localhost", data=form, headers={"Origin": "https://localhost"})
    assert answer.status_code == 303, answer.get_data(as_text=True)


def open_office(url: str, size: int, events: int) -> Office:
    """The office over this database; an empty one is filled first."""
    folder = Path(mkdtemp(prefix="comms-desk-"))
    settings = Settings(_env_file=None, comms_var=folder, secret_key="bench", database_url=url, comms_log_level="ERROR")
    city, clock = load_city("duluth-mn"), FixedClock(START)
    office = Office(settings, Database(url), clock, city, Doorbell("redis://127.0.0.1:1/0"))
    migrate(office.database)
    with office.database.read() as session:
        empty = session.scalar(text("SELECT count(*) FROM staff_user")) == 0
    if empty:
        began = time.perf_counter()
        desk_town.build(office.database, city, office.renderer.catalogue, clock, size, events)
        with office.database.begin() as session:
            add_user(session, username="bench", name="B. Ench", role="administrator", password=PASSWORD, at=clock.now())
        built = time.perf_counter() - began
        reports.count(office.database, city, clock)
        desk_town.settle(office.database)
        print(
            f"built in {built:.0f} s, the reports' figures in {time.perf_counter() - began - built:.0f} s", flush=True
        )
    clock.set(START)
    return office


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=40, help="requests an address, about")
    parser.add_argument("--database", metavar="URL")
    parser.add_argument("--only", default="", metavar="WORD")
    given = parser.parse_args()
    print(machine())
    with ExitStack() as stack:
        url = given.database or stack.enter_context(servers.postgres(durable=True))
        office = open_office(url, given.accounts, given.events)
        beyond = measure(office, given.rounds, given.only)
        office.database.dispose()
    print(f"{beyond} pages are beyond {PAGE_MS} ms (p95), {FIRST_BYTES:,} or {LATER_BYTES:,} bytes.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
