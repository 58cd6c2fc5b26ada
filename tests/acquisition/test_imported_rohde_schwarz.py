"""Rohde & Schwarz' exports in two files, written by hand, and read by another reader."""

from __future__ import annotations

import gc
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.acquisition.importers import Told, read_capture_file
from rig.errors import UnreadableFile
from rig.units import Unit
from tests.acquisition.damaged import FLIPS, answer, flipped

VOLT = Told(unit=Unit.VOLT)
PROPERTIES = {
    "SignalFormat": "eRS_SIGNAL_FORMAT_FLOAT",
    "TraceType": "eRS_TRACE_TYPE_NORMAL",
    "NumberOfAcquisitions": "1",
    "TimestampState": "eRS_ONOFF_OFF",
    "MultiChannelExport": "eRS_ONOFF_OFF",
    "Source": "eRS_SIGNAL_SOURCE_CH2_TR1",
    "SignalHardwareRecordLength": "6",
    "RecordLength": "4",
    "LeadingSettlingSamples": "1",
    "XStart": "-4e-06",
    "XStop": "4e-06",
    "NofQuantisationLevels": "250",
    "VerticalScale": '0.5" StepFactor="10',
    "VerticalOffset": "1.5",
    "VerticalPosition": "-2",
}
SEVERAL = {
    "MultiChannelExport": "eRS_ONOFF_ON",
    "MultiChannelExportState": '" I_0="eRS_ONOFF_ON" I_1="eRS_ONOFF_OFF" I_2="eRS_ONOFF_ON" I_3="eRS_ONOFF_OFF',
    "MultiChannelSource": '" I_0="eRS_SIGNAL_SOURCE_CH1_TR1" I_1="" I_2="eRS_SIGNAL_SOURCE_CH3_TR1" I_3="',
    "MultiChannelVerticalScale": '" StepFactor="10" I_0="0.5" I_1="1" I_2="1.0" I_3="1',
    "MultiChannelVerticalPosition": '" I_0="0" I_1="0" I_2="1" I_3="0',
    "MultiChannelVerticalOffset": '" I_0="0" I_1="0" I_2="0.25" I_3="0',
}
VALUES = [99.0, 0.5, -1.25, 3.0, 0.125, 99.0]
CODES = [99, 1, -2, 3, 127, 99]


def xml(**changed: str) -> str:
    entries = {name: value for name, value in (PROPERTIES | changed).items() if value != "absent"}
    lines = "".join(f'<Prop Name="{name}" Value="{value}" />\n' for name, value in entries.items())
    return f'<?xml version="1.0" encoding="utf-8"?>\n<Database><Group Name="Export">\n{lines}</Group></Database>\n'


def payload(values: object, kind: str = "<f4", code: int = 4, length: int = 6) -> bytes:
    return struct.pack("<II", code, length) + np.array(values, kind).tobytes()


def export(folder: Path, properties: str, samples: bytes | None, suffix: str = ".bin") -> Path:
    path = folder / f"pulse{suffix}"
    path.write_text(properties, encoding="utf-8")
    if samples is not None:
        (folder / f"pulse.Wfm{suffix}").write_bytes(samples)
    return path


@pytest.mark.parametrize("named", ["pulse.bin", "pulse.Wfm.bin"])
def test_floats_of_one_channel(tmp_path: Path, named: str) -> None:
    export(tmp_path, xml(), payload(VALUES))
    read = read_capture_file(tmp_path / named, VOLT)
    wave = read.waveform()
    assert (read.kind, read.channels) == ("Rohde & Schwarz binary", ("CH2",))
    assert wave.values().tolist() == VALUES[1:5]
    assert wave.times() == pytest.approx([-4e-6, -2e-6, 0, 2e-6], abs=1e-15)
    assert read.notes == ("samples from pulse.Wfm.bin; the hash is of both files, one after the other",)
    (tmp_path / "pulse.Wfm.bin").write_bytes(payload([0.0] * 6))
    assert read_capture_file(tmp_path / named).sha256 != read.sha256


def test_the_unit_is_told_or_said(tmp_path: Path) -> None:
    path = export(tmp_path, xml(), payload(VALUES))
    with pytest.raises(UnreadableFile, match=r"pulse.bin: the file does not say the unit; tell it with --unit"):
        read_capture_file(path).waveform()
    path = export(tmp_path, xml(BaseUnit="eRS_UNIT_A"), payload(VALUES))
    assert read_capture_file(path).waveform().unit is Unit.AMPERE
    path = export(tmp_path, xml(BaseUnit="eRS_UNIT_DB"), payload(VALUES))
    with pytest.raises(UnreadableFile, match="'DB' is not a unit"):
        read_capture_file(path).waveform()


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the other reader leaves its file to the collector
@pytest.mark.parametrize(("name", "kind", "code"), [("INT8BIT", "i1", 0), ("INT16BIT", "<i2", 1)])
def test_codes_of_one_channel_and_of_two(tmp_path: Path, name: str, kind: str, code: int) -> None:
    from RigolWFM import rohde_schwarz  # noqa: PLC0415 - a large package

    format_ = f"eRS_SIGNAL_FORMAT_{name}"
    path = export(tmp_path, xml(SignalFormat=format_), payload(CODES, kind, code))
    wave = read_capture_file(path, VOLT).waveform()
    # 10 divisions of 0.5 V in 250 levels; an offset of 1.5 V and a position of -2 divisions.
    assert wave.values() == pytest.approx([0.02 * value + 2.5 for value in CODES[1:5]])
    assert str(wave.samples.dtype) == np.dtype(kind).name
    other = rohde_schwarz.from_file(str(path)).header
    assert wave.values() == pytest.approx(other.channel_data[1], rel=1e-6)
    assert (wave.start, wave.interval) == pytest.approx((other.x_origin, other.x_increment))
    gc.collect()

    rows = [[value, -value] for value in CODES]
    path = export(tmp_path, xml(SignalFormat=format_, **SEVERAL), payload(rows, kind, code))
    read = read_capture_file(path, VOLT)
    assert read.channels == ("CH1", "CH3")
    assert read.waveform("CH1").values() == pytest.approx([0.02 * value for value in CODES[1:5]])
    assert read.waveform("CH3").values() == pytest.approx([-0.04 * value - 0.75 for value in CODES[1:5]])


def test_times_that_are_stored(tmp_path: Path) -> None:
    rows = np.zeros(6, dtype=[("time", "<f8"), ("value", "<f4")])
    rows["time"], rows["value"] = np.arange(6) * 1e-3, VALUES
    path = export(tmp_path, xml(SignalFormat="eRS_SIGNAL_FORMAT_XYDOUBLEFLOAT"), payload(rows, rows.dtype.descr, 6))  # type: ignore[arg-type]  # a structure
    wave = read_capture_file(path, VOLT).waveform()
    assert wave.values().tolist() == VALUES[1:5]
    assert (wave.start, wave.interval) == pytest.approx((1e-3, 1e-3))


CSV = (
    "Resolution:2e-06:\r\nRecordLength:4:\r\nXStart:-4e-06:\r\nXStop:4e-06:\r\nSignalHardwareRecordLength:6:\r\n"
    "LeadingSettlingSamples:1:\r\nTraceType:Normal:\r\nSource:Ch2:\r\nBaseUnit:V:\r\n"
)
LINES = b"99\r\n0.5\r\n-1.25\r\n3\r\n1.25e-1\r\n99\r\n"


def test_csv(tmp_path: Path) -> None:
    read = read_capture_file(export(tmp_path, CSV, LINES, ".csv"))
    wave = read.waveform()
    assert (read.kind, read.channels) == ("Rohde & Schwarz CSV", ("CH2",))
    assert wave.values().tolist() == VALUES[1:5]
    assert wave.times() == pytest.approx([-4e-6, -2e-6, 0, 2e-6], abs=1e-15)
    timed = b"".join(b"%e,%s\r\n" % (number * 1e-3, line) for number, line in enumerate(LINES.split()))
    wave = read_capture_file(export(tmp_path, CSV, timed, ".csv")).waveform()
    assert wave.values().tolist() == VALUES[1:5]
    assert wave.interval == pytest.approx(1e-3)


@pytest.mark.parametrize(
    ("properties", "samples", "message"),
    [
        (xml(), None, r"pulse.bin: its samples are missing: there is no pulse.Wfm.bin beside it"),
        (xml(), payload(VALUES)[:-4], r"pulse.Wfm.bin: truncated: 6 samples of each channel are promised, .* holds 5"),
        (xml(), payload([*VALUES, 0.0]), r"pulse.Wfm.bin: holds 7 samples of each channel, where the properties say 6"),
        (xml(), payload(VALUES) + b"x", r"1 bytes more than 6 samples"),
        (xml(), payload(VALUES)[:5], r"5 bytes do not hold the header"),
        (xml(), payload(VALUES, code=1), r"header says format 1 and 6 samples, which are not those of pulse.bin"),
        (xml(), payload(VALUES, length=7), r"header says format 4 and 7 samples"),
        (xml()[:-8], payload(VALUES), r"not the whole properties"),
        ("<?xml version='1.0'?><html></html>", payload(VALUES), r"XML, but not the whole properties"),
        (xml(NumberOfAcquisitions="20"), payload(VALUES), r"holds 20 acquisitions \(history\)"),
        (xml(TimestampState="eRS_ONOFF_ON"), payload(VALUES), r"time stamps among its samples"),
        (xml(TraceType="eRS_TRACE_TYPE_ENVELOPE"), payload(VALUES), r"a trace of type ENVELOPE is no waveform"),
        (xml(SignalFormat="eRS_SIGNAL_FORMAT_INT24"), payload(VALUES), r"samples of format INT24 are not understood"),
        (xml(RecordLength="many"), payload(VALUES), r"RecordLength cannot be 'many'"),
        (xml(RecordLength="6"), payload(VALUES), r"a record of 6 samples after 1 does not fit into 6"),
        (xml(RecordLength="absent"), payload(VALUES), r"the properties have no RecordLength"),
        (xml(XStop="-4e-06"), payload(VALUES), r"the sample interval cannot be 0.0"),
        (xml(XStop="nan"), payload(VALUES), r"XStop cannot be 'nan'"),
        (
            xml(**SEVERAL | {"MultiChannelExportState": ""}),
            payload(VALUES),
            r"no channel was exported",
        ),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, properties: str, samples: bytes | None, message: str) -> None:
    with pytest.raises(UnreadableFile, match=message):
        read_capture_file(export(tmp_path, properties, samples), VOLT).waveform()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (LINES[:-4], r"pulse.Wfm.csv: truncated: 6 samples of each channel are promised, the file holds 5"),
        (b"1,2,3\r\n" * 6, r"3 columns for 1 channels"),
        (LINES.replace(b"3\r\n", b"x\r\n"), r"a line is not one of numbers"),
        (b"1,2\r\n" * 6, r"time does not advance"),
    ],
)
def test_csv_that_cannot_be_read_is_named(tmp_path: Path, lines: bytes, message: str) -> None:
    with pytest.raises(UnreadableFile, match=message):
        read_capture_file(export(tmp_path, CSV, lines, ".csv")).waveform()


def test_cut_properties_are_refused_wherever_they_were_cut(tmp_path: Path) -> None:
    whole = xml()
    for length in range(0, len(whole) - 1, 3):
        assert answer(export(tmp_path, whole[:length], payload(VALUES)), VOLT)


@settings(max_examples=100, deadline=None)
@given(flips=FLIPS, what=st.sampled_from(["properties", "samples"]))
def test_any_flipped_byte_gives_a_waveform_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, flips: list[tuple[float, int]], what: str
) -> None:
    whole, samples = xml().encode(), payload(VALUES)
    path = tmp_path_factory.mktemp("flip") / "pulse.bin"
    path.write_bytes(flipped(whole, flips, len(whole)) if what == "properties" else whole)
    path.with_name("pulse.Wfm.bin").write_bytes(flipped(samples, flips, len(samples)) if what == "samples" else samples)
    answer(path, VOLT)
