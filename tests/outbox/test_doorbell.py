"""Ringing costs the one who rings next to nothing, whatever has become of Redis."""

import socket
import threading
from datetime import UTC, datetime

import pytest

from comms.outbox import Doorbell, doorbell

NOW = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)


@pytest.fixture
def hung_redis():
    """What a Redis looks like whose machine hangs: it takes every connection and says nothing. Yields its URL and the
    connections it took."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = []

        def take() -> None:
            while True:
                try:
                    taken.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=take, daemon=True).start()
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0", taken
        server.shutdown(socket.SHUT_RDWR)
    for each in taken:
        each.close()


def test_a_redis_that_hangs_keeps_nobody_waiting(hung_redis, monkeypatch):
    """The clerk's page waits with the ring: once, and not again for each of what follows. The sweep finds the work."""
    url, taken = hung_redis
    monkeypatch.setattr(doorbell, "PATIENCE", 0.2)
    bell = Doorbell(url)
    heard = [bell.ring("urgent", [1]), bell.ring_at(NOW, NOW, "sms", [2]), bell.ask_for_export(3), bell.answers()]
    assert (heard, len(taken)) == ([False] * 4, 1)


def test_a_ring_is_tried_again_when_redis_had_time_to_come_back(hung_redis, redis_url, monkeypatch):
    url, taken = hung_redis
    monkeypatch.setattr(doorbell, "PATIENCE", 0.1)
    monkeypatch.setattr(doorbell, "DEAF", 0.0)
    bell = Doorbell(url)
    assert not bell.answers()
    assert not bell.answers()
    assert len(taken) == 2
    assert Doorbell(redis_url).answers()
