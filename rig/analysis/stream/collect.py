"""Phases as they come, put together in batches of a fixed number: tables of the first, statistics of all."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rig.analysis.outcome import ratio
from rig.analysis.stream.layout import PHASE, one_after_another
from rig.analysis.stream.tables import (
    Columns,
    PhaseTable,
    PulseTable,
    Scale,
    anchors,
    joined,
    phase_table,
    pulse_table,
    pulses_of,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rig.analysis.segment import Pulses
    from rig.analysis.stream.levels import Levels
    from rig.analysis.trace import Floats
    from rig.model.stimulus import Stimulus

__all__ = ["Collector", "Periods", "Spread"]

# A rest of this many periods ends a burst, as for whole records.
_BURST_GAP = 4.5
_ENDLESS = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Number, mean, extremes and standard deviation (n − 1; 0 for one item) of items; finite, n ≥ 1."""

    n: int
    mean: float
    minimum: float
    maximum: float
    std: float

    @classmethod
    def of(cls, values: Floats) -> Spread:
        """Return the spread of values, n ≥ 1."""
        return cls(
            n=len(values),
            mean=float(values.mean()),
            minimum=float(values.min()),
            maximum=float(values.max()),
            std=float(values.std(ddof=1)) if len(values) > 1 else 0.0,
        )

    def joined(self, other: Spread) -> Spread:
        """Return the spread of both together.

        >>> one, two = np.array([1.0, 2.0, 6.0]), np.array([4.0, 7.0])
        >>> Spread.of(one).joined(Spread.of(two)) == Spread.of(np.concatenate((one, two)))
        True
        """
        n = self.n + other.n
        step = other.mean - self.mean
        squares = (self.n - 1) * self.std**2 + (other.n - 1) * other.std**2 + step**2 * self.n * other.n / n
        return Spread(
            n=n,
            mean=self.mean + step * other.n / n,
            minimum=min(self.minimum, other.minimum),
            maximum=max(self.maximum, other.maximum),
            std=math.sqrt(squares / (n - 1)),
        )


@dataclass(slots=True, kw_only=True)
class Periods:
    """Integrals over all whole periods so far, in codes and samples, about the baseline."""

    begin: float = math.nan
    end: float = math.nan
    length: float = 0.0
    integral: float = 0.0
    square: float = 0.0
    magnitude: float = 0.0

    def add(self, phases: Columns, pulses: Pulses, after: Columns, pedestal: float) -> None:
        """Add the periods from pulse to pulse, up to the first phase of the pulse after them, where that is known."""
        first = phases.at(pulses.first).then(after)
        inside = np.flatnonzero(np.isfinite(first["start"]) | (first["unresolved"] != 0))
        if len(inside) < 2:  # noqa: PLR2004 - a period has two ends
            return
        begins = anchors(first.at(inside), "begin")
        here, there = begins.at(slice(-1)), begins.at(slice(1, None))
        self.length += float(here.length_to(there).sum())
        self.integral += float(here.integral_to(there, pedestal).sum())
        self.square += float(here.square_to(there, pedestal).sum())
        chain = phases.then(after)
        number = np.append(pulses.first, len(phases))[inside]
        chain = chain.at(slice(int(number[0]), int(number[-1]) + 1))
        begin, end = anchors(chain, "begin"), anchors(chain, "end").at(slice(-1))
        self.magnitude += float(np.abs(begin.at(slice(-1)).integral_to(end, pedestal)).sum())
        self.magnitude += float(np.abs(end.integral_to(begin.at(slice(1, None)), pedestal)).sum())
        if math.isnan(self.begin):
            self.begin = float(begins.index[0] + begins.part[0])
        self.end = float(begins.index[-1] + begins.part[-1])


@dataclass(slots=True, kw_only=True)
class Collector:
    """Takes phases in order; holds at most a batch of them, and the tables of the first batch."""

    levels: Levels
    scale: Scale
    expected: Stimulus | None
    batch: int
    spreads: dict[str, Spread] = field(default_factory=dict)
    periods: Periods = field(default_factory=Periods)
    tables: tuple[PhaseTable, PulseTable] | None = None
    complete: bool = True
    whole: int = 0
    cut: int = 0
    unresolved: int = 0
    _waiting: list[NDArray[Any]] = field(default_factory=lambda: [np.empty(0, dtype=PHASE)])
    _rate_gap: float = math.inf

    def add(self, phases: NDArray[Any]) -> None:
        """Take phases; work off as many full batches as there are."""
        self._waiting.append(phases)
        while sum(map(len, self._waiting)) > self.batch:
            waiting = one_after_another(self._waiting)
            held = self._work_off(waiting[: self.batch], samples=_ENDLESS)
            self._waiting = [held, waiting[self.batch :]]

    def finish(self, samples: int) -> tuple[PhaseTable, PulseTable]:
        """Work off the rest of a record of so many samples; return the tables of the first batch."""
        self._work_off(one_after_another(self._waiting), samples=samples)
        self._waiting.clear()
        if self.tables is None:  # cannot be: working off makes them
            raise RuntimeError
        return self.tables

    def _work_off(self, phases: NDArray[Any], *, samples: int) -> NDArray[Any]:
        """Measure pulses; return the phases of the last one where the record goes on, for more may belong to it."""
        phases, pulses = pulses_of(
            joined(phases), self.levels, samples=samples, interval=self.scale.interval, expected=self.expected
        )
        held = phases[:0]
        if samples == _ENDLESS and len(pulses) > 1:
            held = phases[pulses.first[-1] :]
            phases = phases[: pulses.first[-1]]
            pulses = type(pulses)(first=pulses.first[:-1], stop=pulses.stop[:-1], whole=pulses.whole[:-1])
        columns, after = Columns.of(phases), Columns.of(held[:1])
        of_phases = phase_table(columns, pulses, self.scale)
        of_pulses = pulse_table(columns, pulses, self.scale, after)
        self.periods.add(columns, pulses, after, self.scale.pedestal)
        self._count(of_phases, of_pulses, pulses)
        if self.tables is None:
            self.tables = (of_phases, of_pulses)
        else:
            self.complete = False
        return held

    def _count(self, phases: PhaseTable, pulses: PulseTable, grouped: Pulses) -> None:
        self.whole += int(pulses.whole.sum())
        self.cut += int(len(pulses) - pulses.whole.sum())
        self.unresolved += int((~phases.resolved).sum())
        if not len(pulses):
            return
        in_whole = pulses.whole[phases.pulse]
        leading = np.abs(phases.charge[grouped.first])
        magnitude = np.abs(phases.charge)
        of_phases = {
            "phase_duration": phases.duration,
            "phase_top": phases.top,
            "phase_peak": phases.peak,
            "phase_mean": ratio(magnitude, phases.duration),
            "phase_charge": magnitude,
            "rise_time": phases.rise,
            "fall_time": phases.fall,
            "droop": phases.droop,
            "overshoot": phases.overshoot,
        }
        of_pulses = {
            "pulse_width": pulses.width,
            "interphase_interval": pulses.interphase,
            "net_charge": pulses.net_charge,
            "net_charge_active": pulses.net_charge_active,
            "charge_imbalance": ratio(pulses.net_charge, leading),
            "pulse_square": pulses.square,
        }
        for name, values in of_phases.items():
            self._spread(name, values[in_whole])
        for name, values in of_pulses.items():
            self._spread(name, values[pulses.whole])
        self._spread("period", self._within_bursts(pulses.period))

    def _within_bursts(self, periods: Floats) -> Floats:
        known = periods[np.isfinite(periods)]
        if math.isinf(self._rate_gap) and len(known):
            self._rate_gap = _BURST_GAP * float(np.median(known))
        return np.asarray(known[known <= self._rate_gap], dtype=np.float64)

    def _spread(self, name: str, values: Floats) -> None:
        values = values[np.isfinite(values)]
        if not len(values):
            return
        spread = Spread.of(values)
        self.spreads[name] = self.spreads[name].joined(spread) if name in self.spreads else spread
