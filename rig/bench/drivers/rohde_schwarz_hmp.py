"""Rohde & Schwarz HMP2000 and HMP4000 series: one channel of a bench supply that feeds the device.

Commands speak to the channel that was selected last, also at the front: each is sent behind a selection of ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rig.bench.drivers.dc_supply import DcSupply
from rig.bench.drivers.scpi import ScpiDialogue
from rig.bench.ratings import rating_of
from rig.bench.transport.visa import VisaSession

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rig.bench.opening import Opening
    from rig.bench.ratings import Rating

__all__ = ["RohdeSchwarzHmp", "opened"]

_ON, _OFF = {"1", "ON"}, {"0", "OFF"}


class RohdeSchwarzHmp(DcSupply):
    """One of the channels 1 to 4.

    Switching on turns the instrument's common output switch on as well: other channels that were made active at the
    front come on with it. Switching off makes this channel inactive and leaves the others alone.

    Parameters
    ----------
    name, address, backend : from the bench file
    output : the channel's number
    rating : what it gives at most
    timeout : how long to wait for an answer, s
    protection_switch : whether the protection has a switch of its own, as that of an HMC804x has
    """

    def __init__(
        self,
        name: str,
        address: str,
        *,
        output: int,
        rating: Rating | None = None,
        backend: str = "@py",
        timeout: float = 5.0,
        protection_switch: bool = False,
    ) -> None:
        dialogue = ScpiDialogue(VisaSession(name, address, backend=backend, timeout=timeout))
        super().__init__(name, dialogue, _Words(dialogue, output, protection_switch=protection_switch), rating=rating)


class _Words:
    """Every command and every query follows a selection of the channel, in one block."""

    def __init__(self, dialogue: ScpiDialogue, output: int, *, protection_switch: bool) -> None:
        self._dialogue, self._select, self._switch = dialogue, f"INST:NSEL {output}", protection_switch

    def apply(self, voltage: float, current_limit: float) -> Sequence[str]:
        return self._select, f"VOLT {voltage:.6g}", f"CURR {current_limit:.6g}"

    def applied(self) -> tuple[float, float]:
        return self._number("VOLT?"), self._number("CURR?")

    def protect(self, voltage: float) -> Sequence[str]:
        return self._select, f"VOLT:PROT {voltage:.6g}", *(["VOLT:PROT:STAT ON"] if self._switch else [])

    def protection(self) -> tuple[float, bool]:
        return self._number("VOLT:PROT?"), self._flag("VOLT:PROT:STAT?") if self._switch else True

    def tripped(self) -> bool:
        return self._flag("VOLT:PROT:TRIP?")

    def switch(self, *, on: bool) -> Sequence[str]:
        return (self._select, "OUTP:SEL 1", "OUTP:GEN 1") if on else (self._select, "OUTP:SEL 0")

    def is_on(self) -> bool:
        return self._flag("OUTP:SEL?") and self._flag("OUTP:GEN?")

    def measure(self) -> tuple[float, float]:
        return self._number("MEAS:VOLT?"), self._number("MEAS:CURR?")

    def _number(self, query: str) -> float:
        return self._dialogue.read_numbers(query, self._text(query), 1)[0]

    def _flag(self, query: str) -> bool:
        reply = self._text(query).upper()
        if reply not in _ON | _OFF:
            self._dialogue.refuse(query, f"answered {reply!r} instead of 0 or 1")
        return reply in _ON

    def _text(self, query: str) -> str:
        return self._dialogue.text(query, after=(self._select,))


def opened(at: Opening) -> RohdeSchwarzHmp:
    """Open a session as a bench file says."""
    return RohdeSchwarzHmp(
        at.name,
        at.address,
        output=at.entry.output or 0,
        rating=rating_of(at.entry),
        backend=at.entry.backend,
        timeout=at.patience(5.0),
        protection_switch=at.option("protection_switch", otherwise=False),
    )
