"""What is done with a version of a policy: handing it in, approving, using, refusing, and taking it out of use."""

from collections.abc import Callable
from typing import Any

from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms.campaigns.policies import versions
from comms.campaigns.policies.activating import activate as put_in_use
from comms.campaigns.policies.listing import drafts
from comms.campaigns.policies.versions import VersionError
from comms.desk.access.gate import Route, Visit
from comms.desk.access.permissions import Permission
from comms.desk.campaigns.views import policies
from comms.desk.campaigns.views.acting import LONGEST_REASON, do

LONGEST_NOTE = 1000


def submit(visit: Visit, name: str, version: int) -> ResponseReturnValue:
    """Hand in a draft as it lies in its file; from then on its words do not change."""

    def work(session: Session) -> None:
        draft = drafts(visit.office.city)[0].get((name, version))
        if draft is None:
            raise VersionError(f"There is no file for version {version} of {name} any more.")
        if visit.form.get("read", draft.as_read) != draft.as_read:
            raise VersionError("The file was changed since you opened this page. Read it again; nothing was handed in.")
        versions.submit(session, visit.office.city, str(draft.path), by=visit.by.username, at=visit.now)

    return _done(
        visit, name, version, "submitted", work, "It is handed in, and stays as it is. Somebody else approves."
    )


def approve(visit: Visit, name: str, version: int) -> ResponseReturnValue:
    """Approve it in one's own role."""

    def work(session: Session) -> None:
        versions.approve(session, name, version, by=visit.by.username, role=visit.by.role, at=visit.now)

    return _done(visit, name, version, "approved", work, "You have approved this version.")


def refuse(visit: Visit, name: str, version: int) -> ResponseReturnValue:
    """Refuse it; a better one is the next version."""
    why = visit.line("why", LONGEST_REASON)

    def work(session: Session) -> None:
        if len(why) < 5:
            raise VersionError("Say why it is refused, in a few words that can be read later.")
        versions.refuse(session, name, version, by=visit.by.username, why=why)

    return _done(visit, name, version, "refused", work, "The version is refused.", {"why": why})


def activate(visit: Visit, name: str, version: int) -> ResponseReturnValue:
    """Use it from now on, when nothing stands against it."""
    office, note = visit.office, visit.line("acknowledge", LONGEST_NOTE)

    def work(session: Session) -> None:
        put_in_use(
            session, office.city, office.renderer.catalogue, name, version, by=visit.by.username, at=visit.now,
            acknowledge=note,
        )  # fmt: skip

    told = "It is in use from the next run on. Accounts that are under way keep the version they began with."
    return _done(visit, name, version, "activated", work, told, {"acknowledge": note})


def retire(visit: Visit, name: str, version: int) -> ResponseReturnValue:
    """Take the policy out of use."""

    def work(session: Session) -> None:
        versions.retire(session, name, at=visit.now)

    told = "It is out of use: nobody new comes in, and what runs goes on to its end."
    return _done(visit, name, version, "retired", work, told)


def _done(
    visit: Visit, name: str, version: int, action: str, work: Callable[[Session], Any], told: str,
    written: dict[str, str] | None = None,
) -> ResponseReturnValue:  # fmt: skip
    """Do it and go back to the version's page; what was refused is said there, with what was written."""

    def noted(session: Session) -> None:
        work(session)
        visit.note_down(session, f"policy.{action}", facts={"policy": name, "version": version, **(written or {})})

    def again(problem: str) -> ResponseReturnValue:
        return policies.policy(visit, name, version, problem, written, 409)

    return do(visit, noted, lambda _: told, back=f"/campaigns/policies/{name}/{version}", again=again)


_AT = "/campaigns/policies/<name>/<int:version>"
ROUTES = (
    Route(f"{_AT}/submit", submit, Permission.RUN_CAMPAIGNS, ("POST",)),
    Route(f"{_AT}/approve", approve, Permission.APPROVE_CAMPAIGNS, ("POST",)),
    Route(f"{_AT}/refuse", refuse, Permission.APPROVE_CAMPAIGNS, ("POST",)),
    Route(f"{_AT}/activate", activate, Permission.APPROVE_CAMPAIGNS, ("POST",)),
    Route(f"{_AT}/retire", retire, Permission.APPROVE_CAMPAIGNS, ("POST",)),
)
