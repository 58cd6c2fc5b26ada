"""ScienceMode 3/4 frames: start and stop bytes, byte stuffing, length and checksum."""

from __future__ import annotations

import binascii
from dataclasses import dataclass

__all__ = ["FrameReader", "Packet", "encode"]

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
    payload = bytearray()
    for byte in head.to_bytes(2, "big") + packet.data:
        payload += bytes((_ESCAPE, byte ^ _KEY)) if byte in _SPECIAL else bytes((byte,))
    length = _HEADER + len(payload) + 1
    checks = length.to_bytes(2, "big") + _checksum(payload)
    # Length and checksum are escaped whatever they are.
    header = b"".join(bytes((_ESCAPE, byte ^ _KEY)) for byte in checks)
    return bytes((_START,)) + header + bytes(payload) + bytes((_STOP,))


class FrameReader:
    """Finds packets in a stream of bytes that may begin anywhere and come in any pieces."""

    def __init__(self) -> None:
        self._frame = bytearray()
        self._escaped = False
        self.rejected = 0

    def feed(self, data: bytes) -> list[Packet]:
        """Return the packets that these bytes complete; frames that are damaged are counted in ``rejected``."""
        packets = []
        for byte in data:
            if self._take(byte):
                packet = _decode(bytes(self._frame))
                self._frame.clear()
                if packet is None:
                    self.rejected += 1
                else:
                    packets.append(packet)
        return packets

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
        if byte == _START or len(self._frame) >= _LONGEST:
            self._frame.clear()
        if byte != _START and not self._frame:
            return False
        self._frame.append(byte)
        self._escaped = byte == _ESCAPE
        return byte == _STOP


def _decode(frame: bytes) -> Packet | None:
    if not _SHORTEST <= len(frame) <= _LONGEST or any(frame[index] != _ESCAPE for index in range(1, _HEADER, 2)):
        return None
    checks = bytes(frame[index] ^ _KEY for index in range(2, _HEADER, 2))
    stuffed = frame[_HEADER:-1]
    if int.from_bytes(checks[:2], "big") != len(frame) or checks[2:] != _checksum(stuffed):
        return None
    payload = _unstuff(stuffed)
    head = int.from_bytes(payload[:2], "big")
    return Packet(number=head >> _COMMAND_BITS, command=head & ((1 << _COMMAND_BITS) - 1), data=payload[2:])


def _unstuff(stuffed: bytes) -> bytes:
    payload, escaped = bytearray(), False
    for byte in stuffed:
        if not escaped and byte == _ESCAPE:
            escaped = True
            continue
        payload.append(byte ^ _KEY if escaped else byte)
        escaped = False
    return bytes(payload)


def _checksum(stuffed: bytes | bytearray) -> bytes:
    """CRC-16/XMODEM of the payload as it is sent."""
    return binascii.crc_hqx(bytes(stuffed), 0).to_bytes(2, "big")
