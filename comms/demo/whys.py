"""The question that a clerk is asked: why was this account written to, or left alone? One answer of each kind."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time

import click
from sqlalchemy import Select, select

from comms.accounts.schema import Account
from comms.campaigns import CampaignRun, Decision, explain
from comms.campaigns.choosing import main_reason
from comms.campaigns.tracing import Explanation, kind_of
from comms.rules import reasons_from_json

from .stage import Stage
from .words import WIDTH, heading, say

ASKED = {
    "contacted": "Written to", "waiting": "Nothing is due yet", "hold": "Protected by a hold",
    "promise": "Protected by a promise", "consent": "Opted out", "cap": "Heard from us often enough",
    "hours": "Not at this hour or on this day", "address": "Nowhere to send it", "paid": "Paid",
    "cool-down": "Just paid, left in peace", "outside": "No policy is about it", "rule": "A rule stands against it",
    "not known": "Something must be found out first", "field action": "May go on the shut-off list",
}  # fmt: skip
"""Every kind of answer, in the order in which they are shown."""
BETTER = {"waiting": "not-due-yet"}
"""Of some kinds the rule that makes the plainest example."""
LATE = time(21, 40)
WHOLE = ("rule", "field action", "contacted")
"""The kinds of which the first that there is is shown whole."""
SOMETHING = 3000
"""Cents past due of accounts that are looked through for an example."""
LOOK_AT = 60


@dataclass(frozen=True)
class _Case:
    account_id: int
    on: date


def ask(on: Stage, late: Explanation | None) -> list[str]:
    """Print one answer of each kind that the nights brought; the kinds that were shown. ``late`` was asked for at an
    hour at which nobody is texted."""
    heading("8. Why? One answer of each kind (comms why ACCOUNT --on DAY)")
    found = _found(on)
    told = {kind: _explained(on, case) for kind, case in found.items()}
    if late is not None:
        told["hours"] = late
    if (outside := _outside(on)) is not None:
        told["outside"] = outside
    shown = [kind for kind in ASKED if kind in told]
    for kind in shown:
        _tell(kind, told[kind])
    whole = next((kind for kind in WHOLE if kind in told), None)
    if whole is not None:
        say()
        say("And one of them whole, as a clerk reads it:")
        for line in told[whole].lines(WIDTH - 4):
            click.echo(f"    {line}")
    return shown


def _tell(kind: str, told: Explanation) -> None:
    say()
    say(f"{ASKED[kind]}: account {told.account} on {told.on}")
    say(told.headline, 2)
    for channel in told.channels if kind == "hours" else ():
        say(f"{channel.channel}: {channel.words}", 3)
    counts = kind if kind == "consent" else told.rule
    source = next((rule for rule in told.rules if rule.rule == counts), None)
    if source is not None and source.verdict != "allow":
        seen = f" It saw {source.fact}: {source.value}." if kind == "consent" else ""
        protects = f" {source.protects}" if source.protects else ""
        say(f"Rule {source.rule}:{seen}{protects} Source: {source.citation}", 3)
    if told.next_on is not None:
        say(f"Looked at again on {told.next_on}.", 3)


def _explained(on: Stage, case: _Case) -> Explanation:
    at = on.office
    with at.database.read() as session:
        return explain(session, at.city, at.renderer.catalogue, case.account_id, on.now(), case.on)


def _found(on: Stage) -> dict[str, _Case]:
    """An account and a night of each kind, from the decisions as they were kept; the latest night that has one."""
    found: dict[str, _Case] = {}
    best: set[str] = set()
    with on.office.database.read() as session:
        for decision, planned_for in session.execute(
            select(Decision, CampaignRun.planned_for)
            .join(CampaignRun, CampaignRun.id == Decision.run_id)
            .where(Decision.state != "dropped")
            .order_by(CampaignRun.id, Decision.id.desc())
        ).yield_per(1000):
            for kind in _kinds(decision):
                if kind in best and decision.rule != BETTER[kind]:
                    continue
                if decision.rule == BETTER.get(kind):
                    best.add(kind)
                found[kind] = _Case(decision.account_id, planned_for)
    return found


def _kinds(decision: Decision) -> Iterator[str]:
    reasons = reasons_from_json(decision.reasons)
    main = next((one for one in reasons if one.rule == decision.rule), None)
    if main is None and reasons:
        main = main_reason(reasons)
    yield kind_of(decision.outcome, decision.rule, main.verdict if main else None)
    if decision.outcome == "contact" and any(one.rule == "consent" for one in reasons):
        yield "consent"


def late_in_the_evening(on: Stage) -> Explanation | None:
    """What is answered at twenty to ten at night about an account that is to be texted: nothing leaves before a decent
    hour. Nothing of it is kept, for asking decides nothing."""
    at = on.office
    late = datetime.combine(at.city.local_date(on.now()), LATE, at.city.zone)
    with at.database.read() as session:
        for account_id in session.scalars(_undecided("active")):
            told = explain(session, at.city, at.renderer.catalogue, account_id, late)
            if told.kind == "contacted" and any(one.verdict == "defer" for one in told.channels):
                return told
    return None


def _outside(on: Stage) -> Explanation | None:
    """An account that is past due and that no policy takes."""
    at = on.office
    with at.database.read() as session:
        for account_id in session.scalars(_undecided("active", "shut_off")):
            told = explain(session, at.city, at.renderer.catalogue, account_id, on.now())
            if told.kind == "outside":
                return told
    return None


def _undecided(*statuses: str) -> "Select[int]":
    """Some accounts that owe something and about which no night has decided."""
    decided = select(Decision.id).where(Decision.account_id == Account.id).exists()
    return (
        select(Account.id)
        .where(Account.past_due_cents > SOMETHING, Account.status.in_(statuses), ~decided)
        .order_by(Account.id)
        .limit(LOOK_AT)
    )
