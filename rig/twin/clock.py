"""The virtual bench's time: virtual, advancing when somebody waits, or the real one."""

from __future__ import annotations

import threading
import time
from typing import Protocol

__all__ = ["RealTime", "Time", "VirtualTime"]


class Time(Protocol):
    """Seconds since the virtual bench came to be."""

    def now(self) -> float:
        """Return the present time, s."""

    def wait_until(self, moment: float) -> None:
        """Return when it is that late, or when the bench closes."""

    def close(self) -> None:
        """Let everybody who waits go."""


class VirtualTime:
    """Time that passes only because somebody waits; the latest moment waited for is now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = 0.0

    def now(self) -> float:
        """Return the present virtual time, s."""
        with self._lock:
            return self._now

    def wait_until(self, moment: float) -> None:
        """Make it that late, unless it is later already."""
        with self._lock:
            self._now = max(self._now, moment)

    def close(self) -> None:
        """Nobody waits for long here."""


class RealTime:
    """The computer's monotonic clock, from 0."""

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._closed = threading.Event()

    def now(self) -> float:
        """Return the seconds since the bench came to be."""
        return time.monotonic() - self._begin

    def wait_until(self, moment: float) -> None:
        """Return when it is that late, or when the bench closes."""
        while not self._closed.is_set():
            remaining = moment - self.now()
            if remaining <= 0:
                return
            self._closed.wait(remaining)

    def close(self) -> None:
        """Let everybody who waits go."""
        self._closed.set()
