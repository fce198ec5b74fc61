"""``comms promise``: promises to pay, and what the payments made of them."""

from dataclasses import asdict

import click

from comms.accounts import finding
from comms.cli.opening import Refused, echo_json, office
from comms.office import Office
from comms.promises import PolicyError, evaluate
from comms.promises.listing import PromiseDetail, PromiseLine, detail, listed
from comms.promises.wording import STATUS, dollars, on_day

STATUSES = tuple(STATUS)


@click.group()
def promise() -> None:
    """Promises to pay: list them, look at one, hold them to the payments."""


@promise.command("list")
@click.option("--status", "statuses", multiple=True, type=click.Choice(STATUSES), help="Only these; may be repeated.")
@click.option("--account", "number", help="Only this account, by its number.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def list_(statuses: tuple[str, ...], number: str | None, limit: int, as_json: bool) -> None:
    """The promises, the newest first."""
    with office() as at, at.database.read() as session:
        account_id = None
        if number is not None:
            account = finding.by_number(session, number)
            if account is None:
                raise Refused(f"No account {number}. Search by name: comms history --find NAME")
            account_id = account.id
        lines = listed(session, statuses=statuses, account_id=account_id, limit=limit)
    if as_json:
        echo_json([asdict(line) for line in lines])
        return
    for line in lines:
        click.echo(_one_line(line))
    if not lines:
        click.echo("No promises.")


@promise.command()
@click.argument("promise_id", metavar="ID", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def show(promise_id: int, as_json: bool) -> None:
    """Promise ID: its parts, the payments that count, and what happened to it."""
    with office() as at, at.database.read() as session:
        found = detail(session, promise_id)
        if found is None:
            raise Refused(f"There is no promise {promise_id}. List them: comms promise list")
    if as_json:
        echo_json(asdict(found))
    else:
        _print(at, found)


@promise.command("evaluate")
@click.option("--account", "number", help="Only this account, by its number.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def evaluate_(number: str | None, as_json: bool) -> None:
    """Hold the promises to the payments taken in so far. Doing it again changes nothing."""
    with office() as at:
        chosen: list[int] | None = None
        if number is not None:
            with at.database.read() as session:
                account = finding.by_number(session, number)
            if account is None:
                raise Refused(f"No account {number}. Search by name: comms history --find NAME")
            chosen = [account.id]
        try:
            found = at.database.run(lambda session: evaluate(session, at.city, at.clock, chosen))
        except PolicyError as error:
            raise Refused(f"{error}\nNext step: correct that key.") from None
    counts = asdict(found)
    accounts = counts.pop("changed_accounts")
    if as_json:
        echo_json({**counts, "changed_accounts": len(accounts)})
        return
    told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count)
    click.echo(told or "No promises to look at.")
    if found.pending_feed:
        click.echo(
            f"{found.pending_feed} wait for a payment file that covers their deadline. "
            "Next step: comms import payments FILE"
        )


def _one_line(line: PromiseLine) -> str:
    due = on_day(line.next_due_on) if line.next_due_on else "no date"
    return (
        f"{line.id:>6}  {line.account:<14} {line.status:<18} {dollars(line.promised_cents):>11} by {due:<18} "
        f"{dollars(line.allocated_cents):>11} in   {line.name}"
    )


def _print(at: Office, found: PromiseDetail) -> None:
    line = found.line
    click.echo(f"Promise {line.id}, account {line.account}, {line.name}: {STATUS[line.status]}")
    if found.said_text:
        click.echo(f'Said by {line.source}: "{found.said_text}"')
    if found.status_reason:
        click.echo(found.status_reason)
    for part in found.parts:
        click.echo(
            f"  {part['seq']}. {dollars(part['amount_cents'])} by {on_day(part['due_on'])}: {part['state']}, "
            f"{dollars(part['allocated_cents'])} came in"
        )
    for paid in found.payments:
        undone = ", reversed" if paid["reversed"] else ""
        click.echo(f"     {paid['paid_on']} {dollars(paid['amount_cents'])} of {paid['transaction']}{undone}")
    for entry in found.log:
        click.echo(f"  {entry['at'].astimezone(at.city.zone):%Y-%m-%d %H:%M}  {entry['kind']}  ({entry['actor']})")
