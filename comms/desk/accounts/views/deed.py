"""Logging what was done without a message: a call, a visit at the counter, a door tag."""

from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms import history
from comms.accounts import Account
from comms.desk.access.gate import Route, Visit
from comms.desk.access.permissions import Permission
from comms.desk.accounts import deeds
from comms.desk.accounts.deeds import FormError, Typed
from comms.desk.accounts.views.acting import act_page, done, found, opened
from comms.desk.frame import twice
from comms.desk.frame.twice import AgainError
from comms.history import DEEDS, Logged
from comms.history.by_hand import CONTACTS


def form(visit: Visit, number: str) -> ResponseReturnValue:
    """The form; ``how`` in the address chooses what it begins with."""
    account = opened(visit, number, "log")
    how = visit.query.get("how", "")
    return _show(visit, account, Typed(how=how if how in DEEDS else ""))


def keep(visit: Visit, number: str) -> ResponseReturnValue:
    """Put it into the history; a number that is somebody else's is not written to any more."""
    account, typed, office = found(visit, number), Typed.of(visit.form), visit.office

    def work(session: Session) -> Logged:
        by = visit.actor
        logged = deeds.read(session, office.city, account, typed, by, visit.now)
        _keep(session, visit, account, logged)
        return logged

    try:
        logged = office.database.run(work)
    except FormError as wrong:
        return _show(visit, account, typed, str(wrong), 422)
    except AgainError as again:
        return done(visit, account, str(again))
    if logged.how == "wrong_person":
        office.doorbell.ring("housekeeping")
        return done(visit, account, "It is in the history, and the number is not written to any more.")
    counts = DEEDS[logged.how].kind in CONTACTS
    return done(visit, account, "It is in the history" + (" and counts as a contact." if counts else "."))


def _keep(session: Session, visit: Visit, account: Account, logged: Logged) -> None:
    event = history.logged_event(session, account.id, logged, visit.now)
    visit.note_down(session, "contact.logged", account_id=account.id, facts={"how": deeds.HOW[logged.how]})
    events = [event]
    if logged.how == "wrong_person":
        events += deeds.wrong_number(session, visit.office.clock, account, logged.number)
    history.record(session, events, visit.now)
    twice.refuse(session, account.id, (event.kind,), event.actor, visit.now)


def _show(visit: Visit, account: Account, typed: Typed, problem: str = "", status: int = 200) -> ResponseReturnValue:
    with visit.office.database.read() as session:
        return act_page(
            visit, session, account, "account_deed.html", "Log a call or visit", status, typed=typed, problem=problem,
            how=deeds.HOW, numbers=deeds.numbers(session, account), oldest=visit.today - deeds.BACK,
        )  # fmt: skip


ROUTES = (
    Route("/accounts/<number>/log", form, Permission.WRITE_NOTES),
    Route("/accounts/<number>/log", keep, Permission.WRITE_NOTES, ("POST",)),
)
