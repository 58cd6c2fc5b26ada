"""The published byte vectors of ScienceMode 3/4, and what a stream may do to frames."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.twin.devices.sciencemode_frames import FrameReader, Packet, decode, encode

VECTORS = [
    ("f0 81 55 81 59 81 ef 81 46 04 34 0f", 1, 52, ""),
    ("f0 81 55 81 42 81 d4 81 88 04 35 00 31 32 33 34 35 36 37 38 39 30 0f", 1, 53, "00 31 32 33 34 35 36 37 38 39 30"),
    ("f0 81 55 81 58 81 16 81 36 10 00 00 0f", 4, 0, "00"),
    ("f0 81 55 81 58 81 25 81 07 10 01 00 0f", 4, 1, "00"),
    (
        "f0 81 55 81 4c 81 75 81 0b 14 02 82 0c 85 50 00 06 44 b0 00 0c 84 10 00 0f",
        5,
        2,
        "82 0c 85 50 00 06 44 b0 00 0c 84 10 00",
    ),
    ("f0 81 55 81 5a 81 b4 81 56 14 03 0a 11 00 0f", 5, 3, "0a 11 00"),
    ("f0 81 55 81 47 81 dc 81 95 2c 02 80 81 5a 04 b0 00 0f", 11, 2, "80 0f 04 b0 00"),
    ("f0 81 55 81 58 81 70 81 1a 1c 1f 00 0f", 7, 31, "00"),
    (
        "f0 81 55 81 49 81 3a 81 3b 20 20 01 23 00 50 0c 85 50 00 06 44 b0 00 0c 84 10 00 0f",
        8,
        32,
        "01 23 00 50 0c 85 50 00 06 44 b0 00 0c 84 10 00",
    ),
    ("f0 81 55 81 58 81 c6 81 06 20 21 02 0f", 8, 33, "02"),
    ("f0 81 55 81 58 81 85 81 f5 24 24 04 0f", 9, 36, "04"),
    ("f0 81 55 81 46 81 c6 81 50 24 25 00 04 01 00 01 00 00 0f", 9, 37, "00 04 01 00 01 00 00"),
    ("f0 81 55 81 59 81 de 81 3a 28 22 0f", 10, 34, ""),
    ("f0 81 55 81 58 81 29 81 87 28 23 00 0f", 10, 35, "00"),
    ("f0 81 55 81 5a 81 13 81 ec 0c 3f 00 03 06 0f", 3, 63, "00 03 06"),
    ("f0 81 55 81 45 81 f0 81 85 30 37 00 57 1c e8 0f", 12, 55, "00 57 1c e8"),
]

packets = st.builds(Packet, number=st.integers(0, 63), command=st.integers(0, 1023), data=st.binary(max_size=300))


@pytest.mark.parametrize(("frame", "number", "command", "data"), VECTORS)
def test_published_vectors_both_ways(frame: str, number: int, command: int, data: str) -> None:
    packet = Packet(number=number, command=command, data=bytes.fromhex(data))
    assert encode(packet) == bytes.fromhex(frame)
    assert decode(bytes.fromhex(frame)) == packet


@given(packets)
def test_what_is_encoded_is_decoded(packet: Packet) -> None:
    assert decode(encode(packet)) == packet


@given(st.lists(packets, min_size=1, max_size=4), st.integers(1, 40))
def test_frames_survive_any_cutting_of_the_stream(sent: list[Packet], size: int) -> None:
    stream = b"".join(encode(packet) for packet in sent)
    reader = FrameReader()
    received = [p for k in range(0, len(stream), size) for p in reader.feed(stream[k : k + size])]
    assert received == sent


@given(st.binary(max_size=60).filter(lambda noise: not noise.endswith(b"\x81")), packets)
def test_noise_before_a_frame_does_not_swallow_it(noise: bytes, packet: Packet) -> None:
    assert FrameReader().feed(noise + encode(packet))[-1:] == [packet]


@given(packets, st.data())
def test_a_flipped_bit_never_yields_another_packet(packet: Packet, data: st.DataObject) -> None:
    frame = bytearray(encode(packet))
    place = data.draw(st.integers(0, len(frame) - 1))
    frame[place] ^= 1 << data.draw(st.integers(0, 7))
    assert decode(bytes(frame)) in {None, packet}


@pytest.mark.parametrize("broken", ["", "f00f", "f0" * 2000, "f0815581598" + "1ef814604340f"[1:]])
def test_what_is_no_frame_is_left_out(broken: str) -> None:
    assert FrameReader().feed(bytes.fromhex(broken if len(broken) % 2 == 0 else broken + "0")) == []
