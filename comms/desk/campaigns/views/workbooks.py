"""The lists of campaigns as Excel: who is in a part of a run, what differs, a move, a shut-off list and who would be
on one."""

from collections.abc import Iterable, Sequence

from flask import Response, abort
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from comms import field
from comms.accounts import Account
from comms.campaigns.differing import CHANGES, diff
from comms.campaigns.policies import moving
from comms.campaigns.policies.versions import VersionError
from comms.db import one_of
from comms.desk.access.gate import Route, Visit, positive
from comms.desk.access.permissions import Permission
from comms.desk.campaigns import runs, tables
from comms.desk.campaigns.views import run, shutoff
from comms.desk.frame import sheets
from comms.desk.frame.downloads import excel
from comms.desk.frame.refusals import in_words
from comms.field import OrderError


def accounts(visit: Visit, run_id: int) -> ResponseReturnValue:
    """A part of a run; of a long one the workbook that is asked for."""
    part, number = run.part_asked(visit), _number(visit)
    with visit.office.database.read() as session:
        run.get(session, run_id)
        found = runs.lines_of(session, run_id, part, tables.AT_ONCE, skip=(number - 1) * tables.AT_ONCE)
        title = f"Run {run_id} {run.OUTCOMES[part.outcome]}"
        return _given(visit, tables.accounts(found), tables.ACCOUNTS, title, f"run {run_id}", number)


def differences(visit: Visit, run_id: int) -> ResponseReturnValue:
    """The accounts for which the run does something else than the one before; with ``change``, in that way alone."""
    change, number = visit.query.get("change", ""), _number(visit)
    if change and change not in CHANGES:
        abort(404, "There is no such kind of difference.")
    with visit.office.database.read() as session:
        run.get(session, run_id)
        skip = (number - 1) * tables.AT_ONCE
        found = diff(session, run_id, limit=tables.AT_ONCE, change=change or None, skip=skip)
    title = f"Run {run_id} differences {change}".strip()
    return _given(visit, tables.differences(found.rows), tables.DIFFERENCES, title, f"run {run_id}", number)


def move(visit: Visit, move_id: int) -> ResponseReturnValue:
    """A list of episodes that are to change to another version; of a long one the workbook that is asked for."""
    number = _number(visit)
    with visit.office.database.read() as session:
        try:
            moving.get(session, move_id)
        except VersionError as error:
            abort(404, in_words(error))
        lines = moving.part(session, move_id, (number - 1) * tables.AT_ONCE, tables.AT_ONCE)
    return _given(visit, tables.moves(lines), tables.MOVES, f"Move {move_id}", f"move {move_id}", number)


def orders(visit: Visit, name: str) -> ResponseReturnValue:
    """The orders of a list, or those who were left out of it."""
    with visit.office.database.read() as session:
        try:
            made = field.list_named(session, name)
        except OrderError as error:
            abort(404, in_words(error))
        if visit.query.get("who") == "left-out":
            title = f"{made.name} left out"
            return _given(visit, tables.left_out(made.left_out), tables.LEFT_OUT, title, made.name)
        found = field.orders_of(session, made.id)
        ids = [order.account_id for order in found]
        people = {each.id: each for each in session.scalars(select(Account).where(one_of(session, Account.id, ids)))}
    words = {state: said for state, (said, _) in shutoff.ORDER_STATES.items()}
    return _given(visit, tables.orders(found, people, words), tables.ORDERS, made.name, made.name)


def proposed(visit: Visit) -> ResponseReturnValue:
    """Everybody the gate was asked about for a list that is not made yet."""
    kind = visit.query.get("kind", "") or "shutoff"
    if kind not in shutoff.KINDS:
        abort(404, "There is no such kind of list.")
    found = shutoff.asked(visit, kind, shutoff.day_asked(visit))
    rows = tables.gated(found.on_it, found.left_out, found.turn_on)
    return _given(visit, rows, tables.GATED, f"{kind} {found.day}", f"{kind} for {found.day}")


def _number(visit: Visit) -> int:
    """Which of several workbooks is asked for, from 1."""
    return min(10_000, positive(visit.query.get("part", "")) or 1)


def _given(
    visit: Visit, rows: Iterable[tables.Row], columns: Sequence[sheets.Column], title: str, what: str, number: int = 1
) -> Response:
    """The workbook, with who took it written down."""
    visit.took_list(what)
    book = sheets.workbook(rows, columns, title, visit.office.city.zone)
    several = [f"part {number}"] if number > 1 else []
    return excel(book, sheets.file_name(title, *several, ending="xlsx"))


ROUTES = (
    Route("/campaigns/<int:run_id>/accounts/excel", accounts, Permission.SEE_CAMPAIGNS),
    Route("/campaigns/<int:run_id>/differences/excel", differences, Permission.SEE_CAMPAIGNS),
    Route("/campaigns/moves/<int:move_id>/excel", move, Permission.SEE_CAMPAIGNS),
    Route("/campaigns/shutoff/lists/<name>/excel", orders, Permission.SEE_CAMPAIGNS),
    Route("/campaigns/shutoff/propose/excel", proposed, Permission.SEE_CAMPAIGNS),
)
