"""A Hasomed RehaStim 2 as a ScienceMode 2 client meets it, on TCP and on a pseudo-terminal."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rig.twin.clock import Countdown
from rig.twin.devices.sciencemode2_data import (
    ChannelList,
    Mode,
    Result,
    StimulationError,
    read_channel_list,
    read_single,
    read_start,
)
from rig.twin.devices.sciencemode2_frames import FrameReader, Packet, encode
from rig.twin.devices.serial_lines import SerialLines
from rig.twin.faults import FaultPlan

if TYPE_CHECKING:
    from collections.abc import Callable

    from rig.twin.config import InstrumentConfig
    from rig.twin.stimulator import Train
    from rig.twin.streams import Stream
    from rig.twin.world import World

__all__ = ["ScienceMode2"]

_INIT, _INIT_ACK, _UNKNOWN, _WATCHDOG, _ERROR = 1, 2, 3, 4, 38
_VERSION = 1
_ANNOUNCES = 0.5
_PATIENCE = 1.2
# A line that nobody listens to must not fill up.
_MOST_UNHEARD = 100


class ScienceMode2:
    """One device with two lines; both speak to the same state.

    It says ``Init`` twice a second, at the pace of whoever uses the bench, until that is acknowledged. From then on
    it wants to hear a packet every 1.2 s of the bench's time, or as the option ``watchdog`` says, s: otherwise it ends
    its trains and begins anew.
    """

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        self.name, self.config, self.seed = name, config, seed
        self._world = world
        self._faults = FaultPlan(config.faults)
        self._lock = threading.RLock()
        self._patience = float(config.options.get("watchdog", _PATIENCE))
        self._connected = False
        self._mode = Mode.START_UP
        self._list: ChannelList | None = None
        self._alive_until = 0.0
        self._delivers = False
        self._number = 0
        self._boots = world.boots
        self._unheard: dict[Stream, int] = {}
        self._lines = SerialLines(name, config, self._converse)
        self._announcer: Countdown | None = None
        self._handlers: dict[int, Callable[[bytes], bytes]] = {
            10: lambda _: _signed(Result.OK) + bytes([self._mode]),
            30: self._init_channel_list,
            32: self._start_channel_list,
            34: self._stop_channel_list,
            36: self._single_pulse,
        }

    # --- the lines ------------------------------------------------------------------------------------------------

    def start(self) -> tuple[str, ...]:
        """Open the lines; return pyserial's names of them."""
        self._announcer = Countdown(self._announce, self._lock, self._world.pace)
        self._announcer.restart(_ANNOUNCES)
        return self._lines.start()

    def stop(self) -> None:
        """Close the lines; may be called twice."""
        self._lines.stop()
        if self._announcer is not None:
            self._announcer.close()

    def _converse(self, stream: Stream) -> None:
        reader = FrameReader()
        with self._lock:
            self._unheard[stream] = 0
        try:
            while data := stream.read():
                with self._lock:
                    self._unheard[stream] = 0
                for packet in reader.feed(data):
                    answers = self.answer(packet)
                    if answers and self._faults.strikes("dropped_connection"):
                        stream.drop()
                        return
                    if not (answers and self._faults.strikes("timeout")):
                        stream.write(b"".join(encode(answer) for answer in answers))
        finally:
            with self._lock:
                self._unheard.pop(stream, None)

    def _announce(self) -> None:
        """Say on all lines that the device is new and waits to be met, if it is; called with the lock held."""
        self._settle()
        if not self._connected and self._world.awake:
            frame = encode(Packet(number=self._number, command=_INIT, data=bytes([_VERSION])))
            self._number = (self._number + 1) % 256
            for stream, unheard in self._unheard.items():
                if unheard < _MOST_UNHEARD:
                    stream.write(frame)
                    self._unheard[stream] += 1
        if self._announcer is not None:
            self._announcer.restart(_ANNOUNCES)

    def answer(self, packet: Packet) -> list[Packet]:
        """Take in one packet, and return what is said then: an error that was noticed, and the acknowledgement."""
        with self._lock:
            if not self._world.awake:
                return []
            self._settle()
            if packet.command == _INIT_ACK:
                self._connected = self._connected or packet.data == _signed(Result.OK)
                self._keep_alive()
                return []
            noticed = self._notice()
            if self._connected:
                self._keep_alive()
            if packet.command == _WATCHDOG:
                return noticed
            handler = self._handlers.get(packet.command)
            if handler is None:
                data, command = bytes([packet.command]), _UNKNOWN
            else:
                command = packet.command + 1
                refused = not self._connected and handler is not self._handlers[10]
                data = _signed(Result.WRONG_MODE) if refused else handler(packet.data)
            return [*noticed, Packet(number=packet.number, command=command, data=data)]

    # --- whether somebody is there --------------------------------------------------------------------------------

    def _keep_alive(self) -> None:
        if self._delivers:
            self._alive_until = self._world.keep_alive(self._patience)
        else:
            self._alive_until = self._world.now + self._patience

    def _settle(self) -> None:
        """Take note that the device was without power, or that nobody has said anything in time."""
        booted = self._boots != self._world.boots
        if booted or (self._connected and self._world.now >= self._alive_until):
            self._boots = self._world.boots
            self._connected, self._mode, self._list, self._delivers = False, Mode.START_UP, None, False

    def _notice(self) -> list[Packet]:
        """End the train and say so, once, where the electrodes have come off."""
        if not self._delivers or self._world.load(self._world.now) is not None:
            return []
        self._world.stop()
        self._delivers, self._mode = False, Mode.INITIALISED
        self._number = (self._number + 1) % 256
        return [Packet(number=self._number, command=_ERROR, data=_signed(StimulationError.ELECTRODE))]

    # --- stimulation ----------------------------------------------------------------------------------------------

    def _init_channel_list(self, data: bytes) -> bytes:
        if self._mode is Mode.STARTED:
            return _signed(Result.WRONG_MODE)
        asked = read_channel_list(data)
        if asked is None:
            return _signed(Result.PARAMETER)
        self._list, self._mode = asked, Mode.INITIALISED
        return _signed(Result.OK)

    def _start_channel_list(self, data: bytes) -> bytes:
        if self._list is None or self._mode is Mode.START_UP:
            return _signed(Result.WRONG_MODE)
        trains = read_start(data, self._list)
        if trains is None:
            return _signed(Result.PARAMETER)
        self._mode = Mode.STARTED
        self._deliver(trains.get(self._world.config.device.wired_channel))
        return _signed(Result.OK)

    def _stop_channel_list(self, _: bytes) -> bytes:
        self._world.stop()
        self._delivers = False
        self._mode, self._list = Mode.START_UP, None
        return _signed(Result.OK)

    def _single_pulse(self, data: bytes) -> bytes:
        if self._mode is Mode.STARTED:
            return _signed(Result.WRONG_MODE)
        asked = read_single(data)
        if asked is None:
            return _signed(Result.PARAMETER)
        channel, train = asked
        if channel == self._world.config.device.wired_channel and train is not None:
            self._world.begin(train)
        return _signed(Result.OK)

    def _deliver(self, train: Train | None) -> None:
        if train is None:
            self._world.end()
            self._delivers = False
            return
        self._world.begin(train)
        self._delivers = True
        self._keep_alive()


def _signed(value: int) -> bytes:
    return value.to_bytes(1, "big", signed=True)
