"""The interlock's contact as the supervisor handles it: every call in its time, every change seen to have happened."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rig.errors import BenchError
from rig.guard.make_safe import Step, in_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from rig.guard.make_safe import Boxed
    from rig.roles import Interlock

__all__ = ["WATCH", "Contact"]

WATCH = 0.25  # between two looks at a contact that needs no refreshing, s
_REFRESHES_PER_HOLD = 4  # one more than the three that must happen, as a tick may come late


class Contact:
    """One interlock; ``limit`` is the longest time of one call, s. What goes wrong is raised, nothing is decided."""

    def __init__(
        self, interlock: Interlock, *, now: Callable[[], float], boxed: Boxed = in_time, limit: float = 0.25
    ) -> None:
        self._interlock, self._now, self._boxed, self._limit = interlock, now, boxed, limit
        self._refreshed = -math.inf

    def closed(self) -> bool:
        """Whether the contact reports to be closed."""
        return self._boxed(self._interlock.enabled, self._limit)

    def close(self) -> None:
        """Close the contact, having seen that it is open: a report that never changes tells nothing."""
        if self.closed():
            raise BenchError("it reported closed before it was told to close")
        self._enable()
        if not self.closed():
            raise BenchError("it reports open")

    def due(self) -> bool:
        """Whether it is time to refresh or to look."""
        hold = self._interlock.hold_time
        return self._now() - self._refreshed >= (WATCH if hold is None else min(WATCH, hold / _REFRESHES_PER_HOLD))

    def refresh(self) -> None:
        """Keep the contact closed; one that may have opened is not closed again by refreshing it."""
        if not self.closed():
            raise BenchError("it opened by itself")
        gap, hold = self._now() - self._refreshed, self._interlock.hold_time
        if hold is not None and gap >= hold:
            raise BenchError(f"{gap:.3f} s have passed, it holds for {hold:g} s")
        self._enable()

    def opening(self) -> tuple[Step, Step]:
        """Return the steps that open the contact and see that it is open."""
        return (
            Step(name="open the interlock", action=self._interlock.disable, limit=self._limit),
            Step(name="see that it is open", action=self._see_open, limit=self._limit),
        )

    def _enable(self) -> None:
        begun = self._now()
        # A command that hung may reach the contact after all, when everything else is over: it is taken back then.
        self._boxed(self._interlock.enable, self._limit, if_late=self._interlock.disable)
        self._refreshed = begun

    def _see_open(self) -> None:
        if self._interlock.enabled():
            raise BenchError("did not open")
