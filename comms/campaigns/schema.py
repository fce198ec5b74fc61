"""When we say it: policies as approved, runs, episodes and the decisions that cannot be taken twice."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from comms.db.base import Base, Cents, Key, only_where


class PolicyVersion(Base):
    """One version of a policy with the very words that were approved. Once submitted, its words never change."""

    __tablename__ = "policy_version"
    __table_args__ = (
        UniqueConstraint("policy", "version"),
        Index("uq_policy_version_one_active", "policy", unique=True, **only_where("state = 'active'")),
    )

    id: Mapped[Key]
    policy: Mapped[str]
    version: Mapped[int]
    title: Mapped[str]
    sha256: Mapped[str]
    content: Mapped[str]
    """The policy's TOML, as it was submitted."""
    cases: Mapped[str]
    """The golden cases' TOML that it was tested with."""
    state: Mapped[str]
    """``submitted``, ``approved``, ``active``, ``retired`` or ``refused``."""
    author: Mapped[str]
    submitted_at: Mapped[datetime]
    approvals: Mapped[list[Any]]
    """``{"by": name, "role": role, "at": instant}`` of each."""
    activated_at: Mapped[datetime | None]
    activated_by: Mapped[str | None]
    retired_at: Mapped[datetime | None]
    refused: Mapped[str | None]


class PolicyMove(Base):
    """A list of running episodes that are to change to another version, with its diff; done once it is approved."""

    __tablename__ = "policy_move"

    id: Mapped[Key]
    policy: Mapped[str]
    to_version: Mapped[int]
    state: Mapped[str]
    """``proposed``, ``done`` or ``refused``."""
    episodes: Mapped[list[Any]] = mapped_column(deferred=True)
    """``{"episode": id, "account": number, "from": version, "now": …, "then": …}``: the diff, a row an episode. It is
    read when it is asked for, for it can be megabytes."""
    listed: Mapped[int] = mapped_column(default=0)
    """How many episodes are on the list."""
    staying: Mapped[int] = mapped_column(default=0)
    """How many of them cannot be moved."""
    changing: Mapped[int] = mapped_column(default=0)
    """For how many of the others something else, or the same on another day, comes next."""
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]


class RulebookVersion(Base):
    """The rules as they stood when something was decided by them, under the digest that a run names."""

    __tablename__ = "rulebook_version"

    digest: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[list[Any]]
    first_used_at: Mapped[datetime]


class CampaignRun(Base):
    """One night's plan: planned, perhaps approved, released, done."""

    __tablename__ = "campaign_run"
    __table_args__ = (UniqueConstraint("policy", "planned_for", "attempt"),)

    id: Mapped[Key]
    policy: Mapped[str]
    """``all``, or the one policy that was asked for."""
    versions: Mapped[dict[str, Any]]
    """The version of each policy that took part: ``{"residential-past-due": 1}``."""
    rulebook: Mapped[str]
    planned_for: Mapped[date]
    attempt: Mapped[int] = mapped_column(default=1)
    state: Mapped[str]
    """``planning``, ``planned``, ``releasing``, ``paused``, ``stopped`` or ``done``."""
    counts: Mapped[dict[str, Any]]
    """What it comes to: contacts, accounts left alone by rule, money addressed, cost; see ``campaigns.preview``."""
    brakes: Mapped[list[Any]]
    """Each brake that was pulled: ``{"brake", "found", "allowed", "words", "lifted_by", "lifted_why"}``."""
    previous_run_id: Mapped[int | None]
    """The run its diff is taken against."""
    approvals: Mapped[list[Any]]
    planned_at: Mapped[datetime]
    planned_by: Mapped[str]
    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    state_by: Mapped[str | None]
    """Who paused, resumed or stopped it last."""
    state_why: Mapped[str | None]
    """Why it was stopped: the words of who stopped it, or what it could not be planned for."""


class Episode(Base):
    """One delinquency of one account under one policy version."""

    __tablename__ = "episode"
    __table_args__ = (
        Index(
            "uq_episode_one_open", "account_id", unique=True,
            **only_where("closed_at IS NULL"),
        ),
        Index("ix_episode_account_id", "account_id"),
        Index("ix_episode_policy_opened_at", "policy", "opened_at"),
    )  # fmt: skip

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    policy: Mapped[str]
    policy_version: Mapped[int]
    arm: Mapped[str | None]
    """``champion`` or ``challenger`` where the policy compares two; drawn once, when the episode opens."""
    opened_at: Mapped[datetime]
    debt_cents: Mapped[Cents]
    """Past due when it opened."""
    closed_at: Mapped[datetime | None]
    close_reason: Mapped[str | None]
    """``paid``, ``left`` (the policy's conditions), ``moved_out``, ``referred`` or ``written_off``."""


class Decision(Base):
    """What was decided for one account in one run, and why. A step of an episode is decided once an occurrence."""

    __tablename__ = "decision"
    __table_args__ = (
        UniqueConstraint("run_id", "account_id"),
        UniqueConstraint("episode_id", "step", "occurrence"),
        Index("ix_decision_account_id", "account_id"),
        Index("ix_decision_acts", "episode_id", **only_where("outcome = 'action'")),
    )

    id: Mapped[Key]
    run_id: Mapped[int] = mapped_column(ForeignKey("campaign_run.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    episode_id: Mapped[int | None] = mapped_column(ForeignKey("episode.id"))
    policy: Mapped[str | None]
    step: Mapped[str | None]
    occurrence: Mapped[int | None]
    """NULL when nothing is to be done, so that only real contacts are unique."""
    outcome: Mapped[str]
    """``contact``, ``action``, ``protected``, ``waiting`` or ``outside``."""
    rule: Mapped[str]
    """The rule or sentence key that a report counts: ``may-contact``, ``hold-medical``, ``not-due-yet`` …"""
    until: Mapped[datetime | None]
    next_on: Mapped[date | None]
    """The next day on which something can happen, as far as is known."""
    sends: Mapped[list[Any]]
    """``{"channel", "rest", "required", "until"}`` of each message that is to be written."""
    reasons: Mapped[list[Any]]
    facts_version: Mapped[int]
    amount_cents: Mapped[int]
    cost_micros: Mapped[int]
    """What sending it is expected to cost, in millionths of a dollar."""
    state: Mapped[str]
    """``planned``, ``released``, ``dropped`` (with the reason in ``reasons``) or ``noted`` (nothing was to be done)."""
    decided_at: Mapped[datetime]


class Night(Base):
    """One night of the schedule: claimed by whoever comes first, so that no restart plans it twice."""

    __tablename__ = "night"

    on: Mapped[date] = mapped_column(primary_key=True)
    state: Mapped[str]
    """``running``, ``done``, ``stopped`` (a brake, an approval that is wanted) or ``missed``."""
    started_at: Mapped[datetime]
    lease_until: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    run_id: Mapped[int | None] = mapped_column(ForeignKey("campaign_run.id"))
    words: Mapped[str]
