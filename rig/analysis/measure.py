"""The front of the analysis: from one signal to every measurand that is wanted."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.baseline import Baseline
from rig.analysis.catalogue import CATALOGUE, Needs
from rig.analysis.charge import net_windows
from rig.analysis.prepare import prepare
from rig.analysis.record import Record
from rig.errors import AnalysisError
from rig.model.measurement import Measurement, NotMeasured, Outcome
from rig.model.recording import Recording

if TYPE_CHECKING:
    from rig.model.signal_path import SignalPath
    from rig.model.stimulus import Stimulus
    from rig.model.waveform import Waveform

__all__ = ["HELD_AT_ONCE", "Analysis", "PhaseRow", "PulseRow", "Statistics", "analyse", "measure"]


HELD_AT_ONCE = 20_000_000
"""Samples of the longest record that is measured with all of them at hand, which takes about 100 bytes a sample."""

# Samples of a stored zero capture that are read: more say no more of its mean, for the offset's drift remains.
_MOST_OF_ZERO = 4_000_000
# Rows of pulses of a longer one that are given out.
_MOST_ROWS = 10_000


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


def measure(
    signal: Waveform | Recording,
    *,
    path: SignalPath,
    zero: Waveform | Recording | None,
    expected: Stimulus | None,
    load_resistance: float | None,
    electrode_area: float | None,
    capture: str,
    wanted: Collection[str] | None = None,
) -> Analysis:
    """Measure one signal; one of more codes than :data:`HELD_AT_ONCE` in streaming passes, in bounded memory.

    Parameters
    ----------
    signal : in A or V at the load, corrected
    path : how it reached the samples, with its standard uncertainties
    zero : the same signal with the output off, or None
    expected : what the device was set to, or None
    load_resistance : ohm, or None (also for an open circuit)
    electrode_area : of the smallest electrode, m², or None
    capture : identity of the capture, for the results' origin
    wanted : names of the catalogue; None for all

    Returns
    -------
    Analysis
        with an outcome for every wanted name: a measurement, or the reason why there is none

    Raises
    ------
    AnalysisError
        if a name is not in the catalogue, units do not fit, or samples are missing or not numbers
    """
    names = tuple(CATALOGUE) if wanted is None else tuple(wanted)
    _refuse_unknown(names)

    def prepared(make: Callable[..., Record], of: Waveform | Recording) -> Record:
        return make(
            of,
            path=path,
            zero=None if zero is None else _of_zero(zero),
            expected=expected,
            load_resistance=load_resistance,
            electrode_area=electrode_area,
            capture=capture,
        )

    recording = _long(signal)
    if recording is None:
        return analyse(prepared(prepare, _held(signal)), names)
    from rig.analysis.stream.measured import prepare_recording  # noqa: PLC0415 - it loads a compiler

    return analyse(prepared(prepare_recording, recording), names)


def _long(signal: Waveform | Recording) -> Recording | None:
    """Return a signal that is too long to be held at once, where its codes can be streamed."""
    if len(signal) <= HELD_AT_ONCE:
        return None
    if isinstance(signal, Recording):
        return signal
    recording = Recording.of(signal)
    return recording if recording.is_coded else None


def _held(signal: Waveform | Recording) -> Waveform:
    return signal.part(0, len(signal)) if isinstance(signal, Recording) else signal


def _of_zero(signal: Waveform | Recording) -> Waveform:
    """Return a signal with its samples; of a zero capture longer than needed, the first part."""
    return signal.part(0, _MOST_OF_ZERO) if isinstance(signal, Recording) else signal


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


def _refuse_unknown(names: Collection[str]) -> None:
    for name in names:
        if name not in CATALOGUE:
            near = difflib.get_close_matches(name, CATALOGUE, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            message = f"{name!r} is not a measurand of the catalogue{hint}"
            raise AnalysisError(message)


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
    duration = float(phases.stop[number] - phases.start[number]) * record.interval
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
    shown = min(len(pulses), _MOST_ROWS) if len(record.trace) > HELD_AT_ONCE else len(pulses)
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
