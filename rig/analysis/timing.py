"""Measurands of trains: rate, jitter, missing and extra pulses."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.bursts import longest_period
from rig.analysis.extremes import range_of_unlike
from rig.analysis.outcome import single, span
from rig.analysis.uncertainty import Budget, expected_extreme, spread_of_extreme
from rig.model.measurement import NotMeasured, Outcome
from rig.units import Unit

if TYPE_CHECKING:
    from rig.analysis.record import Record
    from rig.analysis.trace import Flags, Floats
    from rig.model.measurement import Window

__all__ = [
    "extra_pulses",
    "missing_pulses",
    "period_jitter",
    "period_jitter_peak_to_peak",
    "pulse_rate",
]

# An interval below this part of a period holds an extra pulse.
_EARLY = 0.75
# A measured period this close to the set one is the device's own rate, else its pulses do not come as set.
_NEAR_SET = 0.25
_ONE_PULSE = "fewer than two pulses begin inside the record"


def _intervals(record: Record) -> Floats:
    """Times from pulse to pulse inside bursts, s."""
    return np.asarray(np.diff(record.starts)[_inside_bursts(record)] * record.interval, dtype=np.float64)


def _inside_bursts(record: Record) -> Flags:
    """Which steps from pulse to pulse are periods."""
    steps = np.diff(record.starts)
    if record.too_coarse:
        return np.zeros(len(steps), dtype=np.bool_)
    if record.expected is not None or not len(steps):
        return np.ones(len(steps), dtype=np.bool_)
    return np.asarray(steps <= longest_period(steps), dtype=np.bool_)


def _noise_of_periods(record: Record) -> Floats:
    """Rms of what noise does to every period, s: that of a small pulse begins and ends less sharply."""
    edge, leading = record.leading_edge, record.first_phase
    tops = record.phases.top[leading][~np.isnan(record.phases.start[leading])]
    moved = edge.jitter * edge.height / np.maximum(tops, record.noise)
    return np.asarray(np.hypot(moved[:-1], moved[1:])[_inside_bursts(record)], dtype=np.float64)


def _reason(record: Record) -> str:
    return record.nothing if not len(record.runs) or record.too_coarse else _ONE_PULSE


def _train(record: Record, what: str) -> Window:
    return span(record, float(record.starts[0]), float(record.starts[-1]), what)


def pulse_rate(record: Record) -> Outcome:
    """1 / mean period, Hz; minimum and maximum are those of single periods."""
    periods = _intervals(record)
    if not len(periods):
        return NotMeasured(measurand="pulse_rate", reason=_reason(record))
    n = len(periods)
    rate = 1 / float(periods.mean())
    crossing = math.sqrt(2) * math.hypot(record.leading_edge.crossing, record.leading_edge.jitter)
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


# Of a normal deviate, above which 4.55 % lie; and the least of what a distribution's degrees of freedom may be.
_ONE_SIDED, _LEAST_FREE = 1.69, 1.0
# How well the variance of crossings between samples and the square of their range are known, of themselves; and the
# largest of errors that are even within a sample, in their standard deviations.
_CROSSING_DOUBT = 0.7
_RANGE_DOUBT = 0.3
_LARGEST = math.sqrt(3)


def _left(removed: float, share: float, beat: float, value: float) -> float:
    """Standard uncertainty of a spread v from whose square the noise's share has been removed, s.

    Parameters
    ----------
    removed : what noise alone gives as the square of the spread on average, s²
    share : standard deviation of that, s²
    beat : standard uncertainty of a spread much larger than the noise, s

    Notes
    -----
    Of a train without any spread, v² exceeds c·share in 4.55 % of all cases, where c is of χ² with as many degrees of
    freedom, 2·removed²/share², as give it that spread (by Wilson and Hilferty's approximation). U = c·share/v holds
    zero for all v² up to c·share, below which it stays as it is there.
    """
    if share <= 0:
        return 0.0
    free = max(2 * (removed / share) ** 2, _LEAST_FREE)
    ninth = 2 / (9 * free)
    beyond = ((1 - ninth + _ONE_SIDED * math.sqrt(ninth)) ** 3 - 1) * math.sqrt(free / 2) * share
    return math.hypot(beyond, 2 * value * beat) / (2 * max(value, math.sqrt(beyond)))


def _noise_of_spread(noises: Floats, *, peak_to_peak: bool) -> tuple[float, float, float]:
    """What noise makes of n equal periods: expected spread, standard deviation of its square, and beat.

    Neighbouring periods share a crossing, so that the variance of their variance is one and a half times as large; and
    where few of the periods are noisier than the others, it is as large as that of so few.
    """
    n, power = len(noises), float(np.mean(noises**2))
    if not peak_to_peak:
        unlike = math.sqrt(float(np.mean(noises**4)))
        return math.sqrt(power), unlike * math.sqrt(3 / (n - 1)), math.sqrt(power / (n - 1))
    expected = range_of_unlike(noises)
    beat = math.sqrt(2 * power)
    return expected, math.sqrt(1.5) * 2 * expected * spread_of_extreme(n) * max(beat, float(noises.max())), beat


def _jitter(record: Record, name: str, *, peak_to_peak: bool) -> Outcome:
    periods = _intervals(record)
    if len(periods) < 2:  # noqa: PLR2004 - a spread needs two
        few = "fewer than three pulses begin inside the record"
        return NotMeasured(
            measurand=name, reason=few if len(record.starts) and not record.too_coarse else _reason(record)
        )
    n = len(periods)
    edge = record.leading_edge
    crossing = math.sqrt(2) * edge.scatter
    # Noise, and where samples lie, move crossings: to the spread that adds in quadrature, so it can be removed; to the
    # range like the range of so many deviates.
    found = float(np.ptp(periods)) if peak_to_peak else float(periods.std(ddof=1))
    expected, share, beat = _noise_of_spread(_noise_of_periods(record), peak_to_peak=peak_to_peak)
    between = crossing * (2 * min(expected_extreme(n), _LARGEST) if peak_to_peak else 1.0)
    value = math.sqrt(max(found**2 - expected**2 - between**2, 0.0))
    averaged, doubt = (1.0, _RANGE_DOUBT) if peak_to_peak else (math.sqrt(n), _CROSSING_DOUBT)
    budget = Budget(
        relative={"timebase": record.path.timebase},
        systematic={
            "noise": _left(expected**2, share, beat, value),
            "state level": math.sqrt(2) * record.state_jitter * (math.sqrt(2) if peak_to_peak else 1.0),
            "crossing interpolation": _left(between**2, doubt * between**2, crossing / averaged, value),
        },
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
