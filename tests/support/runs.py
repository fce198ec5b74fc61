"""Runs and their decisions as a plan leaves them, without a plan."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from comms.campaigns.schema import CampaignRun, Decision, Episode
from tests.support.build import NOW

POLICY = "residential-past-due"


def run(session: Session, **more: Any) -> CampaignRun:
    """A planned run of all policies for the night of ``build.NOW``."""
    given: dict[str, Any] = {
        "policy": "all", "versions": {POLICY: 1}, "rulebook": "rules", "planned_for": date(2026, 11, 23),
        "attempt": 1, "state": "planned", "counts": {}, "brakes": [], "approvals": [], "planned_at": NOW,
        "planned_by": "test",
    }  # fmt: skip
    return _put(session, CampaignRun(**(given | more)))


def next_run(session: Session, before: CampaignRun, **more: Any) -> CampaignRun:
    """The run of the night after, held against the one before."""
    after = timedelta(days=1)
    return run(
        session, planned_for=before.planned_for + after, planned_at=before.planned_at + after,
        previous_run_id=before.id, **more,
    )  # fmt: skip


def decision(
    session: Session, of: CampaignRun, account_id: int, step: str | None = "reminder", *channels: str, **more: Any
) -> Decision:
    """A contact by these channels (a text where none is named), each a message of its own."""
    doing = more.get("outcome", "contact") in ("contact", "action")
    given: dict[str, Any] = {
        "run_id": of.id, "account_id": account_id, "policy": POLICY, "step": step,
        "occurrence": 1 if doing else None, "outcome": "contact", "rule": "may-contact", "reasons": [],
        "sends": [send(channel) for channel in channels or ("sms",)] if doing else [], "facts_version": 1,
        "amount_cents": 12000, "cost_micros": 23600, "state": "planned" if doing else "noted", "decided_at": NOW,
    }  # fmt: skip
    given |= more
    if doing and "episode_id" not in given:
        given["episode_id"] = _episode(session, account_id, of.planned_at)
    return _put(session, Decision(**given))


def left_alone(session: Session, of: CampaignRun, account_id: int, rule: str, outcome: str = "protected") -> Decision:
    """A decision to do nothing, by a rule."""
    return decision(session, of, account_id, "reminder", outcome=outcome, rule=rule, cost_micros=0)


def send(channel: str, *rest: str, until: datetime | None = None) -> dict[str, Any]:
    wait = until.isoformat() if until else None
    return {"channel": channel, "rest": list(rest), "required": True, "until": wait}


def _episode(session: Session, account_id: int, at: datetime) -> int:
    """An episode of its own, closed, so that each decision of a test may be the first of its step."""
    given = {"policy": POLICY, "policy_version": 1, "opened_at": at, "closed_at": at, "close_reason": "left"}
    return _put(session, Episode(account_id=account_id, debt_cents=12000, **given)).id


def _put(session: Session, row: Any) -> Any:
    session.add(row)
    session.flush()
    return row
