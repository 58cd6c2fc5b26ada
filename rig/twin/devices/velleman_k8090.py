"""A Velleman K8090 (VM8090) relay board: eight relays, each with a timer that opens it again.

Packets have seven bytes: 04, command, mask of relays, two parameters, checksum, 0F. The checksum is the two's
complement of the sum of the first five.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from typing_extensions import override

from rig.twin.clock import Countdown
from rig.twin.devices.serial_board import RELAYS, SerialBoard

if TYPE_CHECKING:
    from collections.abc import Callable

    from rig.twin.config import InstrumentConfig
    from rig.twin.world import World

__all__ = ["VellemanK8090"]

_START, _END, _LENGTH = 0x04, 0x0F, 7
_STATUS, _VERSION, _JUMPER = 0x51, 0x71, 0x70
_FIRMWARE = (10, 1)
_DEFAULT_DELAY = 5


class VellemanK8090(SerialBoard):
    """Tells of itself only what was asked for, and of its relays whenever one of them changes."""

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        super().__init__(name=name, config=config, world=world, seed=seed)
        self._delays = [_DEFAULT_DELAY] * RELAYS
        self._timers: dict[int, Countdown] = {}
        self._commands: dict[int, Callable[[int, int, int], bytes]] = {
            0x11: lambda mask, *_: self._switch(self.states | mask),
            0x12: self._off,
            0x14: lambda mask, *_: self._switch(self.states ^ mask),
            0x18: lambda *_: self._status(self.states),
            0x41: self._start_timers,
            0x42: self._set_delays,
            0x66: self._factory_defaults,
            _JUMPER: lambda *_: _packet(_JUMPER, 0, 0, 0),
            _VERSION: lambda *_: _packet(_VERSION, 0, *self._firmware()),
        }

    @override
    def stop(self) -> None:
        """Close the lines and end the timers; the relays stay as they are."""
        super().stop()
        for timer in self._timers.values():
            timer.close()

    @override
    def length(self, pending: bytes) -> int:
        """Return a packet's length; what does not begin one is skipped."""
        return _LENGTH if pending[0] == _START else 1

    @override
    def carry_out(self, command: bytes) -> bytes:
        """Do what a packet says; a damaged or unknown one is ignored, as by the board."""
        handler = self._commands.get(command[1]) if len(command) == _LENGTH else None
        if handler is None or command[-1] != _END or sum(command[:-1]) & 0xFF:
            return b""
        return handler(*command[2:5])

    # --- relays and timers ------------------------------------------------------------------------------------------

    def _switch(self, states: int) -> bytes:
        before = self.states
        self.drive(states)
        if states != before:
            self.tell(self._status(before))
        return b""

    def _off(self, mask: int, *_: int) -> bytes:
        for place in _places(mask):
            if place in self._timers:
                self._timers[place].cancel()
        return self._switch(self.states & ~mask)

    def _start_timers(self, mask: int, high: int, low: int) -> bytes:
        """Close relays and open them again after so many seconds; 0 stands for each relay's own delay."""
        for place in _places(mask):
            if place not in self._timers:
                self._timers[place] = Countdown(partial(self._timed_out, place), self.lock, self.world.pace)
            self._timers[place].restart((high << 8 | low) or self._delays[place])
        return self._switch(self.states | mask)

    def _timed_out(self, place: int) -> None:
        self._switch(self.states & ~(1 << place))

    def _set_delays(self, mask: int, high: int, low: int) -> bytes:
        for place in _places(mask):
            self._delays[place] = high << 8 | low
        return b""

    def _factory_defaults(self, *_: int) -> bytes:
        self._delays = [_DEFAULT_DELAY] * RELAYS
        return b""

    # --- what it tells ----------------------------------------------------------------------------------------------

    def _status(self, before: int) -> bytes:
        running = sum(1 << place for place, timer in self._timers.items() if timer.running)
        return _packet(_STATUS, before, self.states, running)

    def _firmware(self) -> tuple[int, int]:
        """Return year after 2000, and week."""
        identity = self.config.identity
        year, week = _FIRMWARE if identity is None else map(int, identity.firmware.split("."))
        return (year ^ 1 if self.faults.strikes("wrong_identity") else year), week


def _places(mask: int) -> list[int]:
    return [place for place in range(RELAYS) if mask >> place & 1]


def _packet(command: int, mask: int, first: int, second: int) -> bytes:
    content = bytes([_START, command, mask, first, second])
    return content + bytes([-sum(content) & 0xFF, _END])
