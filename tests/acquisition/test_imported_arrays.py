"""Arrays that other programs stored: NumPy's, HDF5 and TDMS, each written by the library that is its own."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nptdms import ChannelObject, RootObject, TdmsWriter

from rig.acquisition.importers import Told, read_capture_file
from rig.errors import RigError, UnreadableFile
from rig.sequencer.offline import analyze_file
from rig.units import Unit
from tests.acquisition.damaged import FLIPS, answer, cut_at_every_length, flipped

VALUES = np.array([0.5, -1.25, 3.0, 0.125])
TOLD = Told(interval=2e-6, unit=Unit.AMPERE)


def npy(array: np.ndarray[Any, Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def npz(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def hdf5(attributes: dict[str, Any] | None = None, **arrays: Any) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, array in arrays.items():
            dataset = file.create_dataset(f"run/{name}", data=array)
            for key, value in (attributes or {}).items():
                dataset.attrs[key] = value
    return buffer.getvalue()


WAVEFORM = {"wf_increment": 2e-6, "wf_start_offset": -4e-6, "unit_string": "V"}
LINEAR = {
    "NI_Number_Of_Scales": 1,
    "NI_Scale[0]_Scale_Type": "Linear",
    "NI_Scale[0]_Linear_Slope": 0.25,
    "NI_Scale[0]_Linear_Y_Intercept": 1.5,
    "NI_Scale[0]_Linear_Input_Source": 0xFFFFFFFF,
}
POLYNOMIAL = {
    "NI_Number_Of_Scales": 1,
    "NI_Scale[0]_Scale_Type": "Polynomial",
    "NI_Scale[0]_Polynomial_Coefficients_Size": 3,
    "NI_Scale[0]_Polynomial_Coefficients[0]": 1.0,
    "NI_Scale[0]_Polynomial_Coefficients[1]": 2.0,
    "NI_Scale[0]_Polynomial_Coefficients[2]": 0.5,
    "NI_Scale[0]_Polynomial_Input_Source": 0xFFFFFFFF,
}


def tdms(*channels: tuple[str, np.ndarray[Any, Any], dict[str, Any]], segments: int = 1) -> bytes:
    buffer = io.BytesIO()
    with TdmsWriter(buffer) as writer:
        for _ in range(segments):
            objects = [ChannelObject("Soak", name, data, properties) for name, data, properties in channels]
            writer.write_segment([RootObject({"name": "a soak"}), *objects])
    return buffer.getvalue()


def _file(folder: Path, content: bytes, name: str = "stored.bin") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_an_array_alone_has_to_be_told_what_it_is(tmp_path: Path) -> None:
    path = _file(tmp_path, npy(VALUES))
    with pytest.raises(UnreadableFile, match=r"stored.bin: the file does not say the sample interval.*--interval"):
        read_capture_file(path).waveform()
    with pytest.raises(UnreadableFile, match=r"does not say the unit; tell it with --unit, V or A"):
        read_capture_file(path, Told(interval=1e-6)).waveform()
    wave = read_capture_file(path, TOLD).waveform()
    assert wave.values().tolist() == VALUES.tolist()
    assert (wave.interval, wave.unit, read_capture_file(path).kind) == (2e-6, Unit.AMPERE, "NumPy array")


@pytest.mark.parametrize("kind", ["<f4", ">f8", "<f2"])
def test_floats_of_every_width_and_order(tmp_path: Path, kind: str) -> None:
    wave = read_capture_file(_file(tmp_path, npy(VALUES.astype(kind))), TOLD).waveform()
    assert wave.values().tolist() == VALUES.tolist()
    assert wave.samples.dtype == np.float64


def test_a_structured_array_and_an_archive_say_it_themselves(tmp_path: Path) -> None:
    table = np.zeros(4, dtype=[("time", "f8"), ("v", "f4")])
    table["time"], table["v"] = [0.0, 1e-3, 2e-3, 3e-3], VALUES
    wave = read_capture_file(_file(tmp_path, npy(table)), Told(unit=Unit.VOLT)).waveform("v")
    assert wave.values().tolist() == VALUES.tolist()
    assert wave.interval == pytest.approx(1e-3)
    codes = np.array([0, 4, -4], dtype=np.int16)
    archive = npz(voltage=codes, sample_rate=500e3, unit="mV", gain=0.25, offset=1.0, start=-1e-3)
    read = read_capture_file(_file(tmp_path, archive))
    wave = read.waveform()
    assert (read.kind, read.channels) == ("NumPy archive", ("voltage",))
    assert wave.values() == pytest.approx([1e-3, 2e-3, 0.0])
    assert (wave.interval, wave.start, wave.unit) == (2e-6, -1e-3, Unit.VOLT)
    assert str(wave.samples.dtype) == "int16"
    assert wave.rails == (-32768, 32767)


ARRAYS = [
    (npy(np.zeros((4, 2))), r"holds no array of one dimension of numbers: it \(4, 2\) of float64"),
    (npy(np.array(["a", "b"])), r"holds no array of one dimension of numbers"),
    (npy(np.zeros(3, dtype=complex)), r"holds no array of one dimension of numbers"),
    (npy(np.zeros(0)), r"0 values of type float64 are no waveform"),
    (npy(np.array([1, 2, 3])), r"holds integer codes, and no gain says what they mean"),
    (npz(a=VALUES, dt=0.0), r"a: dt cannot be 0.0"),
    (npz(a=VALUES, dt=float("nan")), r"a: dt cannot be nan"),
    (npz(a=VALUES, dt="fast"), r"a: dt is no number"),
    (npz(a=VALUES, dt=1e-6, fs=1e6), r"a: says both interval and rate"),
    (npz(a=VALUES, dt=1e-6, interval=1e-6), r"a: says interval and dt, which may differ"),
    (npz(a=VALUES, dt=1e-6, unit="W"), r"a: 'W' is not a unit of voltage or current"),
    (npz(a=VALUES, dt=1e-6, unit="V*A"), r"a: 'V\*A' is not a unit"),
    (npz(a=VALUES, dt=1e-6), r"a: the file does not say the unit"),
    (npz(a=VALUES, t=[0, 1, 2, 9.0], unit="V"), r"a: time is not even: sample 3 comes 7 s after the one before it"),
    (npz(a=VALUES, t=[0, 1, 1, 0.0], unit="V"), r"a: time does not advance"),
    (npz(a=VALUES, t=[0, 1, np.nan, 3], unit="V"), r"a: the times are not numbers"),
    (npz(a=VALUES, t=[0, 1, 2.0], unit="V"), r"a: has 4 samples, and there are 3 times"),
    (npz(a=VALUES, t=[0, 1, 2, 3.0], dt=1.0, unit="V"), r"a: says both times and interval"),
    (npz(a=VALUES, b=VALUES, dt=1e-6, unit="V"), r"has several channels, a, b; choose one with --channel"),
    (hdf5({"dt": 1e-6}, a=VALUES), r"run/a: the file does not say the unit"),
    (hdf5({"unit": "V"}, a=VALUES), r"run/a: the file does not say the sample interval"),
    (hdf5({"unit": "degC", "dt": 1.0}, a=VALUES), r"run/a: 'degC' is not a unit of voltage or current"),
    (hdf5({"unit": "V", "dt": 1.0}, a=[1, 2, 3]), r"run/a: holds integer codes"),
    (hdf5(a=np.zeros((2, 2))), r"holds no dataset of one dimension of numbers"),
    (tdms(("a", VALUES, {"unit_string": "V"})), r"Soak/a: the file does not say the sample interval"),
    (tdms(("a", VALUES, {"wf_increment": 1e-6})), r"Soak/a: the file does not say the unit"),
    (tdms(("a", VALUES, WAVEFORM | {"unit_string": "Deg C"})), r"Soak/a: 'Deg C' is not a unit"),
    (tdms(("a", VALUES, WAVEFORM | {"wf_increment": 0.0})), r"Soak/a: wf_increment cannot be 0.0"),
    (tdms(("a", VALUES, WAVEFORM | {"wf_xunit_string": "Hz"})), r"points are 'Hz' apart, not seconds"),
    (tdms(("a", np.array([1, 2], "i2"), WAVEFORM)), r"Soak/a: holds integer codes"),
    (tdms(("a", VALUES, WAVEFORM | LINEAR | {"NI_Number_Of_Scales": 10**9})), r"'1000000000' scales make no sense"),
    (tdms(), r"holds no channel with data"),
]


@pytest.mark.parametrize(("content", "message"), ARRAYS, ids=[message[:40] for _, message in ARRAYS])
def test_what_is_not_said_or_makes_no_sense_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(UnreadableFile, match=message) as caught:
        read_capture_file(_file(tmp_path, content), Told()).waveform(None)
    assert "\n" not in str(caught.value)


def test_hdf5_with_attributes_and_with_times(tmp_path: Path) -> None:
    read = read_capture_file(_file(tmp_path, hdf5({"Sample_Rate": 500e3, "units": "mA", "t0": 1.0}, load=VALUES)))
    wave = read.waveform()
    assert (read.kind, read.channels) == ("HDF5", ("run/load",))
    assert wave.values() == pytest.approx(VALUES * 1e-3)
    assert (wave.interval, wave.start, wave.unit) == (2e-6, 1.0, Unit.AMPERE)
    timed = hdf5({"unit": b"V"}, time=np.arange(4) * 1e-3, load=VALUES)
    wave = read_capture_file(_file(tmp_path, timed)).waveform()
    assert wave.interval == pytest.approx(1e-3)
    assert wave.unit is Unit.VOLT


def test_tdms_floats_codes_with_a_line_and_codes_with_a_curve(tmp_path: Path) -> None:
    codes = np.array([-32768, -3, 0, 5], "i2")
    content = tdms(
        ("load", VALUES, WAVEFORM), ("line", codes, WAVEFORM | LINEAR), ("curve", codes, WAVEFORM | POLYNOMIAL)
    )
    read = read_capture_file(_file(tmp_path, content))
    assert (read.kind, read.channels) == ("NI TDMS", ("Soak/load", "Soak/line", "Soak/curve"))
    wave = read.waveform("Soak/load")
    assert wave.values().tolist() == VALUES.tolist()
    assert (wave.interval, wave.start, wave.unit, wave.rails) == (2e-6, -4e-6, Unit.VOLT, None)
    coded = read.waveform("Soak/line")
    assert coded.values().tolist() == [0.25 * code + 1.5 for code in codes.tolist()]
    assert (str(coded.samples.dtype), coded.rails) == ("int16", (-32768, 32767))
    curved = read.waveform("Soak/curve")
    assert curved.values() == pytest.approx([1 + 2 * code + 0.5 * code**2 for code in codes.tolist()])
    assert curved.samples.dtype == np.float64


def test_tdms_of_many_segments(tmp_path: Path) -> None:
    wave = read_capture_file(_file(tmp_path, tdms(("load", VALUES, WAVEFORM), segments=5))).waveform()
    assert wave.values().tolist() == VALUES.tolist() * 5


def test_a_missing_reader_is_named_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nptdms", None)
    with pytest.raises(UnreadableFile, match=r"is read with the package npTDMS: pip install 'nmes-rig\[files\]'"):
        read_capture_file(_file(tmp_path, tdms(("load", VALUES, WAVEFORM))))


WHOLE = {
    "npy": npy(VALUES),
    "npz": npz(a=VALUES, dt=1e-6, unit="V"),
    "hdf5": hdf5({"dt": 1e-6, "unit": "V"}, a=VALUES),
    "tdms": tdms(("load", VALUES, WAVEFORM)),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_a_cut_file_is_refused_wherever_it_was_cut(tmp_path: Path, kind: str) -> None:
    if kind == "hdf5":
        cut_at_every_length(tmp_path / "stored.h5", WHOLE[kind], step=16)
    else:
        cut_at_every_length(tmp_path / "stored.bin", WHOLE[kind])


@settings(max_examples=150, deadline=None)
@given(flips=FLIPS, kind=st.sampled_from(["npy", "npz", "tdms"]))
def test_any_flipped_byte_gives_a_waveform_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, flips: list[tuple[float, int]], kind: str
) -> None:
    content = flipped(WHOLE[kind], flips, len(WHOLE[kind]))
    path = _file(tmp_path_factory.mktemp("flip"), content)
    answer(path, TOLD)
    answer(path)


@settings(max_examples=8, deadline=None)
@given(flips=FLIPS)
def test_damage_inside_an_hdf5_file_ends_no_more_than_its_reader(
    tmp_path_factory: pytest.TempPathFactory, flips: list[tuple[float, int]]
) -> None:
    path = _file(tmp_path_factory.mktemp("flip"), flipped(WHOLE["hdf5"], flips, len(WHOLE["hdf5"])))
    answer(path, TOLD)


def test_an_hdf5_file_that_stops_its_reader_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _file(tmp_path, WHOLE["hdf5"])
    monkeypatch.setattr("rig.acquisition.importers.hdf5._READER", "antigravity_that_is_not_there")
    with pytest.raises(UnreadableFile, match=r"inner structure is damaged: .*No module named"):
        read_capture_file(path)
    monkeypatch.undo()
    monkeypatch.setattr("rig.acquisition.importers.hdf5._PATIENCE", 0.0)
    with pytest.raises(UnreadableFile, match=r"inner structure is damaged, it has no end"):
        read_capture_file(path)


def test_samples_that_were_never_written_are_not_zeros(tmp_path: Path) -> None:
    path = tmp_path / "stored.h5"
    with h5py.File(path, "w") as file:
        dataset = file.create_dataset("load", shape=(1000,), dtype="f8")
        dataset.attrs["dt"], dataset.attrs["unit"] = 1e-6, "V"
    with pytest.raises(UnreadableFile, match=r"load: truncated: 8000 bytes of samples are promised, 0 are stored"):
        read_capture_file(path).waveform()


def test_a_file_of_other_programs_is_analysed_as_any_other(tmp_path: Path) -> None:
    volts = np.tile([0.0] * 50 + [10.0] * 20 + [-10.0] * 20 + [0.0] * 110, 10)
    path = _file(tmp_path, hdf5({"dt": 1e-5, "unit": "V"}, load=volts), "stored.h5")
    found = analyze_file(path, load="500 ohm", zero=None, pulses=False)
    assert found["signal"]["peak_to_peak"] == 20.0
    assert found["signal"]["sample_rate"] == pytest.approx(1e5)
    plain = _file(tmp_path, npy(volts), "stored.npy")
    told = analyze_file(plain, load="500 ohm", zero=None, pulses=False, interval="10 us", unit="V")
    assert (told["measurements"], told["signal"]) == (found["measurements"], found["signal"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"interval": "fast"}, r"--interval: .*fast"),
        ({"interval": "0 us"}, r"--interval: '0 us' is no time between samples"),
        ({"interval": "1 V"}, r"--interval"),
        ({"unit": "ohm"}, r"--unit: expected V or A, not 'ohm'"),
    ],
)
def test_what_is_told_must_make_sense(tmp_path: Path, options: dict[str, str], message: str) -> None:
    path = _file(tmp_path, npy(VALUES))
    with pytest.raises(RigError, match=message):
        analyze_file(path, load="500 ohm", zero=None, pulses=False, **options)  # type: ignore[arg-type]  # all are texts
