"""Keysight's and Rigol's binary waveforms, written by hand from the guides, and read by another reader."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.acquisition.importers import read_capture_file
from rig.errors import UnreadableFile
from rig.units import Unit
from tests.acquisition.damaged import FLIPS, answer, cut_at_every_length, flipped

VALUES = [0.5, -1.25, 3.0, 0.125]


def waveform(
    values: list[float],
    *,
    label: str = "1",
    unit: int = 1,
    interval: float = 2e-6,
    segment: int = 0,
    kinds: tuple[int, ...] = (1,),
    type_: int = 1,
    time_unit: int = 2,
    points: int | None = None,
    wide: bool = False,
) -> bytes:
    header = struct.pack("<5If3d2I", 140, type_, len(kinds), len(values) if points is None else points, 1,
                         1e-3, -4e-6, interval, -4e-6, time_unit, unit)  # fmt: skip
    header += struct.pack(
        "<16s16s24s16sdI", b"22 NOV 2026", b"12:00:00", b"MSO-X 3104T:MY1", label.encode(), 0.0, segment
    )
    data = np.array(values, "<f4").tobytes()
    for kind in kinds:
        size = struct.pack("<Q" if wide else "<I", len(data))
        header += struct.pack("<IHH", 16 if wide else 12, kind, 4) + size + data
    return header


def file(*waveforms: bytes, cookie: bytes = b"AG10", count: int | None = None) -> bytes:
    body = b"".join(waveforms)
    wide = cookie[2:] == b"03"
    size = (16 if wide else 12) + len(body)
    return cookie + struct.pack("<QI" if wide else "<II", size, len(waveforms) if count is None else count) + body


def _read(folder: Path, content: bytes) -> Path:
    path = folder / "scope.bin"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("cookie", [b"AG01", b"AG10", b"AG03"])
def test_one_channel(tmp_path: Path, cookie: bytes) -> None:
    read = read_capture_file(_read(tmp_path, file(waveform(VALUES, wide=cookie == b"AG03"), cookie=cookie)))
    wave = read.waveform()
    assert (read.kind, read.channels) == (f"Keysight binary {cookie[2:].decode()}", ("1",))
    assert wave.values().tolist() == VALUES
    assert wave.samples.dtype == np.float64
    assert (wave.interval, wave.start, wave.unit) == (2e-6, -4e-6, Unit.VOLT)


def test_channels_units_segments_and_digital_ones(tmp_path: Path) -> None:
    content = file(
        waveform(VALUES, label="1"),
        waveform([2.0, 4.0], label="2", unit=4, segment=3),
        waveform([1.0, 1.0], label="D0", type_=6),
        waveform(VALUES, label="1"),
    )
    read = read_capture_file(_read(tmp_path, content))
    assert read.channels == ("1", "2.3", "1#2")
    assert read.waveform("2.3").unit is Unit.AMPERE
    assert read.waveform("2.3").values().tolist() == [2.0, 4.0]
    assert read.notes == ("1 digital channels left out",)
    with pytest.raises(
        UnreadableFile, match=r"scope.bin: has several channels, 1, 2.3, 1#2; choose one with --channel"
    ):
        read.waveform()


@pytest.mark.parametrize("cookie", [b"AG10", b"RG01", b"RG03"])
def test_an_independent_reader_reads_the_same(tmp_path: Path, cookie: bytes) -> None:
    from RigolWFM import agilent_agxx_bin, rigol_dho800_1000_bin, rigol_mso5000_bin  # noqa: PLC0415 - a large package

    wide = cookie == b"RG03"
    path = _read(tmp_path, file(waveform(VALUES, label="CH1", wide=wide), cookie=cookie))
    reader = {
        b"AG10": agilent_agxx_bin.AgilentAgxxBin,
        b"RG01": rigol_mso5000_bin.RigolMso5000Bin,
        b"RG03": rigol_dho800_1000_bin.RigolDho8001000Bin,
    }[cookie]
    other = reader.from_bytes(path.read_bytes()).waveforms[0]
    data = other.samples.values if wide else other.buffers[0].data_raw if cookie == b"AG10" else other.data_raw
    ours = read_capture_file(path).waveform()
    assert ours.values().tolist() == (list(data) if wide else np.frombuffer(data, "<f4").tolist())
    assert ours.interval == other.wfm_header.x_increment
    assert read_capture_file(path).kind.startswith("Keysight" if cookie[:1] == b"A" else "Rigol")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (file(waveform(VALUES), cookie=b"AG77"), r"header at 0x2: Keysight binary version 77 is not understood, only"),
        (file(waveform(VALUES), count=0), r"header at 0x8: 0 waveforms"),
        (file(waveform(VALUES), count=2), r"truncated"),
        (file(waveform(VALUES, kinds=(2, 3))), r"1: holds the greatest and least values of intervals \(peak detect\)"),
        (file(waveform(VALUES, kinds=(4,))), r"1: buffers of kind 4 are not understood"),
        (file(waveform(VALUES, unit=5)), r"1: 'dB' is not a unit of voltage or current"),
        (file(waveform(VALUES, unit=0)), r"1: the file does not say the unit; tell it with --unit, V or A"),
        (file(waveform(VALUES, unit=77)), r"1: 'unit 77' is not a unit"),
        (file(waveform(VALUES, time_unit=6)), r"1: its samples do not follow each other in time"),
        (file(waveform(VALUES, interval=0.0)), r"the sample interval cannot be 0.0"),
        (file(waveform(VALUES, interval=float("nan"))), r"the sample interval cannot be nan"),
        (file(waveform(VALUES, points=9)), r"1: 9 points of 4 bytes do not fill a buffer of 16 bytes"),
        (file(waveform([1.0])), r"1 samples are no waveform"),
        (file(waveform(VALUES, type_=6)), r"holds digital channels alone"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(UnreadableFile, match=message):
        read_capture_file(_read(tmp_path, content)).waveform()


def test_a_signalling_nan_is_left_to_whoever_inspects_the_samples(tmp_path: Path) -> None:
    content = file(waveform(VALUES))[:-4] + b"\x01\x00\x80\x7f"
    assert np.isnan(read_capture_file(_read(tmp_path, content)).waveform().samples[-1])


@pytest.mark.parametrize("cookie", [b"AG10", b"AG03", b"RG01"])
def test_a_cut_file_is_refused_wherever_it_was_cut(tmp_path: Path, cookie: bytes) -> None:
    wide = cookie[2:] == b"03"
    content = file(waveform(VALUES, wide=wide), waveform(VALUES, label="2", wide=wide), cookie=cookie)
    cut_at_every_length(tmp_path / "scope.bin", content)


@settings(max_examples=150, deadline=None)
@given(flips=FLIPS, wide=st.booleans())
def test_any_flipped_byte_gives_a_waveform_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, flips: list[tuple[float, int]], *, wide: bool
) -> None:
    content = file(waveform(VALUES, wide=wide), cookie=b"AG03" if wide else b"AG10")
    answer(_read(tmp_path_factory.mktemp("flip"), flipped(content, flips, len(content))))
