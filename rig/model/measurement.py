"""A measured value, with its unit, its uncertainty, its window and its origin; or the reason why there is none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from rig.errors import AnalysisError

if TYPE_CHECKING:
    from rig.units import Unit

__all__ = ["Component", "Distribution", "Measurement", "NotMeasured", "Outcome", "Window"]


class Distribution(StrEnum):
    """How the possible values of one error are distributed (JCGM 100:2008, 4.3)."""

    NORMAL = "normal"
    RECTANGULAR = "rectangular"


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One line of an uncertainty budget: a named standard uncertainty in the measurand's unit.

    ``degrees_of_freedom`` says how well the standard uncertainty itself is known; None is beyond doubt.
    """

    name: str
    standard_uncertainty: float
    distribution: Distribution = Distribution.NORMAL
    degrees_of_freedom: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The stretch of the capture that a value speaks of; seconds on the capture's time axis."""

    start: float
    stop: float
    description: str

    @property
    def duration(self) -> float:
        """Length of the window, s."""
        return self.stop - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """The result of measuring one measurand.

    Attributes
    ----------
    measurand : name as in the catalogue
    value : the mean over ``n`` items (phases, pulses), or the one value of the record
    unit : SI
    minimum, maximum, std : of the items; equal to ``value`` and 0 where there is one
    n : number of whole items
    standard_uncertainty : of ``value``
    single_uncertainty : standard uncertainty of any one item (equal to ``standard_uncertainty`` where n is 1)
    components : the budget of ``standard_uncertainty``
    single_components : the budget of ``single_uncertainty``; empty where it is the same
    coverage_factor : k of ``value``: what ``standard_uncertainty`` is multiplied with for an interval of 95 %
    single_coverage_factor : k of one item, whose errors may be distributed otherwise; None where it is the same
    window : what stretch of the record it speaks of
    origin : capture, signal and algorithm, in that order
    """

    measurand: str
    value: float
    unit: Unit
    standard_uncertainty: float
    window: Window
    origin: tuple[str, ...]
    n: int = 1
    minimum: float
    maximum: float
    std: float = 0.0
    single_uncertainty: float
    components: tuple[Component, ...] = ()
    single_components: tuple[Component, ...] = ()
    coverage_factor: float = 2.0
    single_coverage_factor: float | None = None

    def __post_init__(self) -> None:
        numbers = (self.value, self.minimum, self.maximum, self.std, self.standard_uncertainty, self.single_uncertainty)
        if not all(map(math.isfinite, numbers)):
            msg = f"{self.measurand}: not a finite number among {numbers}"
            raise AnalysisError(msg)
        if self.standard_uncertainty < 0 or self.single_uncertainty < 0:
            msg = f"{self.measurand}: a standard uncertainty cannot be negative"
            raise AnalysisError(msg)
        if self.n < 1:
            msg = f"{self.measurand}: a measurement speaks of at least one item"
            raise AnalysisError(msg)

    @property
    def expanded_uncertainty(self) -> float:
        """U of ``value``: its coverage factor times its standard uncertainty, for 95 %."""
        return self.coverage_factor * self.standard_uncertainty

    @property
    def expanded_single(self) -> float:
        """U of any one item."""
        return self.single_factor * self.single_uncertainty

    @property
    def single_factor(self) -> float:
        """K of any one item."""
        return self.coverage_factor if self.single_coverage_factor is None else self.single_coverage_factor


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMeasured:
    """Why there is no value; judged INCONCLUSIVE, or FAIL where it is certain to lie above its limit, never PASS.

    ``at_least`` is what the value is certain to be at least, its uncertainty taken off, in the measurand's SI unit;
    None where nothing is known of it.
    """

    measurand: str
    reason: str
    at_least: float | None = None

    def __post_init__(self) -> None:
        if self.at_least is not None and not math.isfinite(self.at_least):
            msg = f"{self.measurand}: at least {self.at_least} says nothing"
            raise AnalysisError(msg)


Outcome = Measurement | NotMeasured
