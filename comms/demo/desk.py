"""The last screen: the desk is open, who may sign in, and what to try first."""

import secrets

import click

from comms import reports
from comms.desk.access.users import add_user

from . import today
from .people import STAFF, Person
from .stage import Stage
from .words import heading, say

GUIDE = "docs/desk.md"


def open_for_visitors(on: Stage) -> None:
    """Let the staff of the story sign in, with one password made for this demonstration, and say how to begin."""
    at = on.office
    password = "-".join(secrets.token_hex(2) for _ in range(3))
    with at.database.begin() as session:
        for one in STAFF:
            add_user(session, username=one.username, name=one.name, role=one.role, password=password, at=on.now())
    reports.count(at.database, at.city, at.clock)
    heading("The desk is open")
    say(f"Address:    {on.url}")
    say("User name:  " + _line(STAFF[0]))
    for one in STAFF[1:]:
        say(" " * 12 + _line(one))
    say(f"Password:   {password}   (for each of them)")
    say()
    if (first := today.to_begin_with(on)) is not None:
        say(f"Find:       {first[1]}, who wrote this morning: {on.url}/accounts/{first[0]}")
    if (run_id := today.waiting_run(on)) is not None:
        say(f"Let go:     tonight's run, as {STAFF[1].username}: {on.url}/campaigns/{run_id}")
    say(f"A first hour at the desk, step by step: {GUIDE}")
    click.echo("\nCtrl-C ends it.")


def _line(one: Person) -> str:
    return f"{one.username:<10} {one}, {one.role}: {one.does}"
