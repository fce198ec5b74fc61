"""Lists of running episodes that are to change to another version of their policy."""

from datetime import date
from typing import Any

from flask import flash, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms import worklist
from comms.campaigns.policies import moving, versions
from comms.campaigns.policies.versions import VersionError
from comms.desk.access.gate import Route, Visit, positive
from comms.desk.access.permissions import Permission
from comms.desk.campaigns import run_words
from comms.desk.campaigns.tables import parts
from comms.desk.campaigns.views import policies
from comms.desk.campaigns.views.acting import REFUSED
from comms.desk.frame import formats
from comms.desk.frame.pages import page
from comms.desk.frame.refusals import in_words

PER_PAGE = 100


def propose(visit: Visit, name: str, version: int) -> ResponseReturnValue:
    """List what would change for every running episode that has another version."""
    office = visit.office

    def work(session: Session) -> int:
        made = moving.propose(
            session, office.city, office.renderer.catalogue, name, version, by=visit.by.username, at=visit.now
        )
        _note(session, visit, "proposed", made.id)
        return made.id

    try:
        move_id = office.database.run(work)
    except REFUSED as refused:
        return policies.policy(visit, name, version, in_words(refused), status=409)
    return redirect(f"/campaigns/moves/{move_id}", 303)


def move(visit: Visit, move_id: int, problem: str = "", status: int = 200) -> ResponseReturnValue:
    """A list: for each episode what comes next now, and what would come next then."""
    start = positive(visit.query.get("from", "")) or 0
    with visit.office.database.read() as session:
        counts = worklist.counts(session)
        try:
            found = moving.get(session, move_id)
        except VersionError as error:
            return page(visit, "policy_move.html", counts, 404, move=None, problem=in_words(error))
        target = versions.get(session, found.policy, found.to_version)
        lines = moving.part(session, move_id, start, PER_PAGE)
    visit.saw_list(f"move {move_id}", [line.account for line in lines])
    return page(
        visit, "policy_move.html", counts, status, move=found, lines=lines, start=start, total=found.listed,
        stay=found.staying, change=found.changing, books=parts(found.listed), per_page=PER_PAGE, problem=problem,
        wanted=versions.policy_of(target).approved_by, said=run_words,
        day_of=lambda on: formats.day(date.fromisoformat(on), visit.today),
        may_approve=visit.by.may(Permission.APPROVE_CAMPAIGNS),
    )  # fmt: skip


def approve(visit: Visit, move_id: int) -> ResponseReturnValue:
    """Move those whose lines still hold."""
    office = visit.office

    def work(session: Session) -> moving.Moved:
        found = moving.get(session, move_id)
        wanted = versions.policy_of(versions.get(session, found.policy, found.to_version)).approved_by
        if visit.by.role not in wanted:
            raise VersionError(f"This list wants the approval of a {' or '.join(wanted)}; you are a {visit.by.role}.")
        done = moving.approve(
            session, office.city, office.renderer.catalogue, move_id, by=visit.by.username, at=visit.now
        )
        _note(session, visit, "approved", move_id, moved=done.moved)
        return done

    try:
        done = office.database.run(work)
    except REFUSED as refused:
        return move(visit, move_id, in_words(refused), 409)
    left = f" {len(done.left):,} stayed where they are." if done.left else ""
    flash(f"{done.moved:,} episodes moved.{left}")
    return redirect(f"/campaigns/moves/{move_id}", 303)


def refuse(visit: Visit, move_id: int) -> ResponseReturnValue:
    """Move nobody."""

    def work(session: Session) -> None:
        moving.refuse(session, move_id, by=visit.by.username, at=visit.now)
        _note(session, visit, "refused", move_id)

    try:
        visit.office.database.run(work)
    except REFUSED as refused:
        return move(visit, move_id, in_words(refused), 409)
    flash("The list is refused; nobody moves.")
    return redirect(f"/campaigns/moves/{move_id}", 303)


def _note(session: Session, visit: Visit, what: str, move_id: int, **facts: Any) -> None:
    visit.note_down(session, f"policy_move.{what}", facts={"move": move_id, **facts})


ROUTES = (
    Route("/campaigns/policies/<name>/<int:version>/move", propose, Permission.RUN_CAMPAIGNS, ("POST",)),
    Route("/campaigns/moves/<int:move_id>", move, Permission.SEE_CAMPAIGNS),
    Route("/campaigns/moves/<int:move_id>/approve", approve, Permission.APPROVE_CAMPAIGNS, ("POST",)),
    Route("/campaigns/moves/<int:move_id>/refuse", refuse, Permission.APPROVE_CAMPAIGNS, ("POST",)),
)
