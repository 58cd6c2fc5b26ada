"""The amplitude from pulse to pulse: how it ramps up and down, and how straight.

Notes
-----
The envelope runs through the amplitudes of the pulses' leading phases, at the instants at which these begin: a parabola
through three of them about a level that is looked for. Its top is the median of the pulses within 1 % of the largest
one, or as near to it as noise lets them be: more of them hold than rise or fall.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.bursts import pulse_trains
from rig.analysis.extremes import range_from_noise, without_noise
from rig.analysis.outcome import items
from rig.analysis.uncertainty import Budget, root_sum_square
from rig.model.measurement import NotMeasured, Outcome
from rig.units import Unit

if TYPE_CHECKING:
    from rig.analysis.record import Record
    from rig.analysis.trace import Floats

__all__ = ["Ramp", "noise_of_top", "ramp_down_time", "ramp_linearity", "ramp_up_time", "ramps", "tops"]

_NEAR_TOP, _NEAR_NOISE = 0.01, 5.0
_LOW, _HIGH = 0.1, 0.9
# Pulses that a parabola takes, rounds of Newton's method on it, and what it misses of what a line would.
_PARABOLA, _ROUNDS, _PARABOLA_MISSES = 3, 4, 0.25
_MIDDLE = 0.5
# What a prolonged line misses, of what it is prolonged by.
_PROLONGED = 0.25
_FEW_PULSES = 8
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
            return self._crossing(_LOW)[0], 0.0
        # From nothing one period before the first pulse, or along the line: the truth lies about there.
        from_nothing = float(self.at[0]) - self.period * (1 - _LOW * self.top / low)
        slope = (high - low) / float(self.at[1] - self.at[0])
        along = float(self.at[0]) - min((low - _LOW * self.top) / slope, self.period) if slope > 0 else from_nothing
        clipped = slope <= 0 or (low - _LOW * self.top) / slope > self.period
        doubt = max(abs(along - from_nothing), _PROLONGED * (float(self.at[0]) - along)) / math.sqrt(3)
        return along, self.period / math.sqrt(12) if clipped else doubt

    @property
    def end(self) -> float:
        """Where 90 % of the top is reached, samples."""
        return self._crossing(_HIGH)[0]

    @property
    def duration(self) -> float:
        """10 % to 90 %, in samples."""
        return self.end - self.begin[0]

    def _crossing(self, part: float) -> tuple[float, float]:
        """Where a part of the top is reached along a parabola through three pulses, and the doubt of that; samples.

        They are the two about the level and the next one towards the ramp's middle; if the pulse above the level may be
        one that holds, the three below it: there the envelope may have a corner. A parabola misses a part of what a
        straight line would miss; over a corner, or of a ramp of few pulses, it may miss as much.
        """
        level = part * self.top
        above = int(np.argmax(self.amplitude >= level))
        low, high = self.amplitude[above - 1], self.amplitude[above]
        left, right = float(self.at[above - 1]), float(self.at[above])
        straight = float((level - low) / (high - low))
        corner = bool(high > (1 - _NEAR_TOP) * self.top)
        first = above - 3 if corner else above - 2 if part > _MIDDLE else above - 1
        first = max(min(first, len(self.at) - _PARABOLA), 0)
        where = (self.at[first : first + _PARABOLA] - left) / (right - left)
        curve = np.polyfit(where, self.amplitude[first : first + _PARABOLA] - level, len(where) - 1)
        found = straight
        for _ in range(_ROUNDS):
            slope = float(np.polyval(np.polyder(curve), found))
            found = found - float(np.polyval(curve, found)) / slope if slope > 0 else straight
        found = min(max(found, 0.0), 1.0)
        missed = 1.0 if corner or len(self.at) < _FEW_PULSES else _PARABOLA_MISSES
        return left + found * (right - left), missed * abs(found - straight) * (right - left) / math.sqrt(3)

    @property
    def bend(self) -> float:
        """Standard uncertainty of the duration from how the envelope runs between the pulses, in samples."""
        begin = self._crossing(_LOW)[1] if self.amplitude[0] < _LOW * self.top else 0.0
        return begin + self._crossing(_HIGH)[1]

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
    """Where every pulse begins (samples), and the amplitude of its leading phase.

    That is the mean of its plateau: a mode also counts samples of the edges that happen to lie near it, by which equal
    pulses would differ. Of a cycle of a carrier it is √2 times its effective value.
    """
    leading = record.pulses.first
    phases = record.phases
    if record.pulses.cyclic:
        return phases.start[leading], _of_cycles(record)
    return phases.start[leading], (phases.middle + phases.sign * record.trace.pedestal)[leading]


def _of_cycles(record: Record) -> Floats:
    begin, end = record.pulse_begin, record.pulse_end
    energy = record.trace.integral_of_square(begin, end) - record.noise_power * (end - begin) * record.interval
    period = carrier_period(record) * record.interval
    return np.asarray(np.sqrt(2 * np.maximum(energy, 0.0) / period), dtype=np.float64)


def carrier_period(record: Record) -> float:
    """Median distance of every second phase's centre: one period of a carrier, in samples."""
    centre = 0.5 * (record.phases.start + record.phases.stop)
    return 2 * float(np.nanmedian(np.diff(centre)))


def noise_of_top(record: Record) -> float:
    """Standard uncertainty of one amplitude against another's, A or V."""
    leading = record.phases.plateau[record.pulses.first]
    samples = carrier_period(record) / 2 if record.pulses.cyclic else float(np.median(leading))
    return root_sum_square(record.noise / math.sqrt(max(samples, 1.0)), record.quantisation)


def ramps(record: Record) -> tuple[list[Ramp], list[Ramp]] | str:
    """Ramps up and down of all trains that a rest parts from the record's edges, or why there are none."""
    at, amplitudes = tops(record)
    up: list[Ramp] = []
    down: list[Ramp] = []
    trains = pulse_trains(record)
    if not len(trains[0]):
        return _NO_REST
    modulated, noise = False, noise_of_top(record)
    for first, last in zip(*trains, strict=True):
        where, amplitude = at[first : last + 1], amplitudes[first : last + 1]
        largest = float(amplitude.max())
        top = float(np.median(amplitude[amplitude >= largest - max(_NEAR_TOP * largest, _NEAR_NOISE * noise)]))
        high = np.flatnonzero(amplitude >= _HIGH * top)
        if (amplitude[high[0] : high[-1] + 1] < _HIGH * top).any():
            modulated = True
            continue
        period = float(np.median(np.diff(where))) if len(where) > 1 else math.nan
        up += _ramp(where, amplitude, top, period)
        down += _ramp(-where[::-1], amplitude[::-1], top, period)
    return (up, down) if up or down else (_MODULATED if modulated else _NO_RAMP)


def _ramp(at: Floats, amplitude: Floats, top: float, period: float) -> list[Ramp]:
    reached = int(np.argmax(amplitude >= _HIGH * top))
    if not reached:
        return []
    return [Ramp(at=at[: reached + 1], amplitude=amplitude[: reached + 1], top=top, period=period)]


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
    # A common offset of all amplitudes moves both levels, by as much as it is of the top.
    offset = max(ramp.duration / ramp.top for ramp in chosen) * record.interval
    unseen = max(ramp.begin[1] for ramp in chosen) * record.interval
    bend = max(ramp.bend for ramp in chosen) * record.interval
    budget = Budget(
        relative={"timebase": record.path.timebase},
        systematic={
            "offset": offset * record.offset_uncertainty(absolute=False),
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
    """Largest deviation of a ramp's pulses, 10 % to 90 %, from a straight line, of the ramp's top; without noise."""
    name = "ramp_linearity"
    if record.nothing:
        return NotMeasured(measurand=name, reason=record.nothing)
    found = ramps(record)
    if isinstance(found, str):
        return NotMeasured(measurand=name, reason=found)
    lines = [ramp for ramp in (*found[0], *found[1]) if math.isfinite(ramp.deviation)]
    if not lines:
        return NotMeasured(measurand=name, reason="fewer than three pulses of a ramp lie between 10 % and 90 %")
    noise = noise_of_top(record)
    pairs = [_without_noise_of(ramp, noise / ramp.top) for ramp in lines]
    budget = Budget(random={"noise of an extreme pulse": max(u for _value, u in pairs)})
    return items(record, name, Unit.ONE, np.array([value for value, _u in pairs]), budget, what="ramps")


def _without_noise_of(ramp: Ramp, noise: float) -> tuple[float, float]:
    """Largest deviation without what noise adds, and its standard uncertainty: at least the noise of one pulse."""
    adds, left = range_from_noise(2 * len(ramp.at), noise)
    return without_noise(ramp.deviation, 0.5 * adds, max(0.5 * left, noise))
