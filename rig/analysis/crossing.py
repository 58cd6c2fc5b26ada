"""Where a phase crosses a level between two samples, and how its edges run from one level to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.trace import ragged

if TYPE_CHECKING:
    from rig.analysis.trace import Flags, Floats, Integers, Trace

__all__ = ["crosses", "cubic_correction", "edge_time", "time_below"]

_LEAST_CUBIC = 4


def crosses(trace: Trace, sign: Integers, level: Floats, before: Integers) -> Floats:
    """Where the straight line from sample ``before`` to the next one crosses a level; NaN outside of the record."""
    inside = (before >= 0) & (before < len(trace) - 1)
    low = np.clip(before, 0, len(trace) - 2)
    from_, to = sign * trace.deviation[low], sign * trace.deviation[low + 1]
    step = np.where(to == from_, 1.0, to - from_)
    part = np.clip((level - from_) / step, 0.0, 1.0)
    return np.where(inside, low + part, np.nan)


def time_below(trace: Trace, sign: Integers, level: Floats, first: Integers, last: Integers) -> Floats:
    """How long the straight lines from sample ``first`` to sample ``last`` run below a level, in samples.

    On an edge whose noise is larger than its step between two samples, the first crossing comes too early and the last
    one too late; the first one and all the time below the level after it end where, on average, the edge crosses.
    """
    time = np.zeros(len(level))
    longer = np.flatnonzero(last > first)
    if not len(longer):
        return time
    index, group, offset = ragged(first[longer], last[longer])
    above = [sign[longer][group] * trace.deviation[index + k] - level[longer][group] for k in (0, 1)]
    low, high = np.minimum(*above), np.maximum(*above)
    step = np.where(high == low, 1.0, high - low)
    part = np.where(high < 0, 1.0, np.where(low < 0, -low / step, 0.0))
    time[longer] = np.add.reduceat(part, offset)
    return time


def cubic_correction(trace: Trace, sign: Integers, level: Floats, before: Integers) -> Floats:
    """How far a cubic through four samples crosses from where the straight line does, in samples."""
    low = np.clip(before, 1, max(len(trace) - 3, 1))
    if len(trace) < _LEAST_CUBIC:
        return np.zeros(len(level))
    y = [sign * trace.deviation[low + k] for k in (-1, 0, 1, 2)]
    step = np.where(y[2] == y[1], np.inf, y[2] - y[1])
    t = np.clip((level - y[1]) / step, 0.0, 1.0)
    bow = (2 - t) * (y[0] - 2 * y[1] + y[2]) + (1 + t) * (y[1] - 2 * y[2] + y[3])
    return np.asarray(t * (1 - t) / 6 * bow / step, dtype=np.float64)


def _bow(trace: Trace, sign: Integers, level: Floats, before: Integers) -> Floats:
    """Second over first derivative where the line from sample ``before`` crosses a level, per sample."""
    low = np.clip(before, 1, max(len(trace) - 3, 1))
    y = [sign * trace.deviation[low + k] for k in (-1, 0, 1, 2)]
    step = np.where(y[2] == y[1], np.inf, y[2] - y[1])
    t = np.clip((level - y[1]) / step, 0.0, 1.0)
    second = (1 - t) * (y[0] - 2 * y[1] + y[2]) + t * (y[1] - 2 * y[2] + y[3])
    return np.asarray(second / step, dtype=np.float64)


def edge_time(
    trace: Trace, sign: Integers, top: Floats, low: Integers, high: Integers, rings: Flags
) -> tuple[Floats, Floats]:
    """Time from 10 % to 90 %, in samples, and how much the edge bends; of phases that ring by a cubic, else NaN."""
    time = crosses(trace, sign, 0.9 * top, high) - crosses(trace, sign, 0.1 * top, low)
    if not rings.any():
        return time, np.full(len(time), np.nan)
    bent = cubic_correction(trace, sign, 0.9 * top, high) - cubic_correction(trace, sign, 0.1 * top, low)
    bow = _bow(trace, sign, 0.9 * top, high) - _bow(trace, sign, 0.1 * top, low)
    return np.where(rings, time + bent, time), np.where(rings, bow, np.nan)
