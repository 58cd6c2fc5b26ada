"""What the data bytes of ScienceMode commands mean: points, channels, results."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from rig.twin.stimulator import Point, Train

__all__ = ["ChannelError", "Result", "StimStatus", "read_channel_config", "read_mid_level"]

_POINT_BYTES = 4
_LEAST_TIME, _GREATEST_CURRENT = 10, 130.0
_GREATEST_DUTY = 1.0
_CHANNELS = 8


class Result(IntEnum):
    """The first data byte of an acknowledgement."""

    OK = 0
    TRANSFER = 1
    PARAMETER = 2
    PROTOCOL = 3
    NOT_INITIALISED = 7
    HIGH_VOLTAGE = 8
    ELECTRODE = 10
    INVALID_COMMAND = 11
    PULSE_TIMEOUT = 16
    LOW_CURRENT = 28


class StimStatus(IntEnum):
    """What the stimulator is ready for, or doing."""

    NOTHING = 0
    LOW_LEVEL = 1
    MID_LEVEL = 2
    MID_LEVEL_RUNNING = 3


class ChannelError(IntEnum):
    """A channel's nibble in the reply to "get current data"."""

    NONE = 0
    ELECTRODE = 1
    TIMEOUT = 2
    LOW_CURRENT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelConfig:
    """Low level: one pulse on one channel (from 1) of one connector, at once or not at all."""

    execute: bool
    channel: int
    connector: int
    points: tuple[Point, ...]


def read_channel_config(data: bytes) -> ChannelConfig | None:
    """Return what "channel config" asks for; None when it is not well formed."""
    if not data:
        return None
    points = _points(data[1:], (data[0] & 0x0F) + 1)
    if points is None or len(data) != 1 + len(points) * _POINT_BYTES:
        return None
    return ChannelConfig(
        execute=bool(data[0] & 0x80),
        channel=(data[0] >> 5 & 0x03) + 1,
        connector=data[0] >> 4 & 0x01,
        points=points,
    )


def read_mid_level(data: bytes) -> dict[int, Train] | None:
    """Return the train of every enabled channel (from 1); None when malformed or too much for the device.

    Per channel: points − 1 and lead-in pulses in a nibble each, then the period's code, in 0.5 ms or, with its lowest
    bit set, in 0.25 ms. All pulses of all channels together may take no more than a second of every second.
    """
    if not data:
        return None
    trains, place = {}, 1
    for channel in range(1, _CHANNELS + 1):
        if data[0] >> (channel - 1) & 1:
            head = data[place : place + 3]
            if len(head) < 3:  # noqa: PLR2004 - counts in one byte, the period in two
                return None
            code = int.from_bytes(head[1:], "big")
            points = _points(data[place + 3 :], (head[0] >> 4) + 1)
            period = (code >> 1) * (0.25e-3 if code & 1 else 0.5e-3)
            if points is None or not period:
                return None
            trains[channel] = Train(points=points, period=period, lead_in=head[0] & 0x0F)
            place += 3 + len(points) * _POINT_BYTES
    duty = sum(sum(point.duration for point in train.points) / train.period for train in trains.values())
    return trains if place == len(data) and duty < _GREATEST_DUTY else None


def _points(data: bytes, count: int) -> tuple[Point, ...] | None:
    """Return points of 12 bit time (us), 10 bit current (0.5 mA steps from −150 mA) and 10 bit mode each."""
    if len(data) < count * _POINT_BYTES:
        return None
    points = []
    for place in range(0, count * _POINT_BYTES, _POINT_BYTES):
        word = int.from_bytes(data[place : place + _POINT_BYTES], "big")
        time, current = word >> 20, ((word >> 10 & 0x3FF) - 300) / 2
        if time < _LEAST_TIME or abs(current) > _GREATEST_CURRENT:
            return None
        points.append(Point(duration=time * 1e-6, current=current * 1e-3))
    return tuple(points)
