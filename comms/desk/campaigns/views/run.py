"""One run: what it comes to, what is different, what stands in its way, and how far it has come."""

from flask import Response, abort
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms import worklist
from comms.campaigns import CampaignRun
from comms.campaigns.costing import dollars
from comms.campaigns.differing import CHANGES
from comms.campaigns.preview import standing
from comms.campaigns.telling import protects_by_rule
from comms.desk.access.gate import Route, Visit, positive
from comms.desk.access.permissions import Permission
from comms.desk.campaigns import run_words, runs
from comms.desk.campaigns.tables import parts
from comms.desk.frame.pages import page
from comms.desk.frame.refusals import in_words
from comms.rules import rulebook_of

OUTCOMES = {
    "contact": "Accounts that are written to",
    "action": "Accounts for the field",
    "protected": "Accounts left alone",
    "waiting": "Accounts for which nothing is due",
    "outside": "Accounts that no policy takes, or whose policy ended",
    "dropped": "Left alone after all",
}
"""The parts of a run that can be listed, and their headings."""
SELDOM = 10
"""Seconds between two looks at a run in which nothing moves."""
STANDS_STILL = 3
"""Looks in vain after which the page says so."""


def run(
    visit: Visit, run_id: int, problem: str = "", written: dict[str, str] | None = None, status: int = 200
) -> ResponseReturnValue:
    """The run's page. ``written`` is what somebody typed into a form that could not be taken."""
    with visit.office.database.read() as session:
        counts = worklist.counts(session)
        found = get(session, run_id)
        sheet, far = runs.sheet(session, found, visit.now), runs.progress(session, found)
        stands = standing(session, run_id) if found.released_at is not None and not far.moving else None
    return page(
        visit, "run.html", counts, status, run=found, sheet=sheet, preview=sheet.preview, far=far, stands=stands,
        phrase=run_words.phrase(sheet.preview), problem=problem, written=written or {}, every=2, said=run_words,
        dollars=dollars, plainly=in_words, protects=protects_by_rule(rulebook_of(visit.office.city), found.planned_for),
        may_run=visit.by.may(Permission.RUN_CAMPAIGNS), may_approve=visit.by.may(Permission.APPROVE_CAMPAIGNS),
    )  # fmt: skip


def progress(visit: Visit, run_id: int) -> ResponseReturnValue:
    """The part of the page that moves. It asks again in two seconds, or in ten when nothing has changed; a run that has
    come to another state brings its whole page. ``still``: how often it asked in vain; then it says what to do."""
    with visit.office.database.read() as session:
        found = get(session, run_id)
        far = runs.progress(session, found)
    if far.state != visit.query.get("state", ""):
        return Response(headers={"HX-Redirect": f"/campaigns/{run_id}"})
    still = (
        min(10_000, positive(visit.query.get("still", "")) or 0) + 1 if far.mark == visit.query.get("seen", "") else 0
    )
    heard = still < STANDS_STILL or visit.office.doorbell.answers()
    told = run_words.stands_still(far.state, still * SELDOM, heard=heard) if still >= STANDS_STILL else ""
    return page(
        visit, "run_progress.html", run=found, far=far, every=SELDOM if still else 2, still=still, told=told,
        aloud=told or str(far.tenths) != visit.query.get("tenths", ""), said=run_words,
    )  # fmt: skip


def differences(visit: Visit, run_id: int) -> ResponseReturnValue:
    """How the run differs from the one before and why; with ``change``, the accounts that differ in that way."""
    change = visit.query.get("change", "")
    if change and change not in CHANGES:
        abort(404, "There is no such kind of difference.")
    with visit.office.database.read() as session:
        counts = worklist.counts(session)
        found = get(session, run_id)
        differ = runs.difference(visit, session, found, change)
    if differ.rows:
        visit.saw_list(f"run {run_id}", [row.number for row in differ.rows])
    template = "run_differences.html" if visit.query.get("part") else "run_differs.html"
    many = differ.of(change) if change else sum(one.accounts for one in differ.differences)
    return page(visit, template, counts, run=found, differ=differ, change=change, said=run_words, books=parts(many))


def accounts(visit: Visit, run_id: int) -> ResponseReturnValue:
    """The accounts of one part of the run: those of a step, or those that a rule stands against."""
    part, after = part_asked(visit), positive(visit.query.get("after", "")) or 0
    with visit.office.database.read() as session:
        counts = worklist.counts(session)
        found = get(session, run_id)
        lines, following = runs.accounts_of(session, run_id, part, after)
        many = runs.many_of(session, run_id, part) if following or after else len(lines)
    visit.saw_list(f"run {run_id}", [line.account.number for line in lines])
    return page(
        visit, "run_accounts.html", counts, run=found, part=part, lines=lines, after=following, continued=bool(after),
        heading=OUTCOMES[part.outcome], said=run_words, many=many, books=parts(many),
        protects=protects_by_rule(rulebook_of(visit.office.city), found.planned_for),
    )  # fmt: skip


def part_asked(visit: Visit) -> runs.Part:
    """The part of a run that an address names."""
    asked = visit.query
    part = runs.Part(asked.get("outcome", ""), asked.get("rule", ""), asked.get("policy", ""), asked.get("step", ""))
    if part.outcome not in OUTCOMES:
        abort(404, "There is no such part of a run.")
    return part


def get(session: Session, run_id: int) -> CampaignRun:
    """The run, or a page that says that there is none."""
    found = session.get(CampaignRun, run_id)
    if found is None:
        abort(404, f"There is no run {run_id}.")
    return found


ROUTES = (
    Route("/campaigns/<int:run_id>", run, Permission.SEE_CAMPAIGNS),
    Route("/campaigns/<int:run_id>/progress", progress, Permission.SEE_CAMPAIGNS, watches=True),
    Route("/campaigns/<int:run_id>/differences", differences, Permission.SEE_CAMPAIGNS),
    Route("/campaigns/<int:run_id>/accounts", accounts, Permission.SEE_CAMPAIGNS),
)
