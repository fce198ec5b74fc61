"""What the reports count, kept by day, so that no page counts a million messages."""

from datetime import date, datetime

from sqlalchemy.orm import Mapped, mapped_column

from comms.db.base import Base


class ReportFigure(Base):
    """How many, and how much, of one figure on one of the city's days; ``comms.reports.tallies`` says what each is.

    ``policy`` and ``channel`` are empty where a figure has none; ``key`` is what the figure is divided by.
    """

    __tablename__ = "report_figure"

    figure: Mapped[str] = mapped_column(primary_key=True)
    on: Mapped[date] = mapped_column(primary_key=True)
    policy: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    total: Mapped[int]
    """Segments, cents: see the figure."""


class ReportDay(Base):
    """A day on which messages were written, and the first and last of their ids: they are found without an index of
    their times, which every message that is sent would have to pay for."""

    __tablename__ = "report_day"

    on: Mapped[date] = mapped_column(primary_key=True)
    first_id: Mapped[int]
    last_id: Mapped[int]
    stale: Mapped[bool]
    """Whether something happened to its messages since they were counted."""


class ReportMark(Base):
    """How far the counting has come; one row."""

    __tablename__ = "report_mark"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event_id: Mapped[int]
    """The newest event of the history that was looked at."""
    recounted_on: Mapped[date]
    """The city's day on which the last weeks were counted anew."""
    counted_at: Mapped[datetime]
