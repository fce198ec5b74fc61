"""``comms plan``, ``comms release`` and ``comms campaign``: a run from its preview to its end."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from time import sleep
from typing import Any, TypeVar

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from comms import campaigns
from comms.campaigns import CampaignRun, Released, RunError, approving, brakes, control, samples
from comms.campaigns.approving import ApprovalError
from comms.campaigns.brakes import Brake, BrakeError
from comms.campaigns.costing import dollars
from comms.campaigns.differing import CHANGES, diff
from comms.campaigns.policies import PolicyError, versions
from comms.campaigns.preview import Preview, preview, standing
from comms.campaigns.schema import Night
from comms.cli.campaign_words import brake_lines, diff_lines, preview_lines, standing_lines
from comms.cli.opening import Refused, echo_json, office, progress
from comms.cli.staff import BY, known_as
from comms.notices.catalogue import NoticeError
from comms.office import Office
from comms.rules import RuleError

ATTENTION = 1
"""Exit code: done, and something needs a person."""
Done = TypeVar("Done")

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
_RUN = click.argument("run", type=int)


@click.command()
@click.argument("policy", required=False)
@BY
@click.option(
    "--samples", "folder", type=click.Path(file_okay=False, path_type=Path), help="Write sample messages here."
)
@as_json
def plan(policy: str | None, by: str, folder: Path | None, as_json: bool) -> None:
    """Decide who hears what, on which channel and when, by every policy in use or by POLICY; nothing is sent.

    Shows what the run comes to, how it differs from the run before and why, and what holds it. Exit code 1 when a brake
    holds it.
    """
    with office() as at, progress("Planning", quiet=as_json) as update:
        with at.database.read() as session:
            who = known_as(session, by)
        run_id = _answered(
            lambda: campaigns.plan(
                at.database, at.city, at.clock, at.renderer.catalogue, policy=policy, by=who, progress=update
            )
        )
        pulled = _look(at, run_id)
        written = _samples(at, run_id, folder) if folder else []
        with at.database.read() as session:
            run, found = session.get_one(CampaignRun, run_id), preview(session, run_id)
            different = diff(session, run_id)
            wanted = approving.roles_wanted(session, run_id, versions.frozen(session))
    holds = any(one.holds for one in pulled)
    if as_json:
        echo_json(
            {
                "run": run.id, "planned_for": run.planned_for, "versions": run.versions, "counts": run.counts,
                "diff": asdict(different), "brakes": brakes.as_lines(pulled), "approvals_wanted": wanted,
                "samples": [str(path) for path in written],
            }
        )  # fmt: skip
    else:
        by_version = ", ".join(f"{name} version {version}" for name, version in sorted(run.versions.items()))
        click.echo(f"Run {run.id} for {run.planned_for}: {by_version}.")
        for line in (*preview_lines(found), *diff_lines(different), *brake_lines(pulled)):
            click.echo(line)
        for path in written:
            click.echo(f"  sample: {path}")
        click.echo(f"Nothing is sent yet. Next step: {_next_step(run_id, found, pulled, wanted)}")
    raise SystemExit(ATTENTION if holds else 0)


def _next_step(run_id: int, found: Preview, pulled: list[Brake], wanted: Mapping[str, list[str]]) -> str:
    if not found.contacts and not found.actions:
        return "nothing; there is nobody to write to"
    if wanted:
        return f"comms campaign approve {run_id} --by NAME --role {next(iter(wanted))}"
    if held := next((one for one in pulled if one.holds), None):
        return f'comms release {run_id} --lift {held.name} --because "…" --by NAME'
    return f"comms release {run_id}"


@click.command()
@_RUN
@BY
@click.option("--lift", "names", multiple=True, metavar="BRAKE", help="Lift a brake that holds the run.")
@click.option("--because", default="", help="Why it may be lifted, for the record.")
@as_json
def release(run: int, by: str, names: tuple[str, ...], because: str, as_json: bool) -> None:
    """Judge every decision of RUN again, write the messages and queue them."""
    with office() as at, progress("Releasing", quiet=as_json) as update:
        with at.database.read() as session:
            who = known_as(session, by)
        for name in names:
            _answered(
                lambda: at.database.run(
                    lambda session: brakes.lift(session, run, name, by=who, because=because, at=at.clock.now())  # noqa: B023
                )
            )
        _let_go(at, run, who, update, as_json)


def _let_go(at: Office, run: int, who: str, update: Callable[[int, int], None], as_json: bool) -> None:
    done = _answered(
        lambda: campaigns.release(at.database, at.city, at.clock, at.renderer, run, by=who, progress=update)
    )
    rung = [at.doorbell.ring(lane, ids) for lane, ids in done.lanes.items()]
    heard = all(rung)
    if as_json:
        echo_json(
            {
                "run": run, "state": done.state, "queued": done.queued, "copies": done.copies, "noted": done.noted,
                "dropped": done.dropped, "cost_micros": done.cost_micros, "workers_rung": heard,
            }
        )  # fmt: skip
        return
    for line in _released(run, done):
        click.echo(line)
    if not heard:
        click.echo(
            "Redis does not answer; the workers find the messages with the next sweep. See: comms doctor", err=True
        )


def _released(run: int, done: Released) -> list[str]:
    queued = ", ".join(f"{count:,} by {channel}" for channel, count in sorted(done.queued.items())) or "nothing"
    word = "released" if done.state == "done" else done.state
    lines = [f"Run {run} {word}: {queued} queued, {dollars(done.cost_micros)} to send."]
    if done.copies:
        lines.append(f"Copies for third parties and landlords: {done.copies.total():,}.")
    if done.noted:
        lines.append(f"For the field: {done.noted.total():,}. Next step: comms shutoff propose")
    if done.dropped:
        dropped = ", ".join(f"{count:,} ({rule})" for rule, count in done.dropped.most_common())
        lines.append(f"Left alone after all, because of changes since the plan: {dropped}.")
    return lines


@click.group()
def campaign() -> None:
    """Runs: how they are doing, what they change, who approves, pauses and stops them."""


@campaign.command()
@click.argument("run", type=int, required=False)
@click.option("--watch", is_flag=True, help="Keep looking until every message has left.")
@as_json
def status(run: int | None, watch: bool, as_json: bool) -> None:
    """How far RUN has come, decision by decision and message by message; without RUN, the last ten runs."""
    with office() as at:
        if run is None:
            _list_runs(at, as_json)
            return
        if watch:
            _watch(at, run)
        with at.database.read() as session:
            found, stands, pulled = _get(session, run), standing(session, run), brakes.kept(_get(session, run))
    if as_json:
        echo_json(
            {
                "run": run, "state": found.state, "planned_for": found.planned_for, "versions": found.versions,
                "counts": found.counts, "left": stands.left, "released": stands.released, "noted": stands.noted,
                "dropped": stands.dropped, "messages": stands.messages, "brakes": brakes.as_lines(pulled),
                "approvals": found.approvals,
            }
        )  # fmt: skip
        return
    by = f" by {found.state_by}" if found.state_by else ""
    why = f" {found.state_why}" if found.state_why else ""
    click.echo(f"Run {found.id} for {found.planned_for}: {found.state}{by}.{why}")
    for one in found.approvals:
        click.echo(f"  approved by {one['by']}, {one['role']}")
    for line in (*brake_lines(pulled), *standing_lines(stands)):
        click.echo(line)


def _watch(at: Office, run: int, *, every: float = 1.0) -> None:
    """A bar on standard error that fills as messages leave, until all have left or somebody stops the run."""
    with progress(f"Run {run}") as update:
        while True:
            with at.database.read() as session:
                state, stands = _get(session, run).state, standing(session, run)
            messages = sum(sum(states.values()) for states in stands.messages.values())
            to_come = stands.left + stands.on_the_way
            update(messages - stands.on_the_way, messages + stands.left)
            if not to_come or state in ("planned", "paused", "stopped"):
                return
            sleep(every)


@campaign.command()
@_RUN
@BY
def pause(run: int, by: str) -> None:
    """Hold what RUN has queued and not sent, and write nothing more for it until it is resumed."""
    with office() as at:
        held = _answered(
            lambda: at.database.run(lambda session: control.pause(session, at.clock, run, by=known_as(session, by)))
        )
    click.echo(f"Run {run} is paused; {held:,} messages are held. Next step: comms campaign resume {run}")


@campaign.command()
@_RUN
@BY
@as_json
def resume(run: int, by: str, as_json: bool) -> None:
    """Let RUN go on: what was held is queued again, and what was not written is released."""
    with office() as at, progress("Releasing", quiet=as_json) as update:
        with at.database.read() as session:
            who = known_as(session, by)
        lanes = _answered(lambda: at.database.run(lambda session: control.resume(session, at.clock, run, by=who)))
        for lane, ids in lanes.items():
            at.doorbell.ring(lane, ids)
        if not as_json:
            click.echo(f"Run {run} goes on; {sum(map(len, lanes.values())):,} messages are queued again.")
        _let_go(at, run, who, update, as_json)


@campaign.command()
@_RUN
@BY
@click.option("--because", required=True, help="Why, for the history of every account it concerns.")
@as_json
def stop(run: int, by: str, because: str, as_json: bool) -> None:
    """Stop RUN for good and call back what has not left; says what had left already."""
    with office() as at:
        done = _answered(
            lambda: at.database.run(
                lambda session: control.stop(session, at.clock, run, by=known_as(session, by), because=because)
            )
        )
    if as_json:
        echo_json({"run": run, "unwritten": done.unwritten, **asdict(done.messages)})
        return
    called = ", ".join(f"{many:,} by {channel}" for channel, many in done.messages.cancelled.items()) or "none"
    click.echo(f"Run {run} is stopped. Messages called back: {called}; decisions not written: {done.unwritten:,}.")
    if done.messages.too_late:
        gone = ", ".join(f"{many:,} by {channel}" for channel, many in done.messages.too_late.items())
        click.echo(f"Not to be called back, they have left or are leaving: {gone}.")
        for message, channel, to in done.messages.leaving:
            click.echo(f"  leaving now: message {message} by {channel} to {to.replace(chr(10), ', ')}")
    click.echo("The next night decides anew for those who did not hear.")


@campaign.command()
@_RUN
@BY
@click.option(
    "--role", required=True, type=click.Choice(list(approving.RANK)), help="The role in which it is approved."
)
def approve(run: int, by: str, role: str) -> None:
    """Approve RUN, where a policy's step wants that; not by who planned it."""
    with office() as at:
        _answered(
            lambda: at.database.run(
                lambda session: approving.approve(
                    session, run, by=known_as(session, by, role), role=role, at=at.clock.now()
                )
            )
        )
        with at.database.read() as session:
            wanted = approving.roles_wanted(session, run, versions.frozen(session))
    if wanted:
        click.echo(f"Run {run} is approved by {by}; still wanted: {', '.join(wanted)}.")
    else:
        click.echo(f"Run {run} is approved by {by}. Next step: comms release {run}")


@campaign.command("diff")
@_RUN
@click.option("--accounts", default=20, show_default=True, type=click.IntRange(0), help="So many accounts by name.")
@click.option("--only", type=click.Choice(CHANGES), help="Accounts with this kind of change.")
@as_json
def diff_(run: int, accounts: int, only: str | None, as_json: bool) -> None:
    """What RUN does differently from the run before it, and why."""
    with office() as at, at.database.read() as session:
        _get(session, run)
        found = diff(session, run, limit=accounts, change=only)
    if as_json:
        echo_json(asdict(found))
        return
    for line in diff_lines(found):
        click.echo(line)


@campaign.command("samples")
@_RUN
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--each", default=1, show_default=True, type=click.IntRange(1, 20), help="Of every step and channel.")
def samples_(run: int, folder: Path | None, each: int) -> None:
    """Messages of a planned RUN as they would leave: on the screen, or in FOLDER as text, HTML and PDF."""
    with office() as at:
        with at.database.read() as session:
            _get(session, run)
            found = samples.samples(session, at.city, at.clock, at.renderer, run, each=each)
        if folder:
            for path in samples.write_to(folder, at.city, at.clock, found):
                click.echo(str(path))
            return
    click.echo("\n----\n".join(samples.in_words(one) for one in found) or f"Run {run} has no message to be written.")


@campaign.command()
@click.option("--last", default=14, show_default=True, type=click.IntRange(1, 366), help="So many nights.")
@as_json
def nights(last: int, as_json: bool) -> None:
    """What the schedule did night by night (COMMS_NIGHT)."""
    with office() as at, at.database.read() as session:
        rows = list(session.scalars(select(Night).order_by(Night.on.desc()).limit(last)))
    if as_json:
        echo_json([{"on": row.on, "state": row.state, "run": row.run_id, "words": row.words} for row in rows])
        return
    if not rows:
        click.echo("No night was run by the clock. Next step: set COMMS_NIGHT to an hour, such as 02:30")
    for row in rows:
        click.echo(f"{row.on}  {row.state:<8} {row.words}")


def _answered(act: Callable[[], Done]) -> Done:
    try:
        return act()
    except (RunError, BrakeError, ApprovalError, PolicyError, NoticeError, RuleError) as error:
        raise Refused(str(error)) from None


def _look(at: Office, run_id: int) -> list[Brake]:
    catalogue = at.renderer.catalogue
    return at.database.run(lambda session: brakes.look(session, at.city, at.clock, catalogue, run_id))


def _samples(at: Office, run_id: int, folder: Path) -> list[Path]:
    with at.database.read() as session:
        found = samples.samples(session, at.city, at.clock, at.renderer, run_id)
    return samples.write_to(folder, at.city, at.clock, found)


def _get(session: Session, run: int) -> CampaignRun:
    found = session.get(CampaignRun, run)
    if found is None:
        raise Refused(f"There is no run {run}. Next step: comms campaign status")
    return found


def _list_runs(at: Office, as_json: bool) -> None:
    with at.database.read() as session:
        runs = list(session.scalars(select(CampaignRun).order_by(CampaignRun.id.desc()).limit(10)))
        lines: list[dict[str, Any]] = [
            {
                "run": run.id, "policy": run.policy, "planned_for": run.planned_for, "state": run.state,
                "contacts": preview(session, run.id).contacts,
            }
            for run in runs
        ]  # fmt: skip
    if as_json:
        echo_json(lines)
        return
    if not lines:
        click.echo("No run yet. Next step: comms plan")
    for line in lines:
        click.echo(
            f"{line['run']:>5}  {line['planned_for']}  {line['policy']:<24} {line['contacts']:>8,}  {line['state']}"
        )
