"""The first page: what waits for a person."""

from flask.typing import ResponseReturnValue

from comms import worklist

from .. import lists
from ..gate import Route, Visit
from ..pages import page
from ..permissions import Permission


def home(visit: Visit) -> ResponseReturnValue:
    """The worklists with their counts and how long the oldest matter has waited."""
    with visit.office.database.read() as session:
        counts, since = worklist.counts(session), lists.waiting_since(session)
    hour = visit.now.astimezone(visit.office.city.zone).hour
    greeting = "morning" if hour < 12 else "afternoon" if hour < 17 else "evening"
    return page(visit, "home.html", counts, greeting=greeting, since=since)


def worklists(visit: Visit) -> ResponseReturnValue:
    """All worklists with their counts."""
    with visit.office.database.read() as session:
        counts, since = worklist.counts(session), lists.waiting_since(session)
    return page(visit, "worklists.html", counts, since=since)


ROUTES = (
    Route("/", home, Permission.SIGNED_IN, section="Home"),
    Route("/worklists", worklists, Permission.SEE_ACCOUNTS, section="Lists"),
)
