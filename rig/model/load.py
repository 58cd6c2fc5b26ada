"""The load that stands in for tissue."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["NETWORK", "OPEN", "SHORT", "Load", "Network"]

OPEN = "open"
"""The name of the position in which nothing is connected."""

SHORT = "short"
"""The name of the position that connects the output's two leads with each other."""


NETWORK = " RC"
"""How the name of a load ends that holds a capacitor: ``1 kohm RC`` has 1 kohm to direct current."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A resistor in series with resistor and capacitor in parallel: ohm, F, with their standard uncertainties."""

    series: float
    parallel: float
    capacitance: float
    series_uncertainty: float = 0.0
    parallel_uncertainty: float = 0.0
    capacitance_uncertainty: float = 0.0

    @property
    def tau(self) -> float:
        """Time constant while a current is held, s."""
        return self.parallel * self.capacitance


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A load position of the load box.

    Attributes
    ----------
    name : as plans write it, for example ``500 ohm``, ``1 kohm RC``, ``open`` or ``short``
    nominal : ohm; ``inf`` for the open position, of a short circuit its calibrated value
    resistance : calibrated value, to direct current, ohm; ``inf`` for the open position
    uncertainty : standard uncertainty of ``resistance``, ohm
    temperature_coefficient : 1/K
    thermal_resistance : temperature rise per dissipated power, K/W
    power_rating : W
    network : what it is made of, where it holds a capacitor
    """

    name: str
    nominal: float
    resistance: float
    uncertainty: float
    temperature_coefficient: float = 0.0
    thermal_resistance: float = 0.0
    power_rating: float = math.inf
    network: Network | None = None

    @property
    def reactive(self) -> bool:
        """Whether it holds a capacitor, so that its voltage has another form than its current."""
        return self.network is not None

    @property
    def is_open(self) -> bool:
        """Whether no resistor is connected."""
        return math.isinf(self.resistance)
