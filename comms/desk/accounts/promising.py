"""Taking a promise at the desk: what a clerk may take without asking, the days and amounts that are asked for most, and
what stood in the form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy.orm import Session

from comms.accounts import Account
from comms.accounts.sheets import SheetError, cents, day
from comms.city import City
from comms.clock import Clock
from comms.desk.frame import formats
from comms.money import figures
from comms.promises import Part, broken_before, load_policy, open_before, owed
from comms.worklist import Task

CATEGORY = "staff"
SOURCES = {"phone": "On the phone", "counter": "At the counter", "sms": "By text", "email": "By email",
           "letter": "By letter", "web": "On the web page"}  # fmt: skip
IN_WRITING = {"first": "Yes, the first way that may be used", "sms": "By text", "email": "By email",
              "letter": "By letter", "no": "No"}  # fmt: skip
CHANNELS: dict[str, tuple[str, ...]] = {
    "first": ("sms", "email", "letter"), "sms": ("sms",), "email": ("email",), "letter": ("letter",), "no": (),
}  # fmt: skip
LEAST_ROWS = 3
FRIDAY = 4


class FormError(ValueError):
    """Something in the form cannot be read; the message says what."""


@dataclass(frozen=True)
class Limits:
    """What may be taken without a supervisor, and what the account has behind it. Amounts are cents."""

    owed_cents: int
    most_cents: int
    least_cents: int
    latest: date
    parts: int
    broken: int
    broken_at_most: int
    open_elsewhere: int
    open_at_most: int
    within_days: int
    policy: str


@dataclass(frozen=True)
class Row:
    """One payment as it stands in the form."""

    amount: str = ""
    day: str = ""

    @classmethod
    def of(cls, part: Part) -> "Row":
        return cls(figures(part.amount_cents), part.due_on.isoformat())


@dataclass(frozen=True)
class Typed:
    """What stands in the form of a promise."""

    rows: Sequence[Row] = ()
    source: str = "phone"
    note: str = ""
    reason: str = ""
    in_writing: str = "first"

    def shown(self, most: int) -> list[Row]:
        """The rows to show: those that are filled, and empty ones to go on with."""
        count = max(len(self.rows), min(most, max(LEAST_ROWS, len(self.rows) + 1)))
        return [*self.rows, *[Row()] * (count - len(self.rows))]


@dataclass(frozen=True)
class Quick:
    """What a press of a button writes into a field."""

    label: str
    value: str


@dataclass(frozen=True)
class Choices:
    amounts: list[Quick] = field(default_factory=list)
    days: list[Quick] = field(default_factory=list)


def limits(session: Session, city: City, clock: Clock, account: Account, category: str = CATEGORY) -> Limits:
    """The office's limits for this account today."""
    policy = load_policy(city)
    at_most = policy.category(category)
    debt = owed(session, account)
    return Limits(
        owed_cents=debt,
        most_cents=debt + max(account.current_cents, 0),
        least_cents=at_most.minimum(debt),
        latest=city.local_date(clock.now()) + timedelta(at_most.horizon_days),
        parts=at_most.parts,
        broken=broken_before(session, account.id, city, clock, category),
        broken_at_most=at_most.broken,
        open_elsewhere=open_before(session, account),
        open_at_most=at_most.open_at_most,
        within_days=at_most.broken_within_days,
        policy=policy.version,
    )


def choices(city: City, known: Limits, today: date) -> Choices:
    """Half, all and the least; the next two Fridays, the end of the month and the last day that is allowed, each moved
    to a day on which the office is open."""
    if known.owed_cents <= 0:
        return Choices()
    amounts = {figures(known.owed_cents): "All", figures(-(-known.owed_cents // 2)): "Half"}
    amounts.setdefault(figures(known.least_cents), "Least")
    friday = today + timedelta((FRIDAY - today.weekday()) % 7 or 7)
    days: dict[date, str] = {}
    for wanted, label in (
        (friday, ""), (friday + timedelta(7), ""), (_month_end(today), "End of month"), (known.latest, "Latest"),
    ):  # fmt: skip
        open_day = _open_until(city, wanted)
        if today < open_day <= known.latest:
            days.setdefault(open_day, label)
    return Choices(
        [Quick(f"{label} {formats.money(_cents(value))}", value) for value, label in amounts.items()],
        [
            Quick(f"{label + ', ' if label else ''}{one:%a} {formats.day(one, today)}", one.isoformat())
            for one, label in sorted(days.items())
        ],
    )


def typed(form: Mapping[str, str]) -> Typed:
    """What came with the form."""
    rows = [
        Row(form.get(f"amount-{number}", "").strip()[:40], form.get(f"day-{number}", "").strip()[:20])
        for number in range(1, 21)
    ]
    while rows and rows[-1] == Row():
        rows.pop()
    source, writing = form.get("source", ""), form.get("in-writing", "")
    return Typed(
        rows=rows,
        source=source if source in SOURCES else "phone",
        note=" ".join(form.get("note", "").replace("\0", "").split())[:1000],
        reason=" ".join(form.get("reason", "").replace("\0", "").split())[:80],
        in_writing=writing if writing in IN_WRITING else "first",
    )


def parts(rows: Sequence[Row]) -> tuple[Part, ...]:
    """The payments of the form; rows left empty are left out. Raises ``FormError``."""
    read = []
    for number, row in enumerate(rows, 1):
        if row == Row():
            continue
        place = f"Payment {number}" if len(rows) > 1 else "The promise"
        try:
            amount, due_on = cents(row.amount, f"Amount {number}"), day(row.day, f"Day {number}")
        except SheetError as error:
            raise FormError(str(error)) from None
        if amount is None or due_on is None:
            raise FormError(f"{place} needs {'an amount' if amount is None else 'a day'}.")
        read.append(Part(due_on, amount))
    if not read:
        raise FormError("Write down how much the customer will pay, and by when.")
    return tuple(read)


def offered(task: Task | None) -> list[Row]:
    """What a reply offers, as the clerk's form begins with it: what was not understood is left open."""
    found = task.facts.get("instalments", []) if task is not None and task.kind == "reply" else []
    return [
        Row(
            figures(one["amount_cents"]) if isinstance(one.get("amount_cents"), int) else "",
            str(one.get("date") or "")[:10],
        )
        for one in found[:20]
        if isinstance(one, dict)
    ]


def _open_until(city: City, wanted: date) -> date:
    """The last day up to this one on which the office is open."""
    back = (wanted - timedelta(days) for days in range(14))
    return next((one for one in back if city.is_business_day(one)), wanted)


def _month_end(today: date) -> date:
    later = today.replace(day=28) + timedelta(4)
    return later.replace(day=1) - timedelta(1)


def _cents(value: str) -> int:
    return int(value.replace(".", ""))
