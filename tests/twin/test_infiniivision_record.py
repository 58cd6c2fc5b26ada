"""From converter codes to the bytes of a waveform block: every code, every format, the special ones included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.twin.devices.infiniivision_record import encode, preamble, words
from rig.twin.devices.infiniivision_settings import ChannelSettings, Readout, Settings

SETTINGS = Settings(channels={1: ChannelSettings(label="1", range=8.0, offset=0.5)})
CODES = np.arange(-128, 128, dtype=np.int32)
NEVER = np.zeros(256, dtype=np.bool_)


def test_every_code_of_eight_bits_has_its_byte() -> None:
    holes = NEVER.copy()
    holes[100] = True
    data = words(CODES, 8, clipped_low=NEVER, clipped_high=NEVER, holes=holes)
    octets = encode(data, Readout(format="BYTE"), SETTINGS)
    expected = bytearray(range(256))
    expected[0], expected[100] = 1, 0
    assert octets == bytes(expected)
    assert 0x0A in octets


def test_words_are_left_justified_in_either_byte_order() -> None:
    data = words(CODES, 8, clipped_low=NEVER, clipped_high=NEVER, holes=NEVER)
    big = encode(data, Readout(format="WORD"), SETTINGS)
    little = encode(data, Readout(format="WORD", most_significant_first=False), SETTINGS)
    assert big[256:258] == b"\x80\x00"
    assert little[256:258] == b"\x00\x80"
    assert np.array_equal(np.frombuffer(big, ">u2"), np.frombuffer(little, "<u2"))
    assert (big[:2], big[-2:]) == (b"\x00\x01", b"\xff\xff")


@pytest.mark.parametrize("form", ["BYTE", "WORD"])
def test_signed_is_unsigned_less_half(form: str) -> None:
    data = words(CODES, 8, clipped_low=NEVER, clipped_high=NEVER, holes=NEVER)
    kind = {"BYTE": ("u1", "i1", 128), "WORD": (">u2", ">i2", 32768)}[form]
    unsigned = np.frombuffer(encode(data, Readout(format=form), SETTINGS), kind[0]).astype(int)
    signed = np.frombuffer(encode(data, Readout(format=form, unsigned=False), SETTINGS), kind[1]).astype(int)
    assert np.array_equal(signed, unsigned - kind[2])
    assert preamble(SETTINGS, Readout(format=form, unsigned=False)).y_reference == 0


def test_a_hole_reads_as_no_value_in_text() -> None:
    data = words(CODES[:1], 8, clipped_low=NEVER[:1], clipped_high=NEVER[:1], holes=np.array([True]))
    assert encode(data, Readout(format="ASC"), SETTINGS) == b"+9.90000E+37"


@given(st.lists(st.integers(-2048, 2047), min_size=1, max_size=50), st.sampled_from([8, 12]))
def test_the_special_codes_are_never_values(numbers: list[int], bits: int) -> None:
    codes = np.clip(numbers, -(1 << bits - 1), (1 << bits - 1) - 1).astype(np.int32)
    none = np.zeros(len(codes), dtype=np.bool_)
    data = words(codes, bits, clipped_low=none, clipped_high=none, holes=none)
    octets = np.frombuffer(encode(data, Readout(format="BYTE"), SETTINGS), np.uint8)
    assert not np.any(data == 0)
    assert not np.any(octets == 0)
    assert np.array_equal(octets == 1, data == 1)
    assert np.array_equal(octets == 0xFF, data == 0xFFFF)


@given(st.floats(2e-8, 500.0), st.integers(1, 1_000_000), st.sampled_from(["NORM", "RAW", "MAX"]))
def test_a_record_spans_its_window_and_never_exceeds_what_was_asked(window: float, points: int, mode: str) -> None:
    settings = Settings(channels=SETTINGS.channels, window=window)
    pre = preamble(settings, Readout(points=points, mode=mode))
    assert 1 <= pre.points <= points
    assert settings.depth <= 1_000_000
    assert settings.depth / settings.sample_rate == pytest.approx(window, rel=0.05)
    assert pre.points * pre.x_increment <= window * 1.05
    assert mode != "NORM" or pre.points <= 62_500
