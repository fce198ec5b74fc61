"""What the acts on runs, policies and lists have in common: done in one transaction, told on the page it leads back to,
and, where it is refused, said there with what was written."""

from collections.abc import Callable
from typing import TypeVar

from flask import flash, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms.campaigns import PolicyError, RunError
from comms.campaigns.approving import ApprovalError
from comms.campaigns.brakes import BrakeError
from comms.campaigns.policies.versions import VersionError
from comms.desk.access.gate import Visit
from comms.desk.frame.refusals import in_words
from comms.field import OrderError
from comms.notices import NoticeError
from comms.rules import RuleError

REFUSED = (RunError, BrakeError, ApprovalError, VersionError, PolicyError, OrderError, NoticeError, RuleError)
"""What the rooms below refuse with a sentence."""
LONGEST_REASON = 500
T = TypeVar("T")


def do(
    visit: Visit,
    work: Callable[[Session], T],
    tell: Callable[[T], str],
    *,
    back: str,
    again: Callable[[str], ResponseReturnValue],
) -> ResponseReturnValue:
    """Do ``work`` and go ``back`` to a page that says what ``tell`` makes of it; ``again`` is the page that says why it
    was refused."""
    try:
        done = visit.office.database.run(work)
    except REFUSED as refused:
        return again(in_words(refused))
    flash(tell(done))
    return redirect(back, 303)
