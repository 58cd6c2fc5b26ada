"""One record, made ready for every measurand: trace, segmentation, shapes, baseline and what is known of the path."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.oscillation import Oscillation, find_oscillation
from rig.analysis.segment import Pulses, Quiet, Runs, find_runs, group_pulses, no_runs, quiet_level
from rig.analysis.shape import Phases, shape_phases
from rig.analysis.trace import Floats, Integers, Trace
from rig.analysis.uncertainty import Edge, root_sum_square, rounding
from rig.errors import AnalysisError
from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from rig.model.signal_path import SignalPath
    from rig.model.stimulus import Stimulus
    from rig.model.waveform import Waveform

__all__ = ["Baseline", "Record", "block_uncertainty", "prepare"]

_BLOCKS = 16
_LEAST_AVERAGED = 3
_HARMONICS = 5
_TEN_TO_NINETY = 0.8
# A state reaches this many bins of its histogram from its mode.
_STATE_EDGE = 1.5
_LEAST_SAMPLES = 8
# A phase of fewer samples has neither a level nor edges.
_LEAST_PER_PHASE = 4
_LEAST_REST = 2
# A level at rest of so many times the specified offset is no offset.
_LARGE_OFFSET = 3.0
# No current and no voltage is this large; beyond it squares and sums lose their meaning.
_ABSURD = 1e12


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """Where zero is: value, statistical uncertainty (A or V), origin, and whether that is a zero capture.

    ``rms`` is the noise about it, ``degrees_of_freedom`` are those of the statistical uncertainty. ``is_nominal`` says
    that it is the instrument's own zero, uncertain by its specified offset.
    """

    value: float
    standard_uncertainty: float
    source: str
    is_zero_capture: bool
    rms: float = 0.0
    degrees_of_freedom: float = math.inf
    is_nominal: bool = False


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
    oscillation: Oscillation | None = None

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
    def direction(self) -> float:
        """Magnitude of the mean sign of the whole pulses' phases: 0 where both directions are as frequent."""
        signs = self.phases.sign[self.whole_phases]
        return abs(float(signs.mean())) if len(signs) else 1.0

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
        """Rms noise of one sample, rounding included; A or V.

        As found in the record's quiet parts; where nothing moves there, a sample elsewhere is rounded all the same.
        """
        return max(self.quiet.rms, math.hypot(self.analogue_noise, self.path.resolution / math.sqrt(12)))

    @cached_property
    def analogue_noise(self) -> float:
        """Rms noise of one sample before it was rounded: never more than the path is specified for; A or V."""
        return _analogue(self.quiet.rms, self.path)

    @cached_property
    def noise_power(self) -> float:
        """Mean square of what the instrument adds to every sample, A² or V².

        As found in the zero capture, in which there is nothing else; without one, as specified.
        """
        if self.baseline.is_zero_capture:
            return self.baseline.rms**2
        return min(self.quiet.rms**2, self.path.noise**2 + self.path.resolution**2 / 12)

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
            bend=self._bend * self.interval,
            slowest=self._slowest * self.interval,
        )

    @cached_property
    def _bend(self) -> float:
        """Rms difference between cubic and straight interpolation of the 50 % crossings, in samples."""
        bends = np.concatenate((self.phases.start_error, self.phases.stop_error))
        return float(np.sqrt(np.mean(np.square(bends)))) if len(bends) else 0.0

    @cached_property
    def averaging(self) -> float:
        """What part of an error that depends on where the samples lie is left in the mean of all pulses.

        Such an error is a periodic function of the pulse's position between two samples; of its harmonics, with
        amplitudes of 1/h at worst, the mean over the pulses keeps as much as the positions repeat.
        """
        starts = self.starts
        if len(starts) < _LEAST_AVERAGED:
            return 1.0
        number = np.arange(len(starts))
        slope, first = np.polyfit(number, starts, 1)
        fitted = first + slope * number
        regular = float(np.std(starts - fitted)) < 1.0
        turns = 2j * math.pi * (fitted if regular else starts)
        harmonics = np.arange(1, _HARMONICS + 1)
        left = np.array([abs(np.exp(h * turns).mean()) for h in harmonics])
        part = math.sqrt(float(np.sum((left / harmonics) ** 2) / np.sum(1 / harmonics**2)))
        return max(part, 1 / len(starts))

    @cached_property
    def _transition(self) -> float:
        """The faster of the typical transitions, 0–100 %, in samples: where phases touch, one serves two of them."""
        edges = np.concatenate((self.phases.rise, self.phases.fall))
        edges = edges[~np.isnan(edges)]
        return float(np.quantile(edges, 0.25)) / _TEN_TO_NINETY if len(edges) else 0.0

    @cached_property
    def leading_edge(self) -> Edge:
        """The typical first edge of the record's pulses."""
        rise = self.phases.rise[self.pulses.first] if len(self.pulses) else np.empty(0)
        rise = rise[~np.isnan(rise)]
        if not len(rise):
            return self.edge
        transition = float(np.median(rise)) / _TEN_TO_NINETY * self.interval
        return replace(self.edge, transition=transition, slowest=transition)

    @cached_property
    def state_jitter(self) -> float:
        """Standard uncertainty of a 50 % crossing from the state level, s.

        An edge's last sample may or may not count to the state that it leads to, which moves the level's mean.
        """
        if not len(self.phases):
            return 0.0
        moved = _STATE_EDGE * float(np.median(self.phases.bin_width / self.phases.top_samples)) / math.sqrt(3)
        return 0.5 * moved * max(self.edge.transition, self.edge.slowest) / self.edge.height

    @cached_property
    def _slowest(self) -> float:
        edges = np.concatenate((self.phases.rise, self.phases.fall))
        edges = edges[~np.isnan(edges)]
        return float(np.quantile(edges, 0.75)) / _TEN_TO_NINETY if len(edges) else 0.0

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

    @property
    def degrees_of_freedom(self) -> dict[str, float]:
        """Of the baseline's statistical uncertainty."""
        if not math.isfinite(self.baseline.degrees_of_freedom):
            return {}
        return {"zero capture": self.baseline.degrees_of_freedom}

    def offset(self, *, absolute: bool) -> dict[str, float]:
        """Standard uncertainties of the baseline, A or V.

        Parameters
        ----------
        absolute : whether the measurand needs the true zero (net charge, direct current), not only the level at rest
        """
        if self.baseline.is_zero_capture:
            return {"zero capture": self.baseline.standard_uncertainty, "offset drift": self.path.offset_drift}
        if self.baseline.is_nominal:
            return {"offset without zero capture": self.baseline.standard_uncertainty}
        if absolute:
            return {
                "offset without zero capture": root_sum_square(self.path.offset, self.baseline.standard_uncertainty)
            }
        return {"quiet level": self.baseline.standard_uncertainty, "offset drift": self.path.offset_drift}

    def offset_uncertainty(self, *, absolute: bool) -> float:
        """Combined standard uncertainty of the baseline, A or V."""
        return root_sum_square(*self.offset(absolute=absolute).values())

    @cached_property
    def quantisation(self) -> float:
        """Standard uncertainty that one code leaves in an average: less where noise dithers it; A or V."""
        return rounding(self.path.resolution, self.analogue_noise)

    @property
    def never_rests(self) -> Oscillation | None:
        """The alternating current that fills the record without a rest, if one does."""
        return self.oscillation if self.oscillation is not None and self.oscillation.rest is None else None

    @cached_property
    def too_coarse(self) -> str:
        """Why neither phases nor what they follow one another by can be told apart, if so; else empty."""
        typical = float(np.median(self.runs.stop - self.runs.first)) if len(self.runs) else math.inf
        if typical >= _LEAST_PER_PHASE:
            return ""
        return f"the sample rate is too low: phases last {typical:g} samples, where {_LEAST_PER_PHASE} are needed"

    @cached_property
    def nothing(self) -> str:
        """Why no item can be measured, if so; else empty."""
        if self.never_rests is not None:
            hertz = format_quantity(self.never_rests.frequency / self.interval, Unit.HERTZ, digits=4)
            return f"no pulse: an alternating current of {hertz} that never rests"
        if len(self.runs) == 0:
            return (
                f"no pulse found: the signal stays within {self.runs.largest:.3g} {self.signal.unit.value} of its "
                f"quiet level, where {self.runs.threshold:.3g} {self.signal.unit.value} tells a pulse from noise"
            )
        if self.too_coarse:
            return self.too_coarse
        if not len(self.whole_pulses):
            return "no whole pulse: the edges of the record cut every pulse in it"
        return ""


def _analogue(rms: float, path: SignalPath) -> float:
    """Noise without what rounding adds; of samples that flip between two codes only the specification tells."""
    found = math.sqrt(max(rms**2 - path.resolution**2 / 12, 0.0))
    return min(found, path.noise) if path.noise > 0 else found


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


def _without_zero_capture(value: float, u: float, path: SignalPath, *, rests: bool) -> Baseline:
    """The record's own level at rest, as long as an offset of the instrument explains it; else the instrument's zero.

    A current that flows all the time, or between pulses, would otherwise be taken for no current.
    """
    if path.offset > 0 and (not rests or abs(value) > _LARGE_OFFSET * path.offset):
        why = "more flows at rest than its offset explains" if rests else "the record shows no rest"
        return Baseline(
            value=0.0,
            standard_uncertainty=path.offset,
            source=f"the instrument's own zero, for {why}",
            is_zero_capture=False,
            is_nominal=True,
        )
    return Baseline(value=value, standard_uncertainty=u, source="the record's own quiet parts", is_zero_capture=False)


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
    oscillation = find_oscillation(values, quiet, zero=zero_mean or 0.0, floor=floor)
    quiet = quiet if oscillation is None else oscillation.quiet
    values -= quiet.level
    trace = Trace(deviation=values, interval=signal.interval, start=signal.start, level=quiet.level, pedestal=0.0)
    if oscillation is None or oscillation.rest is not None:
        runs = find_runs(values, quiet)
    else:
        runs = no_runs(threshold=oscillation.peak, largest=oscillation.peak)
    pulses = group_pulses(runs, samples=len(values), interval=signal.interval, expected=expected)
    phases = shape_phases(trace, runs, quiet, noise=_analogue(quiet.rms, path), step=path.resolution)
    if zero_values is None:
        mean, u = _own_baseline(trace, pulses, phases, quiet)
        baseline = _without_zero_capture(quiet.level + mean, u, path, rests=len(pulses) > 0)
    else:
        baseline = Baseline(
            value=float(zero_values.mean()),
            standard_uncertainty=root_sum_square(
                block_uncertainty(zero_values),
                rounding(path.resolution, _analogue(float(zero_values.std()), path)),
            ),
            source="zero capture",
            is_zero_capture=True,
            rms=float(zero_values.std()),
            degrees_of_freedom=min(len(zero_values), _BLOCKS) - 1,
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
        oscillation=oscillation,
    )
