"""``comms copies``: who else gets copies of an account's notices, and why they may be told."""

import getpass
from datetime import datetime

import click

from comms.accounts import copy_recipients, finding
from comms.accounts.copy_recipients import KINDS, LANGUAGES, WORDS, CopyRecipientError
from comms.cli.opening import Refused, echo_json, office

_DATE = click.DateTime(["%Y-%m-%d", "%m/%d/%Y"])
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
_BY = click.option("--by", default=getpass.getuser, show_default="your login", metavar="NAME", help="Who does it.")


@click.group()
def copies() -> None:
    """Who else gets copies: a third party that the customer named, or the landlord. A copy replaces no notice."""


@copies.command()
@click.argument("account")
@click.option("--kind", type=click.Choice(KINDS), default="third_party", show_default=True)
@click.option("--name", required=True, help="Whose copy it is.")
@click.option("--authority", required=True, help="Why they may be told: the customer's signed request of a date, …")
@click.option("--email", default="", help="Where a copy by email goes.")
@click.option("--address", default="", metavar="STREET|STREET2|TOWN|ST|ZIP", help="Where a copy by letter goes.")
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.option("--from", "start", type=_DATE, help="First day; today by itself.")
@click.option("--to", "end", type=_DATE, help="Last day, where it has one.")
@_BY
@_JSON
def add(
    account: str, kind: str, name: str, authority: str, email: str, address: str, language: str,
    start: datetime | None, end: datetime | None, by: str, as_json: bool,
) -> None:  # fmt: skip
    """Write down who gets copies of the notices for ACCOUNT."""
    with office() as at:
        now = at.clock.now()
        try:
            with at.database.begin() as session:
                found = finding.by_number(session, account)
                if found is None:
                    raise Refused(f"No account {account}. Search by name: comms history --find NAME")
                key = copy_recipients.add(
                    session, found.id, kind=kind, name=name, authority=authority, email=email,
                    address=_address(address), language=language, by=f"user:{by}", at=now,
                    starts_on=start.date() if start else at.city.local_date(now), ends_on=end.date() if end else None,
                )  # fmt: skip
        except CopyRecipientError as error:
            raise Refused(str(error)) from None
        at.doorbell.ring("housekeeping")
    if as_json:
        echo_json({"recipient": key, "account": found.number})
    else:
        click.echo(f"Recipient {key}: copies for account {found.number} go to {name.strip()} ({WORDS[kind]}).")


@copies.command("list")
@click.argument("account")
@_JSON
def list_(account: str, as_json: bool) -> None:
    """Who gets or got copies for ACCOUNT."""
    with office() as at, at.database.read() as session:
        found = finding.by_number(session, account)
        if found is None:
            raise Refused(f"No account {account}. Search by name: comms history --find NAME")
        told = [
            {
                "recipient": one.id, "kind": one.kind, "name": one.name, "email": one.email,
                "address": ", ".join(
                    str(one.mailing_address[part])
                    for part in ("line1", "line2", "city", "state", "zip")
                    if one.mailing_address.get(part)
                ),
                "language": one.language, "authority": one.authority, "from": one.starts_on, "to": one.ends_on,
            }
            for one in copy_recipients.ever(session, found.id)
        ]  # fmt: skip
    if as_json:
        echo_json(told)
        return
    for one in told:
        where = "; ".join(str(one[part]) for part in ("email", "address") if one[part])
        until = f" to {one['to']}" if one["to"] else ""
        click.echo(
            f"Recipient {one['recipient']}  {one['name']} ({WORDS[str(one['kind'])]}), {where}, "
            f"from {one['from']}{until}: {one['authority']}"
        )
    if not told:
        click.echo("Nobody else gets copies.")


@copies.command()
@click.argument("recipient", type=int)
@_BY
def end(recipient: int, by: str) -> None:
    """RECIPIENT (its number is in comms copies list) gets no more copies from today on."""
    with office() as at:
        now = at.clock.now()
        with at.database.begin() as session:
            done = copy_recipients.end(session, recipient, on=at.city.local_date(now), by=f"user:{by}", at=now)
        if not done:
            raise Refused(f"No recipient {recipient} gets copies now. Look: comms copies list ACCOUNT")
        at.doorbell.ring("housekeeping")
    click.echo(f"Recipient {recipient} gets no more copies.")


def _address(given: str) -> dict[str, str] | None:
    if not given.strip():
        return None
    parts = [part.strip() for part in given.split("|")]
    if len(parts) == 4:
        parts.insert(1, "")
    if len(parts) != 5:
        raise Refused('Give the address in parts: --address "12 Main St|Apt 3|Duluth|MN|55802"')
    return dict(zip(("line1", "line2", "city", "state", "zip"), parts, strict=True))
