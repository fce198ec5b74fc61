"""What a run comes to, before it is let go: who hears what and how, who is left alone and why, money and cost.

Counted by the database from the decisions themselves, so that it takes as long for two hundred thousand as for two
hundred, and kept with the run.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Executable, FromClause, column, distinct, func, select, true, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from comms.accounts.schema import Account
from comms.db import on_postgres
from comms.outbox import Message, State

from .schema import CampaignRun, Decision

DOING = ("contact", "action")
"""Outcomes of a decision by which something is done."""
UNREACHABLE = "reachable"
"""The rule that stands against an account which no channel of the step can reach."""


@dataclass(frozen=True)
class StepLine:
    """One step of one policy in a run: how many accounts, by which channels, money past due, expected cost."""

    policy: str
    step: str
    outcome: str
    """``contact`` or ``action``."""
    accounts: int
    cents: int
    cost_micros: int
    channels: Mapping[str, int]


@dataclass(frozen=True)
class Preview:
    """What one run comes to. ``protected`` and ``waiting`` count accounts by the rule that decided."""

    contacts: int = 0
    actions: int = 0
    messages: int = 0
    households: int = 0
    later_today: int = 0
    """Contacts that wait for an hour at which they may be made."""
    cents_addressed: int = 0
    cost_micros: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)
    channels: Mapping[str, int] = field(default_factory=dict)
    steps: tuple[StepLine, ...] = ()
    protected: Mapping[str, int] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)
    unreachable: Mapping[str, int] = field(default_factory=dict)
    """Accounts that no channel reaches, by policy."""

    def contacts_of(self, policy: str) -> int:
        """Accounts that one policy writes to."""
        return sum(line.accounts for line in self.steps if line.policy == policy and line.outcome == "contact")

    @property
    def policies(self) -> tuple[str, ...]:
        """Those with something to do, or somebody they cannot reach."""
        return tuple(sorted({line.policy for line in self.steps} | set(self.unreachable)))


def count(session: Session, run_id: int) -> dict[str, Any]:
    """Count the decisions of a run and keep the answer with it. Returns what is kept in ``campaign_run.counts``."""
    counts = _counted(session, run_id)
    session.execute(
        update(CampaignRun)
        .where(CampaignRun.id == run_id)
        .values(counts=counts)
        .execution_options(synchronize_session="fetch")
    )
    return counts


def preview(session: Session, run_id: int) -> Preview:
    """What was counted when the run was planned; empty for one that is still being planned. A run of a release that
    counted otherwise is counted from its decisions."""
    kept = session.get_one(CampaignRun, run_id).counts
    if not kept:
        return Preview()
    if "steps" not in kept:
        kept = _counted(session, run_id)
    return Preview(**{**kept, "steps": tuple(StepLine(**line) for line in kept["steps"])})


def _counted(session: Session, run_id: int) -> dict[str, Any]:
    outcomes: Counter[str] = Counter()
    by_rule: dict[str, Counter[str]] = {"protected": Counter(), "waiting": Counter()}
    unreachable: Counter[str] = Counter()
    steps: dict[tuple[str, str, str], dict[str, Any]] = {}
    later = 0
    for outcome, policy, step, rule, accounts, cents, micros, waits in session.execute(_by_step(run_id)):
        outcomes[outcome] += accounts
        if outcome in by_rule:
            by_rule[outcome][rule] += accounts
        if outcome == "protected" and rule == UNREACHABLE:
            unreachable[policy or ""] += accounts
        if outcome in DOING:
            key = (policy or "", step or "", outcome)
            line = steps.setdefault(key, {"accounts": 0, "cents": 0, "cost_micros": 0, "channels": {}})
            line["accounts"] += accounts
            line["cents"] += int(cents)
            line["cost_micros"] += int(micros)
            later += waits if outcome == "contact" else 0
    channels: Counter[str] = Counter()
    for policy, step, channel, messages in session.execute(_by_channel(session, run_id)):
        steps[policy or "", step or "", "contact"]["channels"][channel] = messages
        channels[channel] += messages
    return {
        "contacts": outcomes["contact"], "actions": outcomes["action"], "messages": channels.total(),
        "households": _households(session, run_id), "later_today": later,
        "cents_addressed": sum(line["cents"] for line in steps.values()),
        "cost_micros": sum(line["cost_micros"] for line in steps.values()),
        "outcomes": dict(sorted(outcomes.items())), "channels": dict(sorted(channels.items())),
        "steps": [
            {"policy": policy, "step": step, "outcome": outcome, **line}
            for (policy, step, outcome), line in sorted(steps.items())
        ],
        "protected": dict(by_rule["protected"].most_common()), "waiting": dict(by_rule["waiting"].most_common()),
        "unreachable": dict(sorted(unreachable.items())),
    }  # fmt: skip


@dataclass(frozen=True)
class Standing:
    """How far a run has come: decisions still to be released, released, dropped (by rule) and noted for the field;
    its messages by channel and state."""

    left: int
    released: int
    noted: int
    dropped: Mapping[str, int]
    messages: Mapping[str, Mapping[str, int]]

    @property
    def total(self) -> int:
        return self.left + self.released + self.noted + sum(self.dropped.values())

    @property
    def on_the_way(self) -> int:
        """Messages of which news is still to come from us: not handed to a carrier or the mail house yet."""
        waiting = (State.HELD, State.QUEUED, State.CLAIMED, State.UNKNOWN, State.BATCHED)
        return sum(states.get(state, 0) for states in self.messages.values() for state in waiting)


def standing(session: Session, run_id: int) -> Standing:
    """How far a run has come, from the decisions and messages as they are now."""
    states: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    doing = Decision.outcome.in_(DOING)
    for state, rule, many in session.execute(
        select(Decision.state, Decision.rule, func.count())
        .where(Decision.run_id == run_id, doing)
        .group_by(Decision.state, Decision.rule)
    ):
        states[state] += many
        if state == "dropped":
            dropped[rule] += many
    return Standing(
        left=states["planned"], released=states["released"], noted=states["noted"],
        dropped=dict(dropped.most_common()), messages=message_states(session, run_id),
    )  # fmt: skip


def message_states(session: Session, run_id: int) -> dict[str, dict[str, int]]:
    """Messages of a run by channel and state."""
    rows = session.execute(
        select(Message.channel, Message.state, func.count())
        .where(Message.run_id == run_id)
        .group_by(Message.channel, Message.state)
        .order_by(Message.channel, Message.state)
    )
    found: dict[str, dict[str, int]] = {}
    for channel, state, many in rows:
        found.setdefault(channel, {})[state] = many
    return found


def sends_of(session: Session) -> tuple[FromClause, ColumnElement[str]]:
    """A decision's messages as rows to join with, and the channel of each."""
    if on_postgres(session):
        each = func.jsonb_array_elements(Decision.sends).table_valued(column("value", JSONB), name="send")
        return each, each.c.value.op("->>")("channel")
    each = func.json_each(Decision.sends).table_valued("value", name="send")
    return each, func.json_extract(each.c.value, "$.channel")


def _by_step(run_id: int) -> Executable:
    return (
        select(
            Decision.outcome, Decision.policy, Decision.step, Decision.rule, func.count(),
            func.sum(Decision.amount_cents), func.sum(Decision.cost_micros), func.count(Decision.until),
        )
        .where(Decision.run_id == run_id)
        .group_by(Decision.outcome, Decision.policy, Decision.step, Decision.rule)
    )  # fmt: skip


def _by_channel(session: Session, run_id: int) -> Executable:
    each, channel = sends_of(session)
    return (
        select(Decision.policy, Decision.step, channel.label("channel"), func.count())
        .join(each, true())
        .where(Decision.run_id == run_id, Decision.outcome == "contact")
        .group_by(Decision.policy, Decision.step, channel)
    )


def _households(session: Session, run_id: int) -> int:
    found = session.scalar(
        select(func.count(distinct(Account.household)))
        .join(Decision, Decision.account_id == Account.id)
        .where(Decision.run_id == run_id, Decision.outcome == "contact")
    )
    return found or 0
