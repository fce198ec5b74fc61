"""A worklist: what waits for a person, whose it is, with what can be done to several at once; and the same as Excel."""

from collections.abc import Iterator, Mapping

from flask import abort
from flask.typing import ResponseReturnValue

from comms import worklist
from comms.desk.access.gate import Route, Visit
from comms.desk.access.permissions import Permission
from comms.desk.frame import sheets, words
from comms.desk.frame.downloads import excel
from comms.desk.frame.pages import page
from comms.desk.frame.sheets import Cell, Column
from comms.desk.worklists import approvals, queue, snoozing, standing, workbar
from comms.desk.worklists.lists import APPROVALS, Filter, List, named
from comms.desk.worklists.queue import Line

COLUMNS = (
    Column("Customer", width=28), Column("Account"), Column("Matter", width=32), Column("What it is about", "long"),
    Column("What they wrote", "long"), Column("Waiting since", "time"), Column("Priority", width=12), Column("Whose"),
    Column("Set aside until", "time"), Column("Past due", "money"),
)  # fmt: skip


def show(visit: Visit, slug: str) -> ResponseReturnValue:
    """One list, most urgent and then longest waiting first."""
    return show_list(visit, list_or_404(slug))


def show_list(
    visit: Visit, of: List, problem: str = "", status: int = 200, fault: tuple[str, str] = ("", "")
) -> ResponseReturnValue:
    """One page of a worklist; ``problem`` is why a form on it could not be taken, ``fault`` the field and its text."""
    given = visit.query if visit.query else visit.form
    filtered, after, me = Filter.asked(given, of), visit.query.get("after", ""), visit.by.username
    city = visit.office.city
    with visit.office.database.read() as session:
        piles = worklist.piles(session)
        sheet = queue.sheet(session, of, filtered, me, after)
        awaiting = approvals.awaiting(session, visit.today) if of is APPROVALS and not after else []
        until = snoozing.choices(session, city, visit.now, None)
        people = workbar.people(session) if visit.by.may(Permission.ASSIGN_OTHERS) else []
    visit.saw_list(of.slug, [line.account.number for line in sheet.lines if line.account])
    return page(
        visit, of.template, standing.open_counts(piles), status,
        list=of, sheet=sheet, filter=filtered, path=f"/worklists/{of.slug}", standing=standing.standing(piles, of, me),
        names=visit.names, people=people, until=until, awaiting=awaiting, continued=bool(after), problem=problem,
        fault=fault,
        late=lambda task: standing.late(city, of, task.priority, task.waiting_since, visit.now),
    )  # fmt: skip


def as_excel(visit: Visit, slug: str) -> ResponseReturnValue:
    """The whole list, as it is filtered, for a spreadsheet."""
    of = list_or_404(slug)
    filtered = Filter.asked(visit.query, of)
    visit.took_list(of.slug)
    with visit.office.database.read() as session:
        lines = queue.all_lines(session, of, filtered, visit.by.username)
        book = sheets.workbook(_rows(lines, visit.names), COLUMNS, of.title, visit.office.city.zone)
    return excel(book, sheets.file_name(of.slug, visit.today, ending="xlsx"))


def _rows(lines: Iterator[Line], names: Mapping[str, str]) -> Iterator[tuple[Cell, ...]]:
    for line in lines:
        task, account = line.task, line.account
        yield (
            account.name if account else None, account.number if account else None, words.task_kind(task.kind),
            words.for_the_desk(task.reason), line.inbound.text if line.inbound else None, task.waiting_since,
            words.priority(task.priority)[0], workbar.owner(names, task.assignee), task.snoozed_until,
            account.past_due_cents if account else None,
        )  # fmt: skip


def list_or_404(slug: str) -> List:
    of = named(slug)
    if of is None:
        abort(404, "There is no such list.")
    return of


ROUTES = (
    Route("/worklists/<slug>", show, Permission.SEE_ACCOUNTS),
    Route("/worklists/<slug>/excel", as_excel, Permission.WORK_LISTS),
)
