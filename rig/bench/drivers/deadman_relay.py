"""A relay with a timer of its own, which opens it when it is not refreshed: the timed relays of a Velleman K8090.

Its timer is what survives the computer. It counts whole seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.bench.drivers.velleman_k8090 import VellemanK8090, packet
from rig.errors import InstrumentError

if TYPE_CHECKING:
    from rig.bench.opening import Opening

__all__ = ["DeadmanRelay", "opened"]

_START_TIMER = 0x41


class DeadmanRelay(VellemanK8090):
    """One relay that stays closed for ``hold_time`` after each :meth:`enable`.

    Parameters
    ----------
    name, address : from the bench file
    channel : which relay, 1 to 8
    hold_time : whole seconds, 1 to 65535
    """

    def __init__(self, name: str, address: str, *, channel: int, hold_time: float, timeout: float = 0.2) -> None:
        super().__init__(name, address, channel=channel, timeout=timeout)
        self._seconds = int(hold_time)

    @property
    def hold_time(self) -> float | None:
        """How long the relay stays closed without being refreshed, s."""
        return float(self._seconds)

    def enable(self) -> None:
        """Close the relay and start its timer anew; see that the board reports both."""
        what = "start the relay's timer"
        self._held = True
        status = self._switch(what, packet(_START_TIMER, self._mask, *divmod(self._seconds, 256)), closed=True)
        if not status.second & self._mask:
            raise InstrumentError(self.name, what, "the relay is closed, but its timer is not reported to run")


def opened(at: Opening) -> DeadmanRelay:
    """Open a session as a bench file says."""
    channel, hold_time = at.entry.channel or 0, at.entry.hold_time or 0.0
    return DeadmanRelay(at.name, at.address, channel=channel, hold_time=hold_time, timeout=at.patience(0.2))
