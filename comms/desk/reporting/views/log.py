"""Taking the correspondence log out: of a span of days or of one account, as Excel or CSV."""

from datetime import date, timedelta
from typing import Any

from flask import Response, abort, flash, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from comms import worklist
from comms.accounts import finding
from comms.desk.access.gate import Route, Visit, positive
from comms.desk.access.permissions import Permission
from comms.desk.frame import formats, sheets
from comms.desk.frame.pages import page
from comms.desk.reporting import exporting
from comms.desk.reporting.correspondence import Wanted
from comms.desk.reporting.exporting import ExportError, Form
from comms.desk.schema import Export
from comms.history import timeline


def log(visit: Visit) -> ResponseReturnValue:
    """The form, and the files that this person has asked for."""
    return _show(visit, _usual(visit) | _of_account(visit, visit.query.get("account", "")[:60]))


def files(visit: Visit) -> ResponseReturnValue:
    """The list of files alone; a page with one under way asks for it every few seconds."""
    with visit.office.database.read() as session:
        mine = exporting.mine(session, visit.by.username)
    return page(visit, "log_files.html", files=mine, kept=exporting.KEPT.days, **_progress(visit))


def order(visit: Visit) -> ResponseReturnValue:
    """Write the wish down; make a short log at once, and ask a worker for a long one."""
    office, given = visit.office, {key: visit.form.get(key, "").strip() for key in _usual(visit)}
    with office.database.begin() as session:
        try:
            wanted, form, number = _wanted(session, given)
            rows = exporting.check(session, office.city, wanted, form)
        except ExportError as error:
            return _show(visit, given, str(error))
        about = f"Account {number}" if number else "All accounts"
        export_id = exporting.ask(session, wanted, form, by=visit.by.username, at=visit.now, about=about, expected=rows)
        facts = {"export": export_id, "first": str(wanted.first), "last": str(wanted.last), "form": form, "rows": rows}
        facts = facts | {"everything": wanted.everything, "notes": wanted.notes}
        visit.note_down(session, "log.exported", account_id=wanted.account_id, facts=facts)
    if rows <= exporting.AT_ONCE:
        exporting.make(office.database, office.city, office.clock, office.settings.var, export_id)
        flash(f"The log is ready: {formats.count(rows, 'row', 'rows')}. Download it below.")
    elif office.doorbell.ask_for_export(export_id):
        flash("The log is long and is made in the background. It appears below; you may go on working meanwhile.")
    else:
        flash("The log is long, and no worker could be reached to make it. It is made as soon as one runs, and appears "
              "below; nothing has to be asked for anew.")  # fmt: skip
    return redirect("/reports/log", 303)


def download(visit: Visit, number: str) -> ResponseReturnValue:
    """A finished file, to the person who asked for it."""
    office, export_id = visit.office, positive(number)
    with office.database.begin() as session:
        row = session.get(Export, export_id) if export_id else None
        if row is None or row.asked_by != visit.by.username or row.name is None:
            abort(404, "This file is not kept any more, or was asked for by somebody else. Ask for the log again.")
        facts = {"export": row.id, "name": row.name}
        visit.note_down(session, "log.downloaded", account_id=row.options.get("account_id"), facts=facts)
        name = row.name
    path = exporting.folder(office.settings.var) / name
    if not path.is_file():
        abort(404, "The file is gone from this machine. Ask for the log again.")
    file = path.open("rb")
    answer = Response(file, mimetype=sheets.EXCEL_TYPE if name.endswith(".xlsx") else sheets.CSV_TYPE)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Content-Length"] = str(path.stat().st_size)
    answer.call_on_close(file.close)
    return answer


def _show(visit: Visit, given: dict[str, str], problem: str = "") -> Response:
    with visit.office.database.read() as session:
        counts, mine = worklist.counts(session), exporting.mine(session, visit.by.username)
    return page(
        visit, "log.html", counts, 422 if problem else 200, given=given, problem=problem, files=mine,
        kept=exporting.KEPT.days, **_progress(visit),
    )  # fmt: skip


def _progress(visit: Visit) -> dict[str, Any]:
    """What the list of files says of those that are not ready."""
    return {
        "overdue": visit.now - exporting.TAKEN_UP,
        "still": visit.now - exporting.STILL,
        "uncounted": exporting.LONGEST_XLSX,
        "at_once": exporting.AT_ONCE,
        "on": lambda day: formats.day(date.fromisoformat(day), visit.today),
    }


def _usual(visit: Visit) -> dict[str, str]:
    """The month before this one, all accounts, what was said."""
    last = visit.today.replace(day=1) - timedelta(1)
    return {
        "from": last.replace(day=1).isoformat(), "to": last.isoformat(), "account": "", "what": "said", "notes": "",
        "form": "xlsx",
    }  # fmt: skip


def _of_account(visit: Visit, number: str) -> dict[str, str]:
    """What the form begins with for one account: all of its days."""
    with visit.office.database.read() as session:
        account = finding.by_number(session, number.replace("\0", "")) if number else None
        events = timeline(session, account.id, before=2) if account else []
    if not events:
        return {"account": number}
    first = visit.office.city.local_date(events[0].at)
    return {"account": number, "from": first.isoformat(), "to": visit.today.isoformat()}


def _wanted(session: Session, given: dict[str, str]) -> tuple[Wanted, Form, str]:
    """What the form asks for, and the account's number. Raises ``ExportError``."""
    try:
        first, last = date.fromisoformat(given["from"]), date.fromisoformat(given["to"])
    except ValueError:
        raise ExportError("Give both days, such as 2026-11-01 and 2026-11-30.") from None
    account = finding.by_number(session, given["account"]) if given["account"] else None
    if given["account"] and account is None:
        raise ExportError(f"There is no account {given['account']}. Leave the field empty for all accounts.")
    more: dict[str, Any] = {"everything": given["what"] == "everything", "notes": bool(given["notes"])}
    form: Form = "csv" if given["form"] == "csv" else "xlsx"
    return Wanted(first, last, account.id if account else None, **more), form, account.number if account else ""


ROUTES = (
    Route("/reports/log", log, Permission.EXPORT),
    Route("/reports/log", order, Permission.EXPORT, methods=("POST",)),
    Route("/reports/log/files", files, Permission.EXPORT, watches=True),
    Route("/reports/log/<number>", download, Permission.EXPORT),
)
