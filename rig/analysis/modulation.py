"""How far pulses, or the cycles of an alternating current, are modulated: in amplitude and in width."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.beat import amplitude_noise, amplitudes
from rig.analysis.envelope import noise_of_top, ramps, tops
from rig.analysis.extremes import left_in_range, range_from_noise, range_of_unlike, without_noise
from rig.analysis.outcome import single, span
from rig.analysis.uncertainty import Budget
from rig.model.measurement import NotMeasured, Outcome
from rig.units import Unit

if TYPE_CHECKING:
    from rig.analysis.oscillation import Oscillation
    from rig.analysis.record import Record
    from rig.analysis.trace import Floats
    from rig.model.measurement import Window

__all__ = ["amplitude_modulation", "width_range"]

# So long after 90 % a ramp has ended, in times from 10 % to 90 %: a straight one takes an eighth, a cosine a third.
_SETTLED = 0.5


def _between_ramps(record: Record) -> Floats:
    """Tops of the leading phases of whole pulses, those of ramps left out."""
    at, amplitude = tops(record)
    kept = record.pulses.whole.copy()
    found = ramps(record)
    if not isinstance(found, str):
        for ramp in found[0]:
            kept &= (at < ramp.at[0]) | (at > ramp.end + _SETTLED * ramp.duration)
        for ramp in found[1]:
            kept &= (at > -ramp.at[0]) | (at < -ramp.end - _SETTLED * ramp.duration)
    return np.asarray(amplitude[kept], dtype=np.float64)


def amplitude_modulation(record: Record) -> Outcome:
    """(largest − smallest) / (largest + smallest) amplitude of the pulses between ramps, or of a current's cycles."""
    name = "amplitude_modulation"
    if record.never_rests is not None:
        return _of_cycles(record, record.never_rests, name)
    if record.nothing:
        return NotMeasured(measurand=name, reason=record.nothing)
    between = _between_ramps(record)
    if len(between) < 2:  # noqa: PLR2004 - a difference needs two
        return NotMeasured(measurand=name, reason="fewer than two whole pulses between ramps")
    window = span(
        record,
        float(record.pulse_begin[record.whole_pulses[0]]),
        float(record.pulse_end[record.whole_pulses[-1]]),
        f"{len(between)} pulses, ramps left out",
    )
    return _depth(record, name, between, noise_of_top(record), 0.0, window)


def _of_cycles(record: Record, oscillation: Oscillation, name: str) -> Outcome:
    _at, amplitude = amplitudes(oscillation, record.sampled)
    # What the amplitude does within half a cycle is not seen.
    within = 0.5 * float(np.abs(np.diff(amplitude)).max())
    window = span(record, 0.0, float(len(record.trace) - 1), f"{len(amplitude)} cycles, the whole record")
    noise = amplitude_noise(oscillation, float(amplitude.max()))
    within = math.hypot(within / math.sqrt(3), amplitude_noise(oscillation, float(amplitude.min())))
    return _depth(record, name, amplitude, noise, within, window)


def _depth(record: Record, name: str, values: Floats, noise: float, within: float, window: Window) -> Outcome:
    """Modulation depth of many amplitudes, each of which noise moves; what that alone would show is removed."""
    high, low = float(values.max()), float(values.min())
    if high + low <= 0.0:
        return NotMeasured(measurand=name, reason="the amplitudes of the pulses do not add up to more than the offset")
    value, u = without_noise(high - low, *range_from_noise(len(values), noise))
    depth = value / (high + low)
    budget = Budget(
        systematic={
            "offset": depth * record.offset_uncertainty(absolute=False) * 2 / (high + low),
            "noise of extreme amplitudes": u / (high + low),
            "amplitude between cycles": within * 2 * high / (high + low) ** 2,
        }
    )
    return single(record, name, Unit.ONE, depth, budget=budget, window=window, n=len(values))


def width_range(record: Record) -> Outcome:
    """Longest minus shortest duration of the pulses' leading phases, s."""
    name = "width_range"
    if record.nothing:
        return NotMeasured(measurand=name, reason=record.nothing)
    leading = record.first_phase[record.whole_pulses]
    durations = (record.phases.stop - record.phases.start)[leading] * record.interval
    durations = durations[np.isfinite(durations)]
    n = len(durations)
    if n < 2:  # noqa: PLR2004 - a range needs two
        return NotMeasured(measurand=name, reason="fewer than two whole pulses in the record")
    # Noise moves the edges of small pulses more than those of large ones.
    tops_of = record.phases.top[leading]
    moved = math.sqrt(2) * record.edge.jitter * record.edge.height / tops_of
    # Where samples lie on an edge moves its crossing as well, from pulse to pulse.
    jitter = np.hypot(moved, math.sqrt(2) * record.edge.scatter)
    adds = range_of_unlike(jitter)
    value, u = without_noise(float(np.ptp(durations)), adds, left_in_range(adds, float(jitter.max())))
    budget = Budget(
        relative={"timebase": record.path.timebase},
        systematic={
            "noise of extreme widths": u,
            # Of one phase both crossings move apart.
            "state level": 2 * record.state_jitter,
        },
    )
    pulses = record.whole_pulses
    window = span(
        record,
        float(record.pulse_begin[pulses[0]]),
        float(record.pulse_end[pulses[-1]]),
        f"leading phases of {n} whole pulses",
    )
    return single(record, name, Unit.SECOND, value, budget=budget, window=window, n=n)
