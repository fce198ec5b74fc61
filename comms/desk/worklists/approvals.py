"""What waits to be approved beside promises: runs, policies, moves of running cases, and shut-off lists."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.campaigns.schema import CampaignRun, PolicyMove, PolicyVersion
from comms.desk.frame import formats
from comms.field.schema import FieldList

_FIELD = {"shutoff": "Shut-off list", "referral": "Referral list", "reconnect": "Reconnection list"}


@dataclass(frozen=True)
class Awaiting:
    """One thing that waits for somebody's yes, with the page where it can be said."""

    what: str
    name: str
    words: str
    since: datetime
    by: str
    path: str


def awaiting(session: Session, today: date) -> list[Awaiting]:
    """Everything that waits, the longest first. These tables are small: a row a night, a list, a version."""
    found = [*_runs(session, today), *_policies(session), *_moves(session), *_lists(session, today)]
    return sorted(found, key=lambda one: one.since)


def _runs(session: Session, today: date) -> list[Awaiting]:
    """Runs of today and later that are planned; of several plans for one night, the last one."""
    planned = select(CampaignRun).where(CampaignRun.planned_for >= today).order_by(CampaignRun.attempt)
    newest = {(run.policy, run.planned_for): run for run in session.scalars(planned)}
    return [
        Awaiting(
            "Run", f"Run of {formats.day(run.planned_for, today)}", "Planned; nothing leaves until it is let go.",
            run.planned_at, run.planned_by, f"/campaigns/{run.id}",
        )
        for run in newest.values()
        if run.state == "planned"
    ]  # fmt: skip


def _policies(session: Session) -> list[Awaiting]:
    said = {"submitted": "Submitted, to be approved.", "approved": "Approved, to be put into use."}
    found = session.scalars(select(PolicyVersion).where(PolicyVersion.state.in_(said)))
    return [
        Awaiting(
            "Policy", f"{one.title}, version {one.version}", said[one.state], one.submitted_at, one.author,
            f"/campaigns/policies/{one.policy}/{one.version}",
        )
        for one in found
    ]  # fmt: skip


def _moves(session: Session) -> list[Awaiting]:
    found = session.scalars(select(PolicyMove).where(PolicyMove.state == "proposed"))
    return [
        Awaiting(
            "Move", f"Running cases to version {one.to_version} of {one.policy}",
            f"{formats.count(one.listed, 'case', 'cases')} would change.", one.proposed_at, one.proposed_by,
            f"/campaigns/moves/{one.id}",
        )
        for one in found
    ]  # fmt: skip


def _lists(session: Session, today: date) -> list[Awaiting]:
    proposed = select(FieldList).where(FieldList.state == "proposed", FieldList.for_day >= today)
    return [
        Awaiting(
            _FIELD.get(one.kind, one.kind), one.name, f"For {formats.day(one.for_day, today)}.", one.made_at,
            one.made_by, f"/campaigns/shutoff/lists/{one.name}",
        )
        for one in session.scalars(proposed)
    ]  # fmt: skip
