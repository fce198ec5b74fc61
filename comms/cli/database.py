"""``comms migrate``."""

import click

from comms.cli.opening import office
from comms.migrating import migrate as run


@click.command()
def migrate() -> None:
    """Bring the database to this version of the service; run it after every update."""
    with office() as at:
        before, after = run(at.database)
    if before == after:
        click.echo(f"The database is up to date ({after}).")
    else:
        click.echo(f"The database went from {before or 'empty'} to {after}.")
