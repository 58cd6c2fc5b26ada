"""What Siglent's oscilloscopes share: replies with units, blocks with a tail, and no error queue to be relied upon."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from rig.bench.drivers.scpi import ScpiDialogue
from rig.errors import CommunicationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rig.bench.transport.visa import VisaSession
    from rig.model.identity import Identity

__all__ = ["SiglentDialogue", "differs"]

_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:E[+-]?\d+)?)([A-Z/]*)")
_UNITS = {
    "": {"": 1.0},
    "V": {"": 1.0, "V": 1.0, "MV": 1e-3, "UV": 1e-6},
    "S": {"": 1.0, "S": 1.0, "MS": 1e-3, "US": 1e-6, "NS": 1e-9},
    "SA/S": {"": 1.0, "SA/S": 1.0, "KSA/S": 1e3, "MSA/S": 1e6, "GSA/S": 1e9},
    "PTS": {"": 1.0, "PTS": 1.0, "KPTS": 1e3, "MPTS": 1e6, "K": 1e3, "M": 1e6},
}


class SiglentDialogue(ScpiDialogue):
    """Commands followed by the query for the trigger's state, since not all models keep errors.

    What was refused is found by reading back; an answer that is none of ``states`` is the answer to another question.

    Parameters
    ----------
    session : with the instrument
    state : the query
    states : what it may answer
    greeting : commands without which the replies cannot be read
    """

    ends = b"\n\n"

    def __init__(
        self, session: VisaSession, *, state: str, states: frozenset[str], greeting: tuple[str, ...] = ()
    ) -> None:
        super().__init__(session)
        self._state, self._states, self._greeting = state, states, greeting

    def errors(self, *, after: Sequence[str] = ()) -> tuple[str, ...]:
        """Return nothing, once the commands given have been carried out."""
        self.state(after=after)
        return ()

    def state(self, *, after: Sequence[str] = ()) -> str:
        """Return the trigger's state, in capitals."""
        reply = self.text(self._state, after=after).upper()
        if reply not in self._states:
            self.close()
            raise CommunicationError(self.instrument, self._state, f"answered {reply!r}")
        return reply

    def identify(self) -> Identity:
        """Return manufacturer, model, serial number and firmware, after the greeting."""
        if self._greeting:
            self.command(*self._greeting)
        return super().identify()

    def quantity(self, query: str, unit: str) -> float:
        """Return a reply that must be one finite number, with or without this unit and its SI prefixes."""
        reply = self.text(query)
        match = _NUMBER.fullmatch(reply.upper().replace(" ", ""))
        factor = None if match is None else _UNITS[unit].get(match[2])
        if match is None or factor is None or not math.isfinite(value := float(match[1]) * factor):
            self.refuse(query, f"answered {reply!r} instead of a number of {unit or 'nothing'}")
        return value

    def whole(self, query: str, unit: str) -> int:
        """Return a reply that must be a whole number."""
        return round(self.quantity(query, unit))


def differs(asked: float, told: float) -> bool:
    """Return whether a setting is another than was asked for, beyond what four digits can say."""
    return not math.isclose(asked, told, rel_tol=1e-3, abs_tol=1e-9)
