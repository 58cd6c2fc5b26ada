"""ScienceMode 2 frames: checksum and length of one byte each, then packet number, command and data."""

from __future__ import annotations

from dataclasses import dataclass

from rig.bench.stimulators.framing import FrameFinder, framed, stuffed, unstuffed

__all__ = ["PACKET_NUMBERS", "FrameReader", "Packet", "encode"]

PACKET_NUMBERS = 256
_ESCAPE, _KEY = 0x81, 0x55
# F0, then checksum and length as two escaped bytes.
_HEADER = 5
_LONGEST = 69
_POLYNOMIAL = 0x07
_LEAST_BODY = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One message: its number (0 to 255), its command, and the command's data."""

    number: int
    command: int
    data: bytes = b""


def encode(packet: Packet) -> bytes:
    """Return the frame of a packet.

    >>> encode(Packet(number=1, command=10)).hex(" ")
    'f0 81 76 81 57 01 0a 0f'
    """
    payload = stuffed(bytes((packet.number % PACKET_NUMBERS, packet.command)) + packet.data)
    return framed(bytes((_checksum(payload), len(payload))), payload)


class FrameReader:
    """Finds packets in a stream of bytes that may begin anywhere and come in any pieces."""

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
    body = frame[_HEADER:-1]
    if not body or frame[1] != _ESCAPE or frame[3] != _ESCAPE:
        return None
    if frame[2] ^ _KEY != _checksum(body) or frame[4] ^ _KEY != len(body):
        return None
    payload = unstuffed(body)
    if len(payload) < _LEAST_BODY:
        return None
    return Packet(number=payload[0], command=payload[1], data=payload[2:])


def _checksum(payload: bytes) -> int:
    """CRC-8 of the payload as it is sent: polynomial 0x07, begun with 0, not reflected."""
    checksum = 0
    for byte in payload:
        checksum ^= byte
        for _ in range(8):
            checksum = (checksum << 1 ^ _POLYNOMIAL if checksum & 0x80 else checksum << 1) & 0xFF
    return checksum
