"""Messages and carrier reports that belong to no account we know."""

from flask.typing import ResponseReturnValue

from ..gate import Route, Visit
from ..lists import UNMATCHED
from ..permissions import Permission
from .tasks import show_list


def unmatched(visit: Visit) -> ResponseReturnValue:
    """What came in and found nobody, with the way to find out."""
    return show_list(visit, UNMATCHED, "unmatched.html")


ROUTES = (Route("/worklists/unmatched", unmatched, Permission.SEE_ACCOUNTS),)
