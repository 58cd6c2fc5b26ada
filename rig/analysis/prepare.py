"""From one signal, with all its samples at hand, to the record that every measurand is read from."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.baseline import analogue_noise, find_baseline
from rig.analysis.oscillation import Oscillation, find_oscillation
from rig.analysis.partial import without_partial
from rig.analysis.record import Record
from rig.analysis.segment import Pulses, Quiet, Runs, find_runs, group_pulses, no_runs, quiet_level
from rig.analysis.shape import Phases, shape_phases
from rig.analysis.trace import Course, Floats, Trace
from rig.errors import AnalysisError
from rig.units import Unit

if TYPE_CHECKING:
    from rig.model.signal_path import SignalPath
    from rig.model.stimulus import Stimulus
    from rig.model.waveform import Waveform

__all__ = ["Known", "Segmented", "assemble", "prepare", "refuse"]

_LEAST_SAMPLES = 8
# No current and no voltage is this large; beyond it squares and sums lose their meaning.
_ABSURD = 1e12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segmented:
    """What was found in a signal: where it rests, its phases and pulses, and why they cannot be told, if so."""

    quiet: Quiet
    trace: Course
    runs: Runs
    pulses: Pulses
    phases: Phases
    oscillation: Oscillation | None = None
    unmeasurable: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """What is known of a signal beside its samples; see :func:`rig.analysis.measure.measure`."""

    path: SignalPath
    zero: Waveform | None
    expected: Stimulus | None
    load_resistance: float | None
    electrode_area: float | None
    capture: str

    def zero_values(self) -> Floats | None:
        """Return the values of the zero capture, A or V.

        Raises
        ------
        AnalysisError
            if its unit does not fit, samples are missing, or some are not numbers
        """
        if self.zero is None:
            return None
        refuse(self.zero, self.path, "zero capture", samples=len(self.zero))
        return self.zero.values()


def refuse(waveform: Waveform, path: SignalPath, name: str, *, samples: int) -> None:
    """Refuse what no measurand can be read from.

    Raises
    ------
    AnalysisError
        if units do not fit or samples are missing
    """
    if waveform.unit is not path.unit:
        message = f"the {name} is in {waveform.unit.value}, its path in {path.unit.value}: correct it first"
        raise AnalysisError(message)
    if waveform.unit not in {Unit.AMPERE, Unit.VOLT}:
        message = f"the {name} must be a current or a voltage, not in {waveform.unit.value}"
        raise AnalysisError(message)
    if samples < _LEAST_SAMPLES:
        message = f"the {name} has {samples} samples; at least {_LEAST_SAMPLES} are needed"
        raise AnalysisError(message)
    if waveform.samples.dtype.kind == "f" and not (np.abs(waveform.samples) < _ABSURD).all():
        message = f"the {name} holds samples that are not numbers"
        raise AnalysisError(message)


def prepare(signal: Waveform, known: Known) -> Record:
    """Segment a signal and find its baseline.

    Raises
    ------
    AnalysisError
        if units do not fit, samples are missing, or some are not numbers
    """
    refuse(signal, known.path, "signal", samples=len(signal))
    zero = known.zero_values()
    return assemble(_segmented(signal, path=known.path, zero=zero, expected=known.expected), signal, known, zero)


def _segmented(signal: Waveform, *, path: SignalPath, zero: Floats | None, expected: Stimulus | None) -> Segmented:
    values = signal.values()
    zero_mean = None if zero is None else float(zero.mean())
    step = abs(signal.gain) if signal.samples.dtype.kind in "iu" else 0.0
    floor = max(path.resolution, step, 1e-12 * float(np.abs(values).max()), 1e-30)
    quiet = quiet_level(values, zero=zero_mean, floor=floor)
    oscillation = find_oscillation(values, quiet, zero=zero_mean or 0.0, floor=floor)
    quiet = quiet if oscillation is None else oscillation.quiet
    values -= quiet.level
    trace = Trace(deviation=values, interval=signal.interval, start=signal.start, level=quiet.level, pedestal=0.0)
    if oscillation is None or oscillation.rest is not None:
        runs = find_runs(values, quiet)
    else:
        runs = no_runs(threshold=oscillation.peak, largest=oscillation.peak)
    return Segmented(
        quiet=quiet,
        trace=trace,
        runs=runs,
        pulses=group_pulses(runs, samples=len(values), interval=signal.interval, expected=expected),
        phases=shape_phases(trace, runs, quiet, noise=analogue_noise(quiet.rms, path), step=path.resolution),
        oscillation=oscillation,
    )


def assemble(found: Segmented, signal: Waveform, known: Known, zero: Floats | None) -> Record:
    """Put together the record of a signal that is segmented; ``zero`` holds the values of its zero capture."""
    baseline = find_baseline(found.trace, found.pulses, found.phases, found.quiet, path=known.path, zero=zero)
    runs, pulses, phases = without_partial(found.runs, found.pulses, found.phases)
    load = known.load_resistance
    return Record(
        signal=signal,
        path=known.path,
        expected=known.expected,
        load_resistance=load if load is not None and math.isfinite(load) else None,
        electrode_area=known.electrode_area,
        capture=known.capture,
        quiet=found.quiet,
        baseline=baseline,
        trace=replace(found.trace, pedestal=found.quiet.level - baseline.value),
        runs=runs,
        pulses=pulses,
        phases=phases,
        oscillation=found.oscillation,
        unmeasurable=found.unmeasurable,
    )
