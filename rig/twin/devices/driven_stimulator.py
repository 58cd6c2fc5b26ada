"""A stimulator without an interface of its own: a voltage asks for its current, and a trigger for its pulses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from rig.twin.stimulator import Point, Train

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rig.twin.config import DrivenConfig
    from rig.twin.world import World

__all__ = ["DrivenStimulator", "Gate", "Voltages"]

# Longer than any run: a current that is held until something else is asked for, s.
_FOREVER = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A counter's pulses: high and low for so long, after a delay, so many of them or without end; s."""

    high: float
    low: float
    delay: float
    count: int | None

    @property
    def period(self) -> float:
        """From rising edge to rising edge, s."""
        return self.high + self.low


@dataclass(frozen=True, slots=True, kw_only=True)
class Voltages:
    """Samples of a voltage, V, each held for the interval, s; repeated so often, or without end."""

    samples: tuple[float, ...]
    interval: float
    repeats: int | None

    def at(self, elapsed: float) -> float:
        """Return the voltage so long after the beginning; the last sample is held."""
        index = max(0, math.floor(elapsed / self.interval + 1e-6))
        if self.repeats is not None and index >= len(self.samples) * self.repeats:
            return self.samples[-1]
        return self.samples[index % len(self.samples)]


class DrivenStimulator:
    """Turns what stands at its two inputs into trains of the world; it is called while nothing else changes them."""

    def __init__(self, world: World, config: DrivenConfig) -> None:
        self._world, self._config = world, config
        self._volts = 0.0
        self._gate: Gate | None = None
        self._first = 0.0

    def hold(self, terminal: str, volts: float) -> None:
        """Take note that an analogue output stands at a voltage from now on."""
        if terminal != self._config.demand:
            return
        self._volts = volts
        if self._config.trigger is None:
            self._follow((Point(duration=_FOREVER, current=self._config.gain * volts),) if volts else ())
        elif self._gate is not None:
            self._regate(self._gate)

    def play(self, terminal: str, voltages: Voltages) -> bool:
        """Take note that an analogue output plays samples from now on; False where they cannot be followed.

        What is repeated must begin or end at rest, for as long as the stimulator takes to come to rest.
        """
        if terminal != self._config.demand or self._config.trigger is not None:
            return True
        runs = [(volts, len(list(same)) * voltages.interval) for volts, same in groupby(voltages.samples)]
        lead = runs.pop(0)[1] if runs[0][0] == 0 else 0.0
        rest = lead + (runs.pop()[1] if runs and runs[-1][0] == 0 else 0.0)
        points = tuple(Point(duration=seconds, current=self._config.gain * volts) for volts, seconds in runs)
        if points and voltages.repeats != 1 and rest <= self._world.output.ramp:
            return False
        period = len(voltages.samples) * voltages.interval
        self._follow(points, period=period, count=voltages.repeats, latency=lead)
        return True

    def pulse(self, terminal: str, gate: Gate) -> None:
        """Take note that a counter output gives pulses from now on."""
        if terminal == self._config.trigger:
            self._gate = gate
            self._first = self._world.now + gate.delay
            self._begin(gate, gate.delay, gate.count)

    def rest(self, terminal: str) -> None:
        """Take note that a counter output is low from now on."""
        if terminal == self._config.trigger and self._gate is not None:
            self._gate = None
            self._end()

    def _follow(
        self, points: Sequence[Point], *, period: float = _FOREVER, count: int | None = 1, latency: float = 0.0
    ) -> None:
        self._world.cut()
        if points:
            self._world.begin(Train(points=tuple(points), period=period, count=count), latency=latency)

    def _regate(self, gate: Gate) -> None:
        """Go on with another current where the counter is in its train."""
        elapsed = self._world.now - self._first
        given = max(0, math.ceil(elapsed / gate.period))
        left = None if gate.count is None else gate.count - given
        self._end()
        if left is None or left > 0:
            self._begin(gate, given * gate.period - elapsed, left)

    def _begin(self, gate: Gate, latency: float, count: int | None) -> None:
        points = self._pulse(gate)
        if points:
            self._world.begin(Train(points=points, period=gate.period, count=count), latency=latency)

    def _end(self) -> None:
        """End the train: a gate that closes cuts its pulse, a pulse of the stimulator's own is completed."""
        if self._config.phase_duration is None:
            self._world.cut()
        else:
            self._world.end()

    def _pulse(self, gate: Gate) -> tuple[Point, ...]:
        current = self._config.gain * self._volts
        if not current:
            return ()
        if self._config.phase_duration is None:
            return (Point(duration=gate.high, current=current),)
        first = Point(duration=self._config.phase_duration, current=current)
        if not self._config.biphasic:
            return (first,)
        rest = (Point(duration=self._config.interphase, current=0.0),) if self._config.interphase else ()
        return (first, *rest, Point(duration=self._config.phase_duration, current=-current))
