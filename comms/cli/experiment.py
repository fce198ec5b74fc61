"""``comms experiment``: champion and challenger of a policy held against each other."""

from typing import Any

import click

from comms.campaigns.experimenting import Arm, Experiment, NothingComparedError, compare
from comms.campaigns.intervals import Share
from comms.cli.opening import Refused, echo_json, office

MICROS = 1_000_000


@click.command()
@click.argument("policy")
@click.option("--version", type=click.IntRange(min=1), help="Of this version; else of the newest that compares.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def experiment(policy: str, version: int | None, as_json: bool) -> None:
    """Hold the champion and the challenger of POLICY against each other: cures, days to pay, contacts, cost, each with
    its range, and whether the numbers are too small to tell."""
    with office() as at, at.database.read() as session:
        try:
            found = compare(session, at.city, policy, at.clock.now(), version=version)
        except NothingComparedError as error:
            raise Refused(str(error)) from None
    if as_json:
        echo_json(as_data(found))
        return
    for line in in_words(found):
        click.echo(line)


def in_words(found: Experiment) -> list[str]:
    """The report as lines of text, a column for each way."""
    numbers = ", ".join(map(str, found.versions))
    champion, challenger = found.arms
    lines = [
        f"{found.title}: {found.policy}, version {numbers}, as of {found.on}.",
        f"Accounts are drawn from {found.first_on} to {found.last_on}. Ranges hold in 19 cases of 20.",
        "",
        _row("", "champion", "challenger"),
        _row("episodes opened", f"{champion.opened:,}", f"{challenger.opened:,}"),
        _row("cured so far", f"{champion.cured:,}", f"{challenger.cured:,}"),
    ]
    lines += [
        _row(f"cured within {days} days", _share(champion.within[days]), _share(challenger.within[days]))
        for days in champion.within
    ]
    lines += [
        _row("half had paid after", _days(champion), _days(challenger)),
        _row("contacts", f"{champion.contacts:,}", f"{challenger.contacts:,}"),
        _row("contacts per cured account", _per_cured(champion), _per_cured(challenger)),
        _row("cost per cured account", _cost(champion), _cost(challenger)),
        "",
    ]
    lines += [f"Within {one.days} days: {one.words}" for one in found.compared]
    return [*lines, "", found.words]


def _row(name: str, champion: str, challenger: str) -> str:
    return f"{name:<28}{champion:>31}{challenger:>31}".rstrip()


def _share(given: Share) -> str:
    if given.rate is None:
        return "none is so old yet"
    return f"{given.rate:.1%} of {given.of:,} ({given.low:.1%} to {given.high:.1%})"


def _days(arm: Arm) -> str:
    found = arm.days_to_pay
    if found.value is None:
        return "not half of them yet"
    low, high = (f"{edge:.0f}" if edge is not None else "?" for edge in (found.low, found.high))
    return f"{found.value:.0f} days ({low} to {high})"


def _per_cured(arm: Arm) -> str:
    return "-" if arm.contacts_per_cured is None else f"{arm.contacts_per_cured:.1f}"


def _cost(arm: Arm) -> str:
    return "-" if arm.cost_per_cured is None else f"${arm.cost_per_cured / MICROS:,.2f}"


def as_data(found: Experiment) -> dict[str, Any]:
    """The report for a program; rates between 0 and 1, cost in millionths of a dollar."""
    return {
        "policy": found.policy, "title": found.title, "versions": list(found.versions), "on": found.on,
        "drawn_from": found.first_on, "drawn_to": found.last_on, "words": found.words,
        "arms": [_arm(arm) for arm in found.arms],
        "compared": [
            {
                "days": one.days, "difference": one.difference.value, "low": one.difference.low,
                "high": one.difference.high, "tells": one.tells, "more_wanted": one.more_wanted, "words": one.words,
            }
            for one in found.compared
        ],
    }  # fmt: skip


def _arm(arm: Arm) -> dict[str, Any]:
    return {
        "arm": arm.name, "opened": arm.opened, "cured": arm.cured, "contacts": arm.contacts,
        "cost_micros": arm.cost_micros, "contacts_per_cured": arm.contacts_per_cured,
        "cost_per_cured_micros": arm.cost_per_cured,
        "days_to_pay": {
            "median": arm.days_to_pay.value, "low": arm.days_to_pay.low, "high": arm.days_to_pay.high,
            "ended": arm.days_to_pay.ended, "going_on": arm.days_to_pay.going_on,
        },
        "within": {
            str(days): {"cured": one.count, "of": one.of, "rate": one.rate, "low": one.low, "high": one.high}
            for days, one in arm.within.items()
        },
    }  # fmt: skip
