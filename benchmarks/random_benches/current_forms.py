"""Alternating and direct currents, drawn at random; what is true of them follows from their formula.

The sine of a burst is drawn by straight lines between points on it, of which there is one at every passage through zero
and one at every crest: integrals and effective values are those of the lines, frequencies and crests those of the sine.
"""

from __future__ import annotations

import math

import numpy as np

from benchmarks.random_benches.form import Form
from benchmarks.random_benches.pulse_forms import drawn_amplitude
from benchmarks.random_benches.sines import Sines
from benchmarks.random_benches.stated import AREA, log_uniform
from rig.twin.signal import Piecewise

__all__ = ["direct", "interferential", "russian", "sine"]

# So many that a line lies lower than the sine by (π/384)²/2 of its size at most, and a crest is as round as it.
_PER_CYCLE = 384


def _means(signal: Piecewise, begin: float, end: float) -> dict[str, float]:
    """Means over whole periods, from the exact signal."""
    length = end - begin
    square, mean = signal.integral_of_square(begin, end) / length, signal.integral(begin, end) / length
    return {
        "rms_current": math.sqrt(square),
        "current_density_rms": math.sqrt(square) / AREA,
        "dc_component": mean,
        "ac_rms": math.sqrt(max(square - mean**2, 0.0)),
    }


def _long_run(waves: Sines) -> dict[str, float]:
    """Means over a time that holds every period and every beat a whole number of times."""
    rms = math.sqrt(waves.mean_square)
    return {
        "rms_current": rms,
        "current_density_rms": rms / AREA,
        "dc_component": waves.level,
        "ac_rms": math.sqrt(waves.mean_square - waves.level**2),
    }


def sine(rng: np.random.Generator) -> Form:
    """A sine without rest for more than a second, on a direct current in half of all benches."""
    amplitude, frequency = abs(drawn_amplitude(rng)), log_uniform(rng, 50, 2000)
    level = amplitude * float(rng.choice([0.0, rng.uniform(-0.3, 0.3)]))
    waves = Sines(
        level=level, sizes=(amplitude,), frequencies=(frequency,), phases=(2 * math.pi * float(rng.random()),)
    )
    # Positive for the part of a period during which the sine is above −level.
    crossing = math.asin(level / amplitude)
    average = 2 / math.pi * (amplitude * math.cos(crossing) + level * crossing)
    starts = np.linspace(0.0, 1 / frequency, 200, endpoint=False)
    worst = max(waves.integral_of_square(float(at), float(at) + 1.0) for at in starts)
    return Form(
        signal=waves,
        start=0.0,
        length=1.05,
        interval=10e-6,
        amplitude=amplitude + abs(level),
        known=_long_run(waves)
        | {
            "carrier_frequency": frequency,
            "average_current": average,
            "amplitude_modulation": 0.0,
            "rms_1s": math.sqrt(worst),
        },
    )


def interferential(rng: np.random.Generator) -> Form:
    """Two carriers near 4 kHz that beat, of equal size in half of all benches."""
    amplitude, first = abs(drawn_amplitude(rng)), float(rng.uniform(3800, 4200))
    beat = log_uniform(rng, 20, 150)
    part = float(rng.choice([1.0, rng.uniform(0.3, 0.95)]))
    one, two = amplitude / (1 + part), amplitude * part / (1 + part)
    if rng.random() < 0.5:
        one, two = two, one
    turns = 2 * math.pi * rng.random(2)
    waves = Sines(
        level=0.0, sizes=(one, two), frequencies=(first, first + beat), phases=(float(turns[0]), float(turns[1]))
    )
    # The mean magnitude of a carrier is 2/π of its envelope; over a beat that is the length of a sum of two vectors.
    angle = (np.arange(100_000) + 0.5) * 2 * math.pi / 100_000
    envelope = float(np.sqrt(one**2 + two**2 + 2 * one * two * np.cos(angle)).mean())
    return Form(
        signal=waves,
        start=0.0,
        length=min(float(rng.uniform(4.3, 6.7)) / beat, 0.2),
        interval=float(rng.choice([1e-6, 2e-6])),
        amplitude=amplitude,
        known=_long_run(waves)
        | {
            "beat_frequency": beat,
            "carrier_frequency": (one * first + two * (first + beat)) / amplitude,
            "average_current": 2 / math.pi * envelope,
            "amplitude_modulation": part,
        },
    )


def russian(rng: np.random.Generator) -> Form:
    """Bursts of a sine near 2.5 kHz, whole cycles each, about fifty times a second."""
    amplitude, frequency = drawn_amplitude(rng), float(rng.uniform(2000, 3000))
    rate, duty = float(rng.uniform(40, 60)), float(rng.uniform(0.1, 0.6))
    cycles = max(round(duty / rate * frequency), 4)
    number, lead = int(rng.integers(6, 10)), float(rng.uniform(0.1, 0.5)) / rate
    within = np.arange(cycles * _PER_CYCLE + 1) / (frequency * _PER_CYCLE)
    wave = amplitude * np.sin(2 * math.pi * frequency * within)
    wave[0] = wave[-1] = 0.0
    starts = [lead + k / rate for k in range(-1, number + 1)]
    knots = np.concatenate([[-1.0], *(start + within for start in starts), [starts[-1] + 1.0]])
    signal = Piecewise.polyline(knots, np.concatenate([[0.0], *(wave for _start in starts), [0.0]]))
    whole = _means(signal, lead, lead + 1 / rate)
    half = abs(signal.integral(lead, lead + 0.5 / frequency))
    duration = cycles / frequency
    sign = 1.0 if amplitude > 0 else -1.0
    return Form(
        signal=signal,
        start=0.0,
        length=number / rate,
        interval=float(rng.choice([1e-6, 2e-6])),
        amplitude=abs(amplitude),
        known=whole
        | {
            "carrier_frequency": frequency,
            "pulse_rate": frequency,
            "pulses_per_burst": float(cycles),
            "burst_rate": rate,
            "burst_duration": duration,
            "on_time": duration,
            "off_time": 1 / rate - duration,
            "duty_cycle": duration * rate,
            "amplitude_modulation": 0.0,
            "average_current": 2 * half * cycles * rate,
            "phase_charge": half,
            "phase_charge_positive": half,
            "phase_charge_negative": -half,
            "max_phase_charge": half,
            "phase_charge_density": half / AREA,
            "phase_peak": abs(amplitude),
            "net_charge_active": 0.0,
            "polarity": sign,
            "phase_count": 2.0,
            "missing_pulses": 0.0,
            "extra_pulses": 0.0,
        },
    )


def direct(rng: np.random.Generator) -> Form:
    """A current that neither pulses nor swings."""
    level, length = drawn_amplitude(rng), 1.05
    size = abs(level)
    return Form(
        signal=Piecewise.level(level, -1.0, length + 1.0),
        start=0.0,
        length=length,
        interval=10e-6,
        amplitude=size,
        known={
            "rms_current": size,
            "current_density_rms": size / AREA,
            "dc_component": level,
            "ac_rms": 0.0,
            "average_current": size,
        },
    )
