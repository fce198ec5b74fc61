"""The worklists: showing one, and taking tasks off it."""

from flask import abort, flash, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms import history, worklist
from comms.accounts import Account
from comms.history import NewEvent
from comms.worklist import Task

from .. import lists, words
from ..audit import note_down
from ..gate import Route, Visit
from ..lists import List
from ..pages import page
from ..permissions import Permission

LONGEST_REASON = 500


def show_list(visit: Visit, of: List, template: str, problem: str = "", status: int = 200) -> ResponseReturnValue:
    """One page of a worklist; ``problem`` is why a form on it could not be taken."""
    after = visit.query.get("after", "")
    with visit.office.database.read() as session:
        counts = worklist.counts(session)
        sheet = lists.sheet(session, of, after)
    with visit.office.database.begin() as session:
        shown = [line.account.number for line in sheet.lines if line.account]
        note_down(
            session, username=visit.by.username, action="list.viewed", at=visit.now,
            facts={"list": of.slug, "accounts": shown},
        )  # fmt: skip
    return page(visit, template, counts, status, list=of, sheet=sheet, continued=bool(after), problem=problem)


def resolve(visit: Visit, task_id: int) -> ResponseReturnValue:
    """Take a task off its list; ``then=next`` goes on with the one that follows, else back to the list."""
    how = " ".join(visit.form.get("how", "").split())[:LONGEST_REASON] or "Resolved"
    done, onward = visit.office.database.run(lambda session: _resolved(session, visit, task_id, how))
    flash(f"Resolved: {done}." if done else "Somebody else had resolved that already.")
    return redirect(onward, 303)


def _resolved(session: Session, visit: Visit, task_id: int, how: str) -> tuple[str, str]:
    task = session.get(Task, task_id)
    if task is None:
        abort(404, "There is no such task.")
    back = f"/worklists/{lists.list_of(task.kind).slug}"
    onward = next_address(session, task) if visit.form.get("then") == "next" else back
    events = settle(session, visit, task, how)
    history.record(session, events, visit.now)
    account = session.get(Account, task.account_id) if task.account_id else None
    return (account.name if account else words.task_kind(task.kind)) if events else "", onward


def settle(session: Session, visit: Visit, task: Task, how: str) -> list[NewEvent]:
    """Resolve a task in the clerk's name; the event for the history, none when somebody else was first."""
    if not worklist.resolve(session, task.id, f"user:{visit.by.username}", how, visit.now):
        return []
    note_down(
        session, username=visit.by.username, action="task.resolved", at=visit.now, account_id=task.account_id,
        facts={"task": task.id, "how": how},
    )  # fmt: skip
    return [
        NewEvent(
            account_id=task.account_id, at=visit.now, kind="task.resolved", summary=f"{how}: {task.reason}",
            actor=f"user:{visit.by.username}", subject_type="task", subject_id=task.id,
        )
    ]  # fmt: skip


def next_address(session: Session, task: Task) -> str:
    """The page of the open task that follows ``task`` in its list, or the list when nothing is left."""
    of, following = lists.list_of(task.kind), lists.next_after(session, task)
    account = session.get(Account, following.account_id) if following and following.account_id else None
    if following is None or account is None:
        return f"/worklists/{of.slug}"
    return f"/accounts/{account.number}?task={following.id}"


ROUTES = (Route("/tasks/<int:task_id>/resolve", resolve, Permission.WORK_LISTS, ("POST",)),)
