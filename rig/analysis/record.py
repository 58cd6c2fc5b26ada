"""One record, made ready for every measurand: trace, segmentation, shapes, baseline and what is known of the path."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.segment import Pulses, Quiet, Runs, find_runs, group_pulses, quiet_level
from rig.analysis.shape import Phases, shape_phases
from rig.analysis.trace import Floats, Integers, Trace
from rig.analysis.uncertainty import Edge, root_sum_square
from rig.errors import AnalysisError
from rig.units import Unit

if TYPE_CHECKING:
    from rig.model.signal_path import SignalPath
    from rig.model.stimulus import Stimulus
    from rig.model.waveform import Waveform

__all__ = ["Baseline", "Record", "block_uncertainty", "prepare"]

_BLOCKS = 16
_LEAST_SAMPLES = 8
_LEAST_REST = 2
# No current and no voltage is this large; beyond it squares and sums lose their meaning.
_ABSURD = 1e12


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Where zero is: value, statistical uncertainty (A or V), origin, and whether that is a zero capture."""

    value: float
    standard_uncertainty: float
    source: str
    is_zero_capture: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Record:
    """Everything that the measurands share; built by :func:`prepare`."""

    signal: Waveform
    path: SignalPath
    expected: Stimulus | None
    load_resistance: float | None
    electrode_area: float | None
    capture: str
    quiet: Quiet
    baseline: Baseline
    trace: Trace
    runs: Runs
    pulses: Pulses
    phases: Phases

    @property
    def is_current(self) -> bool:
        """Whether the signal is a current."""
        return self.signal.unit is Unit.AMPERE

    @property
    def interval(self) -> float:
        """Time between samples, s."""
        return self.trace.interval

    @cached_property
    def whole_phases(self) -> Integers:
        """Numbers of the phases that belong to whole pulses."""
        return np.flatnonzero(self.pulses.whole[self.pulses.of_phase]) if len(self.pulses) else np.empty(0, np.int64)

    @cached_property
    def whole_pulses(self) -> Integers:
        """Numbers of the whole pulses."""
        return np.flatnonzero(self.pulses.whole)

    @cached_property
    def first_phase(self) -> Integers:
        """Number of the leading phase of every pulse."""
        return self.pulses.first

    @cached_property
    def pulse_begin(self) -> Floats:
        """Where every pulse leaves rest, in samples."""
        return self.phases.begin[self.pulses.first]

    @cached_property
    def pulse_end(self) -> Floats:
        """Where every pulse has returned to rest, tail included, in samples."""
        return self.phases.end[self.pulses.stop - 1]

    @cached_property
    def starts(self) -> Floats:
        """50 % crossings of the leading edges of all pulses that begin inside the record, in samples."""
        starts = self.phases.start[self.pulses.first]
        return starts[~np.isnan(starts)]

    @cached_property
    def period(self) -> float | None:
        """Median time from pulse to pulse, in samples; of the stimulus where the record holds one pulse alone."""
        if len(self.starts) > 1:
            return float(np.median(np.diff(self.starts)))
        return None if self.expected is None else self.expected.period / self.interval

    @cached_property
    def true_top(self) -> Floats:
        """Tops of all phases against the baseline, magnitudes in the phase's direction."""
        return self.phases.top + self.phases.sign * self.trace.pedestal

    @cached_property
    def true_peak(self) -> Floats:
        """Extremes of all phases against the baseline."""
        return self.phases.peak + self.phases.sign * self.trace.pedestal

    @cached_property
    def phase_integral(self) -> Floats:
        """∫ (value − baseline) dt over every phase, tail included, signed."""
        return self.trace.integral(self.phases.begin, self.phases.end)

    @cached_property
    def noise(self) -> float:
        """Rms noise of one sample as found in the record's quiet parts; A or V."""
        return self.quiet.noise

    @cached_property
    def edge(self) -> Edge:
        """The typical edge of the record's phases."""
        return Edge(
            height=float(np.median(self.phases.top))
            if len(self.phases)
            else max(self.noise, self.path.resolution, 1e-30),
            transition=self._transition * self.interval,
            interval=self.interval,
            noise=self.noise,
        )

    @cached_property
    def _transition(self) -> float:
        """The faster of the typical rise and fall, 0–100 %, in samples."""
        typical = [
            np.median(edge[~np.isnan(edge)])
            for edge in (self.phases.rise, self.phases.fall)
            if not np.all(np.isnan(edge))
        ]
        return float(min(typical)) / 0.8 if typical else 0.0

    @property
    def relative(self) -> dict[str, float]:
        """Relative standard uncertainties of every value."""
        path = self.path
        return {
            "gain": path.gain,
            "resistor calibration": path.resistor,
            "resistor temperature": path.resistor_temperature,
            "loading": path.loading,
        }

    def offset(self, *, absolute: bool) -> dict[str, float]:
        """Standard uncertainties of the baseline, A or V.

        Parameters
        ----------
        absolute : whether the measurand needs the true zero (net charge, direct current), not only the level at rest
        """
        if self.baseline.is_zero_capture:
            return {"zero capture": self.baseline.standard_uncertainty, "offset drift": self.path.offset_drift}
        if absolute:
            return {
                "offset without zero capture": root_sum_square(self.path.offset, self.baseline.standard_uncertainty)
            }
        return {"quiet level": self.baseline.standard_uncertainty, "offset drift": self.path.offset_drift}

    def offset_uncertainty(self, *, absolute: bool) -> float:
        """Combined standard uncertainty of the baseline, A or V."""
        return root_sum_square(*self.offset(absolute=absolute).values())

    @property
    def quantisation(self) -> float:
        """Standard uncertainty that one code leaves in an average: less where noise dithers it; A or V."""
        step = self.path.resolution
        dithered = self.noise > 0.5 * step
        return step / math.sqrt(12) / (10.0 if dithered else 1.0)

    @cached_property
    def nothing(self) -> str:
        """Why no item can be measured, if so; else empty."""
        if len(self.runs) == 0:
            return (
                f"no pulse found: the signal stays within {self.runs.largest:.3g} {self.signal.unit.value} of its "
                f"quiet level, where {self.runs.threshold:.3g} {self.signal.unit.value} tells a pulse from noise"
            )
        if not len(self.whole_pulses):
            return "no whole pulse: the edges of the record cut every pulse in it"
        return ""


def block_uncertainty(values: Floats) -> float:
    """Standard uncertainty of a mean whose noise may wander: from block means, never below the white-noise value.

    >>> block_uncertainty(np.zeros(100))
    0.0
    """
    white = float(values.std()) / math.sqrt(len(values))
    if len(values) < 2 * _BLOCKS:
        return white
    blocks = values[: len(values) // _BLOCKS * _BLOCKS].reshape(_BLOCKS, -1).mean(axis=1)
    return max(white, float(blocks.std(ddof=1)) / math.sqrt(_BLOCKS))


def _own_baseline(trace: Trace, pulses: Pulses, phases: Phases, quiet: Quiet) -> tuple[float, float]:
    """Mean deviation of the record's quiet parts and its uncertainty: between pulses, once each has recovered."""
    if not len(pulses):
        return float(trace.deviation.mean()), block_uncertainty(trace.deviation)
    begin, end = phases.begin[pulses.first], phases.end[pulses.stop - 1]
    recovery = np.minimum(end - begin, 0.5 * np.append(begin[1:] - end[:-1], len(trace) - 1 - end[-1]))
    left = np.concatenate(([0.0], end + recovery))
    right = np.append(begin, float(len(trace) - 1))
    rest = right - left > _LEAST_REST
    if not rest.any():
        return 0.0, quiet.noise
    area = trace.deviation_integral(left[rest], right[rest])
    length = (right - left)[rest]
    mean = float(area.sum() / (length.sum() * trace.interval))
    each = area / (length * trace.interval)
    spread = math.sqrt(float(np.average((each - mean) ** 2, weights=length)) / max(len(each) - 1, 1))
    return mean, max(spread, quiet.noise / math.sqrt(float(length.sum())))


def _refuse(signal: Waveform, zero: Waveform | None, path: SignalPath) -> None:
    for name, waveform in (("signal", signal), ("zero capture", zero)):
        if waveform is None:
            continue
        if waveform.unit is not path.unit:
            message = f"the {name} is in {waveform.unit.value}, its path in {path.unit.value}: correct it first"
            raise AnalysisError(message)
        if waveform.unit not in {Unit.AMPERE, Unit.VOLT}:
            message = f"the {name} must be a current or a voltage, not in {waveform.unit.value}"
            raise AnalysisError(message)
        if len(waveform) < _LEAST_SAMPLES:
            message = f"the {name} has {len(waveform)} samples; at least {_LEAST_SAMPLES} are needed"
            raise AnalysisError(message)
        if waveform.samples.dtype.kind == "f" and not (np.abs(waveform.samples) < _ABSURD).all():
            message = f"the {name} holds samples that are not numbers"
            raise AnalysisError(message)


def prepare(
    signal: Waveform,
    *,
    path: SignalPath,
    zero: Waveform | None,
    expected: Stimulus | None,
    load_resistance: float | None,
    electrode_area: float | None,
    capture: str,
) -> Record:
    """Segment a signal and find its baseline.

    Raises
    ------
    AnalysisError
        if units do not fit, samples are missing, or some are not numbers
    """
    _refuse(signal, zero, path)
    values = signal.values()
    zero_values = None if zero is None else zero.values()
    zero_mean = None if zero_values is None else float(zero_values.mean())
    step = abs(signal.gain) if signal.samples.dtype.kind in "iu" else 0.0
    floor = max(path.resolution, step, 1e-12 * float(np.abs(values).max()), 1e-30)
    quiet = quiet_level(values, zero=zero_mean, floor=floor)
    values -= quiet.level
    trace = Trace(deviation=values, interval=signal.interval, start=signal.start, level=quiet.level, pedestal=0.0)
    runs = find_runs(values, quiet)
    pulses = group_pulses(runs, samples=len(values), interval=signal.interval, expected=expected)
    phases = shape_phases(trace, runs, quiet)
    if zero_values is None:
        mean, u = _own_baseline(trace, pulses, phases, quiet)
        baseline = Baseline(
            value=quiet.level + mean,
            standard_uncertainty=u,
            source="the record's own quiet parts",
            is_zero_capture=False,
        )
    else:
        baseline = Baseline(
            value=float(zero_values.mean()),
            standard_uncertainty=block_uncertainty(zero_values),
            source="zero capture",
            is_zero_capture=True,
        )
    return Record(
        signal=signal,
        path=path,
        expected=expected,
        load_resistance=load_resistance if load_resistance is not None and math.isfinite(load_resistance) else None,
        electrode_area=electrode_area,
        capture=capture,
        quiet=quiet,
        baseline=baseline,
        trace=replace(trace, pedestal=quiet.level - baseline.value),
        runs=runs,
        pulses=pulses,
        phases=phases,
    )
