"""A Hasomed P24 as a ScienceMode 3/4 client meets it, on TCP and on a pseudo-terminal."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rig.twin.devices.sciencemode_data import (
    ChannelError,
    Result,
    StimStatus,
    read_channel_config,
    read_mid_level,
)
from rig.twin.devices.sciencemode_frames import FrameReader, Packet, encode
from rig.twin.devices.sciencemode_measured import HighVoltage, Measures, measured, read_init
from rig.twin.devices.serial_lines import SerialLines
from rig.twin.faults import FaultPlan
from rig.twin.stimulator import Train

if TYPE_CHECKING:
    from collections.abc import Callable

    from rig.twin.config import InstrumentConfig
    from rig.twin.streams import Stream
    from rig.twin.world import World

__all__ = ["ScienceMode"]

_KEEP_ALIVE = 2.0
_ALL_ERRORS = 4
_HIGH_VOLTAGE_ON = 6
_ID_LENGTH = 10
_BATTERY = bytes([87]) + (7400).to_bytes(2, "big")
_UNKNOWN_COMMAND = 67
_PERIOD_OF_ONE = 1.0


class ScienceMode:
    """One device with two lines; both speak to the same state."""

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        self.name, self.config, self.seed = name, config, seed
        self._world = world
        self._faults = FaultPlan(config.faults)
        self._lock = threading.Lock()
        self._status = StimStatus.NOTHING
        self._stop_on_errors = False
        self._source, self._measures = HighVoltage.STANDARD, Measures.NOTHING
        self._trains: dict[int, Train] = {}
        self._alive_until = 0.0
        self._boots = world.boots
        self._lines = SerialLines(name, config, self._converse)
        self._handlers: dict[int, Callable[[bytes], bytes]] = {
            0: self._low_level_init,
            2: self._channel_config,
            4: self._low_level_stop,
            30: self._mid_level_init,
            32: self._mid_level_update,
            34: self._mid_level_stop,
            36: self._current_data,
            50: lambda _: bytes([Result.OK]) + self._version(),
            52: lambda _: bytes([Result.OK]) + self._device_id(),
            54: lambda _: bytes([Result.OK]) + _BATTERY,
            58: self._reset,
            62: self._stim_status,
            68: lambda _: bytes([Result.OK]) + self._version() + _MODE_VERSION + bytes(6),
        }

    # --- the lines ------------------------------------------------------------------------------------------------

    def start(self) -> tuple[str, ...]:
        """Open the lines; return pyserial's names of them."""
        return self._lines.start()

    def stop(self) -> None:
        """Close the lines."""
        self._lines.stop()

    def _converse(self, stream: Stream) -> None:
        reader, boots = FrameReader(), self._world.boots
        while data := stream.read():
            if boots != self._world.boots:
                reader, boots = FrameReader(), self._world.boots
            if not self._world.awake:
                continue
            for packet in reader.feed(data):
                answer = self.answer(packet)
                if self._faults.strikes("dropped_connection"):
                    stream.drop()
                    return
                if not self._faults.strikes("timeout"):
                    stream.write(encode(answer))

    def answer(self, packet: Packet) -> Packet:
        """Carry out one command and return its acknowledgement."""
        handler = self._handlers.get(packet.command)
        with self._lock:
            self._forget_if_booted()
            if handler is None:
                return Packet(number=packet.number, command=_UNKNOWN_COMMAND, data=bytes([Result.INVALID_COMMAND]))
            return Packet(number=packet.number, command=packet.command + 1, data=handler(packet.data))

    def _forget_if_booted(self) -> None:
        """Begin anew after the device was without power."""
        if self._boots != self._world.boots:
            self._boots = self._world.boots
            self._status, self._stop_on_errors, self._trains = StimStatus.NOTHING, False, {}

    # --- general --------------------------------------------------------------------------------------------------

    def _identity(self) -> tuple[str, str]:
        """Return serial number and firmware: the device's own, unless the instrument's entry says otherwise."""
        identity = self.config.identity or self._world.config.device.identity
        return identity.serial, identity.firmware

    def _device_id(self) -> bytes:
        """Return ten characters: the last ten letters and digits of the serial number."""
        serial, _ = self._identity()
        if self._faults.strikes("wrong_identity"):
            serial = "0" * _ID_LENGTH
        plain = serial.encode("ascii", "replace")
        return plain[-_ID_LENGTH:].rjust(_ID_LENGTH, b"0")

    def _version(self) -> bytes:
        """Return major, minor and revision of the firmware."""
        _, firmware = self._identity()
        numbers = [int(part) for part in firmware.split(".") if part.isdigit()]
        return bytes([number & 0xFF for number in (*numbers, 0, 0, 0)[:3]])

    def _stim_status(self, _: bytes) -> bytes:
        self._settle()
        on = self._status is not StimStatus.NOTHING
        return bytes([Result.OK, self._status, _HIGH_VOLTAGE_ON if on else 0])

    def _reset(self, _: bytes) -> bytes:
        self._trains = {}
        self._world.reset()
        self._status = StimStatus.NOTHING
        return bytes([Result.OK])

    # --- low level: single pulses -----------------------------------------------------------------------------------

    def _low_level_init(self, data: bytes) -> bytes:
        asked = read_init(data)
        if asked is None:
            return bytes([Result.PARAMETER])
        self._end()
        self._source, self._measures = asked
        self._status = StimStatus.LOW_LEVEL
        return bytes([Result.OK])

    def _channel_config(self, data: bytes) -> bytes:
        asked = read_channel_config(data)
        if asked is None:
            return bytes([Result.PARAMETER, 0, 0])
        place = asked.connector << 4 | (asked.channel - 1)
        if self._status is not StimStatus.LOW_LEVEL:
            return bytes([Result.NOT_INITIALISED, place, 0])
        if not asked.execute:
            return bytes([Result.OK, place, 0])
        if self._source is HighVoltage.OFF:
            return bytes([Result.HIGH_VOLTAGE, place, 0])
        if asked.channel != self._world.config.device.wired_channel or self._world.load(self._world.now) is None:
            return bytes([Result.ELECTRODE, place, 0])
        train = Train(points=asked.points, period=_PERIOD_OF_ONE, count=1)
        begun = self._world.now
        self._world.begin(train)
        # The device answers when the pulse is over: its answer tells how the pulse went.
        stop = self._world.rest()
        self._world.advance_to(stop)
        start = min((pulse.start for pulse in self._world.pulses(begun, stop)), default=begun)
        result = _RESULTS[self._channel_error(asked.channel, train)]
        return bytes([result, place, self._measures]) + measured(self._world, self._measures, start, stop)

    def _low_level_stop(self, _: bytes) -> bytes:
        self._stop()
        self._status = StimStatus.NOTHING
        return bytes([Result.OK])

    # --- mid level: trains ------------------------------------------------------------------------------------------

    def _mid_level_init(self, data: bytes) -> bytes:
        if len(data) != 1:
            return bytes([Result.PARAMETER])
        self._end()
        self._stop_on_errors = bool(data[0])
        self._status = StimStatus.MID_LEVEL
        return bytes([Result.OK])

    def _mid_level_update(self, data: bytes) -> bytes:
        self._settle()
        if self._status not in {StimStatus.MID_LEVEL, StimStatus.MID_LEVEL_RUNNING}:
            return bytes([Result.NOT_INITIALISED])
        trains = read_mid_level(data)
        if trains is None:
            return bytes([Result.PARAMETER])
        self._end()
        self._trains = trains
        self._status = StimStatus.MID_LEVEL_RUNNING if trains else StimStatus.MID_LEVEL
        wired = trains.get(self._world.config.device.wired_channel)
        if wired is not None:
            self._world.begin(wired)
        self._keep_alive()
        return bytes([Result.OK])

    def _mid_level_stop(self, _: bytes) -> bytes:
        self._stop()
        if self._status is not StimStatus.LOW_LEVEL:
            self._status = StimStatus.NOTHING
        return bytes([Result.OK])

    def _current_data(self, data: bytes) -> bytes:
        """Report the channels, and keep the trains alive, if they are, for two more seconds."""
        self._settle()
        if data != bytes([_ALL_ERRORS]):
            return bytes([Result.PARAMETER, data[0] if data else 0]) + bytes(5)
        if self._status not in {StimStatus.MID_LEVEL, StimStatus.MID_LEVEL_RUNNING}:
            # Whatever still flows although it was stopped takes this for a sign of life all the same.
            self._keep_alive()
            return bytes([Result.NOT_INITIALISED, _ALL_ERRORS]) + bytes(5)
        errors = {channel: self._channel_error(channel, train) for channel, train in self._trains.items()}
        if self._stop_on_errors and any(errors.values()):
            self._end()
            self._status = StimStatus.MID_LEVEL
        active = sum(1 << (channel - 1) for channel in self._trains)
        nibbles = sum(error << 4 * (channel - 1) for channel, error in errors.items())
        if self._trains:
            self._keep_alive()
        return bytes([Result.OK, _ALL_ERRORS, active]) + nibbles.to_bytes(4, "little")

    def _keep_alive(self) -> None:
        self._alive_until = self._world.keep_alive(_KEEP_ALIVE)

    def _settle(self) -> None:
        """Take note that the trains have ended because nobody asked in time."""
        if self._trains and self._world.now >= self._alive_until:
            self._trains = {}
            self._status = StimStatus.MID_LEVEL

    def _end(self) -> None:
        self._trains = {}
        self._world.end()

    def _stop(self) -> None:
        self._trains = {}
        self._world.stop()

    def _channel_error(self, channel: int, train: Train) -> ChannelError:
        """Return what the device notices of its own pulses: nothing connected, or less current than asked."""
        world = self._world
        load = world.load(world.now) if channel == world.config.device.wired_channel else None
        if load is None:
            return ChannelError.ELECTRODE
        greatest = max(abs(point.current) for point in train.points)
        least_impedance = load.a + world.sense if load.capacitance is not None else load.resistance + world.sense
        limited = greatest * least_impedance > world.config.device.compliance
        return ChannelError.LOW_CURRENT if limited else ChannelError.NONE


# ScienceMode's own version, then: hash (four bytes), its type, and whether it is valid.
_MODE_VERSION = bytes([4, 0, 0])
_RESULTS = {
    ChannelError.NONE: Result.OK,
    ChannelError.ELECTRODE: Result.ELECTRODE,
    ChannelError.TIMEOUT: Result.PULSE_TIMEOUT,
    ChannelError.LOW_CURRENT: Result.LOW_CURRENT,
}
