"""Which pulses come together: bursts, and stretches of bursts where rests of two kinds are seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.trace import Floats, Integers

if TYPE_CHECKING:
    from rig.analysis.record import Record

__all__ = ["Stretches", "burst_starts", "bursts", "longest_period", "pulse_trains", "stretches"]

# Intervals are of two kinds where in their sorted list the next is this much longer; no sweep has such a jump.
_JUMP = 2.5
# The shorter kind must be this part of all, or it is a few extra pulses.
_LEAST_SHARE = 1 / 3
# A rest of this many periods ends a burst; a shorter one is pulses missing, unless it returns regularly.
_BURST_GAP = 4.5
_ALIKE = 0.25
_LEAST_RESTS = 2
# So many periods of rest before the first pulse show that none of its burst was missed.
_LEAD = 1.5

Stretches = tuple[Integers, Integers]


def longest_period(steps: Floats) -> float:
    """Return the longest interval between pulses of one burst; infinite where all intervals are of one kind.

    Parameters
    ----------
    steps : intervals from pulse to pulse, shape (m,), any unit

    >>> longest_period(np.array([1.0, 1.0, 9.0, 1.0, 1.0]))
    4.5
    """
    known = np.sort(steps[np.isfinite(steps)])
    known = known[known > 0]
    jumps = np.flatnonzero(known[1:] > _JUMP * known[:-1])
    jumps = jumps[jumps + 1 >= _LEAST_SHARE * len(known)]
    if not len(jumps):
        return float("inf")
    last = int(jumps[0])
    regular = float(np.sqrt(known[last] * known[last + 1]))
    return regular if _returns(steps, regular) else _BURST_GAP * float(np.median(known[: last + 1]))


def _returns(steps: Floats, gap: float) -> bool:
    """Whether rests above ``gap`` return so regularly that no pulse is missing: doublets, triplets, bursts."""
    rests = np.flatnonzero(steps > gap)
    counts = np.diff(rests)
    alike = bool(np.ptp(steps[rests]) <= _ALIKE * float(steps[rests].mean()))
    return len(rests) >= _LEAST_RESTS and alike and bool((counts == counts[0]).all()) and int(counts[0]) > 1


def _grouped(starts: Floats, ends: Integers) -> Stretches:
    """First and last item of every group, of items that begin at ``starts``; ``ends`` are the last of each group."""
    first = np.append(0, ends + 1).astype(np.int64)
    last = np.append(ends, len(starts) - 1).astype(np.int64)
    return first, last


def _split(starts: Floats) -> tuple[Stretches, float] | None:
    """Groups of items that follow one another closely, and the usual interval inside of them."""
    steps = np.diff(starts)
    steps = np.where(np.isnan(steps), 0.0, steps)
    gap = longest_period(steps)
    ends = np.flatnonzero(steps > gap).astype(np.int64)
    if len(steps) < _LEAST_RESTS or not len(ends):
        return None
    return _grouped(starts, ends), float(np.median(steps[(steps > 0) & (steps <= gap)]))


def _starts(record: Record) -> Floats:
    """Leading crossings of all pulses, in samples; of one that the record's beginning cuts, that beginning."""
    starts = record.phases.start[record.pulses.first] if len(record.pulses) else np.empty(0)
    return np.asarray(np.where(np.isnan(starts), 0.0, starts), dtype=np.float64)


def _seen_whole(record: Record, groups: Stretches, usual: float) -> Stretches:
    """Groups of pulses that a rest parts from both edges of the record."""
    first, last = groups
    begins, ends = _starts(record)[first], record.pulse_end[last]
    whole = record.pulses.whole[first] & record.pulses.whole[last]
    whole &= (begins > _LEAD * usual) & (len(record.trace) - ends > _LEAD * usual)
    return first[whole], last[whole]


def bursts(record: Record) -> Stretches | None:
    """First and last pulse of every whole burst: between two rests that lie inside the record; None below two."""
    split = _split(_starts(record))
    if split is None:
        return None
    whole = _seen_whole(record, *split)
    return whole if len(whole[0]) > 1 else None


def stretches(record: Record) -> Stretches | None:
    """First and last pulse of every whole stretch during which bursts come: of bursts where rests are of one kind."""
    starts = _starts(record)
    split = _split(starts)
    if split is None:
        return None
    (first, last), _usual = split
    again = _split(starts[first])
    if again is None:
        return bursts(record)
    (first_burst, last_burst), usual = again
    whole = _seen_whole(record, (first[first_burst], last[last_burst]), usual)
    return whole if len(whole[0]) > 1 else None


def pulse_trains(record: Record) -> Stretches:
    """First and last pulse of every train that rests part from the record's edges; of bursts, where there are such."""
    starts = _starts(record)
    split = _split(starts)
    if split is not None:
        (first, last), usual = split
        again = _split(starts[first])
        if again is not None:
            return _seen_whole(record, (first[again[0][0]], last[again[0][1]]), again[1])
        return _seen_whole(record, (first, last), usual)
    none = np.empty(0, dtype=np.int64)
    if len(starts) < _LEAST_RESTS:
        return none, none
    ends = np.array([len(starts) - 1], dtype=np.int64)
    return _seen_whole(record, (np.zeros(1, dtype=np.int64), ends), float(np.median(np.diff(starts))))


def burst_starts(record: Record) -> Integers | None:
    """Pulses with which whole periods of the longest kind begin, two or more; None where there are no bursts."""
    starts = _starts(record)
    split = _split(starts)
    if split is None:
        return None
    (first, _last), usual = split
    again = _split(starts[first])
    outer = None if again is None else _begun(starts, first[again[0][0]], again[1])
    inner = _begun(starts, first, usual)
    return outer if outer is not None else inner


def _begun(starts: Floats, first: Integers, usual: float) -> Integers | None:
    known = first[starts[first] > _LEAD * usual]
    return known if len(known) > 1 else None
