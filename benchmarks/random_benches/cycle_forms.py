"""Forms of pulses that come in groups: doublets, triplets, ramps with on and off cycles; drawn at random."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from benchmarks.random_benches.form import Form
from benchmarks.random_benches.pulse_forms import Sketch, drawn_amplitude, drawn_ramp

__all__ = ["curved_ramps", "doublets", "straight_ramps"]

_FLAT_RATE = 10e-6


def doublets(rng: np.random.Generator) -> Form:
    """Two or three biphasic pulses a few milliseconds apart, and a rest."""
    amplitude, duration = drawn_amplitude(rng), float(rng.uniform(100e-6, 400e-6))
    rest, number = float(rng.uniform(50e-6, 150e-6)), int(rng.integers(2, 4))
    step, repeat = float(rng.uniform(4e-3, 8e-3)), float(rng.uniform(40e-3, 80e-3))
    groups, lead = int(rng.integers(4, 6)), float(rng.uniform(0.4, 0.8)) * repeat
    sketch = Sketch(ramp=drawn_ramp(rng))
    for group in range(groups + 1):
        for k in range(number):
            sketch.pulse(lead + group * repeat + k * step, [(duration, amplitude, 0.0), (duration, -amplitude, rest)])
    length = lead + (groups - 0.5) * repeat + number * step
    return Form(
        signal=sketch.signal(length + 0.1),
        start=0.0,
        length=length,
        interval=float(rng.choice([1e-6, 2e-6])),
        amplitude=abs(amplitude),
        pulses=tuple(sketch.pulses),
        bursts=tuple((group * number, (group + 1) * number - 1) for group in range(groups + 1)),
    )


def straight_ramps(rng: np.random.Generator) -> Form:
    """On and off: the amplitude rises from nothing in a straight line, holds, and falls."""
    return _ramped(rng, lambda part: part, 0.8)


def curved_ramps(rng: np.random.Generator) -> Form:
    """On and off: the amplitude rises and falls like half a cosine."""
    tenth = math.acos(0.8) / math.pi
    return _ramped(rng, lambda part: 0.5 - 0.5 * math.cos(math.pi * part), 1 - 2 * tenth)


def _ramped(rng: np.random.Generator, shape: Callable[[float], float], ten_to_ninety: float) -> Form:
    """Draw two whole cycles of a form whose ramps take that part of their time from 10 % to 90 %."""
    amplitude, duration = drawn_amplitude(rng), float(rng.uniform(200e-6, 500e-6))
    rest, period = float(rng.uniform(100e-6, 200e-6)), 1 / float(rng.uniform(20, 40))
    up, hold, down, off = (float(one) for one in rng.uniform(0.3, 0.8, 4))
    off += 0.4
    lead = 5.5 * period
    begins = [lead, lead + up + hold + down + off]
    sketch, bursts, envelope = Sketch(ramp=drawn_ramp(rng)), [], []
    for begin in begins:
        first = len(sketch.pulses)
        for k in range(1, math.ceil((up + hold + down) / period)):
            at = k * period
            level = amplitude * shape(min(at / up, 1.0, (up + hold + down - at) / down))
            sketch.pulse(begin + at, [(duration, level, 0.0), (duration, -level, rest)])
            envelope.append((at, abs(level / amplitude), up + 0.5 * hold))
        bursts.append((first, len(sketch.pulses) - 1))
    length = begins[1] + up + hold + down + 5.5 * period
    return Form(
        signal=sketch.signal(length + 0.1),
        start=0.0,
        length=length,
        interval=_FLAT_RATE,
        amplitude=abs(amplitude),
        pulses=tuple(sketch.pulses),
        bursts=tuple(bursts),
        known={
            "ramp_up_time": ten_to_ninety * up,
            "ramp_down_time": ten_to_ninety * down,
            "ramp_linearity": _linearity(envelope[: bursts[0][1] + 1]),
            "amplitude_modulation": 0.0,
        },
    )


def _linearity(envelope: list[tuple[float, float, float]]) -> float:
    """Mean over both ramps of the largest deviation from the least-squares line of the pulses from 10 % to 90 %."""
    found = []
    for side in (-1, 1):
        points = [(at, level) for at, level, middle in envelope if (at - middle) * side > 0 and 0.1 <= level <= 0.9]
        if len(points) > 2:
            at, level = np.array(points).T
            found.append(float(np.abs(level - np.polyval(np.polyfit(at, level, 1), at)).max()))
    return float(np.mean(found)) if found else math.nan
