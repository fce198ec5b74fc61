"""``comms user``: who may sign in to the desk."""

import getpass
import sys
from collections.abc import Callable
from datetime import datetime

import click
from sqlalchemy.orm import Session

from comms.cli.opening import Refused, echo_json, office
from comms.desk.access import users
from comms.desk.access.audit import note_down
from comms.desk.access.passwords import SHORTEST, WeakPasswordError
from comms.desk.access.permissions import ROLES

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
@click.option("--email", default="", help="The address that single sign-on knows them by.")
@click.option("--sso", is_flag=True, help="No password: they come in by single sign-on alone. Needs --email.")
@_FROM_STDIN
def add(username: str, name: str, role: str, email: str, sso: bool, password_stdin: bool) -> None:
    """Make a user. USERNAME is what they sign in with, such as j.park."""
    if sso and not email:
        raise Refused("Without a password they are known by their email address. Next step: --email ADDRESS")
    password = "" if sso else _password(password_stdin)

    def do(session: Session, at: datetime) -> None:
        if not sso and not password:
            raise WeakPasswordError(f"A password has at least {SHORTEST} characters; three or four words do well.")
        users.add_user(session, username=username, name=name, role=role, password=password, at=at, email=email)

    url = _change("user.added", username, do, f"role: {role}")
    click.echo(f"{users.folded(username)} may sign in at {url}/sign-in as {role}.")


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def list_(as_json: bool) -> None:
    """All users, with their roles; passwords are kept as hashes and cannot be shown."""
    with office() as at, at.database.read() as session:
        found = users.all_users(session)
    if as_json:
        echo_json(
            [
                {
                    "username": u.username, "name": u.name, "role": u.role, "active": u.active, "email": u.email,
                    "codes": u.totp_since is not None, "sso": u.sso_subject is not None,
                }
                for u in found
            ]
        )  # fmt: skip
        return
    if not found:
        click.echo("Nobody may sign in yet. Make the first user: comms user add USERNAME --role administrator")
    for each in found:
        marks = [
            word for word, is_so in (
                ("codes", each.totp_since is not None), ("city account", each.sso_subject is not None),
                ("disabled", not each.active),
            ) if is_so
        ]  # fmt: skip
        aside = f"  ({', '.join(marks)})" if marks else ""
        click.echo(f"{each.username:<20} {each.role:<14} {each.name}{aside}")


@user.command()
@click.argument("username")
@_FROM_STDIN
def password(username: str, password_stdin: bool) -> None:
    """Give a user a new password; it signs them out everywhere, and lets a disabled user in again."""
    chosen = _password(password_stdin)
    _change("user.password_given", username, lambda session, at: users.set_password(session, username, chosen, at))
    click.echo(f"{users.folded(username)} has a new password and is signed out everywhere.")


@user.command()
@click.argument("username")
@click.option("--name", help="The name that colleagues see.")
@click.option("--role", type=click.Choice(list(ROLES)))
@click.option("--email", help="The address that single sign-on knows them by; empty for none.")
def change(username: str, name: str | None, role: str | None, email: str | None) -> None:
    """Give a user another name, role or email address. A new role holds at once."""
    said: list[str] = []

    def do(session: Session, _: datetime) -> None:
        found = users.existing(session, username)
        said.extend(
            users.change_user(
                session, username, name=found.name if name is None else name, role=role or found.role,
                email=(found.email or "") if email is None else email,
            )
        )  # fmt: skip

    _change("user.changed", username, do)
    click.echo(f"{users.folded(username)}: {'; '.join(said) or 'nothing is different'}.")


@user.command()
@click.argument("username")
def disable(username: str) -> None:
    """Keep a user out from now on; what they did stays under their name."""
    _change("user.disable", username, lambda session, at: users.disable(session, username, at))
    click.echo(f"{users.folded(username)} may not sign in any more and is signed out everywhere.")


@user.command()
@click.argument("username")
def enable(username: str) -> None:
    """Let a disabled user in again, with the password they had."""
    _change("user.enable", username, lambda session, _: users.enable(session, username))
    click.echo(f"{users.folded(username)} may sign in again.")


@user.command("codes-off")
@click.argument("username")
def codes_off(username: str) -> None:
    """Ask a user for no one-time codes any more: the phone is lost, or SECRET_KEY was changed."""
    _change("user.codes_off", username, lambda session, at: users.take_codes_off(session, username, at))
    click.echo(f"{users.folded(username)} is asked for no codes any more, and is signed out everywhere.")


@user.command()
@click.argument("username")
def untie(username: str) -> None:
    """Forget which city account a user has, for a new one with the same email address."""
    _change("user.untie", username, lambda session, at: users.untie(session, username, at))
    click.echo(f"{users.folded(username)} has no city account until somebody with the same email address comes in.")


@user.command("sign-out")
@click.argument("username")
def sign_out(username: str) -> None:
    """Sign a user out everywhere."""
    _change("user.sign_out", username, lambda session, at: users.sign_out_everywhere(session, username, at))
    click.echo(f"{users.folded(username)} is signed out everywhere.")


def _change(action: str, username: str, do: Callable[[Session, datetime], None], what: str = "") -> str:
    """Change a user and write it down in the audit, under the login of who runs the command; the desk's address."""
    with office() as at:
        try:
            with at.database.begin() as session:
                do(session, at.clock.now())
                note_down(
                    session, username=f"command:{getpass.getuser()}", action=action, at=at.clock.now(),
                    facts={"user": users.folded(username)} | ({"what": what} if what else {}),
                )  # fmt: skip
        except (users.UserError, WeakPasswordError) as error:
            raise Refused(str(error)) from None
        return at.settings.public_url


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(click.prompt(f"Password (at least {SHORTEST} characters)", hide_input=True, confirmation_prompt=True))
