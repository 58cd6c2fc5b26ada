"""What a measured value may be, and who says so."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from rig.errors import AnalysisError

if TYPE_CHECKING:
    from rig.units import Unit

__all__ = ["Confidence", "Interval", "Limit", "Statistic"]


class Confidence(StrEnum):
    """How sure we are of a published limit; below SURE it is shown as "verify against the purchased standard"."""

    SURE = "SURE"
    PROBABLE = "PROBABLE"
    WEAK = "WEAK"
    MEMORY = "MEMORY"
    DERIVED = "DERIVED"


class Statistic(StrEnum):
    """What a limit binds: every single item (the default: one bad pulse is a bad device), or their mean."""

    EACH = "each"
    MEAN = "mean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An interval of real numbers that knows its edges and refuses NaN."""

    lower: float = -math.inf
    upper: float = math.inf
    lower_closed: bool = True
    upper_closed: bool = True

    def __post_init__(self) -> None:
        if math.isnan(self.lower) or math.isnan(self.upper) or self.lower > self.upper:
            msg = f"not an interval: {self.lower} to {self.upper}"
            raise AnalysisError(msg)

    def __contains__(self, value: float) -> bool:
        if math.isnan(value):
            return False
        above = value >= self.lower if self.lower_closed else value > self.lower
        below = value <= self.upper if self.upper_closed else value < self.upper
        return above and below

    @property
    def width(self) -> float:
        """Upper minus lower; inf for a one-sided interval."""
        return self.upper - self.lower


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """An interval for one measurand, with the place where it is written.

    ``source`` names the plan's line or the pack; ``clause`` and ``edition`` are empty for a plan's own limit. With a
    ``waiver`` it is accepted, for the reason it gives, that the bench may not be able to decide. ``during`` names the
    load of the stretches of the case that it speaks of; empty, it speaks of the whole case. ``traces`` are
    requirements, hazards and clauses that this limit alone covers, and not its whole case.
    """

    measurand: str
    interval: Interval
    unit: Unit
    text: str
    source: str
    clause: str = ""
    edition: str = ""
    confidence: Confidence = Confidence.SURE
    statistic: Statistic = Statistic.EACH
    waiver: str = ""
    during: str = ""
    traces: tuple[str, ...] = ()
