"""Taking back a text that was just sent: for ten seconds nothing has left, and what waits for the morning has not."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import abort, flash, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms import history, worklist
from comms.accounts import Account
from comms.desk.access.gate import Route, Visit, positive
from comms.desk.access.permissions import Permission
from comms.desk.accounts import composing
from comms.desk.accounts.views.account import account_or_404
from comms.history import NewEvent
from comms.outbox import Message, take_back

WITH_IT = timedelta(minutes=1)
"""A matter resolved with a text has the time at which the form came in: before the text was queued, which may have
had to wait its turn."""
TOO_LATE = "It was too late: the text has left. What became of it stands under it."


def undo(visit: Visit, number: str) -> ResponseReturnValue:
    """Call the text back; its words go into the box again, and a matter that was resolved with it is open again."""
    with visit.office.database.read() as session:
        account = account_or_404(session, number)
    onward = visit.office.database.run(lambda session: _undo(session, visit, account))
    flash("The text is taken back; nothing left." if onward else TOO_LATE)
    return redirect(onward or f"/accounts/{account.number}#newest", 303)


def _undo(session: Session, visit: Visit, account: Account) -> str:
    """The address to go back to; empty when it was too late."""
    message = session.get(Message, positive(visit.form.get("message", "")) or 0)
    if message is None or message.account_id != account.id or message.notice != composing.NOTICE:
        abort(404, "There is no such text on this account.")
    by, since = visit.actor, message.created_at - WITH_IT
    taken = take_back(session, message.id, visit.office.clock, by=by, reason=f"Taken back by {visit.by.name}")
    if taken is None:
        return ""
    visit.note_down(session, "text.taken_back", account_id=account.id, facts={"message": message.id})
    reopened = _reopened(session, visit, account, by, since)
    history.record(session, [taken, *reopened], visit.now)
    given: dict[str, Any] = {"again": message.id} | ({"task": reopened[0].subject_id} if reopened else _task(visit))
    given |= {name: visit.form.get(name, "")[:80] for name in ("who", "kind") if visit.form.get(name)}
    return f"/accounts/{account.number}?{urlencode(given)}#text"


def _reopened(session: Session, visit: Visit, account: Account, by: str, since: datetime) -> list[NewEvent]:
    """The matter that was resolved with the text, open again."""
    resolved = positive(visit.form.get("resolved", ""))
    task = session.get(worklist.Task, resolved) if resolved else None
    if task is None or task.account_id != account.id or not worklist.reopen(session, task.id, by, since):
        return []
    return [
        NewEvent(
            account_id=account.id, at=visit.now, kind="task.reopened", actor=by, subject_type="task",
            subject_id=task.id, summary=f"Open again, the answer was taken back: {task.reason}",
        )
    ]  # fmt: skip


def _task(visit: Visit) -> dict[str, int]:
    task = positive(visit.form.get("task", ""))
    return {"task": task} if task else {}


ROUTES = (Route("/accounts/<number>/undo", undo, Permission.WRITE_TO_CUSTOMERS, ("POST",)),)
