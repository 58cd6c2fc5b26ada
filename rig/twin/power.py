"""What the device is supplied with: its voltage from when on, and whether it can work with that."""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rig.twin.config import DeviceConfig

__all__ = ["Power"]


class Power:
    """The supply of a device: nothing at first when the bench feeds it, or its battery or mains for ever."""

    def __init__(self, device: DeviceConfig, *, fed: bool) -> None:
        self._device = device
        nominal = math.inf if device.supply is None else device.supply.voltage
        self._times = [-math.inf]
        self._volts = [0.0 if fed else nominal]
        self._since: float | None = None if fed else -math.inf
        self.boots = 0

    @property
    def on(self) -> bool:
        """Whether there is enough voltage now."""
        return self._since is not None

    def set(self, volts: float, now: float) -> None:
        """Change the voltage; ``now`` must not lie before an earlier change."""
        self._times.append(now)
        self._volts.append(volts)
        enough = self._device.supply is None or volts >= self._device.supply.minimum
        if enough and self._since is None:
            self._since = now
            self.boots += 1
        elif not enough:
            self._since = None

    def volts(self, moment: float) -> float:
        """Return the voltage at a moment, V; infinite of a device that says nothing of its supply."""
        return self._volts[bisect_right(self._times, moment) - 1]

    def awake_at(self) -> float:
        """Return from when on the device works, if the supply stays as it is now; infinite while it is off."""
        return math.inf if self._since is None else self._since + self._device.boot_time

    def excess(self, moment: float) -> float:
        """Return how much more than nominal the voltage is, relative to nominal; 0 without a stated supply."""
        supply = self._device.supply
        return 0.0 if supply is None else self.volts(moment) / supply.voltage - 1.0

    def draw(self, moment: float, watts: float) -> float:
        """Return the current that the device draws, A, while its output takes so much power."""
        supply = self._device.supply
        return 0.0 if supply is None or not self.on else supply.idle_current + watts / self.volts(moment)
