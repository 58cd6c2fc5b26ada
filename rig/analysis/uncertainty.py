"""Uncertainty budgets: named standard uncertainties, and what averaging does to each of them.

Notes
-----
A sampled rectangular phase is integrated by trapezoids. Where an edge takes less than a sample, the sample before it
and the sample after it say nothing of when it happened: its instant is uniform within ±Δt/2, which is ±I·Δt/2 of
charge, a standard uncertainty of I·Δt/√12. Where a straight edge of duration τ is resolved, its two corners are cut: a
corner at the part θ of a sample costs (I/τ)·Δt²·θ(1−θ)/2, and the two of an edge have opposite signs, so the error lies
within ±I·Δt²/(8τ), a standard uncertainty of I·Δt²/(8τ·√3). An instantaneous edge is drawn by the samples as one of
exactly τ = Δt, and as one of 2Δt where a sample is caught half-way up, so an edge counts as resolved from τ = 2.5Δt on.
τ is the 10–90 % transition time divided by 0.8.

References
----------
JCGM 100:2008 (GUM), 4.3.7 for rectangular distributions, 5.1.2 for the combination.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from rig.model.measurement import Component, Distribution

__all__ = ["Budget", "Edge", "combined", "root_sum_square"]


def root_sum_square(*values: float) -> float:
    """Combine uncorrelated standard uncertainties.

    >>> root_sum_square(3.0, 4.0)
    5.0
    """
    return math.hypot(*values)


# What is known by its bounds alone: half-widths of specifications, and rounding.
_RECTANGULAR = frozenset({
    "bandwidth",
    "gain",
    "load self-heating",
    "loading",
    "offset drift",
    "offset without zero capture",
    "quantisation",
    "resistor temperature",
    "timebase",
})


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
    periodic : in the measurand's unit, a function of where the samples lie on the item
    random : in the measurand's unit, independent from item to item
    averaging : what part of ``periodic`` is left in the mean of all items
    degrees_of_freedom : of those standard uncertainties that were found from few readings, by name
    """

    relative: Mapping[str, float] = field(default_factory=dict)
    systematic: Mapping[str, float] = field(default_factory=dict)
    periodic: Mapping[str, float] = field(default_factory=dict)
    random: Mapping[str, float] = field(default_factory=dict)
    averaging: float = 1.0
    degrees_of_freedom: Mapping[str, float] = field(default_factory=dict)

    def components(self, value: float, n: int = 1) -> tuple[Component, ...]:
        """Return the budget of the mean of ``n`` items whose mean is ``value``; what is zero is left out."""
        averaging = self.averaging if n > 1 else 1.0
        lines = [(name, abs(value) * part) for name, part in self.relative.items()]
        lines += self.systematic.items()
        lines += [(name, part * averaging) for name, part in self.periodic.items()]
        lines += [(name, part / math.sqrt(n)) for name, part in self.random.items()]
        return tuple(
            Component(
                name=name,
                standard_uncertainty=part,
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
            periodic=times(self.periodic),
            random=times(self.random),
        )


_RESOLVED = 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A typical edge of a record: how it limits what samples can say of instants and integrals.

    Attributes
    ----------
    height : A or V
    transition : 0–100 % duration, as far as resolved, s
    interval : between samples, s
    noise : rms, in the unit of ``height``
    """

    height: float
    transition: float
    interval: float
    noise: float

    @property
    def resolved(self) -> bool:
        """Whether the samples show the transition, and not only that there was one."""
        return self.transition >= _RESOLVED * self.interval

    @property
    def integral(self) -> float:
        """Standard uncertainty of an integral over one edge, A·s or V·s."""
        if self.resolved:
            return self.height * self.interval**2 / (8 * self.transition * math.sqrt(3))
        return self.height * self.interval / math.sqrt(12)

    @property
    def crossing(self) -> float:
        """Standard uncertainty of the instant of a 50 % crossing, noise apart, s."""
        if self.resolved:
            return self.interval**2 / (8 * self.transition * math.sqrt(3))
        return self.interval / math.sqrt(12)

    @property
    def jitter(self) -> float:
        """Standard uncertainty of the instant of a crossing from noise: noise over slope, s."""
        return self.noise / self.height * max(self.transition, self.interval)

    @property
    def corner(self) -> float:
        """Standard uncertainty of the instant of a 10 % or 90 % crossing, where the corner bends the line, s."""
        return (self.interval / 4 if self.resolved else self.interval) / math.sqrt(3)
