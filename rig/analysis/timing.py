"""Measurands of trains and bursts: rate, jitter, missing and extra pulses, bursts."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.outcome import items, single, span
from rig.analysis.uncertainty import Budget
from rig.model.measurement import NotMeasured, Outcome
from rig.units import Unit

if TYPE_CHECKING:
    from rig.analysis.record import Record
    from rig.analysis.trace import Floats, Integers
    from rig.model.measurement import Window

__all__ = [
    "burst_duration",
    "burst_rate",
    "duty_cycle",
    "extra_pulses",
    "missing_pulses",
    "off_time",
    "on_time",
    "period_jitter",
    "period_jitter_peak_to_peak",
    "pulse_rate",
    "pulses_per_burst",
]

# Without a stimulus to compare with, a rest of this many periods ends a burst; a shorter one is pulses missing.
_BURST_GAP = 4.5
# An interval below this part of a period holds an extra pulse.
_EARLY = 0.75
# A measured period this close to the set one is the device's own rate, else its pulses do not come as set.
_NEAR_SET = 0.25
_ONE_PULSE = "fewer than two pulses begin inside the record"
_ONE_BURST = "fewer than two whole bursts in the record"


def _intervals(record: Record) -> Floats:
    """Times from pulse to pulse inside bursts, s."""
    steps = np.diff(record.starts)
    if record.expected is None and len(steps):
        steps = steps[steps <= _BURST_GAP * float(np.median(steps))]
    return np.asarray(steps * record.interval, dtype=np.float64)


def _reason(record: Record) -> str:
    return record.nothing if not len(record.runs) else _ONE_PULSE


def _train(record: Record, what: str) -> Window:
    return span(record, float(record.starts[0]), float(record.starts[-1]), what)


def pulse_rate(record: Record) -> Outcome:
    """1 / mean period, Hz; minimum and maximum are those of single periods."""
    periods = _intervals(record)
    if not len(periods):
        return NotMeasured(measurand="pulse_rate", reason=_reason(record))
    n = len(periods)
    rate = 1 / float(periods.mean())
    crossing = math.sqrt(2) * math.hypot(record.edge.crossing, record.edge.jitter)
    one = Budget(relative={"timebase": record.path.timebase}, systematic={"crossing interpolation": crossing * rate**2})
    mean = Budget(relative=one.relative, systematic={"crossing interpolation": crossing * rate**2 / n})
    result = single(record, "pulse_rate", Unit.HERTZ, rate, budget=mean, window=_train(record, f"{n} periods"), n=n)
    return replace(
        result,
        minimum=1 / float(periods.max()),
        maximum=1 / float(periods.min()),
        std=float((1 / periods).std(ddof=1)) if n > 1 else 0.0,
        single_uncertainty=one.standard(1 / float(periods.min())),
    )


def _jitter(record: Record, name: str, *, peak_to_peak: bool) -> Outcome:
    periods = _intervals(record)
    if len(periods) < 2:  # noqa: PLR2004 - a spread needs two
        return NotMeasured(measurand=name, reason="fewer than three pulses begin inside the record")
    value = float(np.ptp(periods)) if peak_to_peak else float(periods.std(ddof=1))
    floor = math.sqrt(2) * math.hypot(record.edge.crossing, record.edge.jitter)
    budget = Budget(
        relative={"timebase": record.path.timebase},
        systematic={"crossing interpolation": floor * (2 if peak_to_peak else 1)},
    )
    return single(
        record,
        name,
        Unit.SECOND,
        value,
        budget=budget,
        window=_train(record, f"{len(periods)} periods"),
        n=len(periods),
    )


def period_jitter(record: Record) -> Outcome:
    """Standard deviation of the periods, s."""
    return _jitter(record, "period_jitter", peak_to_peak=False)


def period_jitter_peak_to_peak(record: Record) -> Outcome:
    """Longest minus shortest period, s."""
    return _jitter(record, "period_jitter_peak_to_peak", peak_to_peak=True)


def _reference_period(record: Record, periods: Floats) -> float:
    """The device's own period where it is near the set one; the set one where pulses come at quite other times."""
    median = float(np.median(periods))
    if record.expected is None or abs(median / record.expected.period - 1) < _NEAR_SET:
        return median
    return record.expected.period


def _astray(record: Record) -> tuple[int, int] | None:
    """Missing and extra pulses, from the intervals and, where the whole train lies in the record, from their number."""
    periods = _intervals(record)
    if not len(periods):
        return None
    period = _reference_period(record, periods)
    missing = extra = 0
    since = 0.0
    for step in periods / period:
        since += float(step)
        if since < _EARLY:
            extra += 1
            continue
        missing += max(round(since) - 1, 0)
        since = 0.0
    return _against_set(record, missing, extra)


def _against_set(record: Record, missing: int, extra: int) -> tuple[int, int]:
    """Raise the counts to what a complete train's number of pulses says; its end may fall on either side of one."""
    stimulus = record.expected
    if stimulus is None or not len(record.starts):
        return missing, extra
    rest = _LEAD * stimulus.period / record.interval
    first, last = float(record.starts[0]), float(record.pulse_end[-1])
    if first < rest or len(record.trace) - last < rest:
        return missing, extra
    wanted = round(stimulus.train * stimulus.rate)
    found = len(record.starts)
    return max(missing, wanted - 1 - found), max(extra, found - wanted - 1)


# So many periods of rest before and after show that the train lies inside the record.
_LEAD = 1.5


def _astray_count(record: Record, name: str, which: int) -> Outcome:
    counts = _astray(record)
    if counts is None:
        return NotMeasured(measurand=name, reason=_reason(record))
    window = _train(record, f"{len(record.starts)} pulses")
    return single(record, name, Unit.COUNT, float(counts[which]), budget=Budget(), window=window)


def missing_pulses(record: Record) -> Outcome:
    """Number of pulses that should have come and did not."""
    return _astray_count(record, "missing_pulses", 0)


def extra_pulses(record: Record) -> Outcome:
    """Number of pulses that came and should not have."""
    return _astray_count(record, "extra_pulses", 1)


def _bursts(record: Record) -> tuple[Integers, Integers] | None:
    """First and last pulse of every whole burst: between two rests that lie inside the record."""
    starts = record.phases.start[record.pulses.first] if len(record.pulses) else np.empty(0)
    steps = np.diff(starts)
    steps = np.where(np.isnan(steps), 0.0, steps)
    if len(steps) < 2:  # noqa: PLR2004 - a burst has two pulses, and another follows
        return None
    gaps = np.flatnonzero(steps > _BURST_GAP * float(np.median(steps)))
    first, last = np.append(0, gaps + 1), np.append(gaps, len(record.pulses) - 1)
    whole = record.pulses.whole[first] & record.pulses.whole[last]
    first, last = first[whole], last[whole]
    return (first, last) if len(first) > 1 else None


def _burst_items(record: Record, name: str, unit: Unit, values: Floats, error: float) -> Outcome:
    budget = Budget(relative={"timebase": record.path.timebase}, systematic={"crossing interpolation": error})
    return items(record, name, unit, values, budget, what="bursts")


def pulses_per_burst(record: Record) -> Outcome:
    """Number of pulses in a burst."""
    bursts = _bursts(record)
    if bursts is None:
        return NotMeasured(measurand="pulses_per_burst", reason=_ONE_BURST)
    return items(
        record, "pulses_per_burst", Unit.COUNT, (bursts[1] - bursts[0] + 1).astype(np.float64), Budget(), what="bursts"
    )


def _durations(record: Record, bursts: tuple[Integers, Integers]) -> Floats:
    begin = record.phases.start[record.pulses.first[bursts[0]]]
    end = record.phases.stop[record.pulses.stop[bursts[1]] - 1]
    return np.asarray((end - begin) * record.interval, dtype=np.float64)


def _repeats(record: Record, bursts: tuple[Integers, Integers]) -> Floats:
    begin = record.phases.start[record.pulses.first[bursts[0]]]
    return np.asarray(np.diff(begin) * record.interval, dtype=np.float64)


def burst_duration(record: Record) -> Outcome:
    """Begin of a burst's first to end of its last pulse, s."""
    return _duration(record, "burst_duration")


def on_time(record: Record) -> Outcome:
    """Time during which pulses come, s: of a burst."""
    return _duration(record, "on_time")


def _duration(record: Record, name: str) -> Outcome:
    bursts = _bursts(record)
    if bursts is None:
        return NotMeasured(measurand=name, reason=_ONE_BURST)
    return _burst_items(record, name, Unit.SECOND, _durations(record, bursts), math.sqrt(2) * record.edge.crossing)


def off_time(record: Record) -> Outcome:
    """Rest between two bursts, s."""
    bursts = _bursts(record)
    if bursts is None:
        return NotMeasured(measurand="off_time", reason=_ONE_BURST)
    rest = _repeats(record, bursts) - _durations(record, bursts)[:-1]
    return _burst_items(record, "off_time", Unit.SECOND, rest, math.sqrt(2) * record.edge.crossing)


def burst_rate(record: Record) -> Outcome:
    """Bursts per second, Hz."""
    bursts = _bursts(record)
    if bursts is None:
        return NotMeasured(measurand="burst_rate", reason=_ONE_BURST)
    repeats = _repeats(record, bursts)
    error = math.sqrt(2) * record.edge.crossing / float(repeats.min()) ** 2
    return _burst_items(record, "burst_rate", Unit.HERTZ, 1 / repeats, error)


def duty_cycle(record: Record) -> Outcome:
    """Bursts per second times burst duration (FDA 1999, line 13 d)."""
    bursts = _bursts(record)
    if bursts is None:
        return NotMeasured(measurand="duty_cycle", reason=_ONE_BURST)
    repeats = _repeats(record, bursts)
    error = 2 * record.edge.crossing / float(repeats.min())
    return _burst_items(record, "duty_cycle", Unit.ONE, _durations(record, bursts)[:-1] / repeats, error)
