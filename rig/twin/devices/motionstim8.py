"""A MotionStim 8 as a ScienceMode 1 client meets it, on TCP and on a pseudo-terminal."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

from rig.twin.devices.motionstim8_data import (
    Command,
    CommandReader,
    ListMode,
    Single,
    Update,
    acknowledgement,
    read_single,
    read_update,
)
from rig.twin.devices.serial_lines import SerialLines
from rig.twin.faults import FaultPlan
from rig.twin.stimulator import Point, Train

if TYPE_CHECKING:
    from collections.abc import Callable

    from rig.twin.config import InstrumentConfig
    from rig.twin.streams import Stream
    from rig.twin.world import World

__all__ = ["MotionStim8"]

_SHORTEST_WIDTH = 20
_INTERPHASE = 100e-6
_PERIOD_OF_ONE = 1.0


class MotionStim8:
    """Repeats groups of biphasic pulses on the channels of a list until it is stopped; it watches nobody.

    Its configuration's ``options`` may say the ``interphase`` between the two phases, s, which cannot be set.
    """

    def __init__(self, *, name: str, config: InstrumentConfig, world: World, seed: int) -> None:
        self.name, self.config, self.seed = name, config, seed
        self._world, self._faults = world, FaultPlan(config.faults)
        self._lock = threading.Lock()
        self._interphase = float(config.options.get("interphase", _INTERPHASE))
        self._list: ListMode | None = None
        self._train: Train | None = None
        self._first = 0.0
        self._boots = world.boots
        self._lines = SerialLines(name, config, self._converse)

    def start(self) -> tuple[str, ...]:
        """Open the lines; return pyserial's names of them."""
        return self._lines.start()

    def stop(self) -> None:
        """Close the lines."""
        self._lines.stop()

    def _converse(self, stream: Stream) -> None:
        reader, boots = CommandReader(), self._world.boots
        while data := stream.read():
            if boots != self._world.boots:
                reader, boots = CommandReader(), self._world.boots
            if not self._world.awake:
                continue
            for byte in data:
                command = reader.feed(byte, active=len(self._list.channels) if self._list else 0)
                if not command:
                    continue
                answer = self.answer(command)
                if self._faults.strikes("dropped_connection"):
                    stream.drop()
                    return
                if not self._faults.strikes("timeout"):
                    stream.write(answer)

    def answer(self, data: bytes) -> bytes:
        """Carry out one command and return its acknowledgement."""
        command = Command(data[0] >> 5 & 0x03)
        with self._lock:
            if self._boots != self._world.boots:
                self._boots, self._list, self._train = self._world.boots, None, None
            handlers: dict[Command, Callable[[], bool]] = {
                Command.INIT: lambda: self._initialise(ListMode.read(data)),
                Command.UPDATE: lambda: self._update(read_update(data)),
                Command.STOP: self._end,
                Command.SINGLE: lambda: self._single(read_single(data)),
            }
            done = handlers[command]()
        return acknowledgement(command, done=done)

    def _initialise(self, asked: ListMode | None) -> bool:
        """Take a list over; one that is being delivered ends."""
        if asked is None or not asked.consistent:
            return False
        self._world.end()
        self._list, self._train = asked, None
        return True

    def _update(self, asked: tuple[Update, ...] | None) -> bool:
        if asked is None or self._list is None or any(one.mode > self._list.mode for one in asked):
            return False
        wired = self._world.config.device.wired_channel
        if wired in self._list.channels:
            self._deliver(self._group(asked[self._list.channels.index(wired)], self._list), wired)
        return True

    def _deliver(self, train: Train | None, channel: int) -> None:
        """Begin a train, or change the running one without losing its rhythm."""
        if train is None or train.count is not None:
            self._world.end()
            self._train = None
        if train is None or train == self._train:
            return
        listed = self._list
        latency = self._world.config.device.latency
        if self._train is None:
            # The channels of a list are served one after the other.
            latency += 1.5e-3 * listed.channels.index(channel) if listed else 0.0
        else:
            elapsed = self._world.now - self._first
            latency = max(0.0, math.ceil(elapsed / train.period) * train.period - elapsed)
        self._first = self._world.now + latency
        self._world.begin(train, latency=latency)
        self._train = None if train.count is not None else train

    def _group(self, asked: Update, listed: ListMode) -> Train | None:
        """Return the train of one channel: groups of one, two or three pulses."""
        pulse = self._pulse(asked.width, asked.current)
        if not pulse:
            return None
        rest = Point(duration=listed.group - sum(point.duration for point in pulse), current=0.0)
        points = pulse + (rest, *pulse) * asked.mode
        if listed.period is None:
            return Train(points=points, period=_PERIOD_OF_ONE, count=1)
        slower = listed.factor + 1 if self._world.config.device.wired_channel in listed.slow else 1
        return Train(points=points, period=listed.period * slower)

    def _single(self, asked: Single | None) -> bool:
        if asked is None or self._list is not None:
            return False
        pulse = self._pulse(asked.width, asked.current)
        if pulse and asked.channel == self._world.config.device.wired_channel - 1:
            self._world.begin(Train(points=pulse, period=_PERIOD_OF_ONE, count=1))
        return True

    def _pulse(self, width: int, current: int) -> tuple[Point, ...]:
        """Return a biphasic pulse, us and mA; none where there is nothing to deliver."""
        if not width or not current:
            return ()
        duration, amplitude = max(width, _SHORTEST_WIDTH) * 1e-6, current * 1e-3
        rest = (Point(duration=self._interphase, current=0.0),) if self._interphase else ()
        return (Point(duration=duration, current=amplitude), *rest, Point(duration=duration, current=-amplitude))

    def _end(self) -> bool:
        self._list = self._train = None
        self._world.stop()
        return True
