"""``comms policy``: policies as files and as approved versions; their golden cases, their words, their approval."""

import textwrap
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click

from comms.campaigns.policies import (
    Policy,
    PolicyError,
    golden,
    listing,
    moving,
    policy_files,
    timeline,
    versions,
)
from comms.campaigns.policies.activating import activate, readiness
from comms.campaigns.policies.cases import parse_cases
from comms.campaigns.policies.listing import Listed
from comms.campaigns.policies.moving import Line, line_of
from comms.campaigns.policies.versions import Draft, VersionError
from comms.campaigns.policies.wording import sections
from comms.campaigns.schema import PolicyMove, PolicyVersion
from comms.cli.opening import Refused, echo_json, office
from comms.cli.staff import BY, ROLE, known_as
from comms.office import Office
from comms.rules import RuleError

Done = TypeVar("Done")
WIDTH = 100
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
_POLICY = click.argument("policy_name", metavar="POLICY")
_VERSION = click.argument("version", type=click.IntRange(min=1))
_BECAUSE = click.option("--because", required=True, help="Why, for the record.")


@click.group()
def policy() -> None:
    """Dunning policies: look at them, test them, approve them, use them. To write one, see docs/policies.md."""


@policy.command("list")
@_JSON
def list_(as_json: bool) -> None:
    """Every policy in the order in which accounts are offered to them, with its versions and what to do next."""
    with office() as at, at.database.read() as session:
        stored = _answered(lambda: list(versions.stored_versions(session)))
        lines = _answered(lambda: list(_listed(at, stored)))
    if as_json:
        echo_json(lines)
        return
    for line in lines:
        if line["version"] is None:
            click.echo(f" -  {line['policy']} {line['state']}\n      {line['title']}")
            continue
        click.echo(f"{line['place'] or '-':>2}  {line['policy']} version {line['version']}: {line['state']}")
        click.echo(f"      {line['title']}; in effect from {line['from']}{_until(line['to'])}")
        if line["next"]:
            click.echo(f"      {line['next']}")


def _listed(at: Office, stored: list[PolicyVersion]) -> Iterator[dict[str, Any]]:
    """A line for each version that is stored or lies in a file, and for each file that cannot be used."""
    listed, unusable = listing.every(at.city, stored)
    for one in listed:
        said, row = one.policy, one.stored
        yield {
            "place": one.place, "policy": said.policy, "version": said.version, "title": said.title,
            "state": one.state, "from": said.effective.from_, "to": said.effective.to,
            "author": row.author if row else None, "approvals": row.approvals if row else [],
            "next": _what_next(one),
        }  # fmt: skip
    for file in unusable:
        yield {
            "place": None, "policy": file.file, "version": None, "state": "cannot be used", "title": file.why,
            "next": "",
        }  # fmt: skip


def _what_next(one: Listed) -> str:
    if one.stored is None:
        return f"Next step: comms policy submit {one.draft.path.stem} --by NAME" if one.draft else ""
    if one.draft and one.changed:
        return (
            f"{one.draft.path.name} says something else than what was submitted: put it back, or make it a new version."
        )
    return "" if one.stored.state in ("active", "retired", "refused") else versions.next_step(one.stored)


@policy.command()
@click.argument("name")
@click.option("--version", type=click.IntRange(min=1), help="This version as it was submitted, not the file.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Also draw its timeline into this file.")
@_JSON
def show(name: str, version: int | None, svg: Path | None, as_json: bool) -> None:
    """NAME (a policy, or a file) in English sentences, and with --svg as a picture."""
    with office() as at:
        found = _policy(at, name, version)
        catalogue = at.renderer.catalogue
        told = sections(found, at.city, catalogue)
        stops = timeline.stops(found, at.city)
        if svg is not None:
            svg.write_text(timeline.svg(found, at.city, catalogue), "utf-8")
    if as_json:
        days = [{"step": stop.step.id, "day": stop.day, "such_as": stop.on} for stop in stops]
        echo_json({"policy": found.policy, "version": found.version, "title": found.title, "days": days,
                   "sections": [asdict(section) for section in told]})  # fmt: skip
        return
    for section in told:
        click.echo(section.title)
        for line in section.lines:
            click.echo(textwrap.fill(line, WIDTH, initial_indent="  ", subsequent_indent="  "))
        click.echo()
    if svg is not None:
        click.echo(f"The timeline is in {svg}.")


@policy.command()
@click.argument("names", nargs=-1)
@_JSON
def test(names: tuple[str, ...], as_json: bool) -> None:
    """Run the golden cases of NAMES, or of every policy. Exit code 1 when one fails, with what differs."""
    with office() as at:
        chosen = names or _answered(lambda: tuple(path.stem for path in policy_files(at.city)))
        tested = [(name, _tested(at, name)) for name in chosen]
    failed = sum(not result.passed for _, (_, results) in tested for result in results)
    if as_json:
        echo_json([_tested_json(draft, result) for _, (draft, results) in tested for result in results])
    else:
        for _, (draft, results) in tested:
            _tell_cases(draft, results)
    if failed:
        raise SystemExit(1)


def _tested(at: Office, name: str) -> tuple[Draft, list[golden.Result]]:
    def run() -> tuple[Draft, list[golden.Result]]:
        draft = versions.draft(at.city, name)
        cases = parse_cases(draft.cases, draft.cases_path.name, draft.policy)
        return draft, golden.run(draft.policy, cases, at.city, at.renderer.catalogue)

    return _answered(run)


def _tested_json(draft: Draft, result: golden.Result) -> dict[str, Any]:
    return {
        "policy": draft.policy.policy, "version": draft.policy.version, "case": result.case.name,
        "passed": result.passed, "differences": list(result.differences), "got": golden.in_words(result.outcome),
    }  # fmt: skip


def _tell_cases(draft: Draft, results: list[golden.Result]) -> None:
    failed = [result for result in results if not result.passed]
    title = f"{draft.policy.policy} version {draft.policy.version}"
    if not results:
        click.echo(f"{title}: no golden cases. Next step: write {draft.cases_path.name}; see docs/policies.md")
        return
    said = "all as expected" if not failed else f"{len(failed)} not as expected"
    click.echo(f"{title}: {len(results)} golden case{'' if len(results) == 1 else 's'}, {said}.")
    for result in failed:
        click.echo(f"  {result.case.name} ({result.case.on})")
        for difference in result.differences:
            click.echo(textwrap.fill(difference, WIDTH, initial_indent="    ", subsequent_indent="    "))


@policy.command()
@click.argument("name")
@BY
def submit(name: str, by: str) -> None:
    """Hand NAME in for approval, with its golden cases as they stand. From then on its words cannot change."""
    with office() as at:
        draft, results = _tested(at, name)
        with at.database.begin() as session:
            author = known_as(session, by)
            stored = _answered(lambda: versions.submit(session, at.city, name, by=author, at=at.clock.now()))
            session.flush()
            ready = readiness(at.city, at.renderer.catalogue, stored, draft.policy.effective.from_)
            said, after = versions.title_of(stored), versions.next_step(stored)
    click.echo(f"{said} is submitted by {author}, and stays as it is.")
    _tell_cases(draft, results)
    for warning in ready.warnings:
        click.echo(f"Mind: {warning}")
    for notice in ready.unverified:
        click.echo(f"Mind: {notice} Nobody has read that in full; activating it wants --acknowledge NOTE.")
    click.echo(after)


@policy.command()
@_POLICY
@_VERSION
@BY
@ROLE
def approve(policy_name: str, version: int, by: str, role: str) -> None:
    """Approve VERSION of POLICY in a role that it names; never your own."""
    with office() as at, at.database.begin() as session:
        name = known_as(session, by, role)
        stored = _answered(
            lambda: versions.approve(session, policy_name, version, by=name, role=role, at=at.clock.now())
        )
        click.echo(f"{versions.title_of(stored)} is approved by {name}, {role}. {versions.next_step(stored)}")


@policy.command("refuse")
@_POLICY
@_VERSION
@BY
@_BECAUSE
def refuse_(policy_name: str, version: int, by: str, because: str) -> None:
    """Refuse VERSION of POLICY; a better one is the next version."""
    with office() as at, at.database.begin() as session:
        name = known_as(session, by)
        stored = _answered(lambda: versions.refuse(session, policy_name, version, by=name, why=because))
        click.echo(f"{versions.title_of(stored)} is refused.")


@policy.command("activate")
@_POLICY
@_VERSION
@BY
@click.option(
    "--acknowledge",
    default="",
    metavar="NOTE",
    help="Who answers for legal notices whose sources nobody has read in full; kept with the approvals.",
)
def activate_(policy_name: str, version: int, by: str, acknowledge: str) -> None:  # fmt: skip
    """Use VERSION of POLICY from now on, if nothing stands against it; running episodes keep the version they have."""
    with office() as at, at.database.begin() as session:
        name, now = known_as(session, by), at.clock.now()
        stored = _answered(
            lambda: activate(
                session, at.city, at.renderer.catalogue, policy_name, version, by=name, at=now, acknowledge=acknowledge
            )
        )
        click.echo(f"{versions.title_of(stored)} is in use. Episodes that run keep the version they have.")
        click.echo(f"To move them: comms policy move propose {policy_name} {version} --by NAME")


@policy.command()
@_POLICY
@BY
def retire(policy_name: str, by: str) -> None:
    """Take POLICY out of use: nobody new comes in, and running episodes go on to their end."""
    with office() as at, at.database.begin() as session:
        name = known_as(session, by)
        stored = _answered(lambda: versions.retire(session, policy_name, at=at.clock.now()))
        click.echo(f"{versions.title_of(stored)} is retired by {name}.")


@policy.group()
def move() -> None:
    """Move running episodes to the active version, by a list that somebody else approves."""


@move.command()
@_POLICY
@_VERSION
@BY
@_JSON
def propose(policy_name: str, version: int, by: str, as_json: bool) -> None:
    """List what would change for each running episode of POLICY by the active VERSION."""
    with office() as at, at.database.begin() as session:
        name = known_as(session, by)
        listed = _answered(
            lambda: moving.propose(
                session, at.city, at.renderer.catalogue, policy_name, version, by=name, at=at.clock.now()
            )
        )
        _tell_move(listed, as_json)


@move.command("show")
@click.argument("move_id", metavar="ID", type=int)
@_JSON
def show_move(move_id: int, as_json: bool) -> None:
    """The list ID: what comes next for each episode now, and then."""
    with office() as at, at.database.read() as session:
        _tell_move(_answered(lambda: moving.get(session, move_id)), as_json)


@move.command("list")
@_JSON
def list_moves(as_json: bool) -> None:
    """All lists, the newest first."""
    with office() as at, at.database.read() as session:
        found = list(moving.moves(session))
    if as_json:
        echo_json([{"move": m.id, "policy": m.policy, "to": m.to_version, "state": m.state} for m in found])
        return
    for m in found:
        click.echo(f"{m.id:>4}  {m.policy} to version {m.to_version}: {m.state}, {m.listed} episodes")
    if not found:
        click.echo("No moves yet.")


@move.command("approve")
@click.argument("move_id", metavar="ID", type=int)
@BY
@ROLE
def approve_move(move_id: int, by: str, role: str) -> None:
    """Move the episodes of list ID. Whoever proposed it cannot."""
    with office() as at, at.database.begin() as session:
        name = known_as(session, by, role)
        listed = _answered(lambda: moving.get(session, move_id))
        target = _answered(lambda: versions.get(session, listed.policy, listed.to_version))
        if role not in (wanted := versions.policy_of(target).approved_by):
            raise Refused(f"A {role} does not approve a move to {versions.title_of(target)}. It names: {wanted[0]}.")
        done = _answered(
            lambda: moving.approve(session, at.city, at.renderer.catalogue, move_id, by=name, at=at.clock.now())
        )
    click.echo(f"{done.moved} episode{'' if done.moved == 1 else 's'} moved.")
    for line in done.left:
        click.echo(f"  {line}")


@move.command("refuse")
@click.argument("move_id", metavar="ID", type=int)
@BY
def refuse_move(move_id: int, by: str) -> None:
    """Refuse list ID; nothing moves."""
    with office() as at, at.database.begin() as session:
        name = known_as(session, by)
        _answered(lambda: moving.refuse(session, move_id, by=name, at=at.clock.now()))
    click.echo(f"Move {move_id} is refused; nothing moves.")


def _tell_move(listed: PolicyMove, as_json: bool) -> None:
    lines = [line_of(stored) for stored in listed.episodes]
    if as_json:
        echo_json({"move": listed.id, "policy": listed.policy, "to": listed.to_version, "state": listed.state,
                   "episodes": [line.as_json() for line in lines]})  # fmt: skip
        return
    click.echo(f"Move {listed.id}: {listed.policy} to version {listed.to_version}, {listed.state}.")
    for line in lines:
        click.echo(f"  {line.account}: {_changes(line)}")
    if listed.state == "proposed":
        click.echo(f"Next step: comms policy move approve {listed.id} --by NAME --role ROLE")


def _changes(line: Line) -> str:
    if line.stays:
        return f"stays with version {line.from_version}: {line.stays}"
    now, then = (f"{one['step'] or one['rule']} {'on ' + one['on'] if one['on'] else '(no date)'}" for one in
                 (line.now, line.then))  # fmt: skip
    return f"{now}, as now" if now == then else f"now {now}; then {then}"


def _policy(at: Office, name: str, version: int | None) -> Policy:
    if version is None:
        return _answered(lambda: versions.draft(at.city, name).policy)
    with at.database.read() as session:
        return _answered(lambda: versions.policy_of(versions.get(session, name, version)))


def _until(day: object) -> str:
    return f" to {day}" if day else ""


def _answered(ask: Callable[[], Done]) -> Done:
    """The answer; what a person did wrong is a refusal."""
    try:
        return ask()
    except (PolicyError, VersionError, RuleError) as error:
        raise Refused(str(error)) from None
