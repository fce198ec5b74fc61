"""Everything else that needs a person; a kind that gets a page of its own leaves this one."""

from flask.typing import ResponseReturnValue

from ..gate import Route, Visit
from ..lists import OTHERS
from ..permissions import Permission
from .tasks import show_list


def other(visit: Visit) -> ResponseReturnValue:
    """Messages in doubt, notices that failed, promises to look at, a carrier that stopped us."""
    return show_list(visit, OTHERS, "other.html")


ROUTES = (Route("/worklists/other", other, Permission.SEE_ACCOUNTS),)
