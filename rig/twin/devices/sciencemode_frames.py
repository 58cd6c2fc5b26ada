"""ScienceMode 3/4 frames: start, stuffed length and checksum, stuffed body, stop."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FrameReader", "Packet", "decode", "encode"]

_START, _STOP, _ESCAPE, _KEY = 0xF0, 0x0F, 0x81, 0x55
_BODY = 9  # where the body begins: start, and four escaped header bytes
_LEAST, _GREATEST = 12, 1200


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """A command or an acknowledgement: 6-bit number, 10-bit command, data."""

    number: int
    command: int
    data: bytes = b""


def encode(packet: Packet) -> bytes:
    """Return the frame of a packet."""
    head = (packet.number << 10 | packet.command).to_bytes(2, "big")
    body = b"".join(
        _escaped(byte) if byte in {_START, _STOP, _ESCAPE} else bytes([byte]) for byte in head + packet.data
    )
    length, checksum = len(body) + _BODY + 1, _crc(body)
    header = b"".join(_escaped(byte) for byte in length.to_bytes(2, "big") + checksum.to_bytes(2, "big"))
    return bytes([_START]) + header + body + bytes([_STOP])


def decode(frame: bytes) -> Packet | None:
    """Return the packet in a frame, or None when length, checksum or stuffing is wrong."""
    if not _LEAST <= len(frame) <= _GREATEST or frame[0] != _START or frame[-1] != _STOP:
        return None
    if any(frame[place] != _ESCAPE for place in (1, 3, 5, 7)):
        return None
    length = (frame[2] ^ _KEY) << 8 | (frame[4] ^ _KEY)
    checksum = (frame[6] ^ _KEY) << 8 | (frame[8] ^ _KEY)
    stuffed = frame[_BODY:-1]
    if length != len(frame) or checksum != _crc(stuffed):
        return None
    body = _unstuffed(stuffed)
    if body is None or len(body) < 2:  # noqa: PLR2004 - packet number and command take two bytes
        return None
    head = int.from_bytes(body[:2], "big")
    return Packet(number=head >> 10, command=head & 0x3FF, data=body[2:])


class FrameReader:
    """Finds frames in a stream of bytes; what lies between frames, or is broken, is left out."""

    def __init__(self) -> None:
        self._frame = bytearray()
        self._escaped = False

    def feed(self, data: bytes) -> list[Packet]:
        """Return the packets completed by these bytes."""
        packets = []
        for byte in data:
            frame = self._byte(byte)
            packet = decode(frame) if frame else None
            if packet is not None:
                packets.append(packet)
        return packets

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


def _unstuffed(stuffed: bytes) -> bytes | None:
    body, rest = bytearray(), iter(stuffed)
    for byte in rest:
        if byte == _ESCAPE:
            following = next(rest, None)
            if following is None:
                return None
            body.append(following ^ _KEY)
        else:
            body.append(byte)
    return bytes(body)


def _crc(data: bytes) -> int:
    """Return CRC-16/XMODEM: polynomial 0x1021, begun with 0, not reflected."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc
