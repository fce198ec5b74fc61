"""Campaigns: the runs, the newest first, and planning one."""

from flask import flash, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms import worklist
from comms.campaigns import CampaignRun, PolicyError, RunError, brakes
from comms.campaigns.planner import begin
from comms.desk.access.gate import Route, Visit, positive
from comms.desk.access.permissions import Permission
from comms.desk.campaigns import run_words, runs
from comms.desk.frame.pages import page
from comms.desk.frame.refusals import in_words
from comms.notices import NoticeError
from comms.rules import RuleError


def campaigns(visit: Visit, problem: str = "", status: int = 200) -> ResponseReturnValue:
    """The runs with what they came to, and what waits for somebody."""
    before = positive(visit.query.get("before", ""))
    with visit.office.database.read() as session:
        counts = worklist.counts(session)
        lines, after = runs.recent(session, before)
    return page(
        visit, "campaigns.html", counts, status, lines=lines, after=after, continued=before is not None,
        problem=problem, said=run_words, may_run=visit.by.may(Permission.RUN_CAMPAIGNS),
        night=visit.office.settings.night,
    )  # fmt: skip


def plan(visit: Visit) -> ResponseReturnValue:
    """Begin tonight's run over all policies; the workers plan it, and its page shows how far they are. Of one that is
    planned already the brakes are looked at anew: a file that was missing may have come in."""
    office = visit.office

    def work(session: Session) -> tuple[int, str]:
        run_id = begin(session, office.city, office.renderer.catalogue, visit.now, by=visit.by.username)
        visit.note_down(session, "run.planned", facts={"run": run_id})
        state = session.get_one(CampaignRun, run_id).state
        if state == "planned":
            brakes.look(session, office.city, office.clock, office.renderer.catalogue, run_id)
        return run_id, state

    try:
        run_id, state = office.database.run(work)
    except (RunError, PolicyError, NoticeError, RuleError) as refused:
        return campaigns(visit, in_words(refused), 409)
    if state == "planned":
        flash("This run is planned already, and no account has changed since. Its brakes were looked at again.")
    elif not office.doorbell.ask_for_run(run_id):
        flash("The workers do not answer. The run is planned as soon as they do.")
    return redirect(f"/campaigns/{run_id}", 303)


ROUTES = (
    Route("/campaigns", campaigns, Permission.SEE_CAMPAIGNS, section="Campaigns"),
    Route("/campaigns/plan", plan, Permission.RUN_CAMPAIGNS, ("POST",)),
)
