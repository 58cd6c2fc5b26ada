"""The virtual bench's clock: time that passes when somebody waits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rig.bench.drivers.scpi import ScpiDialogue
from rig.bench.transport.visa import VisaSession
from rig.errors import InstrumentError, RigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from rig.model.identity import Identity

__all__ = ["VirtualClock"]

_TIME = "SYSTem:TIME?"
# In real-time mode the clock answers only when the time has passed.
_MARGIN = 10.0


class VirtualClock:
    """A clock reached over SCPI; ``utc`` comes from outside, since virtual time has no date.

    Parameters
    ----------
    name, address : from the bench file
    utc : returns the wall clock's date and time
    """

    def __init__(self, name: str, address: str, *, utc: Callable[[], datetime]) -> None:
        self.name = name
        self._session = VisaSession(name, address)
        self._dialogue = ScpiDialogue(self._session)
        self._utc = utc

    def identify(self) -> Identity:
        """Ask the clock who it is."""
        return self._dialogue.identify()

    def now(self) -> float:
        """Virtual seconds since the virtual bench began."""
        return self._dialogue.number(_TIME)

    def sleep(self, seconds: float) -> None:
        """Let that much virtual time pass."""
        if not (math.isfinite(seconds) and seconds >= 0):
            msg = f"{self.name}: cannot wait {seconds!r} s"
            raise RigError(msg)
        advance = f"SYSTem:TIME:ADVance {seconds!r};*OPC?"
        reply = self._session.ask(advance, timeout=seconds + _MARGIN)
        if reply.strip() not in {"1", "+1"}:
            self._session.close()
            raise InstrumentError(self.name, advance, f"answered {reply!r}")

    def utc(self) -> datetime:
        """The wall clock's date and time, UTC."""
        return self._utc()

    def close(self) -> None:
        """End the session; may be called twice, never raises."""
        self._dialogue.close()
