"""A small HTTP/1.1 client for posting webhooks: one kept-alive connection, one request at a time."""

import asyncio
from typing import cast
from urllib.parse import SplitResult


class PostError(Exception):
    """No whole answer came: refused, reset, or not HTTP."""


class _Exchange(asyncio.Protocol):
    """Collects one answer at a time and says whether the connection may be used again."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._answer: asyncio.Future[int] | None = None
        self._body_from = 0
        self.reusable = True
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def ask(self, payload: bytes) -> asyncio.Future[int]:
        self._buffer.clear()
        self._body_from = 0
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(payload)
        return self._answer

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._answer.done():
            self.reusable = False
            self.transport.abort()
            return
        self._buffer += data
        try:
            if (status := self._complete()) is not None:
                self._answer.set_result(status)
        except (ValueError, IndexError):
            self._fail("the answer is not HTTP")

    def connection_lost(self, exc: Exception | None) -> None:
        self.reusable = False
        if self._answer is not None and not self._answer.done():
            if self._body_from:  # a body without a length ends with the connection
                self._answer.set_result(self._status())
            else:
                self._answer.set_exception(PostError("the connection was closed without an answer"))

    def _complete(self) -> int | None:
        if not self._body_from:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return None
            self._body_from = end + 4
        head = bytes(self._buffer[: self._body_from]).lower()
        status = self._status()
        if b"connection: close" in head:
            self.reusable = False
        if status in (204, 304):
            return status
        if (at := head.find(b"\r\ncontent-length:")) >= 0:
            length = int(head[at + 17 : head.index(b"\r\n", at + 2)])
            return status if len(self._buffer) - self._body_from >= length else None
        if b"\r\ntransfer-encoding: chunked" in head and self._buffer.endswith(b"0\r\n\r\n"):
            self.reusable = False  # the end was guessed, so nothing more is read from here
            return status
        return None

    def _status(self) -> int:
        return int(self._buffer[9:12])

    def _fail(self, why: str) -> None:
        self.reusable = False
        self.transport.abort()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(PostError(why))


class PostClient:
    """One worker's connections, at most one a server."""

    def __init__(self) -> None:
        self._open: dict[str, _Exchange] = {}

    async def post(self, url: SplitResult, headers: str, body: bytes, timeout: float) -> int:
        """Post ``body`` and return the status; raises ``PostError`` or ``TimeoutError`` (after ``timeout`` seconds).

        A kept connection that the server closed meanwhile is opened anew once, as HTTP clients do.
        """
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        payload = (
            f"POST {target} HTTP/1.1\r\nHost: {url.netloc.rpartition('@')[2]}\r\n{headers}"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode("latin-1") + body
        async with asyncio.timeout(timeout):
            exchange = self._open.get(url.netloc)
            if exchange is not None and exchange.reusable:
                try:
                    return await self._ask(url, exchange, payload)
                except PostError:
                    pass
            return await self._ask(url, await self._connect(url), payload)

    def close(self) -> None:
        for exchange in self._open.values():
            exchange.transport.abort()
        self._open.clear()

    async def _connect(self, url: SplitResult) -> _Exchange:
        loop = asyncio.get_running_loop()
        try:
            _, exchange = await loop.create_connection(_Exchange, url.hostname or "", url.port or 80)
        except OSError as error:
            raise PostError(str(error)) from None
        self._open[url.netloc] = exchange
        return exchange

    async def _ask(self, url: SplitResult, exchange: _Exchange, payload: bytes) -> int:
        try:
            status = await exchange.ask(payload)
        except BaseException:
            self._drop(url, exchange)
            raise
        if not exchange.reusable:
            self._drop(url, exchange)
        return status

    def _drop(self, url: SplitResult, exchange: _Exchange) -> None:
        exchange.transport.abort()
        if self._open.get(url.netloc) is exchange:
            del self._open[url.netloc]
