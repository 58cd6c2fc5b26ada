"""Devantech USB-RLY16 relay board: one of its eight relays as an interlock that holds until told otherwise.

The board reports whether a relay is powered, not its contacts; it has no serial number.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from rig.bench.transport.serial_port import SerialLine
from rig.errors import CommunicationError, InstrumentError, RigError
from rig.model.identity import Identity

if TYPE_CHECKING:
    from rig.bench.opening import Opening

__all__ = ["DevantechUsbRly16", "opened"]

_VERSION, _STATES = b"\x5a", b"\x5b"
_ALL_ON, _ALL_OFF = 0x64, 0x6E
_MODULE = 9


class DevantechUsbRly16:
    """One relay, switched on and off; may be called by several threads.

    Parameters
    ----------
    name, address : from the bench file
    channel : which relay, 1 to 8
    timeout : how long to wait for an answer, s
    """

    def __init__(self, name: str, address: str, *, channel: int, timeout: float = 0.2) -> None:
        self.name = name
        self._channel = channel
        self._line = SerialLine(name, address, timeout=timeout)
        self._held = False
        self._one_at_a_time = threading.RLock()

    @property
    def hold_time(self) -> float | None:
        """None: the relay stays closed until it is told to open."""
        return None

    def identify(self) -> Identity:
        """Ask for module and firmware, which is all that the board knows of itself."""
        _, firmware = self._ask("software version", b"")
        return Identity(manufacturer="Devantech", model="USB-RLY16", serial="0", firmware=str(firmware))

    def enable(self) -> None:
        """Close the relay and see that the board reports so."""
        self._held = True
        self._switch("relay on", _ALL_ON, closed=True)

    def disable(self) -> None:
        """Open the relay and see that the board reports so."""
        self._switch("relay off", _ALL_OFF, closed=False)
        self._held = False

    def enabled(self) -> bool:
        """Whether the board reports the relay as powered."""
        return self._closed("relay states", b"")

    def close(self) -> None:
        """Open the relay if this session closed it, and end the session; may be called twice, never raises."""
        if self._held:
            with contextlib.suppress(RigError):
                self.disable()
        self._held = False
        self._line.close()

    def _switch(self, what: str, all_relays: int, *, closed: bool) -> None:
        if self._closed(what, bytes([all_relays + self._channel])) != closed:
            state = "open" if closed else "closed"
            raise InstrumentError(self.name, what, f"the relay is reported {state}, against the command")

    def _closed(self, what: str, command: bytes) -> bool:
        states, _ = self._ask(what, command + _STATES)
        return bool(states[0] >> (self._channel - 1) & 1)

    def _ask(self, what: str, command: bytes) -> tuple[bytes, int]:
        """Send a command and return its reply and the firmware.

        The version is asked for each time: by the module's number a reply that came late is told from this one.
        """
        wanted = command.count(_STATES) + 2
        with self._one_at_a_time:
            self._line.discard()
            self._line.write(command + _VERSION, command=what)
            reply = b""
            while len(reply) < wanted:
                more = self._line.read(command=what)
                if not more:
                    raise CommunicationError(self.name, what, "no reply in time")
                reply += more
        if len(reply) != wanted or reply[-2] != _MODULE:
            raise CommunicationError(self.name, what, f"answered {reply.hex(' ')}; not a USB-RLY16, or out of step")
        return reply[:-2], reply[-1]


def opened(at: Opening) -> DevantechUsbRly16:
    """Open a session as a bench file says."""
    return DevantechUsbRly16(at.name, at.address, channel=at.entry.channel or 0, timeout=at.patience(0.2))
