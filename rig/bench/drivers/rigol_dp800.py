"""Rigol DP800 series (DP811, DP821, DP831, DP832): one channel of a bench supply that feeds the device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.bench.drivers.dc_supply import DcSupply
from rig.bench.drivers.scpi import ScpiDialogue
from rig.bench.transport.visa import VisaSession

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rig.bench.opening import Opening

__all__ = ["RigolDp800", "opened"]

_TRUE, _FALSE = {"ON", "YES", "1"}, {"OFF", "NO", "0"}
_SET, _MEASURED = 2, 3


class RigolDp800(DcSupply):
    """One of the channels CH1 to CH3.

    Parameters
    ----------
    name, address, backend : from the bench file
    output : the channel's number
    timeout : how long to wait for an answer, s
    """

    def __init__(self, name: str, address: str, *, output: int, backend: str = "@py", timeout: float = 5.0) -> None:
        dialogue = ScpiDialogue(VisaSession(name, address, backend=backend, timeout=timeout))
        super().__init__(name, dialogue, _Words(dialogue, output))


class _Words:
    """Commands that name their channel, so that what is selected at the front does not matter."""

    def __init__(self, dialogue: ScpiDialogue, output: int) -> None:
        self._dialogue, self._channel = dialogue, f"CH{output}"

    def apply(self, voltage: float, current_limit: float) -> Sequence[str]:
        return (f":APPL {self._channel},{voltage:.6g},{current_limit:.6g}",)

    def applied(self) -> tuple[float, float]:
        # The channel's rating may follow its name: CH1:30V/3A,24.000,1.0000
        query = f":APPL? {self._channel}"
        reply = self._dialogue.text(query)
        channel, _, figures = reply.partition(",")
        if channel.partition(":")[0].strip() != self._channel:
            self._dialogue.refuse(query, f"answered {reply!r} instead of {self._channel} with voltage and current")
        voltage, current_limit = self._dialogue.read_numbers(query, figures, _SET)
        return voltage, current_limit

    def protect(self, voltage: float) -> Sequence[str]:
        return f":OUTP:OVP:VAL {self._channel},{voltage:.6g}", f":OUTP:OVP {self._channel},ON"

    def protection(self) -> tuple[float, bool]:
        return self._dialogue.number(f":OUTP:OVP:VAL? {self._channel}"), self._flag(":OUTP:OVP?")

    def tripped(self) -> bool:
        return self._flag(":OUTP:OVP:QUES?")

    def switch(self, *, on: bool) -> Sequence[str]:
        return (f":OUTP {self._channel},{'ON' if on else 'OFF'}",)

    def is_on(self) -> bool:
        return self._flag(":OUTP?")

    def measure(self) -> tuple[float, float]:
        voltage, current, _power = self._dialogue.numbers(f":MEAS:ALL? {self._channel}", _MEASURED)
        return voltage, current

    def _flag(self, query: str) -> bool:
        asked = f"{query} {self._channel}"
        reply = self._dialogue.text(asked).upper()
        if reply not in _TRUE | _FALSE:
            self._dialogue.refuse(asked, f"answered {reply!r} instead of yes or no")
        return reply in _TRUE


def opened(at: Opening) -> RigolDp800:
    """Open a session as a bench file says."""
    return RigolDp800(
        at.name, at.address, output=at.entry.output or 0, backend=at.entry.backend, timeout=at.patience(5.0)
    )
