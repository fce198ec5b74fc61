"""``comms user``: who may sign in to the desk."""

import sys

import click

from comms.cli.opening import Refused, echo_json, office
from comms.desk import users
from comms.desk.passwords import SHORTEST, WeakPasswordError
from comms.desk.permissions import ROLES

_FROM_STDIN = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input, one line, instead of asking."
)


@click.group()
def user() -> None:
    """Who may sign in to the desk."""


@user.command()
@click.argument("username")
@click.option("--name", default="", help="The name that colleagues see; the user name when left out.")
@click.option("--role", type=click.Choice(list(ROLES)), default="collector", show_default=True)
@_FROM_STDIN
def add(username: str, name: str, role: str, password_stdin: bool) -> None:
    """Make a user. USERNAME is what they sign in with, such as j.park."""
    password = _password(password_stdin)
    with office() as at:
        try:
            with at.database.begin() as session:
                users.add_user(
                    session, username=username, name=name, role=role, password=password, at=at.clock.now()
                )  # fmt: skip
        except (users.UserError, WeakPasswordError) as error:
            raise Refused(str(error)) from None
        click.echo(f"{users.folded(username)} may sign in at {at.settings.public_url}/sign-in as {role}.")


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def list_(as_json: bool) -> None:
    """All users, with their roles; passwords are kept as hashes and cannot be shown."""
    with office() as at, at.database.read() as session:
        found = users.all_users(session)
    if as_json:
        echo_json([{"username": u.username, "name": u.name, "role": u.role, "active": u.active} for u in found])
        return
    if not found:
        click.echo("Nobody may sign in yet. Make the first user: comms user add USERNAME --role administrator")
    for each in found:
        click.echo(f"{each.username:<20} {each.role:<14} {each.name}{'' if each.active else '  (disabled)'}")


@user.command()
@click.argument("username")
@_FROM_STDIN
def password(username: str, password_stdin: bool) -> None:
    """Give a user a new password; it signs them out everywhere, and lets a disabled user in again."""
    chosen = _password(password_stdin)
    with office() as at:
        try:
            with at.database.begin() as session:
                users.set_password(session, username, chosen, at.clock.now())
        except (users.UserError, WeakPasswordError) as error:
            raise Refused(str(error)) from None
    click.echo(f"{users.folded(username)} has a new password and is signed out everywhere.")


@user.command()
@click.argument("username")
def disable(username: str) -> None:
    """Keep a user out from now on; what they did stays under their name."""
    with office() as at:
        try:
            with at.database.begin() as session:
                users.disable(session, username, at.clock.now())
        except users.UserError as error:
            raise Refused(str(error)) from None
    click.echo(f"{users.folded(username)} may not sign in any more and is signed out everywhere.")


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt(f"Password (at least {SHORTEST} characters)", hide_input=True, confirmation_prompt=True))
