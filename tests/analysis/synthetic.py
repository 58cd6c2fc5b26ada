"""Pulse trains whose truth is known exactly: piecewise straight lines, sampled at any phase."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rig.analysis import Analysis, measure
from rig.model.measurement import Measurement, NotMeasured
from rig.model.signal_path import SignalPath
from rig.model.stimulus import Polarity, Shape, Stimulus
from rig.model.waveform import Waveform
from rig.units import Unit


@dataclass(frozen=True, kw_only=True)
class Train:
    """A train of equal pulses; ``duration`` is 50 % to 50 %, ``transition`` 0 to 100 %."""

    amplitude: float = 0.02
    duration: float = 300e-6
    interphase: float = 100e-6
    transition: float = 3e-6
    period: float = 20e-3
    pulses: int = 5
    sign: int = 1
    phases: int = 2
    second: float = 1.0  # amplitude of the second phase over that of the first
    delay: float = 5e-3
    tail: float = 15e-3
    skip: tuple[int, ...] = ()
    extra: tuple[float, ...] = field(default=())  # starts of further pulses after ``delay``, s

    @property
    def charge(self) -> float:
        return self.amplitude * self.duration

    @property
    def length(self) -> float:
        return self.delay + (self.pulses - 1) * self.period + self.tail

    @property
    def starts(self) -> list[float]:
        regular = [self.delay + number * self.period for number in range(self.pulses) if number not in self.skip]
        return sorted([*regular, *(self.delay + start for start in self.extra)])

    def knots(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        times, values = [-1.0], [0.0]
        half = 0.5 * self.transition
        for start in self.starts:
            for phase in range(self.phases):
                begin = start + phase * (self.duration + self.interphase)
                level = self.amplitude * self.sign * (1.0 if phase == 0 else -self.second)
                end = begin + self.duration
                times += [begin - half, begin + half, end - half, end + half]
                values += [0.0, level, level, 0.0]
        return np.array([*times, 1e6]), np.array([*values, 0.0])

    def sampled(
        self, interval: float = 1e-6, *, shift: float = 0.0, noise: float = 0.0, seed: int = 1, offset: float = 0.0
    ) -> NDArray[np.float64]:
        instants = np.arange(round(self.length / interval)) * interval + shift
        values = np.interp(instants, *self.knots()) + offset
        if noise:
            values = values + np.random.default_rng(seed).normal(0.0, noise, len(values))
        return np.asarray(values, dtype=np.float64)

    def stimulus(self) -> Stimulus:
        return Stimulus(
            channel=1,
            shape=Shape.BIPHASIC_SYMMETRIC if self.phases == 2 else Shape.MONOPHASIC,
            amplitude=self.amplitude,
            phase_duration=self.duration,
            interphase=self.interphase if self.phases == 2 else 0.0,
            rate=1 / self.period,
            train=self.pulses * self.period,
            polarity=Polarity.POSITIVE if self.sign > 0 else Polarity.NEGATIVE,
        )


def path(*, noise: float = 0.0, unit: Unit = Unit.AMPERE, gain: float = 1e-4, resolution: float = 1e-9) -> SignalPath:
    return SignalPath(
        signal="current" if unit is Unit.AMPERE else "voltage",
        unit=unit,
        scale=0.1,
        gain=gain,
        offset=1e-5,
        offset_drift=1e-7,
        noise=noise,
        resolution=resolution,
        timebase=1e-5,
        bandwidth=1e6,
    )


def waveform(
    values: NDArray[np.float64], *, interval: float = 1e-6, start: float = 0.0, unit: Unit = Unit.AMPERE
) -> Waveform:
    return Waveform(samples=values, interval=interval, unit=unit, source="synthetic:1", start=start)


def analysed(
    values: NDArray[np.float64],
    *,
    interval: float = 1e-6,
    start: float = 0.0,
    zero: NDArray[np.float64] | None = None,
    expected: Stimulus | None = None,
    load_resistance: float | None = 500.0,
    electrode_area: float | None = None,
    unit: Unit = Unit.AMPERE,
    noise: float = 0.0,
) -> Analysis:
    return measure(
        waveform(values, interval=interval, start=start, unit=unit),
        path=path(noise=noise, unit=unit),
        zero=None if zero is None else waveform(zero, interval=interval, unit=unit),
        expected=expected,
        load_resistance=load_resistance,
        electrode_area=electrode_area,
        capture="c1",
    )


def value(analysis: Analysis, name: str) -> Measurement:
    outcome = analysis.outcomes[name]
    assert isinstance(outcome, Measurement), f"{name}: {outcome}"
    return outcome


def reason(analysis: Analysis, name: str) -> str:
    outcome = analysis.outcomes[name]
    assert isinstance(outcome, NotMeasured), f"{name} was measured"
    return outcome.reason
