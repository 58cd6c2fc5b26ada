"""Measurands of bursts, and of the stretches during which bursts or pulses come: durations, rates, rests.

A burst lasts from the begin of its first to the end of its last pulse, both at 50 %. Where its pulses are cycles of a
carrier it lasts from the begin of its first to the end of its last half-cycle, so that duty cycles are what was set.

A train that ramps begins and ends with pulses too small to be told from noise, or from what follows larger ones. How
many, follows from how fast the amplitude rises among the first that are seen: as many as a straight line to nothing
holds, if it rises so, or the longer way of a parabola that starts level. Half way between is the value; the rest is
uncertainty. How many pulses such a train has is not measured.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.bursts import Stretches, bursts, longest_period, stretches
from rig.analysis.envelope import carrier_period
from rig.analysis.outcome import items
from rig.analysis.uncertainty import Budget
from rig.model.measurement import NotMeasured, Outcome
from rig.units import Unit

if TYPE_CHECKING:
    from rig.analysis.record import Record
    from rig.analysis.trace import Floats

__all__ = ["burst_duration", "burst_rate", "duty_cycle", "off_time", "on_time", "pulses_per_burst"]

_ONE_BURST = "fewer than two whole bursts in the record"
_UNSEEN = "the bursts ramp: their first or last pulses are too small to be seen"
# A rise from pulse to pulse below this part is no ramp.
_FLAT = 0.02


def _missing(record: Record, name: str) -> NotMeasured:
    return NotMeasured(measurand=name, reason=record.nothing or _ONE_BURST)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ends:
    """Begin and end of every stretch of pulses that are seen, in samples.

    ``before`` and ``after`` are how long pulses came that are not seen, ``doubt`` is the standard uncertainty of one of
    them; ``weakest`` is how many times as far as a typical one noise moves the worst of these begins and ends.
    """

    begin: Floats
    end: Floats
    before: Floats
    after: Floats
    doubt: float
    weakest: float


def _burst_items(
    record: Record,
    name: str,
    unit: Unit,
    values: Floats,
    ends: _Ends,
    *,
    crossings: float,
    ratio_of_times: bool = False,
) -> Outcome:
    """Items that follow from two instants each; ``crossings`` is their sensitivity to one of them, unit/s."""
    edge = record.edge
    budget = Budget(
        relative={} if ratio_of_times else {"timebase": record.path.timebase},
        # Ramps up and down are of one form, as a rule: both ends err alike.
        systematic={"pulses too small to be seen": 2 * ends.doubt * record.interval * crossings},
        periodic={"crossing interpolation": math.sqrt(2) * edge.crossing * crossings},
        random={"noise": math.sqrt(2) * edge.jitter * crossings * ends.weakest},
        averaging=record.averaging,
    )
    return items(record, name, unit, values, budget, what="bursts")


def _ends(record: Record, found: Stretches) -> _Ends:
    phases, pulses = record.phases, record.pulses
    first, last = pulses.first[found[0]], pulses.stop[found[1]] - 1
    if pulses.cyclic:
        centre = 0.5 * (phases.start + phases.stop)
        quarter = 0.25 * carrier_period(record)
        none = np.zeros(len(first))
        begin, end = centre[first] - quarter, centre[last] + quarter
        return _Ends(begin=begin, end=end, before=none, after=none, doubt=0.0, weakest=1.0)
    before = [_unseen(record, int(a), 1) for a in found[0]]
    after = [_unseen(record, int(b), -1) for b in found[1]]
    weakest = float(min(phases.top[first].min(), phases.top[last].min()))
    return _Ends(
        begin=phases.start[first],
        end=phases.stop[last],
        before=np.array([length for length, _doubt in before]),
        after=np.array([length for length, _doubt in after]),
        doubt=max(doubt for _length, doubt in (*before, *after)),
        weakest=max(record.edge.height / weakest, 1.0),
    )


def _unseen(record: Record, pulse: int, step: int) -> tuple[float, float]:
    """How long pulses came that are not seen, beyond one that is and from which others rise; and its uncertainty."""
    tops, starts = record.phases.top[record.pulses.first], record.phases.start[record.pulses.first]
    if not 0 <= pulse + step < len(tops):
        return 0.0, 0.0
    seen, following = float(tops[pulse]), float(tops[pulse + step])
    rise = following - seen
    # One before it, of a rise that does not grow towards nothing, would be larger than what can be seen.
    if rise <= _FLAT * seen or seen - rise > record.runs.visible:
        return 0.0, 0.0
    straight = seen / rise
    curved = straight + math.sqrt(straight * (straight + 1))
    period = abs(float(starts[pulse + step] - starts[pulse]))
    least, most = max(straight - 1, 0.0) * period, (curved - 1) * period
    return 0.5 * (least + most), 0.5 * (most - least) / math.sqrt(3)


def _durations(record: Record, ends: _Ends) -> Floats:
    lengths = ends.end + ends.after - ends.begin + ends.before
    return np.asarray(lengths * record.interval, dtype=np.float64)


def _repeats(record: Record, ends: _Ends) -> tuple[Floats, Floats]:
    """Periods of bursts that follow one another, and the durations of the bursts that they begin with, s."""
    periods = np.diff(ends.begin) * record.interval
    near = periods <= longest_period(periods)
    return np.asarray(periods[near], dtype=np.float64), _durations(record, ends)[:-1][near]


def pulses_per_burst(record: Record) -> Outcome:
    """Number of pulses in a burst; cycles, where they are those of a carrier."""
    found = bursts(record)
    if found is None:
        return _missing(record, "pulses_per_burst")
    if _ends(record, found).doubt > 0:
        return NotMeasured(measurand="pulses_per_burst", reason=_UNSEEN)
    numbers = (found[1] - found[0] + 1).astype(np.float64)
    return items(record, "pulses_per_burst", Unit.COUNT, numbers, Budget(), what="bursts")


def burst_duration(record: Record) -> Outcome:
    """Begin of a burst's first to end of its last pulse, s."""
    found = bursts(record)
    if found is None:
        return _missing(record, "burst_duration")
    ends = _ends(record, found)
    return _burst_items(record, "burst_duration", Unit.SECOND, _durations(record, ends), ends, crossings=1.0)


def on_time(record: Record) -> Outcome:
    """Time during which pulses or bursts come, s."""
    found = stretches(record)
    if found is None:
        return _missing(record, "on_time")
    ends = _ends(record, found)
    return _burst_items(record, "on_time", Unit.SECOND, _durations(record, ends), ends, crossings=1.0)


def off_time(record: Record) -> Outcome:
    """Rest between two stretches of pulses or bursts, s."""
    found = stretches(record)
    if found is None:
        return _missing(record, "off_time")
    ends = _ends(record, found)
    rest = (ends.begin[1:] - ends.before[1:] - ends.end[:-1] - ends.after[:-1]) * record.interval
    return _burst_items(record, "off_time", Unit.SECOND, rest, ends, crossings=1.0)


def burst_rate(record: Record) -> Outcome:
    """Bursts per second, Hz."""
    found = bursts(record)
    if found is None:
        return _missing(record, "burst_rate")
    ends = replace(_ends(record, found), doubt=0.0)
    periods, _durations_of = _repeats(record, ends)
    return _burst_items(record, "burst_rate", Unit.HERTZ, 1 / periods, ends, crossings=1 / float(periods.min()) ** 2)


def duty_cycle(record: Record) -> Outcome:
    """Bursts per second times burst duration (FDA 1999, line 13 d)."""
    found = bursts(record)
    if found is None:
        return _missing(record, "duty_cycle")
    ends = _ends(record, found)
    periods, durations = _repeats(record, ends)
    return _burst_items(
        record,
        "duty_cycle",
        Unit.ONE,
        durations / periods,
        ends,
        crossings=1 / float(periods.min()),
        ratio_of_times=True,
    )
