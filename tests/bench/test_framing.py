"""ScienceMode frames against recorded vectors, and in any pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.bench.stimulators.framing import FrameReader, Packet, encode

VECTORS = [
    (1, 52, "", "f0 81 55 81 59 81 ef 81 46 04 34 0f"),
    (1, 53, "00 31 32 33 34 35 36 37 38 39 30", "f0 81 55 81 42 81 d4 81 88 04 35 00 31 32 33 34 35 36 37 38 39 30 0f"),
    (4, 0, "00", "f0 81 55 81 58 81 16 81 36 10 00 00 0f"),
    (4, 1, "00", "f0 81 55 81 58 81 25 81 07 10 01 00 0f"),
    (5, 2, "82 0c 85 50 00 06 44 b0 00 0c 84 10 00",
     "f0 81 55 81 4c 81 75 81 0b 14 02 82 0c 85 50 00 06 44 b0 00 0c 84 10 00 0f"),
    (5, 3, "0a 11 00", "f0 81 55 81 5a 81 b4 81 56 14 03 0a 11 00 0f"),
    (11, 2, "80 0f 04 b0 00", "f0 81 55 81 47 81 dc 81 95 2c 02 80 81 5a 04 b0 00 0f"),
    (7, 31, "00", "f0 81 55 81 58 81 70 81 1a 1c 1f 00 0f"),
    (8, 32, "01 23 00 50 0c 85 50 00 06 44 b0 00 0c 84 10 00",
     "f0 81 55 81 49 81 3a 81 3b 20 20 01 23 00 50 0c 85 50 00 06 44 b0 00 0c 84 10 00 0f"),
    (8, 33, "02", "f0 81 55 81 58 81 c6 81 06 20 21 02 0f"),
    (9, 36, "04", "f0 81 55 81 58 81 85 81 f5 24 24 04 0f"),
    (9, 37, "00 04 01 00 01 00 00", "f0 81 55 81 46 81 c6 81 50 24 25 00 04 01 00 01 00 00 0f"),
    (10, 34, "", "f0 81 55 81 59 81 de 81 3a 28 22 0f"),
    (10, 35, "00", "f0 81 55 81 58 81 29 81 87 28 23 00 0f"),
    (3, 63, "00 03 06", "f0 81 55 81 5a 81 13 81 ec 0c 3f 00 03 06 0f"),
    (12, 55, "00 57 1c e8", "f0 81 55 81 45 81 f0 81 85 30 37 00 57 1c e8 0f"),
]  # fmt: skip

packets = st.builds(
    Packet, number=st.integers(0, 63), command=st.integers(0, 1023), data=st.binary(max_size=60)
)  # fmt: skip


@pytest.mark.parametrize(("number", "command", "data", "frame"), VECTORS)
def test_recorded_frames_both_ways(number: int, command: int, data: str, frame: str) -> None:
    packet = Packet(number=number, command=command, data=bytes.fromhex(data))
    assert encode(packet).hex(" ") == frame
    assert FrameReader().feed(bytes.fromhex(frame)) == [packet]


@given(packets, st.integers(0, 150))
def test_any_packet_in_two_pieces(packet: Packet, cut: int) -> None:
    frame, reader = encode(packet), FrameReader()
    assert reader.feed(frame[:cut]) + reader.feed(frame[cut:]) == [packet]


@given(packets, st.binary(max_size=40).filter(lambda noise: 0x81 not in noise))
def test_noise_before_a_frame_does_not_hide_it(packet: Packet, noise: bytes) -> None:
    assert FrameReader().feed(noise + encode(packet)) [-1:] == [packet]  # fmt: skip


@given(packets, st.data())
def test_any_single_damaged_byte_is_found_out(packet: Packet, data: st.DataObject) -> None:
    """A damaged frame is never taken for another packet, and a good one after it is heard."""
    frame = bytearray(encode(packet))
    index = data.draw(st.integers(0, len(frame) - 1))
    frame[index] ^= data.draw(st.integers(1, 255))
    reader = FrameReader()
    assert reader.feed(bytes(frame)) in ([], [packet])
    good = Packet(number=1, command=52)
    reader.reset()
    assert reader.feed(encode(good)) == [good]


def test_endless_garbage_is_forgotten() -> None:
    reader = FrameReader()
    assert reader.feed(b"\xf0" + b"\x42" * 5000) == []
    assert len(reader._finder._frame) <= 1200
