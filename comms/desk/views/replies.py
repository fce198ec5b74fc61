"""The clerk's list of replies that need a person."""

from flask.typing import ResponseReturnValue

from ..gate import Route, Visit
from ..lists import REPLIES
from ..permissions import Permission
from .tasks import show_list


def replies(visit: Visit) -> ResponseReturnValue:
    """Who waits for an answer, most urgent and then longest waiting first."""
    return show_list(visit, REPLIES, "replies.html")


ROUTES = (Route("/worklists/replies", replies, Permission.SEE_ACCOUNTS),)
