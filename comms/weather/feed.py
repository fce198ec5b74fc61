"""Reading a feed file: what it says, with every doubt counted as an alert that stands.

Two spellings are read:

- JSON as https://api.weather.gov/alerts/active gives it: ``updated``, and ``features`` whose ``properties`` have
  ``id``, ``event``, ``areaDesc``, ``geocode`` (``SAME``: county codes, ``UGC``: zone codes), ``effective``, ``onset``,
  ``expires``, ``ends``, ``status``, ``messageType`` and ``references``;
- CSV for an office that writes it by hand or by a script of its own: a first line ``# issued: 2026-07-14T09:00-05:00``,
  then ``event,county,state,starts,ends`` (and ``id`` if there is one).

An alert that names no area counts everywhere; one without a beginning has begun; one without an end lasts a day from
the feed's issue. Tests and exercises are passed over. A feed that does not say when it was issued is refused: how fresh
it is would be a guess, and the rules rest on it.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

OPEN_END = timedelta(days=1)
"""How long an alert without an end is taken to last from the feed's issue; the next reading says more."""
ISSUED = "# issued:"
COLUMNS = ("event", "county", "state", "starts", "ends")
EVERYWHERE = ""
LONGEST = 20 * 1024 * 1024
"""Bytes. The whole country's alerts come to about two million."""


class FeedError(ValueError):
    """A feed that cannot be read; the message says what to do."""


@dataclass(frozen=True)
class Alert:
    """One alert in one area. ``county`` is a county code of five digits, a name as the feed spells it, or empty:
    everywhere; ``state`` is two letters or empty."""

    source_id: str
    event: str
    county: str
    state: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Reading:
    """What a feed file says. ``ended`` are ids of alerts that it takes back; ``refused`` has a sentence each."""

    issued_at: datetime
    alerts: tuple[Alert, ...]
    ended: frozenset[str]
    refused: tuple[str, ...]


def read(content: bytes, name: str, zone: ZoneInfo) -> Reading:
    """Read a feed; ``zone`` is for times that do not say theirs. Raises ``FeedError``."""
    if len(content) > LONGEST:
        raise FeedError(f"{name} is larger than any weather feed. Check that it is the file of alerts.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FeedError(f"{name} is no UTF-8 text. Save the feed as it comes, or as CSV in UTF-8.") from None
    if text.lstrip().startswith("{"):
        return _json(text, name, zone)
    return _csv(text, name, zone)


def _json(text: str, name: str, zone: ZoneInfo) -> Reading:
    try:
        stored = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FeedError(f"{name} is no whole JSON ({error}). Fetch the feed again.") from None
    features = stored.get("features")
    if not isinstance(features, list):
        raise FeedError(f"{name} has no list of features. It should be what api.weather.gov/alerts/active answers.")
    issued = _moment(stored.get("updated"), zone)
    if issued is None:
        raise FeedError(f"{name} does not say when it was issued (updated). Fetch the feed again.")
    alerts: list[Alert] = []
    ended: set[str] = set()
    refused: list[str] = []
    for place, feature in enumerate(features, 1):
        told = feature.get("properties") if isinstance(feature, dict) else None
        event = told.get("event") if isinstance(told, dict) else None
        if not isinstance(told, dict) or not isinstance(event, str) or not event.strip():
            refused.append(f"Alert {place} names no event.")
            continue
        if str(told.get("status") or "Actual").casefold() not in ("actual", "system"):
            continue
        source = str(told.get("id") or feature.get("id") or f"{issued.isoformat()}#{place}")
        if str(told.get("messageType") or "").casefold() in ("update", "cancel"):
            ended |= {ref for one in told.get("references") or () if (ref := _reference(one))}
        if str(told.get("messageType") or "").casefold() == "cancel":
            ended.add(source)
            continue
        starts, ends = _span(told, issued, zone)
        alerts += [Alert(source, event.strip(), county, state, starts, ends) for county, state in _areas(told)]
    return Reading(issued, tuple(alerts), frozenset(ended), tuple(refused))


def _reference(one: Any) -> str | None:
    if not isinstance(one, dict):
        return None
    found = one.get("identifier") or one.get("@id")
    return str(found).rsplit("/", 1)[-1] if found else None


def _span(told: Mapping[str, Any], issued: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From the earliest beginning that is told to the latest end."""
    begins = [at for key in ("effective", "onset") if (at := _moment(told.get(key), zone))]
    ends = [at for key in ("ends", "expires") if (at := _moment(told.get(key), zone))]
    return min(begins, default=issued), max(ends, default=issued + OPEN_END)


def _areas(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The areas of an alert: by county code and by name both, for an alert for forecast zones names no county."""
    codes = told.get("geocode")
    codes = codes if isinstance(codes, dict) else {}
    states = sorted({str(code)[:2].upper() for code in codes.get("UGC") or () if str(code)[:2].isalpha()})
    counties = {code[-5:] for code in map(str, codes.get("SAME") or ()) if len(code) == 6 and code.isdigit()}
    named = {part.strip() for part in str(told.get("areaDesc") or "").split(";") if part.strip()}
    yield from ((county, "") for county in sorted(counties))
    yield from ((county, states[0] if len(states) == 1 else "") for county in sorted(named))
    if not counties and not named:
        yield EVERYWHERE, ""


def _csv(text: str, name: str, zone: ZoneInfo) -> Reading:
    first, _, rest = text.partition("\n")
    issued = _moment(first.strip()[len(ISSUED) :], zone) if first.strip().casefold().startswith(ISSUED) else None
    if issued is None:
        raise FeedError(f"{name} does not say when it was issued. Begin it with: {ISSUED} 2026-07-14T09:00-05:00")
    rows = csv.reader(io.StringIO(rest), strict=True)
    alerts: list[Alert] = []
    refused: list[str] = []
    try:
        header = [cell.strip().casefold() for cell in next(rows, [])]
        if missing := [column for column in COLUMNS if column not in header]:
            raise FeedError(f"{name} has no column {', '.join(missing)} in line 2. Columns: {', '.join(COLUMNS)}.")
        for line, cells in enumerate(rows, 3):
            if any(cell.strip() for cell in cells):
                _take(dict(zip(header, cells, strict=False)), line, issued, zone, alerts, refused)
    except csv.Error as error:
        raise FeedError(f"{name} cannot be split into cells: {error}. Write it again.") from None
    return Reading(issued, tuple(alerts), frozenset(), tuple(refused))


def _take(
    cells: Mapping[str, str], line: int, issued: datetime, zone: ZoneInfo, alerts: list[Alert], refused: list[str]
) -> None:
    event, county, state = (cells.get(key, "").strip() for key in ("event", "county", "state"))
    if not event:
        refused.append(f"Line {line} names no event.")
        return
    starts = _moment(cells.get("starts"), zone) or issued
    ends = _moment(cells.get("ends"), zone) or issued + OPEN_END
    source = cells.get("id", "").strip() or f"{event}|{county}|{starts.isoformat()}"
    alerts.append(Alert(source, event, county, state.upper(), starts, ends))


def _moment(given: Any, zone: ZoneInfo) -> datetime | None:
    """An ISO time as an aware instant; None when there is none or it cannot be read."""
    if not isinstance(given, str):
        return None
    try:
        read_as = datetime.fromisoformat(given.strip())
        return (read_as if read_as.tzinfo else read_as.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def covers(area: str, state: str, county: str, code: str, of_state: str) -> bool:
    """Whether an alert for ``area`` reaches the ``county`` with this ``code``. A forecast zone that bears
    the county's name ("Northern St. Louis") is taken to be in it."""
    if state and state != of_state:
        return False
    if area.isdigit() and len(area) == 5:
        return area == code
    words = f" {_folded(area)} "
    return area == EVERYWHERE or f" {_folded(county)} " in words


def _folded(name: str) -> str:
    spread = name.casefold().replace(".", " ").replace("/", " ").replace("saint ", "st ").split()
    return " ".join(word for word in spread if word not in ("county", "co"))
