"""Keysight (Agilent) Truevolt multimeters 34460A, 34461A, 34465A and 34470A: direct voltage at their terminals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.bench.drivers.dc_meter import DcMeter
from rig.bench.drivers.scpi import ScpiDialogue
from rig.bench.transport.visa import VisaSession

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rig.bench.opening import Opening

__all__ = ["Keysight34461A", "opened"]


class Keysight34461A(DcMeter):
    """The one input of a bench multimeter."""

    def __init__(
        self, name: str, address: str, *, backend: str = "@py", timeout: float = 10.0, mains: float = 50.0
    ) -> None:
        dialogue = ScpiDialogue(VisaSession(name, address, backend=backend, timeout=timeout))
        super().__init__(name, dialogue, _Words(), mains=mains)


class _Words:
    ranges = (0.1, 1.0, 10.0, 100.0, 1000.0)
    cycles = (0.02, 0.2, 1.0, 10.0, 100.0)
    at_once = True

    def configure(self, full_scale: float | None, cycles: float, count: int) -> Sequence[str]:
        return (
            f"CONF:VOLT:DC {'AUTO' if full_scale is None else f'{full_scale:g}'}",
            f"VOLT:DC:NPLC {cycles:g}",
            f"SAMP:COUN {count}",
        )

    def range(self) -> str:
        return "VOLT:DC:RANG?"

    def integration(self) -> str:
        return "VOLT:DC:NPLC?"


def opened(at: Opening) -> Keysight34461A:
    """Open a session as a bench file says."""
    mains = at.option("mains", 50.0)
    return Keysight34461A(at.name, at.address, backend=at.entry.backend, timeout=at.patience(10.0), mains=mains)
