"""LeCroy's waveforms, written by hand from the instrument's own template, and read by another reader."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from rig.acquisition.importers import read_capture_file
from rig.errors import UnreadableFile
from rig.units import Unit
from tests.acquisition.damaged import FLIPS, answer, cut_at_every_length, flipped

CODES = [-32768, -3, 0, 5, 32767, 100]


def trc(
    codes: list[int],
    *,
    order: str = "<",
    width: int = 2,
    template: bytes = b"LECROY_2_3",
    prefix: bytes = b"",
    text: bytes = b"",
    **fields: tuple[str, int, Any],
) -> bytes:
    """``fields``: the form of a field, its place, and its value, to be written last."""
    data = np.array(codes, f"{order}i{width}").tobytes()
    header = bytearray(346)
    header[0:8], header[16 : 16 + len(template)] = b"WAVEDESC", template
    struct.pack_into(order + "HH", header, 32, width - 1, int(order == "<"))
    struct.pack_into(order + "ii", header, 36, 346, len(text))
    struct.pack_into(order + "i", header, 60, len(data))
    header[76:84] = b"LECROYWR"
    struct.pack_into(order + "5i", header, 116, len(codes), len(codes), 0, len(codes) - 1, 0)
    struct.pack_into(order + "i", header, 144, 1)
    struct.pack_into(order + "ff", header, 156, 0.25, -1.5)
    struct.pack_into(order + "fd", header, 176, 0.5, -1.0)
    header[196:197], header[244:245] = b"V", b"S"
    struct.pack_into(order + "H", header, 344, 1)
    for form, place, value in fields.values():
        struct.pack_into(order + form, header, place, value)
    return prefix + bytes(header) + text + data


def _file(folder: Path, content: bytes) -> Path:
    path = folder / "scope.trc"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("width", [1, 2])
def test_codes_of_both_widths_and_orders(tmp_path: Path, order: str, width: int) -> None:
    from RigolWFM import lecroy  # noqa: PLC0415 - a large package

    codes = CODES if width == 2 else [-128, -3, 0, 5, 127, 100]
    path = _file(tmp_path, trc(codes, order=order, width=width, text=b"a note"))
    read = read_capture_file(path)
    wave = read.waveform()
    assert (read.kind, read.channels) == ("LeCroy LECROY_2_3", ("C2",))
    assert wave.values().tolist() == [0.25 * code + 1.5 for code in codes]
    assert (wave.interval, wave.start, wave.unit) == (0.5, -1.0, Unit.VOLT)
    assert wave.rails == pytest.approx((-(1 << (8 * width - 1)), (1 << (8 * width - 1)) - 1))
    assert str(wave.samples.dtype) == f"int{8 * width}"
    other = lecroy.from_file(str(path)).header
    assert wave.values().tolist() == other.channel_data[1].tolist()
    assert (other.x_increment, other.x_origin) == (wave.interval, wave.start)


def test_the_length_that_remote_control_writes_before_it(tmp_path: Path) -> None:
    wave = read_capture_file(_file(tmp_path, trc(CODES, prefix=b"#9000000358"))).waveform()
    assert wave.values().tolist() == [0.25 * code + 1.5 for code in CODES]


def test_only_valid_points_are_samples(tmp_path: Path) -> None:
    wave = read_capture_file(_file(tmp_path, trc(CODES, first=("i", 124, 1), last=("i", 128, 4)))).waveform()
    assert wave.values().tolist() == [0.25 * code + 1.5 for code in CODES[1:5]]
    assert wave.start == -0.5


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            trc(CODES, template=b"LECROY_1_0"),
            r"0x10: template 'LECROY_1_0' is not understood, only LECROY_2",
        ),
        (trc(CODES, order_=("H", 34, 7)), r"the byte order cannot be 0700"),
        (trc(CODES, kind=("H", 32, 2)), r"samples of type 2"),
        (trc(CODES, segments=("i", 144, 20)), r"holds 20 segments of a sequence"),
        (trc(CODES, record=("H", 316, 6)), r"a record of type 6 \(extrema"),
        (trc(CODES, second=("i", 64, 12)), r"a record of type 0"),
        (trc(CODES, processing=("H", 318, 5)), r"the processing had no result"),
        (trc(CODES, unit=("1s", 196, b"W")), r"header at 0xC4: 'W' is not a unit of voltage or current"),
        (trc(CODES, unit=("1s", 196, b"")), r"tell it with --unit"),
        (trc(CODES, time=("2s", 244, b"Hz")), r"points are 'Hz' apart, not seconds"),
        (trc(CODES, interval=("f", 176, 0.0)), r"the sample interval cannot be 0.0"),
        (trc(CODES, gain=("f", 156, float("inf"))), r"the vertical gain cannot be inf"),
        (trc(CODES, size=("i", 60, 8)), r"6 points of 2 bytes do not fill 8 bytes"),
        (trc(CODES, blocks=("i", 48, -4)), r"make no sense"),
        (trc(CODES, valid=("i", 128, 6)), r"valid points from 0 to 6 of 6 make no sense"),
        (trc(CODES)[:-2], r"truncated: the header promises 6 samples, the file holds 5"),
        (trc(CODES)[:200], r"truncated: 200 bytes do not hold the descriptor"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(UnreadableFile, match=message):
        read_capture_file(_file(tmp_path, content)).waveform()


def test_a_cut_file_is_refused_wherever_it_was_cut(tmp_path: Path) -> None:
    cut_at_every_length(tmp_path / "scope.trc", trc(CODES, prefix=b"#9000000358"))


@settings(max_examples=200, deadline=None)
@given(flips=FLIPS)
def test_any_flipped_byte_gives_a_waveform_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, flips: list[tuple[float, int]]
) -> None:
    content = trc(CODES)
    answer(_file(tmp_path_factory.mktemp("flip"), flipped(content, flips, len(content))))
