"""What the calendar brings: promises that fall due, and holds that end."""

from collections.abc import Iterator, Mapping

from flask.typing import ResponseReturnValue

from comms import worklist
from comms.desk.access.gate import Route, Visit
from comms.desk.access.permissions import Permission
from comms.desk.frame import sheets, words
from comms.desk.frame.downloads import excel
from comms.desk.frame.pages import page
from comms.desk.frame.sheets import Cell, Column
from comms.desk.worklists import agendas
from comms.desk.worklists.agendas import DUE, ENDING, PER_PAGE, Agenda, Due, Ending

DUE_COLUMNS = (
    Column("Due on", "day"), Column("Customer", width=28), Column("Account"), Column("Promised", "money"),
    Column("Paid so far", "money"), Column("Still to come", "money"), Column("Past due", "money"),
    Column("In time until", "day"), Column("Taken by"),
)  # fmt: skip
ENDING_COLUMNS = (
    Column("Ends on", "day"), Column("Customer", width=28), Column("Account"), Column("Hold", width=28),
    Column("Note", "long"), Column("Amount held", "money"), Column("Since", "day"), Column("Past due", "money"),
)  # fmt: skip


def promises_due(visit: Visit) -> ResponseReturnValue:
    """Parts of open promises that fall due."""
    return _show(visit, DUE)


def holds_ending(visit: Visit) -> ResponseReturnValue:
    """Holds that end by themselves."""
    return _show(visit, ENDING)


def _show(visit: Visit, of: Agenda) -> ResponseReturnValue:
    span, after = of.span(visit.query.get("when", "")), visit.query.get("after", "")[:40]
    with visit.office.database.read() as session:
        read = agendas.due if of is DUE else agendas.ending
        found = read(session, visit.today, span, after)
        counts = worklist.counts(session)
    shown = found[:PER_PAGE]
    visit.saw_list(of.slug, [line.account.number for line in shown])
    onward = agendas.key(shown[-1]) if len(found) > PER_PAGE else ""
    template = "promises_due.html" if of is DUE else "holds_ending.html"
    return page(
        visit, template, counts, of=of, span=span, found=shown, onward=onward, continued=bool(after),
        path=f"/worklists/{of.slug}",
    )  # fmt: skip


def promises_excel(visit: Visit) -> ResponseReturnValue:
    """Promises that fall due, for a spreadsheet."""
    return _excel(visit, DUE)


def holds_excel(visit: Visit) -> ResponseReturnValue:
    """Holds that end, for a spreadsheet."""
    return _excel(visit, ENDING)


def _excel(visit: Visit, of: Agenda) -> ResponseReturnValue:
    span = of.span(visit.query.get("when", ""))
    visit.took_list(of.slug)
    with visit.office.database.read() as session:
        lines = agendas.every(session, of, visit.today, span)
        columns = DUE_COLUMNS if of is DUE else ENDING_COLUMNS
        book = sheets.workbook(_rows(lines, visit.names), columns, of.title, visit.office.city.zone)
    return excel(book, sheets.file_name(of.slug, visit.today, ending="xlsx"))


def _rows(lines: Iterator[Due | Ending], names: Mapping[str, str]) -> Iterator[tuple[Cell, ...]]:
    for line in lines:
        account = line.account
        if isinstance(line, Due):
            part, promise = line.part, line.promise
            yield (
                part.due_on, account.name, account.number, part.amount_cents, part.allocated_cents, line.missing_cents,
                account.past_due_cents, part.deadline_on, words.actor(promise.taken_by or "customer", names),
            )  # fmt: skip
        else:
            hold = line.hold
            yield (
                hold.ends_on, account.name, account.number, words.HOLDS.get(hold.kind, hold.kind), hold.note,
                hold.amount_cents, hold.starts_on, account.past_due_cents,
            )  # fmt: skip


ROUTES = (
    Route("/worklists/promises-due", promises_due, Permission.SEE_ACCOUNTS),
    Route("/worklists/promises-due/excel", promises_excel, Permission.WORK_LISTS),
    Route("/worklists/holds-ending", holds_ending, Permission.SEE_ACCOUNTS),
    Route("/worklists/holds-ending/excel", holds_excel, Permission.WORK_LISTS),
)
