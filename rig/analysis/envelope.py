"""The amplitude from pulse to pulse: how it ramps up and down, and how straight.

Notes
-----
The envelope is drawn by straight lines between the tops of the pulses' leading phases, at the instants at which these
begin. Its top is the median of the
pulses within 5 % of the largest one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.bursts import pulse_trains
from rig.analysis.outcome import items
from rig.analysis.pulse import top_budget
from rig.analysis.uncertainty import Budget, expected_extreme, root_sum_square
from rig.model.measurement import NotMeasured, Outcome
from rig.units import Unit

if TYPE_CHECKING:
    from rig.analysis.record import Record
    from rig.analysis.trace import Floats

__all__ = ["Ramp", "noise_of_top", "ramp_down_time", "ramp_linearity", "ramp_up_time", "ramps", "tops"]

_NEAR_TOP = 0.95
_LOW, _HIGH = 0.1, 0.9
# Below this many pulses a ramp has no line to deviate from.
_LEAST_RAMP = 3
_NO_REST = "no rest of the record shows where a train of pulses begins and ends"
_NO_RAMP = "the amplitude does not ramp: pulses begin and end with more than 90 % of their largest amplitude"
_MODULATED = "the amplitude comes and goes between a train's first and last pulse: no ramp can be told from that"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ramp:
    """One ramp, turned so that it rises: instants (samples) and amplitudes of the pulses up to 90 % of the top.

    Its first pulses may be too small to be seen: then the line through the first two that are is prolonged, at most by
    one period.
    """

    at: Floats
    amplitude: Floats
    top: float
    period: float

    @property
    def begin(self) -> tuple[float, float]:
        """Where 10 % of the top is reached, and the standard uncertainty of that where no pulse lies below; samples."""
        low, high = float(self.amplitude[0]), float(self.amplitude[1])
        if low < _LOW * self.top:
            return self._crossing(_LOW), 0.0
        # From nothing one period before the first pulse, or along the line: the truth lies about there.
        from_nothing = float(self.at[0]) - self.period * (1 - _LOW * self.top / low)
        slope = (high - low) / float(self.at[1] - self.at[0])
        along = float(self.at[0]) - min((low - _LOW * self.top) / slope, self.period) if slope > 0 else from_nothing
        clipped = slope <= 0 or (low - _LOW * self.top) / slope > self.period
        return along, self.period / math.sqrt(12) if clipped else abs(along - from_nothing) / math.sqrt(3)

    @property
    def end(self) -> float:
        """Where 90 % of the top is reached, samples."""
        return self._crossing(_HIGH)

    @property
    def duration(self) -> float:
        """10 % to 90 %, in samples."""
        return self.end - self.begin[0]

    def _crossing(self, part: float) -> float:
        above = int(np.argmax(self.amplitude >= part * self.top))
        low, high = self.amplitude[above - 1], self.amplitude[above]
        between = (part * self.top - low) / (high - low)
        return float(self.at[above - 1] + between * (self.at[above] - self.at[above - 1]))

    @property
    def bend(self) -> float:
        """How far a curve through the pulses leaves the lines between them, in samples: a standard uncertainty."""
        if len(self.amplitude) < _LEAST_RAMP:
            return 0.0
        bow = float(np.abs(np.diff(self.amplitude, 2)).max()) / 8
        return bow / ((_HIGH - _LOW) * self.top) * self.duration / math.sqrt(3)

    @property
    def deviation(self) -> float:
        """Largest deviation of a pulse from the least-squares line, of the top; NaN with fewer than three pulses."""
        inside = (self.amplitude >= _LOW * self.top) & (self.amplitude <= _HIGH * self.top)
        at, amplitude = self.at[inside], self.amplitude[inside]
        if len(at) < _LEAST_RAMP:
            return float("nan")
        at = at - at.mean()
        slope = float((at * amplitude).sum() / np.square(at).sum())
        return float(np.abs(amplitude - amplitude.mean() - slope * at).max()) / self.top


def tops(record: Record) -> tuple[Floats, Floats]:
    """Where every pulse begins (samples), and the top of its leading phase."""
    leading = record.pulses.first
    return record.phases.start[leading], record.true_top[leading]


def noise_of_top(record: Record) -> float:
    """Standard uncertainty of one top against another's, A or V."""
    budget = top_budget(record)
    return root_sum_square(*budget.random.values(), budget.systematic.get("quantisation", 0.0))


def ramps(record: Record) -> tuple[list[Ramp], list[Ramp]] | str:
    """Ramps up and down of all trains that a rest parts from the record's edges, or why there are none."""
    at, amplitudes = tops(record)
    up: list[Ramp] = []
    down: list[Ramp] = []
    trains = pulse_trains(record)
    if not len(trains[0]):
        return _NO_REST
    modulated = False
    for first, last in zip(*trains, strict=True):
        where, amplitude = at[first : last + 1], amplitudes[first : last + 1]
        largest = float(amplitude.max())
        top = float(np.median(amplitude[amplitude >= _NEAR_TOP * largest]))
        high = np.flatnonzero(amplitude >= _HIGH * top)
        if (amplitude[high[0] : high[-1] + 1] < _HIGH * top).any():
            modulated = True
            continue
        period = float(np.median(np.diff(where))) if len(where) > 1 else math.nan
        up += _ramp(where[: high[0] + 1], amplitude[: high[0] + 1], top, period)
        down += _ramp(-where[high[-1] :][::-1], amplitude[high[-1] :][::-1], top, period)
    return (up, down) if up or down else (_MODULATED if modulated else _NO_RAMP)


def _ramp(at: Floats, amplitude: Floats, top: float, period: float) -> list[Ramp]:
    if len(at) <= 1:
        return []
    return [Ramp(at=at, amplitude=amplitude, top=top, period=period)]


def _ramp_time(record: Record, name: str, which: int) -> Outcome:
    if record.nothing:
        return NotMeasured(measurand=name, reason=record.nothing)
    found = ramps(record)
    if isinstance(found, str) or not found[which]:
        return NotMeasured(measurand=name, reason=found if isinstance(found, str) else _NO_RAMP)
    chosen = found[which]
    durations = np.array([ramp.duration for ramp in chosen]) * record.interval
    # Two levels are crossed at a slope of 80 % of the top per ramp.
    noise = max(
        math.sqrt(2) * noise_of_top(record) * ramp.duration * record.interval / ((_HIGH - _LOW) * ramp.top)
        for ramp in chosen
    )
    unseen = max(ramp.begin[1] for ramp in chosen) * record.interval
    bend = math.sqrt(2) * max(ramp.bend for ramp in chosen) * record.interval
    budget = Budget(
        relative={"timebase": record.path.timebase},
        systematic={
            "begin between pulses": unseen,
            "envelope between pulses": bend,
            "crossing interpolation": math.sqrt(2) * record.edge.crossing,
        },
        random={"noise": noise},
    )
    return items(record, name, Unit.SECOND, durations, budget, what="ramps")


def ramp_up_time(record: Record) -> Outcome:
    """10 % to 90 % of the amplitude envelope at the begin of a train, s."""
    return _ramp_time(record, "ramp_up_time", 0)


def ramp_down_time(record: Record) -> Outcome:
    """90 % to 10 % of the amplitude envelope at the end of a train, s."""
    return _ramp_time(record, "ramp_down_time", 1)


def ramp_linearity(record: Record) -> Outcome:
    """Largest deviation of a ramp's pulses, 10 % to 90 %, from a straight line, of the ramp's top; noise lifts it."""
    name = "ramp_linearity"
    if record.nothing:
        return NotMeasured(measurand=name, reason=record.nothing)
    found = ramps(record)
    if isinstance(found, str):
        return NotMeasured(measurand=name, reason=found)
    lines = [ramp for ramp in (*found[0], *found[1]) if math.isfinite(ramp.deviation)]
    if not lines:
        return NotMeasured(measurand=name, reason="fewer than three pulses of a ramp lie between 10 % and 90 %")
    noise = noise_of_top(record) / min(ramp.top for ramp in lines)
    most = max(len(ramp.at) for ramp in lines)
    budget = Budget(random={"noise of an extreme pulse": noise * max(expected_extreme(2 * most), 1.0)})
    return items(record, name, Unit.ONE, np.array([ramp.deviation for ramp in lines]), budget, what="ramps")
