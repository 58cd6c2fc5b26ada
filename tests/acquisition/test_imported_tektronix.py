"""Tektronix' files: reference waveforms that Tektronix' own package wrote, others by hand, and what is left of them."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.acquisition.importers import Told, read_capture_file
from rig.errors import UnreadableFile
from rig.units import Unit
from tests.acquisition.damaged import FLIPS, answer, cut_at_every_length, flipped

SAMPLES = Path(__file__).parent / "samples"
CODES = [-32768, -3, 0, 5, 32767, 100]


def wfm(
    codes: list[int],
    *,
    version: int = 3,
    order: str = "<",
    unit: bytes = b"V",
    time_unit: bytes = b"s",
    interval: float = 2e-6,
    kind: int = 0,
    storage: int = 0,
    width: int = 2,
    frames: int = 0,
    data_type: int = 2,
    curves: int = 1,
    points: int | None = None,
    record: tuple[int, int] | None = None,
) -> bytes:
    """Two points before the record and one after it, which belong to nobody."""
    explicit, implicit, curve, length = {1: (166, 478, 790, 820), 2: (168, 480, 792, 822), 3: (168, 488, 808, 838)}[
        version
    ]
    header = bytearray(length)
    header[:2] = b"\x0f\x0f" if order == "<" else b"\xf0\xf0"
    header[2:10] = b":WFM#%03d" % version
    struct.pack_into(order + "Bi", header, 15, width, length)
    header[40:43] = b"Ref"
    struct.pack_into(order + "I", header, 72, frames)
    struct.pack_into(order + "i", header, 122, data_type)
    struct.pack_into(order + "I", header, 142, curves)
    struct.pack_into(order + "ddI20s", header, explicit, 0.25, 1.5, 0, unit)
    struct.pack_into(order + "ii", header, explicit + 72, kind, storage)
    whole = len(codes) + 3
    count = whole if points is None else points
    struct.pack_into(order + "ddI20s", header, implicit, interval, -4e-6, count, time_unit)
    begin, end = record or (2 * 2, 2 * (len(codes) + 2))
    struct.pack_into(order + "5I", header, curve + 10, 0, begin, end, 2 * whole, 2 * whole)
    return bytes(header) + np.array([9999, 9999, *codes, 9999], order + "i2").tobytes()


ISF = (
    b':WFMPRE:BYT_NR 2;BIT_NR 16;ENCDG BIN;BN_FMT RI;BYT_OR MSB;WFID "Ch1, DC coupling; 1.0V/div, 6 points";NR_PT 6;'
    b'PT_FMT Y;XUNIT "s";XINCR 2.0E-6;XZERO -4.0E-6;PT_OFF 0;YUNIT "V";YMULT 2.5E-1;YOFF 1.0E1;YZERO 4.0E0;:CURVE #212'
)
ISF_DATA = np.array(CODES, ">i2").tobytes()
SHORT = (
    b'BYT_N 1;BIT_N 8;ENC BIN;BN_F RP;BYT_O LSB;WFI "Ch2, AC";NR_P 4;PT_F Y;XUN "s";XIN 1e-3;XZE 0;PT_O 2;'
    b'YUN "A";YMU 0.5;YOF 128;YZE 0;:CURV #14' + bytes([128, 130, 126, 255])
)  # fmt: skip


def _file(folder: Path, content: bytes, name: str = "tek.bin") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("kind", "codes", "rails"),
    [
        ("int16", CODES, (-32768, 32767)),
        ("int8", [-128, -3, 0, 5, 127, 100], (-128, 127)),
        ("float32", [-0.5, 0.25, 3.0, 0.001, 2.0, 7.0], None),
    ],
)
def test_what_tektronix_own_package_wrote(kind: str, codes: list[float], rails: tuple[float, float] | None) -> None:
    read = read_capture_file(SAMPLES / f"tektronix-{kind}.wfm")
    wave = read.waveform()
    assert read.kind == "Tektronix WFM#003"
    assert wave.values() == pytest.approx([0.25 * code + 1.5 for code in codes])
    assert wave.times() == pytest.approx([-4e-6, -2e-6, 0, 2e-6, 4e-6, 6e-6], abs=1e-15)
    assert (wave.unit, wave.rails) == (Unit.VOLT, rails)
    assert str(wave.samples.dtype) == (kind if rails else "float64")


def test_the_table_that_tektronix_own_package_wrote() -> None:
    read = read_capture_file(SAMPLES / "tektronix-table.csv")
    wave = read.waveform("CH1")
    assert read.kind == "Tektronix CSV"
    assert wave.values() == pytest.approx([0.25 * code + 1.5 for code in CODES])
    assert wave.times() == pytest.approx([-4e-6, -2e-6, 0, 2e-6, 4e-6, 6e-6], abs=1e-15)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("version", [1, 2, 3])
def test_older_versions_and_the_other_byte_order(tmp_path: Path, version: int, order: str) -> None:
    from RigolWFM import tek  # noqa: PLC0415 - a large package

    path = _file(tmp_path, wfm(CODES, version=version, order=order))
    wave = read_capture_file(path).waveform("Ref")
    assert wave.values() == pytest.approx([0.25 * code + 1.5 for code in CODES])
    other = tek.from_file(str(path)).header
    assert wave.values() == pytest.approx(other.channel_data[0])
    assert (wave.interval, wave.start) == (other.x_increment, other.x_origin)


def test_eight_bits_in_sixteen_clip_at_their_own_end(tmp_path: Path) -> None:
    assert read_capture_file(_file(tmp_path, wfm([256, 32512, 0]))).waveform().rails == (-32768, 32512)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (wfm(CODES).replace(b"WFM#003", b"WFM#009"), r"header at 0x2: version WFM#009 is not understood, only WFM#001"),
        (wfm(CODES, frames=4), r"holds 5 frames \(FastFrame\)"),
        (wfm(CODES, data_type=6), r"no analog waveform but data of type 6"),
        (wfm(CODES, curves=2), r"holds 2 curves"),
        (wfm(CODES, kind=9), r"points of format 9"),
        (wfm(CODES, storage=1), r"points stored as type 1"),
        (wfm(CODES, width=4), r"points of 4 bytes in a format of 2"),
        (wfm(CODES, unit=b"dBm"), r"'dBm' is not a unit of voltage or current"),
        (wfm(CODES, unit=b""), r"does not say the unit; tell it with --unit"),
        (wfm(CODES, time_unit=b"Hz"), r"points are 'Hz' apart, not seconds"),
        (wfm(CODES, interval=0.0), r"the sample interval cannot be 0.0"),
        (wfm(CODES, points=77), r"77 points, but the record holds 6"),
        (wfm(CODES, record=(8, 4)), r"a record from byte 8 to 4 of a curve of 18 bytes at 0x346 makes no sense"),
        (wfm(CODES, record=(0, 400)), r"makes no sense"),
        (wfm(CODES, record=(4, 6), points=1), r"1 samples are no waveform"),
        (wfm(CODES)[:-4], r"truncated: the header promises 856 bytes, the file holds 852"),
    ],
)
def test_reference_waveforms_that_cannot_be_read_are_named(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(UnreadableFile, match=message):
        read_capture_file(_file(tmp_path, content)).waveform()


def test_isf(tmp_path: Path) -> None:
    read = read_capture_file(_file(tmp_path, ISF + ISF_DATA + b"\n"))
    wave = read.waveform()
    assert (read.kind, read.channels) == ("Tektronix ISF", ("Ch1",))
    assert wave.values() == pytest.approx([4 + 0.25 * (code - 10) for code in CODES])
    assert wave.times() == pytest.approx([-4e-6, -2e-6, 0, 2e-6, 4e-6, 6e-6], abs=1e-15)
    assert (wave.unit, wave.rails, str(wave.samples.dtype)) == (Unit.VOLT, (-32768, 32767), "int16")


def test_isf_with_short_names_and_unsigned_codes(tmp_path: Path) -> None:
    wave = read_capture_file(_file(tmp_path, SHORT)).waveform("Ch2")
    assert wave.values().tolist() == [0.0, 1.0, -1.0, 63.5]
    assert (wave.unit, wave.start, wave.interval, wave.rails) == (Unit.AMPERE, -2e-3, 1e-3, (0, 255))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"ENCDG BIN", b"ENCDG ASC", r"ENC 'ASC' is not understood, only BIN, BINARY"),
        (b"PT_FMT Y", b"PT_FMT ENV", r"PT_F 'ENV' is not understood"),
        (b"BN_FMT RI", b"BN_FMT XX", r"BN_F 'XX' is not understood, only RI, RP, FP"),
        (b"BYT_NR 2", b"BYT_NR 3", r"points of 3 bytes in format RI"),
        (b"NR_PT 6", b"NR_PT 7", r"NR_PT 7 points, but the curve's block holds 6"),
        (b'XUNIT "s"', b'XUNIT "Hz"', r"points are 'Hz' apart"),
        (b"XINCR 2.0E-6", b"XINCR 0", r"XIN cannot be '0'"),
        (b"XINCR 2.0E-6", b"XINCR nan", r"XIN cannot be 'nan'"),
        (b"XINCR 2.0E-6;", b"", r"the header has no field XIN"),
        (b'YUNIT "V"', b'YUNIT "W"', r"'W' is not a unit of voltage or current"),
        (b'YUNIT "V"', b'YUNIT ""', r"tell it with --unit"),
        (b"#212", b"#213", r"truncated: the curve's block promises 13 bytes, the file holds 12"),
        (b"#212", b"#211", r"a block of 11 bytes does not hold points of 2 bytes"),
        (b"#212", b"#x12", r"the length of the curve's block is not there"),
        (b":CURVE #212", b":CURVE ", r"no binary curve follows the header"),
    ],
)
def test_isf_that_cannot_be_read_is_named(tmp_path: Path, old: bytes, new: bytes, message: str) -> None:
    with pytest.raises(UnreadableFile, match=message):
        read_capture_file(_file(tmp_path, ISF.replace(old, new) + ISF_DATA)).waveform()


def test_a_person_may_tell_the_unit_but_not_another_one(tmp_path: Path) -> None:
    path = _file(tmp_path, ISF.replace(b'YUNIT "V"', b'YUNIT ""') + ISF_DATA)
    assert read_capture_file(path, Told(unit=Unit.AMPERE)).waveform().unit is Unit.AMPERE
    whole = _file(tmp_path, ISF + ISF_DATA)
    with pytest.raises(UnreadableFile, match="the unit is 'V', --unit says A"):
        read_capture_file(whole, Told(unit=Unit.AMPERE)).waveform()
    with pytest.raises(UnreadableFile, match="samples are 2e-06 s apart, --interval says 1 s"):
        read_capture_file(whole, Told(interval=1.0)).waveform()


@pytest.mark.parametrize("content", [wfm(CODES), ISF + ISF_DATA, SHORT], ids=["wfm", "isf", "short"])
def test_a_cut_file_is_refused_wherever_it_was_cut(tmp_path: Path, content: bytes) -> None:
    cut_at_every_length(tmp_path / "tek.wfm", content)


@settings(max_examples=200, deadline=None)
@given(flips=FLIPS, content=st.sampled_from([wfm(CODES), wfm(CODES, version=1, order=">"), ISF + ISF_DATA, SHORT]))
def test_any_flipped_byte_gives_a_waveform_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, flips: list[tuple[float, int]], content: bytes
) -> None:
    answer(_file(tmp_path_factory.mktemp("flip"), flipped(content, flips, len(content))))
