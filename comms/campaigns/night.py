"""What the engine looks at and what it answers: an account on one night, where it stands, and what is to be done.

Pure data. ``engine.judge`` turns them into an ``Outcome``; the planner fills them from the database with set-based
queries, ``why`` for one account, replay and golden cases from what is stored or written.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from comms.city import City
from comms.rules import Facts, Reason, Rulebook

OutcomeKind = Literal["contact", "action", "protected", "waiting", "outside"]


@dataclass(frozen=True, slots=True)
class Subject:
    """One account as policies see it. Cents; ``broken_promises`` are those of the last 365 days."""

    account_id: int
    number: str
    household: str
    customer_number: str | None
    language: str
    oldest_due_on: date | None
    facts_version: int
    facts: Facts
    broken_promises: int = 0
    returned_mail: bool = False
    """A letter to the mailing address on file came back."""
    copies: tuple[str, ...] = ()
    """Kinds of copy recipients on file: ``third_party``, ``landlord``."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One occurrence of a step that was decided.

    ``standing``: ``counts`` (since ``counts_at``), ``pending`` (under way, no news yet) or ``undone`` (failed on every
    channel, recalled before it left, returned by the post office), with ``why`` in words.
    """

    step: str
    occurrence: int
    decided_at: datetime
    standing: Literal["counts", "pending", "undone"]
    counts_at: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class PromiseEnd:
    """The last promise that ended within the episode: ``kept`` (also late or short), ``partial`` or ``broken``."""

    status: Literal["kept", "partial", "broken"]
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Position:
    """Where an account stands. Without an open episode ``episode_id`` is None and ``taken`` is empty.

    ``closed_at`` is when its last ended episode ended, also while another one is open; without an open one ``policy``
    is the policy of that episode. They are for the cool-down, and for where a new episode starts.
    """

    episode_id: int | None = None
    policy: str | None = None
    version: int | None = None
    arm: str | None = None
    opened_at: datetime | None = None
    taken: tuple[Taken, ...] = ()
    promise: PromiseEnd | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """One message to be written: on ``channel``, falling back to ``rest`` in order."""

    channel: str
    rest: tuple[str, ...] = ()
    required: bool = True
    until: datetime | None = None
    """Not before this instant (quiet hours)."""

    def as_json(self) -> dict[str, Any]:
        until = self.until.isoformat() if self.until else None
        return {"channel": self.channel, "rest": list(self.rest), "required": self.required, "until": until}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Send":
        until = datetime.fromisoformat(stored["until"]) if stored.get("until") else None
        return cls(stored["channel"], tuple(stored["rest"]), stored["required"], until)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to be done for one account tonight, and why.

    ``contact``: write ``sends``. ``action``: a field order or a referral becomes possible. ``protected``: a step is due
    and a rule stands against it. ``waiting``: no step is due. ``outside``: no policy takes the account, or it is past
    its end. ``rule`` is the reason that a report counts; ``next_on`` the next day something can happen.
    """

    kind: OutcomeKind
    rule: str
    reasons: tuple[Reason, ...] = ()
    policy: str | None = None
    version: int | None = None
    step: str | None = None
    occurrence: int | None = None
    sends: tuple[Send, ...] = ()
    next_on: date | None = None
    arm: str | None = None
    closes: str | None = None
    """The open episode ends, with this ``close_reason``."""
    opens: bool = False
    """A new episode begins."""

    @property
    def until(self) -> datetime | None:
        """When the first message may leave, where it must wait."""
        waits = [send.until for send in self.sends]
        return min((wait for wait in waits if wait), default=None) if all(waits) else None


@dataclass
class Contacts:
    """Who was written to lately: by household (mailbox), by customer number and by address (phone, email); a plan adds
    what it decides as it goes. Each contact has a key of its own, for many are made at one instant."""

    by_household: dict[str, dict[Hashable, datetime]] = field(default_factory=dict)
    by_customer: dict[str, dict[Hashable, datetime]] = field(default_factory=dict)
    by_address: dict[str, dict[Hashable, datetime]] = field(default_factory=dict)

    def of(self, household: str, customer_number: str | None, addresses: Collection[str]) -> Sequence[datetime]:
        """The instants of contacts that count for this account."""
        found = dict(self.by_household.get(household, {}))
        if customer_number:
            found |= self.by_customer.get(customer_number, {})
        for address in addresses:
            found |= self.by_address.get(address, {})
        return list(found.values())

    def add(
        self, household: str, customer_number: str | None, address: str | None, at: datetime, key: Hashable
    ) -> None:
        self.by_household.setdefault(household, {})[key] = at
        if customer_number:
            self.by_customer.setdefault(customer_number, {})[key] = at
        if address:
            self.by_address.setdefault(address, {})[key] = at


@dataclass(frozen=True)
class Night:
    """What all accounts of one night have in common.

    ``policies`` are the active versions in their declared order; ``frozen`` finds the version that a running episode
    keeps, by policy and version; ``purposes`` tells each notice's purpose.
    """

    city: City
    rulebook: Rulebook
    now: datetime
    today: date
    policies: Sequence[Any]
    frozen: Mapping[tuple[str, int], Any]
    purposes: Mapping[str, str]
    _days: dict[tuple[date, int], date] = field(default_factory=dict, repr=False, compare=False)

    def business_days_after(self, day: date, count: int) -> date:
        """``City.add_business_days``, worked out once a night for each day."""
        found = self._days.get((day, count))
        if found is None:
            found = self._days[(day, count)] = self.city.add_business_days(day, count)
        return found
