"""``comms shutoff``: who may be shut off, referred or turned on again; lists, orders, and what the field did."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from comms import field
from comms.accounts import Account, finding
from comms.campaigns import shutoff as shutting_off
from comms.campaigns.shutoff import TurnOn
from comms.campaigns.sufficiency import Sufficiency
from comms.cli.opening import Refused, echo_json, office
from comms.cli.staff import BY, known_as
from comms.field import FieldList, FieldOrder, OrderError
from comms.field.order_file import CompletionFileError
from comms.money import dollars
from comms.office import Office

SHOWN = 20
"""Accounts that are named one by one on the screen; --json names all."""
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
_NAME = click.argument("name", metavar="LIST")
_DAY = click.option(
    "--for", "day", type=click.DateTime(["%Y-%m-%d"]), help="The day of the act; the next business day."
)
_KIND = click.option(
    "--kind", type=click.Choice(["shutoff", "referral", "reconnect"]), default="shutoff", show_default=True
)
_ACCOUNTS = click.option("--account", "numbers", multiple=True, help="Only these accounts, by number; may be repeated.")


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except (OrderError, CompletionFileError) as error:
        raise Refused(str(error)) from None


@click.group()
def shutoff() -> None:
    """Shut-off lists, referrals and reconnections. Nobody is on a list whose notices are not proven."""


@shutoff.command()
@click.argument("account")
@_DAY
@click.option("--kind", type=click.Choice(["shutoff", "referral"]), default="shutoff", show_default=True)
@_JSON
def check(account: str, day: datetime | None, kind: str, as_json: bool) -> None:
    """Whether ACCOUNT could be on a list for a day, what proves it, and what is missing. Changes nothing."""
    with office() as at, at.database.read() as session:
        on = _day(at, day)
        ids = [_account(session, account).id]
        catalogue = at.renderer.catalogue
        (found,) = shutting_off.look(session, at.city, at.clock, catalogue, kind=kind, day=on, account_ids=ids)
    if as_json:
        echo_json({"day": on, "kind": kind, **_as_json(found)})
    else:
        click.echo(
            f"{found.number}  {found.name}: {'may' if found.passes else 'may not'} be on a {kind} list for {on}."
        )
        for proof in found.evidence:
            click.echo(f"  proven   {proof.step}: mailed {proof.mailed_on}, counts from {proof.earliest_on}")
        _echo_missing(found.missing)
        for words in found.establish if found.passes else ():
            click.echo(f"  make sure {words}")
    if not found.passes:
        raise SystemExit(1)


@shutoff.command()
@_KIND
@_DAY
@_ACCOUNTS
@click.option("--dry-run", is_flag=True, help="Show who would be on it, and what is missing for the others.")
@BY
@_JSON
def propose(kind: str, day: datetime | None, numbers: tuple[str, ...], dry_run: bool, by: str, as_json: bool) -> None:
    """Make a list of everybody whose notices are proven; it waits for a second person's approval."""
    with office() as at, _refusing():
        on = _day(at, day)
        if kind == "reconnect":
            _propose_reconnections(at, on, numbers, dry_run, by, as_json)
            return
        catalogue = at.renderer.catalogue
        with at.database.begin() as session:
            ids = [_account(session, number).id for number in numbers] or None
            how: dict[str, Any] = {"kind": kind, "day": on, "account_ids": ids}
            if dry_run:
                found = shutting_off.look(session, at.city, at.clock, catalogue, **how)
                name, on_it = "", [one for one in found if one.passes]
                left_out = [one for one in found if not one.passes]
            else:
                who = known_as(session, by)
                made = shutting_off.propose(session, at.city, at.clock, catalogue, by=who, **how)
                name, on_it, left_out = made.name, list(made.on_it), list(made.left_out)
    if as_json:
        listed = {"on_it": [_as_json(one) for one in on_it], "left_out": [_as_json(one) for one in left_out]}
        echo_json({"list": name or None, "kind": kind, "for": on, **listed})
        return
    _echo_proposed(name, kind, on, on_it, left_out)


def _echo_proposed(name: str, kind: str, on: date, on_it: list[Sufficiency], left_out: list[Sufficiency]) -> None:
    total = sum(one.amount_cents for one in on_it)
    click.echo(f"{name or f'A {kind} list'} for {on}: {len(on_it):,} accounts, {dollars(total)}.")
    for one in on_it[:SHOWN]:
        click.echo(f"  {one.number:<14} ${one.amount_cents / 100:>10,.2f}  {one.name}")
    if len(on_it) > SHOWN:
        click.echo(f"  and {len(on_it) - SHOWN:,} more; all of them: --json")
    for words in dict.fromkeys(words for one in on_it for words in one.establish):
        click.echo(f"Make sure for each: {words}.")
    if left_out:
        click.echo(f"Left out: {len(left_out):,}.")
    for one in left_out[:SHOWN]:
        click.echo(f"  {one.number:<14} {one.name}")
        _echo_missing(one.missing)
    if len(left_out) > SHOWN:
        click.echo(f"  and {len(left_out) - SHOWN:,} more; all of them: --json")
    if name:
        click.echo(f"Next step: somebody else says yes with comms shutoff approve {name}")


def _propose_reconnections(
    at: Office, on: date, numbers: tuple[str, ...], dry_run: bool, by: str, as_json: bool
) -> None:
    with at.database.begin() as session:
        ids = [_account(session, number).id for number in numbers] or None
        if dry_run:
            name, found = "", shutting_off.to_turn_on(session, at.city, at.clock, on=on, account_ids=ids)
        else:
            who = known_as(session, by)
            name, found = shutting_off.propose_reconnections(
                session, at.city, at.clock, day=on, by=who, account_ids=ids
            )
    if as_json:
        echo_json({"list": name or None, "kind": "reconnect", "for": on, "on_it": [one.as_json() for one in found]})
        return
    click.echo(f"{name or 'A list to turn on again'} for {on}: {len(found):,} accounts.")
    _echo_turn_on(found)
    if name:
        click.echo(f"Next step: comms shutoff approve {name}, then comms shutoff issue {name}")


@shutoff.command()
@_NAME
@BY
@click.option("--role", type=click.Choice(["supervisor", "administrator"]), default="supervisor", show_default=True)
def approve(name: str, by: str, role: str) -> None:
    """Say yes to LIST. A supervisor does, and never the one who made it."""
    with office() as at, _refusing(), at.database.begin() as session:
        made = field.list_named(session, name)
        who = known_as(session, by, role if made.kind in field.SECOND_PERSON else None)
        field.approve(session, at.clock, name, by=who)
    click.echo(f"{name} is approved by {who}. Next step: comms shutoff issue {name}")


@shutoff.command()
@_NAME
@click.option("--because", required=True, help="Why, for the record.")
@BY
def cancel(name: str, because: str, by: str) -> None:
    """Give up LIST before it is given out."""
    with office() as at, _refusing(), at.database.begin() as session:
        ended = field.cancel(session, at.clock, name, by=known_as(session, by), because=because)
    click.echo(f"{name} is cancelled; {ended:,} orders ended with it.")


@shutoff.command()
@_NAME
@BY
@_JSON
def issue(name: str, by: str, as_json: bool) -> None:
    """Ask the gate again and give LIST to the Service Department: order file, door tags and manifest in one folder."""
    with office() as at, _refusing():
        with at.database.read() as session:
            who = known_as(session, by)
        home = at.settings.var / "field"
        done = shutting_off.issue(at.database, at.city, at.clock, at.renderer.catalogue, home, name, by=who)
    if as_json:
        left = [{"order": order, "why": why} for order, why in done.left_out]
        echo_json({
            "list": done.name, "folder": str(done.folder), "orders": done.orders, "amount_cents": done.amount_cents,
            "left_out": left, "fresh": done.fresh,
        })  # fmt: skip
        return
    said = "is given out" if done.fresh else "was given out before, and nothing has changed"
    click.echo(f"{done.name} {said}: {done.orders:,} orders, {dollars(done.amount_cents)}, in {done.folder}")
    for order, why in done.left_out:
        click.echo(f"  left out {order}: {why}")
    if done.fresh:
        click.echo("Next step, when the field is back: comms shutoff completed FILE (the order file, filled in)")


@shutoff.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--refused", type=click.Path(dir_okay=False, path_type=Path), help="Write refused rows here, to be mended."
)
@BY
@_JSON
def completed(file: Path, refused: Path | None, by: str, as_json: bool) -> None:
    """Take in what the field did: FILE is the order file, filled in and saved as CSV."""
    with office() as at, _refusing(), at.database.begin() as session:
        told = field.complete(session, at.city, at.clock, file.read_bytes(), by=known_as(session, by))
    if refused and told.refused:
        refused.write_bytes(field.write_refused(told.refused))
    rows = [{"line": report.line, "order": report.order, "why": why} for report, why in told.refused]
    counts = {
        "done": told.done, "not_done": told.not_done, "known": told.known, "still_open": told.still_open,
        "against_recall": told.against_recall,
    }  # fmt: skip
    if as_json:
        echo_json({**counts, "refused": rows})
    else:
        click.echo(
            f"{told.done:,} done, {told.not_done:,} not done, {told.known:,} known before, {told.still_open:,} still "
            f"open, {len(rows):,} refused."
        )
        for row in rows[:SHOWN]:
            click.echo(f"  line {row['line']}: {row['why']}")
        if told.against_recall:
            click.echo(f"{told.against_recall:,} were done although they had been called back: put them right today.")
        if rows and not refused:
            click.echo(f"Mend the refused rows and give the file again: comms shutoff completed {file}")
    if rows or told.against_recall:
        raise SystemExit(1)


@shutoff.command("list")
@click.argument("name", required=False, metavar="LIST")
@_JSON
def list_(name: str | None, as_json: bool) -> None:
    """The last lists; with LIST, its orders and who was left out of it."""
    with office() as at, _refusing(), at.database.read() as session:
        if name is None:
            _lists(session, as_json)
            return
        made = field.list_named(session, name)
        orders = field.orders_of(session, made.id)
        numbers = _numbers(session, orders)
    if as_json:
        listed = [_order_as_json(order, numbers) for order in orders]
        echo_json({**_list_as_json(made), "orders": listed, "left_out": made.left_out, "manifest": made.manifest})
        return
    click.echo(f"{made.name}: {made.state}, for {made.for_day}, made by {made.made_by}.")
    _echo_orders(at, orders, numbers)
    for one in made.left_out:
        click.echo(f"  left out {one['account']}  {one['name']}")
        _echo_missing(one["missing"])


@shutoff.command()
@click.option("--account", "number", help="Only those of this account.")
@click.option("--all", "everything", is_flag=True, help="Also those that have ended.")
@click.option("--limit", default=200, show_default=True, type=click.IntRange(1, 10_000))
@_JSON
def orders(number: str | None, everything: bool, limit: int, as_json: bool) -> None:
    """Orders that are open, the newest first."""
    with office() as at, _refusing(), at.database.read() as session:
        statement = select(FieldOrder).order_by(FieldOrder.id.desc()).limit(limit)
        if not everything:
            statement = statement.where(FieldOrder.state.in_(("proposed", "issued")))
        if number:
            statement = statement.where(FieldOrder.account_id == _account(session, number).id)
        found = list(session.scalars(statement))
        numbers = _numbers(session, found)
    if as_json:
        echo_json([_order_as_json(order, numbers) for order in found])
        return
    _echo_orders(at, found, numbers)
    if not found:
        click.echo("No orders.")


@shutoff.command()
@click.argument("order")
@click.option("--because", required=True, help="Why, for the record and for whoever is called.")
@BY
@_JSON
def recall(order: str, because: str, by: str, as_json: bool) -> None:
    """Call ORDER back. If it was given out already, a task says to call the truck."""
    with office() as at, _refusing(), at.database.begin() as session:
        who = known_as(session, by)
        done = field.recall_one(session, at.city, at.clock, order, because=because, by=who)
    if as_json:
        echo_json({"order": done.number, "was_issued": done.was_issued, "why": done.why})
        return
    click.echo(f"Order {done.number} is called back.")
    if done.was_issued:
        click.echo("It was given out already: call the truck now.")


@shutoff.command("reconnect-list")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="As of this day; today by itself.")
@_JSON
def reconnect_list(day: datetime | None, as_json: bool) -> None:
    """Whose service is to be turned on again: paid, protected, or must be on in the cold season (from October 1)."""
    with office() as at, at.database.read() as session:
        on = day.date() if day else at.city.local_date(at.clock.now())
        found = shutting_off.to_turn_on(session, at.city, at.clock, on=on)
    if as_json:
        echo_json({"on": on, "accounts": [one.as_json() for one in found]})
        return
    click.echo(f"To be turned on again as of {on}: {len(found):,}.")
    _echo_turn_on(found)
    if found:
        click.echo("Next step: comms shutoff propose --kind reconnect (with --account for those that were established)")


def _echo_turn_on(found: list[TurnOn]) -> None:
    for one in found:
        since = f" (off since {one.off_since})" if one.off_since else ""
        click.echo(f"  {one.number:<14} {one.name}, {one.address}{since}: {one.why} ({one.citation})")
        for words in one.establish:
            click.echo(f"    to establish: {words}")


def _lists(session: Session, as_json: bool) -> None:
    lists = list(session.scalars(select(FieldList).order_by(FieldList.id.desc()).limit(20)))
    counted = select(FieldOrder.list_id, func.count()).group_by(FieldOrder.list_id)
    counts = dict(session.execute(counted).all())
    if as_json:
        echo_json([{**_list_as_json(made), "orders": counts.get(made.id, 0)} for made in lists])
        return
    for made in lists:
        click.echo(
            f"{made.name:<24} {made.state:<10} {counts.get(made.id, 0):>5} orders, {len(made.left_out)} left out"
        )
    if not lists:
        click.echo("No lists yet. Next step: comms shutoff propose")


def _echo_orders(at: Office, found: list[FieldOrder], numbers: dict[int, str]) -> None:
    labels = {key: words.en for key, words in at.city.service_labels.items()}
    for order in found:
        what = f"{order.kind} {field.in_words(field.services_of(order), labels)}"
        ended = f": {order.result}" if order.result else ""
        click.echo(
            f"{order.number:<13} {order.state.replace('_', ' '):<9} {numbers[order.account_id]:<14} "
            f"${order.amount_cents / 100:>9,.2f}  {what}{ended}"
        )


def _echo_missing(missing: list[str] | tuple[str, ...]) -> None:
    for words in missing:
        click.echo(f"  missing  {words}")


def _as_json(one: Sufficiency) -> dict[str, Any]:
    return {
        "account": one.number, "name": one.name, "amount_cents": one.amount_cents, "passes": one.passes,
        "services": [due.as_json() for due in one.services],
        "evidence": [proof.as_json() for proof in one.evidence], "missing": list(one.missing),
        "establish": list(one.establish),
    }  # fmt: skip


def _list_as_json(made: FieldList) -> dict[str, Any]:
    return {
        "list": made.name, "kind": made.kind, "for": made.for_day, "state": made.state, "made_by": made.made_by,
        "approved_by": made.approved_by, "issued_at": made.issued_at,
    }  # fmt: skip


def _order_as_json(order: FieldOrder, numbers: dict[int, str]) -> dict[str, Any]:
    return {
        "order": order.number, "kind": order.kind, "state": order.state, "account": numbers[order.account_id],
        "services": order.services, "amount_cents": order.amount_cents, "evidence": order.evidence,
        "ended_at": order.ended_at, "result": order.result, "by": order.result_by,
    }  # fmt: skip


def _numbers(session: Session, found: list[FieldOrder]) -> dict[int, str]:
    ids = {order.account_id for order in found}
    return dict(session.execute(select(Account.id, Account.number).where(Account.id.in_(ids))).all())


def _account(session: Session, number: str) -> Account:
    found = finding.by_number(session, number)
    if found is None:
        raise Refused(f"No account {number}. Search by name: comms history --find")
    return found


def _day(at: Office, given: datetime | None) -> date:
    return given.date() if given else at.city.next_business_day(at.city.local_date(at.clock.now()))
