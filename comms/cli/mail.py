"""``comms mail``: batches for the mail house, the day they were mailed, and letters that come back."""

import getpass
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

import click

from comms.accounts import finding, sheets
from comms.cli.opening import Refused, echo_json, office
from comms.office import Office
from comms.outbox import mail_acks, returned_mail
from comms.outbox.mail_acks import MailAckError, batches
from comms.outbox.returned_mail import CameBack, Returns

RETURN_COLUMNS = (("piece", "reason"), ("returned_on", "note"))
REJECTED_COLUMNS = (("piece", "reason"), ())

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
_BY = click.option("--by", default=getpass.getuser, show_default="your login", metavar="NAME", help="Who says so.")
_BECAUSE = click.option("--because", default="", metavar="WORDS", help="Why; needed with --undo.")


@click.group()
def mail() -> None:
    """The mail house: what goes there, when it was mailed, what comes back."""


@mail.command()
@_JSON
def batch(as_json: bool) -> None:
    """Set the letters that are due and hand them to the mail house."""
    from comms.outbox.mailing import hand_over_letters

    with office() as at:
        done = hand_over_letters(at.database, at.city, at.clock, at.settings.mailhouse)
    if as_json:
        echo_json([vars(one) for one in done])
        return
    if not done:
        click.echo("No letter is due.")
    for one in done:
        click.echo(f"Batch {one.batch}: {one.pieces:,} letters on {one.pages:,} pages, in {one.folder}")
        if one.refused:
            click.echo(f"{one.refused} could not be set; see the list of failed notices on the desk.")


@mail.command("list")
@click.option("--waiting", is_flag=True, help="Only those whose mailing day is not known.")
@_JSON
def list_(waiting: bool, as_json: bool) -> None:
    """Batches, the newest first."""
    with office() as at, at.database.read() as session:
        found = [
            {
                "batch": one.name, "state": one.state, "pieces": one.pieces, "pages": one.pages,
                "handed_over_on": at.city.local_date(one.handed_over_at) if one.handed_over_at else None,
                "mailed_on": at.city.local_date(one.mailed_at) if one.mailed_at else None,
            }
            for one in batches(session, waiting=waiting)
        ]  # fmt: skip
    if as_json:
        echo_json(found)
        return
    for one in found:
        mailed = f"mailed {one['mailed_on']}" if one["mailed_on"] else "mailing day not known"
        click.echo(
            f"{one['batch']}  {one['pieces']:,} letters, handed over {one['handed_over_on'] or 'not yet'}, {mailed}"
        )
    if not found:
        click.echo("No batch waits for its mailing day." if waiting else "No letters have been handed over yet.")


@mail.command()
@click.argument("name", metavar="BATCH")
@click.option("--mailed-on", type=click.DateTime(["%Y-%m-%d", "%m/%d/%Y"]), help="The day the post office took it.")
@click.option("--file", "rejected", type=click.Path(path_type=Path), help="CSV (piece, reason) of pieces not mailed.")
@click.option("--pieces", type=int, help="How many were mailed by the postage statement; it must agree.")
@click.option("--statement", default="", help="The statement's number (PS Form 3600), kept as proof.")
@click.option("--undo", is_flag=True, help="The acknowledgement was a mistake: take it back.")
@_BECAUSE
@_BY
@_JSON
def ack(
    name: str, mailed_on: datetime | None, rejected: Path | None, pieces: int | None, statement: str, undo: bool,
    because: str, by: str, as_json: bool,
) -> None:  # fmt: skip
    """BATCH was mailed: the letters count from the day the post office accepted them, not from the hand-off.

    Exit codes: 0 taken in; 1 taken in, and pieces were not mailed; 2 refused, nothing changed.
    """
    if undo:
        _undo_ack(name, because, by)
        return
    if mailed_on is None:
        raise Refused("Say on which day the post office accepted it: --mailed-on 2026-11-25")
    with office() as at:
        left_out = _rejected(rejected)
        try:
            done = at.database.run(
                lambda session: mail_acks.acknowledge(
                    session, at.city, at.clock, name, mailed_on.date(), by=f"user:{by}", rejected=left_out,
                    pieces=pieces, statement=statement.strip(),
                )
            )  # fmt: skip
        except mail_acks.MailAckError as error:
            raise Refused(str(error)) from None
        at.doorbell.ring("housekeeping")
    if as_json:
        echo_json(vars(done))
    elif done.repeat:
        click.echo(f"Batch {done.batch} was acknowledged before, as mailed on {done.mailed_on}; nothing changed.")
    else:
        click.echo(f"Batch {done.batch}: {done.mailed:,} letters count as mailed on {done.mailed_on}.")
        if done.rejected:
            click.echo(f"{done.rejected:,} were not mailed; they go by another channel, or are on the desk's list.")
    raise SystemExit(1 if done.rejected else 0)


def _undo_ack(name: str, because: str, by: str) -> None:
    why = _reason(because)
    with office() as at:
        try:
            back = at.database.run(
                lambda session: mail_acks.take_back(session, at.clock, name, by=f"user:{by}", because=why)
            )
        except mail_acks.MailAckError as error:
            raise Refused(str(error)) from None
        _follow(at, back)
    click.echo(f"{len(back):,} letters of {name} wait for their mailing day again.")


@mail.command()
@click.argument("piece", required=False)
@click.option("--reason", default="", help="What is printed on it: NSN, ANK, UTF, … or the words.")
@click.option("--on", "on", type=click.DateTime(["%Y-%m-%d", "%m/%d/%Y"]), help="When it came back; today by itself.")
@click.option("--note", default="", help="What else stands on it, such as another address.")
@click.option("--file", "file", type=click.Path(path_type=Path), help="CSV (piece, reason, returned_on, note).")
@click.option("--undo", is_flag=True, help="PIECE had not come back: take it back.")
@_BECAUSE
@_BY
@_JSON
def returned(
    piece: str | None, reason: str, on: datetime | None, note: str, file: Path | None, undo: bool, because: str,
    by: str, as_json: bool,
) -> None:  # fmt: skip
    """PIECE (the number above the address) came back, or a FILE of them.

    The letter counts no more, no other goes to that address until it changes or is confirmed, and a task asks for a new
    one. Exit codes: 0 all taken in; 1 rows were refused, and are in a file to be mended; 2 nothing changed.
    """
    if (piece is None) == (file is None):
        raise Refused("Give the number of one piece, or --file with a list of them.")
    if undo:
        _undo_return(piece or "", because, by)
        return
    if file is not None:
        _returned_file(file, by, as_json)
        return
    if not reason:
        raise Refused("Say what is printed on it: --reason NSN")
    came = CameBack(piece or "", reason, on.date() if on else None, note)
    with office() as at:
        done = _take_in(at, [came], by)
        if done.refused:
            raise Refused(done.refused[0][1])
        _follow(at, done.account_ids)
    if as_json:
        echo_json({"taken": done.taken, "unchanged": done.unchanged, "accounts": sorted(done.account_ids)})
    else:
        click.echo(f"{piece} is written down." if done.taken else f"{piece} was written down before; nothing changed.")


def _returned_file(file: Path, by: str, as_json: bool) -> None:
    with office() as at:
        try:
            sheet = sheets.read(file, *RETURN_COLUMNS)
        except sheets.SheetError as error:
            raise Refused(str(error)) from None
        refused = [sheets.Refusal(row, f"{why}.") for row, why in sheet.cut]
        rows: list[tuple[sheets.Row, CameBack]] = []
        for row in sheet.rows:
            cells = row.cells
            try:
                day = sheets.day(cells.get("returned_on", ""), "returned_on")
            except sheets.SheetError as error:
                refused.append(sheets.Refusal(row, str(error)))
                continue
            rows.append((row, CameBack(cells["piece"], cells["reason"], day, cells.get("note", ""))))
        taken = unchanged = 0
        concerned: set[int] = set()
        for start in range(0, len(rows), 500):
            part = rows[start : start + 500]
            done = _take_in(at, [came for _, came in part], by)
            taken, unchanged = taken + done.taken, unchanged + done.unchanged
            concerned |= done.account_ids
            refused += [sheets.Refusal(part[place][0], why) for place, why in done.refused]
        _follow(at, concerned)
        mend = at.settings.var / "refusals" / f"{file.stem}.refused.csv" if refused else None
        if mend:
            sheets.write_refused(mend, sheet, refused)
    if as_json:
        told = [{"line": one.row.line, "reason": one.reason} for one in refused]
        echo_json({"taken": taken, "unchanged": unchanged, "refused": told, "refusals_file": mend})
    else:
        click.echo(f"{taken:,} letters came back, {unchanged:,} were known, {len(refused):,} rows were refused.")
        for one in refused[:20]:
            click.echo(f"Refused, line {one.row.line}: {one.reason}")
        if mend:
            click.echo(f"Next step: mend {mend} and run: comms mail returned --file {mend}")
    raise SystemExit(1 if refused else 0)


def _take_in(at: Office, rows: Sequence[CameBack], by: str) -> Returns:
    return at.database.run(lambda session: returned_mail.take_in(session, at.city, at.clock, rows, by=f"user:{by}"))


def _follow(at: Office, account_ids: Collection[int]) -> None:
    """What has not left is decided again at once, and orders for the field that rest on these letters are called
    back."""
    from comms.campaigns import follow

    if account_ids:
        follow(at.database, at.city, at.renderer, at.clock, account_ids, reason="letters came back")
    at.doorbell.ring("housekeeping")


def _undo_return(piece: str, because: str, by: str) -> None:
    why = _reason(because)
    with office() as at:
        try:
            at.database.run(
                lambda session: returned_mail.take_back(
                    session, at.city, at.clock, piece, by=f"user:{by}", because=why
                )
            )  # fmt: skip
        except MailAckError as error:
            raise Refused(str(error)) from None
        at.doorbell.ring("housekeeping")
    click.echo(f"{piece} had not come back; it counts as before.")


@mail.command()
@click.argument("account")
@click.option("--because", default="", metavar="WORDS", help="Who said so, how and when.")
@_BY
def confirm(account: str, because: str, by: str) -> None:
    """The mailing address of ACCOUNT is right although letters came back from it: letters go there again."""
    why = _reason(because)
    with office() as at:
        try:
            with at.database.begin() as session:
                found = finding.by_number(session, account)
                if found is None:
                    raise Refused(f"No account {account}. Search by name: comms history --find NAME")
                line = returned_mail.confirm_address(session, at.clock, found, by=f"user:{by}", because=why)
        except MailAckError as error:
            raise Refused(str(error)) from None
        at.doorbell.ring("housekeeping")
    click.echo(f"Letters for account {account} go to {line} again.")


def _rejected(file: Path | None) -> list[tuple[str, str]]:
    if file is None:
        return []
    try:
        sheet = sheets.read(file, *REJECTED_COLUMNS)
    except sheets.SheetError as error:
        raise Refused(str(error)) from None
    if sheet.cut:
        row, why = sheet.cut[0]
        raise Refused(f"{file.name}, line {row.line}: {why}. Nothing was taken in; mend it and try again.")
    return [(row.cells["piece"], row.cells["reason"]) for row in sheet.rows]


def _reason(because: str) -> str:
    if len(because.strip()) < 5:
        raise Refused('Say why, in words that will stand up later: --because "scanned the wrong tray"')
    return because.strip()
