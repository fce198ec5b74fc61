"""One row of an accounts file, read: the account's facts, its contact points and its flags."""

import hashlib
import marshal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from comms.accounts.folding import fold_address, fold_name, fold_number
from comms.city import City

from . import names, parsers, points, postal
from .mapping import Column, Mapping
from .summary import RefusedRowError


class Point(NamedTuple):
    """A contact point as the file has it."""

    kind: str
    label: str
    rank: int
    raw: str
    value: str | None
    reason: str | None


class AccountRow(NamedTuple):
    """A row that can be taken. ``columns`` are those of the ``account`` table that the file tells."""

    line: int
    number: str
    digest: str
    columns: dict[str, Any]
    points: tuple[Point, ...]
    holds: dict[str, tuple[str, str]]
    """Kind and note of each hold, by its source: ``{"cis:MED": ("medical", "…")}``."""
    past_due_cents: int
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Step:
    at: int
    header: str
    to: str
    read: Callable[[str], Any]
    required: bool
    warns: bool


class AccountReader:
    """Reads rows by a mapping. ``header`` is the file's; ``as_of`` the date of its balances."""

    def __init__(self, mapping: Mapping, city: City, header: Sequence[str], as_of: date) -> None:
        self._mapping, self._city, self._as_of = mapping, city, as_of
        self._area_code = city.area_code if mapping.local_numbers == "complete" else None
        place = {name.casefold(): at for at, name in enumerate(header)}
        self._points: list[tuple[int, str, str, int]] = []
        self._flags_at: int | None = None
        self._steps: list[_Step] = []
        dates = parsers.dates(mapping.file.dates)
        for name, column in mapping.columns.items():
            at = place[name.casefold()]
            if column.read in ("phone", "email"):
                self._points.append((at, column.read, column.to.partition(".")[2], column.rank))
            elif column.read == "flags":
                self._flags_at = at
            else:
                read = self._parser(column, dates)
                self._steps.append(_Step(at, name, column.to, read, column.required, column.bad == "warn"))
        self._points.sort(key=lambda point: (point[1], point[3]))
        self._aging, self._services = mapping.group("aging"), mapping.group("service_past_due")
        due_from = ["past_due"] if "past_due" in mapping.header_of else self._aging
        self._due_steps = [step for step in self._steps if step.to in due_from]
        self._number_at = place[mapping.header_of["number"].casefold()]

    def _parser(self, column: Column, dates: Callable[[str], date | None]) -> Callable[[str], Any]:
        if column.read == "key":
            return parsers.key(self._mapping.file.number, self._mapping.file.number_example)
        if column.read == "code":
            return parsers.code(self._mapping.codes[column.to])
        if column.read == "days_past_due":
            return parsers.days_before(self._as_of)
        readers: dict[str, Callable[[str], Any]] = {"money": parsers.money, "date": dates, "text": parsers.text}
        return readers[column.read]

    def number_in(self, cells: Sequence[str]) -> str | None:
        """The account number of a row, even of one that is refused for something else."""
        return cells[self._number_at].strip() or None if len(cells) > self._number_at else None

    def past_due_in(self, cells: Sequence[str]) -> int | None:
        """The past due of a row, even of one that is refused for something else; None when it cannot be read."""
        try:
            found = [step.read(cells[step.at]) for step in self._due_steps]
        except (IndexError, parsers.UnreadableCellError):
            return None
        return None if None in found else sum(found)

    def read(self, line: int, cells: Sequence[str]) -> AccountRow:
        """Read a row with as many cells as the header. Raises ``RefusedRowError`` with all that is wrong with it."""
        found: dict[str, Any] = {}
        wrong: list[str] = []
        warnings: list[str] = []
        for step in self._steps:
            value = None
            try:
                value = step.read(cells[step.at])
                if value is None and step.required:
                    wrong.append(f"{step.header} is empty")
            except parsers.UnreadableCellError as error:
                (warnings if step.warns else wrong).append(f"{step.header}: {error}")
            found[step.to] = value
        if wrong:
            raise RefusedRowError("; ".join(wrong))
        flags, holds = self._flags(cells, warnings)
        columns = self._columns(found, flags)
        self._compare(columns, warnings)
        read = self._contact_points(cells)
        return AccountRow(
            line, columns["number"], _digest(columns, read, holds), columns, read, holds, columns["past_due_cents"],
            tuple(warnings),
        )  # fmt: skip

    def _columns(self, found: dict[str, Any], flags: list[str]) -> dict[str, Any]:
        given = found.get
        address = postal.mailing(
            given("mail.line1") or "", given("mail.line2") or "", given("mail.city") or "", given("mail.state") or "",
            given("mail.zip") or "",
        )  # fmt: skip
        street, postcode = found["service_address"], given("service_zip") or ""
        aging = {name.partition(".")[2]: found[name] or 0 for name in self._aging}
        past_due = found["past_due"] if "past_due" in found else sum(aging.values())
        heat = given("affects_heat")
        elsewhere = address["line1"] if address["line1"] != street else ""
        return {
            "number": found["number"],
            "search_number": fold_number(found["number"]),
            "customer_number": given("customer_number"),
            "name": names.addressed(found["name"], person=found["service_class"] == "residential"),
            "name_as_given": found["name"],
            "search_name": fold_name(found["name"]),
            "service_address": street,
            "service_city": given("service_city") or self._city.office.city,
            "service_zip": postcode,
            "mailing_address": address,
            "search_address": fold_address(f"{street} {postcode} {elsewhere}"),
            "household": postal.household(address, street, postcode),
            "language": given("language") or "en",
            "status": found["status"],
            "service_class": found["service_class"],
            "occupancy": given("occupancy") or "tenant",
            "affects_heat": None if heat is None else heat == "yes",
            "current_cents": found["current"],
            "past_due_cents": past_due or 0,
            "service_past_due": {name.partition(".")[2]: found[name] or 0 for name in self._services},
            "aging": aging,
            "oldest_due_on": found["oldest_due_on"],
            "last_payment_on": given("last_payment_on"),
            "last_payment_cents": given("last_payment"),
            "deposit_cents": given("deposit") or 0,
            "route": given("route"),
            "flags": flags,
        }

    def _compare(self, columns: dict[str, Any], warnings: list[str]) -> None:
        past_due = columns["past_due_cents"]
        services, aging = columns["service_past_due"], columns["aging"]
        if services and sum(services.values()) != past_due:
            warnings.append(
                f"The services add up to {sum(services.values()) / 100:,.2f}, the past due is {past_due / 100:,.2f}"
            )
        if aging and sum(aging.values()) != past_due:
            warnings.append(f"The ages add up to {sum(aging.values()) / 100:,.2f}, not to the past due")
        due = columns["oldest_due_on"]
        if past_due > 0 and due is None:
            warnings.append("Something is past due, but not since when")
        elif due is not None and due > self._as_of:
            warnings.append(f"The oldest due date, {due}, is after the day of the file")

    def _flags(self, cells: Sequence[str], warnings: list[str]) -> tuple[list[str], dict[str, tuple[str, str]]]:
        """The meanings of the flags, and the holds they ask for. An unknown flag may protect somebody: it holds."""
        given = cells[self._flags_at].strip() if self._flags_at is not None else ""
        if not given or self._mapping.flags is None:
            return [], {}
        for mark in self._mapping.flags.separators:
            given = given.replace(mark, " ")
        meanings: list[str] = []
        holds: dict[str, tuple[str, str]] = {}
        for name in dict.fromkeys(given.upper().split()):
            flag = self._mapping.flags.known.get(name)
            if flag is None:
                warnings.append(f"The flag {name[:20]} is not in the mapping; the account is held until it is")
                holds[f"cis:{name[:20]}"] = ("office", f"Unknown flag {name[:20]} in the CIS; add it to the mapping")
                meanings.append(f"unknown:{name[:20]}")
                continue
            meanings.append(flag.hold or flag.mark or "")
            if flag.hold is not None:
                holds[f"cis:{name}"] = (flag.hold, flag.note)
        return meanings, holds

    def _contact_points(self, cells: Sequence[str]) -> tuple[Point, ...]:
        found: dict[tuple[str, str], Point] = {}
        for at, kind, label, rank in self._points:
            cell = cells[at]
            if not cell:
                continue
            raw = " ".join(cell.split())[: parsers.LONGEST_TEXT]
            if not raw.isprintable():
                raw = "".join(letter for letter in raw if letter.isprintable())
            read = points.phone(raw, self._area_code) if kind == "phone" else points.email(raw)
            if read is not None and (kind, raw) not in found:
                found[kind, raw] = Point(kind, label, rank, raw, read.value, read.reason)
        return tuple(found.values())


def _digest(columns: dict[str, Any], points: tuple[Point, ...], holds: dict[str, tuple[str, str]]) -> str:
    """A digest of the facts, not of the cells: ``$0.00`` for ``0.00`` is no change. (Version 2 of marshal writes equal
    values alike, and is the fastest way to bytes here.)"""
    values = [value.toordinal() if type(value) is date else value for value in columns.values()]
    packed = marshal.dumps((values, [tuple(point) for point in points], holds), 2)
    return hashlib.blake2b(packed, digest_size=16).hexdigest()
