"""``comms why ACCOUNT``: what was, is or would be decided for one account on one day, and everything it rests on."""

from datetime import datetime

import click

from comms.accounts import finding
from comms.campaigns.explaining import explain
from comms.cli.opening import Refused, echo_json, office
from comms.notices.catalogue import NoticeError


@click.command()
@click.argument("account")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="A day gone by, or to come; left out: today.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def why(account: str, day: datetime | None, as_json: bool) -> None:
    """Why ACCOUNT is written to, or left alone.

    Today: what tonight's run did, or what would be done now. A day gone by: what was decided and kept that night. A day
    to come: what is due by then if nothing is paid, promised or objected to.
    """
    with office() as at, at.database.read() as session:
        found = finding.by_number(session, account)
        if found is None:
            raise Refused(f"No account {account}. Search by name: comms history --find NAME")
        on = day.date() if day else None
        try:
            told = explain(session, at.city, at.renderer.catalogue, found.id, at.clock.now(), on)
        except (ValueError, NoticeError) as error:
            raise Refused(str(error)) from None
    if as_json:
        echo_json(told.as_json())
        return
    for line in told.lines():
        click.echo(line)
