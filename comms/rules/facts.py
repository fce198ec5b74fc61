"""What the rules look at, what they are asked, and what they answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What may be done, from the least to the most protective."""

    ALLOW = "allow"
    DEFER = "defer"
    SUPPRESS = "suppress"


class Purpose(StrEnum):
    """Why we write."""

    INFORMATIONAL = "informational"
    DUNNING = "dunning"
    LEGAL = "legal"
    CONVERSATIONAL = "conversational"


class Action(StrEnum):
    """What is to be done: write, send somebody to disconnect, or hand the debt over (tax list, agency)."""

    NOTICE = "notice"
    DISCONNECT = "disconnect"
    REFER = "refer"


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that had a say: which, what it looked at, what it saw, what it wants, and where it comes from."""

    rule: str
    verdict: Verdict
    fact: str
    value: str
    citation: str

    def as_json(self) -> dict[str, str]:
        return {
            "rule": self.rule, "verdict": self.verdict, "fact": self.fact, "value": self.value,
            "citation": self.citation,
        }  # fmt: skip


def reasons_from_json(stored: Sequence[Mapping[str, Any]]) -> tuple[Reason, ...]:
    """Reasons as they were stored with a decision."""
    return tuple(Reason(r["rule"], Verdict(r["verdict"]), r["fact"], r["value"], r["citation"]) for r in stored)


@dataclass(frozen=True, slots=True)
class ActiveHold:
    """A hold as the rules see it; ``amount_cents`` None holds the whole debt."""

    kind: str
    ends_on: date | None
    amount_cents: int | None
    note: str


@dataclass(frozen=True, slots=True)
class Weather:
    """What the feed says for the account's county: the names of alerts in force, and when the feed was issued (None:
    never read)."""

    issued_at: datetime | None
    alerts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Facts:
    """What is known of one account. A fact that is None is not known, and the rule that needs it protects.

    ``recent_contacts`` are instants of contacts with the household (same phone, mailbox or customer), over all
    campaigns and manual messages. Money is in cents.
    """

    status: str
    past_due_cents: int
    paid_since_cents: int
    holds: Sequence[ActiveHold] = ()
    blocked_channels: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    unreachable: Mapping[str, str] = field(default_factory=dict)
    recent_contacts: Sequence[datetime] = ()
    service_class: str | None = None
    occupancy: str | None = None
    affects_heat: bool | None = None
    service_past_due: Mapping[str, int] | None = None
    service_zip: str | None = None
    weather: Weather | None = None

    @property
    def owed_cents(self) -> int:
        """Past due, without what came in since the balance was taken."""
        return self.past_due_cents - self.paid_since_cents

    @property
    def services_past_due(self) -> tuple[str, ...] | None:
        """The services with something past due; None when that is not known."""
        found = tuple(service for service, cents in (self.service_past_due or {}).items() if cents > 0)
        return found or None


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is asked of the rules: may this be done, on this channel, at this instant?

    ``day`` is the day of the act in the city when it is not the day of ``at`` (a disconnection planned for next week).
    ``announces`` is the disconnection date that a legal notice names. ``services`` are those the act is about; empty
    means all that are past due. ``channel`` is ``sms``, ``email``, ``letter``, or ``field`` for an act outside.
    """

    purpose: Purpose
    channel: str
    at: datetime
    action: Action = Action.NOTICE
    day: date | None = None
    announces: date | None = None
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict, until when it stands (defer), every reason, and on which day to look again where that is known."""

    verdict: Verdict
    until: datetime | None
    reasons: tuple[Reason, ...]
    next_on: date | None = None

    def as_json(self) -> list[dict[str, str]]:
        return [reason.as_json() for reason in self.reasons]
