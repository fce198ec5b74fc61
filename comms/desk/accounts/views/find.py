"""Finding: one box for a number, a name, a phone, an email, an address, or words within messages."""

import re
from collections.abc import Sequence

from flask import redirect
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms import worklist
from comms.accounts import Account, contacts, finding
from comms.desk.access.gate import Route, Visit
from comms.desk.access.permissions import Permission
from comms.desk.accounts import passages as in_messages
from comms.desk.frame import sheets, words
from comms.desk.frame.downloads import excel
from comms.desk.frame.pages import page
from comms.desk.frame.sheets import Column

COLUMNS = (
    Column("Customer", width=28), Column("Account"), Column("Service address", width=32), Column("Past due", "money"),
    Column("Status"),
)  # fmt: skip
PER_PAGE = 50
MOST = 500
"""Beyond this many a longer list helps nobody: the page asks for another word."""


def find(visit: Visit) -> ResponseReturnValue:
    """Jump to the account when number, phone or email name exactly one; else list what answers to the words: accounts,
    and under the first of them messages."""
    query = visit.query.get("q", "").replace("\0", "").strip()[: finding.LONGEST_QUERY]
    after = visit.query.get("after", "")
    with visit.office.database.read() as session:
        counts = worklist.counts(session)
        if not query:
            return page(visit, "find.html", counts, query="", found=[], said=[])
        if named := _named(session, query):
            return redirect(f"/accounts/{named.number}", 303)
        found = finding.find(session, query, limit=MOST + 1 if after else PER_PAGE + 1)
        said = [] if after else in_messages.passages(session, query)
    many = len(found) > MOST
    rest = _after(found[:MOST], after)
    shown, last = rest[:PER_PAGE], rest[PER_PAGE - 1 : PER_PAGE]
    cursor = str(last[0].id) if last and len(rest) > PER_PAGE else ""
    seen = dict.fromkeys([*(each.number for each in shown), *(each.account.number for each in said if each.account)])
    with visit.office.database.begin() as session:
        visit.note_down(session, "account.searched", facts={"query": query, "accounts": list(seen)})
    return page(
        visit, "find.html", counts, query=query, found=shown, after=cursor, continued=bool(after),
        many=many and not cursor, per_page=PER_PAGE, said=said[: in_messages.MOST],
        more_said=len(said) > in_messages.MOST,
    )  # fmt: skip


def _after(found: Sequence[Account], cursor: str) -> Sequence[Account]:
    """What follows the account of the cursor. The order is that of ``finding``, the surest matches first."""
    at = next((n for n, account in enumerate(found) if str(account.id) == cursor), -1)
    return found[at + 1 :]


def _named(session: Session, query: str) -> Account | None:
    """The one account that the query names by its number, by a whole phone number or by an email address."""
    if account := finding.by_number(session, query):
        return account
    digits = re.sub(r"\D", "", query)
    ten = digits[1:] if len(digits) == 11 and digits[0] == "1" else digits
    if "@" in query:
        found = contacts.accounts_at(session, "email", query)
    elif len(ten) == 10 and not re.search(r"[A-Za-z]", query):
        found = contacts.accounts_at(session, "phone", f"+1{ten}")
    else:
        return None
    return found[0] if len(found) == 1 else None


def as_excel(visit: Visit) -> ResponseReturnValue:
    """The accounts that a search found, for a spreadsheet."""
    query = visit.query.get("q", "").replace("\0", "").strip()[: finding.LONGEST_QUERY]
    with visit.office.database.read() as session:
        found = finding.find(session, query, limit=MOST) if query else []
        session.expunge_all()
    visit.took_list("accounts found", query=query, accounts=[account.number for account in found])
    rows = (
        (one.name, one.number, one.service_address, one.past_due_cents, words.STATUSES.get(one.status, one.status))
        for one in found
    )
    book = sheets.workbook(rows, COLUMNS, "Accounts found", visit.office.city.zone)
    return excel(book, sheets.file_name("found", visit.today, ending="xlsx"))


ROUTES = (
    Route("/find", find, Permission.SEE_ACCOUNTS),
    Route("/find/excel", as_excel, Permission.WORK_LISTS),
)
