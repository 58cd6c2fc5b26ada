"""The figures that an oscilloscope shows of a record, by the two-state rules of its measurement menu.

They are shown beside the measurements so that an imported record can be compared with the instrument's screen, and are
judged by nobody: of a pulse with three levels two states say little.

Notes
-----
Oscilloscopes do not publish their rules. Modes of two halves and crossings of a mid level are textbook (IEEE Std
181-2011 §5.2.1); how samples in the middle of the range count, and that the rise ends with a sample, were inferred
from what one Siglent SDS800X HD displayed, and reproduce its figures to all digits:

* base and top are the modes of the samples in the lower and the upper half of the range, samples nearer to its middle
  than 1/256 of it belonging to neither half;
* the period lies between the first two crossings of the mid level in the direction of the record's first crossing;
* the counter divides the number of all such periods by the time they take;
* the rise time begins at the interpolated crossing of 10 % and ends with the first sample at or above 90 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from rig.analysis.trace import Floats
    from rig.model.waveform import Waveform

__all__ = ["Display", "two_state"]

_BINS = 256
_MIDDLE = 1 / 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """Two-state figures; None where the record does not show one."""

    top: float | None = None
    base: float | None = None
    amplitude: float | None = None
    period: float | None = None
    frequency: float | None = None
    counter_frequency: float | None = None
    rise_time: float | None = None


def _mode(values: Floats, samples: NDArray[Any]) -> float | None:
    """Most frequent value: of codes exactly, of numbers the centre of the fullest of 256 bins."""
    if not len(values):
        return None
    if samples.dtype.kind in "iu":
        low = int(samples.min())
        code = int(np.bincount(samples.astype(np.int64) - low).argmax()) + low
        return float(values[int(np.flatnonzero(samples == code)[0])])
    found, counts = np.unique(values, return_counts=True)
    if len(found) <= len(values) // 4:
        return float(found[counts.argmax()])
    heights, edges = np.histogram(values, bins=_BINS)
    fullest = int(heights.argmax())
    return float(0.5 * (edges[fullest] + edges[fullest + 1]))


def _crossings(values: Floats, level: float, *, rising: bool) -> Floats:
    above = values > level
    before = np.flatnonzero(above[1:] & ~above[:-1]) if rising else np.flatnonzero(above[:-1] & ~above[1:])
    step = values[before + 1] - values[before]
    return np.asarray(before + (level - values[before]) / step, dtype=np.float64)


def _rise(values: Floats, base: float, top: float) -> float | None:
    """From the last 10 % crossing to the first sample at 90 % after the first crossing of the middle, in samples."""
    low, high = base + 0.1 * (top - base), base + 0.9 * (top - base)
    for middle in _crossings(values, 0.5 * (base + top), rising=True)[:1]:
        at = int(np.floor(middle))
        below = np.flatnonzero(values[: at + 1] <= low)
        beyond = np.flatnonzero(values[at + 1 :] >= high)
        if len(below) and len(beyond):
            start = int(below[-1])
            return (
                at + 1 + int(beyond[0]) - (start + float((low - values[start]) / (values[start + 1] - values[start])))
            )
    return None


def two_state(signal: Waveform) -> Display:
    """Return what an oscilloscope would display of a record of finite samples."""
    values = signal.values()
    low, high = float(values.min()), float(values.max())
    if low == high:
        return Display()
    middle, guard = 0.5 * (low + high), _MIDDLE * (high - low)
    lower, upper = values < middle - guard, values > middle + guard
    base, top = _mode(values[lower], signal.samples[lower]), _mode(values[upper], signal.samples[upper])
    if base is None or top is None:
        return Display()
    level = 0.5 * (base + top)
    falling, rising = (_crossings(values, level, rising=way) for way in (False, True))
    first_falls = bool(len(falling)) and (not len(rising) or falling[0] < rising[0])
    crossings = falling if first_falls else rising
    known = Display(top=top, base=base, amplitude=top - base)
    rise = _rise(values, base, top)
    rise_time = None if rise is None else rise * signal.interval
    if len(crossings) < 2:  # noqa: PLR2004 - a period lies between two
        return Display(top=known.top, base=known.base, amplitude=known.amplitude, rise_time=rise_time)
    period = float(crossings[1] - crossings[0]) * signal.interval
    total = float(crossings[-1] - crossings[0]) * signal.interval
    return Display(
        top=top,
        base=base,
        amplitude=top - base,
        period=period,
        frequency=1 / period,
        counter_frequency=(len(crossings) - 1) / total,
        rise_time=rise_time,
    )
