"""ScienceMode frames: start and stop bytes and byte stuffing; and of ScienceMode 3/4, length and checksum."""

from __future__ import annotations

import binascii
from dataclasses import dataclass

__all__ = ["FrameFinder", "FrameReader", "Packet", "encode", "escaped", "framed", "stuffed", "unstuffed"]

_START, _STOP, _ESCAPE, _KEY = 0xF0, 0x0F, 0x81, 0x55
_SPECIAL = frozenset({_START, _STOP, _ESCAPE})
# F0, then length and checksum as four escaped bytes.
_HEADER = 9
_SHORTEST, _LONGEST = 12, 1200
_COMMAND_BITS = 10
PACKET_NUMBERS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One message: its number (0 to 63), its command, and the command's data."""

    number: int
    command: int
    data: bytes = b""


def encode(packet: Packet) -> bytes:
    """Return the frame of a packet.

    >>> encode(Packet(number=1, command=52)).hex(" ")
    'f0 81 55 81 59 81 ef 81 46 04 34 0f'
    """
    head = (packet.number % PACKET_NUMBERS) << _COMMAND_BITS | packet.command
    payload = stuffed(head.to_bytes(2, "big") + packet.data)
    length = _HEADER + len(payload) + 1
    return framed(length.to_bytes(2, "big") + _checksum(payload), payload)


def escaped(data: bytes) -> bytes:
    """Return every byte behind an escape, whatever it is: lengths and checksums are sent so."""
    return b"".join(bytes((_ESCAPE, byte ^ _KEY)) for byte in data)


def stuffed(data: bytes) -> bytes:
    """Return data in which no byte looks like a start, a stop or an escape."""
    return b"".join(escaped(bytes((byte,))) if byte in _SPECIAL else bytes((byte,)) for byte in data)


def framed(checks: bytes, payload: bytes) -> bytes:
    """Return a frame of length and checksum, in whatever order, and a stuffed payload."""
    return bytes((_START,)) + escaped(checks) + payload + bytes((_STOP,))


class FrameFinder:
    """Finds frames, from start to stop, in a stream of bytes that may begin anywhere and come in any pieces.

    ``longest`` is how many bytes a frame has at most: what goes on for longer is none.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._frame = bytearray()
        self._escaped = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the frames that these bytes complete, damaged or not."""
        frames = []
        for byte in data:
            if self._take(byte):
                frames.append(bytes(self._frame))
                self._frame.clear()
        return frames

    def reset(self) -> None:
        """Forget a frame that has only begun."""
        self._frame.clear()
        self._escaped = False

    def _take(self, byte: int) -> bool:
        """Add one byte; return whether it ends a frame."""
        if self._escaped:
            # Whatever follows an escape is data, even if it looks like a start or a stop.
            self._escaped = False
            self._frame.append(byte)
            return False
        if byte == _START or len(self._frame) >= self._longest:
            self._frame.clear()
        if byte != _START and not self._frame:
            return False
        self._frame.append(byte)
        self._escaped = byte == _ESCAPE
        return byte == _STOP


class FrameReader:
    """Finds the packets of ScienceMode 3/4 in a stream of bytes."""

    def __init__(self) -> None:
        self._finder = FrameFinder(_LONGEST)
        self.rejected = 0

    def feed(self, data: bytes) -> list[Packet]:
        """Return the packets that these bytes complete; frames that are damaged are counted in ``rejected``."""
        decoded = [_decode(frame) for frame in self._finder.feed(data)]
        self.rejected += decoded.count(None)
        return [packet for packet in decoded if packet is not None]

    def reset(self) -> None:
        """Forget a frame that has only begun."""
        self._finder.reset()


def _decode(frame: bytes) -> Packet | None:
    if not _SHORTEST <= len(frame) <= _LONGEST or any(frame[index] != _ESCAPE for index in range(1, _HEADER, 2)):
        return None
    checks = bytes(frame[index] ^ _KEY for index in range(2, _HEADER, 2))
    body = frame[_HEADER:-1]
    if int.from_bytes(checks[:2], "big") != len(frame) or checks[2:] != _checksum(body):
        return None
    payload = unstuffed(body)
    head = int.from_bytes(payload[:2], "big")
    return Packet(number=head >> _COMMAND_BITS, command=head & ((1 << _COMMAND_BITS) - 1), data=payload[2:])


def unstuffed(body: bytes) -> bytes:
    """Return what :func:`stuffed` was given; any byte may have been escaped."""
    data, behind_escape = bytearray(), False
    for byte in body:
        if not behind_escape and byte == _ESCAPE:
            behind_escape = True
            continue
        data.append(byte ^ _KEY if behind_escape else byte)
        behind_escape = False
    return bytes(data)


def _checksum(payload: bytes) -> bytes:
    """CRC-16/XMODEM of the payload as it is sent."""
    return binascii.crc_hqx(payload, 0).to_bytes(2, "big")
