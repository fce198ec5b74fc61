"""Twilio's Message resources: what the API shows of each text, out and in."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

from comms.sandbox.ledger import Row
from comms.sandbox.outcomes import ERROR_TEXT
from comms.sandbox.segments import count_segments

API_VERSION = "2010-04-01"
FINAL = frozenset({"delivered", "undelivered", "failed", "canceled", "received", "read"})


@dataclass(slots=True)
class Message:
    """One text. ``row`` is its line in the ledger; an inbound text has none."""

    n: int
    sid: str
    account: str
    to: str
    sender: str | None
    body: str
    direction: str
    status: str
    created: datetime
    updated: datetime
    service: str | None = None
    callback: str = ""
    sent: datetime | None = None
    error_code: int | None = None
    send_at: datetime | None = None
    row: Row | None = None

    @property
    def uri(self) -> str:
        return f"/{API_VERSION}/Accounts/{self.account}/Messages/{self.sid}.json"

    @property
    def listed_at(self) -> datetime:
        """The time that ``DateSent`` filters look at: until it is sent, when it was created."""
        return self.sent or self.created

    def move(self, status: str, at: datetime, error_code: int | None = None) -> None:
        """Note a new status, in the ledger too."""
        self.status = status
        self.updated = at
        self.error_code = error_code
        if status == "sent":
            self.sent = at
        if self.row is not None:
            self.row.status = status
            self.row.error_code = error_code

    def as_json(self) -> dict[str, Any]:
        """Every field of the resource, with Twilio's own types: counts and prices are strings."""
        waiting = self.status in ("accepted", "scheduled")
        segments = count_segments(self.body)
        priced = self.status in ("delivered", "undelivered", "sent", "received")
        return {
            "body": self.body,
            "num_segments": "0" if waiting else str(segments),
            "direction": self.direction,
            "from": self.sender,
            "date_updated": rfc2822(self.updated),
            "price": f"-{0.0083 * segments:.5f}" if priced else None,
            "error_message": ERROR_TEXT.get(self.error_code) if self.error_code else None,
            "uri": self.uri,
            "account_sid": self.account,
            "num_media": "0",
            "to": self.to,
            "date_created": rfc2822(self.created),
            "status": self.status,
            "sid": self.sid,
            "date_sent": rfc2822(self.sent) if self.sent else None,
            "messaging_service_sid": self.service,
            "error_code": self.error_code,
            "price_unit": "USD",
            "api_version": API_VERSION,
            "subresource_uris": {"media": f"/{API_VERSION}/Accounts/{self.account}/Messages/{self.sid}/Media.json"},
        }


def rfc2822(at: datetime) -> str:
    """A time as Twilio writes it: ``Mon, 23 Nov 2026 16:00:00 +0000``."""
    return _rfc2822_second(at.replace(microsecond=0))


@lru_cache(maxsize=256)
def _rfc2822_second(at: datetime) -> str:
    return format_datetime(at)


@dataclass(frozen=True, slots=True)
class Sought:
    """What a list request asks for; dates are whole UTC days, times are to the second, bounds are included."""

    to: str = ""
    sender: str = ""
    on: date | datetime | None = None
    since: date | datetime | None = None
    until: date | datetime | None = None
    sent_only: bool = False

    def admits(self, message: Message) -> bool:
        if (self.sender and message.sender != self.sender) or (self.to and message.to != self.to):
            return False
        if self.on is self.since is self.until is None:
            return True
        if self.sent_only and message.sent is None:
            return False
        at = message.listed_at.replace(microsecond=0)
        return (
            (self.on is None or _like(at, self.on) == self.on)
            and (self.since is None or at >= _instant(self.since, at))
            and (self.until is None or at <= _instant(self.until, at))
        )


def _like(at: datetime, bound: date | datetime) -> date | datetime:
    return at if isinstance(bound, datetime) else at.date()


def _instant(bound: date | datetime, at: datetime) -> datetime:
    """A bare date in a bound is its first moment (Twilio: "midnight on a date")."""
    return bound if isinstance(bound, datetime) else datetime(bound.year, bound.month, bound.day, tzinfo=at.tzinfo)


@dataclass
class Messages:
    """All Message resources, in order of arrival."""

    by_sid: dict[str, Message] = field(default_factory=dict)
    _in_order: list[Message] = field(default_factory=list)
    _by_to: dict[str, list[Message]] = field(default_factory=dict)

    def add(self, message: Message) -> None:
        self.by_sid[message.sid] = message
        self._in_order.append(message)
        self._by_to.setdefault(message.to, []).append(message)

    def next_number(self) -> int:
        """The number of the next message, from 1; deleted ones keep theirs."""
        return self._in_order[-1].n + 1 if self._in_order else 1

    def forget(self) -> None:
        """Forget every message."""
        self.by_sid.clear()
        self._in_order.clear()
        self._by_to.clear()

    def delete(self, message: Message) -> None:
        """Take a message out of the API; its line in the ledger stays."""
        del self.by_sid[message.sid]

    def newest_first(self, sought: Sought, below: int | None) -> Iterator[Message]:
        """Matching messages numbered below ``below`` (or all), newest first."""
        among = self._by_to.get(sought.to, []) if sought.to else self._in_order
        stop = len(among) if below is None else bisect_left(among, below, key=lambda message: message.n)
        for at in range(stop - 1, -1, -1):
            if among[at].sid in self.by_sid and sought.admits(among[at]):
                yield among[at]

    def oldest_first(self, sought: Sought, above: int) -> Iterator[Message]:
        """Matching messages numbered above ``above``, oldest first."""
        among = self._by_to.get(sought.to, []) if sought.to else self._in_order
        for at in range(bisect_left(among, above + 1, key=lambda message: message.n), len(among)):
            if among[at].sid in self.by_sid and sought.admits(among[at]):
                yield among[at]
