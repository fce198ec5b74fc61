"""Whose a task is, and setting it aside until its time has come.

A task that is set aside is ``snoozed`` until an instant, or ``waiting`` until the customer writes (and at the latest
until an instant, so that nothing is forgotten). Housekeeping brings back whatever is due; a message from the customer
brings back everything of that account at once.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, update
from sqlalchemy.orm import Session

from .schema import Task
from .tasks import ASIDE, UNDONE

EMERGENCY = 1
"""A task of this priority cannot be set aside: somebody may be in danger."""


def assign(session: Session, task_id: int, to: str | None, *, was: str | None) -> bool:
    """Make a task somebody's (None: nobody's). ``was`` is whose the person who asks believes it to be: False, and
    nothing changes, when it has become another's or is resolved."""
    whose = Task.assignee == was if was is not None else Task.assignee.is_(None)
    statement = (
        update(Task).where(Task.id == task_id, whose, Task.state.in_(UNDONE)).values(assignee=to).returning(Task.id)
    )
    return session.execute(statement).first() is not None


def set_aside(session: Session, task_id: int, until: datetime, *, or_reply: bool = False) -> bool:
    """Take a task off the list until ``until``; with ``or_reply`` it waits for the customer, and comes back then at
    the latest. False for an emergency, and when it is resolved."""
    statement = (
        update(Task)
        .where(Task.id == task_id, Task.state.in_(UNDONE), Task.priority > EMERGENCY)
        .values(state="waiting" if or_reply else "snoozed", snoozed_until=until)
        .returning(Task.id)
    )
    return session.execute(statement).first() is not None


def bring_back(session: Session, task_id: int) -> bool:
    """Put a task that was set aside back on the list; False when it is there already or resolved."""
    return _back(session, Task.id == task_id) == 1


def wake(session: Session, now: datetime) -> int:
    """Put back every task whose time has come; how many there were."""
    return _back(session, Task.snoozed_until <= now)


def customer_wrote(session: Session, account_id: int, at: datetime) -> int:
    """The customer wrote: what was set aside for the account is on the list again, and has waited since ``at``."""
    return _back(session, Task.account_id == account_id, waiting_since=at)


def _back(session: Session, which: ColumnElement[bool], **more: datetime) -> int:
    statement = (
        update(Task)
        .where(which, Task.state.in_(ASIDE))
        .values(state="open", snoozed_until=None, **more)
        .returning(Task.id)
    )
    return len(session.execute(statement).all())
