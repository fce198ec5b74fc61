"""What a run takes part of which policies, and who must have approved it before it is let go."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .policies import Policy, Step
from .preview import DOING
from .schema import CampaignRun, Decision, Episode

RANK = {"supervisor": 1, "administrator": 2}
"""Staff roles that approve; a higher one may do what a lower one may."""


class ApprovalError(ValueError):
    """A run that cannot be approved as asked; the message says why and what to do."""


@dataclass(frozen=True)
class StepTaken:
    """A step that a run takes for so many accounts, by the version and the arm that their episodes run by."""

    policy: Policy
    step: Step
    accounts: int


def steps_taken(session: Session, run_id: int, frozen: Mapping[tuple[str, int], Policy]) -> list[StepTaken]:
    """The steps of a run, whatever has become of them since."""
    rows = session.execute(
        select(Episode.policy, Episode.policy_version, Episode.arm, Decision.step, func.count())
        .join(Episode, Episode.id == Decision.episode_id)
        .where(Decision.run_id == run_id, Decision.outcome.in_(DOING))
        .group_by(Episode.policy, Episode.policy_version, Episode.arm, Decision.step)
        .order_by(Episode.policy, Episode.policy_version, Decision.step)
    )
    found = []
    for policy, version, arm, step, accounts in rows:
        by = frozen[policy, version]
        found.append(StepTaken(by, by.named(step or "", arm), accounts))
    return found


def roles_wanted(session: Session, run_id: int, frozen: Mapping[tuple[str, int], Policy]) -> dict[str, list[str]]:
    """The roles whose approval the run still waits for, each with the steps that want it, in staff's words."""
    given = {each["role"] for each in session.get_one(CampaignRun, run_id).approvals}
    highest = max((RANK[role] for role in given), default=0)
    wanted: dict[str, list[str]] = {}
    for taken in steps_taken(session, run_id, frozen):
        role = taken.step.approve
        if role is not None and RANK[role] > highest:
            words = f"{taken.step.name} ({taken.policy.title}, {taken.accounts:,})"
            wanted.setdefault(role, []).append(words)
    return wanted


def approve(session: Session, run_id: int, *, by: str, role: str, at: datetime) -> CampaignRun:
    """Approve a planned run in a role. Raises ``ApprovalError`` for who planned it, for a role that approves nothing,
    and for a run that does not wait to be released."""
    run = session.get(CampaignRun, run_id, with_for_update=True)
    if run is None:
        raise ApprovalError(f"There is no run {run_id}. See the runs with: comms campaign status")
    if run.state != "planned":
        raise ApprovalError(f"Run {run_id} is {run.state}; only a planned one is approved. Next step: comms plan")
    if role not in RANK:
        raise ApprovalError(f"A {role} approves no run. Roles that do: {', '.join(RANK)}.")
    if by.strip().casefold() == run.planned_by.casefold():
        raise ApprovalError(f"{by} planned run {run_id}; somebody else approves it.")
    if all(each["by"].casefold() != by.strip().casefold() for each in run.approvals):
        run.approvals = [*run.approvals, {"by": by.strip(), "role": role, "at": at.isoformat()}]
        session.flush()
    return run
