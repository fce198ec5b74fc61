"""Carriers for the channels: the local sandbox, and a server that does exactly one odd thing."""

import contextlib
import socket
import threading
from datetime import UTC, datetime

import pytest

from comms.channels import Outgoing, open_channel
from comms.clock import SystemClock
from comms.sandbox import start
from comms.settings import Settings
from comms.signing import message_token

NOW = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)


@pytest.fixture(scope="package")
def sandbox(tmp_path_factory):
    with start(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def carriers(sandbox):
    """The sandbox, as it was at its start."""
    sandbox.reset()
    return sandbox


@pytest.fixture
def channel_settings(tmp_path):
    def make(**more):
        given = {"comms_var": tmp_path / "var", "secret_key": "test-key", "sandbox_url": "http://127.0.0.1:1"}
        return Settings(_env_file=None, **(given | more))

    return make


@pytest.fixture
def open_to(channel_settings, city):
    """Opens a channel to an address; closes it at the end."""
    with contextlib.ExitStack() as opened:

        def act(name, url, **more):
            channel = open_channel(name, channel_settings(sandbox_url=url, **more), city, SystemClock(), connections=4)
            opened.callback(channel.close)
            return channel

        yield act


def text_to(recipient="+12185550101", text="Your account is past due.", message_id=1):
    token = message_token(b"test-key", message_id)
    return Outgoing(message_id, token, recipient, "Maria Jensen", None, text, None, "billing", "dunning")


def mail_to(recipient="maria@example.com", message_id=1, **more):
    given = {
        "message_id": message_id, "token": message_token(b"test-key", message_id), "recipient": recipient,
        "recipient_name": "Maria Jensen", "subject": "Your account", "text": "It is past due.",
        "html": "<p>It is past due.</p>", "category": "billing", "purpose": "dunning",
    }  # fmt: skip
    return Outgoing(**(given | more))


@pytest.fixture
def odd_server():
    """Starts a server that reads one whole request a connection and then does what it is told with the socket."""
    with contextlib.ExitStack() as running:

        def act(answer):
            listener = socket.create_server(("127.0.0.1", 0))
            running.callback(listener.close)
            requests = []

            def serve():
                while True:
                    try:
                        connection, _ = listener.accept()
                    except OSError:
                        return
                    with connection:
                        requests.append(_read_request(connection))
                        answer(connection)

            threading.Thread(target=serve, daemon=True).start()
            return f"http://127.0.0.1:{listener.getsockname()[1]}", requests

        yield act


def _read_request(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        if not (chunk := connection.recv(65536)):
            return data
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length and (chunk := connection.recv(65536)):
        body += chunk
    return head + b"\r\n\r\n" + body


def http(status, body=b"", content_type="application/json", **headers):
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return lambda connection: connection.sendall(head.encode() + body)
