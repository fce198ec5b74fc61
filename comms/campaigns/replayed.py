"""What a replay comes to: the draft beside what was really sent, counted; and how a person reads it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from .costing import dollars
from .policies.wording import on_day
from .telling import CHANNELS
from .tracing import wrapped

WIDTH = 110

PAID_WITHIN = 30
"""Days after a contact within which a payment is looked for."""
NOT_CAUSED = (
    "Payments are those that really came. They were made after what was really sent, so these days are observed and "
    "not caused: they do not say how fast anybody would have paid under the draft."
)


@dataclass
class Paid:
    """What was paid after contacts: how many after so many days, and how many not within ``PAID_WITHIN``."""

    after: Counter[int] = field(default_factory=Counter)
    not_yet: int = 0

    def add(self, days: int | None) -> None:
        """A contact that a payment followed so many days later, or none."""
        if days is None or days > PAID_WITHIN:
            self.not_yet += 1
        else:
            self.after[days] += 1

    @property
    def share(self) -> float | None:
        """Of the contacts, how many were followed by a payment; None without any contact."""
        total = self.after.total() + self.not_yet
        return self.after.total() / total if total else None

    @property
    def median(self) -> int | None:
        """Days to the payment, of those that were followed by one."""
        half, seen = (self.after.total() + 1) // 2, 0
        for days in sorted(self.after):
            seen += self.after[days]
            if seen >= half:
                return days
        return None

    def as_json(self) -> dict[str, Any]:
        return {"median_days": self.median, "share": self.share, "contacts": self.after.total() + self.not_yet}


@dataclass
class Side:
    """One of the two that are compared; what was really sent is that to accounts which would have come in, and whatever
    the policy in use sent. ``households`` counts households by how often they were written to,
    ``busiest_week`` is the most that one of them heard in seven days."""

    contacts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By step and channel."""
    cost_micros: int = 0
    accounts: int = 0
    households: Counter[int] = field(default_factory=Counter)
    busiest_week: int = 0
    paid: dict[str, Paid] = field(default_factory=dict)
    """By step."""

    def add(self, step: str, channel: str, micros: int) -> None:
        self.contacts[step, channel] += 1
        self.cost_micros += micros

    def heard(self, days: Sequence[date]) -> None:
        """The contacts of one household, on these days."""
        self.households[len(days)] += 1
        ordered = sorted(days)
        for at, day in enumerate(ordered):
            week = sum(1 for other in ordered[at:] if (other - day).days < 7)
            self.busiest_week = max(self.busiest_week, week)

    def as_json(self) -> dict[str, Any]:
        return {
            "contacts": [
                {"step": step, "channel": channel, "contacts": count}
                for (step, channel), count in sorted(self.contacts.items())
            ],
            "cost_micros": self.cost_micros, "accounts": self.accounts,
            "households_by_contacts": {str(count): many for count, many in sorted(self.households.items())},
            "most_contacts_of_a_household_in_7_days": self.busiest_week,
            "days_to_payment_observed_not_caused": {step: paid.as_json() for step, paid in sorted(self.paid.items())},
        }  # fmt: skip


@dataclass
class Replay:
    """A draft over the days from ``first`` to ``last``. ``names`` are the steps' names by id."""

    policy: str
    version: int
    title: str
    names: Mapping[str, str]
    first: date
    last: date
    rulebook: str
    owing: int = 0
    """Accounts that owed enough to come in, on some day."""
    looked_at: int = 0
    taken_in: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    draft: Side = field(default_factory=Side)
    really: Side = field(default_factory=Side)
    protected: Counter[str] = field(default_factory=Counter)
    """Accounts by the rule that stood against a step that was due, on one day or more."""
    shielded: int = 0
    """Accounts that were protected and that the draft never wrote to."""
    shielded_but_written: int = 0
    """Those of them that were really written to."""
    written: Counter[str] = field(default_factory=Counter)
    """Of the accounts taken in: ``both``, ``draft`` only, ``really`` only, ``neither``."""
    begins: date | None = None
    """The first day of which debts are kept."""
    services_not_known: int = 0

    def as_json(self) -> dict[str, Any]:
        """Plain values; money in millionths of a dollar."""
        return {
            "policy": self.policy, "version": self.version, "from": self.first.isoformat(),
            "to": self.last.isoformat(), "rulebook": self.rulebook, "accounts_owing": self.owing,
            "accounts_looked_at": self.looked_at, "accounts_taken_in": self.taken_in, "ended": dict(self.ended),
            "actions": dict(self.actions), "draft": self.draft.as_json(), "really": self.really.as_json(),
            "protected_accounts": dict(self.protected), "shielded": self.shielded,
            "shielded_but_really_written_to": self.shielded_but_written, "written_to": dict(self.written),
            "notes": list(self.notes()),
        }  # fmt: skip

    def lines(self) -> list[str]:
        """For a person who decides on the draft."""
        span = f"{on_day(self.first)} to {on_day(self.last)}"
        told = [
            f"{self.title} ({self.policy}, version {self.version}), replayed over {span}. Nothing was sent.",
            f"{self.looked_at:,} accounts looked at, of {self.owing:,} that owed enough on some day; "
            f"{self.taken_in:,} would have come in.",
        ]
        for title, lines in self._sections():
            if lines:
                told += ["", title, *(f"  {line}" for line in lines)]
        return [part for line in told for part in (wrapped(line, WIDTH) if len(line) > WIDTH else [line])]

    def _sections(self) -> Iterator[tuple[str, list[str]]]:
        yield f"{'Contacts':<46}{'draft':>10}{'really':>10}", list(self._contacts())
        yield (
            "Acts outside that would have become possible, each waiting for an approved list",
            [f"{self._named(step):<44}{count:>10,}" for step, count in sorted(self.actions.items())],
        )
        yield (
            "Accounts protected while a step was due, by rule",
            [f"{rule:<44}{count:>10,}" for rule, count in self.protected.most_common()]
            + ([self._shielded()] if self.shielded else []),
        )
        yield "Accounts that would have come in", list(self._written())
        yield f"Days from a contact to a payment within {PAID_WITHIN} days (observed, not caused)", list(self._paid())
        yield "To know", list(self.notes())

    def _contacts(self) -> Iterator[str]:
        def row(words: str, draft: str, really: str) -> str:
            return f"{words:<44}{draft:>10}{really:>10}"

        for step, channel in sorted(self.draft.contacts.keys() | self.really.contacts.keys(), key=self._place):
            counts = (f"{side.contacts[step, channel]:,}" for side in (self.draft, self.really))
            yield row(f"{self._named(step)}, {CHANNELS[channel]}", *counts)
        yield row("all", f"{self.draft.contacts.total():,}", f"{self.really.contacts.total():,}")
        yield row("cost", dollars(self.draft.cost_micros), dollars(self.really.cost_micros))
        yield row("accounts written to", f"{self.draft.accounts:,}", f"{self.really.accounts:,}")
        for count in sorted(self.draft.households.keys() | self.really.households.keys()):
            many = (f"{side.households[count]:,}" for side in (self.draft, self.really))
            yield row(f"households with {count} contact{'s' if count > 1 else ''}", *many)
        yield row("most for one household in 7 days", *(str(each.busiest_week) for each in (self.draft, self.really)))

    def _place(self, key: tuple[str, str]) -> tuple[int, str, str]:
        order = list(self.names)
        return order.index(key[0]) if key[0] in order else len(order), *key

    def _named(self, step: str) -> str:
        return self.names.get(step, step)

    def _shielded(self) -> str:
        written = f"; {self.shielded_but_written:,} of them really were written to" if self.shielded_but_written else ""
        return f"{self.shielded:,} protected accounts would never have been written to{written}."

    def _written(self) -> Iterator[str]:
        words = {
            "both": "written to by the draft and really", "draft": "only by the draft", "really": "only really",
            "neither": "by neither",
        }  # fmt: skip
        for key, said in words.items():
            yield f"{said:<44}{self.written[key]:>10,}"
        for reason, count in self.ended.most_common():
            yield f"{f'ended: {reason}':<44}{count:>10,}"

    def _paid(self) -> Iterator[str]:
        for name, side in (("draft", self.draft), ("really", self.really)):
            for step, paid in side.paid.items():
                if paid.share is not None:
                    median = "none" if paid.median is None else f"median {paid.median} days"
                    yield f"{f'{name}: {self._named(step)}':<44}{median:>16}{paid.share:>8.0%} of contacts"

    def notes(self) -> Iterator[str]:
        """What to bear in mind when the figures are read."""
        yield NOT_CAUSED
        yield (
            "Addresses, class, language and returned mail are as they are now; a text or an email is taken to arrive, "
            "a letter to be mailed two business days later. Every account starts without an episode on the first day."
        )
        yield f"The rules are those of today's files (digest {self.rulebook[:12]}), each on the days it is in effect."
        if self.looked_at < self.owing:
            yield f"A sample: {self.looked_at / self.owing:.1%} of the accounts. What was really sent is theirs too."
        if self.begins is None:
            yield "No debts are kept yet: each account is taken at today's balance, from the day of its last file."
        elif self.begins > self.first:
            yield f"Debts are kept from {on_day(self.begins)} on; before that day nobody owes anything here."
        if self.services_not_known:
            yield (
                f"Of {self.services_not_known:,} accounts it is not known which service was past due then, so the "
                "rules protect them from acts outside, and conditions on services do not let them in."
            )
