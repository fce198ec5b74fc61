"""The history of an account on paper: every word opened, every time in full, and who printed it when."""

from flask.typing import ResponseReturnValue

from .. import conversation, formats, record
from ..audit import note_down
from ..gate import Route, Visit
from ..narrowing import Narrow
from ..pages import page
from ..permissions import Permission
from .account import account_or_404

MOST = 1000
"""Events on one print; the page says when there are more."""


def show(visit: Visit, number: str) -> ResponseReturnValue:
    """What the record shows, narrowed as its address says, for the printer."""
    narrow, city = Narrow.asked(visit.query), visit.office.city
    with visit.office.database.begin() as session:
        account = account_or_404(session, number)
        note_down(
            session, username=visit.by.username, action="account.printed", at=visit.now, account_id=account.id,
            facts=narrow.fields(),
        )  # fmt: skip
        pane = conversation.read(
            session, city, account.id, narrow, every_step=visit.query.get("steps") == "all", now=visit.now, limit=MOST
        )
        return page(
            visit, "account_print.html", account=account, pane=pane, narrowed=narrow.said(visit.today),
            record=record.read(session, city, account, visit.today), most=MOST,
            back=narrow.link(f"/accounts/{account.number}"), printed=formats.full_time(visit.now, city.zone),
            full=lambda at: formats.full_time(at, city.zone), whole_day=formats.whole_day,
        )  # fmt: skip


ROUTES = (Route("/accounts/<number>/print", show, Permission.SEE_ACCOUNTS),)
