"""The reports: all on one page with their findings, each one alone with its table, and each as Excel."""

import time
from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from flask import abort
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms import reports as room
from comms import worklist
from comms.desk.access.gate import Route, Visit
from comms.desk.access.permissions import Permission
from comms.desk.frame import charts, sheets
from comms.desk.frame.downloads import excel
from comms.desk.frame.pages import page
from comms.reports import REPORTS, Asked, RangeError, Report

DAYS = 30
"""What a report covers when nobody says otherwise: today and the 29 days before."""
FIRST_COUNT = 2.0
"""Seconds that the first look at the reports may count; a year of letters to a whole city takes longer."""
STANDS_STILL = timedelta(minutes=30)
"""Housekeeping counts every two minutes; figures older than this say that the worker does not run."""


def reports(visit: Visit) -> ResponseReturnValue:
    """All reports for a span of days: the finding and the chart of each."""
    _count_first(visit)
    with visit.office.database.read() as session:
        asked, frame = _frame(visit, session)
        made = [make(session, visit.office.city, asked) for make in REPORTS.values()]
    return page(visit, "reports.html", reports=made, charts=charts, **frame)


def report(visit: Visit, name: str) -> ResponseReturnValue:
    """One report with its whole table."""
    made, _, frame = _made(visit, name)
    return page(visit, "report.html", report=made, charts=charts, **frame)


def report_file(visit: Visit, name: str) -> ResponseReturnValue:
    """The table of a report as Excel."""
    made, asked, frame = _made(visit, name)
    if frame["problem"]:
        abort(400, frame["problem"])
    columns = [sheets.Column(heading.title, heading.kind, 26) for heading in made.headings]
    book = sheets.workbook(made.rows, columns, made.title, visit.office.city.zone)
    facts = {"report": name, "first": str(asked.first), "last": str(asked.last), "policy": asked.policy}
    with visit.office.database.begin() as session:
        visit.note_down(session, "report.downloaded", facts=facts)
    return excel(book, sheets.file_name(name, asked.policy or "all", asked.first, asked.last, ending="xlsx"))


def _made(visit: Visit, name: str) -> tuple[Report, Asked, dict[str, Any]]:
    """A report by its name, what it was asked for, and the frame around it."""
    make = REPORTS.get(name)
    if make is None:
        abort(404)
    _count_first(visit)
    with visit.office.database.read() as session:
        asked, frame = _frame(visit, session)
        return make(session, visit.office.city, asked), asked, frame


def _count_first(visit: Visit) -> None:
    """Before anything was ever counted, whoever looks first has it counted, for a moment: the newest days first. What
    is left is the worker's, who is rung for."""
    office = visit.office
    with office.database.read() as session:
        if room.counted_at(session) is not None:
            return
    until = time.monotonic() + FIRST_COUNT
    room.count(office.database, office.city, office.clock, enough=lambda: time.monotonic() > until)
    office.doorbell.ring("housekeeping")


def _frame(visit: Visit, session: Session) -> tuple[Asked, dict[str, Any]]:
    """What was asked for, and what the form around the reports shows."""
    query = {key: visit.query.get(key, "").strip() for key in ("from", "to", "policy")}
    policies = room.policies(session)
    asked, problem = _asked(query, visit.today, policies)
    counted = room.counted_at(session)
    known = {key: value for key, value in query.items() if value}
    return asked, {
        "counts": worklist.counts(session), "asked": asked, "problem": problem, "policies": policies,
        "quick": _quick(visit.today), "counted": counted, "query": known,
        "left": room.uncounted(session, asked.first, asked.last),
        "stands_still": counted is not None and visit.now - counted > STANDS_STILL,
        "from_text": query["from"] or asked.first.isoformat(), "to_text": query["to"] or asked.last.isoformat(),
    }  # fmt: skip


def _asked(query: dict[str, str], today: date, policies: Collection[str]) -> tuple[Asked, str]:
    usual = Asked(today - timedelta(DAYS - 1), today)
    try:
        first, last = (
            date.fromisoformat(query[key]) if query[key] else usual_day
            for key, usual_day in (("from", usual.first), ("to", usual.last))
        )
    except ValueError:
        return usual, "That is no date. Choose a day, or write it as 2026-11-30."
    if query["policy"] and query["policy"] not in policies:
        return usual, f"There is no policy “{query['policy']}”. Choose one of the list."
    try:
        return Asked.of(first, last, query["policy"] or None), ""
    except RangeError as error:
        return usual, str(error)


def _quick(today: date) -> list[tuple[str, date, date]]:
    """The spans of days that people ask for most."""
    month = today.replace(day=1)
    before = month - timedelta(1)
    return [
        ("Last 7 days", today - timedelta(6), today),
        ("This month", month, today),
        (f"{before:%B}", before.replace(day=1), before),
        ("Last 12 months", today - timedelta(364), today),
    ]


ROUTES = (
    Route("/reports", reports, Permission.SEE_REPORTS, section="Reports"),
    Route("/reports/<name>", report, Permission.SEE_REPORTS),
    Route("/reports/<name>.xlsx", report_file, Permission.SEE_REPORTS),
)
