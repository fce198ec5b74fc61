"""A small HTTP/1.1 server on asyncio: one write an answer, kept-alive connections, pipelining in order.

Written by hand because the sandbox stands opposite the service in throughput measurements, where a web framework's
share of two cores would be measured too.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

log = logging.getLogger(__name__)

MAX_HEAD = 32 * 1024
MAX_BODY = 40 * 1024 * 1024
"""Above SendGrid's own limit of 30 MB a message, so that the refusal can be SendGrid's."""
_PAUSE_ABOVE = 1024 * 1024


@dataclass(slots=True)
class Request:
    """One request; header names are lower-case bytes, the body is whole."""

    method: str
    path: str
    query: str
    headers: dict[bytes, bytes]
    body: bytes

    def header(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1")


@dataclass(frozen=True, slots=True)
class Answer:
    """The bytes to write, after ``delay`` seconds; no bytes means: close the connection without a word."""

    payload: bytes
    delay: float = 0.0


Handler = Callable[[Request], Answer | Awaitable[Answer]]

_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}


def respond(status: int, body: bytes = b"", media_type: str = "application/json", extra: str = "") -> bytes:
    """Head and body as one piece. ``extra`` is whole header lines, each ended by CR LF."""
    length = "" if status == HTTPStatus.NO_CONTENT else f"Content-Length: {len(body)}\r\n"
    kind = f"Content-Type: {media_type}\r\n" if body else ""
    return f"{_LINES[status]}{kind}{length}{extra}\r\n".encode("latin-1") + body


class HttpError(Exception):
    """What came is not HTTP that can be answered; carries the status to close the connection with."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(slots=True)
class _Head:
    method: str
    target: str
    headers: dict[bytes, bytes]
    length: int
    keep: bool


def _parse_head(head: bytes) -> _Head:
    lines = head.split(b"\r\n")
    parts = lines[0].split(b" ")
    if len(parts) != 3 or not parts[2].startswith(b"HTTP/1.") or not parts[0].isalpha():
        raise HttpError(400)
    headers: dict[bytes, bytes] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        name = name.lower()
        if not colon or not name or name != name.strip():
            raise HttpError(400)
        value = value.strip()
        if name == b"content-length" and headers.get(name, value) != value:
            raise HttpError(400)
        headers[name] = value
    if b"transfer-encoding" in headers:
        raise HttpError(411)
    raw_length = headers.get(b"content-length", b"0")
    if not raw_length.isdigit() or len(raw_length) > 18:
        raise HttpError(400)
    connection = headers.get(b"connection", b"").lower()
    keep = b"close" not in connection if parts[2] == b"HTTP/1.1" else b"keep-alive" in connection
    try:
        target = parts[1].decode("ascii")
    except UnicodeDecodeError:
        raise HttpError(400) from None
    return _Head(parts[0].decode("ascii"), target, headers, int(raw_length), keep)


class Connection(asyncio.Protocol):
    """One client connection: reads requests, hands them on one at a time, writes the answers in order."""

    def __init__(self, handler: Handler, admit: Callable[[], bool], open_connections: set["Connection"]) -> None:
        self._handler = handler
        self._admit = admit
        self._open = open_connections
        self._buffer = bytearray()
        self._head: _Head | None = None
        self._waiting = False  # an answer is under way
        self._blocked = False  # the client does not read what was written
        self._discard = False
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._open.add(self)
        if not self._admit():
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.discard(self)
        self._waiting = True
        self._buffer.clear()
        if self._task is not None:
            self._task.cancel()

    def close(self) -> None:
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._discard:
            return
        self._buffer += data
        if not (self._waiting or self._blocked):
            self._advance()
        elif len(self._buffer) > _PAUSE_ABOVE:
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        return self._waiting  # an answer under way is still written to a client that half-closed

    def pause_writing(self) -> None:
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False
        if not self._waiting:
            self._continue()

    def _advance(self) -> None:
        try:
            while not (self._waiting or self._blocked) and (request := self._next_request()) is not None:
                self._serve(request)
        except HttpError as bad:
            self._discard = True
            self._transport.write(respond(bad.status, extra="Connection: close\r\n"))
            # Left open a moment so that a client still writing its body can read the refusal before the reset.
            self._loop.call_later(1.0, self._transport.abort)

    def _next_request(self) -> Request | None:
        head = self._head
        if head is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > MAX_HEAD:
                    raise HttpError(431)
                return None
            if end > MAX_HEAD:
                raise HttpError(431)
            head = _parse_head(bytes(self._buffer[:end]))
            del self._buffer[: end + 4]
            if head.length > MAX_BODY:
                raise HttpError(413)
            if head.headers.get(b"expect", b"").lower() == b"100-continue" and len(self._buffer) < head.length:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._head = head
        if len(self._buffer) < head.length:
            return None
        body = bytes(self._buffer[: head.length])
        del self._buffer[: head.length]
        path, _, query = head.target.partition("?")
        return Request(head.method, path, query, head.headers, body)

    def _serve(self, request: Request) -> None:
        answer = self._handler(request)
        if not isinstance(answer, Answer):
            self._waiting = True
            self._task = self._loop.create_task(self._answer_later(answer))
        elif answer.delay > 0:
            self._waiting = True
            self._loop.call_later(answer.delay, self._finish, answer)
        else:
            self._write(answer)

    async def _answer_later(self, coming: Awaitable[Answer]) -> None:
        try:
            answer = await coming
        except Exception:
            log.exception("a later answer failed")
            answer = Answer(b"")
        self._task = None
        self._finish(answer)

    def _finish(self, answer: Answer) -> None:
        if not self._transport.is_closing():
            self._write(answer)
            self._continue()

    def _continue(self) -> None:
        self._waiting = False
        with contextlib.suppress(RuntimeError):  # closing, or not paused
            self._transport.resume_reading()
        if not self._discard and not self._transport.is_closing():
            self._advance()

    def _write(self, answer: Answer) -> None:
        keep = self._head is not None and self._head.keep
        self._head = None
        if not answer.payload:
            self._transport.close()
            return
        self._transport.write(answer.payload)
        if not keep:
            self._transport.close()
