"""The demonstration: the main job from end to end on this machine, with real workers, local carriers and true counts.

It runs on a clock of its own, from Monday 2026-11-23, 10:00 in the city, so that it goes alike on any day.
"""

from .stage import DemoError
from .story import run

__all__ = ["DemoError", "run"]
