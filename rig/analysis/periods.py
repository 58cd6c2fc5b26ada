"""The stretch of a record that means and effective values speak of: whole periods of its slowest repetition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.beat import beats
from rig.analysis.bursts import burst_starts
from rig.analysis.outcome import span

if TYPE_CHECKING:
    from rig.analysis.record import Record
    from rig.model.measurement import Window

__all__ = ["whole_periods"]


def whole_periods(record: Record) -> tuple[float, float, Window]:
    """Return the longest stretch of whole periods, in samples; the whole record where it holds none.

    Of bursts the period is that of the bursts, of alternating current a cycle, and of a beating one the beat. Where a
    stimulus was set, its pulses are what repeats.
    """
    begins, what = _begins(record)
    if len(begins) > 1:
        begin, end = float(begins[0]), float(begins[-1])
        return begin, end, span(record, begin, end, f"{len(begins) - 1} whole {what}")
    begin, end = 0.0, float(len(record.trace) - 1)
    return begin, end, span(record, begin, end, "whole record, for it holds no whole period")


def _begins(record: Record) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], str]:
    if record.never_rests is not None:
        found = beats(record.never_rests, record.sampled)
        if found is not None and len(found.begins) > 1:
            return found.begins, "beats"
        return record.never_rests.crossings, "cycles"
    if not len(record.pulses):
        return np.empty(0), "periods"
    starts = burst_starts(record) if record.expected is None else None
    if starts is not None:
        return record.pulse_begin[starts], "periods of bursts"
    inside = ~np.isnan(record.phases.start[record.pulses.first])
    return record.pulse_begin[inside], "periods"
