"""What the data bytes of ScienceMode 2 commands mean: channel lists, pulses, results."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from rig.twin.stimulator import Point, Train

__all__ = ["ChannelList", "Mode", "Result", "StimulationError", "read_channel_list", "read_single", "read_start"]

CHANNELS = 8
_LIST_BYTES, _PULSE_BYTES = 7, 4
_SHORTEST, _LONGEST, _GREATEST_CURRENT = 20, 500, 130
_INTERPHASE = 100e-6
_LEAST_MAIN, _GREATEST_MAIN = 14, 2048  # codes of 8 ms and 1025 ms
_GREATEST_FACTOR, _MOST_IN_GROUP = 7, 3
_SLOT = 1.5e-3


class Result(IntEnum):
    """The first data byte of an acknowledgement, signed."""

    OK = 0
    TRANSFER = -1
    PARAMETER = -2
    WRONG_MODE = -3


class Mode(IntEnum):
    """What the stimulator is ready for, or doing."""

    START_UP = 0
    INITIALISED = 1
    STARTED = 2


class StimulationError(IntEnum):
    """What it reports unasked."""

    EMERGENCY_SWITCH = -1
    ELECTRODE = -2
    MODULE = -3


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelList:
    """The channels (from 1) that take part, those that skip pulses and how many, and the times between pulses, s.

    Without a ``period`` each start gives one pulse, or group of pulses, alone.
    """

    active: tuple[int, ...]
    slowed: tuple[int, ...]
    skipped: int
    within_group: float
    period: float | None

    def period_of(self, channel: int) -> float | None:
        """Return the time from pulse to pulse of one channel, s."""
        if self.period is None:
            return None
        return self.period * (1 + self.skipped) if channel in self.slowed else self.period


def read_channel_list(data: bytes) -> ChannelList | None:
    """Return what "init channel list mode" asks for; None when it is not well formed."""
    if len(data) != _LIST_BYTES:
        return None
    skipped, active, slowed, within, main, execution = (*data[:4], int.from_bytes(data[4:6], "big"), data[6])
    if skipped > _GREATEST_FACTOR or not active or slowed & ~active or execution > 1:
        return None
    if main and not _LEAST_MAIN <= main <= _GREATEST_MAIN:
        return None
    channels = _channels(active)
    period = main * 0.5e-3 + 1e-3 if main else None
    if period is not None and period < len(channels) * _SLOT:
        return None
    return ChannelList(
        active=channels,
        slowed=_channels(slowed),
        skipped=skipped,
        within_group=within * 0.5e-3 + 1.5e-3,
        period=period,
    )


def read_start(data: bytes, channels: ChannelList) -> dict[int, Train | None] | None:
    """Return the train of every channel of the list, None of one without current; None when malformed."""
    if len(data) != _PULSE_BYTES * len(channels.active):
        return None
    trains: dict[int, Train | None] = {}
    for index, channel in enumerate(channels.active):
        mode, high, low, current = data[_PULSE_BYTES * index : _PULSE_BYTES * (index + 1)]
        points = _points(high << 8 | low, current)
        if points is None or mode >= _MOST_IN_GROUP:
            return None
        grouped = _group(points, mode + 1, channels.within_group)
        period = channels.period_of(channel)
        if not grouped:
            trains[channel] = None
        elif period is None:
            trains[channel] = Train(points=grouped, period=1.0, count=1)
        else:
            trains[channel] = Train(points=grouped, period=period)
    return trains


def read_single(data: bytes) -> tuple[int, Train | None] | None:
    """Return channel (from 1) and pulse of "single pulse"; None when malformed."""
    if len(data) != _PULSE_BYTES or data[0] >= CHANNELS:
        return None
    points = _points(data[1] << 8 | data[2], data[3])
    if points is None:
        return None
    return data[0] + 1, Train(points=points, period=1.0, count=1) if points else None


def _points(width: int, milliamperes: int) -> tuple[Point, ...] | None:
    """Return two phases with their rest between; empty where no current is asked for, None where it cannot be given."""
    if milliamperes > _GREATEST_CURRENT or (width and not _SHORTEST <= width <= _LONGEST):
        return None
    if not width or not milliamperes:
        return ()
    duration, current = width * 1e-6, milliamperes * 1e-3
    return (
        Point(duration=duration, current=current),
        Point(duration=_INTERPHASE, current=0.0),
        Point(duration=duration, current=-current),
    )


def _group(points: tuple[Point, ...], count: int, spacing: float) -> tuple[Point, ...]:
    """Return one to three pulses, so far from begin to begin, as the points of one."""
    if not points:
        return ()
    rest = Point(duration=spacing - sum(point.duration for point in points), current=0.0)
    return points + (rest, *points) * (count - 1)


def _channels(bits: int) -> tuple[int, ...]:
    return tuple(channel for channel in range(1, CHANNELS + 1) if bits >> (channel - 1) & 1)
