"""The shape of every phase: its top, its reference-level crossings, its edges and its plateau (IEEE Std 181-2011)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.crest import find_crests
from rig.analysis.trace import Flags, Floats, Integers, Trace, ragged
from rig.analysis.uncertainty import expected_extreme

if TYPE_CHECKING:
    from rig.analysis.segment import Quiet, Runs

__all__ = ["Phases", "bin_width_of", "plateau_trim", "shape_phases", "steep_from"]

# Samples before and after a run in which the 10 % crossing may lie.
_MARGIN = 8
_LEAST_PLATEAU = 8
# Part of a phase left out at either end of its plateau: edge and overshoot.
_TRIM = 0.05
# An edge is followed from 50 % to this part of the top, and taken to last so many times longer from 50 % on.
_CLIMBED = 0.7
_EDGE = 4
# A plateau that falls by this part of itself, and by this many times what noise alone makes, has no mode.
_STEEP = 0.02
_STATE = 5.0
_SOME = 0.1
_FALLS_FROM = 0.93
_LEAST_CUBIC = 4
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


def steep_from(steepness: Floats) -> float:
    """Return the steepness from which on a plateau has no mode.

    Where some of a record's phases slope, those that nearly do are treated alike: their tops must not jump.
    """
    return 0.5 if float(np.mean(steepness > 1.0)) > _SOME else 1.0


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


def _between(trace: Trace, sign: Integers, level: Floats, before: Integers) -> Floats:
    """Where the straight line from sample ``before`` to the next one crosses a level; NaN outside of the record."""
    inside = (before >= 0) & (before < len(trace) - 1)
    low = np.clip(before, 0, len(trace) - 2)
    from_, to = sign * trace.deviation[low], sign * trace.deviation[low + 1]
    step = np.where(to == from_, 1.0, to - from_)
    part = np.clip((level - from_) / step, 0.0, 1.0)
    return np.where(inside, low + part, np.nan)


def _below(trace: Trace, sign: Integers, level: Floats, first: Integers, last: Integers) -> Floats:
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Plateaus:
    """Samples ``first`` to ``last`` of every phase, and the parabola through them."""

    first: Integers
    last: Integers
    mean: Floats
    slope: Floats
    curve: Floats

    @property
    def n(self) -> Floats:
        return np.asarray(self.last + 1 - self.first, dtype=np.float64)

    @property
    def bow(self) -> Floats:
        """Mean of the squared distance from the middle, samples²: by so much times ``curve`` the middle lies lower."""
        return np.asarray((self.n**2 - 1) / 12, dtype=np.float64)


def plateau_trim(length: Integers, edge: int) -> Integers:
    """Return how many samples are left out at either end of plateaus, between 50 % crossings so many samples apart.

    ``edge`` is what the slowest edge takes from 50 % to 70 %, in samples.
    """
    trim = np.maximum((_TRIM * length).astype(np.int64), _EDGE * edge + 1)
    return np.asarray(np.minimum(trim, length // 2), dtype=np.int64)


def _plateaus(trace: Trace, sign: Integers, first: Integers, climbed: Integers, last: Integers) -> _Plateaus:
    """Mean and least-squares parabola of every plateau, trimmed at both ends.

    Between the 50 % crossings, less a twentieth and four times what the slowest edge takes from 50 % to 70 %, at either
    end: a level that slopes may begin or end below 90 % of its top, so an edge cannot be told from it by that.
    """
    # The slowest first edge of all stands for every edge: where phases touch, one goes from −1 to +1 and seems short.
    edge = int((climbed - first).max())
    trim = plateau_trim(last - first, edge)
    first, last = first + trim, last - trim
    index, group, offset = ragged(first, last + 1)
    n = (last + 1 - first).astype(np.float64)
    position = index - 0.5 * (first + last)[group]
    value = sign[group] * trace.deviation[index]
    mean = np.add.reduceat(value, offset) / n
    spread = np.maximum(n * (n**2 - 1) / 12, 1.0)
    slope = np.add.reduceat(position * value, offset) / spread
    # The second orthogonal polynomial of n equidistant points, and the sum of its squares.
    bow = position**2 - ((n**2 - 1) / 12)[group]
    curve = np.add.reduceat(bow * value, offset) / np.maximum(n * (n**2 - 1) * (n**2 - 4) / 180, 1.0)
    enough = n >= _LEAST_PLATEAU
    return _Plateaus(
        first=first,
        last=last,
        mean=mean,
        slope=np.where(enough, slope, np.nan),
        curve=np.where(enough, curve, np.nan),
    )


def _settled(trace: Trace, sign: Integers, plateaus: _Plateaus, rings: Flags) -> _Plateaus:
    """Take the second halves of plateaus that ring for all of them, and straight lines through these."""
    first = plateaus.first + (plateaus.last + 1 - plateaus.first) // 2
    index, group, offset = ragged(first, plateaus.last + 1)
    n = (plateaus.last + 1 - first).astype(np.float64)
    value = sign[group] * trace.deviation[index]
    mean = np.add.reduceat(value, offset) / n
    position = index - 0.5 * (first + plateaus.last)[group]
    slope = np.add.reduceat(position * value, offset) / np.maximum(n * (n**2 - 1) / 12, 1.0)
    return _Plateaus(
        first=np.where(rings, first, plateaus.first),
        last=plateaus.last,
        mean=np.where(rings, mean, plateaus.mean),
        slope=np.where(rings, np.where(n >= _LEAST_PLATEAU, slope, np.nan), plateaus.slope),
        curve=np.where(rings, 0.0 * plateaus.curve, plateaus.curve),
    )


def _levels(rough: tuple[Floats, Floats, Floats], plateaus: _Plateaus, noise: float) -> tuple[Floats, Floats, Flags]:
    """Top, number of samples it is the mean of, and whether the plateau slopes too much to have a mode.

    Not by the width of a bin, which noise widens: two instruments of different noise mean the same by a top.
    """
    top, samples, _bin_width = rough
    fall = np.abs(np.nan_to_num(plateaus.slope)) * plateaus.n
    chance = noise * np.sqrt(12 / plateaus.n)
    steepness = fall / np.maximum(_STEEP * plateaus.mean, _STATE * chance)
    sloping = np.asarray(steepness > steep_from(steepness), dtype=np.bool_)
    half_way = plateaus.mean - np.nan_to_num(plateaus.curve) * plateaus.bow
    return np.where(sloping, half_way, top), np.where(sloping, plateaus.n, samples), sloping


def _cubic(trace: Trace, sign: Integers, level: Floats, before: Integers) -> Floats:
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


def _edge(
    trace: Trace, sign: Integers, top: Floats, low: Integers, high: Integers, rings: Flags
) -> tuple[Floats, Floats]:
    """Time from 10 % to 90 %, in samples, and how much the edge bends; of phases that ring by a cubic, else NaN."""
    time = _between(trace, sign, 0.9 * top, high) - _between(trace, sign, 0.1 * top, low)
    if not rings.any():
        return time, np.full(len(time), np.nan)
    bent = _cubic(trace, sign, 0.9 * top, high) - _cubic(trace, sign, 0.1 * top, low)
    bow = _bow(trace, sign, 0.9 * top, high) - _bow(trace, sign, 0.1 * top, low)
    return np.where(rings, time + bent, time), np.where(rings, bow, np.nan)


def _near_peak(
    magnitude: Floats, group: Integers, peak: Floats, plateau: Floats, *, noise: float, step: float
) -> Floats:
    """Of how many samples the extreme one is the largest by noise alone; ``step`` is one code."""
    reach = 0.5 * step + noise * np.array([expected_extreme(n) for n in plateau])
    near = magnitude >= (peak - reach)[group]
    # Half of the samples of a level lie above its mean, and the extreme one lies as far above as is looked down here.
    return np.asarray(2.0 * np.bincount(group[near], minlength=len(peak)), dtype=np.float64)


def _limits(trace: Trace, runs: Runs, noise: float) -> tuple[Floats, Floats]:
    """Where each phase begins and ends: at the first sample at rest, or where it turns into the opposite direction."""
    begin, end = np.empty(len(runs)), np.empty(len(runs))
    for direction in (1, -1):
        mine = np.flatnonzero(runs.sign == direction)
        active = trace.deviation > 2 * noise if direction > 0 else trace.deviation < -2 * noise
        begin[mine], end[mine] = _at_rest(active, runs.first[mine], runs.stop[mine])
    crossed_first = _passes(trace, runs.sign, begin, 1, noise)
    crossed_last = _passes(trace, runs.sign, end, -1, noise)
    overlap = np.flatnonzero(end[:-1] > begin[1:])
    left = begin[1:][overlap]
    right = end[:-1][overlap]
    a, b = trace.deviation[left.astype(np.int64)], trace.deviation[right.astype(np.int64)]
    opposite = a * b < 0
    part = np.where(opposite, a / np.where(opposite, a - b, 1.0), 0.5)
    turn = left + part * (right - left)
    begin, end = begin + crossed_first, end - crossed_last
    end[overlap] = turn
    begin[overlap + 1] = turn
    return begin, end


def _passes(trace: Trace, sign: Integers, at: Floats, step: int, noise: float) -> Floats:
    """How far towards its phase the level at rest is crossed, from a sample that lies beyond it; 0 from one at rest."""
    here = at.astype(np.int64)
    beyond = -sign * trace.deviation[here]
    inside = sign * trace.deviation[np.clip(here + step, 0, len(trace) - 1)]
    crossed = (beyond > 2 * noise) & (inside > 0)
    return np.asarray(np.where(crossed, beyond / np.where(crossed, beyond + inside, 1.0), 0.0), dtype=np.float64)


def _at_rest(active: Flags, first: Integers, stop: Integers) -> tuple[Integers, Integers]:
    """Return the last sample at rest before each ``first``, and the first one from each ``stop`` on; else the edge."""
    # By the few stretches that are active: an index of the many samples at rest would be as long as the record.
    edge = np.concatenate(([False], active, [False]))
    turns = np.flatnonzero(edge[1:] != edge[:-1])
    nothing = [-1]  # an empty stretch ahead of the record, so that every sample has one that begins before it
    starts, stops = np.concatenate((nothing, turns[::2])), np.concatenate((nothing, turns[1::2]))
    before, after = (np.searchsorted(starts, sample, side="right") - 1 for sample in (first - 1, stop))
    begin = np.where(first - 1 < stops[before], starts[before], first) - 1
    end = np.where(stop < stops[after], stops[after], stop)
    return np.maximum(begin, 0), np.minimum(end, len(active) - 1)


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
    plateaus = _plateaus(trace, sign, first_half, climbed, last_half)
    top, top_samples, sloping = _levels(rough, plateaus, quiet.noise)
    crests = find_crests(magnitude, offset, peak=peak, top=top, noise=quiet.noise, sloping=sloping)
    rings, near = crests.ring, plateaus.n
    if rings.any():
        plateaus = _settled(trace, sign, plateaus, rings)
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
    begin, end = _limits(trace, runs, quiet.noise)
    rise, rise_bow = _edge(trace, sign, top, last_low, first_high - 1, rings)
    fall, fall_bow = _edge(trace, sign, top, next_low - 1, last_high, rings)
    beyond = np.minimum(next_low + (next_low - last_high), np.minimum(runs.stop + _MARGIN, len(trace)) - 1)
    half = 0.5 * top
    start = _between(trace, sign, half, first_half - 1) + _below(trace, sign, half, first_half, first_high)
    stop = _between(trace, sign, half, last_half) - _below(trace, sign, half, last_high, last_half)
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
        start_error=_cubic(trace, sign, 0.5 * top, first_half - 1),
        stop_error=_cubic(trace, sign, 0.5 * top, last_half),
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
