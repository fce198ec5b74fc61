"""When we say it: runs, episodes and the decisions that cannot be taken twice."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from comms.db.base import Base, Key, only_where


class CampaignRun(Base):
    """One night's plan of one policy: planned, perhaps approved, released, done."""

    __tablename__ = "campaign_run"
    __table_args__ = (UniqueConstraint("policy", "planned_for", "attempt"),)

    id: Mapped[Key]
    policy: Mapped[str]
    policy_version: Mapped[int]
    planned_for: Mapped[date]
    attempt: Mapped[int] = mapped_column(default=1)
    state: Mapped[str]
    """``planned``, ``released``, ``paused``, ``stopped`` or ``done``."""
    counts: Mapped[dict[str, Any]]
    planned_at: Mapped[datetime]
    approved_by: Mapped[str | None]
    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None]


class Episode(Base):
    """One delinquency of one account under one policy version."""

    __tablename__ = "episode"
    __table_args__ = (
        Index(
            "uq_episode_one_open", "account_id", unique=True,
            **only_where("closed_at IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    policy: Mapped[str]
    policy_version: Mapped[int]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    close_reason: Mapped[str | None]


class Decision(Base):
    """What was decided for one account in one run, and why. A step of an episode is decided once."""

    __tablename__ = "decision"
    __table_args__ = (
        UniqueConstraint("run_id", "account_id"),
        UniqueConstraint("episode_id", "step", "occurrence"),
        Index("ix_decision_account_id", "account_id"),
    )

    id: Mapped[Key]
    run_id: Mapped[int] = mapped_column(ForeignKey("campaign_run.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    episode_id: Mapped[int | None] = mapped_column(ForeignKey("episode.id"))
    step: Mapped[str | None]
    occurrence: Mapped[int | None]
    """NULL when nothing is to be sent, so that only real contacts are unique."""
    verdict: Mapped[str]
    """``allow``, ``defer`` or ``suppress``."""
    until: Mapped[datetime | None]
    channels: Mapped[list[Any]]
    reasons: Mapped[list[Any]]
    facts_version: Mapped[int]
    amount_cents: Mapped[int]
    state: Mapped[str]
    """``planned``, ``released`` or ``dropped`` (with the reason in ``reasons``)."""
    decided_at: Mapped[datetime]
