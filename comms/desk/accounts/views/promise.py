"""Recording a promise that a customer made: three fields, held to the office's limits before anything is kept."""

from dataclasses import replace
from datetime import timedelta

from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from comms import history, promises
from comms.accounts import Account
from comms.campaigns.agreeing import Written, follow_opening
from comms.desk.access.gate import Route, Visit
from comms.desk.access.permissions import Permission
from comms.desk.accounts import promising
from comms.desk.accounts.promising import FormError, Row, Typed
from comms.desk.accounts.views.account import task_of
from comms.desk.accounts.views.acting import act_page, done, found, opened
from comms.desk.frame.refusals import in_words
from comms.promises import Entered, Part, PolicyError, PromiseError, Weighed
from comms.promises.schema import Promise

TWICE = timedelta(minutes=10)
"""The same promise by the same person within this time is one that was sent twice."""


def form(visit: Visit, number: str) -> ResponseReturnValue:
    """The form, begun with what the customer's reply offers."""
    account = opened(visit, number, "promise")
    with visit.office.database.read() as session:
        begun = Typed(rows=promising.offered(task_of(session, visit, account)))
    return show(visit, account, begun)


def take(visit: Visit, number: str) -> ResponseReturnValue:
    """Keep the promise. ``fill`` only writes an amount or a day into the form; ``beyond`` says who answers for one that
    is beyond the limits: a supervisor who is asked (``ask``), or the one who takes it (``approve``)."""
    account, typed = found(visit, number), promising.typed(visit.form)
    if fill := visit.form.get("fill", ""):
        return show(visit, account, _filled(visit, account, typed, fill))
    beyond = visit.form.get("beyond", "")
    office = visit.office
    try:
        parts = promising.parts(typed.rows)
        with office.database.read() as session:
            weighed = promises.weigh(session, office.city, office.clock, account, parts)
        if weighed.reasons and beyond not in ("ask", "approve"):
            return show(visit, account, typed, weighed=weighed, status=422)
        said, written = office.database.run(
            lambda session: _keep(session, visit, account, typed, parts, approve=beyond == "approve")
        )
    except (FormError, PromiseError, PolicyError) as wrong:
        return show(visit, account, typed, in_words(wrong), status=422)
    if written.message_id:
        office.doorbell.ring(written.lane, [written.message_id])
    return done(visit, account, said)


def show(
    visit: Visit, account: Account, typed: Typed, problem: str = "", weighed: Weighed | None = None, status: int = 200
) -> ResponseReturnValue:
    """The form with what stands in it, why it cannot be taken, or whose word it needs."""
    office = visit.office
    with office.database.read() as session:
        known = promising.limits(session, office.city, office.clock, account)
        return act_page(
            visit, session, account, "account_promise.html", "Record a promise", status, typed=typed,
            rows=typed.shown(known.parts), limits=known, choices=promising.choices(office.city, known, visit.today),
            problem=problem, weighed=weighed, because=promises.why(weighed.reasons) if weighed else "",
            sources=promising.SOURCES, in_writing=promising.IN_WRITING,
        )  # fmt: skip


def _filled(visit: Visit, account: Account, typed: Typed, fill: str) -> Typed:
    """The form with an amount or a day put in, or with the counter-offer."""
    what, _, value = fill.partition(":")
    rows = list(typed.rows) or [Row()]
    if what == "amount":
        rows[0] = replace(rows[0], amount=value[:40])
    elif what == "day":
        rows[0] = replace(rows[0], day=value[:20])
    elif what == "counter":
        office = visit.office
        try:
            with office.database.read() as session:
                best = promises.weigh(session, office.city, office.clock, account, promising.parts(rows)).counter
        except (FormError, PromiseError):
            best = ()
        rows = [Row.of(part) for part in best] or rows
    return replace(typed, rows=rows)


def _keep(
    session: Session, visit: Visit, account: Account, typed: Typed, parts: tuple[Part, ...], *, approve: bool
) -> tuple[str, Written]:
    """Enter it, and do what follows; what to say of it, and the message that confirms it."""
    if _sent_twice(session, visit, account, parts):
        return "This promise was recorded a moment ago; it is kept once.", Written()
    by = visit.actor
    entered = promises.enter(
        session, visit.office.city, visit.office.clock, account_id=account.id, parts=parts, source=typed.source, by=by,
        reason_code=typed.reason or None, note=typed.note or None, category=promising.CATEGORY,
        approved_by=by if approve and visit.by.may(Permission.APPROVE_PROMISES) else None,
    )  # fmt: skip
    return finish(session, visit, account, entered, typed.in_writing)


def finish(session: Session, visit: Visit, account: Account, entered: Entered, in_writing: str) -> tuple[str, Written]:
    """What follows a promise that was entered: the audit, the history, dunning called back, the customer's copy."""
    office = visit.office
    facts = {"promise": entered.promise_id, "awaits": entered.awaits or ""}
    visit.note_down(session, "promise.entered", account_id=account.id, facts=facts)
    if entered.awaits is not None:
        history.record(session, list(entered.events), visit.now)
        return f"It waits for a supervisor, who was asked: {promises.why(entered.reasons)}.", Written()
    written = follow_opening(
        session, office.city, office.clock, office.renderer, entered.promise_id, entered.events,
        channels=promising.CHANNELS[in_writing],
    )  # fmt: skip
    return f"Recorded; reminders of what was promised stop, notices of the law go on. {told(written)}".strip(), written


def told(written: Written) -> str:
    """How the customer hears of it, in a sentence; empty when he was not to."""
    if written.message_id:
        way = {"sms": "text", "email": "email", "letter": "letter"}[written.channel]
        return f"The customer is told by {way}."
    return f"It could not be put in writing: {written.why_not}. Tell the customer yourself." if written.why_not else ""


def _sent_twice(session: Session, visit: Visit, account: Account, parts: tuple[Part, ...]) -> bool:
    since = visit.now - TWICE
    newest = session.scalars(
        select(Promise)
        .where(Promise.account_id == account.id, Promise.taken_by == visit.actor)
        .where(Promise.created_at >= since, Promise.status.in_(("open", "proposed")))
        .order_by(Promise.id.desc())
        .limit(1)
    ).one_or_none()
    return newest is not None and promises.parts_of(session, newest.id) == sorted(parts)


ROUTES = (
    Route("/accounts/<number>/promise", form, Permission.TAKE_PROMISES),
    Route("/accounts/<number>/promise", take, Permission.TAKE_PROMISES, ("POST",)),
)
