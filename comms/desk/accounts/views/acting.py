"""What is done about an account: each act is a page of its own, and its form also opens beside the history.

The page holds one section, ``#act``; the record's links ask for the page and show only that section. A form that
cannot be taken comes back with what was typed and the reason; one that is done leads back to the record.
"""

from typing import Any
from urllib.parse import urlencode

from flask import Response, flash, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms import worklist
from comms.accounts import Account
from comms.desk.access.gate import Visit, positive
from comms.desk.accounts import record
from comms.desk.accounts.views.account import account_or_404, task_of
from comms.desk.frame.pages import page

__all__ = ["act_page", "back", "done", "found", "kept", "opened", "part_of"]

KEPT = ("task", "who", "kind", "state")
"""What stands in the address of a record that was come to from a list."""


def opened(visit: Visit, number: str, about: str) -> Account:
    """The account that an act is about, with the view of its record written down. ``about`` is the word of the act."""
    with visit.office.database.begin() as session:
        account = account_or_404(session, number)
        visit.note_down(session, "account.viewed", account_id=account.id, facts={"page": about})
        session.expunge(account)
    return account


def found(visit: Visit, number: str) -> Account:
    """The account that a form is about."""
    with visit.office.database.read() as session:
        account = account_or_404(session, number)
        session.expunge(account)
    return account


def part_of(visit: Visit, number: str) -> Account:
    """The account that a part of a page is about; who asks for the part alone is written down."""
    account = found(visit, number)
    visit.saw_part(account.id)
    return account


def act_page(
    visit: Visit, session: Session, account: Account, template: str, title: str, status: int = 200, **values: Any
) -> Response:
    """The page of an act: ``template`` is its section, between the account's name and its most needed facts."""
    task = task_of(session, visit, account)
    return page(
        visit, "account_act.html", worklist.counts(session), status,
        account=account, act=f"desk/{template}", act_title=title, task=task, back=back(visit, account),
        kept=kept(visit),
        record=record.read(session, visit.office.city, account, visit.today), **values,
    )  # fmt: skip


def kept(visit: Visit) -> dict[str, str]:
    """The task that the clerk came for and the part of the list he walks through, for the address he goes back to."""
    given = {name: visit.query.get(name, "") or visit.form.get(name, "") for name in KEPT}
    if positive(given["task"]) is None:
        return {}
    return {name: value[:80] for name, value in given.items() if value}


def back(visit: Visit, account: Account) -> str:
    """The record, as the clerk left it."""
    asked = kept(visit)
    return f"/accounts/{account.number}" + (f"?{urlencode(asked)}" if asked else "")


def done(visit: Visit, account: Account, said: str, onward: str = "") -> ResponseReturnValue:
    """Say what was done and go back to the record, or ``onward``."""
    flash(said)
    target = onward or back(visit, account)
    if "HX-Request" in request.headers:
        return Response(status=204, headers={"HX-Redirect": target})
    return redirect(target, 303)
