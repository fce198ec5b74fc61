"""Taking tasks off their list, and going on with the next."""

from flask import abort, flash, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms import history, worklist
from comms.accounts import Account
from comms.desk.access.gate import Route, Visit
from comms.desk.access.permissions import Permission
from comms.desk.frame import words
from comms.desk.worklists import queue, workbar
from comms.desk.worklists.lists import Filter, list_of
from comms.history import NewEvent
from comms.worklist import Task

LONGEST_REASON = 500


def resolve(visit: Visit, task_id: int) -> ResponseReturnValue:
    """Take a task off its list; ``then=next`` goes on with the one that follows, else back to the list."""
    how = " ".join(visit.form.get("how", "").split())[:LONGEST_REASON] or "Resolved"
    done, onward = visit.office.database.run(lambda session: _resolved(session, visit, task_id, how))
    flash(f"Resolved: {done}." if done else "Somebody else had resolved that already.")
    return redirect(onward, 303)


def _resolved(session: Session, visit: Visit, task_id: int, how: str) -> tuple[str, str]:
    task = task_or_404(session, task_id)
    onward = next_address(session, visit, task) if visit.form.get("then") == "next" else list_address(visit, task)
    events = settle(session, visit, task, how)
    history.record(session, events, visit.now)
    account = session.get(Account, task.account_id) if task.account_id else None
    return (account.name if account else words.task_kind(task.kind)) if events else "", onward


def settle(session: Session, visit: Visit, task: Task, how: str) -> list[NewEvent]:
    """Resolve a task in the clerk's name; the event for the history, none when somebody else was first."""
    if not worklist.resolve(session, task.id, visit.actor, how, visit.now):
        return []
    visit.note_down(session, "task.resolved", account_id=task.account_id, facts={"task": task.id, "how": how})
    return [
        NewEvent(
            account_id=task.account_id, at=visit.now, kind="task.resolved", summary=f"{how}: {task.reason}",
            actor=visit.actor, subject_type="task", subject_id=task.id,
        )
    ]  # fmt: skip


def task_or_404(session: Session, task_id: int | None) -> Task:
    task = session.get(Task, task_id) if task_id is not None else None
    if task is None:
        abort(404, "There is no such task.")
    return task


def next_address(session: Session, visit: Visit, task: Task) -> str:
    """Where the open task that follows ``task`` is worked, in the part of the list that the clerk walks through; the
    list when nothing is left, or when what follows has no account."""
    filtered = filter_of(visit, task)
    following = queue.next_after(session, task, filtered, visit.by.username)
    return workbar.address_of(session, following, filtered) if following else list_address(visit, task)


def list_address(visit: Visit, task: Task) -> str:
    """The list that a task is on, with the filter that the clerk came with."""
    return filter_of(visit, task).link(f"/worklists/{list_of(task.kind).slug}")


def filter_of(visit: Visit, task: Task) -> Filter:
    """The filter that a form or an address brought along."""
    given = visit.form if visit.form else visit.query
    return Filter.asked(given, list_of(task.kind))


ROUTES = (Route("/tasks/<int:task_id>/resolve", resolve, Permission.WORK_LISTS, ("POST",)),)
