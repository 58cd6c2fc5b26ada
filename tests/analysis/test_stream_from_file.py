"""A capture's file through the streaming analysis: the same bits as from memory, and memory that does not grow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from rig.analysis.stream import analyse_stream, levels_from
from rig.errors import EvidenceError
from rig.evidence.capture_file import capture_bytes, capture_chunks
from rig.model.waveform import Capture, Purpose, Waveform
from rig.units import Unit
from tests.analysis.synthetic import Train
from tests.analysis.test_stream import bits, coded, stream


@pytest.fixture
def file(tmp_path: Path) -> Path:
    current = Waveform(
        samples=coded(Train(pulses=12), noise=3e-6),
        interval=1e-6,
        unit=Unit.AMPERE,
        source="daq:ai0",
        gain=1e-6,
        start=-0.5,
        rails=(-32768.0, 32767.0),
    )
    other = Waveform(samples=np.zeros(5), interval=1e-6, unit=Unit.VOLT, source="scope:1")
    capture = Capture(id="c", purpose=Purpose.SIGNAL, waveforms={"current": current, "voltage": other})
    path = tmp_path / "capture.h5"
    path.write_bytes(capture_bytes(capture))
    return path


@pytest.mark.parametrize("most", [1, 1000, 131_072, 1 << 20])
def test_parts_follow_each_other_and_are_the_signal(file: Path, most: int) -> None:
    codes = coded(Train(pulses=12), noise=3e-6)
    expected = 5 if most == 1 else -(-len(codes) // most)
    parts = []
    for part in capture_chunks(file, "current", most=most):
        parts.append(part)
        if len(parts) == expected:
            break
    read = np.concatenate([part.samples for part in parts])
    assert np.array_equal(read, codes[: len(read)])
    assert len(read) == (5 if most == 1 else len(codes))
    assert [part.start for part in parts] == pytest.approx([-0.5 + 1e-6 * most * k for k in range(len(parts))])
    assert {(part.gain, part.interval, part.rails, part.unit) for part in parts} == {
        (1e-6, 1e-6, (-32768.0, 32767.0), Unit.AMPERE)
    }


def test_a_file_gives_the_same_bits_as_memory(file: Path) -> None:
    codes = coded(Train(pulses=12), noise=3e-6)
    levels = levels_from(codes)
    chunks = (part.samples for part in capture_chunks(file, "current", most=10_007))
    found = analyse_stream(chunks, gain=1e-6, offset=0.0, interval=1e-6, levels=levels)
    assert bits(found) == bits(stream(codes, levels=levels))


def test_what_cannot_be_read_says_so(file: Path, tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="holds the signal 'nothing'"):
        list(capture_chunks(file, "nothing"))
    with pytest.raises(EvidenceError, match="cannot be read"):
        list(capture_chunks(tmp_path / "missing.h5", "current"))
    (tmp_path / "cut.h5").write_bytes(file.read_bytes()[:3000])
    with pytest.raises(EvidenceError, match="cannot be read"):
        list(capture_chunks(tmp_path / "cut.h5", "current"))
    with h5py.File(tmp_path / "foreign.h5", "w") as foreign:
        foreign.attrs["format"] = np.bytes_(b"other")
    with pytest.raises(EvidenceError, match="not a capture"):
        list(capture_chunks(tmp_path / "foreign.h5", "current"))


def test_the_command_line_does_without_the_compiler() -> None:
    code = "import sys, rig.cli, rig.analysis; print('numba' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, encoding="utf-8")
    assert shown.stdout.strip() == "False"
