"""One row of an accounts file, read: the account's facts, its contact points and its flags."""

import hashlib
import json
import marshal
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, NamedTuple

from comms.accounts.folding import fold_address, fold_name, fold_number
from comms.city import City

from . import names, parsers, points, postal
from .mapping import Column, Mapping
from .summary import RefusedRowError

Point = tuple[str, str, int, str, str | None, str | None]
"""A contact point as the file has it: kind, label, rank, raw, value, and the reason why there is no value. (A plain
tuple: it travels to disk and back as it is.)"""

COLUMNS = (
    "number", "search_number", "customer_number", "name", "name_as_given", "search_name", "service_address",
    "service_city", "service_zip", "mailing_address", "search_address", "household", "language", "status",
    "service_class", "occupancy", "affects_heat", "current_cents", "past_due_cents", "service_past_due", "aging",
    "oldest_due_on", "last_payment_on", "last_payment_cents", "deposit_cents", "route", "flags",
)  # fmt: skip
"""The columns of ``account`` that the file tells, in the order of ``AccountRow.values``."""

_NAME, _STATUS, _LANGUAGE = COLUMNS.index("name"), COLUMNS.index("status"), COLUMNS.index("language")
_MAILING = COLUMNS.index("mailing_address")


class ReadRow(NamedTuple):
    """A row that can be taken, as it is laid aside. ``facts`` are the values, points and holds, packed once for the
    digest and for the way to disk."""

    line: int
    number: str
    digest: str
    facts: bytes
    past_due_cents: int
    warnings: tuple[str, ...]
    flags: list[str]

    def packed(self) -> tuple[Any, ...]:
        """Plain values, to travel to disk."""
        return tuple(self)


class AccountRow(NamedTuple):
    """A row that is kept. ``values`` are those of ``COLUMNS``, as ``comms.db.bulk`` writes them."""

    number: str
    digest: str
    values: tuple[str | int | None, ...]
    points: list[Point]
    holds: dict[str, tuple[str, str]]
    """Kind and note of each hold, by its source: ``{"cis:MED": ("medical", "…")}``."""
    flags: list[str]

    @property
    def name(self) -> str:
        return str(self.values[_NAME])

    @property
    def status(self) -> str:
        return str(self.values[_STATUS])

    @property
    def language(self) -> str:
        return str(self.values[_LANGUAGE])

    @property
    def mailing_address(self) -> dict[str, str]:
        address: dict[str, str] = json.loads(str(self.values[_MAILING]))
        return address

    @classmethod
    def unpacked(cls, given: tuple[Any, ...]) -> "AccountRow":
        _, number, digest, facts, _, _, flags = given
        values, points, holds = marshal.loads(facts)  # noqa: S302 - we packed it ourselves
        return cls(number, digest, values, points, holds, flags)


class _Step(NamedTuple):
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
        self._aging = [(to.partition(".")[2], to) for to in mapping.group("aging")]
        self._services = [(to.partition(".")[2], to) for to in mapping.group("service_past_due")]
        self._services_json, self._aging_json = _template(self._services), _template(self._aging)
        due_from = ["past_due"] if "past_due" in mapping.header_of else mapping.group("aging")
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

    def read(self, line: int, cells: Sequence[str]) -> ReadRow:
        """Read a row with as many cells as the header. Raises ``RefusedRowError`` with all that is wrong with it."""
        found: dict[str, Any] = {}
        wrong: list[str] = []
        warnings: list[str] = []
        for at, header, to, read, required, warns in self._steps:
            try:
                value = read(cells[at])
                if required and value is None:
                    wrong.append(f"{header} is empty")
            except parsers.UnreadableCellError as error:
                value = None
                (warnings if warns else wrong).append(f"{header}: {error}")
            found[to] = value
        if wrong:
            raise RefusedRowError("; ".join(wrong))
        return self._row(line, found, cells, warnings)

    def _row(self, line: int, found: dict[str, Any], cells: Sequence[str], warnings: list[str]) -> ReadRow:
        given = found.get
        flags, holds = self._flags(cells, warnings)
        address = postal.mailing(
            given("mail.line1") or "", given("mail.line2") or "", given("mail.city") or "", given("mail.state") or "",
            given("mail.zip") or "",
        )  # fmt: skip
        number, street, postcode = found["number"], found["service_address"], given("service_zip") or ""
        aging = {name: found[to] or 0 for name, to in self._aging}
        services = {name: found[to] or 0 for name, to in self._services}
        past_due = (found["past_due"] if "past_due" in found else sum(aging.values())) or 0
        due, heat, last_paid = found["oldest_due_on"], given("affects_heat"), given("last_payment_on")
        elsewhere = address["line1"] if address["line1"] != street else ""
        name = names.addressed(found["name"], person=found["service_class"] == "residential")
        language = given("language") or "en"
        values = (
            number, fold_number(number), given("customer_number"), name, found["name"], fold_name(found["name"]),
            street, given("service_city") or self._city.office.city, postcode, _mail_json(address),
            f"{fold_address(street)} {postcode} {fold_address(elsewhere)}".rstrip(),
            postal.household(address, street, postcode), language,
            found["status"], found["service_class"], given("occupancy") or "tenant",
            None if heat is None else heat == "yes", found["current"], past_due,
            self._services_json % tuple(services.values()), self._aging_json % tuple(aging.values()),
            due and due.isoformat(), last_paid and last_paid.isoformat(), given("last_payment"),
            given("deposit") or 0, given("route"), json.dumps(flags) if flags else "[]",
        )  # fmt: skip
        self._compare(past_due, services, aging, due, warnings)
        read = self._contact_points(cells)
        facts = marshal.dumps((values, read, holds), 2)
        return ReadRow(line, number, _digest(facts), facts, past_due, tuple(warnings), flags)

    def _compare(
        self, past_due: int, services: dict[str, int], aging: dict[str, int], due: date | None, warnings: list[str]
    ) -> None:
        if services and sum(services.values()) != past_due:
            warnings.append(
                f"The services add up to {sum(services.values()) / 100:,.2f}, the past due is {past_due / 100:,.2f}"
            )
        if aging and sum(aging.values()) != past_due:
            warnings.append(f"The ages add up to {sum(aging.values()) / 100:,.2f}, not to the past due")
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

    def _contact_points(self, cells: Sequence[str]) -> list[Point]:
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
                found[kind, raw] = (kind, label, rank, raw, read.value, read.reason)
        return list(found.values())


_MAIL = '{"line1": %s, "line2": %s, "city": %s, "state": %s, "zip": %s}'
_quoted = json.encoder.encode_basestring_ascii


def _mail_json(address: dict[str, str]) -> str:
    return json.dumps(address) if "problem" in address else _MAIL % tuple(map(_quoted, address.values()))


def _template(group: list[tuple[str, str]]) -> str:
    """The JSON text of a group of amounts, to be filled in: a tenth of the time that ``json.dumps`` takes for it."""
    parts = (f"{_quoted(name)}: %d" for name, _ in group)
    return f"{{{', '.join(parts)}}}"


def _digest(facts: bytes) -> str:
    """A digest of the facts, not of the cells: ``$0.00`` for ``0.00`` is no change. (Version 2 of marshal writes equal
    values alike, and is the fastest way to bytes here.)"""
    return hashlib.blake2b(facts, digest_size=16).hexdigest()
