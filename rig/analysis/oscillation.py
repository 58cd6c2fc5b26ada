"""Telling an alternating current from pulses: a carrier that never rests, or rests too seldom to be seen at a glance.

The quiet level of a record is looked for among its samples' most frequent ones (see ``segment``). A sine, a beat or a
square wave without rest has no such level: its own swing would be taken for noise, or one of its two levels for rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rig.analysis.segment import Quiet
from rig.analysis.trace import Flags, Floats, Integers, ragged

__all__ = ["Oscillation", "find_oscillation", "white_noise"]

# Rms of the fourth difference of white noise over its own: √(1 + 16 + 36 + 16 + 1).
_ORDER = 4
_FOURTH = 70**0.5
_BLOCK = 4096
_BLOCKS = 16
# A record whose spread at rest is this much more than its noise from sample to sample does not rest there.
_RESTLESS = 4.0
# Nor does one whose rest lies this part of its largest value from zero.
_OFF_ZERO = 0.1
# A cycle passes these levels on either side of zero.
_LEVEL = 0.15
_LEVEL_NOISE = 5.0
_LEAST_CYCLES = 3
# Rises that take at most this many times as long as the fastest tenth are those of the largest cycles.
_STEEP = 1.12
_FEW = 0.1
_ROUNDS = 2
_LEAST_SAMPLES = 5.0
# Cycles this close to the median one are regular.
_REGULAR = 0.25
# An oscillation is away from zero for at least this part of the time, and regular for this part of it.
_LEAST_PART = 0.5
# A gap of so many cycles is a rest if nothing but noise, or this part of the peak, is left in the middle of it.
_REST_CYCLES = 1.5
_REST_NOISE = 1.15
_REST_PART = 0.01
# Noise below this part of the peak does not hide how a current sets in; a burst does so with this part of its peak.
_CLEAR = 0.01
_ABRUPT = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Oscillation:
    """An alternating current without rest.

    Attributes
    ----------
    zero : level that it swings about, A or V
    crossings : where it rises through that, in samples
    period : median from one to the next, in samples
    swing : samples that the rise takes from the lower to the upper level at which a cycle is counted
    steep : which crossings are about as steep as the steepest: where the amplitude is largest
    peak : largest magnitude, A or V
    noise : rms from sample to sample, A or V
    rest : level and noise between bursts, where it does rest now and then; None where it never does
    """

    zero: float
    crossings: Floats
    period: float
    swing: float
    steep: Flags
    peak: float
    noise: float
    rest: Quiet | None

    @property
    def frequency(self) -> float:
        """Cycles per sample, where the amplitude is largest."""
        lengths = self.regular
        return 1.0 / float(lengths.mean()) if len(lengths) else 1.0 / self.period

    @property
    def quiet(self) -> Quiet:
        """Level and noise that pulses are told from: at rest, or where it swings about."""
        return self.rest or Quiet(level=self.zero, noise=self.noise, rms=self.noise)

    @property
    def regular(self) -> Floats:
        """Lengths of the regular cycles where the amplitude is largest, in samples."""
        return np.asarray(np.diff(self.crossings)[self.is_regular], dtype=np.float64)

    @property
    def is_regular(self) -> Flags:
        """Which cycles are regular and lie where the amplitude is largest."""
        lengths = np.diff(self.crossings)
        return np.asarray(_is_regular(lengths, self.period) & self.steep[1:] & self.steep[:-1], dtype=np.bool_)


def _is_regular(lengths: Floats, period: float) -> Flags:
    return np.asarray(np.abs(lengths - period) <= _REGULAR * period, dtype=np.bool_)


def white_noise(values: Floats) -> float:
    """Rms noise from sample to sample, whatever the signal does more slowly: from fourth differences.

    Parameters
    ----------
    values : shape (n,), n ≥ 5; of long records sixteen stretches are looked at
    """
    starts = np.unique(np.linspace(0, max(len(values) - _BLOCK, 0), _BLOCKS).astype(np.int64))
    pieces = [np.diff(values[start : start + _BLOCK], _ORDER) for start in starts]
    return 1.4826 * float(np.median(np.abs(np.concatenate(pieces)))) / _FOURTH


def find_oscillation(values: Floats, quiet: Quiet, *, zero: float, floor: float) -> Oscillation | None:
    """Return the alternating current that a record holds, None where it rests at its quiet level as pulses do.

    Parameters
    ----------
    values : shape (n,), n ≥ 3
    quiet : what was found for its rest
    zero : where zero is, as far as known
    floor : least noise to assume (one code)
    """
    noise = max(white_noise(values), floor)
    lowest, highest = float(values.min()) - zero, float(values.max()) - zero
    peak = max(highest, -lowest)
    restless = quiet.noise > _RESTLESS * noise
    if not restless and abs(quiet.level - zero) <= _OFF_ZERO * peak:
        return None
    found = _about(values, zero, noise)
    # An alternating current that rides on a direct one need not pass zero.
    return _about(values, float(values.mean()), noise) if found is None and restless else found


def _about(values: Floats, zero: float, noise: float) -> Oscillation | None:
    lowest, highest = float(values.min()) - zero, float(values.max()) - zero
    peak = max(highest, -lowest)
    level = max(_LEVEL_NOISE * noise, _LEVEL * peak)
    if min(highest, -lowest) <= level:
        return None
    below, above = _rises(values, zero, level)
    if len(below) <= _LEAST_CYCLES:
        return None
    crossings = _between(values, zero, below, above)
    swing = float(np.quantile(above - below, _FEW))
    lengths = np.diff(crossings)
    period = float(np.median(lengths))
    steady = float(lengths[_is_regular(lengths, period)].sum())
    away = float(np.count_nonzero(np.abs(values - zero) > level)) / len(values)
    if period < _LEAST_SAMPLES or away < _LEAST_PART or steady < _LEAST_PART * float(lengths.sum()):
        return None
    return Oscillation(
        zero=zero,
        crossings=crossings,
        period=period,
        swing=swing,
        steep=np.asarray(above - below <= _STEEP * swing + 1.0, dtype=np.bool_),
        peak=peak,
        noise=noise,
        rest=_rest(values, zero, crossings, period, noise=noise, peak=peak),
    )


def _rises(values: Floats, zero: float, level: float) -> tuple[Integers, Integers]:
    """Last sample below −level and first above +level of every rise."""
    state = (values > zero + level).view(np.int8) - (values < zero - level).view(np.int8)
    away = np.flatnonzero(state)
    side = state[away]
    rising = np.flatnonzero((side[1:] > 0) & (side[:-1] < 0))
    return away[rising], away[rising + 1]


def _between(values: Floats, zero: float, below: Integers, above: Integers) -> Floats:
    """Where a straight line through both sides of a rise crosses zero.

    From sample to sample at first, then between two instants as far from the crossing, so that a bend does not count.
    """
    low, high = values[below] - zero, values[above] - zero
    at = below - low / (high - low) * (above - below)
    reach = 0.25 * (above - below)
    for _ in range(_ROUNDS):
        left, right = np.maximum(at - reach, below), np.minimum(at + reach, above)
        low, high = _value(values, left) - zero, _value(values, right) - zero
        rises = (low < 0) & (high > 0)
        step = np.where(rises, high - low, 1.0)
        at = np.where(rises, left - low / step * (right - left), at)
    return np.asarray(at, dtype=np.float64)


def _value(values: Floats, position: Floats) -> Floats:
    whole = np.clip(np.floor(position).astype(np.int64), 0, len(values) - 2)
    return np.asarray(values[whole] + (position - whole) * (values[whole + 1] - values[whole]), dtype=np.float64)


def _sets_in(values: Floats, zero: float, crossings: Floats, period: float) -> Floats:
    """Largest magnitude of the half-cycle after each crossing."""
    first = np.floor(crossings).astype(np.int64)
    stop = np.minimum(first + max(round(0.5 * period), 1), len(values))
    index, _group, offset = ragged(first, stop)
    return np.asarray(np.maximum.reduceat(np.abs(values[index] - zero), offset), dtype=np.float64)


def _rest(values: Floats, zero: float, crossings: Floats, period: float, *, noise: float, peak: float) -> Quiet | None:
    """Level and noise of what lies in the middle of gaps of more than a cycle, if nothing but noise does."""
    lengths = np.diff(crossings)
    gaps = np.flatnonzero(lengths > (1 + _REST_CYCLES) * period)
    if not len(gaps):
        return None
    # The last cycle takes one period of a gap; of the rest the middle half.
    begin = crossings[gaps] + period
    spare = 0.25 * (crossings[gaps + 1] - begin)
    first = np.ceil(begin + spare).astype(np.int64)
    stop = np.maximum(np.floor(crossings[gaps + 1] - spare).astype(np.int64), first + 1)
    index, _group, offset = ragged(first, stop)
    found = values[index]
    power = np.add.reduceat(np.square(found - zero), offset) / (stop - first)
    # A beat's node passes through rest, a rest stays there; in noise they look alike, but a burst sets in at once.
    at_rest = np.sqrt(power) <= max(_REST_NOISE * noise, _REST_PART * peak)
    if noise > _CLEAR * peak:
        at_rest &= _sets_in(values, zero, crossings[gaps + 1], period) >= _ABRUPT * peak
    if not at_rest.any():
        return None
    still = found[np.repeat(at_rest, stop - first)]
    spread_at_rest = float(still.std())
    return Quiet(level=float(np.median(still)), noise=max(spread_at_rest, noise), rms=spread_at_rest)
