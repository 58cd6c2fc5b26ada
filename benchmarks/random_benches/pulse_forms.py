"""Forms of pulses that the virtual stimulator has no commands for, drawn at random."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.random_benches.form import Form, Given, Span
from benchmarks.random_benches.stated import log_uniform
from rig.twin.exponentials import Terms
from rig.twin.signal import Piecewise

__all__ = [
    "amplitude_modulated",
    "asymmetric",
    "capacitor_coupled",
    "noisy",
    "passive_recovery",
    "rate_modulated",
    "ringing",
    "symmetric",
    "width_modulated",
]

_INTERVALS = (0.5e-6, 1e-6, 2e-6)
_RAMP_PER_RISE = 1 / 0.8
_LONGEST = 0.4
# Of a ring: a straight line between two points lies lower than the crest by (π/200)²/2 of the ring at most.
_PER_TURN = 200


@dataclass(kw_only=True)
class Sketch:
    """Straight lines from knot to knot, and the pulses that they make."""

    ramp: float
    times: list[float] = field(default_factory=lambda: [-1.0])
    values: list[float] = field(default_factory=lambda: [0.0])
    pulses: list[Given] = field(default_factory=list)

    def pulse(self, at: float, phases: Iterable[tuple[float, float, float]]) -> None:
        """Add one; phases are (duration, level, rest before it), A and s, and do not touch."""
        spans = []
        for duration, level, rest in phases:
            begin = at + rest
            at = begin + duration
            self.times += [begin, begin + self.ramp, at, at + self.ramp]
            self.values += [0.0, level, level, 0.0]
            spans.append(Span(begin=begin, falls=at, end=at + self.ramp, sign=1 if level > 0 else -1))
        self.pulses.append(Given(phases=tuple(spans)))

    def signal(self, stop: float) -> Piecewise:
        """Return the exact current."""
        return Piecewise.polyline([*self.times, max(stop, self.times[-1] + 1e-3)], [*self.values, 0.0])


def drawn_ramp(rng: np.random.Generator) -> float:
    """Duration of a transition, 0 % to 100 %, s."""
    return _RAMP_PER_RISE * log_uniform(rng, 1e-6, 20e-6)


def drawn_amplitude(rng: np.random.Generator) -> float:
    """Signed, either polarity first, A."""
    return log_uniform(rng, 2e-3, 100e-3) * (1 if rng.random() < 0.5 else -1)


def _finished(sketch: Sketch, amplitude: float, length: float, rng: np.random.Generator, **more: object) -> Form:
    interval = float(rng.choice(_INTERVALS))
    return Form(
        signal=sketch.signal(length + 0.1),
        start=0.0,
        length=length,
        interval=interval,
        amplitude=abs(amplitude),
        pulses=tuple(sketch.pulses),
        **more,  # type: ignore[arg-type]  # named fields of the form
    )


def _biphasic(amplitude: float, duration: float, rest: float) -> list[tuple[float, float, float]]:
    return [(duration, amplitude, 0.0), (duration, -amplitude, rest)]


def _train(
    rng: np.random.Generator, starts: Sequence[float], phases: Sequence[list[tuple[float, float, float]]]
) -> Sketch:
    sketch = Sketch(ramp=drawn_ramp(rng))
    for start, own in zip(starts, phases, strict=True):
        sketch.pulse(start, own)
    return sketch


def asymmetric(rng: np.random.Generator) -> Form:
    """A first phase, a rest, and a second one that is longer and lower."""
    amplitude, duration = drawn_amplitude(rng), float(rng.uniform(100e-6, 400e-6))
    longer, rest = float(rng.uniform(2.0, 6.0)), float(rng.uniform(50e-6, 200e-6))
    balance = float(rng.uniform(0.9, 1.1))
    period = 1 / float(rng.uniform(25, 100))
    pulse = [(duration, amplitude, 0.0), (longer * duration, -amplitude * balance / longer, rest)]
    number = int(rng.integers(6, 10))
    lead = float(rng.uniform(0.1, 0.6)) * min(period, 10e-3)
    sketch = _train(rng, [lead + k * period for k in range(number + 1)], [pulse] * (number + 1))
    return _finished(sketch, amplitude, min(number * period, _LONGEST), rng)


def symmetric(rng: np.random.Generator) -> Form:
    """Two equal phases with a rest between them."""
    return _symmetric(rng, None)


def noisy(rng: np.random.Generator) -> Form:
    """A biphasic train in noise: 20 dB to 26 dB from amplitude to rms."""
    return _symmetric(rng, float(rng.uniform(10.0, 20.0)))


def _symmetric(rng: np.random.Generator, signal_to_noise: float | None) -> Form:
    amplitude, duration = drawn_amplitude(rng), float(rng.uniform(150e-6, 500e-6))
    period = 1 / float(rng.uniform(25, 100))
    pulse = _biphasic(amplitude, duration, float(rng.uniform(50e-6, 200e-6)))
    number = int(rng.integers(6, 10))
    lead = float(rng.uniform(0.1, 0.6)) * min(period, 10e-3)
    sketch = _train(rng, [lead + k * period for k in range(number + 1)], [pulse] * (number + 1))
    return _finished(sketch, amplitude, min(number * period, _LONGEST), rng, signal_to_noise=signal_to_noise)


def _modulated(
    rng: np.random.Generator, *, amplitude: float = 0.0, width: float = 0.0, rate: float = 0.0
) -> tuple[Sketch, float, float]:
    """A train one of whose properties swings like a sine, by that part of itself."""
    size, duration = drawn_amplitude(rng), float(rng.uniform(150e-6, 400e-6))
    rest, period = float(rng.uniform(50e-6, 150e-6)), 1 / float(rng.uniform(60, 120))
    number = int(rng.integers(20, 30))
    swing = np.sin(2 * math.pi * (np.arange(number + 1) / float(rng.uniform(8, 20)) + rng.random()))
    lead = float(rng.uniform(0.1, 0.6)) * period
    starts = lead + np.concatenate(([0.0], np.cumsum(period * (1 + rate * swing))[:-1]))
    phases = [
        _biphasic(size * (1 + amplitude * float(part)) / (1 + amplitude), duration * (1 + width * float(part)), rest)
        for part in swing
    ]
    return _train(rng, starts.tolist(), phases), size, min(float(starts[-1]) - 0.2 * period, _LONGEST)


def amplitude_modulated(rng: np.random.Generator) -> Form:
    """From pulse to pulse the amplitude swings, between a twentieth and two thirds of itself."""
    sketch, size, length = _modulated(rng, amplitude=log_uniform(rng, 0.05, 0.67))
    return _finished(sketch, size, length, rng)


def width_modulated(rng: np.random.Generator) -> Form:
    """From pulse to pulse the duration of the phases swings."""
    sketch, size, length = _modulated(rng, width=log_uniform(rng, 0.02, 0.6))
    return _finished(sketch, size, length, rng)


def rate_modulated(rng: np.random.Generator) -> Form:
    """From pulse to pulse the period swings."""
    sketch, size, length = _modulated(rng, rate=log_uniform(rng, 0.01, 0.2))
    return _finished(sketch, size, length, rng)


def passive_recovery(rng: np.random.Generator) -> Form:
    """A driven phase, and the capacitor's discharge through the load after it: exponential, and nearly all of it."""
    amplitude, duration = drawn_amplitude(rng), float(rng.uniform(150e-6, 500e-6))
    ramp, period = drawn_ramp(rng), 1 / float(rng.uniform(25, 100))
    tau = float(rng.uniform(0.5e-3, 2e-3))
    back = amplitude * duration / tau * float(rng.uniform(0.9, 1.1))
    left = -back * math.exp(-(period - duration - ramp) / tau)
    number, lead = int(rng.integers(6, 10)), float(rng.uniform(0.1, 0.5)) * period
    edges, pieces, pulses = [-1.0], [Terms(constant=left)], []
    for start in [lead + k * period for k in range(-1, number + 1)]:
        edges += [start, start + ramp, start + duration, start + duration + ramp]
        pieces += [
            Terms(constant=left, slope=(amplitude - left) / ramp),
            Terms(constant=amplitude),
            Terms(constant=amplitude, slope=(-back - amplitude) / ramp),
            Terms(constant=0.0, exponentials=((-back, tau),)),
        ]
        sign = 1 if amplitude > 0 else -1
        end = start + duration + ramp
        pulses.append(Given(phases=(Span(begin=start, falls=start + duration, end=end, sign=sign),)))
    signal = Piecewise.from_terms([*edges, edges[-1] + 0.2], pieces)
    length = min(number * period, _LONGEST)
    return Form(
        signal=signal,
        start=0.0,
        length=length,
        interval=float(rng.choice(_INTERVALS)),
        amplitude=abs(amplitude),
        pulses=tuple(pulses),
    )


def capacitor_coupled(rng: np.random.Generator) -> Form:
    """Phases of one direction through a series capacitor, which passes no direct current: rest lies below zero."""
    amplitude, duration = drawn_amplitude(rng), float(rng.uniform(150e-6, 500e-6))
    period, tau = 1 / float(rng.uniform(40, 100)), float(rng.uniform(0.05, 0.3))
    number, lead = int(rng.integers(8, 14)), float(rng.uniform(0.1, 0.5)) * period
    before = math.ceil(10 * tau / period)
    sketch = Sketch(ramp=drawn_ramp(rng), times=[lead - (before + 0.5) * period])
    for k in range(-before, number + 1):
        sketch.pulse(lead + k * period, [(duration, amplitude, 0.0)])
    driven = sketch.signal(number * period + 0.1)
    signal = driven + driven.low_passed(tau, initial=amplitude * duration / period) * -1.0
    middle = lead + (number // 2 + 0.5) * period + 0.5 * duration
    return Form(
        signal=signal.between(-0.5 * period, signal.stop),
        start=0.0,
        length=min(number * period, _LONGEST),
        interval=float(rng.choice(_INTERVALS)),
        amplitude=abs(amplitude),
        pulses=tuple(pulse for pulse in sketch.pulses if pulse.begin > -0.5 * period),
        base=signal.at(middle),
    )


def ringing(rng: np.random.Generator) -> Form:
    """Biphasic pulses behind a resonance of second order: every transition overshoots and rings."""
    amplitude, duration = drawn_amplitude(rng), float(rng.uniform(250e-6, 600e-6))
    rest, period = float(rng.uniform(200e-6, 400e-6)), 1 / float(rng.uniform(25, 100))
    damping, omega = float(rng.uniform(0.25, 0.6)), 2 * math.pi * log_uniform(rng, 30e3, 100e3)
    number, lead = int(rng.integers(6, 10)), float(rng.uniform(0.1, 0.5)) * period
    settled = min(12 / (damping * omega), 0.9 * min(rest, duration))
    fine = np.linspace(0.0, settled, _PER_TURN * math.ceil(settled * omega / (2 * math.pi)))
    way = _step_response(fine, damping, omega)
    times, values, pulses = [np.array([-1.0])], [np.array([0.0])], []
    for start in [lead + k * period for k in range(number + 1)]:
        spans = []
        for begin, level in ((start, amplitude), (start + duration + rest, -amplitude)):
            times += [begin + fine, begin + duration + fine]
            values += [level * way, level * (1 - way)]
            falls = begin + duration
            spans.append(Span(begin=begin, falls=falls, end=falls + settled, sign=1 if level > 0 else -1))
        pulses.append(Given(phases=tuple(spans)))
    knots, levels = np.concatenate([*times, [number * period + 0.2]]), np.concatenate([*values, [0.0]])
    return Form(
        signal=Piecewise.polyline(knots, levels),
        start=0.0,
        length=min(number * period, _LONGEST),
        interval=float(rng.choice([0.5e-6, 1e-6])),
        amplitude=abs(amplitude) * float(way.max()),
        pulses=tuple(pulses),
        known={"droop": 0.0},
    )


def _step_response(after: np.ndarray, damping: float, omega: float) -> np.ndarray:
    """Of a resonance, from 0 to exactly 1."""
    own = omega * math.sqrt(1 - damping**2)
    ratio = damping / math.sqrt(1 - damping**2)
    response = 1 - np.exp(-damping * omega * after) * (np.cos(own * after) + ratio * np.sin(own * after))
    response[0], response[-1] = 0.0, 1.0
    return np.asarray(response, dtype=np.float64)
