"""The billing system of the demonstration: what a city's own would export on later days.

It starts from the sample exports that come with the city. Each morning it hands over the payments posted since the last
time, and the accounts as they stood the evening before: as in the sample, less what was paid since. All is in the
city's own form, read and written by its import mapping, so that the service takes it in as it would the real thing.
"""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

from comms.accounts.importing import load_mapping
from comms.accounts.importing.mapping import Mapping
from comms.accounts.importing.parsers import UnreadableCellError, money
from comms.accounts.importing.parsers import dates as dates_reader
from comms.city import City

Posting = tuple[str, date, int]
"""Account number, day, cents."""


class _Sheet:
    """A sample export, as cells, with the places of its columns by what they are."""

    def __init__(self, path: Path, mapping: Mapping) -> None:
        self.path, self.form = path, mapping.file
        self.encoding = next(name for name in self.form.encodings if _reads(path, name))
        lines = path.read_text(self.encoding).splitlines()
        self.header, *self.rows = list(csv.reader(lines, delimiter=self.form.delimiter))
        named = {name.casefold(): at for at, name in enumerate(self.header)}
        self.at = {column.to: named[name.casefold()] for name, column in mapping.columns.items()}
        self.kind = {column.to: column.read for column in mapping.columns.values()}

    def write(self, path: Path, rows: Sequence[Sequence[str]]) -> Path:
        """Rows under this sheet's header, in its form."""
        made = io.StringIO()
        csv.writer(made, delimiter=self.form.delimiter, lineterminator="\n").writerows([self.header, *rows])
        path.write_text(made.getvalue(), self.encoding)
        return path


class Billing:
    """The exports of one city, day by day, into ``folder``."""

    def __init__(self, city: City, accounts: Path, payments: Path, folder: Path) -> None:
        self._folder = folder / "exports"
        self._folder.mkdir(exist_ok=True)
        self._accounts = _Sheet(accounts, load_mapping(city, "accounts"))
        self._payments = _Sheet(payments, load_mapping(city, "payments"))
        self._codes = load_mapping(city, "payments").codes["kind"]
        self._posted = list(_readable(self._payments))
        self._handed_until: date | None = None
        self._unpaid: dict[str, date] = {}

    def payments(self) -> list[Posting]:
        """The customers' own payments of the sample, among them those that are still to come."""
        source = self._payments.at["source"]
        return [
            (cells[self._payments.at["number"]], on, cents)
            for on, cents, cells in self._posted
            if self._codes.get(cells[source]) == "payment"
        ]

    def post(self, postings: Sequence[Posting]) -> None:
        """Somebody pays, on a day after the sample's last."""
        form, at = self._payments.form.dates[0], self._payments.at
        source = next(code for code, kind in self._codes.items() if kind == "payment")
        for number, on, cents in postings:
            cells = [""] * len(self._payments.header)
            cells[at["number"]], cells[at["paid_on"]] = number, on.strftime(form)
            cells[at["amount"]], cells[at["source"]] = f"{cents / 100:.2f}", source
            cells[at["transaction_id"]] = f"T9{len(self._posted):05d}"
            self._posted.append((on, cents, cells))

    def leave_unpaid(self, numbers: Sequence[str], due: date) -> None:
        """These customers do not pay their current bill, which was due that day: afterwards it is past due."""
        self._unpaid |= dict.fromkeys(numbers, due)

    def paid_up(self, at_least: int) -> list[str]:
        """The customers of the sample who owe a current bill of ``at_least`` so many cents and nothing older."""
        sheet = self._accounts
        return [
            cells[sheet.at["number"]]
            for cells in sheet.rows
            if len(cells) == len(sheet.header) and _cents(cells[sheet.at["current"]]) >= at_least
            and not self._owed(cells)
        ]  # fmt: skip

    def payments_until(self, day: date) -> Path:
        """The file of the payments posted since the last such file, to ``day``."""
        after = self._handed_until
        rows = [cells for on, _, cells in self._posted if on <= day and (after is None or on > after)]
        first = after + timedelta(days=1) if after else min(on for on, _, _ in self._posted)
        self._handed_until = day
        name = f"payments-{first}_to_{day:%m-%d}" if self._payments.form.until else f"payments-{first:%Y%m%d}"
        return self._payments.write(self._folder / f"{name}{self._payments.path.suffix}", rows)

    def accounts_of(self, day: date) -> Path:
        """The accounts file of the evening of ``day``."""
        paid: Counter[str] = Counter()
        for on, cents, cells in self._posted:
            if on <= day:
                paid[cells[self._payments.at["number"]]] += cents
        sheet = self._accounts
        since = (day - self._day_of_sample()).days
        rows = [
            self._later(self._unpaid_since(cells, day), paid[cells[sheet.at["number"]]], since) for cells in sheet.rows
        ]
        return sheet.write(self._folder / f"accounts-{day:%Y-%m-%d}{sheet.path.suffix}", rows)

    def _day_of_sample(self) -> date:
        digits = "".join(letter for letter in self._accounts.path.stem if letter.isdigit())
        return date.fromisoformat(digits)

    def _unpaid_since(self, cells: list[str], day: date) -> list[str]:
        """A row whose current bill was left unpaid before ``day``: it is the youngest debt, all of it water."""
        sheet = self._accounts
        due = self._unpaid.get(cells[sheet.at["number"]]) if len(cells) == len(sheet.header) else None
        if due is None or due >= day:
            return cells
        later, current = list(cells), sheet.at["current"]
        later[self._places("past_due", "aging.")[-1]] = later[sheet.at["service_past_due.water"]] = later[current]
        later[current] = "0.00"
        ages = sheet.kind["oldest_due_on"] == "days_past_due"
        written = str((self._day_of_sample() - due).days) if ages else due.strftime(sheet.form.dates[0])
        later[sheet.at["oldest_due_on"]] = written
        return later

    def _later(self, cells: list[str], paid: int, days: int) -> list[str]:
        """A row some days on: its debt older, and less what was paid, the oldest first."""
        sheet = self._accounts
        if len(cells) != len(sheet.header):
            return cells
        later = list(cells)
        oldest = sheet.at["oldest_due_on"]
        ages = sheet.kind["oldest_due_on"] == "days_past_due"
        if ages and later[oldest].strip().lstrip("-").isdigit() and int(later[oldest]):
            later[oldest] = str(int(later[oldest]) + days)
        if paid <= 0:
            return later
        left = self._take_off(later, self._places("past_due", "aging."), paid)
        self._take_off(later, self._places("service_past_due."), paid)
        if self._owed(later) == 0:
            later[oldest] = "0" if ages else ""
        self._take_off(later, [sheet.at["current"]], left)
        return later

    def _places(self, *begins: str) -> list[int]:
        """The columns of a group, the oldest debt first."""
        return [at for to, at in reversed(self._accounts.at.items()) if to.startswith(begins)]

    def _owed(self, cells: Sequence[str]) -> int:
        return sum(_cents(cells[at]) for at in self._places("past_due", "aging."))

    @staticmethod
    def _take_off(cells: list[str], places: Sequence[int], cents: int) -> int:
        for at in places:
            taken = min(cents, max(0, _cents(cells[at])))
            if taken:
                cells[at] = f"{(_cents(cells[at]) - taken) / 100:.2f}"
                cents -= taken
        return cents


def _reads(path: Path, encoding: str) -> bool:
    try:
        path.read_text(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _readable(sheet: _Sheet) -> Iterator[tuple[date, int, list[str]]]:
    """The rows that the service will be able to read, each transaction once; the others only come with the whole."""
    read_day = dates_reader(sheet.form.dates)
    seen: dict[str, bool] = defaultdict(bool)
    for cells in sheet.rows:
        try:
            on, cents = read_day(cells[sheet.at["paid_on"]]), money(cells[sheet.at["amount"]])
        except (IndexError, UnreadableCellError):
            continue
        name = cells[sheet.at["transaction_id"]]
        if on is not None and cents and not seen[name]:
            seen[name] = True
            yield on, cents, list(cells)


def _cents(cell: str) -> int:
    try:
        return money(cell) or 0
    except UnreadableCellError:
        return 0
