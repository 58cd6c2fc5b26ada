"""Devantech USB-RLY16 relay board: one of its eight relays as an interlock that holds, or several as a load switch.

The board reports whether a relay is powered, not its contacts; it has no serial number.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from rig.bench.drivers.relay_loads import RelayLoads
from rig.bench.transport.serial_port import SerialLine
from rig.errors import CommunicationError, InstrumentError, RigError
from rig.model.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rig.bench.opening import Opening

__all__ = ["DevantechUsbRly16", "DevantechUsbRly16Loads", "opened", "opened_loads"]

_VERSION, _STATES = b"\x5a", b"\x5b"
_ALL_ON, _ALL_OFF = 0x64, 0x6E
_MODULE = 9


class _Board:
    """The board's dialogue; may be used by several threads."""

    relays = 8

    def __init__(self, name: str, address: str, *, timeout: float) -> None:
        self._name = name
        self._line = SerialLine(name, address, timeout=timeout)
        self._one_at_a_time = threading.RLock()

    def identify(self) -> Identity:
        """Ask for module and firmware, which is all that the board knows of itself."""
        _, firmware = self._ask("software version", b"")
        return Identity(manufacturer="Devantech", model="USB-RLY16", serial="0", firmware=str(firmware))

    def switch(self, relays: Sequence[int], *, closed: bool) -> None:
        """Close or open some relays and leave the others as they are."""
        self.switched(f"relay {'on' if closed else 'off'}", relays, closed=closed)

    def closed(self, among: Sequence[int]) -> frozenset[int]:
        """Return those of some relays that are reported as powered."""
        return self.switched("relay states", (), closed=False) & frozenset(among)

    def switched(self, what: str, relays: Sequence[int], *, closed: bool) -> frozenset[int]:
        """Close or open some relays, and return all that are reported as powered after that."""
        first = _ALL_ON if closed else _ALL_OFF
        states, _ = self._ask(what, bytes(first + relay for relay in relays) + _STATES)
        return frozenset(relay for relay in range(1, self.relays + 1) if states[0] >> (relay - 1) & 1)

    def close(self) -> None:
        """End the session; may be called twice, never raises."""
        self._line.close()

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
                    raise CommunicationError(self._name, what, "no reply in time")
                reply += more
        if len(reply) != wanted or reply[-2] != _MODULE:
            raise CommunicationError(self._name, what, f"answered {reply.hex(' ')}; not a USB-RLY16, or out of step")
        return reply[:-2], reply[-1]


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
        self._board = _Board(name, address, timeout=timeout)
        self._held = False

    @property
    def hold_time(self) -> float | None:
        """None: the relay stays closed until it is told to open."""
        return None

    def identify(self) -> Identity:
        """Ask for module and firmware, which is all that the board knows of itself."""
        return self._board.identify()

    def enable(self) -> None:
        """Close the relay and see that the board reports so."""
        self._held = True
        self._switch("relay on", closed=True)

    def disable(self) -> None:
        """Open the relay and see that the board reports so."""
        self._switch("relay off", closed=False)
        self._held = False

    def enabled(self) -> bool:
        """Whether the board reports the relay as powered."""
        return self._channel in self._board.closed((self._channel,))

    def close(self) -> None:
        """Open the relay if this session closed it, and end the session; may be called twice, never raises."""
        if self._held:
            with contextlib.suppress(RigError):
                self.disable()
        self._held = False
        self._board.close()

    def _switch(self, what: str, *, closed: bool) -> None:
        if (self._channel in self._board.switched(what, (self._channel,), closed=closed)) != closed:
            state = "open" if closed else "closed"
            raise InstrumentError(self.name, what, f"the relay is reported {state}, against the command")


class DevantechUsbRly16Loads(RelayLoads):
    """The relays 1 to 8 as the switch of a load box."""


def opened(at: Opening) -> DevantechUsbRly16:
    """Open a session as a bench file says."""
    return DevantechUsbRly16(at.name, at.address, channel=at.entry.channel or 0, timeout=at.patience(0.2))


def opened_loads(at: Opening) -> DevantechUsbRly16Loads:
    """Open a session to the switch of a load box, as a bench file says."""
    board = _Board(at.name, at.address, timeout=at.patience(1.0))
    return DevantechUsbRly16Loads(at.name, board, relays=at.relays, clock=at.clock)
