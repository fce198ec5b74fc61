"""Giving a message of an unknown sender to the account that it belongs to."""

from flask import flash, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms.accounts import Account, finding
from comms.desk.access.gate import Route, Visit
from comms.desk.access.permissions import Permission
from comms.desk.worklists.lists import UNMATCHED
from comms.desk.worklists.views.matters import show_list
from comms.replies import Handled
from comms.replies.assigning import AssignError, assign


def give(visit: Visit, inbound_id: int) -> ResponseReturnValue:
    """Give a reply to the account that was typed, and go to its record."""
    number = " ".join(visit.form.get("account", "").replace("\0", "").split())[:40]
    with visit.office.database.read() as session:
        account = finding.by_number(session, number) if number else None
    if account is None:
        fault = (f"account-{inbound_id}", number)
        problem = f"There is no account {number}." if number else "No account number was given."
        return show_list(visit, UNMATCHED, f"{problem} Look for the customer by name or address.", 422, fault)
    try:
        handled = visit.office.database.run(lambda session: _give(session, visit, account, inbound_id))
    except AssignError as refused:
        return show_list(visit, UNMATCHED, str(refused).partition(" List them:")[0], 409)
    for lane in handled.lanes:
        visit.office.doorbell.ring(lane)
    flash(f"The message is {account.name}’s now.")
    return redirect(f"/accounts/{account.number}", 303)


def _give(session: Session, visit: Visit, account: Account, inbound_id: int) -> Handled:
    office = visit.office
    handled = assign(
        session, inbound_id, session.get_one(Account, account.id), city=office.city, clock=office.clock,
        renderer=office.renderer, settings=office.settings, by=visit.actor,
    )  # fmt: skip
    visit.note_down(session, "reply.assigned", account_id=account.id, facts={"reply": inbound_id})
    return handled


ROUTES = (Route("/replies/<int:inbound_id>/assign", give, Permission.WORK_LISTS, ("POST",)),)
