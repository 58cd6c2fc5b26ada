"""How the amplitude of an alternating current changes from cycle to cycle, and how often it comes and goes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.trace import Floats

if TYPE_CHECKING:
    from rig.analysis.oscillation import Oscillation
    from rig.analysis.trace import Trace

__all__ = ["Beats", "amplitude_noise", "amplitudes", "beats"]

# A beat is a change of the amplitude by this part of its mean, (largest − smallest) / (largest + smallest) …
_LEAST_DEPTH = 0.1
# … that many times what noise could do to it.
_NOISE = 4.0
# It is counted between levels this part of its size on either side of its middle, and returns regularly.
_LEVEL = 0.2
_REGULAR = 0.25
_LEAST_CYCLES = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Beats:
    """Where the amplitude rises through its middle, in samples; where means over beats begin, at crossings.

    ``depth`` is (largest − smallest) / (largest + smallest) amplitude, ``jitter`` what noise does to one rise, samples.
    """

    rises: Floats
    begins: Floats
    depth: float
    jitter: float


def amplitudes(oscillation: Oscillation, trace: Trace) -> tuple[Floats, Floats]:
    """Return the middle of every cycle (samples), and its amplitude: √2 times its effective value about its own mean.

    Cycles are laid one after the other from the record's beginning, whatever the current does; they end between
    samples, for a part of a sample more or less would look like a change of the amplitude. The noise is taken off.
    """
    count = int((len(trace) - 1) / oscillation.period)
    bounds = np.asarray(np.arange(count + 1) * oscillation.period, dtype=np.float64)
    begin, end = bounds[:-1], bounds[1:]
    length = oscillation.period * trace.interval
    mean = trace.deviation_integral(begin, end) / length
    power = trace.squared_deviation_integral(begin, end) / length - mean**2 - oscillation.noise**2
    return 0.5 * (begin + end), np.asarray(np.sqrt(2 * np.maximum(power, 0.0)), dtype=np.float64)


def amplitude_noise(oscillation: Oscillation, amplitude: float) -> float:
    """Return the standard uncertainty of one cycle's amplitude from noise, A or V; near zero of its square's root."""
    square = 2 * oscillation.noise**2 * math.sqrt(2 / oscillation.period)
    along = math.sqrt(2 / oscillation.period) * oscillation.noise
    return min(along + square / (2 * amplitude), math.sqrt(square)) if amplitude > 0 else math.sqrt(square)


def beats(oscillation: Oscillation, trace: Trace) -> Beats | None:
    """Return the beats of an alternating current, None where its amplitude does not come and go regularly."""
    at, amplitude = amplitudes(oscillation, trace)
    if len(amplitude) < _LEAST_CYCLES:
        return None
    low, high = float(amplitude.min()), float(amplitude.max())
    if high - low < max(_LEAST_DEPTH * (high + low), _NOISE * oscillation.noise):
        return None
    middle, reach = 0.5 * (low + high), _LEVEL * (high - low)
    rises = _rises(at, amplitude, middle, reach)
    lengths = np.diff(rises)
    if not len(lengths) or float(np.ptp(lengths)) > _REGULAR * float(lengths.mean()) * 2:
        return None
    # A mean over beats ends at whole cycles, a little too early or late: least matters where the current is as large as
    # its effective value.
    usual = _rises(at, amplitude, math.sqrt(float(np.square(amplitude).mean())), reach)
    nearest = np.searchsorted(oscillation.crossings, usual).clip(0, len(oscillation.crossings) - 1)
    # From the smallest to the largest amplitude it takes half a beat.
    slope = 2 * (high - low) / float(lengths.mean())
    return Beats(
        rises=rises,
        begins=np.unique(oscillation.crossings[nearest]),
        depth=(high - low) / (high + low),
        jitter=amplitude_noise(oscillation, middle) / slope,
    )


def _rises(at: Floats, values: Floats, middle: float, reach: float) -> Floats:
    state = (values > middle + reach).astype(np.int8) - (values < middle - reach).astype(np.int8)
    away = np.flatnonzero(state)
    up = np.flatnonzero((state[away][1:] > 0) & (state[away][:-1] < 0))
    found = []
    for low, high in zip(away[up], away[up + 1], strict=True):
        # The last step that crosses the middle on the way up.
        below = low + int(np.flatnonzero(values[low:high] <= middle)[-1])
        part = (middle - values[below]) / (values[below + 1] - values[below])
        found.append(at[below] + part * (at[below + 1] - at[below]))
    return np.asarray(found, dtype=np.float64)
