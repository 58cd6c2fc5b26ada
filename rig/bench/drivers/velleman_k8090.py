"""Velleman K8090 (VM8090) relay board: one of its eight relays as an interlock that holds, or several as a load switch.

The board reports what it was commanded, not its contacts; it has no serial number.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, NamedTuple

from rig.bench.drivers.relay_loads import RelayLoads
from rig.bench.transport.serial_port import SerialLine
from rig.errors import CommunicationError, InstrumentError, RigError
from rig.model.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rig.bench.opening import Opening

__all__ = ["VellemanK8090", "VellemanK8090Loads", "opened", "opened_loads", "packet"]

_BAUD = 19200
_START, _END, _LENGTH = 0x04, 0x0F, 7
_ON, _OFF, _QUERY, _STATUS, _VERSION = 0x11, 0x12, 0x18, 0x51, 0x71
# Each relay that changes is told of once; more than this without an answer, and it is not this board.
_MOST_PACKETS = 16


class _Packet(NamedTuple):
    command: int
    mask: int
    first: int
    second: int


class _Board:
    """The board's dialogue; may be used by several threads."""

    relays = 8

    def __init__(self, name: str, address: str, *, timeout: float) -> None:
        self._name = name
        self._line = SerialLine(name, address, baud=_BAUD, timeout=timeout)
        self._one_at_a_time = threading.RLock()

    def identify(self) -> Identity:
        """Ask for the firmware, which is all that the board knows of itself."""
        version = self._ask("firmware", packet(_VERSION))[-1]
        firmware = f"{version.first}.{version.second}"
        return Identity(manufacturer="Velleman", model="K8090", serial="0", firmware=firmware)

    def switch(self, relays: Sequence[int], *, closed: bool) -> None:
        """Close or open some relays and leave the others as they are."""
        mask = sum(1 << (relay - 1) for relay in relays)
        self.status(f"relay {'on' if closed else 'off'}", packet(_ON if closed else _OFF, mask))

    def closed(self, among: Sequence[int]) -> frozenset[int]:
        """Return those of some relays that are reported as closed."""
        mask = self.status("relay status").first
        return frozenset(relay for relay in among if mask >> (relay - 1) & 1)

    def status(self, what: str, command: bytes = b"") -> _Packet:
        """Send a command and return the relays' state after it: of a change the board may tell by itself as well."""
        told = [one for one in self._ask(what, command + packet(_QUERY) + packet(_VERSION)) if one.command == _STATUS]
        if not told:
            raise InstrumentError(self._name, what, "the board does not tell the state of its relays")
        return told[-1]

    def close(self) -> None:
        """End the session; may be called twice, never raises."""
        self._line.close()

    def _ask(self, what: str, packets: bytes) -> list[_Packet]:
        """Send packets, the last of which asks for the firmware: what comes before its answer belongs to the others."""
        with self._one_at_a_time:
            self._line.discard()
            self._line.write(packets, command=what)
            waiting = b""
            told: list[_Packet] = []
            while len(told) < _MOST_PACKETS:
                while len(waiting) < _LENGTH:
                    waiting += self._read(what)
                one, waiting = _unpacked(waiting[:_LENGTH]), waiting[_LENGTH:]
                if one is None:
                    raise CommunicationError(self._name, what, "a damaged packet came")
                told.append(one)
                if one.command == _VERSION:
                    return told
        raise CommunicationError(self._name, what, "no reply among what the board tells")

    def _read(self, what: str) -> bytes:
        data = self._line.read(command=what)
        if not data:
            raise CommunicationError(self._name, what, "no reply in time")
        return data


class VellemanK8090:
    """One relay, switched on and off; may be called by several threads.

    Parameters
    ----------
    name, address : from the bench file
    channel : which relay, 1 to 8
    timeout : how long to wait for an answer, s
    """

    def __init__(self, name: str, address: str, *, channel: int, timeout: float = 0.2) -> None:
        self.name = name
        self._mask = 1 << (channel - 1)
        self._board = _Board(name, address, timeout=timeout)
        self._held = False

    @property
    def hold_time(self) -> float | None:
        """None: the relay stays closed until it is told to open."""
        return None

    def identify(self) -> Identity:
        """Ask for the firmware, which is all that the board knows of itself."""
        return self._board.identify()

    def enable(self) -> None:
        """Close the relay and see that the board reports so."""
        self._held = True
        self._switch("relay on", packet(_ON, self._mask), closed=True)

    def disable(self) -> None:
        """Open the relay and see that the board reports so."""
        self._switch("relay off", packet(_OFF, self._mask), closed=False)
        self._held = False

    def enabled(self) -> bool:
        """Whether the board reports the relay as closed."""
        return bool(self._board.status("relay status").first & self._mask)

    def close(self) -> None:
        """Open the relay if this session closed it, and end the session; may be called twice, never raises."""
        if self._held:
            with contextlib.suppress(RigError):
                self.disable()
        self._held = False
        self._board.close()

    def _switch(self, what: str, command: bytes, *, closed: bool) -> _Packet:
        status = self._board.status(what, command)
        if bool(status.first & self._mask) != closed:
            state = "open" if closed else "closed"
            raise InstrumentError(self.name, what, f"the relay is reported {state}, against the command")
        return status


class VellemanK8090Loads(RelayLoads):
    """The relays 1 to 8 as the switch of a load box."""


def packet(command: int, mask: int = 0, first: int = 0, second: int = 0) -> bytes:
    """Return seven bytes with the two's complement of their sum."""
    content = bytes([_START, command, mask, first, second])
    return content + bytes([-sum(content) & 0xFF, _END])


def _unpacked(data: bytes) -> _Packet | None:
    if data[0] != _START or data[-1] != _END or sum(data[:-1]) & 0xFF:
        return None
    return _Packet(*data[1:5])


def opened(at: Opening) -> VellemanK8090:
    """Open a session as a bench file says."""
    return VellemanK8090(at.name, at.address, channel=at.entry.channel or 0, timeout=at.patience(0.2))


def opened_loads(at: Opening) -> VellemanK8090Loads:
    """Open a session to the switch of a load box, as a bench file says."""
    board = _Board(at.name, at.address, timeout=at.patience(1.0))
    return VellemanK8090Loads(at.name, board, relays=at.relays, clock=at.clock)
