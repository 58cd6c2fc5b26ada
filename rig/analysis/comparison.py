"""Two measured values held against each other: what their errors have in common, and what is left of it.

Notes
-----
Two values x and y that were read through the same way (same instrument, input, range and resistor) share the errors of
its gain and of its resistor's calibration: these are fully correlated. For a result f(x, y) with the sensitivities
c_x = ∂f/∂x and c_y = ∂f/∂y such a component contributes |c_x·u(x) + c_y·u(y)|, every other one contributes c_x·u(x)
and c_y·u(y) independently. What is proportional to the value then leaves a difference with u_rel·|x − y|, and a ratio
with nothing at all. The offset's drift is not shared: every case has its own zero capture. Nor are the temperature of
the resistor, which follows the current, and loading, which follows the load: both are kept, which is never too little.

References
----------
JCGM 100:2008 (GUM), 5.2.2 and F.1.2.3 (correlated input quantities).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rig.analysis.coverage import coverage_factor
from rig.analysis.uncertainty import combined
from rig.errors import AnalysisError
from rig.model.measurement import Component, Measurement, Outcome
from rig.model.stimulus import Stimulus

__all__ = ["Comparison", "Point", "compare"]

_SHARED = frozenset({"gain", "resistor calibration"})
_NEGLIGIBLE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One case of a series: what was set, what was measured, and through which way.

    Attributes
    ----------
    label : the case's id
    stimulus : as set
    load : nominal, ohm
    way : instrument, input, range and resistor; points that name the same one share its gain and resistor errors
    outcomes : by measurand
    realised : what the device was really set to, None where that is what was asked
    """

    label: str
    stimulus: Stimulus
    load: float
    way: str
    outcomes: Mapping[str, Outcome]
    realised: Stimulus | None = None

    @property
    def amplitude(self) -> float:
        """What the device was set to, A."""
        return (self.realised or self.stimulus).amplitude

    def measured(self, name: str) -> Measurement:
        """Return the measurement of one measurand; raise AnalysisError if there is none."""
        outcome = self.outcomes.get(name)
        if not isinstance(outcome, Measurement):
            raise AnalysisError(f"{name} of {self.label} was not measured")
        return outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A result of two measurements with its budget, the factor of its U, and the cases it is between."""

    value: float
    components: tuple[Component, ...]
    factor: float
    between: tuple[str, ...]
    source: Measurement

    @property
    def standard_uncertainty(self) -> float:
        """Combined, in the unit of ``value``."""
        return combined(self.components)

    @property
    def expanded_uncertainty(self) -> float:
        """U of ``value``."""
        return self.factor * self.standard_uncertainty


def compare(value: float, one: Point, other: Point, name: str, *, of_one: float, of_other: float) -> Comparison:
    """Return a result of one measurand at two points.

    Parameters
    ----------
    value : f(x, y), of ``name`` measured at ``one`` and at ``other``
    of_one, of_other : its sensitivities ∂f/∂x and ∂f/∂y
    """
    components = _budget(one, other, name, of_one, of_other)
    return Comparison(
        value=value,
        components=components,
        factor=coverage_factor(components),
        between=(one.label, other.label),
        source=other.measured(name),
    )


def _budget(one: Point, other: Point, name: str, of_one: float, of_other: float) -> tuple[Component, ...]:
    shared = _SHARED if one.way == other.way else frozenset[str]()
    common: dict[str, Component] = {}
    lines: list[Component] = []
    for point, sensitivity in ((one, of_one), (other, of_other)):
        for line in point.measured(name).components:
            part = sensitivity * line.standard_uncertainty
            if line.name in shared:  # signed until both are added up
                part += common[line.name].standard_uncertainty if line.name in common else 0.0
                common[line.name] = replace(line, name=f"{line.name}, shared", standard_uncertainty=part)
            else:
                lines.append(replace(line, name=f"{line.name}, {point.label}", standard_uncertainty=abs(part)))
    lines += [replace(line, standard_uncertainty=abs(line.standard_uncertainty)) for line in common.values()]
    negligible = _NEGLIGIBLE * combined(lines)
    return tuple(line for line in lines if line.standard_uncertainty > negligible)
