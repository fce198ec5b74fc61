"""Weather alerts by county, and when the feed was last read."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from comms.db.base import Base, Key


class WeatherAlert(Base):
    """One alert in one county. A later reading of the feed may end or extend it."""

    __tablename__ = "weather_alert"
    __table_args__ = (
        UniqueConstraint("source_id", "county"),
        Index("ix_weather_alert_ends_at", "ends_at"),
    )

    id: Mapped[Key]
    source_id: Mapped[str]
    event: Mapped[str]
    """The words of the feed: ``Extreme Heat Warning``, ``Heat Advisory`` …"""
    county: Mapped[str]
    """A county code (FIPS), a county's or forecast zone's name as the feed spells it, or empty: everywhere."""
    state: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    read_at: Mapped[datetime]


class WeatherFeed(Base):
    """A reading of the feed file: when it was issued, when we read it, and what it held."""

    __tablename__ = "weather_feed"
    __table_args__ = (Index("ix_weather_feed_issued_at", "issued_at"),)

    id: Mapped[Key]
    issued_at: Mapped[datetime]
    read_at: Mapped[datetime]
    sha256: Mapped[str]
    alerts: Mapped[int]
    refused: Mapped[int]
