"""What the carriers accepted and refused: the truth that tests and the demonstration compare the service with."""

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

CARRIERS = ("twilio", "sendgrid")


@dataclass(slots=True)
class Row:
    """One accepted message (for email: one recipient of one accepted request)."""

    n: int
    carrier: str
    id: str
    to: str
    sender: str
    body: str
    subject: str
    custom_args: dict[str, str]
    accepted_at: datetime
    status: str
    callback: str = ""
    error_code: int | None = None
    answered: bool = True

    def as_json(self) -> dict[str, Any]:
        """The row as the control API shows it; ``answered`` is false where the connection was dropped."""
        return {
            "n": self.n,
            "carrier": self.carrier,
            "id": self.id,
            "to": self.to,
            "from": self.sender,
            "body": self.body,
            "subject": self.subject,
            "custom_args": self.custom_args,
            "accepted_at": self.accepted_at.isoformat(),
            "status": self.status,
            "callback": self.callback,
            "error_code": self.error_code,
            "answered": self.answered,
        }


@dataclass(frozen=True, slots=True)
class Told:
    """A consent that the account told its carrier."""

    phone: str
    status: str
    source: str
    sender: str
    at: datetime

    def as_json(self) -> dict[str, str]:
        return {
            "phone": self.phone,
            "status": self.status,
            "source": self.source,
            "sender": self.sender,
            "at": self.at.isoformat(),
        }


@dataclass
class Ledger:
    """Rows in order of arrival, numbered from 1 over all carriers, and counts of everything else that happened."""

    rows: list[Row] = field(default_factory=list)
    refused: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in CARRIERS})
    webhooks: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    consents: list[Told] = field(default_factory=list)

    def accept(
        self,
        carrier: str,
        id: str,
        *,
        to: str,
        sender: str,
        body: str,
        at: datetime,
        status: str,
        subject: str = "",
        custom_args: dict[str, str] | None = None,
        callback: str = "",
    ) -> Row:
        """Write down one accepted message."""
        n = len(self.rows) + 1
        row = Row(n, carrier, id, to, sender, body, subject, custom_args or {}, at, status, callback)
        self.rows.append(row)
        return row

    def forget(self) -> None:
        """Start again from nothing."""
        self.rows.clear()
        self.consents.clear()
        for counts in (*self.refused.values(), self.webhooks, self.requests):
            counts.clear()

    def page(self, carrier: str | None, after: int, limit: int) -> list[Row]:
        """At most ``limit`` rows numbered above ``after``, of one carrier or of all."""
        found: list[Row] = []
        for row in self.rows[bisect_right(self.rows, after, key=lambda row: row.n) :]:
            if carrier is None or row.carrier == carrier:
                found.append(row)
                if len(found) == limit:
                    break
        return found

    def summary(self) -> dict[str, Any]:
        """Counts by carrier: accepted, by status, left unanswered, refused by code; and of webhooks by outcome."""
        report: dict[str, Any] = {}
        for carrier in CARRIERS:
            mine = [row for row in self.rows if row.carrier == carrier]
            report[carrier] = {
                "requests": self.requests[carrier],
                "accepted": len(mine),
                "unanswered": sum(not row.answered for row in mine),
                "refused": dict(sorted(self.refused[carrier].items())),
                "status": dict(sorted(Counter(row.status for row in mine).items())),
            }
        names = ("sent", "failed", "retried", "duplicated", "reordered", "withheld", "overflowed")
        report["webhooks"] = {name: self.webhooks[name] for name in names}
        return report
