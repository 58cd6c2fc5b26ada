"""Measurands of bursts, and of the stretches during which bursts or pulses come: durations, rates, rests.

A burst lasts from the begin of its first to the end of its last pulse, both at 50 %. Where its pulses are cycles of a
carrier it lasts from the begin of its first to the end of its last half-cycle, so that duty cycles are what was set.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.bursts import bursts, longest_period, stretches
from rig.analysis.outcome import items
from rig.analysis.uncertainty import Budget
from rig.model.measurement import NotMeasured, Outcome
from rig.units import Unit

if TYPE_CHECKING:
    from rig.analysis.record import Record
    from rig.analysis.trace import Floats, Integers

__all__ = ["burst_duration", "burst_rate", "duty_cycle", "off_time", "on_time", "pulses_per_burst"]

_ONE_BURST = "fewer than two whole bursts in the record"


def _missing(record: Record, name: str) -> NotMeasured:
    return NotMeasured(measurand=name, reason=record.nothing or _ONE_BURST)


def _burst_items(
    record: Record, name: str, unit: Unit, values: Floats, *, crossings: float, ratio_of_times: bool = False
) -> Outcome:
    """Items that follow from two crossings each; ``crossings`` is their sensitivity to one instant, unit/s."""
    edge = record.edge
    budget = Budget(
        relative={} if ratio_of_times else {"timebase": record.path.timebase},
        periodic={"crossing interpolation": math.sqrt(2) * edge.crossing * crossings},
        random={"noise": math.sqrt(2) * edge.jitter * crossings},
        averaging=record.averaging,
    )
    return items(record, name, unit, values, budget, what="bursts")


def _extents(record: Record, found: tuple[Integers, Integers]) -> tuple[Floats, Floats]:
    """Begin and end of every stretch of pulses, in samples."""
    first = record.pulses.first[found[0]]
    last = record.pulses.stop[found[1]] - 1
    begin, end = record.phases.start[first], record.phases.stop[last]
    if record.pulses.cyclic:
        centre = 0.5 * (record.phases.start + record.phases.stop)
        quarter = 0.5 * float(np.nanmedian(np.diff(centre)))
        begin, end = centre[first] - quarter, centre[last] + quarter
    return begin, end


def _durations(record: Record, found: tuple[Integers, Integers]) -> Floats:
    begin, end = _extents(record, found)
    return np.asarray((end - begin) * record.interval, dtype=np.float64)


def _repeats(record: Record, found: tuple[Integers, Integers]) -> tuple[Floats, Floats]:
    """Periods of bursts that follow one another, and the durations of the bursts that they begin with, s."""
    begin, _end = _extents(record, found)
    periods = np.diff(begin) * record.interval
    near = periods <= longest_period(periods)
    return np.asarray(periods[near], dtype=np.float64), _durations(record, found)[:-1][near]


def pulses_per_burst(record: Record) -> Outcome:
    """Number of pulses in a burst; cycles, where they are those of a carrier."""
    found = bursts(record)
    if found is None:
        return _missing(record, "pulses_per_burst")
    numbers = (found[1] - found[0] + 1).astype(np.float64)
    return items(record, "pulses_per_burst", Unit.COUNT, numbers, Budget(), what="bursts")


def burst_duration(record: Record) -> Outcome:
    """Begin of a burst's first to end of its last pulse, s."""
    found = bursts(record)
    if found is None:
        return _missing(record, "burst_duration")
    return _burst_items(record, "burst_duration", Unit.SECOND, _durations(record, found), crossings=1.0)


def on_time(record: Record) -> Outcome:
    """Time during which pulses or bursts come, s."""
    found = stretches(record)
    if found is None:
        return _missing(record, "on_time")
    return _burst_items(record, "on_time", Unit.SECOND, _durations(record, found), crossings=1.0)


def off_time(record: Record) -> Outcome:
    """Rest between two stretches of pulses or bursts, s."""
    found = stretches(record)
    if found is None:
        return _missing(record, "off_time")
    begin, end = _extents(record, found)
    rest = (begin[1:] - end[:-1]) * record.interval
    return _burst_items(record, "off_time", Unit.SECOND, rest, crossings=1.0)


def burst_rate(record: Record) -> Outcome:
    """Bursts per second, Hz."""
    found = bursts(record)
    if found is None:
        return _missing(record, "burst_rate")
    periods, _durations_of = _repeats(record, found)
    return _burst_items(record, "burst_rate", Unit.HERTZ, 1 / periods, crossings=1 / float(periods.min()) ** 2)


def duty_cycle(record: Record) -> Outcome:
    """Bursts per second times burst duration (FDA 1999, line 13 d)."""
    found = bursts(record)
    if found is None:
        return _missing(record, "duty_cycle")
    periods, durations = _repeats(record, found)
    crossings = 1 / float(periods.min())
    return _burst_items(record, "duty_cycle", Unit.ONE, durations / periods, crossings=crossings, ratio_of_times=True)
