"""Opening, listing and resolving tasks."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from comms.db import upsert

from .schema import Task

ASIDE = ("snoozed", "waiting")
UNDONE = ("open", *ASIDE)
_REOPENED = (
    "kind", "state", "priority", "reason", "facts", "subject_type", "subject_id", "account_id", "waiting_since",
    "resolved_at", "resolved_by", "resolution",
)  # fmt: skip


def open_task(
    session: Session,
    *,
    kind: str,
    dedupe_key: str,
    reason: str,
    at: datetime,
    account_id: int | None = None,
    subject_type: str | None = None,
    subject_id: int | None = None,
    priority: int = 5,
    facts: dict[str, Any] | None = None,
) -> int | None:
    """Put a matter on the list. One ``dedupe_key`` is one task: an open one stays as it is (None is returned), a
    resolved one is opened again with the new reason."""
    current = session.execute(select(Task.id, Task.state).where(Task.dedupe_key == dedupe_key)).one_or_none()
    if current is not None and current.state != "resolved":
        return None
    row = {
        "kind": kind, "state": "open", "priority": priority, "account_id": account_id, "subject_type": subject_type,
        "subject_id": subject_id, "reason": reason, "facts": facts or {}, "dedupe_key": dedupe_key, "assignee": None,
        "opened_at": at, "waiting_since": at, "resolved_at": None, "resolved_by": None, "resolution": None,
    }  # fmt: skip
    upsert(session, Task, [row], key=["dedupe_key"], update=_REOPENED)
    return session.scalar(select(Task.id).where(Task.dedupe_key == dedupe_key))


def amend(session: Session, dedupe_key: str, sentence: str) -> bool:
    """Add a sentence to the reason of a task that is not resolved; False when there is none."""
    statement = (
        update(Task)
        .where(Task.dedupe_key == dedupe_key, Task.state != "resolved")
        .values(reason=Task.reason + " " + sentence)
        .returning(Task.id)
    )
    return session.execute(statement).first() is not None


def resolve(session: Session, task_id: int, by: str, resolution: str, at: datetime) -> bool:
    """Take a task off the list; False when somebody else already did."""
    statement = (
        update(Task)
        .where(Task.id == task_id, Task.state != "resolved")
        .values(state="resolved", resolved_at=at, resolved_by=by, resolution=resolution, snoozed_until=None)
        .returning(Task.id)
    )
    return session.execute(statement).first() is not None


def reopen(session: Session, task_id: int, by: str, since: datetime) -> bool:
    """Put a task back that this person resolved at or after ``since``; False when it is not so."""
    statement = (
        update(Task)
        .where(Task.id == task_id, Task.state == "resolved", Task.resolved_by == by, Task.resolved_at >= since)
        .values(state="open", resolved_at=None, resolved_by=None, resolution=None)
        .returning(Task.id)
    )
    return session.execute(statement).first() is not None


def open_tasks(
    session: Session,
    kinds: Collection[str] = (),
    *,
    limit: int = 50,
    after: tuple[int, int] | None = None,
    whose: str | None = None,
    states: Collection[str] = ("open",),
) -> list[Task]:
    """The list, most urgent and then oldest first; ``after`` is the (priority, id) of the last one seen.

    ``whose``: a user name for that person's, an empty one for nobody's, None for everybody's.
    """
    statement = select(Task).where(*of(kinds, whose, states)).order_by(Task.priority, Task.id).limit(limit)
    if after is not None:
        priority, last = after
        statement = statement.where((Task.priority > priority) | ((Task.priority == priority) & (Task.id > last)))
    return list(session.scalars(statement))


def of(
    kinds: Collection[str] = (), whose: str | None = None, states: Collection[str] = ("open",)
) -> list[ColumnElement[bool]]:
    """What a task must be to belong to a list: conditions for a query over ``Task``."""
    asked: list[ColumnElement[bool]] = [Task.state.in_(states) if len(states) > 1 else Task.state == next(iter(states))]
    if kinds:
        asked.append(Task.kind.in_(kinds))
    if whose is not None:
        asked.append(Task.assignee == whose if whose else Task.assignee.is_(None))
    return asked


def counts(session: Session) -> dict[str, int]:
    """How many tasks are open, by kind."""
    rows = session.execute(select(Task.kind, func.count()).where(Task.state == "open").group_by(Task.kind))
    return dict(rows.all())


@dataclass(frozen=True)
class Pile:
    """The tasks of one kind that are one person's (None: nobody's) and in one state: how many, since when the oldest
    has waited, and when the first that is set aside comes back."""

    kind: str
    assignee: str | None
    state: str
    number: int
    oldest: datetime
    back_at: datetime | None


def piles(session: Session, kinds: Collection[str] = ()) -> list[Pile]:
    """Everything that is not resolved, counted by kind, person and state."""
    columns = (Task.kind, Task.assignee, Task.state)
    counted = select(*columns, func.count(), func.min(Task.waiting_since), func.min(Task.snoozed_until))
    rows = session.execute(counted.where(*of(kinds, states=UNDONE)).group_by(*columns))
    return [Pile(*row) for row in rows]
