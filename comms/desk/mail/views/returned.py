"""Letters that came back: all of them, and the address of one account, to be confirmed where it is right after all."""

from collections.abc import Iterator

from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms import worklist
from comms.accounts import Account
from comms.desk.access.gate import Route, Visit
from comms.desk.access.permissions import Permission
from comms.desk.accounts.views.acting import act_page, done, found, opened
from comms.desk.frame import sheets
from comms.desk.frame import words as said
from comms.desk.frame.downloads import excel
from comms.desk.frame.pages import page
from comms.desk.frame.refusals import in_words
from comms.desk.frame.sheets import Cell, Column
from comms.desk.mail import returns
from comms.desk.mail.returns import PER_PAGE, Return
from comms.desk.mail.titles import titles
from comms.outbox import letter_address, returned_addresses, returned_mail
from comms.outbox.drafting import UnaddressableError
from comms.outbox.mail_acks import MailAckError
from comms.outbox.returned_mail import TASK

COLUMNS = (
    Column("Written down", "time"), Column("Customer", width=28), Column("Account"), Column("Letter", width=32),
    Column("Addressed to", "long"), Column("Why", width=28), Column("Piece", width=32), Column("By"),
    Column("Now", width=28),
)  # fmt: skip


def came_back(visit: Visit) -> ResponseReturnValue:
    """Every letter that came back, the newest first."""
    after = visit.query.get("after", "")[:60]
    with visit.office.database.read() as session:
        counts = worklist.counts(session)
        read = returns.page(session, after)
        session.expunge_all()
    shown = read[:PER_PAGE]
    visit.saw_list("letters that came back", sorted({line.account.number for line in shown if line.account}))
    return page(
        visit, "mail_returned.html", counts, found=shown, continued=bool(after), title_of=titles(visit),
        onward=returns.key(shown[-1]) if len(read) > PER_PAGE else "", open_tasks=counts.get(TASK, 0),
    )  # fmt: skip


def as_excel(visit: Visit) -> ResponseReturnValue:
    """The same for a spreadsheet."""
    visit.took_list("letters that came back")
    with visit.office.database.read() as session:
        rows = _rows(visit, returns.every(session))
        book = sheets.workbook(rows, COLUMNS, "Letters that came back", visit.office.city.zone)
    return excel(book, sheets.file_name("returned-mail", visit.today, ending="xlsx"))


def address(visit: Visit, number: str) -> ResponseReturnValue:
    """The mailing address of an account and the letters that came back from it."""
    return _address(visit, opened(visit, number, "address"))


def confirm(visit: Visit, number: str) -> ResponseReturnValue:
    """The address is right although letters came back: letters go there again."""
    account, because = found(visit, number), visit.line("because", 300)
    if len(because) < 5:
        return _address(visit, account, "Say who told us that it is right, how and when.", 422)
    try:
        line = visit.office.database.run(lambda session: _confirm(session, visit, account, because))
    except MailAckError as refused:
        return _address(visit, account, in_words(refused), 422)
    visit.office.doorbell.ring("housekeeping")
    return done(visit, account, f"Letters go to {line} again.")


def _confirm(session: Session, visit: Visit, account: Account, because: str) -> str:
    kept = session.get_one(Account, account.id)
    line = returned_mail.confirm_address(session, visit.office.clock, kept, by=visit.actor, because=because)
    visit.note_down(session, "address.confirmed", account_id=account.id, facts={"how": because})
    return line


def _address(visit: Visit, account: Account, problem: str = "", status: int = 200) -> ResponseReturnValue:
    with visit.office.database.read() as session:
        try:
            block, missing = letter_address(account), ""
        except UnaddressableError as error:
            block, missing = "", str(error)
        return act_page(
            visit, session, account, "account_address.html", "Mailing address", status, problem=problem,
            address=block.replace("\n", ", "), block=block, missing=missing, titles=titles(visit),
            closed=account.id in returned_addresses(session, [account.id]), because=visit.line("because", 300),
            letters=returns.at_address(session, account),
        )  # fmt: skip


def _rows(visit: Visit, lines: Iterator[Return]) -> Iterator[tuple[Cell, ...]]:
    title = titles(visit)
    for line in lines:
        account = line.account
        yield (
            line.event.at, account.name if account else line.message.recipient_name,
            account.number if account else None, title(line.message.notice), line.where, line.reason, line.piece,
            said.actor(line.event.actor, visit.names), _now(line),
        )  # fmt: skip


def _now(line: Return) -> str:
    if not line.stands:
        return "Taken back"
    return "No letter goes there" if line.closed else "Letters go out"


ROUTES = (
    Route("/mail/returned", came_back, Permission.SCAN_MAIL),
    Route("/mail/returned/excel", as_excel, Permission.SCAN_MAIL),
    Route("/accounts/<number>/address", address, Permission.SCAN_MAIL),
    Route("/accounts/<number>/address", confirm, Permission.SCAN_MAIL, ("POST",)),
)
