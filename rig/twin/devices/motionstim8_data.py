"""The bytes of ScienceMode 1: only a command's first byte has its highest bit set, so that a cut one is noticed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = ["Command", "CommandReader", "ListMode", "Single", "Update", "acknowledgement", "read_single", "read_update"]

_FIRST = 0x80
_CHANNELS = 8
_PER_CHANNEL = 3
_GREATEST_WIDTH, _GREATEST_MODE = 500, 2


class Command(IntEnum):
    """Bits 6 and 5 of a first byte."""

    INIT = 0
    UPDATE = 1
    STOP = 2
    SINGLE = 3


def acknowledgement(command: Command, *, done: bool) -> bytes:
    """Return the one byte that answers a command: the command again, and whether it was carried out."""
    return bytes([command << 6 | done])


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMode:
    """Which channels (from 1) are stimulated, in which groups: s; no period is a group for every update.

    ``mode`` is how many pulses a group may have, less one; ``slow`` channels are left out ``factor`` times in a row.
    """

    channels: tuple[int, ...]
    slow: tuple[int, ...]
    factor: int
    mode: int
    group: float
    period: float | None

    @classmethod
    def read(cls, data: bytes) -> ListMode | None:
        """Return what six bytes say; None where their sum is not what the first says."""
        factor = (data[0] & 0x03) << 1 | data[1] >> 6
        channels = (data[1] & 0x3F) << 2 | data[2] >> 5
        slow = (data[2] & 0x1F) << 3 | data[3] >> 4
        mode = data[3] >> 2 & 0x03
        group = (data[3] & 0x03) << 3 | data[4] >> 4
        period = (data[4] & 0x0F) << 7 | data[5]
        if sum((factor, channels, slow, mode, group, period)) & 0x07 != data[0] >> 2 & 0x07 or mode > _GREATEST_MODE:
            return None
        return cls(
            channels=_numbers(channels),
            slow=_numbers(slow & channels) if factor else (),
            factor=factor,
            mode=mode,
            group=1.5e-3 + group * 0.5e-3,
            period=1e-3 + period * 0.5e-3 if period else None,
        )

    @property
    def consistent(self) -> bool:
        """Whether there are channels, all of which fit a group, and groups that fit the period."""
        if not self.channels or self.group < 1.5e-3 * len(self.channels):
            return False
        return self.period is None or self.period >= (self.mode + 1) * self.group


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What one channel is to deliver: pulses per group, less one; us; mA."""

    mode: int
    width: int
    current: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Single:
    """One pulse on one channel, from 0; us; mA."""

    channel: int
    width: int
    current: int


def read_update(data: bytes) -> tuple[Update, ...] | None:
    """Return what an update says of each active channel in order; None where the sum is wrong or a value is none."""
    parts = [data[k : k + _PER_CHANNEL] for k in range(1, len(data), _PER_CHANNEL)]
    updates = tuple(
        Update(mode=part[0] >> 5 & 0x03, width=(part[0] & 0x03) << 7 | part[1], current=part[2]) for part in parts
    )
    total = sum(one.mode + one.width + one.current for one in updates)
    sound = all(one.width <= _GREATEST_WIDTH and one.mode <= _GREATEST_MODE for one in updates)
    return updates if sound and total & 0x1F == data[0] & 0x1F else None


def read_single(data: bytes) -> Single | None:
    """Return which pulse is asked for; None where the sum is wrong or the pulse is too long."""
    one = Single(channel=data[1] >> 4 & 0x07, width=(data[1] & 0x03) << 7 | data[2], current=data[3])
    sound = one.width <= _GREATEST_WIDTH and (one.channel + one.width + one.current) & 0x1F == data[0] & 0x1F
    return one if sound else None


class CommandReader:
    """Cuts a stream of bytes into commands; what is no first byte, and belongs to none, is left out."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, byte: int, *, active: int) -> bytes:
        """Take one byte; return a whole command when it was the last of one.

        ``active`` is how many channels an update speaks of.
        """
        if byte & _FIRST:
            self._pending = bytearray([byte])
        elif self._pending:
            self._pending.append(byte)
        else:
            return b""
        lengths = {Command.INIT: 6, Command.UPDATE: 1 + _PER_CHANNEL * active, Command.STOP: 1, Command.SINGLE: 4}
        if len(self._pending) < lengths[Command(self._pending[0] >> 5 & 0x03)]:
            return b""
        command, self._pending = bytes(self._pending), bytearray()
        return command


def _numbers(bits: int) -> tuple[int, ...]:
    return tuple(number for number in range(1, _CHANNELS + 1) if bits >> (number - 1) & 1)
