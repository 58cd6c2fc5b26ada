"""The stimulator's output stage: trains of pulses, its own small errors, and its defects."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rig.twin.defects import Defects
from rig.twin.exponentials import Terms
from rig.twin.signal import Piecewise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rig.twin.config import DeviceConfig, DeviceFault
    from rig.twin.reaction import Reaction

__all__ = ["Point", "Pulse", "Run", "StimulatorOutput", "Train", "assembled"]

_RAMP_PER_RISE = 1 / 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A current held for a time, A and s."""

    duration: float
    current: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Train:
    """Equal pulses made of points: ``count`` of them, or without end; ``lead_in`` of them grow to the full current."""

    points: tuple[Point, ...]
    period: float
    count: int | None = None
    lead_in: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A train as it is delivered: from ``begin`` to ``end``, the first pulse at ``first``; s.

    A pulse that is under way at the end is completed, one that is under way at the ``cut`` is not. ``stopping``: it was
    told to stop, and knows when it will.
    """

    train: Train
    begin: float
    first: float
    end: float = math.inf
    cut: float = math.inf
    stopping: bool = False

    def ended(self, moment: float) -> Run:
        """Return the run, ended then unless it has ended before."""
        return replace(self, end=min(self.end, max(moment, self.begin)))

    def cut_off(self, moment: float) -> Run:
        """Return the run of which nothing is delivered from a moment on."""
        return replace(self.ended(moment), cut=min(self.cut, moment))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """One pulse as commanded to the output: its beginning, the pieces that follow it, and its phases.

    ``edges`` are s after ``start``, one more than ``pieces``; ``phases`` are (begin, end, sign) s after ``start``.
    """

    start: float
    edges: tuple[float, ...]
    pieces: tuple[Terms, ...]
    phases: tuple[tuple[float, float, int], ...]

    @property
    def stop(self) -> float:
        """When the output is back at rest, s."""
        return self.start + self.edges[-1]

    def until(self, moment: float) -> Pulse:
        """Return what of the pulse comes before a moment, which must lie after its start."""
        if self.stop <= moment:
            return self
        end = moment - self.start
        kept = [edge for edge in self.edges if self.start + edge < self.start + end]
        phases = tuple((begin, min(stop, end), sign) for begin, stop, sign in self.phases if begin < end)
        return replace(self, edges=(*kept, end), pieces=self.pieces[: len(kept)], phases=phases)


class StimulatorOutput:
    """Turns runs into the current that is commanded to the output stage; errors are drawn once from the seed."""

    def __init__(self, config: DeviceConfig, reaction: Reaction, *, seed: int) -> None:
        self._defects, self._reaction = Defects(config.faults), reaction
        draw = np.random.default_rng([seed, 0x5349]).uniform(-1, 1, 3)
        self._config = config
        self.gain = 1.0 + float(draw[0]) * config.gain_error
        self.mismatch = float(draw[1]) * config.phase_mismatch
        self.timebase = 1.0 + float(draw[2]) * config.timebase_error
        self.ramp = config.rise_time * _RAMP_PER_RISE
        self._templates: dict[tuple[Train, tuple[DeviceFault, ...], float], Pulse] = {}

    def command(self, run: Run, start: float, stop: float) -> Piecewise:
        """Return the commanded current of one run from start to stop, A."""
        signal = assembled(list(self.pulses(run, start, stop)), start, stop)
        leak = self._defects.total("dc_leak")
        begin, end = max(run.begin, start), min(run.end, stop)
        if leak and begin < end:
            edges = sorted({start, begin, end, stop})
            signal += Piecewise.of(edges, [leak if begin <= edge < end else 0.0 for edge in edges[:-1]])
        return signal

    def lone(self, point: Point, start: float) -> Pulse:
        """Return a pulse of one point that belongs to no train."""
        return replace(_drawn([point], self.ramp, 0.0, exponential=False), start=start)

    def pulses(self, run: Run, start: float, stop: float) -> Iterator[Pulse]:
        """Yield the pulses of a run that touch the time from start to stop, in order; none overlaps another."""
        period = self._period(run.train)
        margin = 2 * period + sum(point.duration for point in run.train.points)
        index = max(0, math.floor((start - margin - run.first) / period))
        free_from = -math.inf
        end = min(stop, run.end, self._reaction.latched(run.begin))
        while (begin := run.first + index * period) < end:
            if run.train.count is not None and index >= run.train.count:
                break
            factor = self._reaction.factor(run.first, period, index)
            for pulse in self._around(run.train, index, begin, period, factor):
                if free_from <= pulse.start < end:
                    free_from = pulse.stop
                    delivered = pulse.until(run.cut)
                    if delivered.stop > start:
                        yield delivered
            index += 1

    def last_stop(self, run: Run, moment: float) -> float:
        """Return when the pulse that is under way at a moment, if any, comes to rest; else that moment."""
        return max((pulse.stop for pulse in self.pulses(run, moment, np.nextafter(moment, math.inf))), default=moment)

    def _period(self, train: Train) -> float:
        return train.period * self.timebase / (1.0 + self._defects.total("rate_error"))

    def _around(self, train: Train, index: int, begin: float, period: float, factor: float) -> Iterator[Pulse]:
        """Yield what the device delivers in the place of one pulse: none, one or two."""
        struck = self._defects.striking(index)
        factor *= min(1.0, (index + 1) / (train.lead_in + 1))
        kinds = {fault.kind: fault for fault in struck}
        key = (train, struck, factor)
        if key not in self._templates:
            self._templates[key] = self._shape(train, struck, factor)
        shape = self._templates[key]
        if "missing_pulse" not in kinds:
            yield replace(shape, start=begin)
        if "extra_pulse" in kinds:
            delay = kinds["extra_pulse"].value
            yield replace(shape, start=begin + (0.5 if delay is None else delay) * period)

    def _shape(self, train: Train, struck: tuple[DeviceFault, ...], factor: float) -> Pulse:
        """Return the pulse, at time 0, that these defects make of the train's points, times a factor."""
        factor, second, longer, droop = self.gain * factor, 1.0, self.timebase, 0.0
        exponential = False
        step = sum(fault.value or 0.0 for fault in struck if fault.kind == "coarse_steps")
        for fault in struck:
            value = fault.value or 0.0
            match fault.kind:
                case "amplitude_gain":
                    factor *= value
                case "polarity_flip":
                    factor = -factor
                case "second_phase_imbalance":
                    second += value
                case "pulse_width_error":
                    longer *= 1.0 + value
                case "droop":
                    droop, exponential = value, fault.shape == "exponential"
                case _:
                    pass  # the others act on the train, or on its points
        leading = next((math.copysign(1.0, p.current) for p in train.points if p.current), 1.0)
        points = []
        for point in train.points:
            half = math.copysign(self.mismatch / 2, point.current * leading)
            current = _stepped(point.current, step) * factor * (1.0 + half)
            if point.current * leading < 0:
                current *= second
            elif point.current == 0:
                current = math.copysign(self._config.interphase_leak, leading * factor)
            points.append(Point(duration=point.duration * longer, current=current))
        return _drawn(points, self.ramp, droop, exponential=exponential)


def _stepped(current: float, step: float) -> float:
    """Return the nearest multiple of a step, upwards from half-way; without a step the current itself."""
    return math.copysign(math.floor(abs(current) / step + 0.5) * step, current) if step else current


def _drawn(points: list[Point], ramp: float, droop: float, *, exponential: bool) -> Pulse:
    """Return straight transitions and what is held between them; the last one ends at zero."""
    edges, pieces, phases, level = [0.0], [], [], 0.0
    for point in points:
        begin = edges[-1]
        held = _held(point, droop, exponential=exponential)
        climb = min(ramp, point.duration)
        target = held.value(climb) if climb == ramp else level + (held.value(ramp) - level) * climb / ramp
        pieces.append(Terms(constant=level, slope=(target - level) / climb))
        edges.append(begin + climb)
        if point.duration > climb:
            pieces.append(held.delayed(climb))
            edges.append(begin + point.duration)
        level = pieces[-1].value(edges[-1] - edges[-2])
        if point.current:
            phases.append((begin, edges[-1], 1 if point.current > 0 else -1))
    pieces.append(Terms(constant=level, slope=-level / ramp))
    edges.append(edges[-1] + ramp)
    return Pulse(start=0.0, edges=tuple(edges), pieces=tuple(pieces), phases=tuple(phases))


def _held(point: Point, droop: float, *, exponential: bool) -> Terms:
    if not droop:
        return Terms(constant=point.current)
    if exponential:
        return Terms(constant=0.0, exponentials=((point.current, -point.duration / math.log1p(-droop)),))
    return Terms(constant=point.current, slope=-point.current * droop / point.duration)


def assembled(pulses: list[Pulse], start: float, stop: float) -> Piecewise:
    """Return the pulses with rest between them, cut to the time from start to stop."""
    rest = Terms(constant=0.0)
    edges: list[float] = []
    pieces: list[Terms] = []
    here = min(start, pulses[0].start) if pulses else start
    for pulse in pulses:
        if pulse.start > here:
            edges.append(here)
            pieces.append(rest)
        edges += [pulse.start + edge for edge in pulse.edges[:-1]]
        pieces += pulse.pieces
        here = pulse.stop
    if here < stop or not pieces:
        edges.append(here)
        pieces.append(rest)
        here = stop
    return Piecewise.from_terms([*edges, here], pieces).between(start, stop)
