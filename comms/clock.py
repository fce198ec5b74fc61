"""The one place that knows what time it is.

Everything that asks for the time takes a ``Clock``. The system clock is the default; ``COMMS_CLOCK`` may name a small
JSON file that several processes share, so that a demonstration or a test can move all of them at once.
"""

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class ClockError(Exception):
    """The shared clock cannot be read: what is wrong with its file, and what to do."""


class Clock(Protocol):
    """What time it is, as an aware UTC datetime."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock for tests: it stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    def set(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        self._at += by


class FileClock:
    """A clock that every process reading the same file shares.

    The file holds ``{"at": ISO instant, "set": real Unix time}``; the clock reads ``at`` plus the real time passed
    since ``set``, so it runs at the usual speed from wherever it was last put. A file that is not there or holds
    something else is a ``ClockError``: no other time is taken for it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._offset = timedelta()

    def now(self) -> datetime:
        try:
            stat = self._path.stat()
            seen = (stat.st_mtime_ns, stat.st_ino)
            if seen != self._seen:
                stored = json.loads(self._path.read_text("utf-8"))
                self._offset = datetime.fromisoformat(stored["at"]) - datetime.fromtimestamp(stored["set"], UTC)
                self._seen = seen
            return datetime.now(UTC) + self._offset
        except (OSError, ValueError, TypeError, LookupError, OverflowError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else "it holds no time of a clock"
            raise ClockError(
                f"COMMS_CLOCK names the clock file {self._path}, which cannot be read: {why}. "
                "Next step: leave COMMS_CLOCK empty for this machine's own clock, or name the file of a demonstration."
            ) from error

    @staticmethod
    def put(path: Path, at: datetime) -> None:
        """Set the shared clock to ``at`` (aware), in one atomic step."""
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(f".{os.getpid()}.tmp")
        scratch.write_text(json.dumps({"at": at.astimezone(UTC).isoformat(), "set": time.time()}), "utf-8")
        scratch.replace(path)


def clock_from(setting: str) -> Clock:
    """The clock that ``COMMS_CLOCK`` names: empty for the machine's own, else a path to a shared clock file."""
    return FileClock(Path(setting)) if setting else SystemClock()
