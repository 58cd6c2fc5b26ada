"""The load that stands in for tissue."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["OPEN", "SHORT", "Load"]

OPEN = "open"
"""The name of the position in which nothing is connected."""

SHORT = "short"
"""The name of the position that connects the output's two leads with each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A load position of the load box.

    Attributes
    ----------
    name : as plans write it, for example ``500 ohm``, ``open`` or ``short``
    nominal : ohm; ``inf`` for the open position, of a short circuit its calibrated value
    resistance : calibrated value, ohm; ``inf`` for the open position
    uncertainty : standard uncertainty of ``resistance``, ohm
    temperature_coefficient : 1/K
    thermal_resistance : temperature rise per dissipated power, K/W
    power_rating : W
    reactive : whether it holds a capacitor, so that its voltage has another form than its current
    """

    name: str
    nominal: float
    resistance: float
    uncertainty: float
    temperature_coefficient: float = 0.0
    thermal_resistance: float = 0.0
    power_rating: float = math.inf
    reactive: bool = False

    @property
    def is_open(self) -> bool:
        """Whether no resistor is connected."""
        return math.isinf(self.resistance)
