"""Signals other than plain trains, whose truth is known from how they are made; in A, sampled at any phase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal

Floats = NDArray[np.float64]
_EDGE = 3e-6


def instants(length: float, interval: float, shift: float = 0.0) -> Floats:
    """Sampling instants, s."""
    return np.asarray(np.arange(round(length / interval)) * interval + shift, dtype=np.float64)


def noisy(samples: Floats, sigma: float, seed: int = 1) -> Floats:
    return np.asarray(samples + np.random.default_rng(seed).normal(0.0, sigma, len(samples)), dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Pulse:
    """One pulse of a list: start and width are 50 % to 50 %, edges straight."""

    start: float
    amplitude: float
    width: float
    second: float = 1.0  # amplitude of the opposite phase over that of the first; 0 for none
    longer: float = 1.0  # duration of the opposite phase over that of the first
    rest: float = 100e-6


def pulses(given: Sequence[Pulse], at: Floats, *, transition: float = 3e-6) -> Floats:
    """Rectangular pulses, each as it is given."""
    times, values = [-10.0], [0.0]
    half = 0.5 * transition
    for pulse in given:
        begin, end = pulse.start, pulse.start + pulse.width
        times += [begin - half, begin + half, end - half, end + half]
        values += [0.0, pulse.amplitude, pulse.amplitude, 0.0]
        if pulse.second:
            begin, end = end + pulse.rest, end + pulse.rest + pulse.longer * pulse.width
            level = -pulse.second * pulse.amplitude
            if pulse.rest < transition:
                # One edge from the first phase straight to the second.
                del times[-1], values[-1]
                times += [times[-1] + transition, end - half, end + half]
                values += [level, level, 0.0]
            else:
                times += [begin - half, begin + half, end - half, end + half]
                values += [0.0, level, level, 0.0]
    return np.interp(at, [*times, 1e6], [*values, 0.0])


def ramped(count: int, period: float, up: float, hold: float, down: float, peak: float) -> list[tuple[float, float]]:
    """(start, amplitude) of pulses under a trapezoid that begins with 0 at time 0."""

    def envelope(t: float) -> float:
        return peak * float(np.interp(t, [0.0, up, up + hold, up + hold + down], [0.0, 1.0, 1.0, 0.0]))

    return [(number * period, envelope(number * period)) for number in range(count)]


def passive(at: Floats, *, period: float, amplitude: float, width: float, tau: float, delay: float) -> Floats:
    """Monophasic pulses through a series capacitor in its steady state: each is recovered exponentially, net zero.

    Pulses come before the record's beginning as well; ``delay`` is where the first one inside of it begins.
    """
    phase = np.mod(at - delay + 0.5 * _EDGE, period)
    # Under the pulse the capacitor is charged by a current source; afterwards it discharges through the load.
    charge = amplitude * width / (1.0 - np.exp(-(period - width) / tau))
    since = phase - width - 0.5 * _EDGE
    back = -charge / tau * np.exp(-since / tau)
    last = -charge / tau * np.exp(-(period - width) / tau)
    knots = [0.0, _EDGE, width, width + _EDGE]
    edges = np.interp(phase, knots, [last, amplitude, amplitude, -charge / tau * np.exp(-0.5 * _EDGE / tau)])
    return np.asarray(np.where(phase < width + _EDGE, edges, back), dtype=np.float64)


def russian(at: Floats, *, amplitude: float, carrier: float = 2500.0, on: float = 10e-3, off: float = 10e-3) -> Floats:
    """A sine carrier in bursts, each of whole cycles and beginning at zero."""
    phase = np.mod(at, on + off)
    return np.asarray(np.where(phase < on, amplitude * np.sin(2 * np.pi * carrier * phase), 0.0), dtype=np.float64)


def interferential(at: Floats, *, amplitude: float, first: float = 4000.0, second: float = 4100.0) -> Floats:
    """Two carriers of equal size, as they add up in the tissue."""
    return np.asarray(
        0.5 * amplitude * (np.sin(2 * np.pi * first * at) + np.sin(2 * np.pi * second * at)), dtype=np.float64
    )


def ringing(samples: Floats, interval: float, *, frequency: float, damping: float) -> Floats:
    """What a signal becomes behind a resonance of second order."""
    omega = 2 * np.pi * frequency
    system = signal.cont2discrete(([omega**2], [1.0, 2 * damping * omega, omega**2]), interval, method="bilinear")
    return np.asarray(signal.lfilter(np.ravel(system[0]), np.ravel(system[1]), samples), dtype=np.float64)


def square(at: Floats, *, amplitude: float, frequency: float, transition: float = 3e-6) -> Floats:
    """Symmetric, without rest; it rises through zero at time 0."""
    phase = np.mod(at * frequency, 1.0) / frequency
    half, quarter = 0.5 / frequency, 0.5 * transition
    knots = [0.0, quarter, half - quarter, half + quarter, 2 * half - quarter, 2 * half]
    return np.asarray(amplitude * np.interp(phase, knots, [0, 1, 1, -1, -1, 0]), dtype=np.float64)


def sine(at: Floats, *, amplitude: float, frequency: float, offset: float = 0.0) -> Floats:
    return np.asarray(amplitude * np.sin(2 * np.pi * frequency * at) + offset, dtype=np.float64)
