"""``comms send``."""

import uuid

import click

from comms.accounts import finding
from comms.campaigns import by_hand
from comms.cli.opening import Refused, echo_json, office
from comms.notices.catalogue import NoticeError
from comms.notices.fields import FieldError
from comms.outbox.drafts import lane_of


@click.command()
@click.argument("account")
@click.argument("notice")
@click.option("--channel", type=click.Choice(["sms", "email", "letter"]), default="sms", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def send(account: str, notice: str, channel: str, as_json: bool) -> None:
    """Send NOTICE to ACCOUNT now, if the rules allow it."""
    with office() as at:
        with at.database.begin() as session:
            found = finding.by_number(session, account)
            if found is None:
                raise Refused(f"No account {account}. Search by name: comms history --find NAME")
            try:
                draft, (message_id,) = by_hand.send(
                    session, at.city, at.clock, at.renderer, found, notice, channel, by="system", once=uuid.uuid4().hex
                )
            except (by_hand.RefusedError, NoticeError, FieldError) as error:
                raise Refused(str(error)) from None
        at.doorbell.ring(lane_of(draft), [message_id])
    if as_json:
        echo_json({"message": message_id, "channel": channel, "text": draft.body_text})
    else:
        click.echo(f"Message {message_id} is queued:\n{draft.body_text}")
