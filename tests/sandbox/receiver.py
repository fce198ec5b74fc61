"""A stand-in for the service's webhook endpoints: keeps what carriers post, and answers as it is told."""

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Posted:
    url: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def events(self) -> list[dict]:
        return json.loads(self.body)


class Receiver:
    def __init__(self) -> None:
        self.posted: list[Posted] = []
        self.statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.posted.append(
                    Posted(f"{receiver.url}{self.path}", self.path, dict(self.headers.items()), body)
                )
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def statuses_of(self, sid: str) -> list[str]:
        return [post.form["MessageStatus"] for post in self.posted if post.form.get("MessageSid") == sid]

    def told(self, sid: str, status: str) -> dict[str, str]:
        """The one callback of this message that told this status."""
        [form] = [
            post.form
            for post in self.posted
            if post.form.get("MessageSid") == sid and post.form["MessageStatus"] == status
        ]
        return form

    def mail_events(self) -> list[dict]:
        return [event for post in self.posted if post.path.endswith("/events") for event in post.events]

    def forget(self) -> None:
        self.posted.clear()
        self.statuses.clear()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
