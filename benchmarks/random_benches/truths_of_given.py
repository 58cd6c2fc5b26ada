"""The true values of phases, pulses and trains whose pulses differ: every pulse of the exact signal is looked at."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from benchmarks.random_benches.exact import Phase
from benchmarks.random_benches.form import Form, Given, Span
from benchmarks.random_benches.stated import AREA

__all__ = ["Found", "of_given_charges", "of_given_pulses", "of_given_trains"]

# A pulse that was found this far from any that was commanded is none, s.
_ASTRAY = 0.5e-3
_LONG_PERIOD = 1.5


@dataclass(kw_only=True)
class Found:
    """Which pulses of a form the rig found: when they seemed to begin (s), and which it took for whole."""

    form: Form
    load: float
    starts: np.ndarray
    whole: np.ndarray
    stop: float

    @cached_property
    def all_begins(self) -> np.ndarray:
        """When every pulse that was commanded began, s."""
        return np.array([pulse.begin for pulse in self.form.pulses])

    @cached_property
    def numbers(self) -> np.ndarray:
        """Which commanded pulse every found one is."""
        return np.array([int(np.abs(self.all_begins - start).argmin()) for start in self.starts], dtype=np.int64)

    @property
    def right(self) -> bool:
        """Whether every pulse that was found is one that was commanded, and none twice."""
        if not len(self.starts) or not self.whole.any():
            return False
        near = np.abs(self.all_begins[self.numbers] - self.starts) < _ASTRAY
        return bool(near.all()) and len(np.unique(self.numbers)) == len(self.numbers)

    @cached_property
    def pulses(self) -> list[Given]:
        """The whole pulses."""
        return [self.form.pulses[number] for number in self.numbers[self.whole]]

    @cached_property
    def phases(self) -> list[list[Phase]]:
        """The phases of every whole pulse."""
        return [[looked_at(self.form, span) for span in pulse.phases] for pulse in self.pulses]


def looked_at(form: Form, span: Span) -> Phase:
    """Read one phase off the exact signal: levels from its base, times at the crossings."""
    tiny, base = 1e-9, form.base * span.sign
    signal = form.pieces.between(span.begin - 2 * tiny, span.end + 2 * tiny) * float(span.sign)
    top, start, stop = signal.at(0.5 * (span.begin + span.falls)), span.begin, span.falls

    def up(part: float) -> float:
        return signal.first_crossing(base + part * (top - base), 1, span.begin - tiny, span.falls) or math.nan

    def down(part: float) -> float:
        return signal.first_crossing(base + part * (top - base), -1, span.falls - tiny, span.end + tiny) or math.nan

    for _ in range(3):
        start, stop = up(0.5), down(0.5)
        top = signal.at(0.5 * (start + stop))
    own = signal.first_crossing(0.0, 1, span.begin, span.falls) or span.begin
    left = signal.first_crossing(0.0, -1, span.falls, span.end) or span.end
    # The level of the plateau at its 50 % crossings: along the formula that holds in its middle.
    piece = int(np.searchsorted(signal.edges, 0.5 * (start + stop), side="right")) - 1
    plateau, edge = signal.terms(piece), float(signal.edges[piece])
    first, last = plateau.value(start - edge), plateau.value(stop - edge)
    return Phase(
        start=start,
        stop=stop,
        top=top,
        peak=signal.extremes(own, left)[1],
        charge=signal.integral(own, left),
        rise=up(0.9) - up(0.1),
        fall=down(0.1) - down(0.9),
        droop=(first - last) / first,
        sign=span.sign,
    )


def of_given_pulses(found: Found) -> Iterator[tuple[str, float]]:
    """Yield levels, durations and edges: means over the whole pulses."""
    phases = [phase for pulse in found.phases for phase in pulse]

    def mean(values: list[float]) -> float:
        return float(np.mean(values))

    yield "phase_duration", mean([one.stop - one.start for one in phases])
    yield "phase_peak", mean([one.peak for one in phases])
    yield "phase_top", mean([one.top for one in phases])
    yield "rise_time", mean([one.rise for one in phases])
    yield "fall_time", mean([one.fall for one in phases])
    yield "overshoot", mean([(one.peak - one.top) / one.top for one in phases])
    yield "droop", mean([one.droop for one in phases])
    yield "pulse_width", mean([pulse[-1].stop - pulse[0].start for pulse in found.phases])
    if len(found.phases[0]) > 1:
        yield "interphase_interval", mean([pulse[1].start - pulse[0].stop for pulse in found.phases])
    yield "polarity", mean([float(pulse[0].sign) for pulse in found.phases])
    yield "phase_count", mean([float(len(pulse)) for pulse in found.phases])
    leading = [pulse[0].top for pulse in found.phases]
    if len(leading) > 1:
        yield "amplitude_modulation", (max(leading) - min(leading)) / (max(leading) + min(leading))
        durations = [pulse[0].stop - pulse[0].start for pulse in found.phases]
        yield "width_range", max(durations) - min(durations)


def of_given_charges(found: Found) -> Iterator[tuple[str, float]]:
    """Yield charges and the energy of a pulse: means over the whole pulses."""
    phases = [phase for pulse in found.phases for phase in pulse]
    yield "phase_charge", float(np.mean([one.charge for one in phases]))
    yield "phase_mean", float(np.mean([one.charge / (one.stop - one.start) for one in phases]))
    for name, sign in (("positive", 1), ("negative", -1)):
        own = [sign * one.charge for one in phases if one.sign == sign]
        if own:
            yield f"phase_charge_{name}", float(np.mean(own))
    largest = max(one.charge for one in phases)
    yield "max_phase_charge", largest
    yield "phase_charge_density", largest / AREA
    yield "shannon_k", math.log10(largest * 1e6 * largest * 1e6 / (AREA * 1e4))
    yield "net_charge_active", float(np.mean([sum(one.sign * one.charge for one in pulse) for pulse in found.phases]))
    nets = list(_nets(found))
    if nets:
        yield "net_charge", float(np.mean([net for net, _first in nets]))
        yield "charge_imbalance", float(np.mean([net / first for net, first in nets]))
    squares = [found.form.pieces.integral_of_square(pulse.begin, pulse.phases[-1].end) for pulse in found.pulses]
    yield "pulse_energy", found.load * float(np.mean(squares))


def _nets(found: Found) -> Iterator[tuple[float, float]]:
    """Of every whole pulse: net charge to the next begin, at most one and a half periods; its first phase's charge."""
    begins = found.all_begins[found.numbers]
    if len(begins) < 2:
        return
    period = float(np.median(np.diff(begins)))
    place = 0
    for number in range(len(begins)):
        if not found.whole[number]:
            continue
        first, place = found.phases[place][0].charge, place + 1
        begin = float(begins[number])
        stop = float(begins[number + 1]) if number + 1 < len(begins) else begin + period
        if stop - begin > _LONG_PERIOD * period:
            stop = begin + period
        if stop <= found.stop:
            yield found.form.pieces.integral(begin, stop), first


def of_given_trains(found: Found) -> Iterator[tuple[str, float]]:
    """Yield rates, jitter, counts and the times of bursts, from when the pulses truly came."""
    starts = np.array([looked_at(found.form, pulse.phases[0]).start for pulse in found.form.pulses])
    steps = np.diff(starts[found.numbers])
    bursts = found.form.bursts
    if bursts:
        own = np.searchsorted([first for first, _last in bursts], found.numbers, side="right")
        steps = steps[own[1:] == own[:-1]]
        yield from _of_bursts(found.form, starts)
    if len(steps):
        yield "pulse_rate", 1 / float(np.mean(steps))
        yield "missing_pulses", 0.0
        yield "extra_pulses", 0.0
    if len(steps) > 1:
        yield "period_jitter", float(np.std(steps, ddof=1))
        yield "period_jitter_peak_to_peak", float(np.ptp(steps))


def _of_bursts(form: Form, starts: np.ndarray) -> Iterator[tuple[str, float]]:
    """All bursts are alike."""
    first, last = form.bursts[0]
    end = looked_at(form, form.pulses[last].phases[-1]).stop
    duration = end - float(starts[first])
    repeat = float(np.mean(np.diff(starts[[begin for begin, _end in form.bursts]])))
    yield "pulses_per_burst", float(last - first + 1)
    yield "burst_duration", duration
    yield "on_time", duration
    yield "off_time", repeat - duration
    yield "burst_rate", 1 / repeat
    yield "duty_cycle", duration / repeat
