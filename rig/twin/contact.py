"""A contact that is opened and closed: when it was what, and what is left of a signal behind it."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from rig.twin.signal import Piecewise

__all__ = ["Contact"]


class Contact:
    """The contact in series with the stimulator's output; closed from ever on, until told otherwise."""

    def __init__(self) -> None:
        self._times: list[float] = []
        self._states = [True]

    @property
    def closed(self) -> bool:
        """Whether it is closed now."""
        return self._states[-1]

    @property
    def times(self) -> tuple[float, ...]:
        """When it was told anything, s."""
        return tuple(self._times)

    def set(self, closed: bool, now: float) -> None:
        """Open or close it; ``now`` must not lie before an earlier change."""
        self._times.append(now)
        self._states.append(closed)

    def closed_at(self, moment: float) -> bool:
        """Whether it is closed at a moment."""
        return self._states[bisect_right(self._times, moment)]

    def always_closed(self, start: float, stop: float) -> bool:
        """Whether it is closed from start to stop without a break."""
        return all(self._states[bisect_right(self._times, start) : bisect_right(self._times, stop) + 1])

    def through(self, signal: Piecewise) -> Piecewise:
        """Return the signal where the contact is closed, and zero where it is open."""
        return self._kept(signal, closed=True)

    def before(self, signal: Piecewise) -> Piecewise:
        """Return the signal where the contact is open, and zero where it is closed."""
        return self._kept(signal, closed=False)

    def _kept(self, signal: Piecewise, *, closed: bool) -> Piecewise:
        split = signal.split_at(np.array(self._times))
        states = np.array(self._states)[np.searchsorted(self._times, split.edges[:-1], side="right")]
        return split.only(states == closed)
