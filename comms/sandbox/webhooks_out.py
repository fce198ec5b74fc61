"""Posting signed webhooks to the service: bounded, retried as each carrier does, never off this machine."""

import asyncio
import contextlib
import json
import logging
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from comms.sandbox.draws import Draws
from comms.sandbox.faults import Faults
from comms.sandbox.ledger import Ledger
from comms.sandbox.post_client import PostClient, PostError
from comms.sandbox.signing import SendGridKey, twilio_signature

log = logging.getLogger(__name__)

POSTERS = 16
"""Posts under way at once."""
MOST_PENDING = 200_000
"""Webhooks waiting at once; beyond it a carrier's webhooks are lost, and counted as overflowed."""
_LONGEST_PAUSE = 10.0
_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})

Params = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Post:
    """One webhook on its way. ``headers`` is called for each try, as a fresh try may be signed afresh."""

    url: SplitResult
    headers: Callable[[], str]
    body: bytes
    tries_left: int
    tries: int = 0


@lru_cache(maxsize=4096)
def _split(url: str) -> SplitResult:
    return urlsplit(url)


class Webhooks:
    """The posts waiting and under way."""

    def __init__(self, *, token: str, key: SendGridKey, faults: Faults, draws: Draws, ledger: Ledger) -> None:
        self._token = token
        self._key = key
        self._faults = faults
        self._draws = draws
        self._ledger = ledger
        self._ready: deque[Post] = deque()
        self._wakeup = asyncio.Semaphore(0)
        self._idle = asyncio.Event()
        self._idle.set()
        self._under_way = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._workers: list[asyncio.Task[None]] = []
        self.pending = 0
        self.era = 0

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._workers = [loop.create_task(self._work()) for _ in range(POSTERS)]

    async def stop(self) -> None:
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    async def quiet(self, timeout: float) -> None:
        """Wait until no post is under way, ``timeout`` seconds at most."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._quiet.wait(), timeout)

    def forget(self) -> None:
        """Drop everything that is waiting; what is under way ends by itself and counts for nothing."""
        self.era += 1
        self._ready.clear()
        self._settle(self.pending)

    async def drain(self, timeout: float) -> bool:
        """Wait until nothing is pending, ``timeout`` seconds at most; whether that came about."""
        try:
            async with asyncio.timeout(timeout):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    @property
    def full(self) -> bool:
        return self.pending >= MOST_PENDING

    def hold(self) -> None:
        """Count one webhook that will be posted later."""
        self.pending += 1
        self._idle.clear()

    def release(self) -> None:
        """One webhook counted by ``hold`` is over."""
        self._settle(1)

    def twilio(self, url: str, params: Params, *key: object) -> None:
        """Post a form signed as Twilio does, twice where the duplicate switch says so."""
        address, _, overrides = url.partition("#")
        tries = 1 + _retries_from(overrides, self._faults.switches.twilio_retries)
        body = urlencode(params).encode("ascii")
        signature = twilio_signature(self._token, address, params)
        token = uuid.UUID(bytes=self._draws.raw(16, "idempotency", *key), version=4)
        self._post(Post(_split(address), _twilio_headers(signature, token), body, tries))
        if self._draws.happens(self._faults.switches.duplicate_webhooks, "twice", *key):
            # Every other duplicate is a retry (same token); the rest are the same status told anew.
            again = self._draws.raw(16, "again", *key)
            token = token if again[0] & 1 else uuid.UUID(bytes=again, version=4)
            self._ledger.webhooks["duplicated"] += 1
            self._post(Post(_split(address), _twilio_headers(signature, token), body, tries))

    def sendgrid_events(self, url: str, events: list[dict[str, Any]], timestamp: Callable[[], str]) -> None:
        """Post a batch of events, signed for each try: a JSON array, CR LF after each comma and at the end."""
        lines = ",\r\n".join(json.dumps(event, separators=(",", ":")) for event in events)
        body = f"[{lines}]\r\n".encode()

        def headers() -> str:
            at = timestamp()
            return (
                "Content-Type: application/json;charset=utf-8\r\nUser-Agent: SendGrid Event API\r\n"
                f"X-Twilio-Email-Event-Webhook-Timestamp: {at}\r\n"
                f"X-Twilio-Email-Event-Webhook-Signature: {self._key.sign(at, body)}\r\n"
            )

        self._post(Post(_split(url), headers, body, 1 + self._faults.switches.sendgrid_retries))

    def plain(self, url: str, media_type: str, body: bytes) -> None:
        """Post an Inbound Parse form: SendGrid does not sign these."""
        head = f"Content-Type: {media_type}\r\nUser-Agent: Sendlib/1.0 server sendgrid\r\n"
        self._post(Post(_split(url), lambda: head, body, 1 + self._faults.switches.sendgrid_retries))

    def _post(self, post: Post) -> None:
        if self.full:
            self._ledger.webhooks["overflowed"] += 1
            return
        self.hold()
        self._enqueue(post, self.era)

    def _enqueue(self, post: Post, era: int) -> None:
        if era == self.era:
            self._ready.append(post)
            self._wakeup.release()

    async def _work(self) -> None:
        client = PostClient()
        try:
            while True:
                await self._wakeup.acquire()
                if self._ready:
                    era = self.era
                    await self._deliver(client, self._ready.popleft(), era)
        finally:
            client.close()

    async def _deliver(self, client: PostClient, post: Post, era: int) -> None:
        post.tries += 1
        post.tries_left -= 1
        self._under_way += 1
        self._quiet.clear()
        try:
            status = await self._attempt(client, post)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._quiet.set()
        if era != self.era:
            return
        if 200 <= status < 300:
            self._ledger.webhooks["sent"] += 1
            self._settle(1)
        elif post.tries_left > 0 and status != 0:
            self._ledger.webhooks["retried"] += 1
            pause = min(self._faults.switches.retry_after_ms / 1000 * 2 ** (post.tries - 1), _LONGEST_PAUSE)
            asyncio.get_running_loop().call_later(pause, self._enqueue, post, era)
        else:
            self._ledger.webhooks["failed"] += 1
            self._settle(1)

    async def _attempt(self, client: PostClient, post: Post) -> int:
        """The status answered; 599 for no answer, 0 for an address that is never posted to."""
        if post.url.scheme != "http" or post.url.hostname not in _LOCAL:
            log.warning("webhook not posted: %s is not plain http on this machine", post.url.netloc)
            return 0
        timeout = self._faults.switches.webhook_timeout_ms / 1000
        try:
            return await client.post(post.url, post.headers(), post.body, timeout)
        except (PostError, TimeoutError, OSError, ValueError):
            return 599

    def _settle(self, count: int) -> None:
        self.pending -= count
        if self.pending <= 0:
            self.pending = 0
            self._idle.set()


def _retries_from(overrides: str, default: int) -> int:
    """``rc`` of a connection override in the URL's fragment (Twilio: 0 to 5), else the default."""
    for part in overrides.split("&"):
        name, _, value = part.partition("=")
        if name == "rc" and value.isdigit():
            return min(int(value), 5)
    return default


def _twilio_headers(signature: str, token: uuid.UUID) -> Callable[[], str]:
    head = (
        "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\nAccept: */*\r\n"
        f"User-Agent: TwilioProxy/1.1\r\nX-Home-Region: us1\r\nX-Twilio-Signature: {signature}\r\n"
        f"I-Twilio-Idempotency-Token: {token}\r\n"
    )
    return lambda: head
