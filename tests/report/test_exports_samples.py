"""Raw waveforms as CSV, NumPy archives and TDMS: read back, every sample is what it was, bit for bit."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from nptdms import TdmsFile

from rig.acquisition.importers import read_capture_file
from rig.errors import Refused
from rig.evidence.record import CaptureEntry, CaseRecord, FileEntry, RunRecord, WaveformEntry
from rig.model.recording import Recording
from rig.model.waveform import Waveform
from rig.report.exports import sample_files
from rig.report.exports.exported import ExportedRun
from rig.report.exports.sample_files import write_npz, write_samples_csv, write_tdms
from rig.report.exports.sampled import PART, Sampled
from rig.units import Unit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

STARTED = datetime(2026, 11, 22, 9, 30, 14, 250_000, tzinfo=UTC)
CODES = np.random.Generator(np.random.PCG64(3)).integers(-30_000, 30_000, 5_000).astype(np.int16)


@dataclass
class Counted:
    """A recording made of nothing, that remembers how much of it was asked for at once."""

    length: int
    most: int = 0

    def read(self, begin: int, stop: int) -> NDArray[np.int16]:
        self.most = max(self.most, stop - begin)
        return (np.arange(begin, stop) % 251).astype(np.int16)


def waveform(samples: NDArray[Any] = CODES, **more: Any) -> Waveform:
    told: dict[str, Any] = {"gain": 3.0517578125e-05, "offset": 1.25e-4, "start": -0.013, "unit": Unit.VOLT, **more}
    return Waveform(samples=samples, interval=1 / 3e6, source="daq:ai0", **told)


@pytest.fixture
def make(make_run: Callable[..., RunRecord], make_case: Callable[..., CaseRecord]) -> Callable[..., Sampled]:
    def sampled(recording: Recording, *, at_the_load: bool = True, **more: Any) -> Sampled:
        entry = WaveformEntry(
            signal="current", source="daq:ai0", samples=len(recording), sample_rate=3e6, unit=Unit.AMPERE,
            gain=3.0508425597320803e-05, offset=-2e-6, start=-0.013,
        )  # fmt: skip
        capture = CaptureEntry(
            id="P.case[1].01-signal", purpose="signal", triggered=True, waveforms=(entry,) if at_the_load else (),
            source=FileEntry(origin="", file="captures/one.h5", sha256="12" * 32), **more,
        )  # fmt: skip
        case = make_case(1, 0.02, "500 ohm", captures=(capture,), started=STARTED)
        run = ExportedRun(record=make_run((case,)), record_sha256="ab" * 32, manifest_sha256="cd" * 32, of=1)
        return Sampled.of(run, case, capture, "current", recording)

    return sampled


def test_samples_are_in_the_quantity_at_the_load(make: Callable[..., Sampled]) -> None:
    scale = make(Recording.of(waveform())).recording.scale
    assert (scale.unit, scale.gain, scale.offset) == (Unit.AMPERE, 3.0508425597320803e-05, -2e-6)


def test_csv_reads_back_bit_for_bit_and_says_where_it_comes_from(make: Callable[..., Sampled], tmp_path: Path) -> None:
    sampled = make(Recording.of(waveform()), defects=("=cmd\n, =1+1",))
    write_samples_csv(sampled, tmp_path)
    (path,) = tmp_path.iterdir()
    text = path.read_text(encoding="utf-8")
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert "# record_sha256: " + "ab" * 32 in comments
    assert "# file_sha256: " + "12" * 32 in comments
    assert "# defects: =cmd , '=1+1" in comments  # a comment of one line, no part of which is a formula
    head, *rows = list(csv.reader(line for line in text.splitlines() if not line.startswith("#")))
    assert head == ["time_s", "current_A"]
    whole = sampled.recording.part(0, len(sampled.recording))
    assert [float(value) for _, value in rows] == whole.values().tolist()
    assert [float(time) for time, _ in rows] == whole.times().tolist()
    assert np.loadtxt(path, delimiter=",", skiprows=len(comments) + 1).shape == (len(CODES), 2)


@pytest.mark.parametrize("samples", [CODES, CODES.astype(np.float64) * 1e-5, (CODES % 256).astype(np.uint8)])
def test_numpy_and_the_rigs_own_reader_get_what_was_sampled(
    make: Callable[..., Sampled], tmp_path: Path, samples: NDArray[Any]
) -> None:
    sampled = make(Recording.of(waveform(samples)), at_the_load=False)
    write_npz(sampled, tmp_path)
    (path,) = tmp_path.iterdir()
    with np.load(path, allow_pickle=False) as found:
        assert found["current"].dtype == samples.dtype
        values = found["current"] * found["gain"] + found["offset"]
        assert values.tolist() == waveform(samples).values().tolist()
        assert str(found["unit"]) == "V"
        assert json.loads(str(found["provenance"]))["capture"] == "P.case[1].01-signal"
    same_as(path, "current", waveform(samples))


@pytest.mark.parametrize("samples", [CODES, CODES.astype(np.float64) * 1e-5, (CODES % 256).astype(np.uint8)])
def test_tdms_is_scaled_by_its_readers_to_the_same_values(
    make: Callable[..., Sampled], tmp_path: Path, samples: NDArray[Any]
) -> None:
    sampled = make(Recording.of(waveform(samples)), at_the_load=False)
    write_tdms(sampled.capture, [sampled], tmp_path)
    (path,) = tmp_path.iterdir()
    with TdmsFile.open(path) as file:
        channel = file["P.case[1].01-signal"]["current"]
        assert channel[:].tolist() == waveform(samples).values().tolist()
        assert channel.properties["wf_increment"] == 1 / 3e6
        assert channel.properties["wf_start_offset"] == -0.013
        assert channel.properties["wf_start_time"] == np.datetime64("2026-11-22T09:30:14.250")
        assert channel.properties["unit_string"] == channel.properties["NI_UnitDescription"] == "V"
        assert channel.time_track()[0] == -0.013
        assert file.properties["record_sha256"] == "ab" * 32
    if samples.dtype.kind in "iu":
        same_as(path, "P.case[1].01-signal/current", waveform(samples))


def same_as(path: Path, name: str, expected: Waveform) -> None:
    """See that ``rig analyze`` would measure the same samples, scaled the same, at the same times."""
    read = read_capture_file(path).waveform(name)
    assert read.values().tolist() == expected.values().tolist()
    assert (read.unit, read.start, read.interval) == (expected.unit, expected.start, expected.interval)


def test_a_long_capture_is_never_held_as_a_whole(
    make: Callable[..., Sampled], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Counted(3 * PART + 17)
    recording = Recording(scale=waveform(CODES[:0]), length=source.length, read=source.read)
    sampled = make(recording, at_the_load=False)
    write_tdms(sampled.capture, [sampled], tmp_path)
    assert source.most <= PART
    with TdmsFile.open(tmp_path / next(tmp_path.iterdir()).name) as file:
        raw = file["P.case[1].01-signal"]["current"].read_data(scaled=False)
    assert np.array_equal(raw, Counted(source.length).read(0, source.length))

    monkeypatch.setattr(sample_files, "PART", 1000)
    short = make(replace(recording, length=3500), at_the_load=False)
    source.most = 0
    write_samples_csv(short, tmp_path)
    assert source.most <= 1000
    (path,) = tmp_path.glob("*.csv")
    times, values = np.loadtxt(path, delimiter=",", skiprows=path.read_text(encoding="utf-8").count("#") + 1).T
    whole = short.recording.part(0, 3500)
    assert values.tolist() == whole.values().tolist()
    assert times.tolist() == whole.times().tolist()


def test_what_is_too_large_for_an_archive_is_refused_with_what_to_use(
    make: Callable[..., Sampled], tmp_path: Path
) -> None:
    source = Counted(1 << 40)
    sampled = make(Recording(scale=waveform(CODES[:0]), length=source.length, read=source.read))
    with pytest.raises(Refused, match="tdms and waveform-csv"):
        write_npz(sampled, tmp_path)
    assert source.most == 0
    assert list(tmp_path.iterdir()) == []


def test_without_nptdms_the_extra_is_named(
    make: Callable[..., Sampled], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nptdms", None)
    sampled = make(Recording.of(waveform()))
    with pytest.raises(Refused, match=r"nmes-rig\[files\]"):
        write_tdms(sampled.capture, [sampled], tmp_path)
