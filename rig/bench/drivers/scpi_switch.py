"""A channel of a 34970A-like actuator as an interlock that holds until told otherwise.

The instrument reports what it was commanded, not its contacts.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from rig.bench.drivers.scpi import ScpiDialogue
from rig.bench.transport.visa import VisaSession
from rig.errors import InstrumentError, RigError

if TYPE_CHECKING:
    from rig.bench.opening import Opening
    from rig.model.identity import Identity
    from rig.roles import Clock

__all__ = ["ScpiSwitch", "opened"]


class ScpiSwitch:
    """One relay channel, closed and opened; may be called by several threads.

    Parameters
    ----------
    name, address, backend : from the bench file
    channel : slot and channel, for example 101
    clock : lets the contact settle
    settle : time that the contact may bounce, s
    timeout : how long to wait for an answer, s
    """

    def __init__(
        self,
        name: str,
        address: str,
        *,
        channel: int,
        clock: Clock,
        settle: float = 0.02,
        timeout: float = 0.2,
        backend: str = "@py",
    ) -> None:
        self.name = name
        self._list = f"(@{channel})"
        self._clock = clock
        self._settle = settle
        self._dialogue = ScpiDialogue(VisaSession(name, address, backend=backend, timeout=timeout))
        self._held = False
        self._one_at_a_time = threading.RLock()

    @property
    def hold_time(self) -> float | None:
        """None: the relay stays closed until it is told to open."""
        return None

    def identify(self) -> Identity:
        """Ask the instrument who it is."""
        with self._one_at_a_time:
            return self._dialogue.identify()

    def enable(self) -> None:
        """Close the relay and see that it is reported so."""
        self._held = True
        self._switch(f"ROUTe:CLOSe {self._list}", closed=True)

    def disable(self) -> None:
        """Open the relay and see that it is reported so."""
        self._switch(f"ROUTe:OPEN {self._list}", closed=False)
        self._held = False

    def enabled(self) -> bool:
        """Whether the relay is reported as closed."""
        with self._one_at_a_time:
            return self._dialogue.integer(f"ROUTe:CLOSe? {self._list}") != 0

    def close(self) -> None:
        """Open the relay if this session closed it, and end the session; may be called twice, never raises."""
        if self._held:
            with contextlib.suppress(RigError):
                self.disable()
        self._held = False
        self._dialogue.close()

    def _switch(self, command: str, *, closed: bool) -> None:
        with self._one_at_a_time:
            self._dialogue.command("*CLS", command)
            self._clock.sleep(self._settle)
            done = self.enabled() == closed
        if not done:
            state = "open" if closed else "closed"
            raise InstrumentError(self.name, command, f"the relay is reported {state}, against the command")


def opened(at: Opening) -> ScpiSwitch:
    """Open a session as a bench file says."""
    return ScpiSwitch(
        at.name,
        at.address,
        channel=at.entry.channel or 0,
        clock=at.clock,
        backend=at.entry.backend,
        timeout=at.patience(0.2),
    )
