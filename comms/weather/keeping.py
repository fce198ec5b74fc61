"""Keeping what the feed said, and answering what is in force."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from comms.city import City
from comms.clock import Clock
from comms.db import upsert

from .feed import LONGEST, Alert, FeedError, covers, read
from .schema import WeatherAlert, WeatherFeed

AHEAD = timedelta(minutes=15)
"""How far a feed's time of issue may be ahead of our clock; a feed from the future would never grow old."""


@dataclass(frozen=True, slots=True)
class WeatherNow:
    """The alerts in force in a city's county, by name, and when the newest feed was issued (None: never read one)."""

    issued_at: datetime | None
    alerts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Taken:
    """What a reading brought. ``news`` is False when this feed, or a newer one, was read before."""

    issued_at: datetime
    news: bool
    alerts: int
    ended: int
    refused: tuple[str, ...] = ()


def weather_for(session: Session, city: City, at: datetime) -> WeatherNow:
    """What is in force in the city's county at ``at``, as far as feeds issued by then tell."""
    issued = session.scalar(select(func.max(WeatherFeed.issued_at)).where(WeatherFeed.issued_at <= at + AHEAD))
    standing = session.execute(
        select(WeatherAlert.event, WeatherAlert.county, WeatherAlert.state).where(
            WeatherAlert.ends_at > at, WeatherAlert.starts_at <= at
        )
    )
    here = {event for event, area, state in standing if covers(area, state, city.county, city.county_code, city.state)}
    return WeatherNow(issued, tuple(sorted(here)))


def take_in(session: Session, city: City, clock: Clock, path: Path) -> Taken:
    """Read the feed file and keep what it says, in one transaction. The same feed twice changes nothing; one that was
    issued before the newest known changes nothing either. Alerts end when the feed takes them back or their time is
    over, not because a feed leaves them out. Raises ``FeedError``."""
    now = clock.now()
    content = _content(path)
    digest = sha256(content).hexdigest()
    said = read(content, path.name, city.zone)
    if said.issued_at > now + AHEAD:
        raise FeedError(
            f"{path.name} says it was issued at {said.issued_at:%Y-%m-%d %H:%M} UTC, which is still to come. "
            "Set this machine's clock right, or fetch the feed again."
        )
    newest = session.scalar(select(func.max(WeatherFeed.issued_at)))
    if newest is not None and said.issued_at <= newest and not _changed(session, said.issued_at, digest):
        return Taken(said.issued_at, False, len(said.alerts), 0, said.refused)
    upsert(
        session, WeatherAlert, _rows(said.alerts, now), key=["source_id", "county"],
        update=["event", "state", "starts_at", "ends_at", "read_at"],
    )  # fmt: skip
    ended = _end(session, said.ended, said.issued_at)
    session.add(
        WeatherFeed(
            issued_at=said.issued_at, read_at=now, sha256=digest, alerts=len(said.alerts), refused=len(said.refused)
        )
    )
    session.flush()
    return Taken(said.issued_at, True, len(said.alerts), ended, said.refused)


def follow_file(session: Session, city: City, clock: Clock, path: Path) -> Taken | None:
    """``take_in`` for the file that is written anew all the time: None when it holds what was read last."""
    digest = sha256(_content(path)).hexdigest()
    if digest == session.scalar(select(WeatherFeed.sha256).order_by(WeatherFeed.id.desc()).limit(1)):
        return None
    taken = take_in(session, city, clock, path)
    return taken if taken.news else None


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as handle:
            return handle.read(LONGEST + 1)
    except OSError as error:
        raise FeedError(f"{path} cannot be read: {error.strerror}. Check its name and who may read it.") from None


def _changed(session: Session, issued_at: datetime, digest: str) -> bool:
    """Two files of one time of issue: the second one counts when it says something else."""
    known = session.scalars(select(WeatherFeed.sha256).where(WeatherFeed.issued_at >= issued_at)).all()
    newer = session.scalar(select(WeatherFeed.id).where(WeatherFeed.issued_at > issued_at).limit(1))
    return newer is None and digest not in known


def _rows(alerts: Iterable[Alert], now: datetime) -> list[dict[str, object]]:
    """One row an alert and area; of two with the same name the longer one."""
    best: dict[tuple[str, str], Alert] = {}
    for alert in alerts:
        key = (alert.source_id, alert.county)
        if key not in best or best[key].ends_at < alert.ends_at:
            best[key] = alert
    return [
        {
            "source_id": one.source_id, "event": one.event, "county": one.county, "state": one.state,
            "starts_at": one.starts_at, "ends_at": one.ends_at, "read_at": now,
        }
        for _, one in sorted(best.items())
    ]  # fmt: skip


def _end(session: Session, sources: frozenset[str], at: datetime) -> int:
    if not sources:
        return 0
    ended = session.execute(
        update(WeatherAlert)
        .where(WeatherAlert.source_id.in_(sorted(sources)), WeatherAlert.ends_at > at)
        .values(ends_at=at)
        .returning(WeatherAlert.id)
        .execution_options(synchronize_session=False)
    )
    return len(ended.all())
