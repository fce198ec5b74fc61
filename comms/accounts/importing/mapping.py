"""The mapping of a city's CIS files: which column is what, and how it is written. One TOML file a kind.

A wrong mapping is refused whole, with the file, the key and what is allowed, before a row is read.
"""

import re
import tomllib
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, model_validator

from comms.accounts.holds import KINDS as HOLD_KINDS
from comms.city import City

ACCOUNT_FIELDS: dict[str, tuple[str, ...]] = {
    "number": ("key",), "customer_number": ("text",), "name": ("text",), "service_address": ("text",),
    "service_city": ("text",), "service_zip": ("text",), "mail.line1": ("text",), "mail.line2": ("text",),
    "mail.city": ("text",), "mail.state": ("text",), "mail.zip": ("text",), "language": ("code",),
    "status": ("code",), "service_class": ("code",), "occupancy": ("code",), "affects_heat": ("code",),
    "current": ("money",), "past_due": ("money",), "oldest_due_on": ("date", "days_past_due"),
    "last_payment_on": ("date",), "last_payment": ("money",), "deposit": ("money",), "route": ("text",),
    "flags": ("flags",), "phone.*": ("phone",), "email.*": ("email",), "aging.*": ("money",),
    "service_past_due.*": ("money",),
}  # fmt: skip
"""What a column of an accounts file can be, and the parsers that read it; ``*`` is a name of one's own."""

PAYMENT_FIELDS: dict[str, tuple[str, ...]] = {
    "number": ("key",), "paid_on": ("date",), "amount": ("money",), "source": ("text",), "transaction_id": ("key",),
    "reverses": ("key",),
}  # fmt: skip

ACCOUNT_NEEDS = ("number", "name", "service_address", "status", "service_class", "current", "oldest_due_on")
PAYMENT_NEEDS = ("number", "paid_on", "amount", "source", "transaction_id", "reverses")

CODES: dict[str, frozenset[str]] = {
    "status": frozenset({"active", "inactive", "final", "shut_off"}),
    "service_class": frozenset({"residential", "commercial"}),
    "occupancy": frozenset({"owner", "tenant"}),
    "language": frozenset({"en", "es"}),
    "affects_heat": frozenset({"yes", "no"}),
    "kind": frozenset({"payment", "assistance", "adjustment", "reversal"}),
}
"""The code tables a mapping may have, and what their codes may stand for."""

MARKS = ("third_party_notice", "no_text")


class MappingError(ValueError):
    """A mapping that cannot be used; the message names the file, the key and what is allowed."""


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"{value!r} is not a regular expression: {error}") from None
    return value


def _dated(value: str) -> str:
    if re.compile(_pattern(value)).groups != 1:
        raise ValueError(f"{value!r} must have one pair of parentheses, round the date")
    return value


def _date_format(value: str) -> str:
    if not all(part in value for part in ("%d", "%m")) or not re.search(r"%[yY]", value):
        raise ValueError(f"{value!r} is not a date format; allowed: one with %Y, %m and %d, such as %m/%d/%Y")
    try:
        date(2026, 11, 30).strftime(value)
    except ValueError as error:
        raise ValueError(f"{value!r} is not a date format: {error}") from None
    return value


def _encoding(value: str) -> str:
    if value not in ("utf-8", "utf-8-sig", "cp1252", "latin-1", "cp437", "cp850"):
        raise ValueError(f"{value!r} is not a known encoding; allowed: utf-8-sig, utf-8, cp1252, latin-1, cp437, cp850")
    return value


Pattern = Annotated[str, AfterValidator(_pattern)]
DatedName = Annotated[str, AfterValidator(_dated)]
DateFormat = Annotated[str, AfterValidator(_date_format)]
Encoding = Annotated[str, AfterValidator(_encoding)]
Share = Annotated[float, Field(gt=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileForm(_Part):
    """How the file is written."""

    encodings: tuple[Encoding, ...] = Field(min_length=1)
    """Tried in order; the first that reads the whole file is it."""
    delimiter: str = Field(min_length=1, max_length=1)
    quoting: Literal["minimal", "none"] = "minimal"
    dates: tuple[DateFormat, ...] = Field(min_length=1)
    as_of: DatedName
    """Finds the date in the file's name: the balances' for accounts, the first posting day's for payments."""
    until: DatedName | None = None
    """Payments: finds the last day covered in the file's name. Without it, the newest posting that is no reversal."""
    number: Pattern
    """What an account number looks like."""
    number_example: str
    transaction: Pattern = r"[A-Za-z0-9._/-]{1,40}"


class Column(_Part):
    """What one column is."""

    to: str
    read: str = Field(alias="as")
    required: bool = False
    """A blank refuses the row."""
    bad: Literal["refuse", "warn"] = "refuse"
    """What an unreadable cell does: refuse the row, or leave the field empty with a warning."""
    rank: int = Field(default=1, ge=1, le=99)
    """Phones and emails: which is written to first."""


class Flag(_Part):
    """What a flag of the CIS stands for: a hold, or a mark that rules look at."""

    hold: str | None = None
    mark: Literal["third_party_notice", "no_text"] | None = None
    note: str = Field(min_length=1)

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.hold is None) == (self.mark is None):
            raise ValueError(f"needs a hold ({', '.join(HOLD_KINDS)}) or a mark ({', '.join(MARKS)}), not both")
        if self.hold is not None and self.hold not in HOLD_KINDS:
            raise ValueError(f"hold {self.hold!r} is not known; allowed: {', '.join(HOLD_KINDS)}")
        return self


class Flags(_Part):
    separators: str = Field(default="| ,;", min_length=1)
    known: dict[str, Flag]


class Limits(_Part):
    """Shares above which an import stops and asks."""

    dropped: Share = 0.05
    """Of the accounts in the last file that this one lacks."""
    changed: Share = 0.6
    """Of the accounts already known whose facts this file changes."""
    refused: Share = 0.2
    """Of the rows that cannot be taken."""


class Mapping(_Part):
    """One mapping file. ``columns`` is keyed by the header cell."""

    kind: Literal["accounts", "payments"]
    file: FileForm
    columns: dict[str, Column] = Field(min_length=1)
    codes: dict[str, dict[str, str]] = Field(default_factory=dict)
    flags: Flags | None = None
    local_numbers: Literal["complete", "leave"] = "leave"
    """Seven digits: complete them with the city's area code, or leave them unusable (where area codes overlap)."""
    limits: Limits = Limits()
    path: Path

    @model_validator(mode="after")
    def _fits_together(self, info: ValidationInfo) -> Self:
        fields, needs = (ACCOUNT_FIELDS, ACCOUNT_NEEDS) if self.kind == "accounts" else (PAYMENT_FIELDS, PAYMENT_NEEDS)
        seen: dict[str, str] = {}
        for header, column in self.columns.items():
            self._check_column(header, column, fields)
            if column.to in seen:
                raise ValueError(f"columns.{header}: {column.to} is already read from {seen[column.to]}")
            seen[column.to] = header
        if missing := [name for name in needs if name not in seen]:
            raise ValueError(f"columns: no column is read to {', '.join(missing)}; every one is needed")
        self._check_codes(seen)
        city: City | None = (info.context or {}).get("city")
        if city is not None:
            self._check_services(city)
        return self

    def _check_column(self, header: str, column: Column, fields: dict[str, tuple[str, ...]]) -> None:
        group, dot, name = column.to.partition(".")
        allowed = fields.get(column.to) or (fields.get(f"{group}.*") if dot and name else None)
        if allowed is None:
            raise ValueError(f"columns.{header}: to = {column.to!r} is not known; allowed: {', '.join(fields)}")
        if column.read not in allowed:
            raise ValueError(f"columns.{header}: as = {column.read!r} cannot read {column.to}; allowed: {allowed[0]}")
        if column.read == "flags" and self.flags is None:
            raise ValueError(f"columns.{header}: the mapping has no [flags] to read it by; add one")

    def _check_codes(self, seen: dict[str, str]) -> None:
        wanted = {column.to for column in self.columns.values() if column.read == "code"}
        wanted |= {"kind"} if self.kind == "payments" else set()
        for name in sorted(wanted | set(self.codes)):
            if name not in self.codes:
                raise ValueError(f"codes.{name}: is missing; add a table of what each code stands for")
            if name not in wanted:
                raise ValueError(f"codes.{name}: no column is read by it; allowed: {', '.join(sorted(wanted))}")
            for code, meaning in self.codes[name].items():
                if meaning not in CODES[name]:
                    allowed = ", ".join(sorted(CODES[name]))
                    raise ValueError(f"codes.{name}.{code}: {meaning!r} is not known; allowed: {allowed}")
        if self.kind == "accounts" and "past_due" not in seen and not self.group("aging"):
            raise ValueError("columns: none is read to past_due, nor any to aging.*; one of them is needed")

    def _check_services(self, city: City) -> None:
        known = {service.key for service in city.services}
        for header, column in self.columns.items():
            group, _, name = column.to.partition(".")
            if group == "service_past_due" and name not in known:
                raise ValueError(f"columns.{header}: {city.name} bills no {name}; allowed: {', '.join(sorted(known))}")

    def group(self, name: str) -> list[str]:
        """The fields of a group in the file's order: ``aging`` gives ``aging.30`` …"""
        return [column.to for column in self.columns.values() if column.to.startswith(f"{name}.")]

    @cached_property
    def header_of(self) -> dict[str, str]:
        """The header cell of each field."""
        return {column.to: header for header, column in self.columns.items()}


def load_mapping(city: City, kind: Literal["accounts", "payments"]) -> Mapping:
    """The mapping in ``import/<kind>.toml`` beside the city's profile. Raises ``MappingError``."""
    path = city.folder / "import" / f"{kind}.toml"
    try:
        stored: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise MappingError(
            f"No mapping at {path}. Copy another city's import/{kind}.toml there and fit it (docs/importing.md)."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingError(f"{path}: not readable as TOML: {error}") from None
    try:
        mapping = Mapping.model_validate({**stored, "path": path}, context={"city": city})
    except ValidationError as error:
        raise MappingError("\n".join(_complaint(path, problem) for problem in error.errors())) from None
    if mapping.kind != kind:
        raise MappingError(f"{path}: kind: it says {mapping.kind!r}; allowed: {kind!r}")
    return mapping


def _complaint(path: Path, problem: Any) -> str:
    key = ".".join(str(part) for part in problem["loc"])
    said = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        said = "is not a key of a mapping; check the spelling, or leave it out"
    elif problem["type"] == "missing":
        said = "is missing; add it (docs/importing.md lists every key)"
    return f"{path}: {key}: {said}" if key else f"{path}: {said}"
