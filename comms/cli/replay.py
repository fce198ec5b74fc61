"""``comms replay POLICY``: a draft over the days gone by, beside what was really sent."""

from datetime import datetime

import click

from comms.campaigns import PolicyError, load_policy
from comms.campaigns.replaying import ReplayError
from comms.campaigns.replaying import replay as replay_draft
from comms.cli.opening import Refused, echo_json, office, progress
from comms.notices.catalogue import NoticeError

DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("policy")
@click.option("--from", "first", type=DAY, required=True, help="The first day.")
@click.option("--to", "last", type=DAY, help="The last day; left out: today.")
@click.option("--sample", type=click.IntRange(min=1), help="Only so many accounts, always the same ones.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def replay(policy: str, first: datetime, last: datetime | None, sample: int | None, as_json: bool) -> None:
    """What POLICY (its name, or a file) would have done in days gone by. Nothing is sent.

    Balances, payments, holds, consent and promises are those of each day; the rules are those in effect on it. It is
    told beside what was really sent. How fast people paid is observed: they paid after what was really sent.
    """
    with office() as at, progress("Replaying", quiet=as_json) as update:
        now = at.clock.now()
        until = last.date() if last else at.city.local_date(now)
        try:
            draft = load_policy(at.city, policy)
            found = replay_draft(
                at.database, at.city, at.renderer.catalogue, draft, first.date(), until, now,
                sample=sample, progress=update,
            )  # fmt: skip
        except (PolicyError, NoticeError, ReplayError) as error:
            raise Refused(str(error)) from None
    if as_json:
        echo_json(found.as_json())
        return
    for line in found.lines():
        click.echo(line)
