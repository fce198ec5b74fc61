"""What the commands share: the office, JSON output, progress bars, and refusals that say what to do."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from comms.city.profile import CityError
from comms.clock import ClockError
from comms.logs import configure
from comms.office import Office
from comms.settings import Settings, faults


class Refused(click.ClickException):
    """A command that cannot be done as asked: a sentence and a next step, exit code 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


def read_settings() -> Settings:
    """The settings of the environment; refused with the name of what is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        raise Refused(
            "The settings cannot be used. " + "; ".join(faults(error)) + ". Next step: comms doctor"
        ) from None


@contextmanager
def office() -> Iterator[Office]:
    """The office that the environment describes, closed at the end. What is logged goes to standard error, so that
    standard output is the answer alone."""
    configure("WARNING")
    try:
        opened = Office.open(read_settings())
        opened.clock.now()
    except (CityError, ClockError) as error:
        raise Refused(str(error)) from None
    try:
        yield opened
    finally:
        opened.close()


def echo_json(value: Any) -> None:
    """Print one JSON document for a program to read."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


@contextmanager
def progress(words: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, as ``update(done, total)``; nothing at all with ``quiet``."""
    if quiet:
        yield lambda _done, _total: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=False) as bar:
        task = bar.add_task(words, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
