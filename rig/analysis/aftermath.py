"""What follows a phase without being one: ringing, and the passive recovery of its charge through the load."""

from __future__ import annotations

import numpy as np

from rig.analysis.trace import Flags, Floats, Integers, ragged

__all__ = ["passive_recoveries", "ringing"]

# A lobe of ringing is this much shorter and this much smaller than the phase it follows, and follows this closely.
_LOBE_LENGTH = 0.1
_LOBE_PEAK = 0.5
_LOBE_GAP = 0.1
_MOST_LOBES = 32

# A recovery follows its phase this closely, of the phase's length: a slow edge takes a while between the thresholds.
_FOLLOWS = 0.05
# A recovery is looked at in the middle of these parts of its length.
_PARTS = (0.125, 0.375, 0.625, 0.875)
_LEAST_LENGTH = 32
# Its logarithm is a straight line: the three steps between the parts differ from their mean by less than this part …
_STRAIGHT = 0.25
# … and it falls from its peak to the threshold; natural logarithms.
_NEAR_ENDS = 0.35
_LEAST_FALL = 0.3
_MOST_GIVEN = 1.2


def ringing(first: Integers, stop: Integers, peak: Floats, *, chatter: int) -> Flags:
    """Return which runs are lobes of the ringing of the phase before them.

    Parameters
    ----------
    first, stop, peak : of the runs beyond the threshold, shape (m,); samples, and magnitudes
    chatter : gap that parts nothing, in samples

    Notes
    -----
    A lobe follows a phase or another of its lobes at once, and is much shorter and much smaller than the phase. A phase
    that balances charge is either as long or as large as the one before it, so it is never taken for a lobe.
    """
    length = stop - first
    lobe = np.zeros(len(first), dtype=bool)
    gap = first[1:] - stop[:-1]
    head = np.arange(len(first))
    for _ in range(_MOST_LOBES):
        before = head[:-1]
        near = gap <= np.maximum(chatter, (_LOBE_GAP * length[before]).astype(np.int64))
        small = (length[1:] < _LOBE_LENGTH * length[before]) & (peak[1:] < _LOBE_PEAK * peak[before])
        now = np.concatenate(([False], near & small))
        if (now == lobe).all():
            break
        lobe = now
        head[1:] = np.where(lobe[1:], head[:-1], head[1:])
    return np.asarray(lobe, dtype=np.bool_)


def passive_recoveries(
    deviation: Floats,
    first: Integers,
    stop: Integers,
    sign: Integers,
    peak: Floats,
    *,
    threshold: float,
    chatter: int,
) -> Flags:
    """Return which runs are exponential discharges that begin where an opposite phase ends.

    Parameters
    ----------
    deviation : value minus quiet level, shape (n,)
    first, stop, sign, peak : of the runs beyond the threshold, shape (m,)
    threshold : at which runs end

    Notes
    -----
    A source that drives a phase switches it off: a driven phase ends in an edge. What a capacitor drives fades into the
    threshold, and its logarithm is a straight line from its peak to there.
    """
    found = np.zeros(len(first), dtype=bool)
    length = stop - first
    follows = np.zeros(len(first), dtype=bool)
    near = first[1:] - stop[:-1] <= np.maximum(chatter, (_FOLLOWS * length[:-1]).astype(np.int64))
    follows[1:] = near & (sign[1:] == -sign[:-1])
    at = np.flatnonzero(follows & (length >= _LEAST_LENGTH))
    if not len(at):
        return found
    level = np.column_stack([_mean_about(deviation, first[at], length[at], sign[at], part) for part in _PARTS])
    positive = (level > 0).all(axis=1)
    at, level = at[positive], np.log(level[positive])
    steps = -np.diff(level, axis=1)
    step = steps.mean(axis=1)
    straight = (np.abs(steps - step[:, None]) <= _STRAIGHT * step[:, None]).all(axis=1)
    ends = np.abs(level[:, -1] - 0.5 * step - np.log(threshold)) <= _NEAR_ENDS
    begins = np.abs(level[:, 0] + 0.5 * step - np.log(peak[at])) <= _NEAR_ENDS
    # It gives back no more than the phase before it brought.
    given = np.exp(level).mean(axis=1) * length[at]
    brought = peak[at - 1] * length[at - 1]
    found[at] = straight & ends & begins & ((len(_PARTS) * step) >= _LEAST_FALL) & (given <= _MOST_GIVEN * brought)
    return found


def _mean_about(deviation: Floats, first: Integers, length: Integers, sign: Integers, part: float) -> Floats:
    """Mean magnitude of an eighth of every run about a part of its length."""
    begin = first + ((part - 0.0625) * length).astype(np.int64)
    index, group, offset = ragged(begin, begin + np.maximum(length // 8, 1))
    return np.asarray(
        np.add.reduceat(sign[group] * deviation[index], offset) / np.maximum(length // 8, 1), dtype=np.float64
    )
