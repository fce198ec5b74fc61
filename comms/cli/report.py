"""``comms report``: the figures of the office, as the desk shows them."""

from datetime import date, datetime, timedelta
from pathlib import Path
from shutil import copyfileobj
from typing import Any

import click

from comms import reports
from comms.cli.opening import Refused, echo_json, office
from comms.desk.frame import sheets
from comms.reports import REPORTS, Asked, RangeError, Report

DAYS = 30
_DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("name", type=click.Choice([*REPORTS, "all"]), metavar="[NAME]", required=False)
@click.option("--from", "first", type=_DAY, help="First day; else 29 days before the last.")
@click.option("--to", "last", type=_DAY, help="Last day; else today.")
@click.option("--policy", help="Only this policy.")
@click.option("--count", "anew", is_flag=True, help="Count everything anew first; else only what has changed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
@click.option("--xlsx", "path", type=click.Path(path_type=Path, dir_okay=False), help="Write the table to this file.")
def report(
    name: str | None, first: datetime | None, last: datetime | None, policy: str | None, anew: bool, as_json: bool,
    path: Path | None,
) -> None:  # fmt: skip
    """Say what became of notices, promises and replies: NAME is one report; without one, all with their findings."""
    if path is not None and name in (None, "all"):
        raise Refused(f"Which report goes into {path}? Name one of: {', '.join(REPORTS)}.")
    with office() as at:
        reports.count(at.database, at.city, at.clock, anew=anew)
        asked = _asked(first, last, policy, at.city.local_date(at.clock.now()))
        with at.database.read() as session:
            known = reports.policies(session)
            if policy is not None and policy not in known:
                raise Refused(f"There is no policy {policy}. Known: {', '.join(known) or 'none yet'}.")
            names = list(REPORTS) if name in (None, "all") else [name or ""]
            made = [REPORTS[one](session, at.city, asked) for one in names]
        zone = at.city.zone
    if path is not None:
        columns = [sheets.Column(heading.title, heading.kind) for heading in made[0].headings]
        with sheets.workbook(made[0].rows, columns, made[0].title, zone) as book, path.open("wb") as file:
            copyfileobj(book, file)
        click.echo(f"{path}: {made[0].finding}")
    elif as_json:
        echo_json([_as_data(one, asked) for one in made] if name in (None, "all") else _as_data(made[0], asked))
    else:
        _print(made, asked, tables=name not in (None, "all"))


def _asked(first: datetime | None, last: datetime | None, policy: str | None, today: date) -> Asked:
    to = last.date() if last else today
    try:
        return Asked.of(first.date() if first else to - timedelta(DAYS - 1), to, policy)
    except RangeError as error:
        raise Refused(str(error)) from None


def _as_data(made: Report, asked: Asked) -> dict[str, Any]:
    """A report for a program: money in cents, shares between 0 and 1."""
    titles = [heading.title for heading in made.headings]
    return {
        "report": made.name, "title": made.title, "from": asked.first, "to": asked.last, "policy": asked.policy,
        "finding": made.finding, "rows": [dict(zip(titles, row, strict=True)) for row in made.rows],
    }  # fmt: skip


def _print(made: list[Report], asked: Asked, *, tables: bool) -> None:
    click.echo(f"{asked.first} to {asked.last}{f', {asked.policy}' if asked.policy else ''}")
    for one in made:
        click.echo(f"\n{one.title}: {one.finding}")
        if tables:
            _table(one)


def _table(made: Report) -> None:
    """The rows under their headings, numbers to the right."""
    if not made.rows:
        return
    cells = [[heading.title for heading in made.headings]]
    cells += [[_cell(value, h.kind) for value, h in zip(row, made.headings, strict=True)] for row in made.rows]
    widths = [max(len(row[n]) for row in cells) for n in range(len(made.headings))]
    click.echo()
    for row in cells:
        parts = (
            text.ljust(width) if heading.kind in ("text", "day") else text.rjust(width)
            for text, width, heading in zip(row, widths, made.headings, strict=True)
        )
        click.echo("  ".join(parts).rstrip())


def _cell(value: Any, kind: str) -> str:
    if value is None:
        return "-"
    if kind == "money":
        return f"{value / 100:,.2f}"
    if kind == "share":
        return f"{value:.1%}"
    return f"{value:,}" if kind == "number" else str(value)
