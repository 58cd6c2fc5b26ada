"""A relay board on a serial line: what its two lines, its defects and its contact have in common with every other."""

from __future__ import annotations

import contextlib
import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from rig.twin.devices.load_relays import LoadRelays
from rig.twin.devices.serial_lines import SerialLines
from rig.twin.devices.series_contact import SeriesContact
from rig.twin.faults import FaultPlan

if TYPE_CHECKING:
    from rig.twin.config import InstrumentConfig
    from rig.twin.streams import Stream
    from rig.twin.world import World

__all__ = ["RELAYS", "SerialBoard"]

RELAYS = 8


class SerialBoard(ABC):
    """Eight relays behind single commands of known length: one is the bench's interlock, or all the load box's."""

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        self.name, self.config, self.world, self.seed = name, config, world, seed
        self.faults = FaultPlan(config.faults)
        self.lock = threading.RLock()
        self._states = 0
        self._place = None if config.contact is None else int(config.contact) - 1
        self._contact = None if config.contact is None else SeriesContact(world, self.faults)
        self._loads = LoadRelays(world, self.faults)
        self._heard: list[Stream] = []
        self._lines = SerialLines(name, config, self._converse)

    # --- what a board says ------------------------------------------------------------------------------------------

    @abstractmethod
    def length(self, pending: bytes) -> int:
        """Return how long the command is that these bytes, at least one, begin with."""

    @abstractmethod
    def carry_out(self, command: bytes) -> bytes:
        """Do what a whole command says and return the reply, if it has one; called with the lock held."""

    # --- the relays -------------------------------------------------------------------------------------------------

    @property
    def states(self) -> int:
        """The relays as commanded: bit 0 is relay 1, set while it is closed."""
        with self.lock:
            return self._states

    def drive(self, states: int) -> None:
        """Set all relays."""
        with self.lock:
            self._states = states
            if self._contact is not None:
                self._contact.set(closed=bool(states >> (self._place or 0) & 1))
            else:
                self._loads.set(frozenset(place + 1 for place in range(RELAYS) if states >> place & 1))

    def tell(self, message: bytes) -> None:
        """Send something unasked to whoever has spoken to the board."""
        for stream in self._heard:
            stream.write(message)

    # --- the lines --------------------------------------------------------------------------------------------------

    def start(self) -> tuple[str, ...]:
        """Open the lines; return pyserial's names of them."""
        return self._lines.start()

    def stop(self) -> None:
        """Close the lines."""
        self._lines.stop()

    def _converse(self, stream: Stream) -> None:
        pending = b""
        try:
            while data := stream.read():
                pending += data
                while pending and len(pending) >= (length := self.length(pending)):
                    command, pending = pending[:length], pending[length:]
                    if not self._answer(command, stream):
                        stream.drop()
                        return
        finally:
            with self.lock, contextlib.suppress(ValueError):
                self._heard.remove(stream)

    def _answer(self, command: bytes, stream: Stream) -> bool:
        """Answer one command; False when the connection is to be dropped."""
        if self.faults.strikes("mute"):
            return True
        with self.lock:
            if stream not in self._heard:
                self._heard.append(stream)
            reply = self.carry_out(command)
            if reply and self.faults.strikes("dropped_connection"):
                return False
            if reply and not self.faults.strikes("timeout"):
                stream.write(reply)
        return True
