"""``comms hold``: reasons to leave an account alone, from a day to a day, for an amount or for all of it."""

import getpass
from collections.abc import Collection
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from comms.accounts import Account, finding, sheets
from comms.accounts.hold_sheets import BY_HAND, read_holds, read_pledges
from comms.cli.opening import Refused, echo_json, office
from comms.money import dollars
from comms.office import Office
from comms.outbox import holding
from comms.outbox.holding import Listed

AT_ONCE = 200
"""Rows kept in one transaction."""

_DATE = click.DateTime(["%Y-%m-%d", "%m/%d/%Y"])
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
_BY = click.option("--by", default=getpass.getuser, show_default="your login", metavar="NAME", help="Who does it.")


@click.group()
def hold() -> None:
    """Reasons to leave an account alone. What a hold stops is in the rules: comms rules list"""


@hold.command()
@click.argument("account")
@click.argument("kind", metavar="KIND", type=click.Choice(BY_HAND))
@click.option("--note", required=True, help="Why, in words that will stand up later.")
@click.option("--from", "start", type=_DATE, help="First day; today by itself.")
@click.option("--to", "end", type=_DATE, help="Last day; without it the hold stands until it is released.")
@click.option("--review", "review_on", type=_DATE, help="When somebody looks again; without an end, in 30 days.")
@click.option("--amount", default="", help="Hold only this much of the debt; all of it by itself.")
@_BY
@_JSON
def place(
    account: str, kind: str, note: str, start: datetime | None, end: datetime | None, review_on: datetime | None,
    amount: str, by: str, as_json: bool,
) -> None:  # fmt: skip
    """Place a hold of KIND on ACCOUNT. What has not left and may not go any more is called back.

    KIND is medical, military, bankruptcy, deceased, dispute, energy_assistance, moratorium or office.
    """
    with office() as at:
        try:
            with at.database.begin() as session:
                found = _account(session, account)
                hold_id = holding.place(
                    session, at.city, at.clock, found.id, kind, by=f"user:{by}", note=note, starts_on=_day(start),
                    ends_on=_day(end), review_on=_day(review_on), amount_cents=sheets.cents(amount, "--amount"),
                )  # fmt: skip
        except ValueError as error:
            raise Refused(str(error)) from None
        _follow(at, [found.id])
        with at.database.read() as session:
            told = next(one for one in _told(session, at, account_id=found.id) if one["hold"] == hold_id)
    if as_json:
        echo_json(told)
    else:
        click.echo(f"Placed. {_line(told)}")


@hold.command("list")
@click.argument("account", required=False)
@click.option("--kind", type=click.Choice((*BY_HAND, "promise")), help="Only this kind.")
@click.option("--due", is_flag=True, help="Only those that are due for review.")
@click.option("--all", "ended", is_flag=True, help="Those that have ended too.")
@_JSON
def list_(account: str | None, kind: str | None, due: bool, ended: bool, as_json: bool) -> None:
    """Holds, of all accounts or of one."""
    with office() as at, at.database.read() as session:
        account_id = _account(session, account).id if account else None
        found = _told(session, at, account_id=account_id, kind=kind, due=due, ended=ended)
    if as_json:
        echo_json(found)
        return
    for one in found:
        click.echo(_line(one))
    if not found:
        click.echo("No hold is due for review." if due else "No hold.")


@hold.command()
@click.argument("hold_id", metavar="HOLD", type=int)
@click.option("--because", required=True, metavar="WORDS", help="Why it ends.")
@_BY
def release(hold_id: int, because: str, by: str) -> None:
    """End HOLD now (its number is in comms hold list)."""
    with office() as at:
        done = at.database.run(
            lambda session: holding.release(session, at.clock, hold_id, by=f"user:{by}", because=because)
        )
        if done is None:
            raise Refused(f"No hold {hold_id} stands. Look: comms hold list --all")
        _follow(at, [done.account_id])
    click.echo(f"Hold {hold_id} is released.")


@hold.command()
@click.argument("hold_id", metavar="HOLD", type=int, required=False)
@click.option("--again", type=_DATE, help="When to look again.")
@click.option("--to", "end", type=_DATE, help="Its last day, where that is known now.")
@click.option("--note", default="", help="What was seen.")
@_BY
def review(hold_id: int | None, again: datetime | None, end: datetime | None, note: str, by: str) -> None:
    """HOLD was looked at and still stands. Without HOLD: which are due."""
    with office() as at:
        if hold_id is None:
            with at.database.read() as session:
                for one in _told(session, at, due=True):
                    click.echo(_line(one))
            return
        again_on = _day(again)
        if again_on is None or len(note.strip()) < 5:
            raise Refused('Say when to look again and what was seen: --again 2026-12-31 --note "letter of Dr. Lee"')
        try:
            done = at.database.run(
                lambda session: holding.review(
                    session, at.city, at.clock, hold_id, by=f"user:{by}", note=note, again_on=again_on,
                    ends_on=_day(end),
                )
            )  # fmt: skip
        except ValueError as error:
            raise Refused(str(error)) from None
        if done is None:
            raise Refused(f"No hold {hold_id} stands. Look: comms hold list --all")
    click.echo(f"Hold {hold_id} stands; it is looked at again on {done.review_on}.")


@hold.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--pledges", is_flag=True, help="FILE lists pledges: agency, account, amount, pledged_on, expires_on, …")
@click.option("--dry-run", is_flag=True, help="Read and check the file; place nothing.")
@_BY
@_JSON
def import_(file: Path, pledges: bool, dry_run: bool, by: str, as_json: bool) -> None:
    """Place the holds of a CSV FILE: account, kind, note; and if wanted starts_on, ends_on, review_on, amount.

    Rows that cannot be are refused one by one, into a file to be mended and imported. The same file twice changes
    nothing. Exit codes: 0 taken in whole; 1 with refused rows; 2 the file cannot be read.
    """
    with office() as at:
        today = at.city.local_date(at.clock.now())
        with at.database.read() as session:
            try:
                sheet, wanted, refused = (read_pledges if pledges else read_holds)(session, file, today)
            except sheets.SheetError as error:
                raise Refused(str(error)) from None
        total = holding.Listed()
        for start in range(0, 0 if dry_run else len(wanted), AT_ONCE):
            part = wanted[start : start + AT_ONCE]
            done = at.database.run(lambda session: holding.place_all(session, at.clock, part, by=f"user:{by}"))  # noqa: B023
            _add(total, done)
        mend = at.settings.var / "refusals" / f"{file.stem}.refused.csv" if refused and not dry_run else None
        if mend:
            sheets.write_refused(mend, sheet, refused)
        if total.account_ids:
            _follow(at, total.account_ids)
    ordered = sorted((one.row.line, one.reason) for one in refused)
    if as_json:
        echo_json(
            {"rows": len(wanted) + len(refused), "placed": total.placed, "unchanged": total.unchanged,
             "replaced": total.replaced, "amount_cents": total.amount_cents, "refusals_file": mend,
             "refused": [{"line": line, "reason": why} for line, why in ordered]}
        )  # fmt: skip
    else:
        _say(file, len(wanted), total, ordered, mend, dry_run=dry_run, flag=" --pledges" if pledges else "")
    raise SystemExit(1 if refused else 0)


def _add(total: Listed, done: Listed) -> None:
    total.placed += done.placed
    total.unchanged += done.unchanged
    total.replaced += done.replaced
    total.amount_cents += done.amount_cents
    total.account_ids |= done.account_ids


def _say(
    file: Path, good: int, total: Listed, refused: list[tuple[int, str]], mend: Path | None, *, dry_run: bool,
    flag: str,
) -> None:  # fmt: skip
    if dry_run:
        click.echo(f"{file.name}: {good:,} rows can be placed, {len(refused):,} cannot. Nothing was placed.")
    else:
        money = f", for {dollars(total.amount_cents)}" if total.amount_cents else ""
        click.echo(
            f"{file.name}: {total.placed:,} holds placed{money}, {total.unchanged:,} were placed before, "
            f"{total.replaced:,} took the place of another, {len(refused):,} rows refused."
        )
    for line, why in refused[:20]:
        click.echo(f"Refused, line {line}: {why}")
    if len(refused) > 20:
        click.echo(f"… and {len(refused) - 20:,} more.")
    if mend:
        click.echo(f"Next step: mend {mend} and run: comms hold import{flag} {mend}")


def _account(session: Session, number: str) -> Account:
    found = finding.by_number(session, number)
    if found is None:
        raise Refused(f"No account {number}. Search by name: comms history --find NAME")
    return found


def _follow(at: Office, account_ids: Collection[int]) -> None:
    """What has not left is decided again at once, and orders for the field are called back."""
    from comms.campaigns import follow

    follow(at.database, at.city, at.renderer, at.clock, account_ids, reason="a hold was placed or ended")
    at.doorbell.ring("housekeeping")


def _told(session: Session, at: Office, **which: Any) -> list[dict[str, Any]]:
    today = at.city.local_date(at.clock.now())
    return [
        {
            "hold": one.id, "account": account.number, "name": account.name, "kind": one.kind, "from": one.starts_on,
            "to": one.ends_on, "review_on": one.review_on, "amount_cents": one.amount_cents, "note": one.note,
            "source": one.source, "released_on": at.city.local_date(one.released_at) if one.released_at else None,
            "released_by": one.released_by,
        }
        for one, account in holding.listing(session, today, **which)
    ]  # fmt: skip


def _line(one: dict[str, Any]) -> str:
    until = f"to {one['to']}" if one["to"] else "without an end"
    amount = f", {dollars(one['amount_cents'])}" if one["amount_cents"] else ""
    looked = f", review {one['review_on']}" if one["review_on"] else ""
    ended = f", released {one['released_on']} by {one['released_by']}" if one["released_on"] else ""
    return (
        f"Hold {one['hold']}  {one['account']} {one['name']}  {one['kind']} from {one['from']} {until}{amount}{looked}"
        f"{ended}: {one['note']} ({one['source']})"
    )


def _day(given: datetime | None) -> date | None:
    return given.date() if given else None
