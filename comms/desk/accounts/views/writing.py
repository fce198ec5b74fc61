"""What a clerk writes on the page of an account: a text to the customer, or a private note."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import flash, g, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy import update
from sqlalchemy.orm import Session

from comms import history
from comms.accounts import Account
from comms.desk.access.gate import Route, Visit, positive
from comms.desk.access.permissions import Permission
from comms.desk.accounts import composing
from comms.desk.accounts.composing import Composer
from comms.desk.accounts.views.account import Written, account_or_404, render, task_of
from comms.desk.frame import formats, twice
from comms.desk.frame.twice import AgainError
from comms.desk.worklists.views.tasks import next_address, settle
from comms.history import NewEvent
from comms.outbox import insert_messages, queued_event
from comms.replies.schema import Conversation
from comms.rules.quiet import next_open

UNDO = timedelta(seconds=10)
"""How long a text waits before it leaves, so that it can be taken back."""
NEWER = "The customer wrote while you did. Read the new message, then send your text as it is or change it."
ANSWERED = "{name} answered the customer{where} while you wrote. Read it, then send your text as it is or change it."


class _RefusedError(Exception):
    """The form cannot be taken as it is; the page is shown again with the text in it."""

    def __init__(self, status: int, problem: str, *, newer: bool = False) -> None:
        super().__init__(problem)
        self.status, self.problem, self.newer = status, problem, newer


def send_text(visit: Visit, number: str) -> ResponseReturnValue:
    """Queue a text to the customer, at once or for the morning; with ``resolve`` the clerk's task is done too."""
    typed = visit.form.get("text", "")
    with visit.office.database.read() as session:
        account = account_or_404(session, number)
    try:
        sent = visit.office.database.run(lambda session: _queue(session, visit, account, composing.as_sent(typed)))
    except _RefusedError as refused:
        written = Written(composing.tidy(typed), "text", refused.problem, visit.form.get("to", ""), refused.newer)
        return render(visit, account, written, refused.status)
    if sent.message_ids and sent.at:
        visit.office.doorbell.ring("urgent")
    elif sent.message_ids:
        visit.office.doorbell.ring_at(visit.now + UNDO, visit.now, "urgent", sent.message_ids)
    flash(_told(visit, account, sent))  # type: ignore[arg-type]  # the frame shows a mapping with its Undo button
    return redirect(sent.onward, 303)


def _told(visit: Visit, account: Account, sent: "_Sent") -> str | dict[str, Any]:
    """What the next page says of the text, with what its Undo button needs."""
    when = f"goes out at {formats.opening(sent.at, visit.now, visit.office.city.zone)}" if sent.at else "is on its way"
    said = f"Your text to {account.name} {when}."
    if not sent.message_ids:
        return said
    return {
        "said": said, "number": account.number, "message": sent.message_ids[0], "resolved": sent.resolved,
        "task": positive(visit.form.get("task", "")),
        "filter": {name: visit.form.get(name, "")[:80] for name in ("who", "kind") if visit.form.get(name)},
        "seconds": 0 if sent.at else int(UNDO.total_seconds()),
    }  # fmt: skip


@dataclass(frozen=True)
class _Sent:
    """``at``: the morning hour it waits for, None when it leaves at once. ``onward``: where the clerk goes next.
    ``resolved``: the task that was resolved with it."""

    message_ids: list[int]
    at: datetime | None
    onward: str
    resolved: int | None


def _asked_again(session: Session, visit: Visit, account: Account, text: str) -> tuple[Composer, str, datetime | None]:
    """Everything that the page showed, asked again: the reply box as it stands, the number, and the morning hour that
    the text waits for, if any. Raises ``_RefusedError``. The steps:

    1. the words; 2. nothing newer from the customer or a colleague; 3. the number may be texted, and where a hold
    forbids some words the clerk has said that these keep to it; 4. it is day there, or the clerk asked for the morning.
    """
    city, form = visit.office.city, visit.form
    if problem := composing.fault(text, note=False):
        raise _RefusedError(422, problem)
    state = composing.composer(session, city, account, visit.now)
    if state.seen > (positive(form.get("seen", "")) or 0):
        raise _RefusedError(409, NEWER, newer=True)
    known = positive(form.get("answered", "")) or 0
    if who := composing.answered_since(session, account, known, visit.by.username, _once(visit)):
        where = " in another window" if who == "You" else ""
        raise _RefusedError(409, ANSWERED.format(name=who, where=where), newer=True)
    if state.locked:
        raise _RefusedError(422, f"{state.locked.reason} {state.locked.way_out}")
    if state.cautions and not form.get("heeded"):
        raise _RefusedError(422, f"{' '.join(state.cautions)} Say below that your text keeps to it, then send it.")
    to = form.get("to", "") or state.numbers[0][0]
    if to not in dict(state.numbers):
        raise _RefusedError(422, "That number takes no texts from us any more. Choose another one.")
    opens = next_open(city, "sms", to, visit.now)
    if opens and not form.get("later"):
        when = formats.opening(opens, visit.now, city.zone)
        raise _RefusedError(422, f"It is outside 8:00 AM to 9:00 PM for this phone. The text can go out at {when}.")
    return state, to, opens


def _once(visit: Visit) -> str:
    """The form's own number: sent twice, it is one text."""
    return visit.form.get("once", "")[:40]


def _queue(session: Session, visit: Visit, account: Account, text: str) -> _Sent:
    """Queue the text, with what it does to the clerk's task."""
    state, to, opens = _asked_again(session, visit, account, text)
    ready = composing.draft(
        account, to=to, text=text, username=visit.by.username, once=_once(visit), send_at=opens or visit.now + UNDO,
        in_reply_to=state.seen or None, request_id=g.get("request_id"),
    )  # fmt: skip
    fresh = insert_messages(session, [ready], visit.office.clock)
    events = [queued_event(each, message_id, digest, visit.now) for each, message_id, digest in fresh]
    _person_took_part(session, to)
    for _, message_id, _ in fresh:
        facts = {"message": message_id} | ({"heeded": state.cautions} if state.cautions else {})
        visit.note_down(session, "text.queued", account_id=account.id, facts=facts)
    onward, resolved = _back(visit, account), None
    task = task_of(session, visit, account) if visit.form.get("resolve") else None
    if task and visit.by.may(Permission.WORK_LISTS):
        events += settle(session, visit, task, "Answered by text")
        onward, resolved = next_address(session, visit, task), task.id
    history.record(session, events, visit.now)
    return _Sent([message_id for _, message_id, _ in fresh], opens, onward, resolved)


def _person_took_part(session: Session, to: str) -> None:
    """The cap on automatic answers counts those since a person last took part."""
    conversation = (Conversation.channel == "sms") & (Conversation.address == to)
    session.execute(update(Conversation).where(conversation).values(automatic_answers=0))


def save_note(visit: Visit, number: str) -> ResponseReturnValue:
    """Keep a private note in the history of the account; the customer never sees it."""
    text = composing.tidy(visit.form.get("text", ""))
    with visit.office.database.read() as session:
        account = account_or_404(session, number)
    if problem := composing.fault(text, note=True):
        return render(visit, account, Written(text, "note", problem), 422)
    said = "Your note is saved."
    try:
        visit.office.database.run(lambda session: _save(session, visit, account, text))
    except AgainError as again:
        said = str(again)
    flash(said)
    return redirect(_back(visit, account), 303)


def _save(session: Session, visit: Visit, account: Account, text: str) -> None:
    (digest,) = history.remember(session, [{"channel": "note", "text": text}], visit.now)
    event = NewEvent(
            account_id=account.id, at=visit.now, kind="note.added", summary="Private note", channel="note",
            actor=visit.actor, content_digest=digest,
        )  # fmt: skip
    visit.note_down(session, "note.added", account_id=account.id)
    history.record(session, [event], visit.now)
    twice.refuse(session, account.id, (event.kind,), event.actor, visit.now)


def _back(visit: Visit, account: Account) -> str:
    given = {name: visit.form.get(name, "")[:80] for name in ("task", "who", "kind") if visit.form.get(name)}
    return f"/accounts/{account.number}" + (f"?{urlencode(given)}" if given else "") + "#newest"


ROUTES = (
    Route("/accounts/<number>/text", send_text, Permission.WRITE_TO_CUSTOMERS, ("POST",)),
    Route("/accounts/<number>/note", save_note, Permission.WRITE_NOTES, ("POST",)),
)
