"""``comms plan``, ``comms release``, ``comms campaign status``."""

from collections import Counter
from typing import Any

import click
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from comms.campaigns import CampaignRun, PolicyError, RunError, load_policy
from comms.campaigns import plan as plan_run
from comms.campaigns import release as release_run
from comms.cli.opening import Refused, echo_json, office, progress
from comms.notices.catalogue import NoticeError
from comms.outbox import Message

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")


@click.command()
@click.argument("policy", default="residential-past-due")
@as_json
def plan(policy: str, as_json: bool) -> None:
    """Decide who hears what, on which channel and when, by POLICY; nothing is sent."""
    with office() as at, progress("Planning", quiet=as_json) as update:
        try:
            chosen = load_policy(at.city, policy)
            run_id = plan_run(at.database, at.city, at.clock, at.renderer.catalogue, chosen, progress=update)
        except (PolicyError, RunError, NoticeError) as error:
            raise Refused(str(error)) from None
        with at.database.read() as session:
            run = session.get_one(CampaignRun, run_id)
    if as_json:
        echo_json({"run": run.id, "policy": run.policy, "version": run.policy_version, "counts": run.counts})
        return
    click.echo(f"Run {run.id}: {chosen.title} (version {chosen.version}), for {run.planned_for}.")
    for line in counts_in_words(run.counts):
        click.echo(f"  {line}")
    click.echo(f"Nothing is sent yet. Next step: comms release {run.id}")


def counts_in_words(counts: dict[str, Any]) -> list[str]:
    """The counts of a run, a line each: contacts first, then who is left alone and why."""
    lines = []
    for name, value in sorted(counts.items(), key=lambda item: (not item[0].startswith("contact"), item[0])):
        if name == "cents addressed":
            lines.append(f"{'past due addressed':<34} ${value / 100:>12,.2f}")
        else:
            lines.append(f"{name:<34} {value:>13,}")
    return lines


@click.command()
@click.argument("run", type=int)
@click.option("--by", default="cli", help="Who releases it.")
@as_json
def release(run: int, by: str, as_json: bool) -> None:
    """Check every decision of RUN again, write the messages and queue them."""
    with office() as at, progress("Releasing", quiet=as_json) as update:
        with at.database.read() as session:
            planned = session.get(CampaignRun, run)
        if planned is None:
            raise Refused(f"There is no run {run}. Next step: comms campaign status")
        try:
            policy = load_policy(at.city, planned.policy)
            done = release_run(at.database, at.city, at.clock, at.renderer, policy, run, by=by, progress=update)
        except (PolicyError, RunError) as error:
            raise Refused(str(error)) from None
        rung = [at.doorbell.ring(lane, ids) for lane, ids in done.lanes.items()]
    heard = all(rung)
    if as_json:
        echo_json({"run": run, "queued": dict(done.queued), "dropped": dict(done.dropped), "workers_rung": heard})
        return
    queued = ", ".join(f"{count:,} by {channel}" for channel, count in sorted(done.queued.items())) or "nothing"
    click.echo(f"Run {run} released: {queued} queued.")
    if done.dropped:
        dropped = ", ".join(f"{count:,} ({rule})" for rule, count in done.dropped.most_common())
        click.echo(f"Left alone after all, because of changes since the plan: {dropped}.")
    if not heard:
        click.echo(
            "Redis does not answer; the workers find the messages with the next sweep. See: comms doctor", err=True
        )


@click.group()
def campaign() -> None:
    """How runs are doing."""


@campaign.command()
@click.argument("run", type=int, required=False)
@as_json
def status(run: int | None, as_json: bool) -> None:
    """The states of RUN's messages; without RUN, the last ten runs."""
    with office() as at, at.database.read() as session:
        if run is None:
            _list_runs(session, as_json)
            return
        found = session.get(CampaignRun, run)
        if found is None:
            raise Refused(f"There is no run {run}. Next step: comms campaign status")
        states = message_states(session, run)
    if as_json:
        echo_json({"run": run, "state": found.state, "counts": found.counts, "messages": states})
        return
    click.echo(f"Run {found.id}: {found.policy} version {found.policy_version}, {found.planned_for}, {found.state}.")
    for channel, counted in states.items():
        words = ", ".join(f"{count:,} {state.replace('_', ' ')}" for state, count in counted.items())
        click.echo(f"  {channel:<7} {words}")


def message_states(session: Session, run: int) -> dict[str, dict[str, int]]:
    """Messages of a run by channel and state."""
    rows = session.execute(
        select(Message.channel, Message.state, func.count())
        .where(Message.run_id == run)
        .group_by(Message.channel, Message.state)
        .order_by(Message.channel, Message.state)
    )
    found: dict[str, Counter[str]] = {}
    for channel, state, count in rows:
        found.setdefault(channel, Counter())[state] = count
    return {channel: dict(counted) for channel, counted in found.items()}


def _list_runs(session: Session, as_json: bool) -> None:
    runs = list(session.scalars(select(CampaignRun).order_by(CampaignRun.id.desc()).limit(10)))
    if as_json:
        echo_json([{"run": r.id, "policy": r.policy, "planned_for": r.planned_for, "state": r.state} for r in runs])
        return
    if not runs:
        click.echo("No run yet. Next step: comms plan")
    for r in runs:
        click.echo(f"{r.id:>5}  {r.planned_for}  {r.policy} version {r.policy_version}  {r.state}")
