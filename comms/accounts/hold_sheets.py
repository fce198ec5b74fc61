"""Lists of holds that staff upload, and of pledges that an energy assistance agency sends.

Every row becomes a ``Wanted`` with a source that names the row itself, so that the same list, or one that overlaps it,
places nothing twice: a hold by what its row says, a pledge by its agency and reference.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from comms.money import dollars

from . import finding, sheets
from .holds import KINDS
from .schema import Account
from .sheets import Refusal, Row, Sheet, SheetError

HOLD_COLUMNS = (("account", "kind", "note"), ("starts_on", "ends_on", "review_on", "amount"))
PLEDGE_COLUMNS = (("agency", "account", "amount", "pledged_on"), ("expires_on", "reference", "note"))
"""Columns that must be there, and those that may."""

BY_HAND = tuple(kind for kind in KINDS if kind != "promise")
"""Kinds that people place; a promise places its own."""
REVIEW_AFTER = timedelta(days=30)
"""When a hold without an end is looked at, unless somebody says when. Office policy."""
PLEDGE_LASTS = timedelta(days=60)
"""How long a pledge holds its amount when the agency names no last day. Office policy."""


@dataclass(frozen=True)
class Wanted:
    """A hold that a row asks for, on an account that exists. ``replaces`` begins the sources of holds it takes the
    place of: an earlier pledge under the same reference."""

    row: Row
    account: Account
    kind: str
    starts_on: date
    ends_on: date | None
    review_on: date | None
    amount_cents: int | None
    note: str
    source: str
    replaces: str | None = None


def read_holds(session: Session, path: Path, today: date) -> tuple[Sheet, list[Wanted], list[Refusal]]:
    """Read a list of holds. Raises ``SheetError`` for a fault of the file as a whole."""
    sheet = sheets.read(path, *HOLD_COLUMNS)
    return (sheet, *_each(session, sheet, lambda row, account: _hold(row, account, today)))


def read_pledges(session: Session, path: Path, today: date) -> tuple[Sheet, list[Wanted], list[Refusal]]:
    """Read a list of pledges: holds of the kind ``energy_assistance``, each for its amount."""
    sheet = sheets.read(path, *PLEDGE_COLUMNS)
    return (sheet, *_each(session, sheet, lambda row, account: _pledge(row, account, today)))


def terms(
    kind: str, starts_on: date, ends_on: date | None, review_on: date | None, note: str, today: date
) -> date | None:
    """Check what a hold is to be, and say when it is reviewed. Raises ``SheetError``."""
    if kind not in BY_HAND:
        raise SheetError(f"{kind!r} is not a kind of hold; allowed: {', '.join(BY_HAND)}.")
    if len(note) < 5:
        raise SheetError("The note must say why, in a few words that will stand up later.")
    if ends_on is not None and ends_on < starts_on:
        raise SheetError(f"The hold would end on {ends_on} before it starts on {starts_on}; give a later end.")
    if ends_on is not None and ends_on < today:
        raise SheetError(f"The hold would have ended on {ends_on}; give a later end.")
    review = review_on or (None if ends_on else max(starts_on, today) + REVIEW_AFTER)
    if review is not None and review < starts_on:
        raise SheetError(f"It would be reviewed on {review} before it starts on {starts_on}; give a later day.")
    return review


def _each(session: Session, sheet: Sheet, make: Callable[[Row, Account], Wanted]) -> tuple[list[Wanted], list[Refusal]]:
    wanted: list[Wanted] = []
    refused = [Refusal(row, f"{why}.") for row, why in sheet.cut]
    seen: dict[tuple[int, str], int] = {}
    for row in sheet.rows:
        try:
            one = make(row, _account(session, row.cells["account"]))
            if (first := seen.setdefault((one.account.id, one.source), row.line)) != row.line:
                raise SheetError(f"The same as line {first}; leave one out.")
            wanted.append(one)
        except SheetError as error:
            refused.append(Refusal(row, str(error)))
    return wanted, refused


def _account(session: Session, number: str) -> Account:
    found = finding.by_number(session, number) if number else None
    if found is None:
        raise SheetError(f"No account {number or 'number in this row'}. Search by name: comms history --find NAME")
    return found


def _hold(row: Row, account: Account, today: date) -> Wanted:
    cells = row.cells
    starts_on = sheets.day(cells.get("starts_on", ""), "starts_on") or today
    ends_on = sheets.day(cells.get("ends_on", ""), "ends_on")
    review = sheets.day(cells.get("review_on", ""), "review_on")
    kind = cells["kind"].casefold().replace(" ", "_")
    review = terms(kind, starts_on, ends_on, review, cells["note"], today)
    amount = sheets.cents(cells.get("amount", ""), "amount")
    source = f"list:{row.digest('kind', 'note', 'starts_on', 'ends_on', 'amount')}"
    return Wanted(row, account, kind, starts_on, ends_on, review, amount, cells["note"], source)


def _pledge(row: Row, account: Account, today: date) -> Wanted:
    cells = row.cells
    agency, reference = cells["agency"], cells.get("reference", "")
    pledged_on, amount = sheets.day(cells["pledged_on"], "pledged_on"), sheets.cents(cells["amount"], "amount")
    if not agency:
        raise SheetError("The agency is missing; name who pledged.")
    if pledged_on is None or amount is None:
        raise SheetError("A pledge needs its amount and the day it was made (pledged_on).")
    if pledged_on > today:
        raise SheetError(f"The pledge is dated {pledged_on}, which is still to come.")
    ends_on = sheets.day(cells.get("expires_on", ""), "expires_on") or pledged_on + PLEDGE_LASTS
    more = f": {cells['note']}" if cells.get("note") else ""
    note = f"{agency} pledged {dollars(amount)} on {pledged_on}" + (f" ({reference})" if reference else "") + more
    review = terms("energy_assistance", pledged_on, ends_on, None, note, today)
    family = f"pledge:{Row(0, {'a': agency, 'r': reference}, ()).digest('a', 'r')}:" if reference else None
    source = f"{family or 'pledge:'}{row.digest('agency', 'amount', 'pledged_on', 'expires_on')}"
    return Wanted(row, account, "energy_assistance", pledged_on, ends_on, review, amount, note, source, family)


def lines(refused: list[Refusal]) -> Iterator[tuple[int, str]]:
    """The refusals in the order of the file: line and reason."""
    yield from sorted((one.row.line, one.reason) for one in refused)
