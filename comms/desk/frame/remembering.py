"""Answers that take long to work out and stay the same: kept in the process for a while, a few at a time."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Remembered(Generic[Answer]):
    """The last ``most`` answers by what was asked, none older than ``age``."""

    def __init__(self, most: int, age: timedelta) -> None:
        self._most, self._age = most, age
        self._kept: OrderedDict[Hashable, tuple[datetime, Answer]] = OrderedDict()
        self._lock = Lock()

    def get(self, asked: Hashable, now: datetime, find: Callable[[], Answer]) -> Answer:
        """The answer that is kept, or what ``find`` finds now. Two that ask at once may both find it."""
        with self._lock:
            kept = self._kept.get(asked)
        if kept is not None and timedelta() <= now - kept[0] <= self._age:
            return kept[1]
        found = find()
        with self._lock:
            self._kept[asked] = (now, found)
            self._kept.move_to_end(asked)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return found
