"""What is done with a shut-off list: proposing, approving, giving out, giving up, calling one order back, and taking in
what the field did."""

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms import field
from comms.accounts import finding
from comms.campaigns import shutoff as shutting_off
from comms.desk.access.gate import MAX_FORM_BYTES, Route, Visit
from comms.desk.access.permissions import Permission
from comms.desk.campaigns.views import shutoff
from comms.desk.campaigns.views.acting import LONGEST_REASON, T, do
from comms.desk.frame import formats
from comms.desk.frame.refusals import in_words
from comms.field import CompletionFileError, OrderError
from comms.field.order_file import MOST_BYTES


def propose(visit: Visit) -> ResponseReturnValue:
    """Make the list of everybody who passes, or one to turn service on again."""
    office, kind, day = visit.office, visit.form.get("kind", ""), shutoff.day_asked(visit)

    def work(session: Session) -> str:
        if kind == "reconnect":
            name, _ = shutting_off.propose_reconnections(
                session, office.city, office.clock, day=day, by=visit.by.username, account_ids=_named(visit, session)
            )
        else:
            made = shutting_off.propose(
                session, office.city, office.clock, office.renderer.catalogue, kind=kind, day=day, by=visit.by.username
            )
            name = made.name
        _note(session, visit, "proposed", name)
        return name

    if kind not in shutoff.KINDS:
        return shutoff.propose(visit, "Choose what kind of list it is to be.", 422)
    try:
        name = office.database.run(work)
    except OrderError as refused:
        return shutoff.propose(visit, in_words(refused), 409)
    flash("The list is made. Somebody else approves it." if kind in field.SECOND_PERSON else "The list is made.")
    return redirect(f"/campaigns/shutoff/lists/{name}", 303)


def _named(visit: Visit, session: Session) -> list[int] | None:
    """The accounts that were ticked, for which somebody says that everything is established; None: only the certain."""
    numbers = visit.form.getlist("account")
    if not numbers:
        return None
    found = [finding.by_number(session, number) for number in numbers]
    return [account.id for account in found if account is not None]


def approve(visit: Visit, name: str) -> ResponseReturnValue:
    """Say yes to a list that somebody else made."""

    def work(session: Session) -> None:
        field.approve(session, visit.office.clock, name, by=visit.by.username)
        _note(session, visit, "approved", name)

    return _done(visit, name, work, lambda _: "You have approved the list. It can be given out.")


def cancel(visit: Visit, name: str) -> ResponseReturnValue:
    """Give a list up before it is given out."""
    because = visit.line("because", LONGEST_REASON)

    def work(session: Session) -> int:
        if len(because) < 5:
            raise OrderError("Say why the list is given up, in a few words that can be read later.")
        ended = field.cancel(session, visit.office.clock, name, by=visit.by.username, because=because)
        _note(session, visit, "cancelled", name, because=because)
        return ended

    def told(ended: int) -> str:
        return f"The list is given up; {formats.count(ended, 'order ends', 'orders end')} with it."

    return _done(visit, name, work, told, {"cancel": because})


def issue(visit: Visit, name: str) -> ResponseReturnValue:
    """Ask the gate again and write the files for the Service Department."""
    office = visit.office
    try:
        done = shutting_off.issue(
            office.database, office.city, office.clock, office.renderer.catalogue, shutoff.home(visit), name,
            by=visit.by.username,
        )  # fmt: skip
    except OrderError as refused:
        return shutoff.one(visit, name, in_words(refused), status=409)
    office.database.run(lambda session: _note(session, visit, "issued", done.name, orders=done.orders))
    left = f" {formats.count(len(done.left_out), 'order', 'orders')} left the list: see below." if done.left_out else ""
    said = (
        f"{formats.count(done.orders, 'order is', 'orders are')} given out. Take the files to the Service Department."
    )
    flash(f"{said}{left}")
    return redirect(f"/campaigns/shutoff/lists/{name}", 303)


def recall(visit: Visit, name: str, number: str) -> ResponseReturnValue:
    """Call one order back; when it was given out already, a task says to call the truck."""
    because = visit.line("because", LONGEST_REASON)

    def work(session: Session) -> field.RecalledOrder:
        if len(because) < 5:
            raise OrderError("Say why the order is called back, in a few words that can be read later.")
        done = field.recall_one(
            session, visit.office.city, visit.office.clock, number, because=because, by=visit.by.username
        )
        _note(session, visit, "recalled", name, order=number, because=because)
        return done

    def told(done: field.RecalledOrder) -> str:
        truck = " It was given out already: call the truck now." if done.was_issued else ""
        return f"Order {done.number} is called back.{truck}"

    return _done(visit, name, work, told, {"recall": number, "because": because})


def completed(visit: Visit) -> ResponseReturnValue:
    """Take in what the field did: the order file, filled in. The same file twice changes nothing."""
    given = request.files.get("file")
    content = given.read() if given else b""

    def work(session: Session) -> field.Completed:
        told = field.complete(session, visit.office.city, visit.office.clock, content, by=visit.by.username)
        _note(session, visit, "completed", given.filename or "" if given else "", done=told.done)
        return told

    if not content:
        return shutoff.shutoff(visit, "Choose the file that the field has filled in.", status=422)
    try:
        told = visit.office.database.run(work)
    except (OrderError, CompletionFileError) as refused:
        return shutoff.shutoff(visit, in_words(refused), status=422)
    return shutoff.shutoff(visit, told=told)


def _done(
    visit: Visit, name: str, work: Callable[[Session], T], tell: Callable[[T], str],
    written: dict[str, str] | None = None,
) -> ResponseReturnValue:  # fmt: skip
    def again(problem: str) -> ResponseReturnValue:
        return shutoff.one(visit, name, problem, written, 409)

    return do(visit, work, tell, back=f"/campaigns/shutoff/lists/{name}", again=again)


def _note(session: Session, visit: Visit, what: str, name: str, **facts: Any) -> None:
    visit.note_down(session, f"field_list.{what}", facts={"list": name, **facts})


_AT = "/campaigns/shutoff/lists/<name>"
ROUTES = (
    Route("/campaigns/shutoff/propose", propose, Permission.RUN_CAMPAIGNS, ("POST",)),
    Route(
        "/campaigns/shutoff/completed",
        completed,
        Permission.RUN_CAMPAIGNS,
        ("POST",),
        most_bytes=MOST_BYTES + MAX_FORM_BYTES,
    ),
    Route(f"{_AT}/approve", approve, Permission.APPROVE_CAMPAIGNS, ("POST",)),
    Route(f"{_AT}/cancel", cancel, Permission.RUN_CAMPAIGNS, ("POST",)),
    Route(f"{_AT}/issue", issue, Permission.RUN_CAMPAIGNS, ("POST",)),
    Route(f"{_AT}/orders/<number>/recall", recall, Permission.RUN_CAMPAIGNS, ("POST",)),
)
