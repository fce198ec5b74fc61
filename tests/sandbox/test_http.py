"""The server on its own: honest clients in any pace, and garbage."""

import base64
import random
import socket
from urllib.parse import urlencode

import pytest

from comms.settings import SANDBOX_TWILIO_NUMBER, SANDBOX_TWILIO_SID, SANDBOX_TWILIO_TOKEN
from tests.sandbox.conftest import MESSAGES


@pytest.fixture
def wire(sandbox):
    port = int(sandbox.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        yield sock


def create(body="hello", extra=""):
    pair = base64.b64encode(f"{SANDBOX_TWILIO_SID}:{SANDBOX_TWILIO_TOKEN}".encode()).decode()
    form = urlencode({"To": "+12185550123", "From": SANDBOX_TWILIO_NUMBER, "Body": body}).encode()
    head = (
        f"POST {MESSAGES} HTTP/1.1\r\nHost: sandbox\r\nAuthorization: Basic {pair}\r\n{extra}"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n\r\n"
    )
    return head.encode() + form


def read_all(sock):
    sock.shutdown(socket.SHUT_WR)
    found = b""
    while part := sock.recv(65536):
        found += part
    return found


def test_pipelined_requests_are_answered_in_order(wire, sandbox):
    sandbox.faults(latency_ms=20, latency_jitter_ms=30)
    wire.sendall(b"".join(create(f"text {number}") for number in range(10)))
    answers = b""
    while answers.count(b"HTTP/1.1 201 Created") < 10:
        answers += wire.recv(65536)
    places = [answers.index(f'"body": "text {number}"'.encode()) for number in range(10)]
    assert places == sorted(places)


def test_a_request_may_come_byte_by_byte(wire):
    for byte in create():
        wire.sendall(bytes([byte]))
    assert wire.recv(65536).startswith(b"HTTP/1.1 201 Created\r\n")


def test_a_client_that_waits_for_leave_is_given_it(wire):
    head, _, body = create(extra="Expect: 100-continue\r\n").partition(b"\r\n\r\n")
    wire.sendall(head + b"\r\n\r\n")
    assert wire.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    wire.sendall(body)
    assert wire.recv(65536).startswith(b"HTTP/1.1 201 Created\r\n")


def test_a_client_that_asks_for_it_is_hung_up_on(wire):
    wire.sendall(create(extra="Connection: close\r\n"))
    assert read_all(wire).startswith(b"HTTP/1.1 201 Created\r\n")


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000, 431),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", 431),
    ],
)
def test_what_is_not_http_is_refused_and_hung_up_on(wire, sandbox, raw, status):
    wire.sendall(raw)
    answer = wire.recv(65536)
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert sandbox.call("GET", "health")["status"] == "ok"


def test_garbage_never_brings_it_down(sandbox):
    port = int(sandbox.url.rpartition(":")[2])
    chance = random.Random(2026)
    good = create()
    for _ in range(300):
        raw = bytearray(good)
        for _ in range(chance.randint(1, 40)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        if chance.random() < 0.3:
            raw = bytearray(chance.randbytes(chance.randint(1, 2000)))
        with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            sock.sendall(raw[: chance.randint(1, len(raw))])
    assert sandbox.call("GET", "health")["status"] == "ok"
