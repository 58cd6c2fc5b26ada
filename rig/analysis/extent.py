"""Where phases begin and end, from rest to rest: the limits of integration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from rig.analysis.segment import Runs
    from rig.analysis.trace import Flags, Floats, Integers, Trace

__all__ = ["rest_to_rest"]


def rest_to_rest(trace: Trace, runs: Runs, noise: float) -> tuple[Floats, Floats]:
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
