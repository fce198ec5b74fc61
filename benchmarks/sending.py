"""Messages a second accepted by the carrier, end to end through RQ: ours, the naive way, and the limit.

The limit is the same SDK over the same pooled transport with as many threads and processes, and nothing else: no queue,
no database. All three send to the sandbox over HTTP on this machine, with no receipts posted back.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
from rq import Queue
from sqlalchemy import func, select

import worker
from benchmarks.measuring import Row, cpu_seconds, machine, table, tree
from comms.channels import Outgoing, open_channel
from comms.city import load_city
from comms.clock import SystemClock
from comms.migrating import migrate
from comms.office import Office
from comms.outbox import Message, enqueue
from comms.outbox.doorbell import BATCH, connect
from comms.sandbox import Sandbox, start
from comms.settings import Settings
from comms.supervisor import Supervisor
from tests.support import build, servers

PROCESSES, THREADS = 2, 64


def settings_for(folder: Path, database: str, carriers: Sandbox) -> Settings:
    given = {
        "COMMS_VAR": str(folder), "DATABASE_URL": database, "REDIS_URL": "", "SECRET_KEY": "bench",
        "SANDBOX_URL": carriers.url, "TWILIO_API_URL": carriers.url, "SENDGRID_API_URL": carriers.url,
        "COMMS_THREADS": str(THREADS), "COMMS_PROCESSES": str(PROCESSES), "COMMS_LOG_LEVEL": "WARNING",
    }  # fmt: skip
    os.environ.update(given)
    return Settings(_env_file=None)


def queue_messages(office: Office, count: int) -> list[int]:
    made: list[int] = []
    with office.database.begin() as session:
        account = build.account(session, phone=None)
    for start_at in range(0, count, 1000):
        with office.database.begin() as session:
            drafts = [
                build.draft(account.id, recipient=f"+1218{2000000 + n}", purpose="conversational", body_text="x" * 150)
                for n in range(start_at, min(start_at + 1000, count))
            ]
            made += enqueue(session, drafts, office.clock)
    return made


def spread_over_accounts(office: Office, count: int) -> list[int]:
    """Messages of ``count`` different accounts, as a campaign's are."""
    made: list[int] = []
    for start_at in range(0, count, 1000):
        with office.database.begin() as session:
            source = build.import_file(session).id
            size = min(1000, count - start_at)
            accounts = [build.account(session, phone=None, import_id=source) for _ in range(size)]
            drafts = [
                build.draft(
                    account.id, recipient=f"+1218{2000000 + start_at + n}", facts_version=1, body_text="x" * 150,
                    purpose="conversational",
                )
                for n, account in enumerate(accounts)
            ]  # fmt: skip
            made += enqueue(session, drafts, office.clock)
    return made


def ours(folder: Path, database: str, carriers: Sandbox, count: int, name: str, servers_of: list[int]) -> Row:
    """Workers under their supervisor, RQ batches, claims, attempts, history: everything."""
    settings = settings_for(folder, database, carriers)
    office = Office.open(settings)
    migrate(office.database)
    ids = spread_over_accounts(office, count)
    children = [child for child in worker.children(settings) if child.name.startswith("sms")]
    with Supervisor(settings, children) as supervisor:
        supervisor.keep()
        warm = spread_over_accounts(office, PROCESSES * BATCH)
        before = accepted(carriers)
        office.doorbell.ring("sms", warm)
        wait_for(carriers, before + len(warm))
        time.sleep(1)
        pids = [pid for child in children for pid in tree(child.process.pid)] + servers_of
        cpu, began, base = cpu_seconds(pids), time.perf_counter(), accepted(carriers)
        office.doorbell.ring("sms", ids)
        wait_for(carriers, base + count)
        seconds = time.perf_counter() - began
        used = cpu_seconds(pids) - cpu
    with office.database.read() as session:
        left = session.scalar(select(func.count(Message.id)).where(Message.state != "submitted"))
    office.close()
    assert accepted(carriers) == base + count, "something was sent twice"
    if left:
        print(f"(note: {left} messages were not yet written back when the workers were stopped)")
    return Row(name, count, seconds, used)


def accepted(carriers: Sandbox) -> int:
    return int(carriers.summary()["twilio"]["accepted"])


def wait_for(carriers: Sandbox, total: int) -> None:
    deadline = time.monotonic() + 600
    while accepted(carriers) < total:
        if time.monotonic() > deadline:
            raise SystemExit("The messages did not all arrive in ten minutes.")
        time.sleep(0.1)


def _limit_process(settings: Settings, city: str, count: int, go, done) -> None:
    channel = open_channel("sms", settings, load_city(city), SystemClock(), connections=THREADS)
    outgoing = [
        Outgoing(n, f"{n}-token", f"+1218{3000000 + n}", "", None, "x" * 150, None, "billing", "dunning")
        for n in range(count)
    ]
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(channel.send, outgoing[:THREADS]))
        done.put(("ready", 0.0))
        go.wait()
        cpu = time.process_time()
        results = list(pool.map(channel.send, outgoing))
        done.put((all(result.outcome == "accepted" for result in results), time.process_time() - cpu))


def limit(folder: Path, carriers: Sandbox, count: int, name: str) -> Row:
    settings = settings_for(folder, "sqlite://", carriers)
    context = multiprocessing.get_context("spawn")
    go, done = context.Event(), context.Queue()
    running = [
        context.Process(target=_limit_process, args=(settings, "duluth-mn", count // PROCESSES, go, done))
        for _ in range(PROCESSES)
    ]
    for process in running:
        process.start()
    for _ in running:
        done.get(timeout=60)
    began = time.perf_counter()
    go.set()
    results = [done.get(timeout=600) for _ in running]
    seconds = time.perf_counter() - began
    for process in running:
        process.join()
    assert all(ok for ok, _ in results)
    return Row(name, count // PROCESSES * PROCESSES, seconds, sum(cpu for _, cpu in results))


def naive(folder: Path, database: str, carriers: Sandbox, count: int, name: str) -> Row:
    """One forking RQ worker, one job a message."""
    settings = settings_for(folder, database, carriers)
    office = Office.open(settings)
    migrate(office.database)
    ids = queue_messages(office, count)
    url = office.database.url.render_as_string(hide_password=False)
    with Supervisor(settings, []) as supervisor:
        supervisor.keep()
        connection = connect(supervisor._redis.url)
        queue = Queue("naive", connection=connection)
        for id_ in ids:
            queue.enqueue("benchmarks.naive.send_one", carriers.url, url, id_, result_ttl=0)
        base = accepted(carriers)
        environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
        process = subprocess.Popen([sys.executable, "-m", "benchmarks.naive", supervisor._redis.url], env=environment)
        wait_for(carriers, base + 1)
        began = time.perf_counter()
        wait_for(carriers, base + count)
        seconds = time.perf_counter() - began
        process.wait(60)
    office.close()
    usage = os.times()
    return Row(name, count - 1, seconds, max(0.01, usage.children_user + usage.children_system - naive.before))


naive.before = 0.0


def main(arguments: list[str]) -> None:
    count = int(arguments[0]) if arguments else 10_000
    print(machine())
    with ExitStack() as stack:
        postgres = stack.enter_context(servers.postgres(durable=True))
        server_pids = tree(_server_pid(postgres))
        for latency in (100, 0):
            faults = {"latency_ms": latency, "never_receipt": 1.0, "magic": False}
            rows = []
            with tempfile.TemporaryDirectory() as name, start(Path(name) / "carriers", faults=faults) as carriers:
                folder = Path(name)
                times = os.times()
                naive.before = times.children_user + times.children_system
                simple = naive(folder / "naive", _fresh(postgres, "naive"), carriers, 60, "naive: one job a message")
                most = limit(folder / "limit", carriers, count, f"limit: {PROCESSES} x {THREADS} threads, no queue")
                rows = [simple, most]
                database = _fresh(postgres, "ours")
                rows.append(
                    ours(folder / "pg", database, carriers, count, "ours, PostgreSQL (CPU with server)", server_pids)
                )
                sqlite = f"sqlite:///{folder / 'bench.db'}"
                rows.append(ours(folder / "sqlite", sqlite, carriers, count, "ours, SQLite", []))
                database = _fresh(postgres, "more")
                if latency == 100 and len(arguments) > 1:
                    more = int(arguments[1])
                    rows.append(ours(folder / "more", database, carriers, more, "ours, PostgreSQL, more", server_pids))
            table(f"Texts a second, carrier latency {latency} ms", rows, limit=most, naive=simple)


def _fresh(server: str, name: str) -> str:
    with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        admin.execute(f'CREATE DATABASE "{name}"')
    return server.rsplit("/", 1)[0] + f"/{name}"


def _server_pid(server: str) -> int:
    """The postmaster: the parent of the process that answers us."""
    with psycopg.connect(server.replace("+psycopg", "")) as connection:
        backend = connection.info.backend_pid
    return int(Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[1])


if __name__ == "__main__":
    main(sys.argv[1:])
