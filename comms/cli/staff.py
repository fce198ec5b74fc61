"""Who says so: the name and the role behind a decision that asks for one."""

import getpass

import click
from sqlalchemy.orm import Session

from comms.cli.opening import Refused
from comms.desk.access import users
from comms.desk.access.permissions import ROLES

BY = click.option(
    "--by", default=getpass.getuser, metavar="NAME", show_default="your login", help="Who does it, by name."
)
ROLE = click.option("--role", required=True, type=click.Choice(list(ROLES)), help="The role in which it is done.")


def known_as(session: Session, name: str, role: str | None = None) -> str:
    """The name to write down. A user of the desk must be active and have the role; other names are taken as given.

    Raises ``Refused``.
    """
    user = users.find_user(session, name)
    if user is None:
        if not name.strip():
            raise Refused("Nobody is named. Next step: --by and the name of the person who does it.")
        return name.strip()
    if not user.active:
        raise Refused(f"{user.username} may not sign in any more, and decides nothing. See: comms user list")
    if role is not None and user.role != role:
        raise Refused(f"{user.username} is a {user.role}, not a {role}. See: comms user list")
    return user.username
