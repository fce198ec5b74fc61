"""The profile of one city, read from ``city.toml`` and refused with the file, the key and what is allowed."""

import re
import tomllib
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from comms.city.holidays import SATURDAY, State, statutory_holidays
from comms.settings import ROOT

Language = Literal["en", "es"]
LANGUAGES: tuple[Language, ...] = ("en", "es")


class CityError(ValueError):
    """A city profile that cannot be used; the message names the file, the key and what is allowed."""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        raise ValueError(f"{name!r} is not a time zone; allowed: an IANA name such as America/Chicago") from None
    return name


def _phone(number: str) -> str:
    if not re.fullmatch(r"\+1[2-9]\d{9}", number):
        raise ValueError(f"{number!r} is not a phone number; allowed: +1 and ten digits, such as +12185550140")
    return number


def _dialled(number: str) -> str:
    return number if re.fullmatch(r"[2-9]11", number) else _phone(number)


def _email(address: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.+_-]+@[a-z0-9-]+(\.[a-z0-9-]+)+", address):
        raise ValueError(f"{address!r} is not an email address; allowed: name@domain")
    return address


def _link(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or re.search(r"[\s<>\"']", url):
        raise ValueError(f"{url!r} is not a link; allowed: https://host/path")
    return url


def _colour(value: str) -> str:
    if not re.fullmatch(r"#[0-9a-f]{6}", value):
        raise ValueError(f"{value!r} is not a colour; allowed: # and six small hexadecimal digits, such as #12304f")
    return value


def _micros(dollars: Any) -> int:
    try:
        micros = Decimal(str(dollars)) * 1_000_000
    except InvalidOperation:
        micros = Decimal("NaN")
    if not micros.is_finite() or micros < 0 or micros != int(micros):
        raise ValueError(f"{dollars!r} is not a price; allowed: dollars with up to six decimals, such as 0.0118")
    return int(micros)


Micros = Annotated[int, BeforeValidator(_micros)]
"""A price: in the file dollars, here millionths of a dollar."""
Phone = Annotated[str, AfterValidator(_phone)]
Dialled = Annotated[str, AfterValidator(_dialled)]
Email = Annotated[str, AfterValidator(_email)]
Link = Annotated[str, AfterValidator(_link)]
Colour = Annotated[str, AfterValidator(_colour)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Words(_Part):
    """The same words in every language the office writes."""

    en: str = Field(min_length=1)
    es: str = Field(min_length=1)

    def of(self, language: Language) -> str:
        return self.en if language == "en" else self.es


class Address(_Part):
    """A postal address of the city's own."""

    name: str = ""
    line1: str
    line2: str = ""
    city: str
    state: str = Field(pattern=r"^[A-Z]{2}$")
    zip: str = Field(pattern=r"^\d{5}(-\d{4})?$")

    @property
    def lines(self) -> tuple[str, ...]:
        """As printed on an envelope, one to four lines."""
        last = f"{self.city} {self.state} {self.zip}"
        return tuple(line for line in (self.name, self.line1, self.line2, last) if line)

    @property
    def one_line(self) -> str:
        """Street and town in a sentence, without the name."""
        street = ", ".join(line for line in (self.line1, self.line2) if line)
        return f"{street}, {self.city}, {self.state} {self.zip}"


class Service(_Part):
    """A service that is billed, and what the city may do when it is not paid for."""

    key: str = Field(pattern=r"^[a-z]+$")
    label: Words
    lever: str = Field(min_length=1)
    """For staff: which collection tools reach this service, with the source."""


class Emergency(_Part):
    """A number to call at any hour."""

    label: Words
    phone: Dialled


class Program(_Part):
    """Someone who helps people pay."""

    name: str
    phone: Dialled
    what: Words
    energy: bool = False
    """An energy assistance provider: Minn. Stat. 216B.097 s.2(a)(3) wants the local ones listed."""


class Dispute(_Part):
    """How a customer protests a bill or a disconnection (Memphis Light v. Craft, 436 U.S. 1)."""

    who: Words
    phone: Phone
    how: Words


class Prices(_Part):
    """What sending costs the city; estimates and reports of cost are made with these."""

    sms_segment: Micros
    """One segment of a text, the carriers' fees included."""
    email: Micros
    letter_first_page: Micros
    """A letter of one page: paper, printing, envelope and postage."""
    letter_more_page: Micros
    """Each page after the first."""


class Letterhead(_Part):
    logo: str = Field(pattern=r"^[A-Za-z0-9._-]+\.svg$")
    colour: Colour


class ClosedDay(_Part):
    """A day the office is closed that no statute names."""

    date: date
    name: str


class City(_Part):
    """One city. Phone numbers are E.164; addresses, words and links are ready to print."""

    slug: str = Field(pattern=r"^[a-z]+(-[a-z]+)*$")
    name: str
    utility_name: str
    state: State
    county: str
    county_code: str = Field(pattern=r"^\d{5}$")
    """The federal code (FIPS) of the county, by which weather alerts name it: the state's two digits, then three."""
    time_zone: Annotated[str, AfterValidator(_zone)]
    area_code: str = Field(pattern=r"^[2-9]\d{2}$")
    phone: Phone
    pay_phone: Phone
    email: Email
    website: Link
    pay_url: Link
    link_domains: tuple[str, ...] = Field(min_length=1, strict=False)
    sms_sender_name: str = Field(min_length=2, max_length=24, pattern=r"^[A-Za-z0-9 .&-]+$")
    office: Address
    hours: Words
    remittance: Address
    return_address: Address
    services: tuple[Service, ...] = Field(min_length=1, strict=False)
    emergencies: tuple[Emergency, ...] = Field(min_length=1, strict=False)
    assistance: tuple[Program, ...] = Field(min_length=1, strict=False)
    dispute: Dispute
    reconnection: Words
    letterhead: Letterhead
    prices: Prices
    closed: tuple[ClosedDay, ...] = Field(default=(), strict=False)
    to_be_confirmed: tuple[str, ...] = Field(default=(), strict=False)
    """Keys whose values are placeholders until the city confirms them; ``comms doctor`` lists them."""
    folder: Path

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        keys = [service.key for service in self.services]
        if len(set(keys)) != len(keys):
            raise ValueError(f"services: each key once; found {', '.join(keys)}")
        for name in ("website", "pay_url"):
            if not self.may_link_to(getattr(self, name)):
                raise ValueError(f"{name} is off the city's domains; allowed: {', '.join(self.link_domains)}")
        if unknown := [key for key in self.to_be_confirmed if key.split(".")[0] not in City.model_fields]:
            raise ValueError(f"to_be_confirmed names {', '.join(unknown)}, which the file does not have")
        return self

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @cached_property
    def logo(self) -> Path:
        """The letterhead's SVG file."""
        return self.folder / self.letterhead.logo

    @cached_property
    def service_labels(self) -> MappingProxyType[str, Words]:
        return MappingProxyType({service.key: service.label for service in self.services})

    def may_link_to(self, url: str) -> bool:
        """Whether a message may carry this link: https, on one of the city's own domains."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        return parts.scheme == "https" and any(
            host == domain or host.endswith("." + domain) for domain in self.link_domains
        )

    def local_date(self, instant: datetime) -> date:
        """The calendar date in the city at an aware instant."""
        if instant.tzinfo is None:
            raise ValueError("an instant without a time zone has no local date")
        return instant.astimezone(self.zone).date()

    def holidays(self, year: int) -> dict[date, str]:
        """Days of ``year`` the office is closed besides weekends: the statute's and the city's own."""
        own = {day.date: day.name for day in self.closed if day.date.year == year}
        return dict(sorted({**statutory_holidays(self.state, year), **own}.items()))

    @cached_property
    def _closed_dates(self) -> frozenset[date]:
        return frozenset(day.date for day in self.closed)

    def is_holiday(self, day: date) -> bool:
        return day in self._closed_dates or day in statutory_holidays(self.state, day.year)

    def is_business_day(self, day: date) -> bool:
        """Monday to Friday, no legal holiday, no day the city closes."""
        return day.weekday() < SATURDAY and not self.is_holiday(day)

    def next_business_day(self, day: date) -> date:
        """The first business day after ``day`` (never ``day`` itself)."""
        return self.business_day_from(day + timedelta(1))

    def business_day_from(self, day: date) -> date:
        """``day`` when it is a business day, else the next one: how a deadline on a closed day moves."""
        while not self.is_business_day(day):
            day += timedelta(1)
        return day

    def add_business_days(self, day: date, count: int) -> date:
        """``count`` business days after ``day`` (before it when negative); ``day`` is not counted."""
        step = timedelta(1 if count > 0 else -1)
        for _ in range(abs(count)):
            day += step
            while not self.is_business_day(day):
                day += step
        return day


def _path_of(name: str) -> Path:
    given = Path(name)
    if given.suffix == ".toml" or "/" in name or given.is_dir():
        return given / "city.toml" if given.is_dir() else given
    return ROOT / "cities" / name / "city.toml"


def _complaints(path: Path, error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        key = ".".join(str(part) for part in problem["loc"])
        said = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            said = "is not a key of a city profile; check the spelling, or leave it out"
        elif problem["type"] == "missing":
            said = "is missing; add it (docs/notices.md lists every key)"
        lines.append(f"{path}: {key or 'profile'}: {said}")
    return "\n".join(lines)


@cache
def _load(path: Path) -> City:
    try:
        stored = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(found.parent.name for found in (ROOT / "cities").glob("*/city.toml")))
        raise CityError(f"No city profile at {path}. Set COMMS_CITY to one of: {known}, or to a path.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CityError(f"{path}: not readable as TOML: {error}") from None
    try:
        city = City.model_validate({**stored, "folder": path.parent})
    except ValidationError as error:
        raise CityError(_complaints(path, error)) from None
    if not city.logo.is_file():
        raise CityError(f"{path}: letterhead.logo: there is no {city.logo.name} beside it; put the SVG file there")
    return city


def load_city(name_or_path: str) -> City:
    """The profile named (``duluth-mn``) or at a path (a folder or a ``city.toml``); read once a process.

    Raises ``CityError`` with one line a fault.
    """
    return _load(_path_of(name_or_path).resolve())
