"""The history of an account on paper: every word opened, every time in full, and who printed it when."""

from flask.typing import ResponseReturnValue

from comms.desk.access.gate import Route, Visit, positive
from comms.desk.access.permissions import Permission
from comms.desk.accounts import as_sent, conversation, record
from comms.desk.accounts.narrowing import Narrow
from comms.desk.accounts.views.account import account_or_404
from comms.desk.frame import formats
from comms.desk.frame.pages import page
from comms.history.schema import HistoryHead

MOST = 400
"""Events on one print; the page leads to the earlier ones. Each brings its hash, which no compression makes shorter: a
thousand weighed 33 KB on the wire, and 30 is what a page may."""


def show(visit: Visit, number: str) -> ResponseReturnValue:
    """What the record shows, narrowed as its address says, for the printer."""
    narrow, city = Narrow.asked(visit.query), visit.office.city
    before, every_step = positive(visit.query.get("before", "")), visit.query.get("steps") == "all"
    with visit.office.database.begin() as session:
        account = account_or_404(session, number)
        facts = narrow.fields() | ({"before": before} if before else {})
        visit.note_down(session, "account.printed", account_id=account.id, facts=facts)
        pane = conversation.read(
            session, city, account.id, narrow, before=before, every_step=every_step, now=visit.now, limit=MOST
        )
        letters = [item.sent for day in pane.days for item in day.items if item.sent and item.entry.channel == "letter"]
        return page(
            visit, "account_print.html", account=account, pane=pane, pages=as_sent.page_counts(session, letters),
            head=session.get(HistoryHead, account.id), steps="all" if every_step else "",
            narrowed=narrow.said(visit.today), record=record.read(session, city, account, visit.today), most=MOST,
            back=narrow.link(f"/accounts/{account.number}"), printed=formats.full_time(visit.now, city.zone),
            full=lambda at: formats.full_time(at, city.zone), whole_day=formats.whole_day,
        )  # fmt: skip


ROUTES = (Route("/accounts/<number>/print", show, Permission.SEE_ACCOUNTS),)
