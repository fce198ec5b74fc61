"""Policies: all with their versions; one in sentences, as a picture, with its golden cases; two side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Response, abort
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from comms import worklist
from comms.campaigns import Episode, Policy, PolicyError
from comms.campaigns.policies import golden, timeline, versions
from comms.campaigns.policies.activating import Readiness, readiness
from comms.campaigns.policies.cases import parse_cases
from comms.campaigns.policies.listing import DRAFT, Listed, Unusable, drafts, every
from comms.campaigns.policies.moving import moves
from comms.campaigns.policies.versions import ACKNOWLEDGED
from comms.campaigns.policies.wording import sections
from comms.campaigns.schema import PolicyVersion
from comms.desk.access.gate import Route, Visit, positive
from comms.desk.access.permissions import Permission
from comms.desk.frame import comparing
from comms.desk.frame.pages import page
from comms.desk.frame.refusals import in_words
from comms.desk.frame.words import Tone

STATES: dict[str, tuple[str, Tone]] = {
    DRAFT: ("a draft in its file", "plain"),
    "submitted": ("waits for approval", "warn"),
    "approved": ("approved, not in use", "warn"),
    "active": ("in use", "good"),
    "retired": ("out of use", "plain"),
    "refused": ("refused", "bad"),
}
MOVES_SHOWN = 10


def policies(visit: Visit) -> ResponseReturnValue:
    """Every policy in the order in which accounts are offered to them."""
    listed: Sequence[Listed] = ()
    unusable: Sequence[Unusable] = ()
    problem = ""
    with visit.office.database.read() as session:
        counts = worklist.counts(session)
        try:
            listed, unusable = every(visit.office.city, list(versions.stored_versions(session)))
        except PolicyError as error:
            problem = str(error)
        waiting = moves(session)[:MOVES_SHOWN]
    return page(
        visit, "policies.html", counts, listed=listed, unusable=unusable, problem=problem, moves=waiting, states=STATES
    )


@dataclass(frozen=True)
class Sheet:
    """A version's page: its words, what stands against using it, its other versions, and who runs by which."""

    policy: Policy
    stored: PolicyVersion | None
    cases: Sequence[golden.Result]
    ready: Readiness | None
    problem: str
    """Why its golden cases cannot be read."""
    others: Sequence[tuple[int, str]]
    running: Mapping[int, int]
    as_read: str
    """Of a draft: what its file said when the page was made."""

    @property
    def state(self) -> str:
        return self.stored.state if self.stored else DRAFT

    @property
    def failed(self) -> list[golden.Result]:
        return [result for result in self.cases if not result.passed]

    @property
    def missing(self) -> list[str]:
        return versions.missing_roles(self.stored) if self.stored and self.stored.state == "submitted" else []

    @property
    def to_move(self) -> int:
        """Running episodes that have another version than this one, which is in use."""
        if self.state != "active":
            return 0
        return sum(many for version, many in self.running.items() if version != self.policy.version)

    def approved_by(self, name: str) -> bool:
        given = self.stored.approvals if self.stored else ()
        return any(one["by"].casefold() == name.casefold() for one in given if one["role"] != ACKNOWLEDGED)


def policy(
    visit: Visit, name: str, version: int, problem: str = "", written: dict[str, str] | None = None, status: int = 200
) -> ResponseReturnValue:
    """A version of a policy in sentences, with its timeline and what can be done with it."""
    office = visit.office
    with office.database.read() as session:
        counts = worklist.counts(session)
        sheet = _sheet(visit, session, name, version)
    catalogue = office.renderer.catalogue
    return page(
        visit, "policy.html", counts, status, sheet=sheet, policy=sheet.policy, problem=problem, written=written or {},
        told=sections(sheet.policy, office.city, catalogue), states=STATES,
        may_approve=visit.by.may(Permission.APPROVE_CAMPAIGNS), may_run=visit.by.may(Permission.RUN_CAMPAIGNS),
        acknowledged=ACKNOWLEDGED, plainly=in_words,
    )  # fmt: skip


def picture(visit: Visit, name: str, version: int) -> ResponseReturnValue:
    """The timeline as a picture of its own, to print or to put into a letter to the council."""
    with visit.office.database.read() as session:
        found, _ = _found(visit, session, name, version)
    drawn = timeline.svg(found, visit.office.city, visit.office.renderer.catalogue)
    return Response(drawn, mimetype="image/svg+xml")


def compare(visit: Visit, name: str, version: int) -> ResponseReturnValue:
    """A version beside another one, sentence by sentence."""
    office = visit.office
    against = positive(visit.query.get("with", "")) or 0
    with office.database.read() as session:
        counts = worklist.counts(session)
        now, _ = _found(visit, session, name, version)
        before, _ = _found(visit, session, name, against)
    catalogue = office.renderer.catalogue
    told = {one.title: one.lines for one in sections(before, office.city, catalogue)}
    tells = {one.title: one.lines for one in sections(now, office.city, catalogue)}
    compared = {title: comparing.rows(told.get(title, ()), tells.get(title, ())) for title in (told | tells)}
    return page(visit, "policy_compare.html", counts, before=before, now=now, compared=compared)


def _sheet(visit: Visit, session: Session, name: str, version: int) -> Sheet:
    office = visit.office
    found, stored = _found(visit, session, name, version)
    catalogue, today = office.renderer.catalogue, visit.today
    ready, problem = None, ""
    cases: Sequence[golden.Result] = ()
    draft = None if stored else drafts(office.city)[0].get((name, version))
    try:
        if stored is not None and stored.state in ("submitted", "approved", "retired"):
            ready = readiness(office.city, catalogue, stored, today)
            cases = ready.results
        else:
            words = stored.cases if stored else draft.cases if draft else ""
            cases = golden.run(found, parse_cases(words, f"{name}.cases.toml", found), office.city, catalogue)
    except PolicyError as error:
        problem = str(error)
    states = {number: DRAFT for of, number in drafts(office.city)[0] if of == name}
    states |= {row.version: row.state for row in versions.stored_versions(session) if row.policy == name}
    several = len([state for state in states.values() if state in ("active", "retired")]) > 1
    running = _running(session, name) if several else {}
    return Sheet(
        found,
        stored,
        cases,
        ready,
        problem,
        sorted(states.items(), reverse=True),
        running,
        draft.as_read if draft else "",
    )


def _running(session: Session, name: str) -> dict[int, int]:
    rows = session.execute(
        select(Episode.policy_version, func.count())
        .where(Episode.policy == name, Episode.closed_at.is_(None))
        .group_by(Episode.policy_version)
    )
    return dict(rows.all())


def _found(visit: Visit, session: Session, name: str, version: int) -> tuple[Policy, PolicyVersion | None]:
    """The version as it was submitted, or else as it lies in its file."""
    stored = versions.find(session, name, version)
    if stored is not None:
        return versions.policy_of(stored), stored
    draft = drafts(visit.office.city)[0].get((name, version))
    if draft is None:
        abort(404, f"There is no version {version} of a policy {name}.")
    return draft.policy, None


ROUTES = (
    Route("/campaigns/policies", policies, Permission.SEE_CAMPAIGNS),
    Route("/campaigns/policies/<name>/<int:version>", policy, Permission.SEE_CAMPAIGNS),
    Route("/campaigns/policies/<name>/<int:version>/timeline.svg", picture, Permission.SEE_CAMPAIGNS),
    Route("/campaigns/policies/<name>/<int:version>/compare", compare, Permission.SEE_CAMPAIGNS),
)
