"""How a defective device's pulses depend on what they meet: open circuits, short circuits, and the supply."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rig.twin.defects import Defects

if TYPE_CHECKING:
    from rig.twin.config import DeviceConfig
    from rig.twin.connection import Connection
    from rig.twin.power import Power

__all__ = ["SHORT_CIRCUIT", "Reaction"]

SHORT_CIRCUIT = 20.0
"""The resistance below which a load is a short circuit, ohm."""

_SURGING_PULSES = 10


class Reaction:
    """Knows what was connected and supplied; a healthy device minds neither."""

    def __init__(self, device: DeviceConfig, connection: Connection, power: Power) -> None:
        self._connection, self._power = connection, power
        defects = Defects(device.faults)
        surge = defects.first("reconnect_surge")
        self._surge = 0.0 if surge is None or surge.value is None else surge.value - 1.0
        self._surging_pulses = _SURGING_PULSES if surge is None or surge.every is None else surge.every
        self._sensitivity = defects.total("supply_sensitive")
        self._latches = defects.has("short_circuit_latch")

    def factor(self, first: float, period: float, index: int) -> float:
        """Return the factor on one pulse of a train whose pulses begin every ``period`` from ``first`` on; s."""
        factor = 1.0
        if self._sensitivity:
            factor += self._sensitivity * self._power.excess(first + index * period)
        if self._surge:
            factor *= 1.0 + self._surge * self._surging(first, period, index)
        return factor

    def latched(self, since: float) -> float:
        """Return from which moment on a train that was started ``since`` is silenced by a short circuit, s."""
        if not self._latches:
            return math.inf
        met = self._connection.met()
        # What was connected last before the train was started counts as met at its start.
        ends = [*(moment for moment, _ in met[1:]), math.inf]
        shorts = (
            max(moment, since)
            for (moment, load), end in zip(met, ends, strict=True)
            if end > since and load is not None and load.resistance < SHORT_CIRCUIT
        )
        return min(shorts, default=math.inf)

    def _surging(self, first: float, period: float, index: int) -> float:
        """Return how much of the surge after the last open circuit is left: 1 at its first pulse, in the end 0."""

        def pulses_before(moment: float) -> int:
            return max(0, math.ceil((moment - first) / period))

        for opened, closed in reversed(self._connection.gaps()):
            back = pulses_before(closed)
            if back <= index and back > (0 if opened == -math.inf else pulses_before(opened)):
                return max(0.0, 1.0 - (index - back) / self._surging_pulses)
        return 0.0
