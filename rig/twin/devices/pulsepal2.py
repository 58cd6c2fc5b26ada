"""A Sanworks Pulse Pal 2 (firmware 2.0.1) in front of a current source, on TCP and on a pseudo-terminal."""

from __future__ import annotations

import struct
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rig.twin.devices.serial_lines import SerialLines
from rig.twin.faults import FaultPlan
from rig.twin.stimulator import Point, Train

if TYPE_CHECKING:
    from collections.abc import Callable

    from rig.twin.config import InstrumentConfig
    from rig.twin.streams import Stream
    from rig.twin.world import World

__all__ = ["PulsePal2"]

_MENU = 213
_VERSION = 21
_CHANNELS, _TRIGGERS = 4, 2
_TICK = 50e-6
_SPAN, _STEPS, _ZERO = 20.0, 65535, 32768
_CURRENT_PER_VOLT = 10e-3
_DONE = b"\x01"
_BURST, _BURST_REST, _TRAIN, _DELAY = 8, 9, 10, 11
_VOLTAGES = (2, 3, 17)
_TIMES = range(4, 12)
_TRIGGER_MODE = 128
# A voltage that is held is one pulse of a day, which is cut off when another is told, s.
_LEVEL = 86400.0
# What each message holds behind its number, in bytes; those that say it themselves are not here.
_LENGTHS = {72: 0, 73: 178, 77: 1, 79: 3, 80: 0, 81: 0, 82: 2, 85: 0, 86: 2, 87: 1, 89: 6}


@dataclass(slots=True)
class _Channel:
    """One output: its parameters by number, as sent; times in ticks, voltages in steps of the converter."""

    values: dict[int, int] = field(
        default_factory=lambda: {
            1: 0,
            2: 49152,
            3: 16384,
            4: 20,
            5: 20,
            6: 20,
            7: 200,
            _BURST: 0,
            _BURST_REST: 0,
            _TRAIN: 20000,
            _DELAY: 0,
            12: 1,
            13: 0,
            14: 0,
            15: 0,
            16: 0,
            17: _ZERO,
        }
    )

    def train(self, gain: float) -> Train:
        """Return the pulses, each volt as so many amperes; bursts and custom trains are not played."""
        value = self.values
        points = [Point(duration=value[4] * _TICK, current=_volts(value[2]) * gain)]
        if value[1]:
            if value[5]:
                points.append(Point(duration=value[5] * _TICK, current=_volts(value[17]) * gain))
            points.append(Point(duration=value[6] * _TICK, current=_volts(value[3]) * gain))
        width = value[4] + (value[5] + value[6] if value[1] else 0)
        return Train(points=tuple(points), period=(width + value[7]) * _TICK)


class PulsePal2:
    """Four outputs, of which the first is wired; a current source makes amperes of its volts.

    Its option ``current_per_volt`` says how many, A/V. What comes between two messages without their first byte is
    left out; nothing tells the client of a mistake, as with the real one.
    """

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        self.name, self.config, self.seed = name, config, seed
        self._world = world
        self._gain = float(config.options.get("current_per_volt", _CURRENT_PER_VOLT))
        self._faults = FaultPlan(config.faults)
        self._lock = threading.Lock()
        self._boots = world.boots
        self._channels = [_Channel() for _ in range(_CHANNELS)]
        self._busy_until = 0.0
        self._lines = SerialLines(name, config, self._converse)
        self._handlers: dict[int, Callable[[bytes], bytes]] = {
            72: self._handshake,
            73: self._program_all,
            74: self._program_one,
            75: lambda _: _DONE,  # custom trains are taken, and not played
            76: lambda _: _DONE,
            77: self._soft_trigger,
            79: self._hold,
            80: self._abort,
            81: self._abort,
            82: self._loop,
            85: self._settings,
            87: lambda _: b"\x00",
        }

    def start(self) -> tuple[str, ...]:
        """Open the lines; return pyserial's names of them."""
        return self._lines.start()

    def stop(self) -> None:
        """Close the lines; may be called twice."""
        self._lines.stop()

    def _converse(self, stream: Stream) -> None:
        pending = bytearray()
        while data := stream.read():
            if not self._world.awake:
                continue
            pending += data
            while (message := _taken(pending)) is not None:
                with self._lock:
                    self._forget_if_booted()
                    reply = self._carry_out(message[0], message[1:])
                if reply and self._faults.strikes("dropped_connection"):
                    stream.drop()
                    return
                if not (reply and self._faults.strikes("timeout")):
                    stream.write(reply)

    def _forget_if_booted(self) -> None:
        if self._boots != self._world.boots:
            self._boots = self._world.boots
            self._channels = [_Channel() for _ in range(_CHANNELS)]

    # --- what it is told --------------------------------------------------------------------------------------------

    def _carry_out(self, operation: int, data: bytes) -> bytes:
        """Do what a message says and return the reply, if it has one; the screen and the names on it have none."""
        handler = self._handlers.get(operation)
        return b"" if handler is None else handler(data)

    def _handshake(self, _: bytes) -> bytes:
        return b"K" + struct.pack("<I", 0 if self._faults.strikes("wrong_identity") else _VERSION)

    def _soft_trigger(self, data: bytes) -> bytes:
        if data[0] & 1:
            self._trigger()
        return b""

    def _program_all(self, data: bytes) -> bytes:
        """Take all parameters: of each the four channels', then the triggers'."""
        times = struct.unpack("<32I", data[:128])
        volts = struct.unpack("<12H", data[128:152])
        octets = data[152:176]
        for index, channel in enumerate(self._channels):
            for place, number in enumerate(_TIMES):
                channel.values[number] = times[_CHANNELS * place + index]
            for place, number in enumerate(_VOLTAGES):
                channel.values[number] = volts[_CHANNELS * place + index]
            for place, number in enumerate((1, 14, 15, 16, 12, 13)):
                channel.values[number] = octets[_CHANNELS * place + index]
        return _DONE

    def _program_one(self, data: bytes) -> bytes:
        number, channel, value = data[0], data[1], int.from_bytes(data[2:], "little")
        if number != _TRIGGER_MODE and 1 <= channel <= _CHANNELS:
            self._channels[channel - 1].values[number] = value
        return _DONE

    def _settings(self, _: bytes) -> bytes:
        """Return the parameters as :meth:`_program_all` takes them."""

        def all_of(form: str, numbers: tuple[int, ...]) -> bytes:
            values = (channel.values[number] for number in numbers for channel in self._channels)
            return struct.pack(f"<{_CHANNELS * len(numbers)}{form}", *values)

        return (
            all_of("I", tuple(_TIMES))
            + all_of("H", _VOLTAGES)
            + all_of("B", (1, 14, 15, 16, 12, 13))
            + bytes(_TRIGGERS)
        )

    # --- what it gives ----------------------------------------------------------------------------------------------

    def _trigger(self, *, endless: bool = False) -> None:
        """Play the first channel's train, unless it is playing already."""
        now, values = self._world.now, self._channels[0].values
        if now < self._busy_until and self._world.stimulating:
            return
        train = self._channels[0].train(self._gain)
        if not train.period:
            return
        # A trigger is taken up at the next tick, and the train begins its delay after that.
        delay = (1 + values[_DELAY]) * _TICK
        self._world.begin(train, latency=delay)
        self._busy_until = float("inf")
        if not endless:
            self._busy_until = now + delay + values[_TRAIN] * _TICK
            self._world.end_at(self._busy_until)

    def _abort(self, _: bytes = b"") -> bytes:
        self._busy_until = 0.0
        self._world.stop()
        return b""

    def _loop(self, data: bytes) -> bytes:
        """Play a channel's train without end, or end it; the state comes first, and the first channel is 0."""
        state, index = data
        if index == 0:
            if state:
                self._trigger(endless=True)
            else:
                self._abort()
        return _DONE

    def _hold(self, data: bytes) -> bytes:
        """Give one voltage until told otherwise."""
        if data[0] == 1:
            current = _volts(int.from_bytes(data[1:], "little")) * self._gain
            self._world.cut()
            if current:
                level = Train(points=(Point(duration=_LEVEL, current=current),), period=2 * _LEVEL, count=1)
                self._world.begin(level, latency=_TICK)
        return _DONE


def _volts(steps: int) -> float:
    return (steps - _ZERO) * _SPAN / _STEPS


def _taken(pending: bytearray) -> bytes | None:
    """Take the next whole message, without its first byte; None while it is not complete."""
    while pending and pending[0] != _MENU:
        del pending[0]
    if len(pending) < 2:  # noqa: PLR2004 - the mark, and the operation's number
        return None
    length = _length(bytes(pending[1:]))
    if length is None or len(pending) < 2 + length:
        return None
    message = bytes(pending[1 : 2 + length])
    del pending[: 2 + length]
    return message


def _length(begun: bytes) -> int | None:
    """Return how many bytes follow an operation's number; None where that is not known yet."""
    operation, data = begun[0], begun[1:]
    match operation:
        case 74:
            return None if not data else 4 if data[0] in _VOLTAGES else 6 if data[0] in _TIMES else 3
        case 75 | 76:
            return None if len(data) < 4 else 4 + 6 * int.from_bytes(data[:4], "little")  # noqa: PLR2004 - a count
        case 78:
            return None if not data else 1 + data[0]
        case 90:
            return None if len(data) < 2 else 2 + data[1]  # noqa: PLR2004 - what to do, and how long the name is
        case _:
            return _LENGTHS.get(operation, 0)
