"""Who saw an account's record and did what there."""

from flask.typing import ResponseReturnValue

from comms import worklist
from comms.desk.access.gate import Route, Visit, positive
from comms.desk.access.permissions import Permission
from comms.desk.accounts import audit_trail
from comms.desk.accounts.views.account import account_or_404
from comms.desk.frame.pages import page


def show(visit: Visit, number: str) -> ResponseReturnValue:
    """The audit of one account, newest first; ``show=changes`` leaves out who only looked."""
    changes, before = visit.query.get("show") == "changes", positive(visit.query.get("before", ""))
    with visit.office.database.read() as session:
        account = account_or_404(session, number)
        counts = worklist.counts(session)
        found = audit_trail.read(
            session, visit.office.city, account.id, changes_only=changes, before=before, today=visit.today
        )
    with visit.office.database.begin() as session:
        visit.note_down(session, "audit.viewed", account_id=account.id)
    return page(visit, "trail.html", counts, account=account, trail=found, changes=changes, continued=bool(before))


ROUTES = (Route("/accounts/<number>/audit", show, Permission.SEE_AUDIT),)
