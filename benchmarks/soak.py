"""A bad night, for real: 2,000 texts and emails through killed workers, an emptied Redis and lossy carriers.

``make soak`` (ARGS="--messages 2000 --database sqlite|postgres"). Workers are killed with SIGKILL every few seconds;
Redis is killed twice and starts again empty; the carriers accept and hang up on 5 % of requests, answer 503 to 5 %
and 429 to 2 %; receipts come twice and out of order. At the end the carriers' ledgers say what arrived.
"""

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import func, select

import worker
from comms.demo.stage import free_port
from comms.history import verify
from comms.history.schema import ContactEvent
from comms.migrating import migrate
from comms.office import Office
from comms.outbox import Message, enqueue
from comms.outbox.schema import Attempt
from comms.processes import web
from comms.sandbox import start
from comms.settings import Settings
from comms.signing import read_message_token
from comms.supervisor import Supervisor
from tests.support import build, servers

FAULTS = {
    "rate_accept_then_drop": 0.05, "rate_503": 0.05, "rate_429": 0.02, "duplicate_webhooks": 0.2,
    "reorder_webhooks": 0.2, "latency_ms": 50, "magic": False,
}  # fmt: skip
UNSETTLED = ("held", "queued", "claimed", "unknown", "submitted", "sent")
LONGEST = 900.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--kill-every", type=float, default=4.0, help="seconds between two SIGKILLs")
    chosen = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="comms-soak-")))
        url = f"sqlite:///{folder / 'comms.db'}"
        if chosen.database == "postgres":
            url = stack.enter_context(servers.postgres())
        return Soak(chosen, folder, url).run(stack)


class Soak:
    """One run."""

    def __init__(self, chosen: argparse.Namespace, folder: Path, url: str) -> None:
        self.chosen, self.folder, self.url = chosen, folder, url
        self.draw = random.Random(chosen.seed)
        self.kills = Counter[str]()
        self.ended = threading.Event()

    def run(self, stack: ExitStack) -> int:
        port = free_port(0)
        carriers = stack.enter_context(
            start(self.folder, seed=self.chosen.seed, public_url=f"http://127.0.0.1:{port}", faults=FAULTS)
        )
        environment = {
            "COMMS_VAR": str(self.folder), "DATABASE_URL": self.url, "REDIS_URL": "", "SECRET_KEY": "soak",
            "PUBLIC_URL": f"http://127.0.0.1:{port}", "SANDBOX_URL": carriers.url, "TWILIO_API_URL": carriers.url,
            "SENDGRID_API_URL": carriers.url, "COMMS_THREADS": "32", "COMMS_LOG_LEVEL": "WARNING",
            "UNKNOWN_FIRST_ASK": "2", "UNKNOWN_SURE": "8", "UNKNOWN_EVENTS": "45", "COMMS_LEASE": "20",
            "COMMS_SWEEP_SECONDS": "2",
        }  # fmt: skip
        os.environ.update(environment)
        settings = Settings(_env_file=None)
        self.office = Office.open(settings)
        migrate(self.office.database)
        ids = self._queue()
        began = time.monotonic()
        children = [
            replace(child, log=self.folder / "log", environment=dict(os.environ))
            for child in (web("127.0.0.1", port), *worker.children(settings))
        ]
        supervisor = stack.enter_context(Supervisor(settings, children))
        keeper = threading.Thread(target=self._keep, args=(supervisor,), daemon=True)
        supervisor.keep()
        keeper.start()
        time.sleep(4)
        self._ring(ids)
        killer = threading.Thread(target=self._kill, args=(supervisor, began), daemon=True)
        killer.start()
        self._until_settled(ids, began)
        carriers.drain(30)
        self._until_settled(ids, began)
        self.ended.set()
        killer.join(10)
        keeper.join(10)
        wrong = self._judge(ids, carriers, time.monotonic() - began)
        if wrong:
            shutil.copy(self.folder / "log", "/tmp/comms-soak.log")
        self.office.close()
        return 1 if wrong else 0

    def _queue(self) -> list[int]:
        clock = self.office.clock
        made: list[int] = []
        with self.office.database.begin() as session:
            source = build.import_file(session).id
            for n in range(self.chosen.messages // 2):
                account = build.account(session, phone=None, import_id=source)
                drafts = [
                    build.draft(account.id, recipient=f"+1218{2000000 + n}", purpose="conversational"),
                    build.draft(account.id, channel="email", recipient=f"customer{n}@example.com"),
                ]
                made += enqueue(session, drafts, clock)
        return made

    def _ring(self, ids: list[int]) -> None:
        self.office.doorbell.ring("sms", ids[::2])
        self.office.doorbell.ring("email", ids[1::2])

    def _keep(self, supervisor: Supervisor) -> None:
        while not self.ended.wait(0.2):
            supervisor.keep()

    def _kill(self, supervisor: Supervisor, began: float) -> None:
        """SIGKILL a worker every few seconds while there is work; Redis twice, and its memory with it."""
        redis_at = [began + 12, began + 30]
        while not self.ended.wait(self.chosen.kill_every * (0.5 + self.draw.random())):
            if redis_at and time.monotonic() > redis_at[0]:
                redis_at.pop(0)
                self._empty_redis(supervisor)
                continue
            if time.monotonic() - began > 90:
                return
            victims = [child for child in supervisor.children if child.name != "web" and child.process]
            child = self.draw.choice(victims)
            try:
                os.kill(child.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            self.kills[child.name.split("-")[0]] += 1

    def _empty_redis(self, supervisor: Supervisor) -> None:
        server = supervisor._redis
        if server.process_id is None:
            return
        os.kill(server.process_id, signal.SIGKILL)
        shutil.rmtree(self.folder / "valkey" / "appendonlydir", ignore_errors=True)
        self.kills["redis (emptied)"] += 1

    def _until_settled(self, ids: list[int], began: float) -> None:
        last = -1
        while time.monotonic() - began < LONGEST:
            with self.office.database.read() as session:
                left = session.scalar(select(func.count(Message.id)).where(Message.state.in_(UNSETTLED)))
            if left != last:
                print(f"\r{len(ids) - left:,} of {len(ids):,} settled ", end="", file=sys.stderr, flush=True)
                last = left
            if left == 0:
                break
            time.sleep(0.5)
        print(file=sys.stderr)

    def _judge(self, ids: list[int], carriers, seconds: float) -> int:
        """Hold the database against the carriers' ledgers; print the figures; how many things are wrong."""
        secret = self.office.settings.secret
        accepted, final = Counter[int](), {}
        for row in carriers.ledger():
            token = (row.get("custom_args") or {}).get("message_token") or _token_in(row)
            message_id = read_message_token(secret, token or "")
            accepted[message_id or 0] += 1
            final[message_id or 0] = row.get("status")
        with self.office.database.read() as session:
            rows = session.execute(select(Message.id, Message.state, Message.account_id)).all()
            outcomes = dict(session.execute(select(Attempt.outcome, func.count()).group_by(Attempt.outcome)).all())
            told = {
                id_ for (id_,) in session.execute(
                    select(ContactEvent.subject_id).where(
                        ContactEvent.kind.in_(["delivery.submitted", "delivery.sent", "delivery.delivered",
                                               "delivery.undelivered", "delivery.bounced", "delivery.failed"])
                    ).distinct()
                )
            }  # fmt: skip
            broken = [problem for (_, _, account) in rows for problem in verify(session, account)[1]]
        states = Counter(state for _, state, _ in rows)
        twice = [id_ for id_, count in accepted.items() if count > 1]
        never = [id_ for id_, state, _ in rows if id_ not in accepted]
        strangers = accepted.get(0, 0)
        unfinished = [id_ for id_, state, _ in rows if state in UNSETTLED]
        differs = [id_ for id_, state, _ in rows if final.get(id_) not in (None, state, *_SAME.get(state, ()))]
        untold = [id_ for id_ in ids if id_ not in told]
        print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {self.chosen.database}, {seconds:.0f} s")
        print(f"messages {len(ids):,}; accepted by the carriers {sum(accepted.values()):,}")
        print(f"killed: {dict(self.kills)}; carriers' faults: { {k: v for k, v in FAULTS.items() if 'rate' in k} }")
        print(f"attempts: {outcomes}; states: {dict(states)}")
        checks = {
            "accepted twice": twice, "never accepted": never, "accepted and not ours": range(strangers),
            "not in a final state": unfinished, "state differs from the ledger": differs,
            "missing in the history": untold, "broken chains": broken,
        }  # fmt: skip
        for words, found in checks.items():
            print(f"{words:<32}{len(found):>6}  {list(found)[:5] if found else ''}")
        return sum(len(found) for found in checks.values())


_SAME = {"delivered": ("read", "open", "click"), "bounced": ("bounce", "dropped", "blocked"), "failed": ("dropped",)}


def _token_in(row: dict) -> str | None:
    callback = row.get("status_callback") or row.get("callback") or ""
    return callback.rpartition("/")[2].partition("?")[0] or None


if __name__ == "__main__":
    sys.exit(main())
