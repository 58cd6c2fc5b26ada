"""The figures of a train as one writes them with NumPy and SciPy: the yardstick of the streaming analysis.

Whole-array operations wherever there is one (threshold, edges, sums, cumulative sums for the sliding windows), then
each phase by itself: ``find_peaks`` and ``peak_widths`` at half of its top, a histogram for the top, interpolated 10 %
and 90 % crossings, a straight line through the plateau, and the trapezoid for its charge and for that of its pulse.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks, peak_widths

__all__ = ["Figures", "pipeline"]

Floats = NDArray[np.float64]
_MARGIN = 8
_PHASES = (
    "phase_start",
    "phase_duration",
    "phase_top",
    "phase_peak",
    "phase_charge",
    "phase_square",
    "rise_time",
    "fall_time",
    "droop",
)


@dataclass
class Figures:
    """One array per figure of phases and pulses, and the figures of the record."""

    phases: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in _PHASES})
    pulses: dict[str, NDArray[Any]] = field(default_factory=dict)
    record: dict[str, float] = field(default_factory=dict)


def pipeline(
    codes: NDArray[np.int16], *, gain: float, interval: float, rest: float, zero: float, threshold: float, noise: float
) -> Figures:
    """Measure every phase, every pulse and the record; levels in codes."""
    current = np.asarray(gain * (codes - zero), dtype=np.float64)
    found = Figures()
    beyond = np.abs(codes - rest) > threshold
    edges = np.flatnonzero(np.diff(beyond)) + 1
    if beyond[0]:
        edges = np.append(0, edges)
    if beyond[-1]:
        edges = np.append(edges, len(codes))
    begins, ends = [], []
    for first, stop in zip(edges[::2], edges[1::2], strict=True):
        begin, end = _phase(current, int(first), int(stop), found, interval=interval, quiet=2 * noise * gain)
        begins.append(begin)
        ends.append(end)
    _pulses(current, np.array(begins), np.array(ends), found, interval)
    _record(codes, current, np.array(begins), found, interval, level=gain * zero)
    return found


def _phase(current: Floats, first: int, stop: int, found: Figures, *, interval: float, quiet: float) -> tuple[int, int]:
    begin, end = first - 1, stop
    sign = np.sign(current[first])
    while sign * current[begin] > quiet:
        begin -= 1
    while sign * current[end] > quiet:
        end += 1
    shape = sign * current[first - _MARGIN : stop + _MARGIN]
    peak = float(shape.max())
    top = _top(shape, peak)
    highest = find_peaks(shape, height=0.9 * peak, distance=len(shape))[0]
    # As wide as at half of the top: peak_widths goes down from the peak by half of the prominence that it is given.
    down = np.array([2 * (shape[highest[0]] - 0.5 * top)])
    bases = np.array([0]), np.array([len(shape) - 1])
    _, _, left, right = peak_widths(shape, highest, rel_height=0.5, prominence_data=(down, *bases))
    rise = _crossing(shape, 0.9 * top) - _crossing(shape, 0.1 * top)
    fall = _crossing(shape[::-1], 0.9 * top) - _crossing(shape[::-1], 0.1 * top)
    a, b = int(np.ceil(left[0])), int(np.floor(right[0]))
    trim = max(int(0.05 * (b - a)), 5)
    plateau = shape[a + trim : b - trim + 1]
    places = np.arange(len(plateau)) - 0.5 * (len(plateau) - 1)
    lost = -float(places @ plateau) / float(places @ places) * (right[0] - left[0])
    row = found.phases
    row["phase_start"].append((first - _MARGIN + left[0]) * interval)
    row["phase_duration"].append((right[0] - left[0]) * interval)
    row["phase_top"].append(top)
    row["phase_peak"].append(peak)
    row["phase_charge"].append(float(np.trapezoid(current[begin : end + 1], dx=interval)))
    row["phase_square"].append(float(np.trapezoid(current[begin : end + 1] ** 2, dx=interval)))
    row["rise_time"].append(rise * interval)
    row["fall_time"].append(fall * interval)
    row["droop"].append(lost / (float(plateau.mean()) + 0.5 * lost))
    return begin, end


def _top(shape: Floats, peak: float) -> float:
    counts, bounds = np.histogram(shape, bins=50, range=(0.5 * peak, peak))
    fullest = int(counts.argmax())
    middle = 0.5 * (bounds[fullest] + bounds[fullest + 1])
    near = np.abs(shape - middle) <= 1.5 * (bounds[1] - bounds[0])
    return float(shape[near].mean())


def _crossing(shape: Floats, level: float) -> float:
    after = int(np.argmax(shape >= level))
    return after - 1 + float((level - shape[after - 1]) / (shape[after] - shape[after - 1]))


def _pulses(
    current: Floats, begins: NDArray[np.int64], ends: NDArray[np.int64], found: Figures, interval: float
) -> None:
    """Two phases are one pulse here, for the train is known to be biphasic."""
    begin, end = begins[::2], ends[1::2]
    charges = np.array(found.phases["phase_charge"])
    net = [float(np.trapezoid(current[a : b + 1], dx=interval)) for a, b in pairwise(begin)]
    found.pulses = {
        "net_charge": np.array(net),
        "net_charge_active": charges[::2] + charges[1::2],
        "gap": (begin[1:] - end[:-1]) * interval,
        "period": np.diff(np.array(found.phases["phase_start"][::2])),
    }


def _record(
    codes: NDArray[np.int16],
    current: Floats,
    begins: NDArray[np.int64],
    found: Figures,
    interval: float,
    *,
    level: float,
) -> None:
    first, last = int(begins[0]), int(begins[-2])
    within = current[first:last]
    squares = current**2
    summed = np.cumsum(squares)
    found.record = {
        "mean": float(current.mean()) + level,
        "standard_deviation": float(current.std()),
        "minimum": float(current.min()) + level,
        "maximum": float(current.max()) + level,
        "dc": float(within.mean()),
        "rms": float(np.sqrt(squares[first:last].mean())),
        "at_low_rail": float((codes == np.iinfo(codes.dtype).min).sum()),
        "at_high_rail": float((codes == np.iinfo(codes.dtype).max).sum()),
    }
    for name, seconds in (("rms_1s", 1.0), ("rms_5s", 5.0)):
        width = round(seconds / interval)
        worst = float((summed[width:] - summed[:-width]).max()) / width
        found.record[name] = float(np.sqrt(worst))
