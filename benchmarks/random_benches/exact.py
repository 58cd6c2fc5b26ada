"""The exact signal behind a record of a train: its pulses, and one of them looked at closely."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from benchmarks.random_benches.trains import Plan
from rig.twin.signal import Piecewise
from rig.twin.world import World

__all__ = ["Phase", "TrainTruth"]


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One phase of the exact signal: instants in s, figures as magnitudes."""

    start: float
    stop: float
    top: float
    peak: float
    charge: float
    rise: float
    fall: float
    droop: float
    sign: int


@dataclass(kw_only=True)
class TrainTruth:
    """The true values, from the exact signal, for the pulses that were found.

    All pulses of a train have the same shape, so that one is looked at closely.
    """

    plan: Plan
    world: World
    signal: Piecewise
    starts: np.ndarray
    whole: np.ndarray
    record: tuple[float, float]
    window: tuple[float, float] | None

    @cached_property
    def commanded(self) -> list[tuple[float, float, int]]:
        """All phases as commanded: begin, end (its last transition included), direction."""
        ramp = self.world.output.ramp
        return [
            (pulse.start + begin, pulse.start + end + ramp, sign)
            for pulse in self.world.pulses(self.signal.start, self.signal.stop)
            for begin, end, sign in pulse.phases
        ]

    @cached_property
    def begins(self) -> np.ndarray:
        """When every pulse that was found truly began, s: the nearest pulse of the world."""
        return np.array([self.all_begins[np.abs(self.all_begins - start).argmin()] for start in self.starts])

    @cached_property
    def all_begins(self) -> np.ndarray:
        """When every pulse of the world began, s."""
        return np.array([begin for begin, _, _ in self.commanded[:: self.plan.shape.phases]])

    def phases(self) -> list[Phase]:
        """Return the phases of the first whole pulse that was found."""
        number = int(np.flatnonzero(self.whole)[0])
        at = self.begins[number]
        mine = [one for one in self.commanded if one[0] >= at - 1e-9][: self.plan.shape.phases]
        return [self._phase(*one) for one in mine]

    def _phase(self, begin: float, end: float, sign: int) -> Phase:
        signal = self.signal * float(sign)
        own = signal.first_crossing(0.0, 1, begin, end) or begin
        if signal.at(begin) >= 0:
            own = begin
        _low, high = signal.extremes(own, end)
        left = signal.first_crossing(0.0, -1, own + 1e-9, end) or end
        ramp = self.world.output.ramp
        middle = 0.5 * (own + end)
        top = signal.at(middle)

        def up(part: float) -> float:
            return signal.first_crossing(part * top, 1, begin - 1e-9, middle) or math.nan

        def down(part: float) -> float:
            return signal.first_crossing(part * top, -1, end - ramp - 1e-9, end + 1e-9) or math.nan

        start, stop = up(0.5), down(0.5)
        # The state of a plateau that falls is the level half way between its 50 % crossings.
        for _ in range(3):
            top = signal.at(0.5 * (start + stop))
            start, stop = up(0.5), down(0.5)
        return Phase(
            start=start,
            stop=stop,
            top=top,
            peak=high,
            charge=signal.integral(own, left),
            rise=up(0.9) - up(0.1),
            fall=down(0.1) - down(0.9),
            droop=self._droop(signal, own + ramp, end - ramp - 1e-9, start, stop),
            sign=sign,
        )

    def _droop(self, signal: Piecewise, a: float, b: float, start: float, stop: float) -> float:
        """The level at the 50 % crossings, from two instants of a plateau that falls in a straight line or decays."""
        first, last = signal.at(a), signal.at(b)
        if self.plan.exponential:
            rate = math.log(first / last) / (b - a)
            return 1 - math.exp(-rate * (stop - start))
        slope = (last - first) / (b - a)
        return -slope * (stop - start) / (first - slope * (a - start))
