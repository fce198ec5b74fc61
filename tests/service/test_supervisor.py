"""The supervisor: what dies is started again, and what it started ends with it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from comms.bundled_redis import answers, url_of
from comms.settings import ROOT, Settings
from comms.supervisor import Child, Supervisor
from tests.support.waiting import until

SLEEPS = "import time; time.sleep(600)"
RUNS = """
import sys
from comms.settings import Settings
from comms.supervisor import Child, Supervisor
child = Child("child", [sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(600)"])
sys.exit(Supervisor(Settings(_env_file=None), [child]).run())
"""


@pytest.fixture
def kept(tmp_path):
    return Settings(_env_file=None, comms_var=tmp_path / "var", redis_url="")


def runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_killed_child_is_started_again_and_all_end_together(kept):
    children = [Child("one", [sys.executable, "-c", SLEEPS]), Child("two", [sys.executable, "-c", SLEEPS])]
    with Supervisor(kept, children) as supervisor:
        supervisor.keep()
        assert answers(url_of(kept)), "Redis comes first"
        first, other = (child.process.pid for child in children)
        os.kill(first, signal.SIGKILL)

        def again():
            supervisor.keep()
            return children[0].process and children[0].process.pid != first

        until("the next start", again)
        assert children[1].process.pid == other, "the others are left alone"
        last = [child.process.pid for child in children]
        assert all(runs(pid) for pid in last)
    assert not any(runs(pid) for pid in (first, *last))
    assert not answers(url_of(kept))


def test_redis_is_started_again_too(kept):
    with Supervisor(kept, []) as supervisor:
        supervisor.keep()
        os.kill(supervisor._redis.process_id, signal.SIGKILL)
        until("its end", lambda: not supervisor._redis.alive())
        supervisor.keep()
        assert answers(url_of(kept))


def test_a_child_that_dies_young_waits_longer_each_time(kept):
    child = Child("dies", [sys.executable, "-c", "raise SystemExit(1)"])
    with Supervisor(kept, [child]) as supervisor:

        def died_twice():
            supervisor.keep()
            return child.failures >= 2

        until("two deaths", died_twice)
        assert child.process is None or child.restart_at > child.started_at
        assert child.restart_at - child.started_at >= 0.9, "1 s after the second"


def test_a_child_that_does_not_listen_is_ended_all_the_same(kept, monkeypatch):
    monkeypatch.setattr("comms.supervisor.END_WITHIN", 0.3)
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    log = kept.var / "deaf.log"
    child = Child("deaf", [sys.executable, "-c", deaf], log=log)
    with Supervisor(kept, [child]) as supervisor:
        supervisor.keep()
        until("its deafness", lambda: log.exists() and log.read_text())
        pid = child.process.pid
    assert not runs(pid)


def test_what_a_dead_child_had_started_ends_with_it(kept):
    """A web server's own process that outlives it would keep the port, and answer from an old version."""
    starts = (
        "import subprocess, sys, time; "
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid, flush=True); "
        "time.sleep(600)"
    )
    log = kept.var / "grand.log"

    def started() -> list[int]:
        return [int(line) for line in log.read_text().split()] if log.exists() else []

    child = Child("has a child", [sys.executable, "-c", starts], log=log)
    with Supervisor(kept, [child]) as supervisor:
        supervisor.keep()
        until("its child", lambda: len(started()) == 1)
        child.process.kill()
        child.process.wait()
        supervisor.keep()
        until("the end of its child", lambda: not runs(started()[0]))
        until("the next one", lambda: [supervisor.keep(), len(started()) == 2][1])
        assert runs(child.process.pid) and runs(started()[1])
    until("the end of the next one", lambda: not runs(started()[1]))
    assert not any(runs(pid) for pid in started())


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_supervisor_its_children_and_redis(tmp_path, kept, signum):
    environment = {**os.environ, "COMMS_VAR": str(kept.var), "REDIS_URL": "", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([sys.executable, "-c", RUNS], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        child = int(process.stdout.readline())
        assert runs(child)
        process.send_signal(signum)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert not runs(child)
    assert not answers(url_of(kept))
