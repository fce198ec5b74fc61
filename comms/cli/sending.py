"""``comms send``."""

import uuid
from datetime import timedelta

import click

from comms.accounts import finding
from comms.campaigns.choosing import choose
from comms.campaigns.facts import picture
from comms.cli.opening import Refused, echo_json, office
from comms.notices import keep_versions
from comms.notices.catalogue import NoticeError
from comms.notices.fields import FieldError
from comms.outbox import enqueue, facts_for, write
from comms.outbox.drafting import language_of
from comms.outbox.drafts import lane_of
from comms.rules import Purpose, Verdict, rulebook_of


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
            now = at.clock.now()
            try:
                purpose = Purpose(at.renderer.catalogue.get(notice).purpose)
                seen = picture(session, at.city, [found.id], now)
                facts = seen.facts[found.id]
                ruling = choose(rulebook_of(at.city), [channel], purpose, facts, seen.recent(found.id), now).ruling
                if ruling.verdict is Verdict.SUPPRESS:
                    why = "; ".join(
                        f"{r.fact}: {r.value} ({r.citation})" for r in ruling.reasons if r.verdict != "allow"
                    )
                    raise Refused(f"This account may not be sent {notice} by {channel} now. {why}")
                due = at.city.business_day_from(at.city.local_date(now) + timedelta(days=10))
                draft = write(
                    at.renderer, found, channel=channel, notice=notice, recipient=facts.addresses[channel],
                    fields=facts_for(at.city, at.clock, found, due_date=due), language=language_of(found),
                    dedupe_key=f"cli:{uuid.uuid4().hex}", send_at=ruling.until, facts_version=found.facts_version,
                )  # fmt: skip
            except (NoticeError, FieldError) as error:
                raise Refused(str(error)) from None
            keep_versions(session, at.renderer.catalogue, now)
            (message_id,) = enqueue(session, [draft], at.clock)
        at.doorbell.ring(lane_of(draft), [message_id])
    if as_json:
        echo_json({"message": message_id, "channel": channel, "text": draft.body_text})
    else:
        click.echo(f"Message {message_id} is queued:\n{draft.body_text}")
