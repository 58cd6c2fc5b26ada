"""ScienceMode 2 frames: start, escaped checksum and length, stuffed body, stop."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FrameReader", "Packet", "decode", "encode"]

_START, _STOP, _ESCAPE, _KEY = 0xF0, 0x0F, 0x81, 0x55
_BODY = 5  # where the body begins: start, and two escaped header bytes
_LEAST, _GREATEST = 8, 69


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """A command or an acknowledgement: number and command of a byte each, data."""

    number: int
    command: int
    data: bytes = b""


def encode(packet: Packet) -> bytes:
    """Return the frame of a packet."""
    plain = bytes([packet.number, packet.command]) + packet.data
    body = b"".join(_escaped(byte) if byte in {_START, _STOP, _ESCAPE} else bytes([byte]) for byte in plain)
    return bytes([_START]) + _escaped(_crc(body)) + _escaped(len(body)) + body + bytes([_STOP])


def decode(frame: bytes) -> Packet | None:
    """Return the packet in a frame, or None when length, checksum or stuffing is wrong; any byte may be escaped."""
    if not _LEAST <= len(frame) <= _GREATEST or frame[0] != _START or frame[-1] != _STOP:
        return None
    if frame[1] != _ESCAPE or frame[3] != _ESCAPE:
        return None
    stuffed = frame[_BODY:-1]
    if frame[2] ^ _KEY != _crc(stuffed) or frame[4] ^ _KEY != len(stuffed):
        return None
    body, escaped = bytearray(), False
    for byte in stuffed:
        if escaped or byte != _ESCAPE:
            body.append(byte ^ _KEY if escaped else byte)
        escaped = not escaped and byte == _ESCAPE
    if escaped or len(body) < 2:  # noqa: PLR2004 - number and command
        return None
    return Packet(number=body[0], command=body[1], data=bytes(body[2:]))


class FrameReader:
    """Finds frames in a stream of bytes; what lies between frames, or is broken, is left out."""

    def __init__(self) -> None:
        self._frame = bytearray()
        self._escaped = False

    def feed(self, data: bytes) -> list[Packet]:
        """Return the packets completed by these bytes."""
        frames = [frame for byte in data if (frame := self._byte(byte))]
        return [packet for frame in frames if (packet := decode(frame)) is not None]

    def _byte(self, byte: int) -> bytes:
        """Take one byte; return a whole frame when it was the last of one. A byte after an escape is never a mark."""
        marks = not self._escaped
        self._escaped = marks and byte == _ESCAPE
        if marks and byte == _START:
            self._frame = bytearray([byte])
        elif self._frame:
            self._frame.append(byte)
            if marks and byte == _STOP:
                frame, self._frame = bytes(self._frame), bytearray()
                return frame
            if len(self._frame) > _GREATEST:
                self._frame.clear()
        return b""


def _escaped(byte: int) -> bytes:
    return bytes([_ESCAPE, byte ^ _KEY])


def _crc(data: bytes) -> int:
    """Return CRC-8: polynomial 0x07, begun with 0, not reflected."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x07 if crc & 0x80 else crc << 1) & 0xFF
    return crc
