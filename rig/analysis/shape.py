"""The shape of every phase: its top, its reference-level crossings, its edges and its plateau (IEEE Std 181-2011)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.crest import find_crests
from rig.analysis.crossing import crosses, cubic_correction, edge_time, time_below
from rig.analysis.extent import rest_to_rest
from rig.analysis.plateau import find_plateaus, settled, state_levels
from rig.analysis.trace import Flags, Floats, Integers, Trace, ragged
from rig.analysis.uncertainty import expected_extreme

if TYPE_CHECKING:
    from rig.analysis.segment import Quiet, Runs

__all__ = ["Phases", "bin_width_of", "shape_phases"]

# Samples before and after a run in which the 10 % crossing may lie.
_MARGIN = 8
# An edge is followed from 50 % to this part of the top.
_CLIMBED = 0.7
# A plateau that ends below this part of its top has no instant at which its last edge begins.
_FALLS_FROM = 0.93
_FAR = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Phases:
    """What was read from every phase; arrays of shape (m,), magnitudes, positions in samples.

    Attributes
    ----------
    sign : +1 or −1
    top : state level above the quiet level: mode of the histogram of the phase's own samples; of a plateau that slopes
        by more than that can resolve, the level half way
    top_samples : number of samples that the top is the mean of
    bin_width : of the histogram, in the signal's unit
    peak : extreme deviation
    start, stop : 50 % crossings, the mean over those of a noisy edge; NaN where the record's edge cuts the phase
    begin, end : from rest to rest, tail included: the limits of integration
    rise, fall : 10–90 %, in samples; NaN where not resolved
    middle : mean of the plateau, a twentieth of the phase left out at either end
    slope, curve : of the plateau, per sample and per sample squared; NaN with fewer than eight samples
    centre : of the plateau, in samples
    plateau : number of samples of the plateau
    start_error, stop_error : by how much a cubic would put the 50 % crossings elsewhere than the straight line did,
        in samples
    near_peak : number of samples that noise alone keeps from being the extreme one
    past : how far beyond its base, as a part of its top, a phase's last edge goes on
    rise_bow, fall_bow : how much an edge bends, its second over its first derivative at 90 % less that at 10 %, per
        sample; NaN of a phase that does not ring
    crest : height of the parabola through the extreme of a phase that rings, else NaN
    crest_curve, crest_reach, crest_place : its curvature c of c·x², how many samples on either side it runs through,
        and where among them it is highest
    """

    sign: Integers
    top: Floats
    top_samples: Floats
    bin_width: Floats
    peak: Floats
    start: Floats
    stop: Floats
    begin: Floats
    end: Floats
    rise: Floats
    fall: Floats
    middle: Floats
    slope: Floats
    curve: Floats
    centre: Floats
    plateau: Floats
    start_error: Floats
    stop_error: Floats
    near_peak: Floats
    past: Floats
    rise_bow: Floats
    fall_bow: Floats
    crest: Floats
    crest_curve: Floats
    crest_reach: Floats
    crest_place: Floats

    def __len__(self) -> int:
        return len(self.sign)


def bin_width_of(peak: float, noise: float) -> float:
    """Return the width of the bins in which tops are looked for, of a phase's peak; ``peak`` is the median one."""
    return min(max(0.01, noise / peak), 0.1)


def _tops(magnitude: Floats, group: Integers, peak: Floats, noise: float) -> tuple[Floats, Floats, Floats]:
    """Mode of the upper half of every phase's histogram, refined to the mean of the samples around it."""
    width = bin_width_of(float(np.median(peak)), noise)
    bins = int(np.ceil(0.5 / width))
    relative = magnitude / peak[group]
    number = np.floor((relative - 0.5) / width).astype(np.int64)
    upper = number >= 0
    number = np.minimum(number[upper], bins - 1)
    counts = np.bincount(group[upper] * bins + number, minlength=len(peak) * bins).reshape(len(peak), bins)
    # Twice its own count and its neighbours' decide, so that noise at a bin's edge does not, and a tie does not arise.
    smooth = 2.0 * counts
    smooth[:, 1:] += counts[:, :-1]
    smooth[:, :-1] += counts[:, 1:]
    top = (0.5 + (smooth.argmax(axis=1) + 0.5) * width) * peak
    samples = np.ones(len(peak))
    for _ in range(2):
        near = np.abs(magnitude - top[group]) <= 1.5 * width * peak[group]
        n = np.bincount(group[near], minlength=len(peak)).astype(np.float64)
        total = np.bincount(group[near], weights=magnitude[near], minlength=len(peak))
        top = np.where(n > 0, total / np.maximum(n, 1), top)
        samples = np.maximum(n, 1)
    return top, samples, width * peak


def _first(hit: Flags, index: Integers, offset: Integers) -> Integers:
    return np.asarray(np.minimum.reduceat(np.where(hit, index, _FAR), offset), dtype=np.int64)


def _last(hit: Flags, index: Integers, offset: Integers) -> Integers:
    return np.asarray(np.maximum.reduceat(np.where(hit, index, -1), offset), dtype=np.int64)


def _near_peak(
    magnitude: Floats, group: Integers, peak: Floats, plateau: Floats, *, noise: float, step: float
) -> Floats:
    """Of how many samples the extreme one is the largest by noise alone; ``step`` is one code."""
    reach = 0.5 * step + noise * np.array([expected_extreme(n) for n in plateau])
    near = magnitude >= (peak - reach)[group]
    # Half of the samples of a level lie above its mean, and the extreme one lies as far above as is looked down here.
    return np.asarray(2.0 * np.bincount(group[near], minlength=len(peak)), dtype=np.float64)


def _reached(
    magnitude: Floats, top: Floats, index: Integers, group: Integers, offset: Integers
) -> tuple[Integers, Integers, Integers, Integers]:
    """First and last sample of every phase at or above 50 %, first and last at or above 90 % of its top."""
    half, high = magnitude >= 0.5 * top[group], magnitude >= 0.9 * top[group]
    return (
        _first(half, index, offset),
        _last(half, index, offset),
        _first(high, index, offset),
        _last(high, index, offset),
    )


def shape_phases(trace: Trace, runs: Runs, quiet: Quiet, *, noise: float, step: float = 0.0) -> Phases:
    """Measure the shape of every phase; a record without runs gives empty arrays.

    ``noise`` is the rms of what moves single samples, ``step`` one code, in the signal's unit.
    """
    if not len(runs):
        none = np.empty(0)
        return Phases(sign=runs.sign, **dict.fromkeys(_FLOAT_FIELDS, none))
    sign = runs.sign
    index, group, offset = ragged(runs.first, runs.stop)
    magnitude = sign[group] * trace.deviation[index]
    peak = np.maximum.reduceat(magnitude, offset)
    rough = _tops(magnitude, group, peak, quiet.noise)
    bin_width = rough[2]
    first_half, last_half, first_high, last_high = _reached(magnitude, rough[0], index, group, offset)
    climbed = _first(magnitude >= _CLIMBED * rough[0][group], index, offset)
    plateaus = find_plateaus(trace, sign, first_half, climbed, last_half)
    top, top_samples, sloping = state_levels(rough, plateaus, quiet.noise)
    crests = find_crests(magnitude, offset, peak=peak, top=top, noise=quiet.noise, sloping=sloping)
    rings, near = crests.ring, plateaus.n
    if rings.any():
        plateaus = settled(trace, sign, plateaus, rings)
        top, top_samples = np.where(rings, plateaus.mean, top), np.where(rings, plateaus.n, top_samples)
    if sloping.any() or rings.any():
        first_half, last_half, first_high, last_high = _reached(magnitude, top, index, group, offset)
    near_peak = _near_peak(magnitude, group, peak, near, noise=noise, step=step)
    wide_first = np.maximum(runs.first - _MARGIN, np.concatenate(([0], runs.stop[:-1])))
    wide_stop = np.minimum(runs.stop + _MARGIN, np.concatenate((runs.first[1:], [len(trace)])))
    # One sample of the neighbour where phases touch: the line to it crosses 10 % as well.
    wide_first = np.maximum(np.minimum(wide_first, runs.first - 1), 0)
    wide_stop = np.minimum(np.maximum(wide_stop, runs.stop + 1), len(trace))
    index, group, offset = ragged(wide_first, wide_stop)
    low = sign[group] * trace.deviation[index] < 0.1 * top[group]
    last_low = _last(low & (index < first_half[group]), index, offset)
    next_low = _first(low & (index > last_half[group]), index, offset)
    next_low = np.where(next_low == _FAR, len(trace), next_low)
    begin, end = rest_to_rest(trace, runs, quiet.noise)
    rise, rise_bow = edge_time(trace, sign, top, last_low, first_high - 1, rings)
    fall, fall_bow = edge_time(trace, sign, top, next_low - 1, last_high, rings)
    beyond = np.minimum(next_low + (next_low - last_high), np.minimum(runs.stop + _MARGIN, len(trace)) - 1)
    half = 0.5 * top
    start = crosses(trace, sign, half, first_half - 1) + time_below(trace, sign, half, first_half, first_high)
    stop = crosses(trace, sign, half, last_half) - time_below(trace, sign, half, last_high, last_half)
    return Phases(
        sign=sign,
        top=top,
        top_samples=top_samples,
        bin_width=bin_width,
        peak=peak,
        start=start,
        stop=stop,
        begin=begin,
        end=end,
        rise=rise,
        # A plateau that ends near 90 % of its top has no instant at which its last edge begins.
        fall=np.where(
            plateaus.mean + 0.5 * np.nan_to_num(plateaus.slope) * plateaus.n < _FALLS_FROM * top,
            np.nan,
            -fall,
        ),
        middle=plateaus.mean,
        slope=plateaus.slope,
        curve=plateaus.curve,
        centre=np.asarray(0.5 * (plateaus.first + plateaus.last), dtype=np.float64),
        plateau=plateaus.n,
        start_error=cubic_correction(trace, sign, 0.5 * top, first_half - 1),
        stop_error=cubic_correction(trace, sign, 0.5 * top, last_half),
        near_peak=near_peak,
        past=-sign * trace.deviation[beyond] / top,
        rise_bow=rise_bow,
        fall_bow=-fall_bow,
        crest=crests.height,
        crest_curve=crests.curve,
        crest_reach=crests.reach,
        crest_place=crests.place,
    )


_FLOAT_FIELDS = (
    "top", "top_samples", "bin_width", "peak", "start", "stop", "begin", "end", "rise", "fall", "middle", "slope",
    "curve", "centre", "plateau", "start_error", "stop_error", "near_peak", "past", "rise_bow", "fall_bow", "crest",
    "crest_curve", "crest_reach", "crest_place",
)  # fmt: skip
