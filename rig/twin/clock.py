"""The virtual bench's time: virtual, advancing when somebody waits, or the real one."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Countdown", "Monotonic", "Pace", "RealTime", "Time", "VirtualTime"]


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


class Pace(Protocol):
    """The time in which processes live, whatever the bench's time is."""

    def now(self) -> float:
        """Return the present time from an arbitrary origin, s."""

    def wait(self, changed: threading.Condition, seconds: float | None) -> None:
        """Return when notified or so much later; the condition's lock is held on entry and on return."""


class Monotonic:
    """The computer's monotonic clock."""

    def now(self) -> float:
        """Return the present time from an arbitrary origin, s."""
        return time.monotonic()

    def wait(self, changed: threading.Condition, seconds: float | None) -> None:
        """Return when notified or so much later; the condition's lock is held on entry and on return."""
        changed.wait(seconds)


class Countdown:
    """A timer that acts once when it has run out.

    It watches whether a process is alive, so it runs at the pace of processes and not in the bench's time.

    Parameters
    ----------
    act : called by a thread of its own, holding ``lock``
    lock : guards what is acted upon; whoever restarts or cancels while holding it is never overtaken by an old end
    pace : how time passes for it
    """

    def __init__(self, act: Callable[[], None], lock: threading.RLock, pace: Pace) -> None:
        self._act, self._pace = act, pace
        self._changed = threading.Condition(lock)
        self._end: float | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._watch, name="countdown", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it has been started and has not run out."""
        with self._changed:
            return self._end is not None

    def restart(self, seconds: float) -> None:
        """Run out in so many seconds from now, whatever was said before."""
        with self._changed:
            self._end = self._pace.now() + seconds
            self._changed.notify()

    def cancel(self) -> None:
        """Never run out, unless restarted."""
        with self._changed:
            self._end = None
            self._changed.notify()

    def close(self) -> None:
        """End the thread without acting; may be called twice."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _watch(self) -> None:
        with self._changed:
            while not self._closed:
                left = None if self._end is None else self._end - self._pace.now()
                if left is None or left > 0:
                    self._pace.wait(self._changed, left)
                else:
                    self._end = None
                    self._act()
