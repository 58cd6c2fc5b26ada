"""A time that passes only when a test says so, for timers that watch whether a process is alive."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

_PATIENCE = 60.0


class HandTime:
    """Give it to a world as its pace; whatever :meth:`advance` makes due has happened when it returns."""

    def __init__(self) -> None:
        self._now = 0.0
        self._known: set[threading.Condition] = set()
        self._waiting: dict[threading.Condition, float] = {}

    def now(self) -> float:
        return self._now

    def wait(self, changed: threading.Condition, seconds: float | None) -> None:
        self._waiting[changed] = math.inf if seconds is None else self._now + seconds
        self._known.add(changed)
        changed.wait()

    def advance(self, seconds: float) -> None:
        """Let time pass for every timer that was made, and there is at least one."""
        self._until(lambda: bool(self._known))
        self._now += seconds
        for changed in tuple(self._known):
            with changed:
                self._waiting.pop(changed, None)
                changed.notify()
        # A timer that waits again has seen the new time, and has acted before if that was due.
        self._until(lambda: all(self._waiting.get(changed, -math.inf) > self._now for changed in tuple(self._known)))

    def _until(self, reached: Callable[[], bool]) -> None:
        begin = time.monotonic()
        while not reached():
            if time.monotonic() - begin > _PATIENCE:
                raise TimeoutError
            threading.Event().wait(0.001)
