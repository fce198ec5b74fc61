"""The record of one account: its facts, everything said and done, and the reply box."""

from dataclasses import dataclass
from secrets import token_urlsafe

from flask import Response, abort, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms import worklist
from comms.accounts import Account, finding
from comms.desk.access.gate import Route, Visit, positive
from comms.desk.access.permissions import Permission
from comms.desk.accounts import composing, conversation, meanings, narrowing, presence, record, saved_replies
from comms.desk.accounts.beside import beside
from comms.desk.accounts.composing import Composer
from comms.desk.accounts.meanings import Question
from comms.desk.accounts.narrowing import Narrow
from comms.desk.frame import formats
from comms.desk.frame.pages import page
from comms.desk.worklists import queue, workbar
from comms.desk.worklists.lists import Filter, list_of
from comms.outbox import Message
from comms.replies.labels import MEANINGS
from comms.worklist import Task


@dataclass(frozen=True)
class Written:
    """What was in the reply box when a form could not be taken, and why not."""

    text: str = ""
    mode: str = ""
    problem: str = ""
    to: str = ""
    newer: bool = False


def show(visit: Visit, number: str) -> ResponseReturnValue:
    """The record of an account. Another spelling of its number leads to the usual one."""
    with visit.office.database.read() as session:
        account = account_or_404(session, number)
    if account.number != number:
        return redirect(f"/accounts/{account.number}", 303)
    narrow, before = Narrow.asked(visit.query), positive(visit.query.get("before", ""))
    with visit.office.database.begin() as session:
        facts = {"show": "all"} | narrow.fields() | ({"before": before} if before else {})
        visit.note_down(session, "account.viewed", account_id=account.id, facts=facts)
        presence.clear(session, visit.now)
        presence.here(session, account.id, visit.by.username, visit.now, writes=False)
    return render(visit, account, _begun(visit, account))


def _begun(visit: Visit, account: Account) -> Written:
    """What the reply box begins with: nothing, or the words of a text that was taken back (``again``) and of which
    nothing was sent since: who comes back to that address with the browser's button does not send them anew."""
    again = positive(visit.query.get("again", ""))
    if again is not None:
        with visit.office.database.read() as session:
            message = session.get(Message, again)
            newest = composing.newest_by_hand(session, account)
            if message is not None and composing.is_taken_back(message, account) and newest < message.id:
                return Written(message.body_text, "text", to=message.recipient)
    return Written(mode=visit.query.get("write", ""))


def render(
    visit: Visit, account: Account, written: Written, status: int = 200, asked: Question | None = None
) -> Response:
    """The page of an account with what stands in the reply box, and in the form that asks what a reply means."""
    city = visit.office.city
    with visit.office.database.read() as session:
        task = task_of(session, visit, account)
        filtered = _filter(visit, task)
        pane = conversation.read(
            session, city, account.id, Narrow.asked(visit.query),
            before=positive(visit.query.get("before", "")), every_step=visit.query.get("steps") == "all", now=visit.now,
        )  # fmt: skip
        composer = composing.composer(session, city, account, visit.now)
        if written.to in dict(composer.numbers):
            composer.numbers.sort(key=lambda pair: pair[0] != written.to)
        may_write = visit.by.may(Permission.WRITE_TO_CUSTOMERS) and not composer.locked
        replies = saved_replies.of_composer(session, visit, account, composer) if may_write else []
        return page(
            visit, "account.html", worklist.counts(session), status,
            account=account, record=record.read(session, city, account, visit.today), pane=pane,
            filters=narrowing.FILTERS, abouts=narrowing.ABOUT, composer=composer, written=written, saved=replies,
            others=presence.shown(session, account.id, visit.by.username, visit.now),
            once=token_urlsafe(12), alphabet=composing.alphabet(), task=task,
            bar=workbar.read(session, visit, task, filtered) if task else None,
            tasks=queue.lines(session, queue.of_account(session, account.id)),
            may_write=visit.by.may(Permission.WRITE_TO_CUSTOMERS), may_note=visit.by.may(Permission.WRITE_NOTES),
            meaning=asked or meanings.of_task(session, task), meanings=MEANINGS,
            here=filtered.link(f"/accounts/{account.number}", task=task.id if task else ""),
            opening=_opening(visit, composer), **beside(session, visit, task, filtered),
        )  # fmt: skip


def account_or_404(session: Session, number: str) -> Account:
    account = finding.by_number(session, number.replace("\0", ""))
    if account is None:
        abort(404, f"There is no account {number[:40]}.")
    return account


def task_of(session: Session, visit: Visit, account: Account) -> Task | None:
    """The task that the clerk came for, when it is one of this account and not resolved."""
    wanted = positive(visit.query.get("task", "") or visit.form.get("task", ""))
    task = session.get(Task, wanted) if wanted is not None else None
    return task if task is not None and task.account_id == account.id and task.state != "resolved" else None


def redraw(visit: Visit, number: str) -> ResponseReturnValue:
    """The page again, with what came in meanwhile and what was being written."""
    with visit.office.database.read() as session:
        account = account_or_404(session, number)
        typed = composing.tidy(visit.form.get("text", ""))
        if chosen := visit.form.get("fill", ""):
            typed = saved_replies.put(session, visit, account, typed, chosen)
    return render(visit, account, Written(typed, visit.form.get("mode", ""), to=visit.form.get("to", "")))


def _opening(visit: Visit, composer: Composer) -> str:
    return formats.opening(composer.opens, visit.now, visit.office.city.zone) if composer.opens else ""


def _filter(visit: Visit, task: Task | None) -> Filter:
    """The part of the list that the clerk walks through."""
    return Filter.asked(visit.form or visit.query, list_of(task.kind)) if task else Filter()


ROUTES = (
    Route("/accounts/<number>", show, Permission.SEE_ACCOUNTS),
    Route("/accounts/<number>/redraw", redraw, Permission.WRITE_NOTES, ("POST",)),
)
