"""How the demonstration tells its story: numbered headings, lines, money, and bars for what takes a moment."""

import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from comms.money import dollars

CHANNELS = {"sms": "text", "email": "email", "letter": "letter"}
WIDTH = 112
MICROS = 10_000
"""Millionths of a dollar in a cent."""


def heading(words: str) -> None:
    """A chapter begins."""
    click.echo(f"\n{words}\n{'-' * len(words)}")


def say(words: str = "", indent: int = 1) -> None:
    """A sentence, on as many lines as it needs."""
    begins = "  " * indent
    click.echo(_filled(words, begins, f"{begins}  "))


def row(count: int, words: str, indent: int = 2) -> None:
    """A line of a table: a number, and what it counts."""
    begins = "  " * indent
    click.echo(_filled(words, f"{begins}{count:>6,}  ", f"{begins}{'':>8}"))


def _filled(words: str, first: str, others: str) -> str:
    return textwrap.fill(words, WIDTH, initial_indent=first, subsequent_indent=others, break_on_hyphens=False)


def money(cents: int) -> str:
    return dollars(cents)


def cost(micros: int) -> str:
    return money(round(micros / MICROS))


def by_channel(channels: Mapping[str, int]) -> str:
    """``704 by text, 63 by letter``."""
    known = [(CHANNELS[channel], channels[channel]) for channel in CHANNELS if channels.get(channel)]
    return ", ".join(f"{many:,} by {channel}" for channel, many in known)


def many(count: int, one: str, more: str = "") -> str:
    """``1 letter``, ``2 letters``."""
    return f"{count:,} {one if count == 1 else more or f'{one}s'}"


def day(on: date) -> str:
    """``Mon Nov 23``, with the year after the first one of the story."""
    return f"{on:%a %b} {on.day}" + (f", {on.year}" if on.year != 2026 else "")


@contextmanager
def bar(words: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on standard error, as ``update(done, total)``."""
    columns = (SpinnerColumn(), TextColumn(f"{words:<34}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(words, total=None)

        def update(done: int, total: int | None) -> None:
            shown.update(task, completed=done, total=total)

        yield update
