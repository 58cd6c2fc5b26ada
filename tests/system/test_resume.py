"""``rig analyze`` of a capture in pieces: killed half-way, it goes on where it was, and says the same."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rig.analysis.measure import HELD_AT_ONCE
from rig.evidence.store import Bundle
from rig.model.waveform import Purpose, Waveform
from rig.units import Unit
from tests.system.running import ENVIRONMENT, ROOT, Command, ended

# So many short pulses that they are measured in stretches, in a recording just too long to be held.
PERIOD, PHASE, HEIGHT, GAIN = 250, 30, 8000, 1.25e-3
SAMPLES = HELD_AT_ONCE + 40 * PERIOD
BLOCK = 1000 * PERIOD


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a train of biphasic pulses with noise in pieces; return their folder."""
    bundle = Bundle.create(tmp_path_factory.mktemp("run"), "r")
    block = np.rint(np.random.default_rng(3).normal(0.0, 5.0, BLOCK)).astype(np.int16)
    for begin in range(100, BLOCK, PERIOD):
        block[begin : begin + PHASE] += HEIGHT
        block[begin + PHASE + 10 : begin + 2 * PHASE + 10] -= HEIGHT
    waveform = Waveform(samples=block, interval=1e-6, unit=Unit.VOLT, source="daq:ai0", gain=GAIN)
    with bundle.stream_capture("P.c.01-signal", Purpose.SIGNAL, piece=6_000_000) as writer:
        for begin in range(0, SAMPLES, BLOCK):
            some = block[: min(BLOCK, SAMPLES - begin)]
            writer.append("current", replace(waveform, samples=some, start=begin * 1e-6))
        kept = writer.finish()
    return (bundle.folder / kept.source.file).parent


def command(capture: Path, steps: Path) -> list[str | Path]:
    return ["analyze", capture, "--load", "500 ohm", "--json", "--resume-in", steps]


def killed_once(step: str, capture: Path, steps: Path) -> None:
    """Begin an analysis, and kill it as soon as it has kept a step."""
    arguments = [sys.executable, "-m", "rig", *map(str, command(capture, steps))]
    deadline, pause = time.monotonic() + 100, threading.Event()
    with subprocess.Popen(arguments, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE) as analysis:
        while not list(steps.glob(f"*/{step}.json")):
            assert analysis.poll() is None
            assert time.monotonic() < deadline
            pause.wait(0.01)
        analysis.kill()
        assert analysis.stdout is not None
        assert analysis.stdout.read() == b""


def test_killed_half_way_it_goes_on_and_says_the_same(capture: Path, tmp_path: Path, rig: Command) -> None:
    undisturbed = rig(*command(capture, tmp_path / "other"))
    assert undisturbed.returncode == 0, undisturbed.stderr
    assert undisturbed.stderr == ""
    summary = json.loads(undisturbed.stdout)
    assert summary["signal"]["samples"] == SAMPLES
    assert summary["pulses_found"]["whole"] == SAMPLES // PERIOD
    assert "stretches" in summary["measurements"]["period_jitter"]["reason"]
    steps = tmp_path / "steps"
    for step in ("reach", "stretch-0001", "stretch-0002"):
        killed_once(step, capture, steps)
    resumed = rig(*command(capture, steps))
    assert "going on with an analysis that was cut off" in resumed.stderr
    assert resumed.stdout == undisturbed.stdout
    assert list(steps.iterdir()) == []


def test_a_piece_that_was_altered_is_refused_by_name(capture: Path, tmp_path: Path, rig: Command) -> None:
    piece = capture / "current-0002.h5"
    content = piece.read_bytes()
    try:
        piece.write_bytes(content[:5000] + bytes([content[5000] ^ 1]) + content[5001:])
        assert "current-0002.h5: altered" in ended(rig(*command(capture, tmp_path)), 2)
    finally:
        piece.write_bytes(content)
