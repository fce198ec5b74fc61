"""Pausing a run, going on with it, and stopping it for good.

A pause holds what has not left; a stop calls it back, and the steps that did not reach the customer are decided anew by
the next night. Both take effect between two chunks of a release that is under way, at once on what is queued, and
whoever comes next finds the run in its new state.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from comms.clock import Clock
from comms.outbox.run_control import CalledBack, call_back, pause_messages, resume_messages

from .planner import RunError
from .schema import CampaignRun, Decision

STOPPED = "run-stopped"
"""What a report counts for a decision of a run that was stopped before it was written."""


@dataclass(frozen=True)
class Stopped:
    """What a stop came to: decisions that will not be written, and what became of the messages."""

    unwritten: int
    messages: CalledBack


def pause(session: Session, clock: Clock, run_id: int, *, by: str) -> int:
    """Pause a run that is being released, or whose messages are on their way; how many messages are held now.

    Raises ``RunError``.
    """
    run = _run(session, run_id)
    if run.state not in ("releasing", "done"):
        raise RunError(f"Run {run_id} is {run.state}; only one that was released can be paused.")
    held = pause_messages(session, run_id, clock)
    if run.state == "done" and not held:
        raise RunError(f"All messages of run {run_id} have left; nothing is to be paused.")
    run.state, run.state_by, run.ended_at = "paused", by, None
    session.flush()
    return held


def resume(session: Session, clock: Clock, run_id: int, *, by: str) -> Mapping[str, list[int]]:
    """Let a paused run go on: the messages queued again, by lane, to ring for. Its release is to be gone on with.

    Raises ``RunError``.
    """
    run = _run(session, run_id)
    if run.state != "paused":
        raise RunError(f"Run {run_id} is {run.state}, not paused. See: comms campaign status {run_id}")
    run.state, run.state_by = "releasing", by
    session.flush()
    return resume_messages(session, run_id, clock)


def stop(session: Session, clock: Clock, run_id: int, *, by: str, because: str) -> Stopped:
    """Stop a run for good: nothing more is written, what has not left is called back. Raises ``RunError``."""
    run = _run(session, run_id)
    if run.state == "stopped":
        raise RunError(f"Run {run_id} was stopped already by {run.state_by}.")
    if len(because.strip()) < 5:
        raise RunError("Say why the run is stopped, in a few words that can be read later: --because WORDS")
    run.state, run.state_by, run.state_why, run.ended_at = "stopped", by, because.strip(), clock.now()
    unwritten = session.execute(
        update(Decision)
        .where(Decision.run_id == run_id, Decision.state == "planned")
        .values(state="dropped", occurrence=None, rule=STOPPED)
        .returning(Decision.id)
        .execution_options(synchronize_session=False)
    ).all()
    messages = call_back(session, run_id, clock, reason=f"run {run_id} was stopped by {by}: {because.strip()}")
    return Stopped(len(unwritten), messages)


def hold_paused(session: Session, clock: Clock) -> int:
    """Hold what was queued for paused runs since: a next channel, or a notice written anew. How many messages."""
    paused = list(session.scalars(select(CampaignRun.id).where(CampaignRun.state == "paused")))
    return sum(pause_messages(session, run_id, clock) for run_id in paused)


def _run(session: Session, run_id: int) -> CampaignRun:
    run = session.get(CampaignRun, run_id, with_for_update=True, populate_existing=True)
    if run is None:
        raise RunError(f"There is no run {run_id}. See the runs with: comms campaign status")
    return run
