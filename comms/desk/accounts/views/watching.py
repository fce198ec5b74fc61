"""What an open record asks by itself every few seconds: what is new there, and who else is there.

These ask on a timer and not for a person, so they keep no session alive.
"""

from flask import Response, render_template
from flask.typing import ResponseReturnValue

from comms.desk.access.gate import Route, Visit, positive
from comms.desk.access.permissions import Permission
from comms.desk.accounts import composing, presence
from comms.desk.accounts.views.account import account_or_404


def newer(visit: Visit, number: str) -> ResponseReturnValue:
    """Whether the customer wrote, or a colleague answered, since the page was opened."""
    with visit.office.database.read() as session:
        account = account_or_404(session, number)
        newest = composing.newest_inbound(session, account)
        answered = positive(visit.query.get("answered", "")) or 0
        colleague = composing.answered_since(session, account, answered, visit.by.username)
    wrote = newest is not None and newest.id > (positive(visit.query.get("seen", "")) or 0)
    if not wrote and not colleague:
        return Response(status=204)
    page = render_template("desk/newer.html", number=account.number, wrote=wrote, colleague=colleague)
    return Response(page, mimetype="text/html")


def others(visit: Visit, number: str) -> ResponseReturnValue:
    """Who else has the record open; says that this one is open too, and whether something is being written. Nothing
    new: no answer, so that nothing is read out twice."""
    with visit.office.database.begin() as session:
        account = account_or_404(session, number)
        writes = visit.query.get("writes") == "1" and visit.by.may(Permission.WRITE_NOTES)
        presence.here(session, account.id, visit.by.username, visit.now, writes=writes)
        seen = presence.shown(session, account.id, visit.by.username, visit.now)
        if visit.query.get("known", "") == seen["mark"]:
            return Response(status=204)
        page = render_template("desk/account_others.html", account=account, others=seen)
    return Response(page, mimetype="text/html")


ROUTES = (
    Route("/accounts/<number>/newer", newer, Permission.SEE_ACCOUNTS, watches=True),
    Route("/accounts/<number>/others", others, Permission.SEE_ACCOUNTS, watches=True),
)
