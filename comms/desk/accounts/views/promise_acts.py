"""One promise: what became of it so far, and the words that end or open it: approve, refuse, withdraw."""

from collections.abc import Callable

from flask import abort
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms import history, promises
from comms.accounts import Account
from comms.campaigns.agreeing import Written, follow_opening
from comms.desk.access.gate import Route, Visit
from comms.desk.access.permissions import Permission
from comms.desk.accounts import promising
from comms.desk.accounts.beside import WHOSE, of_promise
from comms.desk.accounts.views.acting import act_page, done, found, opened
from comms.desk.accounts.views.promise import told
from comms.desk.frame import formats
from comms.desk.frame.refusals import in_words
from comms.promises import Change, PromiseError
from comms.promises.listing import PromiseDetail, detail
from comms.promises.wording import KIND


def show(visit: Visit, number: str, promise_id: int) -> ResponseReturnValue:
    """One promise with its parts, the payments that count, and who did what."""
    return _show(visit, opened(visit, number, "promise"), promise_id)


def approve(visit: Visit, number: str, promise_id: int) -> ResponseReturnValue:
    """A supervisor agrees: the promise opens."""
    account, office = found(visit, number), visit.office
    in_writing = visit.form.get("in-writing", "first")

    def work(session: Session) -> Written:
        _mine(session, account, promise_id)
        change = promises.approve(session, office.city, office.clock, promise_id, visit.actor)
        if not change.events:
            return Written()
        _note(session, visit, account, "promise.approved", promise_id)
        return follow_opening(
            session, office.city, office.clock, office.renderer, promise_id, change.events,
            channels=promising.CHANNELS.get(in_writing, promising.CHANNELS["first"]),
        )  # fmt: skip

    try:
        written = office.database.run(work)
    except PromiseError as refused:
        return _show(visit, account, promise_id, in_words(refused), 409)
    if written.message_id:
        office.doorbell.ring(written.lane, [written.message_id])
    return done(visit, account, f"Approved; the promise is open. {told(written)}".strip())


def refuse(visit: Visit, number: str, promise_id: int) -> ResponseReturnValue:
    """The office does not take a promise that waits for a word."""
    return _end(
        visit, number, promise_id, "promise.refused", "It was not taken. Tell the customer.",
        lambda session, reason: promises.refuse(
            session, visit.office.clock, promise_id, actor=visit.actor, reason=reason
        ),
    )  # fmt: skip


def withdraw(visit: Visit, number: str, promise_id: int) -> ResponseReturnValue:
    """Take a promise back, for the customer or for the office."""
    whose = visit.form.get("whose", "")
    if whose not in WHOSE:
        whose = "customer"
    return _end(
        visit, number, promise_id, "promise.withdrawn", "It is taken back. Dunning goes on.",
        lambda session, reason: promises.withdraw(
            session, visit.office.city, visit.office.clock, promise_id, by=whose,
            actor=visit.actor, reason=reason,
        ),
    )  # fmt: skip


def _end(
    visit: Visit, number: str, promise_id: int, action: str, so: str, end: Callable[[Session, str], Change]
) -> ResponseReturnValue:
    account, reason = found(visit, number), visit.line("reason")
    if len(reason) < 3:
        return _show(visit, account, promise_id, "Say why in a few words; it stays in the history.", 422)

    def work(session: Session) -> None:
        _mine(session, account, promise_id)
        change = end(session, reason)
        if change.events:
            history.record(session, list(change.events), visit.now)
            _note(session, visit, account, action, promise_id)

    try:
        visit.office.database.run(work)
    except PromiseError as refused:
        return _show(visit, account, promise_id, in_words(refused), 409)
    visit.office.doorbell.ring("housekeeping")
    return done(visit, account, so)


def _note(session: Session, visit: Visit, account: Account, action: str, promise_id: int) -> None:
    visit.note_down(session, action, account_id=account.id, facts={"promise": promise_id})


def _mine(session: Session, account: Account, promise_id: int) -> PromiseDetail:
    seen = detail(session, promise_id)
    if seen is None or seen.line.account != account.number:
        abort(404, "There is no such promise on this account.")
    return seen


def _show(visit: Visit, account: Account, promise_id: int, problem: str = "", status: int = 200) -> ResponseReturnValue:
    with visit.office.database.read() as session:
        seen = _mine(session, account, promise_id)
        made = formats.day(visit.office.city.local_date(seen.line.created_at), visit.today)
        title = f"{KIND[seen.line.kind]} of {made}"
        return act_page(
            visit, session, account, "account_one_promise.html", title, status, problem=problem,
            **of_promise(session, visit, seen),
        )  # fmt: skip


ROUTES = (
    Route("/accounts/<number>/promises/<int:promise_id>", show, Permission.SEE_ACCOUNTS),
    Route("/accounts/<number>/promises/<int:promise_id>/approve", approve, Permission.APPROVE_PROMISES, ("POST",)),
    Route("/accounts/<number>/promises/<int:promise_id>/refuse", refuse, Permission.APPROVE_PROMISES, ("POST",)),
    Route("/accounts/<number>/promises/<int:promise_id>/withdraw", withdraw, Permission.TAKE_PROMISES, ("POST",)),
)
