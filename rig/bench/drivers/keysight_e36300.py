"""Keysight E36300 series (E36311A, E36312A, E36313A): one output of a bench supply that feeds the device.

Its over-voltage protection always acts; only its level is set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.bench.drivers.dc_supply import DcSupply
from rig.bench.drivers.scpi import ScpiDialogue
from rig.bench.transport.visa import VisaSession

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rig.bench.opening import Opening

__all__ = ["KeysightE36300", "opened"]

_ON, _OFF = {"1", "+1", "ON"}, {"0", "+0", "OFF"}


class KeysightE36300(DcSupply):
    """One of the outputs 1 to 3.

    Parameters
    ----------
    name, address, backend : from the bench file
    output : its number on the instrument's front
    timeout : how long to wait for an answer, s
    """

    def __init__(self, name: str, address: str, *, output: int, backend: str = "@py", timeout: float = 5.0) -> None:
        dialogue = ScpiDialogue(VisaSession(name, address, backend=backend, timeout=timeout))
        super().__init__(name, dialogue, _Words(dialogue, output))


class _Words:
    """Commands that name their output in a channel list, so that what is selected at the front does not matter."""

    def __init__(self, dialogue: ScpiDialogue, output: int) -> None:
        self._dialogue, self._list = dialogue, f"(@{output})"

    def apply(self, voltage: float, current_limit: float) -> Sequence[str]:
        return f"VOLT {voltage:.6g},{self._list}", f"CURR {current_limit:.6g},{self._list}"

    def applied(self) -> tuple[float, float]:
        return self._number("VOLT?"), self._number("CURR?")

    def protect(self, voltage: float) -> Sequence[str]:
        return (f"VOLT:PROT {voltage:.6g},{self._list}",)

    def protection(self) -> tuple[float, bool]:
        return self._number("VOLT:PROT?"), True

    def tripped(self) -> bool:
        return self._flag("VOLT:PROT:TRIP?")

    def switch(self, *, on: bool) -> Sequence[str]:
        return (f"OUTP {'ON' if on else 'OFF'},{self._list}",)

    def is_on(self) -> bool:
        return self._flag("OUTP?")

    def measure(self) -> tuple[float, float]:
        return self._number("MEAS:VOLT?"), self._number("MEAS:CURR?")

    def _number(self, query: str) -> float:
        return self._dialogue.number(f"{query} {self._list}")

    def _flag(self, query: str) -> bool:
        asked = f"{query} {self._list}"
        reply = self._dialogue.text(asked).upper()
        if reply not in _ON | _OFF:
            self._dialogue.refuse(asked, f"answered {reply!r} instead of 0 or 1")
        return reply in _ON


def opened(at: Opening) -> KeysightE36300:
    """Open a session as a bench file says."""
    return KeysightE36300(
        at.name, at.address, output=at.entry.output or 0, backend=at.entry.backend, timeout=at.patience(5.0)
    )
