"""What was measured in one signal: an outcome for every measurand, its pulses, and plain figures of its samples."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from rig.analysis.baseline import Baseline
from rig.analysis.catalogue import CATALOGUE, Needs
from rig.analysis.charge import net_windows
from rig.analysis.record import Record
from rig.model.measurement import Measurement, NotMeasured, Outcome

__all__ = ["HELD_AT_ONCE", "MOST_ROWS", "Analysis", "PhaseRow", "PulseRow", "Statistics", "analyse"]

HELD_AT_ONCE = 20_000_000
"""Samples of the longest record that is measured with all of them at hand, which takes about 100 bytes a sample."""

MOST_ROWS = 10_000
"""Rows of pulses of a longer one that are given out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseRow:
    """One phase of a pulse: times in s on the capture's axis; top and peak magnitudes; None where the edge cuts it."""

    sign: int
    start: float | None
    duration: float | None
    top: float
    peak: float
    charge: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PulseRow:
    """One pulse, also one that the record's edge cuts (``whole`` is false then); C and J, None where unknown."""

    start: float
    whole: bool
    phases: tuple[PhaseRow, ...]
    net_charge: float | None
    energy: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Plain figures of all samples, in the signal's unit, uncorrected for any baseline."""

    samples: int
    sample_rate: float
    duration: float
    peak_to_peak: float
    mean: float
    standard_deviation: float
    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What was measured in one signal; of a long one ``pulses`` are the first ten thousand that were found.

    ``whole`` and ``cut`` are the numbers of all whole pulses, and of those that the record's edges cut.
    """

    outcomes: Mapping[str, Outcome]
    pulses: tuple[PulseRow, ...]
    whole: int
    cut: int
    statistics: Statistics
    baseline: Baseline

    def measurement(self, name: str) -> Measurement | None:
        """Return the measurement of that name, None where there is none."""
        outcome = self.outcomes.get(name)
        return outcome if isinstance(outcome, Measurement) else None


def analyse(record: Record, names: Collection[str]) -> Analysis:
    """Evaluate measurands of a record that is prepared."""
    return Analysis(
        outcomes=MappingProxyType({name: _evaluate(record, name) for name in names}),
        pulses=_rows(record),
        whole=len(record.whole_pulses),
        cut=len(record.pulses) - len(record.whole_pulses),
        statistics=_statistics(record),
        baseline=record.baseline,
    )


def _evaluate(record: Record, name: str) -> Outcome:
    entry = CATALOGUE[name]
    if record.unmeasurable:
        return NotMeasured(measurand=name, reason=record.unmeasurable)
    has = Needs.CURRENT if record.is_current else Needs.VOLTAGE
    if entry.signal not in {has, Needs.EITHER}:
        return NotMeasured(measurand=name, reason=f"it is taken from a {entry.signal} signal, and this is a {has}")
    return entry.evaluate(record)


def _statistics(record: Record) -> Statistics:
    trace = record.trace
    levels = trace.levels()
    return Statistics(
        samples=len(trace),
        sample_rate=1 / trace.interval,
        duration=len(trace) * trace.interval,
        peak_to_peak=levels.maximum - levels.minimum,
        mean=levels.mean + trace.level,
        standard_deviation=levels.standard_deviation,
        minimum=levels.minimum + trace.level,
        maximum=levels.maximum + trace.level,
    )


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _phase_row(record: Record, number: int) -> PhaseRow:
    phases = record.phases
    duration = float(record.durations[number])
    charge = float(record.phase_integral[number]) if record.is_current else float("nan")
    return PhaseRow(
        sign=int(phases.sign[number]),
        start=_known(float(record.trace.time(phases.start[number]))),
        duration=_known(duration),
        top=float(record.true_top[number]),
        peak=float(record.true_peak[number]),
        charge=_known(charge) if np.isfinite(duration) else None,
    )


def _rows(record: Record) -> tuple[PulseRow, ...]:
    pulses = record.pulses
    if not len(pulses):
        return ()
    whole = record.whole_pulses
    net = np.full(len(pulses), np.nan)
    energy = np.full(len(pulses), np.nan)
    if record.is_current and len(whole):
        begin, stop = net_windows(record)
        fits = np.isfinite(stop)
        net[whole[fits]] = record.trace.integral(begin[fits], stop[fits])
        if record.load_resistance is not None:
            squares = record.trace.integral_of_square(record.pulse_begin[whole], record.pulse_end[whole])
            energy[whole] = record.load_resistance * squares
    times = record.trace.times(record.pulse_begin)
    shown = min(len(pulses), MOST_ROWS) if len(record.trace) > HELD_AT_ONCE else len(pulses)
    return tuple(
        PulseRow(
            start=float(times[number]),
            whole=bool(pulses.whole[number]),
            phases=tuple(
                _phase_row(record, phase) for phase in range(int(pulses.first[number]), int(pulses.stop[number]))
            ),
            net_charge=_known(net[number]),
            energy=_known(energy[number]),
        )
        for number in range(shown)
    )
