"""The matter that a clerk is at: where it stands in its list, whose it is, and what can be done with it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.accounts import Account
from comms.desk.access.gate import Visit
from comms.desk.access.permissions import Permission, allows
from comms.desk.schema import User
from comms.desk.worklists import queue, snoozing, standing
from comms.desk.worklists.lists import Filter, List, list_of
from comms.desk.worklists.queue import Place
from comms.desk.worklists.snoozing import Until
from comms.worklist import Task


@dataclass(frozen=True)
class Workbar:
    """What stands over a record that was opened from a list. ``place`` is None for a matter that is set aside;
    ``before`` and ``after`` are addresses, empty at the ends."""

    task: Task
    of: List
    filter: Filter
    place: Place | None
    before: str
    after: str
    owner: str
    people: list[tuple[str, str]]
    until: list[Until]
    late: str


def read(session: Session, visit: Visit, task: Task, filtered: Filter) -> Workbar:
    """Put the bar of an unresolved task together."""
    of, me, is_open = list_of(task.kind), visit.by.username, task.state == "open"
    before, after = queue.neighbours(session, task, filtered, me) if is_open else (None, None)
    city = visit.office.city
    return Workbar(
        task=task,
        of=of,
        filter=filtered,
        place=queue.place(session, task, filtered, me) if is_open else None,
        before=address_of(session, before, filtered) if before else "",
        after=address_of(session, after, filtered) if after else "",
        owner=owner(visit.names, task.assignee),
        people=people(session) if visit.by.may(Permission.ASSIGN_OTHERS) else [],
        until=snoozing.choices(session, city, visit.now, task.account_id),
        late=standing.late(city, of, task.priority, task.waiting_since, visit.now),
    )


def address_of(session: Session, task: Task, filtered: Filter) -> str:
    """The page where a task is worked: the record of its account, or its line in the list."""
    number = session.scalar(select(Account.number).where(Account.id == task.account_id)) if task.account_id else None
    if number is not None:
        return filtered.link(f"/accounts/{number}", task=task.id, state="")
    return filtered.link(f"/worklists/{list_of(task.kind).slug}", state="") + f"#task-{task.id}"


def people(session: Session) -> list[tuple[str, str]]:
    """To whom a matter can be given: user name and name."""
    found = session.execute(select(User.username, User.name, User.role).where(User.active).order_by(User.name))
    return [(username, name) for username, name, role in found if allows(role, Permission.WORK_LISTS)]


def owner(known: Mapping[str, str], username: str | None) -> str:
    """Whose a matter is, by name; empty for nobody's."""
    return known.get(username, username) if username else ""
