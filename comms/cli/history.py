"""``comms history ACCOUNT`` and ``comms history verify``."""

from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from comms.accounts import finding
from comms.cli.opening import Refused, echo_json, office
from comms.history import Entry, timeline
from comms.history import verify as verify_chain
from comms.history.schema import HistoryHead
from comms.office import Office

FOUND_AT_MOST = 20


class ShowsByDefault(click.Group):
    """``comms history 0000123-47`` is ``comms history show 0000123-47``."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            args = ["show", *args]
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in ("--help", *self.commands):
            args = ["show", *args]
        return super().parse_args(ctx, args)


@click.group(cls=ShowsByDefault)
def history() -> None:
    """Everything said and done for an account: comms history ACCOUNT, or comms history --find NAME."""


@history.command()
@click.argument("account", required=False)
@click.option("--find", "query", help="Search by name, phone, address or email.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def show(account: str | None, query: str | None, as_json: bool) -> None:
    """The timeline of ACCOUNT, oldest first, with the exact words."""
    with office() as at, at.database.read() as session:
        if query:
            _find(session, query, as_json)
            return
        if account is None:
            raise Refused("Which account? Give its number, or search: comms history --find NAME")
        found = finding.by_number(session, account)
        if found is None:
            raise Refused(f"No account {account}. Search by name: comms history --find NAME")
        entries = timeline(session, found.id)
    if as_json:
        echo_json([_as_json(entry) for entry in entries])
        return
    click.echo(f"{found.number}  {found.name}, {found.service_address}")
    if not entries:
        click.echo("Nothing has been said or done yet.")
    for entry in entries:
        _print(at, entry)


def _find(session: Session, query: str, as_json: bool) -> None:
    rows = finding.find(session, query, limit=FOUND_AT_MOST)
    if as_json:
        echo_json([{"number": r.number, "name": r.name, "service_address": r.service_address} for r in rows])
        return
    for row in rows:
        click.echo(f"{row.number}  {row.name}  {row.service_address}")
    if not rows:
        click.echo("No account matches. Search by number, name, phone, address or email.")


def _print(at: Office, entry: Entry) -> None:
    when = entry.at.astimezone(at.city.zone).strftime("%Y-%m-%d %H:%M")
    arrow = {"out": "->", "in": "<-"}.get(entry.direction, "  ")
    click.echo(f"{when} {arrow} {entry.channel or '':<7} {entry.summary}")
    if entry.content and entry.kind in ("notice.queued", "reply.received", "note.added"):
        words = str(entry.content.get("text") or "").strip()
        for line in words.splitlines():
            click.echo(f"{'':<28}| {line}")


def _as_json(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in Entry.__dataclass_fields__}


@history.command()
@click.argument("account", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def verify(account: str | None, as_json: bool) -> None:
    """Check the hash chain of ACCOUNT, or of every account: has anything been changed or taken out?"""
    with office() as at, at.database.read() as session:
        if account:
            found = finding.by_number(session, account)
            if found is None:
                raise Refused(f"No account {account}. Search by name: comms history --find NAME")
            chains = [found.id]
        else:
            chains = list(session.scalars(select(HistoryHead.chain).order_by(HistoryHead.chain)))
        events, wrong = 0, []
        for chain in chains:
            count, found_wrong = verify_chain(session, chain or None)
            events += count
            wrong += [f"Chain {chain}: {line}" for line in found_wrong]
    if as_json:
        echo_json({"chains": len(chains), "events": events, "wrong": wrong})
    else:
        for line in wrong:
            click.echo(line)
        verdict = "whole" if not wrong else f"{len(wrong)} things are wrong"
        click.echo(f"{events:,} events in {len(chains):,} chains: {verdict}.")
    raise SystemExit(1 if wrong else 0)
