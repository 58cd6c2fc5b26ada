"""What the stimulator's output is connected to, and when: the load box behind the interlock's contact."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rig.twin.contact import Contact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.twin.network import Network

__all__ = ["Connection", "Span"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The load box, unchanged from ``begin`` to ``end`` and before that already ``since``; s."""

    load: Network | None
    since: float
    begin: float
    end: float


class Connection:
    """The history of load box and contact; None stands for an open circuit."""

    def __init__(self) -> None:
        self.contact = Contact()
        self._times = [-math.inf]
        self._loads: list[Network | None] = [None]
        self._met: tuple[tuple[float, Network | None], ...] | None = None

    def connect(self, load: Network | None, now: float) -> None:
        """Put the load box into another position; ``now`` must not lie before an earlier change."""
        self._times.append(now)
        self._loads.append(load)
        self._met = None

    def close(self, closed: bool, now: float) -> None:
        """Close or open the contact; ``now`` must not lie before an earlier change."""
        self.contact.set(closed, now)
        self._met = None

    def at(self, moment: float) -> Network | None:
        """Return what the output meets at a moment."""
        if not self.contact.closed_at(moment):
            return None
        return self._loads[bisect_right(self._times, moment) - 1]

    def spans(self, start: float, stop: float) -> Iterator[Span]:
        """Yield the load box's positions from start to stop, in order; none is empty."""
        for k in range(bisect_right(self._times, start) - 1, len(self._times)):
            since = self._times[k]
            end = self._times[k + 1] if k + 1 < len(self._times) else math.inf
            if since >= stop:
                return
            if end > since:
                yield Span(load=self._loads[k], since=since, begin=max(since, start), end=min(end, stop))

    def met(self) -> tuple[tuple[float, Network | None], ...]:
        """Return what the output has met, each from which moment on, beginning with what was there from ever on."""
        if self._met is None:
            moments = sorted({*self._times, *self.contact.times})
            self._met = tuple((moment, self.at(moment)) for moment in moments)
        return self._met

    def gaps(self) -> tuple[tuple[float, float], ...]:
        """Return when the circuit was open, from and to, as far as that has ended."""
        gaps, opened = [], math.inf
        for moment, load in self.met():
            if load is None:
                opened = min(opened, moment)
            elif opened < math.inf:
                gaps.append((opened, moment))
                opened = math.inf
        return tuple(gaps)
