"""Uncertainty budgets: named standard uncertainties, and what averaging does to each of them.

References
----------
JCGM 100:2008 (GUM), 4.3.7 for rectangular distributions, 5.1.2 for the combination.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import TYPE_CHECKING

from rig.model.measurement import Component, Distribution

if TYPE_CHECKING:
    from rig.model.signal_path import SignalPath

__all__ = [
    "Budget",
    "combined",
    "dithered",
    "expected_extreme",
    "relative_of",
    "root_sum_square",
    "rounding",
    "spread_of_extreme",
]


def root_sum_square(*values: float) -> float:
    """Combine uncorrelated standard uncertainties.

    >>> root_sum_square(3.0, 4.0)
    5.0
    """
    return math.hypot(*values)


# What is known by its bounds alone: half-widths of specifications, and rounding.
_RECTANGULAR = frozenset({
    "bandwidth",
    "command",
    "crest of a surge",
    "gain",
    "load self-heating",
    "loading",
    "offset drift",
    "offset without zero capture",
    "quantisation",
    "resistor temperature",
    "threshold",
    "timebase",
})


def relative_of(path: SignalPath) -> dict[str, float]:
    """Return the relative standard uncertainties that every value has from the way its signal took."""
    return {
        "gain": path.gain,
        "resistor calibration": path.resistor,
        "resistor temperature": path.resistor_temperature,
        "loading": path.loading,
    }


def combined(components: Collection[Component]) -> float:
    """Combined standard uncertainty of uncorrelated components."""
    return root_sum_square(*(line.standard_uncertainty for line in components))


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The standard uncertainties of one kind of item (a phase's charge, a pulse's width, …).

    Attributes
    ----------
    relative : to the value, the same for all items of a record (gain, resistor, …)
    systematic : in the measurand's unit, the same for all items
    directed : in the measurand's unit, the same for all items but with the sign of their direction: what lifts a
        positive phase lowers the magnitude of a negative one
    periodic : in the measurand's unit, a function of where the samples lie on the item
    random : in the measurand's unit, independent from item to item
    averaging : what part of ``periodic`` is left in the mean of all items
    direction : what part of ``directed`` is: the magnitude of the items' mean sign
    worst : of a single item of unlike ones, at most so many times as much as stated, by name
    degrees_of_freedom : of those standard uncertainties that were found from few readings, by name
    """

    relative: dict[str, float] = field(default_factory=dict)
    systematic: dict[str, float] = field(default_factory=dict)
    directed: dict[str, float] = field(default_factory=dict)
    periodic: dict[str, float] = field(default_factory=dict)
    random: dict[str, float] = field(default_factory=dict)
    averaging: float = 1.0
    direction: float = 1.0
    worst: Mapping[str, float] = field(default_factory=dict)
    degrees_of_freedom: Mapping[str, float] = field(default_factory=dict)

    def components(self, value: float, n: int = 1) -> tuple[Component, ...]:
        """Return the budget of the mean of ``n`` items whose mean is ``value``; what is zero is left out."""
        averaging, direction = (self.averaging, self.direction) if n > 1 else (1.0, 1.0)
        lines = [(name, abs(value) * part) for name, part in self.relative.items()]
        lines += self.systematic.items()
        lines += [(name, part * direction) for name, part in self.directed.items()]
        lines += [(name, part * averaging) for name, part in self.periodic.items()]
        lines += [(name, part / math.sqrt(n)) for name, part in self.random.items()]
        if n == 1:
            lines = [(name, part * self.worst.get(name, 1.0)) for name, part in lines]
        return tuple(
            Component(
                name=name,
                standard_uncertainty=float(part),
                distribution=Distribution.RECTANGULAR if name in _RECTANGULAR else Distribution.NORMAL,
                degrees_of_freedom=self.degrees_of_freedom.get(name),
            )
            for name, part in lines
            if part > 0
        )

    def standard(self, value: float, n: int = 1) -> float:
        """Return the combined standard uncertainty of the mean of ``n`` items whose mean is ``value``."""
        return combined(self.components(value, n))

    def scaled(self, factor: float) -> Budget:
        """Return the budget of the items times a factor."""

        def times(lines: Mapping[str, float]) -> dict[str, float]:
            return {name: abs(factor) * part for name, part in lines.items()}

        return replace(
            self,
            systematic=times(self.systematic),
            directed=times(self.directed),
            periodic=times(self.periodic),
            random=times(self.random),
        )

    def per(self, sizes: Iterable[float]) -> Budget:
        """Return the budget of the items divided by sizes of their own, all positive.

        In the mean, what is the same for all items counts with the mean of 1/size, and what is independent with the
        root of the mean of 1/size²; of one item, the smallest counts.
        """
        shares = [1 / size for size in sizes]
        if not shares:
            return self
        mean = sum(shares) / len(shares)
        spread = math.sqrt(sum(share**2 for share in shares) / len(shares))
        most = max(shares)
        alike = self.scaled(mean)
        worst = dict.fromkeys((*self.systematic, *self.directed, *self.periodic), most / mean)
        worst |= dict.fromkeys(self.random, most / spread)
        return replace(
            alike,
            random={name: spread * part for name, part in self.random.items()},
            worst={name: part * self.worst.get(name, 1.0) for name, part in worst.items()},
        )


def expected_extreme(n: float) -> float:
    """Return how far the largest of ``n`` normal deviates lies above their mean, in standard deviations.

    Blom's approximation of the expected order statistic.

    >>> round(expected_extreme(100), 2)
    2.5
    """
    return _NORMAL.inv_cdf((max(n, 1.0) - 0.375) / (max(n, 1.0) + 0.25))


def spread_of_extreme(n: float) -> float:
    """Return the standard deviation of the largest of ``n`` normal deviates, in their standard deviations.

    That of Gumbel's distribution, to which it tends.
    """
    return min(1.0, math.pi / math.sqrt(6.0) / math.sqrt(2.0 * math.log(max(n, 2.0))))


def dithered(step: float, noise: float) -> float:
    """Return which part of the error of rounding to steps noise of that rms leaves in a mean: its first harmonic's.

    >>> dithered(1.0, 0.0)
    1.0
    """
    return math.exp(-2.0 * (math.pi * noise / step) ** 2) if step > 0 else 0.0


def rounding(step: float, noise: float) -> float:
    """Return the standard uncertainty that rounding to steps leaves in a mean of samples with that rms noise.

    Noise dithers: it moves the mean of the rounded samples towards the true mean. Of the error of rounding, a sawtooth
    over the steps, it leaves of each harmonic step/(π·h) the part exp(−2π²h²(noise/step)²); without noise all of them
    make step/√12.

    >>> round(rounding(1.0, 0.0), 4), round(rounding(1.0, 0.5), 4)
    (0.2887, 0.0016)
    """
    if step <= 0:
        return 0.0
    if noise < _UNDITHERED * step:
        return step / math.sqrt(12.0)
    decay = 4.0 * (math.pi * noise / step) ** 2
    harmonics = (math.exp(-decay * h**2) / h**2 for h in range(1, _HARMONICS + 1))
    return step / math.pi * math.sqrt(0.5 * sum(harmonics))


_NORMAL = NormalDist()
# Below this part of a step noise dithers nothing; above it, so many harmonics are all that there is.
_UNDITHERED, _HARMONICS = 0.01, 32
