"""Chroma 61500 and 61600 series: an AC source that feeds the device in place of the mains.

Its limit of the current is a protection: what draws more is switched off. Its levels are coupled to its ranges.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from typing_extensions import override

from rig.bench.drivers.ac_source import AcSource
from rig.bench.drivers.scpi import ScpiDialogue
from rig.bench.ratings import rating_of
from rig.bench.transport.visa import VisaSession
from rig.model.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rig.bench.opening import Opening
    from rig.bench.ratings import Rating

__all__ = ["Chroma61600", "opened"]

# ``Chroma ATE 61600,123456,1.00,1.01,1.02``: maker and model may share a field, and the firmware has three parts.
_IDENTITY = re.compile(r"(Chroma(?:\s+ATE(?:\s+Inc\.?)?)?)[\s,]+([^,\s]+)\s*,\s*([^,]+?)\s*,\s*(.+)", re.IGNORECASE)
_ON, _OFF = {"1", "ON"}, {"0", "OFF"}
_LOW, _HIGH = 150.0, 300.0
_ANY = 0x1FF
_SAME = 0.5


class Chroma61600(AcSource):
    """The source's only output.

    Parameters
    ----------
    name, address, backend : from the bench file
    rating : what it gives at most
    timeout : how long to wait for an answer, s
    voltage_command : the header that sets the voltage; ``VOLT`` of models that give no direct voltage beside it
    trip_bits : of ``STAT:QUES:COND?``, those that say that a protection has switched the output off
    remote : whether it has to be told to listen, as on RS-232
    """

    def __init__(
        self,
        name: str,
        address: str,
        *,
        rating: Rating | None = None,
        backend: str = "@py",
        timeout: float = 5.0,
        voltage_command: str = "VOLT:AC",
        trip_bits: int = _ANY,
        remote: bool = False,
    ) -> None:
        dialogue = _Dialogue(VisaSession(name, address, backend=backend, timeout=timeout))
        if remote:
            dialogue.command("SYST:REM")
        super().__init__(name, dialogue, _Words(dialogue, voltage_command, trip_bits), rating=rating)


class _Dialogue(ScpiDialogue):
    """Says who it is in its own way."""

    @override
    def identify(self) -> Identity:
        reply = self.text("*IDN?")
        match = _IDENTITY.fullmatch(reply)
        if match is None or not reply.isprintable():
            self.refuse("*IDN?", f"answered {reply!r} instead of Chroma, model, serial number and firmware")
        return Identity(manufacturer=match[1], model=match[2], serial=match[3], firmware=match[4])


class _Words:
    """The range is chosen by name and reported by name or by its highest voltage."""

    ranges = (_LOW, _HIGH)

    def __init__(self, dialogue: ScpiDialogue, voltage_command: str, trip_bits: int) -> None:
        self._dialogue, self._voltage, self._trips = dialogue, voltage_command, trip_bits

    def in_range(self, highest: float) -> Sequence[str]:
        return (f"VOLT:RANG {'LOW' if highest == _LOW else 'HIGH'}",)

    def range(self) -> float:
        query = "VOLT:RANG?"
        reply = self._dialogue.text(query).upper()
        if reply in {"LOW", "HIGH"}:
            return _LOW if reply == "LOW" else _HIGH
        (reported,) = self._dialogue.read_numbers(query, reply.removesuffix("V"), 1)
        same = [top for top in self.ranges if abs(top - reported) <= _SAME]
        if not same:
            self._dialogue.refuse(query, f"answered {reply!r} instead of LOW or HIGH, 150 or 300")
        return same[0]

    def voltage(self, voltage: float) -> Sequence[str]:
        return (f"{self._voltage} {voltage:.6g}",)

    def apply(self, frequency: float, current_limit: float) -> Sequence[str]:
        return f"FREQ {frequency:.6g}", f"CURR:LIM {current_limit:.6g}"

    def applied(self) -> tuple[float, float, float]:
        number = self._dialogue.number
        return number(f"{self._voltage}?"), number("FREQ?"), number("CURR:LIM?")

    def tripped(self) -> bool:
        return bool(self._dialogue.integer("STAT:QUES:COND?") & self._trips)

    def switch(self, *, on: bool) -> str:
        return f"OUTP {'ON' if on else 'OFF'}"

    def is_on(self) -> bool:
        query = "OUTP?"
        reply = self._dialogue.text(query).upper()
        if reply not in _ON | _OFF:
            self._dialogue.refuse(query, f"answered {reply!r} instead of ON or OFF")
        return reply in _ON

    def measure(self) -> tuple[float, float]:
        return self._dialogue.number("MEAS:VOLT:ACDC?"), self._dialogue.number("MEAS:CURR:AC?")


def opened(at: Opening) -> Chroma61600:
    """Open a session as a bench file says."""
    return Chroma61600(
        at.name,
        at.address,
        rating=rating_of(at.entry),
        backend=at.entry.backend,
        timeout=at.patience(5.0),
        voltage_command=at.option("voltage_command", "VOLT:AC"),
        trip_bits=at.option("trip_bits", _ANY),
        remote=at.option("remote", otherwise=False),
    )
