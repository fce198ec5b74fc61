"""``comms weather``: take in a feed of weather alerts, and show what is in force in the city's county."""

from pathlib import Path

import click

from comms.cli.opening import Refused, echo_json, office

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")


@click.group()
def weather() -> None:
    """Alerts of the weather service: during heat alerts nobody is disconnected, nor while the feed is old."""


@weather.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@_JSON
def import_(file: Path, as_json: bool) -> None:
    """Take in FILE: the JSON of api.weather.gov/alerts/active, or a CSV (see docs/operations.md).

    Exit codes: 0 taken in, or known; 1 alerts were refused; 2 the file cannot be read, nothing changed.
    """
    from comms.weather import FeedError, take_in

    with office() as at:
        try:
            done = at.database.run(lambda session: take_in(session, at.city, at.clock, file))
        except FeedError as error:
            raise Refused(str(error)) from None
    if as_json:
        echo_json(vars(done))
    elif not done.news:
        click.echo(f"{file.name} of {done.issued_at:%Y-%m-%d %H:%M} UTC, or a newer one, was read before.")
    else:
        click.echo(f"Read: {done.alerts:,} alerts by area, {done.ended:,} ended, {len(done.refused):,} refused.")
    for sentence in () if as_json else done.refused:
        click.echo(f"Refused: {sentence}")
    raise SystemExit(1 if done.refused else 0)


@weather.command()
@_JSON
def show(as_json: bool) -> None:
    """What is in force in the city's county now, and how old the feed is. Exit code 1 when none was ever read."""
    from comms.weather import weather_for

    with office() as at, at.database.read() as session:
        now = at.clock.now()
        found = weather_for(session, at.city, now)
        place, zone = f"{at.city.county} County, {at.city.state}", at.city.zone
    if as_json:
        echo_json({"county": place, "issued_at": found.issued_at, "alerts": found.alerts})
    elif found.issued_at is None:
        click.echo("No weather feed was ever read. Next step: set WEATHER_FEED, or run comms weather import FILE")
    else:
        hours = (now - found.issued_at).total_seconds() / 3600
        click.echo(f"{place}: {', '.join(found.alerts) or 'no alert in force'}.")
        click.echo(f"By the feed of {found.issued_at.astimezone(zone):%Y-%m-%d %H:%M}, {hours:.1f} hours old.")
    raise SystemExit(1 if found.issued_at is None else 0)
