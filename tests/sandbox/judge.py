"""A judge between a client and the sandbox: every request is passed on and every answer passed back, and both are held
against the carriers' contracts."""

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import urllib3

from tests.sandbox.shapes import findings, read_form, sendgrid, strict, twilio

_ACCOUNT = r"/2010-04-01/Accounts/AC[0-9a-fA-F]{32}"
_ONE = rf"{_ACCOUNT}/Messages/(SM|MM)[0-9a-fA-F]{{32}}"
PLACES = {
    "Messages": rf"{_ACCOUNT}/Messages\.json",
    "Message": rf"{_ONE}\.json",
    "Media": rf"{_ONE}/Media\.json",
    "Consents": r"/v1/Consents/Bulk",
    "mail": r"/v3/mail/send",
}
_NOTHING = strict()


@dataclass(frozen=True)
class Call:
    """What one operation takes and what it answers with when all is well."""

    request: dict
    status: int
    answer: dict | None


CALLS = {
    ("POST", "Messages"): Call(twilio.CREATE, 201, twilio.MESSAGE),
    ("GET", "Messages"): Call(twilio.LIST, 200, twilio.MESSAGE_LIST),
    ("GET", "Message"): Call(_NOTHING, 200, twilio.MESSAGE),
    ("POST", "Message"): Call(twilio.UPDATE, 200, twilio.MESSAGE),
    ("DELETE", "Message"): Call(_NOTHING, 204, None),
    ("GET", "Media"): Call(strict({}, {"PageSize": twilio.LIST["properties"]["PageSize"]}), 200, twilio.MEDIA_LIST),
    ("POST", "Consents"): Call(twilio.CONSENTS, 201, twilio.CONSENTS_ANSWER),
    ("POST", "mail"): Call(sendgrid.MAIL, 202, None),
}


@dataclass(frozen=True)
class Exchange:
    method: str
    target: str
    sent: Mapping[str, str]
    body: bytes
    status: int
    received: Mapping[str, str]
    answer: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def call(self) -> Call | None:
        """The operation, or None for what the contracts do not name."""
        named = [name for name, pattern in PLACES.items() if re.fullmatch(pattern, self.path)]
        return CALLS.get((self.method, named[0])) if named else None

    def wrong_in_request(self) -> list[str]:
        call = self.call
        if call is None:
            return [f"{self.method} {self.target} is no operation of the carrier"]
        if self.path.startswith("/v3/"):
            return self._media_type("application/json") + findings(call.request, json.loads(self.body))
        encoded = self.body.decode("ascii") if self.method == "POST" else self.target.partition("?")[2]
        wrong = self._media_type("application/x-www-form-urlencoded") if self.method == "POST" else []
        pairs = parse_qsl(encoded, keep_blank_values=True, strict_parsing=bool(encoded), errors="strict")
        return wrong + findings(call.request, read_form(call.request, pairs))

    def _media_type(self, due: str) -> list[str]:
        given = self.sent.get("Content-Type", "").partition(";")[0].strip()
        return [] if given == due else [f"Content-Type is {given!r} where {due} is due"]

    def wrong_in_answer(self) -> list[str]:
        call = self.call
        if call is not None and self.status == call.status:
            return self._wrong_in_success(call)
        if self.status < 400:
            return [f"{self.status} is no answer to {self.method} {self.path}"]
        error = json.loads(self.answer)
        if self.path.startswith("/v3/"):
            return self._as_json() + findings(sendgrid.ERROR, error)
        same = [] if error.get("status") == self.status else [f"{self.status} is answered, {error} says another"]
        return self._as_json() + same + findings(twilio.ERROR, error)

    def _wrong_in_success(self, call: Call) -> list[str]:
        if call.answer is not None:
            return self._as_json() + findings(call.answer, json.loads(self.answer))
        wrong = [f"a body where none is due: {self.answer!r}"] if self.answer else []
        if self.status == 202 and not self.received.get("X-Message-Id"):
            wrong.append("no X-Message-Id")
        return wrong

    def _as_json(self) -> list[str]:
        given = self.received.get("Content-Type", "")
        return [] if given.partition(";")[0] == "application/json" else [f"Content-Type is {given!r}"]


class Judge:
    """Listens on a port of its own; ``exchanges`` is everything that went through, in order of the answers."""

    def __init__(self, carrier: str) -> None:
        self.exchanges: list[Exchange] = []
        judge, http = self, urllib3.PoolManager(retries=False, timeout=10)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                sent = urllib3.HTTPHeaderDict(self.headers.items())
                sent.discard("Host")
                answer = http.request(self.command, carrier + self.path, body=body, headers=sent, redirect=False)
                exchange = Exchange(self.command, self.path, sent, body, answer.status, answer.headers, answer.data)
                judge.exchanges.append(exchange)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.data)

            do_GET = do_POST = do_DELETE = do_PUT = handle_one  # noqa: N815 - the server's names

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def findings(self) -> list[str]:
        """Everything wrong in what clients asked and in what the sandbox answered."""
        return [found for one in self.exchanges for found in one.wrong_in_request() + one.wrong_in_answer()]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
