"""Finding phases and pulses in a record: runs away from the quiet level, and which of them belong together.

A pulse has up to three levels (rest, one direction, the other), so a two-level histogram is of no use here: every run
is found against the record's own quiet level first, and measured against its own baseline afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.aftermath import passive_recoveries, ringing
from rig.analysis.cycles import carrier_cycles
from rig.analysis.trace import Flags, Floats, Integers, ragged

if TYPE_CHECKING:
    from rig.model.stimulus import Stimulus

__all__ = [
    "LONE_SAMPLE",
    "Pulses",
    "Quiet",
    "Runs",
    "find_runs",
    "group_pulses",
    "no_runs",
    "quiet_level",
    "run_threshold",
    "shows_pulses",
]

# A run must leave the quiet level by this many times the noise (two million samples hold none by chance) …
_NOISE_FACTOR = 6.0
# … and by this part of the largest deviation, so that settling and recovery are not taken for phases.
_PART_OF_PEAK = 0.05
# Below this many standard deviations the largest deviation of all is no signal.
_LEAST_PEAK = 8.0
# A run must reach this multiple of the threshold, else it is a tail that wavers around it.
_HYSTERESIS = 1.5
# Runs in one direction this close together (samples) are one: noise on a slow edge.
_CHATTER = 3
# Gaps between phases are of two kinds if somewhere in their sorted list the next is this much longer.
_GAP_RATIO = 2.5
# Two opposite phases with nothing to compare with are one pulse if the rest between them is below this many durations.
_LONE_PAIR = 20.0
_SUBSAMPLE = 65536
LONE_SAMPLE = 0.25
"""A run of a single sample is a phase from this part of the largest deviation on."""
# The level at rest is the mean of what lies within this many times the noise of the median.
_LEVEL_REACH = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """The level at rest and the noise around it; A or V.

    ``noise`` tells signal from rest, so it is never less than a code; ``rms`` is what was found, rounding included.
    """

    level: float
    noise: float
    rms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Runs:
    """Phases as runs of samples beyond the threshold: ``first`` to ``stop`` (exclusive), in direction ``sign``."""

    first: Integers
    stop: Integers
    sign: Integers
    threshold: float
    largest: float

    def __len__(self) -> int:
        return len(self.first)

    @property
    def visible(self) -> float:
        """The least peak that a run has."""
        return _HYSTERESIS * self.threshold


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pulses:
    """Pulses as stretches of phases: ``first`` to ``stop`` (exclusive); ``whole`` where no edge of the record cuts.

    ``cyclic`` says that they are cycles of a carrier.
    """

    first: Integers
    stop: Integers
    whole: Flags
    cyclic: bool = False

    def __len__(self) -> int:
        return len(self.first)

    @property
    def of_phase(self) -> Integers:
        """Number of the pulse that each phase belongs to."""
        return np.repeat(np.arange(len(self.first)), self.stop - self.first)


def _spread(samples: Floats, centre: float) -> float:
    return 1.4826 * float(np.median(np.abs(samples - centre)))


def quiet_level(values: Floats, *, zero: float | None, floor: float) -> Quiet:
    """Return the level at which the signal rests and the noise around it.

    Parameters
    ----------
    values : shape (n,), n ≥ 2
    zero : mean of the zero capture, if any; the record's own rest is looked for there first
    floor : least noise to assume (one code)

    Notes
    -----
    Median and median absolute deviation of what lies within half of the largest deviation, so that pulses do not weigh.
    The median of codes is a code, off the level by up to half of one, which would shorten the phases of one direction
    and lengthen those of the other; the mean of the samples near it is not, as far as noise dithers them.
    """
    some = values[:: max(1, len(values) // _SUBSAMPLE)]
    centre = float(np.median(some))
    reach = 0.5 * float(np.max(np.abs(some - centre)))
    if zero is not None:
        band = max(0.1 * float(np.max(np.abs(some - zero))), 3 * floor)
        near = some[np.abs(some - zero) <= band]
        if len(near) >= 0.05 * len(some):
            centre = float(np.median(near))
            reach = 0.5 * float(np.max(np.abs(some - centre)))
    near = some[np.abs(some - centre) <= max(reach, floor)]
    if not len(near):
        # Half of the time at one level and half at another: rest is the one nearer to zero.
        near = some[np.argsort(np.abs(some - (zero or 0.0)), kind="stable")][: len(some) // 2]
    centre = float(np.median(near))
    noise = max(_spread(near, centre), floor)
    away = np.abs(near - centre)
    level = float(near[away <= _LEVEL_REACH * noise].mean())
    return Quiet(level=level, noise=noise, rms=float(near[away <= _NOISE_FACTOR * noise].std()))


def _starts_and_stops(deviation: Floats, threshold: float) -> tuple[Integers, Integers, Integers]:
    state = (deviation > threshold).view(np.int8) - (deviation < -threshold).view(np.int8)
    edges = np.flatnonzero(state[1:] != state[:-1]) + 1
    bounds = np.concatenate(([0], edges, [len(state)])).astype(np.int64)
    sign = state[bounds[:-1]].astype(np.int64)
    kept = sign != 0
    return bounds[:-1][kept], bounds[1:][kept], sign[kept]


def _merged(first: Integers, stop: Integers, sign: Integers) -> tuple[Integers, Integers, Integers]:
    apart = (sign[1:] != sign[:-1]) | (first[1:] - stop[:-1] > _CHATTER)
    begins = np.concatenate(([True], apart))
    ends = np.concatenate((apart, [True]))
    return first[begins], stop[ends], sign[begins]


def no_runs(*, threshold: float, largest: float) -> Runs:
    """Return that there are no phases."""
    nothing = np.empty(0, dtype=np.int64)
    return Runs(first=nothing, stop=nothing, sign=nothing, threshold=threshold, largest=largest)


def run_threshold(largest: float, quiet: Quiet) -> float:
    """Return the deviation that only a phase exceeds, where the largest of all deviations is that."""
    return max(_NOISE_FACTOR * quiet.noise, _PART_OF_PEAK * largest)


def shows_pulses(largest: float, quiet: Quiet) -> bool:
    """Whether the largest of all deviations is more than noise."""
    return largest >= _LEAST_PEAK * quiet.noise


def find_runs(deviation: Floats, quiet: Quiet) -> Runs:
    """Return the phases of a record as runs beyond the threshold.

    Parameters
    ----------
    deviation : value minus quiet level, shape (n,)
    """
    largest = float(max(deviation.max(), -deviation.min()))
    threshold = run_threshold(largest, quiet)
    if not shows_pulses(largest, quiet):
        return no_runs(threshold=threshold, largest=largest)
    first, stop, sign = _merged(*_starts_and_stops(deviation, threshold))
    index, group, offset = ragged(first, stop)
    peak = np.maximum.reduceat(sign[group] * deviation[index], offset)
    length = stop - first
    real = (peak >= _HYSTERESIS * threshold) & ((length > 1) | (peak >= LONE_SAMPLE * largest))
    real &= ~ringing(first, stop, peak, chatter=_CHATTER)
    real &= ~passive_recoveries(deviation, first, stop, sign, peak, threshold=threshold, chatter=_CHATTER)
    first, stop, sign = first[real], stop[real], sign[real]
    if len(first):
        first, stop, sign = _merged(first, stop, sign)
    return Runs(first=first, stop=stop, sign=sign, threshold=threshold, largest=largest)


def _longest_link(runs: Runs, interval: float, expected: Stimulus | None) -> float:
    """Longest rest inside a pulse, in samples; −1 where no two phases belong together."""
    gaps = (runs.first[1:] - runs.stop[:-1]).astype(np.float64)
    durations = (runs.stop - runs.first).astype(np.float64)
    if expected is not None:
        rest = expected.period - expected.shape.phases * expected.phase_duration
        return min(0.5 * rest, 3 * expected.interphase + expected.phase_duration) / interval
    if len(gaps) == 1:
        return _LONE_PAIR * float(durations.max())
    # Gaps of a few samples are all alike, whatever their ratio.
    padded = np.sort(gaps) + 0.1 * float(np.median(durations)) + _CHATTER
    jumps = np.flatnonzero(padded[1:] > _GAP_RATIO * padded[:-1])
    if not len(jumps):
        return -1.0
    shortest_kind = np.sort(gaps)[: int(jumps[0]) + 2]
    return float(0.5 * (shortest_kind[-2] + shortest_kind[-1]))


def group_pulses(runs: Runs, *, samples: int, interval: float, expected: Stimulus | None) -> Pulses:
    """Put the phases that belong together into pulses, and find the pulses that the record's edges cut.

    Notes
    -----
    Phases belong together if they have opposite directions and the rest between them is short: of the order of the set
    interphase interval where a stimulus is given, else of the shortest kind of gap in the record.
    """
    nothing = np.empty(0, dtype=np.int64)
    if not len(runs):
        return Pulses(first=nothing, stop=nothing, whole=np.empty(0, dtype=bool))
    linked = np.zeros(len(runs) - 1, dtype=bool)
    if len(runs) > 1:
        gaps = runs.first[1:] - runs.stop[:-1]
        linked = (runs.sign[1:] != runs.sign[:-1]) & (gaps <= _longest_link(runs, interval, expected))
    first = np.flatnonzero(np.concatenate(([True], ~linked))).astype(np.int64)
    stop = np.append(first[1:], len(runs)).astype(np.int64)
    cycles = carrier_cycles(runs.first, runs.stop, runs.sign, first, stop) if expected is None else None
    if cycles is not None:
        first, stop = cycles
    whole = (runs.first[first] > 0) & (runs.stop[stop - 1] < samples)
    pulses = Pulses(first=first, stop=stop, whole=whole, cyclic=cycles is not None)
    return replace(pulses, whole=_not_cut(runs, pulses, samples=samples, interval=interval, expected=expected))


def _not_cut(runs: Runs, pulses: Pulses, *, samples: int, interval: float, expected: Stimulus | None) -> Flags:
    """Rule out the first and last pulse as well where a phase may lie beyond the record's edge."""
    first, stop = pulses.first, pulses.stop
    phases = stop - first
    common = np.bincount(phases)
    usual = int(np.flatnonzero(common == common.max())[-1])
    span = float((runs.stop[stop - 1] - runs.first[first]).max())
    if expected is not None:
        usual = max(usual, expected.shape.phases)
        span = max(span, expected.pulse_width / interval)
    whole = pulses.whole.copy()
    if phases[0] < usual and runs.first[first[0]] < span:
        whole[0] = False
    if phases[-1] < usual and samples - runs.stop[stop[-1] - 1] < span:
        whole[-1] = False
    return whole
