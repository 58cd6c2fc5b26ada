"""``rig analyze`` on files of other makers, from the command line: a result, or one sentence and exit code 2."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

LOAD = ["--load", "500 ohm"]


def rig(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rig", "analyze", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def pulses(generator: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Ten biphasic pulses of 20 V and 200 µs, 10 ms apart, at 100 kHz."""
    period = np.zeros(1000)
    period[300:320], period[320:340] = 20.0, -20.0
    return np.tile(period, 10) + generator.normal(0, 0.01, 10_000)


@pytest.mark.parametrize("form", ["npz", "npy"])
def test_an_array_is_measured(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"stored.{form}"
    volts = pulses(np.random.default_rng(5))
    if form == "npz":
        np.savez(path, load=volts, other=volts, fs=100e3, unit="V")
        done = rig(path, *LOAD, "--channel", "load", "--json")
    else:
        np.save(path, volts)
        done = rig(path, *LOAD, "--interval", "10 us", "--unit", "V", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["pulses_found"] == {"whole": 10, "cut": 0}
    assert found["measurements"]["phase_top"]["mean"] == pytest.approx(20 / 500, rel=1e-3)
    assert found["measurements"]["phase_duration"]["mean"] == pytest.approx(200e-6, rel=1e-3)


def test_what_cannot_be_read_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    several = tmp_path / "several.npz"
    np.savez(several, a=np.zeros(100), b=np.zeros(100), fs=1e3, unit="V")
    for words, message in (
        ([several], "several.npz: has several channels, a, b; choose one with --channel"),
        ([several, "--channel", "c"], "several.npz: has no channel 'c'; it has a, b"),
        ([several, "--channel", "a", "--interval", "1 us"], "--interval says 1e-06 s"),
    ):
        done = rig(*words, *LOAD)
        assert (done.returncode, done.stdout) == (2, "")
        assert message in done.stderr
        assert done.stderr.count("\n") == 1
