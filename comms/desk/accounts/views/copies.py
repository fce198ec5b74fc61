"""Who else gets copies of an account's notices: a third party that the customer named, or the landlord."""

from flask import abort
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms.accounts import Account, copy_recipients
from comms.accounts.copy_recipients import LANGUAGES, CopyRecipientError
from comms.accounts.schema import CopyRecipient
from comms.accounts.sheets import SheetError, day
from comms.desk.access.gate import Route, Visit
from comms.desk.access.permissions import Permission
from comms.desk.accounts.views.acting import act_page, back, done, found, opened
from comms.desk.frame import twice
from comms.desk.frame import words as said
from comms.desk.frame.refusals import in_words
from comms.desk.frame.twice import AgainError
from comms.outbox.third_parties import MARK

ACTS = ("copies.added", "copies.ended")
KINDS = {"third_party": "A third party that the customer named", "landlord": "The landlord"}
ADDRESS = ("line1", "line2", "city", "state", "zip")
FIELDS = ("copy-kind", "name", "authority", "email", "language", "from", "to", *ADDRESS)


def show(visit: Visit, number: str) -> ResponseReturnValue:
    """Who gets or got copies, and the form for somebody new."""
    return _show(visit, opened(visit, number, "copies"))


def add(visit: Visit, number: str) -> ResponseReturnValue:
    """Write a recipient down."""
    account, typed = found(visit, number), _typed(visit)

    def work(session: Session) -> None:
        key = copy_recipients.add(
            session, account.id, kind=typed["copy-kind"], name=typed["name"], authority=typed["authority"],
            email=typed["email"], address={part: typed[part] for part in ADDRESS}, language=typed["language"] or "en",
            by=visit.actor, at=visit.now, starts_on=starts, ends_on=ends,
        )  # fmt: skip
        twice.refuse(session, account.id, ACTS, visit.actor, visit.now)
        visit.note_down(session, "copies.added", account_id=account.id, facts={"recipient": key})

    try:
        starts = day(typed["from"], "First day") or visit.today
        ends = day(typed["to"], "Last day")
        visit.office.database.run(work)
    except AgainError as again:
        return done(visit, account, str(again), _here(visit, account))
    except (CopyRecipientError, SheetError) as wrong:
        return _show(visit, account, in_words(wrong))
    visit.office.doorbell.ring("housekeeping")
    return done(visit, account, f"Copies go to {typed['name']}.", _here(visit, account))


def end(visit: Visit, number: str, recipient_id: int) -> ResponseReturnValue:
    """No more copies from today on."""
    account = found(visit, number)

    def work(session: Session) -> bool:
        row = session.get(CopyRecipient, recipient_id)
        if row is None or row.account_id != account.id:
            abort(404, "There is no such recipient of copies on this account.")
        by = visit.actor
        ended = copy_recipients.end(session, recipient_id, on=visit.today, by=by, at=visit.now)
        if ended:
            visit.note_down(session, "copies.ended", account_id=account.id, facts={"recipient": recipient_id})
        return ended

    ended = visit.office.database.run(work)
    visit.office.doorbell.ring("housekeeping")
    return done(visit, account, "No more copies go there." if ended else "It had ended before.", _here(visit, account))


def _show(visit: Visit, account: Account, problem: str = "") -> ResponseReturnValue:
    with visit.office.database.read() as session:
        return act_page(
            visit, session, account, "account_copies.html", "Copies", 422 if problem else 200, problem=problem,
            recipients=copy_recipients.ever(session, account.id), kinds=KINDS, typed=_typed(visit),
            languages={code: said.LANGUAGES[code] for code in LANGUAGES}, marked=MARK in account.flags,
            of_kind=copy_recipients.WORDS,
        )  # fmt: skip


def _typed(visit: Visit) -> dict[str, str]:
    return {name: visit.line(name, 300) for name in FIELDS}


def _here(visit: Visit, account: Account) -> str:
    asked = back(visit, account).partition("?")[2]
    return f"/accounts/{account.number}/copies" + (f"?{asked}" if asked else "")


ROUTES = (
    Route("/accounts/<number>/copies", show, Permission.SEE_ACCOUNTS),
    Route("/accounts/<number>/copies", add, Permission.SEND_NOTICES, ("POST",)),
    Route("/accounts/<number>/copies/<int:recipient_id>/end", end, Permission.SEND_NOTICES, ("POST",)),
)
