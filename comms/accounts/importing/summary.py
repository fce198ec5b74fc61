"""What an import did, with the totals that must balance, for a person and for a program."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Literal

SHOWN = 100
"""Refusals and warnings that a summary holds; all refusals are in the database and in the refusals file."""

Progress = Callable[[Literal["reading", "keeping"], int, int], None]
"""Called now and then with the phase, how much is done, and of how much (bytes when reading, rows when keeping)."""


class RefusedRowError(ValueError):
    """A row that cannot be taken; the message says why."""


class StoppedError(Exception):
    """A file that is not taken in. ``may_accept``: a person who looked at it may say to go on."""

    def __init__(self, reason: str, next_step: str, *, may_accept: bool = False) -> None:
        super().__init__(f"{reason} {next_step}")
        self.reason, self.next_step, self.may_accept = reason, next_step, may_accept


@dataclass(frozen=True)
class Remark:
    """Something about one row: a refusal or a warning. ``line`` counts from 1, the header included."""

    line: int
    text: str


@dataclass
class Kept:
    """What one transaction kept, for the tally once it is committed."""

    touched: set[int] = field(default_factory=set)
    events: Counter[str] = field(default_factory=Counter)
    warned: list[Remark] = field(default_factory=list)
    left: int = 0


@dataclass
class Tally:
    """The counts of an import under way. Money in cents: past due for accounts, amounts for payments."""

    rows: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    left: int = 0
    cents_in: int = 0
    cents_taken: int = 0
    cents_refused: int = 0
    unreadable: int = 0
    warnings: int = 0
    events: Counter[str] = field(default_factory=Counter)
    refusals: list[Remark] = field(default_factory=list)
    warned: list[Remark] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)

    def warn(self, line: int, text: str) -> None:
        self.warnings += 1
        if len(self.warned) < SHOWN:
            self.warned.append(Remark(line, text))

    def absorb(self, kept: Kept) -> None:
        self.touched |= kept.touched
        self.events += kept.events
        self.left += kept.left
        for remark in kept.warned:
            self.warn(remark.line, remark.text)

    def refuse(self, line: int, reason: str, cents: int | None) -> None:
        self.refused += 1
        if len(self.refusals) < SHOWN:
            self.refusals.append(Remark(line, reason))
        if cents is None:
            self.unreadable += 1
        else:
            self.cents_refused += cents


@dataclass(frozen=True)
class ImportSummary:
    """The end of an import.

    ``rows = taken + refused`` and ``cents_in = cents_taken + cents_refused``; ``unreadable`` counts the refused rows
    whose amount could not be read and is in neither. ``state`` is ``done``, or ``stopped`` with ``reason`` and
    ``next_step``; then nothing was kept. ``touched`` are the ids of the accounts whose facts changed.
    """

    kind: Literal["accounts", "payments"]
    file: str
    state: Literal["done", "stopped"]
    import_id: int | None = None
    reason: str = ""
    next_step: str = ""
    may_accept: bool = False
    repeat: bool = False
    """The same file was taken in before; nothing was written."""
    as_of: date | None = None
    covers_until: date | None = None
    encoding: str = ""
    rows: int = 0
    taken: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    left: int = 0
    """Accounts of the last file that this one no longer has."""
    cents_in: int = 0
    cents_taken: int = 0
    cents_refused: int = 0
    unreadable: int = 0
    warnings: int = 0
    events: dict[str, int] = field(default_factory=dict)
    """What was added to the history, by kind."""
    refusals: tuple[Remark, ...] = ()
    warned: tuple[Remark, ...] = ()
    refusals_file: str | None = None
    touched: frozenset[int] = frozenset()

    @property
    def balances(self) -> bool:
        """Whether the rows and the money add up."""
        rows = self.rows == self.taken + self.refused and self.taken == self.new + self.changed + self.unchanged
        return rows and self.cents_in == self.cents_taken + self.cents_refused

    def totals(self) -> dict[str, Any]:
        """The counts, as the import's row in the database keeps them."""
        names = (
            "rows", "taken", "new", "changed", "unchanged", "refused", "left", "cents_in", "cents_taken",
            "cents_refused", "unreadable", "warnings", "events", "encoding", "reason", "next_step",
        )  # fmt: skip
        kept = {name: getattr(self, name) for name in names}
        return kept | {"warned": [asdict(remark) for remark in self.warned]}

    def as_json(self) -> dict[str, Any]:
        """Everything, in JSON values; ``touched`` as a count."""
        given = asdict(self) | {"touched": len(self.touched), "balances": self.balances}
        for name in ("as_of", "covers_until"):
            given[name] = given[name].isoformat() if given[name] else None
        return given
