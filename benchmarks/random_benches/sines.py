"""A sum of sines on a level: exact for all times, and exact behind a single pole."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

__all__ = ["Sines"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Sines:
    """``level + Σ size·sin(2π·frequency·t + phase)``.

    Attributes
    ----------
    sizes, frequencies, phases : one per sine; in the signal's unit, Hz, rad
    """

    level: float
    sizes: tuple[float, ...]
    frequencies: tuple[float, ...]
    phases: tuple[float, ...]

    def sample(self, times: Floats) -> Floats:
        """Return the values at these instants, s."""
        values = np.full(len(times), self.level)
        for size, frequency, phase in zip(self.sizes, self.frequencies, self.phases, strict=True):
            values += size * np.sin(2 * math.pi * frequency * times + phase)
        return values

    def sample_uniform(self, start: float, interval: float, n: int) -> Floats:
        """Return n values at ``start + i·interval``."""
        return self.sample(start + interval * np.arange(n, dtype=np.float64))

    def low_passed(self, tau: float) -> Sines:
        """Return the steady response of a single pole: each sine smaller by 1/√(1 + (ωτ)²), later by arctan ωτ."""
        turn = [2 * math.pi * frequency * tau for frequency in self.frequencies]
        return replace(
            self,
            sizes=tuple(size / math.hypot(1.0, w) for size, w in zip(self.sizes, turn, strict=True)),
            phases=tuple(phase - math.atan(w) for phase, w in zip(self.phases, turn, strict=True)),
        )

    def __mul__(self, gain: float) -> Sines:
        return replace(self, level=self.level * gain, sizes=tuple(size * gain for size in self.sizes))

    @property
    def mean_square(self) -> float:
        """Over a time that is long against every period and beat."""
        return self.level**2 + sum(size**2 for size in self.sizes) / 2

    def integral_of_square(self, begin: float, end: float) -> float:
        """Return the integral of the square of one sine on a level."""
        (size,), (frequency,), (phase,) = self.sizes, self.frequencies, self.phases
        w = 2 * math.pi * frequency
        a, b = w * begin + phase, w * end + phase
        square = 0.5 * size**2 * ((end - begin) - (math.sin(2 * b) - math.sin(2 * a)) / (2 * w))
        return self.level**2 * (end - begin) + square - 2 * self.level * size * (math.cos(b) - math.cos(a)) / w
