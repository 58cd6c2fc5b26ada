"""``rig analyze`` on a long capture's file: what it holds is measured, and memory does not grow with its length."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from rig.analysis.measure import HELD_AT_ONCE
from rig.analysis.stream import Levels, analyse_stream
from rig.evidence.capture_file import capture_bytes
from rig.model.waveform import Capture, Purpose, Waveform
from rig.units import Unit
from tests.system.running import ENVIRONMENT, ROOT

STATUS = Path("/proc/self/status")
# Held at once as numbers, the longer one alone would take 400 MB.
LENGTHS = (24_000_000, 50_000_000)
PERIOD, PHASE, HEIGHT, GAIN, LOAD = 20_000, 300, 8000, 1.25e-3, 500.0
MOST_MEGABYTES, MOST_GROWTH = 300, 40
_CHILD = f"""
import atexit, sys
from pathlib import Path

def peak():
    lines = Path({str(STATUS)!r}).read_text().splitlines()
    print(next(line.split()[1] for line in lines if line.startswith("VmHWM")), file=sys.stderr)

atexit.register(peak)
from rig.cli import main
main()
"""


def long_capture(path: Path, samples: int) -> Path:
    """Write a 50 Hz train of biphasic pulses with noise; ten pulses are packed once, and repeated."""
    one = np.rint(np.random.default_rng(3).normal(0.0, 5.0, 10 * PERIOD)).astype(np.int16)
    for begin in range(5000, len(one), PERIOD):
        one[begin : begin + PHASE] += HEIGHT
        one[begin + PHASE + 100 : begin + 2 * PHASE + 100] -= HEIGHT
    voltage = Waveform(samples=one, interval=1e-6, unit=Unit.VOLT, source="scope:1", gain=GAIN)
    path.write_bytes(capture_bytes(Capture(id="long", purpose=Purpose.SIGNAL, waveforms={"voltage": voltage})))
    with h5py.File(path, "r+") as file:
        attributes = dict(file["voltage"].attrs)
        del file["voltage"]
        dataset = file.create_dataset(
            "voltage", shape=(samples,), dtype=np.int16, chunks=(len(one),), compression="gzip", shuffle=True
        )
        dataset.attrs.update(attributes)
        dataset[: len(one)] = one
        mask, packed = dataset.id.read_direct_chunk((0,))
        for begin in range(len(one), samples, len(one)):
            dataset.id.write_direct_chunk((begin,), packed, mask)
    return path


@pytest.fixture(scope="module")
def _compiled() -> None:
    """Leave the compiled pass on the disk, for its compiler takes memory."""
    levels = Levels(quiet=0.0, noise=1.0, threshold=9.0, baseline=0.0)
    analyse_stream([np.zeros(9, dtype=np.int16)], gain=1.0, offset=0.0, interval=1.0, levels=levels)


@pytest.mark.usefixtures("_compiled")
@pytest.mark.skipif(not STATUS.exists(), reason="the peak of a process's memory is read from /proc")
def test_a_long_capture_is_measured_in_bounded_memory(tmp_path: Path) -> None:
    peaks = []
    for samples in LENGTHS:
        assert samples > HELD_AT_ONCE
        path = long_capture(tmp_path / f"{samples}.h5", samples)
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, "analyze", str(path), "--load", "500 ohm", "--json"],
            cwd=ROOT, env=ENVIRONMENT, capture_output=True, encoding="utf-8", timeout=110, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        peaks.append(int(done.stderr) / 1024)
        assert_measured(json.loads(done.stdout), samples)
    assert max(peaks) < MOST_MEGABYTES
    # A phase more takes its rows; a sample more takes nothing.
    assert peaks[1] - peaks[0] < MOST_GROWTH


def assert_measured(summary: dict[str, Any], samples: int) -> None:
    assert summary["signal"]["samples"] == samples
    found = summary["measurements"]
    pulses, height = samples // PERIOD, GAIN * HEIGHT / LOAD
    assert found["phase_duration"]["n"] == 2 * pulses
    assert found["phase_duration"]["mean"] == pytest.approx(1e-6 * PHASE, rel=1e-5)
    assert found["phase_top"]["mean"] == pytest.approx(height, rel=1e-4)
    assert found["phase_charge"]["mean"] == pytest.approx(height * 1e-6 * PHASE, rel=1e-4)
    assert found["rms_current"]["mean"] == pytest.approx(height * (2 * PHASE / PERIOD) ** 0.5, rel=1e-4)
