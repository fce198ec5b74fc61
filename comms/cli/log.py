"""``comms log export``: the correspondence log as a file."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from comms.accounts import finding
from comms.cli.opening import Refused, office
from comms.desk.access.audit import note_down
from comms.desk.reporting.correspondence import Wanted
from comms.desk.reporting.exporting import ExportError, Form, check, write

_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def log() -> None:
    """The correspondence log: everything said, both ways, on every channel."""


@log.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--from", "first", type=_DAY, required=True, help="First day.")
@click.option("--to", "last", type=_DAY, help="Last day; else today.")
@click.option("--account", help="Only this account.")
@click.option("--everything", is_flag=True, help="Also carriers' reports, promises, payments, holds.")
@click.option("--notes", is_flag=True, help="Private notes too.")
@click.option("--by", "by", required=True, help="Who takes it out; it is written down.")
def export(
    path: Path, first: datetime, last: datetime | None, account: str | None, everything: bool, notes: bool, by: str
) -> None:
    """Write the log of a span of days to PATH, which ends in .xlsx or .csv. Nothing in it runs as a formula."""
    form = _form(path)
    with office() as at:
        until = last.date() if last else at.city.local_date(at.clock.now())
        with at.database.begin() as session:
            found = finding.by_number(session, account) if account else None
            if account and found is None:
                raise Refused(f"No account {account}. Search by name: comms history --find NAME")
            wanted = Wanted(first.date(), until, found.id if found else None, everything, notes)
            try:
                check(session, at.city, wanted, form)
            except ExportError as error:
                raise Refused(str(error)) from None
            note_down(
                session, username=by, action="log.exported", at=at.clock.now(), account_id=wanted.account_id,
                facts=asdict(wanted) | {"first": str(wanted.first), "last": str(wanted.last), "form": form},
            )  # fmt: skip
        with path.open("wb") as file:
            rows = write(at.database, at.city, wanted, form, file)
    click.echo(f"{path}: {rows:,} rows, {wanted.first} to {wanted.last}.")


def _form(path: Path) -> Form:
    if path.suffix.lower() == ".csv":
        return "csv"
    if path.suffix.lower() == ".xlsx":
        return "xlsx"
    raise Refused(f"{path} ends in neither .xlsx nor .csv. Name the file one of the two.")
