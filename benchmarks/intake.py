"""How many signed posts of Twilio the service keeps in a second, beside a minimal route that does the least it may.

``python -m benchmarks.intake`` starts PostgreSQL, then each server with each of the two applications in turns, posts
distinct signed statuses from ``wrk`` (else from threads of this process), and prints requests and server CPU per post.
``--seconds`` and ``--size`` (times as long, to see that the cost does not grow) are the only knobs.

The minimal route parses the form, checks the signature with the SDK's ``RequestValidator``, inserts one row and
commits, each thread on a connection of its own. Every kept row is counted: an answer without a row is an error.
"""

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
import urllib3
from flask import Flask, Response, request
from twilio.request_validator import RequestValidator

from comms.settings import SANDBOX_TWILIO_TOKEN, Settings
from tests.support import servers

TARGET = "/webhooks/twilio/status/12-AbC_-9aBcDeFgH"
PUBLIC = "https://comms.example.gov"
CONNECTIONS = 32
WORKERS = 2
THREADS = 8
ROUNDS = 3


def ours() -> Flask:
    """The service's own application, as it is served."""
    from comms.app import create_app
    from comms.city import load_city
    from comms.clock import SystemClock
    from comms.db import Database
    from comms.office import Office
    from comms.outbox import Doorbell

    settings = Settings(_env_file=None, public_url=PUBLIC)
    database = Database(os.environ["BENCH_DATABASE"])
    return create_app(Office(settings, database, SystemClock(), load_city("duluth-mn"), Doorbell("")))


def minimal() -> Flask:
    """The least that may be called an intake."""
    app = Flask("minimal")
    validator = RequestValidator(SANDBOX_TWILIO_TOKEN)
    url = os.environ["BENCH_DATABASE"].replace("+psycopg", "")
    local = threading.local()

    @app.post("/webhooks/twilio/status/<token>")
    def status(token: str) -> Any:
        if not validator.validate(PUBLIC + request.path, request.form, request.headers["X-Twilio-Signature"]):
            return Response(status=403)
        if not hasattr(local, "connection"):
            local.connection = psycopg.connect(url)
        local.connection.execute(
            "INSERT INTO minimal_event (event_key, token, body) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (f"{request.form['MessageSid']}:{request.form['MessageStatus']}", token, urlencode(request.form)),
        )
        local.connection.commit()
        return Response(status=204)

    return app


def posts(count: int, start: int) -> Iterator[tuple[str, str]]:
    """Bodies and signatures of distinct statuses, as long as Twilio's."""
    validator = RequestValidator(SANDBOX_TWILIO_TOKEN)
    for number in range(start, start + count):
        sid = f"SM{number:032x}"
        form = {
            "SmsSid": sid, "SmsStatus": "delivered", "MessageStatus": "delivered", "To": "+12185550101",
            "MessageSid": sid, "AccountSid": "AC" + "5a" * 16, "From": "+12185550100", "ApiVersion": "2010-04-01",
            "MessagingServiceSid": "MG" + "5a" * 16, "RawDlrDoneDate": "2611231604",
        }  # fmt: skip
        yield urlencode(form), validator.compute_signature(PUBLIC + TARGET, form)


COMMANDS = {
    "granian": lambda app, port: [
        "granian", "--interface", "wsgi", "--factory", f"benchmarks.intake:{app}", "--host", "127.0.0.1",
        "--port", str(port), "--workers", str(WORKERS), "--blocking-threads", str(THREADS), "--no-log",
    ],
    "gunicorn": lambda app, port: [
        "gunicorn", f"benchmarks.intake:{app}()", "-b", f"127.0.0.1:{port}", "-w", str(WORKERS), "-k", "gthread",
        "--threads", str(THREADS), "--reuse-port", "--log-level", "critical",
    ],
}  # fmt: skip


@contextmanager
def serving(server: str, app: str, database: str) -> Iterator[tuple[str, int]]:
    """A server for one application: its URL, and the process group it and its workers are in."""
    port = servers.free_port()
    command = COMMANDS[server](app, port)
    program = str(Path(sys.executable).with_name(command[0]))
    process = subprocess.Popen(
        [program, *command[1:]], env={**os.environ, "BENCH_DATABASE": database}, start_new_session=True
    )
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib3.request("GET", url + TARGET, headers={"Connection": "close"}, retries=False, timeout=5)
            break
        except urllib3.exceptions.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    try:
        yield url, process.pid
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # nothing in it is worth a slow goodbye
        process.wait()


def cpu_seconds(group: int) -> float:
    """User and system time of every process of a group, from /proc (Linux)."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(fields[2]) == group:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


LUA = """
local posts, at = {}, 0
for line in io.lines(os.getenv("BENCH_POSTS")) do posts[#posts + 1] = line end
request = function()
  at = at % #posts + 1
  local body, signature = posts[at]:match("^(%S+) (%S+)$")
  return wrk.format("POST", nil, {["Content-Type"] = "application/x-www-form-urlencoded",
    ["X-Twilio-Signature"] = signature}, body)
end
done = function(summary)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d\\n", summary.requests, summary.duration,
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def load(url: str, folder: Path, seconds: float, start: int) -> tuple[int, float, int]:
    """Post for ``seconds``: answers, seconds taken, errors."""
    prepared = int(seconds * 4000)
    if not shutil.which("wrk"):
        return _load_from_threads(url, seconds, start)
    (folder / "posts").write_text("".join(f"{body} {sign}\n" for body, sign in posts(prepared, start)))
    (folder / "post.lua").write_text(LUA)
    out = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "-s", folder / "post.lua", url + TARGET],
        check=True, capture_output=True, text=True, env={**os.environ, "BENCH_POSTS": str(folder / "posts")},
    ).stdout  # fmt: skip
    requests, micros, errors = next(line for line in out.splitlines() if line.startswith("RESULT")).split()[1:]
    return int(requests), int(micros) / 1e6, int(errors)


def _load_from_threads(url: str, seconds: float, start: int) -> tuple[int, float, int]:
    pool = urllib3.PoolManager(maxsize=CONNECTIONS, retries=False, timeout=20)
    answered, wrong = [0] * CONNECTIONS, [0] * CONNECTIONS
    stop = time.perf_counter() + seconds

    def post(lane: int) -> None:
        for body, signature in posts(10**6, start + lane * 10**6):
            if time.perf_counter() > stop:
                return
            headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
            status = pool.urlopen("POST", url + TARGET, body=body, headers=headers).status
            answered[lane] += 1
            wrong[lane] += status != 204

    threads = [threading.Thread(target=post, args=(lane,)) for lane in range(CONNECTIONS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(answered), time.perf_counter() - began, sum(wrong)


def measure(server: str, app: str, database: str, seconds: float, start: int) -> tuple[float, float]:
    """Posts a second and server CPU milliseconds per post, after a second to warm up."""
    table = "webhook_event" if app == "ours" else "minimal_event"
    with psycopg.connect(database.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"TRUNCATE {table}")
        with tempfile.TemporaryDirectory() as scratch, serving(server, app, database) as (url, group):
            load(url, Path(scratch), 1, start + 10**9)
            before = cpu_seconds(group)
            answered, took, errors = load(url, Path(scratch), seconds, start)
            used = cpu_seconds(group) - before
        rows = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert errors == 0, f"{errors} errors"
    assert rows is not None
    assert rows[0] >= answered, f"{answered} answers and {rows[0]} rows"
    return answered / took, 1000 * used / answered


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--size", type=int, default=1, help="times as long")
    given = parser.parse_args()
    seconds = given.seconds * given.size
    with servers.postgres() as database:
        _prepare(database)
        print(f"{'server':10} {'application':12} {'posts/s':>9} {'CPU ms/post':>12}   ratio to minimal")
        for server in COMMANDS:
            found: dict[str, list[tuple[float, float]]] = {"minimal": [], "ours": []}
            for turn in range(ROUNDS):
                for app, results in found.items():
                    results.append(measure(server, app, database, seconds, (turn + 1) * 10**7))
            rates = {app: statistics.median(rate for rate, _ in results) for app, results in found.items()}
            costs = {app: statistics.median(cost for _, cost in results) for app, results in found.items()}
            for app in found:
                ratio = rates[app] / rates["minimal"]
                print(f"{server:10} {app:12} {rates[app]:9.0f} {costs[app]:12.2f}   {ratio:.2f}", flush=True)


def _prepare(database: str) -> None:
    from comms.db import Database
    from comms.db.schema import metadata

    made = Database(database)
    metadata().create_all(made.engine)
    made.dispose()
    with psycopg.connect(database.replace("+psycopg", "")) as connection:
        connection.execute(
            "CREATE TABLE minimal_event (id bigserial PRIMARY KEY, event_key text UNIQUE, token text, body text,"
            " received_at timestamptz DEFAULT now())"
        )


if __name__ == "__main__":
    main()
