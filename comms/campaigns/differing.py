"""What a run does differently from the run before it, with a reason for each difference.

Both runs' decisions are compared by the database: accounts that are written to in one of them and not in the other, or
at another step, on another channel, for another amount. Whether the earlier run was let go does not matter for what
differs, only for why: a step that was taken is not due again.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import CTE, ColumnElement, Select, and_, case, func, or_, select, union
from sqlalchemy.orm import Session, aliased

from comms.accounts.schema import Account, ConsentEvent, ContactPoint
from comms.money import dollars
from comms.rules import reasons_from_json

from .preview import DOING
from .schema import CampaignRun, Decision

TAKEN = ("released", "noted")
"""States of a decision whose step was taken."""

CHANGES = ("new", "gone", "policy", "step", "again", "channel", "amount")
"""What can differ, in the order in which it is told: who comes in, who goes, then how."""


@dataclass(frozen=True)
class Difference:
    """Accounts that differ in the same way for the same reason. ``cents`` is what they owe together."""

    change: str
    reason: str
    accounts: int
    cents: int


@dataclass(frozen=True)
class Changed:
    """One account that differs. ``before`` and ``now`` say what each run does for it, ``details`` what its own facts
    say to the reason ("hold: medical, to 2026-12-31")."""

    number: str
    change: str
    reason: str
    before: str
    now: str
    details: str = ""


@dataclass(frozen=True)
class Diff:
    """A run against the one before it. ``same`` counts the accounts for which both do the same."""

    run_id: int
    previous_id: int | None
    same: int = 0
    differences: tuple[Difference, ...] = ()
    rows: tuple[Changed, ...] = ()

    def of(self, change: str) -> int:
        """Accounts with this kind of change."""
        return sum(one.accounts for one in self.differences if one.change == change)


class _Side(NamedTuple):
    """What one run says of an account; all None where it says nothing."""

    outcome: str | None
    policy: str | None
    step: str | None
    rule: str | None
    state: str | None


class _Case(NamedTuple):
    """Everything the reason of a difference is read from."""

    before: _Side
    now: _Side
    change: str
    owes: bool
    in_file: bool
    less: bool
    """The amount has become less."""


def diff(session: Session, run_id: int, *, limit: int = 0, change: str | None = None, skip: int = 0) -> Diff:
    """How a run differs from the one it is held against; with up to ``limit`` accounts (of one kind of ``change``),
    after the first ``skip``."""
    run = session.get_one(CampaignRun, run_id)
    if run.previous_run_id is None:
        return Diff(run_id, None)
    before = session.get_one(CampaignRun, run.previous_run_id)
    sides = _compared(run_id, before.id)
    moved = _moved_versions(before.versions, run.versions)
    found: Counter[tuple[str, str]] = Counter()
    cents: Counter[tuple[str, str]] = Counter()
    same = other_channel = 0
    for row in session.execute(_grouped(sides)):
        accounts, owed, one = row.accounts, int(row.cents), _case(row)
        if one.change == "same":
            same += accounts
        elif one.change == "channel":
            other_channel += accounts
        else:
            key = (one.change, _reason(one, moved))
            found[key] += accounts
            cents[key] += owed
    why_channel = _channel_reasons(session, sides, before.planned_at) if other_channel else {}
    for reason, owed in why_channel.values():
        found["channel", reason] += 1
        cents["channel", reason] += owed
    differences = [Difference(*key, many, cents[key]) for key, many in found.items()]
    differences.sort(key=lambda one: (CHANGES.index(one.change), -one.accounts, one.reason))
    rows = _rows(session, sides, moved, why_channel, (limit, skip), change) if limit else ()
    return Diff(run_id, before.id, same, tuple(differences), rows)


def _compared(run_id: int, before_id: int) -> CTE:
    """A row for each account that one of the two runs does something for."""
    doing = [
        select(Decision.account_id).where(Decision.run_id == id_, Decision.outcome.in_(DOING))
        for id_ in (run_id, before_id)
    ]
    ids = union(*doing).subquery("either")
    now, then = aliased(Decision, name="now"), aliased(Decision, name="then")
    return (
        select(
            ids.c.account_id, _change(now, then).label("change"),
            now.outcome.label("now_outcome"), now.policy.label("now_policy"), now.step.label("now_step"),
            now.rule.label("now_rule"), now.state.label("now_state"), now.amount_cents.label("now_cents"),
            _channel(now).label("now_channel"), now.id.label("now_id"),
            then.outcome.label("then_outcome"), then.policy.label("then_policy"), then.step.label("then_step"),
            then.rule.label("then_rule"), then.state.label("then_state"), then.amount_cents.label("then_cents"),
            _channel(then).label("then_channel"), then.id.label("then_id"),
            Account.number, Account.past_due_cents, Account.in_latest_file,
        )
        .join(Account, Account.id == ids.c.account_id)
        .outerjoin(now, and_(now.account_id == ids.c.account_id, now.run_id == run_id))
        .outerjoin(then, and_(then.account_id == ids.c.account_id, then.run_id == before_id))
        .cte("compared")
    )  # fmt: skip


def _channel(decision: type[Decision]) -> ColumnElement[str]:
    first: ColumnElement[str] = decision.sends[(0, "channel")].as_string()
    return first


def _change(now: type[Decision], then: type[Decision]) -> ColumnElement[str]:
    does, did = now.outcome.in_(DOING), then.outcome.in_(DOING)
    return case(
        (and_(does, or_(then.outcome.is_(None), ~did)), "new"),
        (and_(did, or_(now.outcome.is_(None), ~does)), "gone"),
        (now.policy != then.policy, "policy"),
        (now.step != then.step, "step"),
        (then.state.in_(TAKEN), "again"),
        (_channel(now) != _channel(then), "channel"),
        (now.amount_cents != then.amount_cents, "amount"),
        else_="same",
    )


def _grouped(sides: CTE) -> Select[Any]:
    c = sides.c
    keys = (
        c.change, c.now_outcome, c.now_policy, c.now_step, c.now_rule, c.now_state,
        c.then_outcome, c.then_policy, c.then_step, c.then_rule, c.then_state,
        (c.past_due_cents > 0).label("owes"), c.in_latest_file.label("in_file"),
        case((c.now_cents < c.then_cents, True), else_=False).label("less"),
    )  # fmt: skip
    owed = func.sum(func.coalesce(c.now_cents, c.then_cents)).label("cents")
    return select(*keys, func.count().label("accounts"), owed).group_by(*keys)


def _case(row: Any) -> _Case:
    return _Case(
        _Side(row.then_outcome, row.then_policy, row.then_step, row.then_rule, row.then_state),
        _Side(row.now_outcome, row.now_policy, row.now_step, row.now_rule, row.now_state),
        row.change, bool(row.owes), bool(row.in_file), bool(row.less),
    )  # fmt: skip


def _reason(one: _Case, moved: Collection[str]) -> str:
    """Why an account differs, in words that stay the same for all it happened to."""
    then, now = one.before, one.now
    if one.change == "new":
        return _why_new(then, now, moved)
    if one.change == "gone":
        return _why_gone(one)
    if one.change == "policy":
        return "another policy takes it now"
    if one.change == "step":
        if then.state in TAKEN:
            return f"the step before, {then.step}, was taken and the next one is due"
        return "the policy has a new version" if now.policy in moved else f"{then.step} is not the step that is due now"
    if one.change == "again":
        return "the step did not count (not delivered, recalled or returned) and is done again"
    return "a part was paid" if one.less else "more is past due"


def _why_new(then: _Side, now: _Side, moved: Collection[str]) -> str:
    if then.outcome == "protected":
        return f"nothing stands against it any more ({then.rule})"
    if then.outcome == "waiting":
        return "the step became due" if then.rule in ("not-due-yet", None) else f"the wait ended ({then.rule})"
    if then.outcome == "outside":
        return f"it came under a policy again (before: {then.rule})"
    return "the policy is new or has a new version" if now.policy in moved else "it came past due"


def _why_gone(one: _Case) -> str:
    then, now = one.before, one.now
    if now.outcome == "protected":
        return "paid" if now.rule == "owes" else f"a rule stands against it now ({now.rule})"
    if now.outcome == "outside" and now.rule == "paid":
        return "paid"
    if then.state in TAKEN:
        return f"the step {then.step} was taken"
    if now.outcome == "waiting":
        return f"no step is due ({now.rule})"
    if not one.in_file:
        return "it is no longer in the billing system's file"
    if now.outcome == "outside":
        return f"its policy ended ({now.rule})"
    return "no policy takes it any more" if one.owes and now.outcome is None else "paid"


def _moved_versions(before: Mapping[str, int], now: Mapping[str, int]) -> frozenset[str]:
    """Policies that are new, or that have another version than in the run before."""
    return frozenset(policy for policy, version in now.items() if before.get(policy) != version)


def _channel_reasons(session: Session, sides: CTE, since: datetime) -> dict[int, tuple[str, int]]:
    """Why each account that is written to on another channel is, and what it owes."""
    c = sides.c
    changed = {
        row.account_id: row.now_cents
        for row in session.execute(select(c.account_id, c.now_cents).where(c.change == "channel"))
    }
    if not changed:
        return {}
    said = _changed_since(session, sides, ConsentEvent.account_id, ConsentEvent.at > since)
    moved = _changed_since(session, sides, ContactPoint.account_id, ContactPoint.updated_at > since)

    def why(account_id: int) -> str:
        if account_id in said:
            return "the customer opted out of a channel, or in again"
        if account_id in moved:
            return "a phone number or email address changed, or does not work any more"
        return "the channels before it may not be used now, or may again"

    return {account_id: (why(account_id), owed) for account_id, owed in changed.items()}


def _changed_since(session: Session, sides: CTE, account: Any, since: ColumnElement[bool]) -> set[int]:
    found = select(sides.c.account_id).join_from(sides, account.class_, account == sides.c.account_id)
    return set(session.scalars(found.where(sides.c.change == "channel", since)))


def _rows(
    session: Session, sides: CTE, moved: Collection[str], why_channel: Mapping[int, tuple[str, int]],
    which_rows: tuple[int, int], change: str | None,
) -> tuple[Changed, ...]:  # fmt: skip
    c = sides.c
    decided = aliased(Decision)
    which = c.change != "same" if change is None else c.change == change
    order = case({name: place for place, name in enumerate(CHANGES)}, value=c.change)
    statement = (
        select(
            *c, (c.past_due_cents > 0).label("owes"), c.in_latest_file.label("in_file"),
            case((c.now_cents < c.then_cents, True), else_=False).label("less"), decided.reasons,
        )
        .outerjoin(decided, decided.id == c.now_id)
        .where(which)
        .order_by(order, c.number)
        .limit(which_rows[0])
        .offset(which_rows[1])
    )  # fmt: skip
    rows = []
    for row in session.execute(statement):
        one = _case(row)
        reason = why_channel[row.account_id][0] if one.change == "channel" else _reason(one, moved)
        before = _words(one.before, row.then_channel, row.then_cents)
        now = _words(one.now, row.now_channel, row.now_cents)
        rows.append(Changed(row.number, one.change, reason, before, now, _details(row.reasons, row.now_rule)))
    return tuple(rows)


def _words(side: _Side, channel: str | None, cents: int | None) -> str:
    if side.outcome is None:
        return "nothing"
    if side.outcome in DOING:
        by = f" by {channel}" if channel else ""
        return f"{side.step}{by}, {dollars(cents or 0)}"
    return f"{side.outcome} ({side.rule})"


def _details(reasons: Any, rule: str | None) -> str:
    """What the account's own facts say to the rule that decided."""
    for reason in reasons_from_json(reasons or ()):
        if reason.rule == rule:
            return f"{reason.fact}: {reason.value}"
    return ""
