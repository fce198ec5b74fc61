"""Ringing for the workers after a post was kept, without the carrier waiting for it.

Posts come in bursts. One ring a little later covers every post kept before it, so the first post of a burst starts a
short timer and the others leave it running. A ring that is lost costs nothing: the sweep looks every minute.
"""

import threading

from .contract import Bell

DELAY_SECONDS = 0.05


class QuietBell:
    """Rings ``housekeeping`` at most once in ``delay`` seconds, from a thread of its own."""

    def __init__(self, bell: Bell, delay: float = DELAY_SECONDS) -> None:
        self._bell = bell
        self._delay = delay
        self._lock = threading.Lock()
        self._pending = False

    def soon(self) -> None:
        """Something was kept."""
        with self._lock:
            if self._pending:
                return
            self._pending = True
        timer = threading.Timer(self._delay, self._ring)
        timer.daemon = True
        timer.start()

    def _ring(self) -> None:
        with self._lock:
            self._pending = False
        self._bell.ring("housekeeping")
