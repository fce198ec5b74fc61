"""What is done with a run: lifting a brake, approving, letting go, pausing, going on, stopping.

Letting go only begins it: the brakes and approvals are asked in the same transaction, and the workers write and queue
the messages.
"""

from collections.abc import Callable
from typing import Any

from flask import flash, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms.campaigns import approving, brakes, control
from comms.campaigns.policies.wording import listed
from comms.campaigns.preview import preview
from comms.campaigns.release import begin
from comms.desk.access.gate import Route, Visit, positive
from comms.desk.access.permissions import Permission
from comms.desk.campaigns import run_words
from comms.desk.campaigns.views import run
from comms.desk.campaigns.views.acting import LONGEST_REASON, REFUSED, T, do
from comms.desk.frame import formats, words
from comms.desk.frame.refusals import in_words


def lift(visit: Visit, run_id: int) -> ResponseReturnValue:
    """Lift a brake, with a reason that stays with the run."""
    name, because = visit.form.get("brake", ""), visit.line("because", LONGEST_REASON)
    seen = positive(visit.form.get("found", ""))

    def work(session: Session) -> str:
        lifted = brakes.lift(session, run_id, name, by=visit.by.username, because=because, at=visit.now, seen=seen)
        _note(session, visit, "run.brake_lifted", run_id, brake=name, because=because)
        return lifted.brake

    return _done(visit, run_id, work, lambda _: "The brake is lifted.", {"brake": name, "because": because})


def approve(visit: Visit, run_id: int) -> ResponseReturnValue:
    """Approve the run in one's own role."""

    def work(session: Session) -> None:
        approving.approve(session, run_id, by=visit.by.username, role=visit.by.role, at=visit.now)
        _note(session, visit, "run.approved", run_id, role=visit.by.role)

    return _done(visit, run_id, work, lambda _: "You have approved this run.")


def release(visit: Visit, run_id: int) -> ResponseReturnValue:
    """Let the run go, once the words were typed that say how much it is. Once is enough: a second click, or a second
    person, is told who has let it go."""
    office = visit.office
    typed = visit.form.get("typed", "")[:60]
    with office.database.read() as session:
        found = run.get(session, run_id)
        if found.released_at is not None and found.state != "stopped":
            return _let_go_before(visit, run_id)
        phrase = run_words.phrase(preview(session, run_id))
    if not run_words.same_phrase(typed, phrase):
        problem = f"To let the run go, type {phrase} into the box. Nothing was sent."
        return run.run(visit, run_id, problem, {"typed": typed}, 422)
    try:
        first = begin(office.database, office.city, office.clock, office.renderer, run_id, by=visit.by.username)
    except REFUSED as refused:
        return run.run(visit, run_id, in_words(refused), {"typed": typed}, 409)
    if not first:
        return _let_go_before(visit, run_id)
    office.database.run(lambda session: _note(session, visit, "run.released", run_id, typed=typed))
    _ask(visit, run_id, "The run is let go.")
    return redirect(f"/campaigns/{run_id}", 303)


def _let_go_before(visit: Visit, run_id: int) -> ResponseReturnValue:
    with visit.office.database.read() as session:
        found = run.get(session, run_id)
        by, at = words.actor(found.released_by, visit.names), found.released_at
    when = formats.moment(at, visit.now, visit.office.city.zone) if at else ""
    flash(f"The run was let go already, by {by}, {when}. Nothing was done a second time.")
    return redirect(f"/campaigns/{run_id}", 303)


def pause(visit: Visit, run_id: int) -> ResponseReturnValue:
    """Hold what has not left."""

    def work(session: Session) -> int:
        held = control.pause(session, visit.office.clock, run_id, by=visit.by.username)
        _note(session, visit, "run.paused", run_id, held=held)
        return held

    return _done(
        visit,
        run_id,
        work,
        lambda held: f"The run is paused; {formats.count(held, 'message is', 'messages are')} held.",
    )


def resume(visit: Visit, run_id: int) -> ResponseReturnValue:
    """Go on: what was held is queued again, and the workers write the rest."""

    def work(session: Session) -> dict[str, list[int]]:
        lanes = dict(control.resume(session, visit.office.clock, run_id, by=visit.by.username))
        _note(session, visit, "run.resumed", run_id)
        return lanes

    try:
        lanes = visit.office.database.run(work)
    except REFUSED as refused:
        return run.run(visit, run_id, in_words(refused), status=409)
    for lane, ids in lanes.items():
        visit.office.doorbell.ring(lane, ids)
    _ask(visit, run_id, "The run goes on.")
    return redirect(f"/campaigns/{run_id}", 303)


def stop(visit: Visit, run_id: int) -> ResponseReturnValue:
    """Stop the run for good, and call back what has not left."""
    because = visit.line("because", LONGEST_REASON)

    def work(session: Session) -> control.Stopped:
        run.get(session, run_id)
        done = control.stop(session, visit.office.clock, run_id, by=visit.by.username, because=because)
        _note(session, visit, "run.stopped", run_id, because=because)
        return done

    return _done(visit, run_id, work, _stopped, {"stop": because})


def _stopped(done: control.Stopped) -> str:
    """What a stop came to, and what had left already."""
    called, gone = done.messages.cancelled, done.messages.too_late
    said = [f"The run is stopped. Called back: {run_words.messages(called)}."]
    if done.unwritten:
        said.append(f"Not written: {formats.count(done.unwritten, 'decision', 'decisions')}.")
    if gone:
        said.append(f"Had left, or are leaving just now: {run_words.messages(gone)}.")
    if leaving := [str(message) for message, _, _ in done.messages.leaving[:20]]:
        said.append(f"Leaving just now: message {listed(leaving)}.")
    return " ".join(said)


def _done(
    visit: Visit, run_id: int, work: Callable[[Session], T], tell: Callable[[T], str],
    written: dict[str, str] | None = None,
) -> ResponseReturnValue:  # fmt: skip
    def again(problem: str) -> ResponseReturnValue:
        return run.run(visit, run_id, problem, written, 409)

    return do(visit, work, tell, back=f"/campaigns/{run_id}", again=again)


def _ask(visit: Visit, run_id: int, done: str) -> None:
    heard = visit.office.doorbell.ask_for_run(run_id)
    flash(done if heard else f"{done} The workers do not answer; they take it up as soon as they do.")


def _note(session: Session, visit: Visit, action: str, run_id: int, **facts: Any) -> None:
    visit.note_down(session, action, facts={"run": run_id, **facts})


ROUTES = (
    Route("/campaigns/<int:run_id>/lift", lift, Permission.APPROVE_CAMPAIGNS, ("POST",)),
    Route("/campaigns/<int:run_id>/approve", approve, Permission.APPROVE_CAMPAIGNS, ("POST",)),
    Route("/campaigns/<int:run_id>/release", release, Permission.RUN_CAMPAIGNS, ("POST",)),
    Route("/campaigns/<int:run_id>/pause", pause, Permission.RUN_CAMPAIGNS, ("POST",)),
    Route("/campaigns/<int:run_id>/resume", resume, Permission.RUN_CAMPAIGNS, ("POST",)),
    Route("/campaigns/<int:run_id>/stop", stop, Permission.RUN_CAMPAIGNS, ("POST",)),
)
