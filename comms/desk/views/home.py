"""The first page: what waits for a person."""

from flask.typing import ResponseReturnValue

from ..gate import Route, Visit
from ..pages import counts_now, page
from ..permissions import Permission


def home(visit: Visit) -> ResponseReturnValue:
    """The worklists with their counts, and the search box."""
    hour = visit.now.astimezone(visit.office.city.zone).hour
    greeting = "morning" if hour < 12 else "afternoon" if hour < 17 else "evening"
    return page(visit, "home.html", counts_now(visit), greeting=greeting)


ROUTES = (Route("/", home, Permission.SIGNED_IN),)
