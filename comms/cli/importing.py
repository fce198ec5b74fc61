"""``comms import accounts|payments FILE``: take in what the billing system exported."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from comms.money import dollars

if TYPE_CHECKING:  # what the commands work with is loaded when one runs: reading its help takes no second
    from comms.accounts.importing import ImportSummary
    from comms.campaigns import Followed
    from comms.office import Office

WARNINGS_SHOWN = 20
REFUSALS_SHOWN = 20

_FILE = click.argument("file", type=click.Path(path_type=Path))
_YES = click.option("--yes", is_flag=True, help="Take the file in although it stopped; look at the reason first.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
_REFUSALS = click.option(
    "--refusals", type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write the refused rows (default: refusals/ in the service's folder).",
)  # fmt: skip


@click.group("import")
def import_() -> None:
    """Take in files of the billing system.

    Exit codes: 0 taken in whole; 1 taken in, with refused rows to mend; 2 stopped, nothing was kept.
    """


@import_.command()
@_FILE
@_YES
@_JSON
@_REFUSALS
def accounts(file: Path, yes: bool, as_json: bool, refusals: Path | None) -> None:
    """Take in an accounts FILE, or a refusals file that was mended."""
    from comms.accounts.importing import import_accounts

    _run(import_accounts, file, yes, as_json, refusals)


@import_.command()
@_FILE
@_YES
@_JSON
@_REFUSALS
def payments(file: Path, yes: bool, as_json: bool, refusals: Path | None) -> None:
    """Take in a payments FILE, or a refusals file that was mended."""
    from comms.accounts.importing import import_payments

    _run(import_payments, file, yes, as_json, refusals)


def _run(take_in: Callable[..., "ImportSummary"], file: Path, yes: bool, as_json: bool, refusals: Path | None) -> None:
    from comms.accounts.importing import MappingError

    from .opening import Refused, echo_json, office, progress

    with office() as opened:
        to = refusals or opened.settings.var / "refusals" / f"{file.stem}.refused{file.suffix or '.csv'}"
        with progress(f"Taking in {file.name}", quiet=as_json) as update:
            try:
                summary = take_in(
                    opened.database, opened.city, opened.clock, file,
                    accept=yes, progress=_both_phases(update), refusals=to,
                )  # fmt: skip
            except MappingError as error:
                raise Refused(str(error)) from None
        followed = _after(opened, summary) if summary.state == "done" else None
    if as_json:
        echo_json(summary.as_json() | {"followed": followed_json(followed)})
    else:
        for line in [*lines_of(summary), *followed_lines(followed)]:
            click.echo(line)
    raise SystemExit(2 if summary.state == "stopped" else 1 if summary.refused else 0)


def _after(opened: "Office", summary: "ImportSummary") -> "Followed":
    """What follows from new facts: promises are decided, and what has not left is decided again."""
    from comms.campaigns import follow

    return follow(opened.database, opened.city, opened.renderer, opened.clock, summary.touched)


def followed_lines(followed: "Followed | None") -> list[str]:
    """What followed the import, as a clerk reads it; nothing when nothing did."""
    if followed is None:
        return []
    found = []
    if told := ", ".join(f"{count:,} {name}" for name, count in followed.evaluation.counts().items() if count):
        found.append(f"Promises: {told}.")
    if followed.set_aside:
        found.append(
            f"Messages that had not left: {followed.called_back:,} called back, {followed.written_anew:,} written anew."
        )
    return found


def followed_json(followed: "Followed | None") -> dict[str, dict[str, int]] | None:
    """The same numbers for a program, the noughts too; None when the file was not taken in."""
    if followed is None:
        return None
    promises = {name.replace(" ", "_"): count for name, count in followed.evaluation.counts().items()}
    return {
        "promises": promises,
        "messages": {"called_back": followed.called_back, "written_anew": followed.written_anew},
    }


def _both_phases(update: Callable[[int, int], None]) -> Callable[[str, int, int], None]:
    """Reading is the first half of the bar, keeping the second."""

    def told(phase: str, done: int, of: int) -> None:
        share = 100 * done // of if of else 100
        update(share // 2 if phase == "reading" else 50 + share // 2, 100)

    return told


def lines_of(summary: "ImportSummary") -> list[str]:
    """The summary as a clerk reads it."""
    if summary.state == "stopped":
        return [f"{summary.file}: nothing was taken in.", summary.reason, f"Next step: {summary.next_step}"]
    money = "past due" if summary.kind == "accounts" else "payments"
    days = f", covers until {summary.covers_until}" if summary.covers_until else ""
    found = [
        f"{summary.file}: as of {summary.as_of}{days}, read as {summary.encoding}.",
        f"Rows      {summary.rows:>9,} = {summary.taken:,} taken + {summary.refused:,} refused",
        f"Taken     {summary.taken:>9,} = {summary.new:,} new + {summary.changed:,} changed "
        f"+ {summary.unchanged:,} unchanged",
        f"Total {money}: {dollars(summary.cents_in)} = {dollars(summary.cents_taken)} taken "
        f"+ {dollars(summary.cents_refused)} refused",
    ]
    if summary.unreadable:
        found.append(f"In {summary.unreadable:,} refused rows the amount cannot be read; it is in neither total.")
    if summary.left:
        found.append(f"No longer in the file: {summary.left:,} accounts; they and their contact points stay.")
    if summary.events:
        told = ", ".join(f"{count:,} {kind}" for kind, count in sorted(summary.events.items()))
        found.append(f"Into the history: {told}.")
    if summary.repeat:
        found.append("This file was taken in before; nothing changed.")
    found += _remarks("Warning", summary.warned, summary.warnings, WARNINGS_SHOWN)
    found += _remarks("Refused", summary.refusals, summary.refused, REFUSALS_SHOWN)
    if summary.refusals_file:
        found.append(f"Next step: mend {summary.refusals_file} and run: comms import {summary.kind} on it.")
    return found


def _remarks(word: str, remarks: Any, count: int, shown: int) -> list[str]:
    found = [f"{word}, line {remark.line:,}: {remark.text}" for remark in remarks[:shown]]
    return [*found, f"… and {count - shown:,} more."] if count > shown else found
