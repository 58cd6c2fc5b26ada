"""The multimeter inside a Keysight (Agilent, HP) 34970A, 34972A or DAQ970A: direct voltage at one channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.bench.drivers.dc_meter import DcMeter
from rig.bench.drivers.scpi import ScpiDialogue
from rig.bench.transport.visa import VisaSession
from rig.errors import InstrumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rig.bench.opening import Opening
    from rig.model.identity import Identity

__all__ = ["Keysight34970AMeter", "opened"]

_PRESENT = {"1", "+1", "ON"}


class Keysight34970AMeter(DcMeter):
    """One channel of a multiplexer card, for example 101, which the internal multimeter scans.

    Configuring it makes it the whole scan list of the mainframe.
    """

    def __init__(
        self,
        name: str,
        address: str,
        *,
        channel: int,
        backend: str = "@py",
        timeout: float = 10.0,
        mains: float = 50.0,
    ) -> None:
        dialogue = ScpiDialogue(VisaSession(name, address, backend=backend, timeout=timeout))
        super().__init__(name, dialogue, _Words(channel), mains=mains)

    def identify(self) -> Identity:
        """Ask the instrument who it is, and whether the multimeter, an option, is in it and used."""
        identity = super().identify()
        query = "INST:DMM?"
        reply = self._dialogue.text(query)
        if reply.upper() not in _PRESENT:
            raise InstrumentError(self.name, query, f"answered {reply}: it has no multimeter, or does not use it")
        return identity


class _Words:
    ranges = (0.1, 1.0, 10.0, 100.0, 300.0)
    cycles = (0.02, 0.2, 1.0, 2.0, 10.0, 20.0, 100.0, 200.0)
    at_once = False

    def __init__(self, channel: int) -> None:
        self._list = f"(@{channel})"

    def configure(self, full_scale: float | None, cycles: float, _count: int) -> Sequence[str]:
        return (
            f"CONF:VOLT:DC {'AUTO' if full_scale is None else f'{full_scale:g}'},{self._list}",
            f"VOLT:DC:NPLC {cycles:g},{self._list}",
        )

    def range(self) -> str:
        return f"VOLT:DC:RANG? {self._list}"

    def integration(self) -> str:
        return f"VOLT:DC:NPLC? {self._list}"


def opened(at: Opening) -> Keysight34970AMeter:
    """Open a session as a bench file says."""
    return Keysight34970AMeter(
        at.name,
        at.address,
        channel=at.entry.channel or 0,
        backend=at.entry.backend,
        timeout=at.patience(10.0),
        mains=at.option("mains", 50.0),
    )
