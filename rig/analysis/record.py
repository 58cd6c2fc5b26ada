"""One record, made ready for every measurand: trace, segmentation, shapes, baseline and what is known of the path."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from rig.analysis.baseline import Baseline, analogue_noise
from rig.analysis.crest import Ring, ring_of
from rig.analysis.edges import Edge, goes_beyond, resolved_transition, taken_by_sampling
from rig.analysis.oscillation import Oscillation
from rig.analysis.segment import Pulses, Quiet, Runs
from rig.analysis.shape import Phases
from rig.analysis.trace import Course, Flags, Floats, Integers, Trace
from rig.analysis.uncertainty import relative_of, root_sum_square, rounding
from rig.errors import AnalysisError
from rig.units import Unit, format_quantity

if TYPE_CHECKING:
    from rig.model.signal_path import SignalPath
    from rig.model.stimulus import Stimulus
    from rig.model.waveform import Waveform

__all__ = ["Record"]

_LEAST_AVERAGED = 3
_HARMONICS = 16
_TEN_TO_NINETY = 0.8
# A state reaches this many bins of its histogram from its mode.
_STATE_EDGE = 1.5
# A phase of fewer samples has neither a level nor edges.
_LEAST_PER_PHASE = 4
_MOST = 0.5


@dataclass(frozen=True, kw_only=True, eq=False)
class Record:
    """Everything that the measurands share; built by :func:`rig.analysis.prepare.prepare`, or from a stream.

    ``unmeasurable`` says why nothing can be read from it, if so.
    """

    signal: Waveform
    path: SignalPath
    expected: Stimulus | None
    load_resistance: float | None
    electrode_area: float | None
    capture: str
    quiet: Quiet
    baseline: Baseline
    trace: Course
    runs: Runs
    pulses: Pulses
    phases: Phases
    oscillation: Oscillation | None = None
    unmeasurable: str = ""

    @property
    def is_current(self) -> bool:
        """Whether the signal is a current."""
        return self.signal.unit is Unit.AMPERE

    @property
    def sampled(self) -> Trace:
        """All samples, as an alternating current is read from them.

        Raises
        ------
        AnalysisError
            if the record was streamed, so that they are not at hand
        """
        if not isinstance(self.trace, Trace):
            message = "the samples of a record that was streamed are not at hand"
            raise AnalysisError(message)
        return self.trace

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
    def ring(self) -> Ring:
        """The resonance behind the phases that ring."""
        phases = self.phases
        return ring_of(
            height=phases.crest + phases.sign * self.trace.pedestal,
            curve=phases.crest_curve,
            reach=phases.crest_reach,
            place=phases.crest_place,
            top=self.true_top,
            time_constant=1 / (2 * math.pi * self.path.bandwidth * self.interval),
        )

    @cached_property
    def rings(self) -> bool:
        """Whether most phases of the record ring."""
        return bool(len(self.phases)) and float(np.mean(np.isfinite(self.phases.crest))) > _MOST

    @cached_property
    def phase_integral(self) -> Floats:
        """∫ (value − baseline) dt over every phase, tail included, signed.

        A sample at rest beside a phase lies half a sample off it on average; what flows at rest meanwhile is not its.
        """
        begin, end = self.phases.begin, self.phases.end
        at_rest = (begin == np.floor(begin)).astype(np.float64) + (end == np.floor(end))
        beside = 0.5 * at_rest * self.interval * self.trace.pedestal
        return np.asarray(self.trace.integral(begin, end) - beside, dtype=np.float64)

    @cached_property
    def noise(self) -> float:
        """Rms noise of one sample, rounding included; A or V.

        As found in the record's quiet parts; where nothing moves there, a sample elsewhere is rounded all the same.
        """
        return max(self.quiet.rms, math.hypot(self.analogue_noise, self.path.resolution / math.sqrt(12)))

    @cached_property
    def analogue_noise(self) -> float:
        """Rms noise of one sample before it was rounded: never more than the path is specified for; A or V."""
        return analogue_noise(self.quiet.rms, self.path)

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
            **self._heights(self.whole_phases),
            transition=min(self._transitions, default=0.0) * self.interval,
            interval=self.interval,
            noise=self.noise,
            rounding=math.sqrt(max(self.noise**2 - self.analogue_noise**2, 0.0)),
            bend=self._bend * self.interval,
            slowest=max(self._transitions, default=0.0) * self.interval,
            pole=1 / (2 * math.pi * self.path.bandwidth),
        )

    def _heights(self, phases: Integers) -> dict[str, float]:
        """What the heights of some phases make of an edge; of all, where there are none of these."""
        heights = self.phases.top[phases] if len(phases) else self.phases.top
        heights = heights[heights > 0]
        if not len(heights):
            return {"height": max(self.noise, self.path.resolution, 1e-30)}
        return {
            "height": float(np.mean(heights**-2.0) ** -0.5),
            "size": float(np.sqrt(np.mean(heights**2))),
            "lowest": float(heights.min()),
        }

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
        turn = np.exp(2j * math.pi * (fitted if regular else starts))
        harmonics = np.arange(1, _HARMONICS + 1)
        left = np.array([abs((turn**h).mean()) for h in harmonics])
        part = math.sqrt(float(np.sum((left / harmonics) ** 2) / np.sum(1 / harmonics**2)))
        return max(part, 1 / len(starts))

    @cached_property
    def sizes(self) -> Floats:
        """Tops of the whole phases, none below the noise: what errors of relative quantities are divided by."""
        return np.maximum(self.phases.top[self.whole_phases], self.noise)

    @cached_property
    def touching(self) -> bool:
        """Whether phases follow each other without rest: the time between them is that of the transition."""
        phases, whole = self.phases, self.whole_phases
        same = np.diff(self.pulses.of_phase[whole]) == 0
        rest = (phases.start[whole][1:] - phases.stop[whole][:-1])[same]
        edges = np.concatenate((phases.rise, phases.fall))
        edges = edges[~np.isnan(edges)]
        slowest = float(np.quantile(edges, 0.75)) / _TEN_TO_NINETY if len(edges) else 0.0
        return bool(len(rest)) and float(np.median(rest)) < 2 * max(slowest, 1.0)

    @cached_property
    def taken_by_sampling(self) -> float:
        """By how much too early a phase ends, and too late one begins, on a transition straight between the two, s."""
        if not self.touching:
            return 0.0
        return taken_by_sampling(2 * self.edge.transition / self.interval) * self.interval

    @cached_property
    def durations(self) -> Floats:
        """Time between the 50 % crossings of every phase's two transitions, s; NaN where the record's edge cuts one."""
        shared = self.is_inner_rise.astype(np.int64) + self.is_inner_fall
        return (self.phases.stop - self.phases.start) * self.interval + shared * self.taken_by_sampling

    @cached_property
    def is_inner_rise(self) -> Flags:
        """Of every phase, whether its first transition comes out of another phase of the same pulse."""
        inner = np.ones(len(self.phases), dtype=np.bool_)
        inner[self.pulses.first] = False
        return inner

    @cached_property
    def is_inner_fall(self) -> Flags:
        """Of every phase, whether its last transition goes on into another phase of the same pulse."""
        inner = np.ones(len(self.phases), dtype=np.bool_)
        inner[self.pulses.stop - 1] = False
        return inner

    @cached_property
    def _transitions(self) -> list[float]:
        """Durations of the kinds of transition, 0–100 %, in samples: first edges, last edges, and those between."""
        certain = self.averaging
        found = []
        phases = self.phases
        # A plateau that droops begins above its top by half of what it loses.
        lost = -0.5 * np.nan_to_num(phases.slope) * phases.plateau / phases.top
        level = np.zeros(len(phases))
        sides = (
            (phases.rise, self.is_inner_rise, level, lost),
            (phases.fall, self.is_inner_fall, phases.past, level),
        )
        for edges, is_inner, past, higher in sides:
            for inner in (False, True):
                mine = (is_inner == inner) & ~np.isnan(edges)
                if mine.any():
                    shared = inner and self.touching
                    beyond = 0.0 if shared else goes_beyond(past[mine])
                    seen, above = float(edges[mine].mean()), goes_beyond(higher[mine])
                    found.append(resolved_transition(seen, certain=certain, shared=shared, beyond=beyond, above=above))
        return found

    @cached_property
    def leading_edge(self) -> Edge:
        """The typical first edge of the record's pulses."""
        rise = self.phases.rise[self.pulses.first] if len(self.pulses) else np.empty(0)
        rise = rise[~np.isnan(rise)]
        if not len(rise):
            return self.edge
        transition = resolved_transition(float(rise.mean()), certain=self.averaging) * self.interval
        bend = float(np.sqrt(np.mean(np.square(self.phases.start_error[self.first_phase])))) * self.interval
        heights = self._heights(self.first_phase)
        return replace(self.edge, transition=transition, slowest=transition, bend=bend, **heights)

    @cached_property
    def state_jitter(self) -> float:
        """Standard uncertainty of a 50 % crossing from the state level, s.

        An edge's last sample may or may not count to the state that it leads to, which moves the level's mean. The
        level half way along a plateau that slopes moves with either end of it, each within half a sample.
        """
        if not len(self.phases):
            return 0.0
        moved = _STATE_EDGE * float(np.median(self.phases.bin_width / self.phases.top_samples / self.phases.top))
        slopes = np.abs(np.nan_to_num(self.phases.slope)) / np.maximum(self.phases.top, self.noise)
        level = math.hypot(moved / math.sqrt(3), float(np.median(slopes)) / math.sqrt(24))
        return 0.5 * level * max(self.edge.transition, self.edge.slowest)

    @property
    def relative(self) -> dict[str, float]:
        """Relative standard uncertainties of every value."""
        return relative_of(self.path)

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
        if self.unmeasurable:
            return self.unmeasurable
        if self.never_rests is not None:
            hertz = format_quantity(self.never_rests.frequency / self.interval, Unit.HERTZ, digits=4)
            return f"no pulse: an alternating current of {hertz} that never rests"
        if len(self.runs) == 0:
            largest, threshold = (
                format_quantity(float(level), self.signal.unit, digits=3)
                for level in (self.runs.largest, self.runs.threshold)
            )
            return (
                f"no pulse found: the signal stays within {largest} of its quiet level, "
                f"where {threshold} tells a pulse from noise"
            )
        if self.too_coarse:
            return self.too_coarse
        if not len(self.whole_pulses):
            return "no whole pulse: the edges of the record cut every pulse in it"
        return ""
