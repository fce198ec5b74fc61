"""The bundled Redis: one server a folder, which keeps its data and ends with whoever started it."""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from comms.bundled_redis import SOCKET_PATH_LIMIT, BundledRedis, RedisMissingError, answers, url_of
from comms.settings import Settings
from tests.support.waiting import until


@pytest.fixture
def bundled():
    """Make them for a folder; all are ended with the test."""
    made = []

    def make(var: Path, **more) -> BundledRedis:
        made.append(BundledRedis(Settings(_env_file=None, comms_var=var, **{"redis_url": ""} | more)))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_it_starts_answers_and_ends(bundled, tmp_path):
    server = bundled(tmp_path)
    assert not answers(server.url)
    assert server.ensure() == server.url
    assert answers(server.url) and server.alive() and server.process_id
    server.close()
    assert not answers(server.url) and not server.alive()


def test_it_keeps_what_it_was_told_over_a_restart(bundled, tmp_path):
    first = bundled(tmp_path)
    with redis.Redis.from_url(first.ensure()) as client:
        client.rpush("rq:queue:sms", "job-1")
        assert client.config_get("appendfsync")["appendfsync"] == "everysec"
    first.close()
    with redis.Redis.from_url(bundled(tmp_path).ensure()) as client:
        assert client.lrange("rq:queue:sms", 0, -1) == [b"job-1"]


def test_the_second_finds_the_first(bundled, tmp_path):
    first, second = bundled(tmp_path), bundled(tmp_path)
    assert first.ensure() == second.ensure()
    assert second.process_id is None
    second.close()
    assert answers(first.url), "only who started it ends it"


def test_a_server_of_another_process_is_seen_to_live_and_to_end(bundled, tmp_path):
    first, second = bundled(tmp_path), bundled(tmp_path)
    assert not second.alive(), "nobody has started it yet"
    first.ensure()
    second.ensure()
    assert second.alive()
    os.kill(first.process_id, signal.SIGKILL)
    until("its end", lambda: not first.alive())
    assert not second.alive()
    second.ensure()
    assert second.process_id, "who finds it gone starts it"
    assert first.alive() and first.ensure() and first.process_id is None, "and it is the other's now"


def test_a_server_too_busy_to_answer_gets_no_second_one_beside_it(bundled, tmp_path):
    first, second = bundled(tmp_path), bundled(tmp_path)
    first.ensure()
    os.kill(first.process_id, signal.SIGSTOP)
    try:
        assert second.alive()
        waiting = threading.Thread(target=second.ensure)
        waiting.start()
        assert not answers(first.url), "two seconds without an answer"
    finally:
        os.kill(first.process_id, signal.SIGCONT)
    waiting.join(10)
    assert not waiting.is_alive()
    assert second.process_id is None and answers(first.url)


def test_two_that_start_at_once_start_one_server(bundled, tmp_path):
    both = [bundled(tmp_path) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(BundledRedis.ensure, both))
    assert sum(one.process_id is not None for one in both) == 1


def test_one_that_was_killed_is_started_again(bundled, tmp_path):
    server = bundled(tmp_path)
    server.ensure()
    os.kill(server.process_id, signal.SIGKILL)
    until("its end", lambda: not server.alive())
    server.ensure()
    assert answers(server.url) and server.alive()


def test_a_long_path_falls_back_to_a_short_one(bundled, tmp_path):
    var = tmp_path / ("long" * 20) / ("longer" * 10)
    server = bundled(var)
    path = server.url.removeprefix("unix://").partition("?")[0]
    assert len(path.encode()) <= SOCKET_PATH_LIMIT
    assert not path.startswith(str(var))
    server.ensure()
    assert answers(server.url)
    assert (var / "valkey" / "appendonlydir").is_dir(), "the data stay in the folder"
    assert Path(path).parent.stat().st_mode & 0o077 == 0, "nobody else may look in"
    other = Settings(_env_file=None, comms_var=var.with_name("other"), redis_url="")
    assert url_of(other) != server.url


def test_a_given_redis_is_used_and_nothing_is_started(bundled, tmp_path, redis_url):
    server = bundled(tmp_path / "unused", redis_url=redis_url)
    assert server.ensure() == redis_url
    assert server.process_id is None
    assert not (tmp_path / "unused" / "valkey").exists()
    server.close()
    assert answers(redis_url)


def test_one_that_cannot_start_says_where_to_look(bundled, tmp_path, monkeypatch):
    program = tmp_path / "broken"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr("comms.bundled_redis._binary", lambda: program)
    with pytest.raises(RedisMissingError, match=r"did not start; see .*valkey/log, or set REDIS_URL"):
        bundled(tmp_path / "var").ensure()
