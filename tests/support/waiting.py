"""Waiting for something that another process does: asked again and again, with a deadline, and never a fixed pause."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

EVERY = 0.02
"""Seconds between two looks."""


def until(what: str, look: Callable[[], T], *, seconds: float = 60) -> T:
    """The first true answer of ``look``; an ``AssertionError`` naming ``what`` when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"{what} did not come about within {seconds:.0f} s"
        time.sleep(EVERY)
    return found
