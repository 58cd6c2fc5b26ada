"""A train that is longer than memory should hold is written while it lasts, watched, and measured from there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from nptdms import TdmsFile

from rig.evidence.long_capture import open_signals
from rig.harness.exporting import Chosen, export_bundles
from tests.system.running import FIXTURES, Command, Write, ended, replayed, the_record

PLAN = """\
plan: SOAK
title: Half a minute, as hours would be
revision: A
ceiling: {current_peak: 60 mA, charge_per_phase: 20 uC, exposure: 3 h}
cases:
  - id: long
    stimulus: {shape: biphasic_symmetric, amplitude: 40 mA, phase_duration: 300 us, rate: 50 Hz, train: 25 s}
    load: 500 ohm
    verify:
      - phase_top: {within: 5 % of set}
      - net_charge: {at_most: 0.5 uC}
      - missing_pulses: {equals: 0}
      - rms_1s: {at_most: 50 mA}
"""
PULSES = 25 * 50


@pytest.mark.slow
def test_a_long_train_is_kept_in_pieces_and_measured_whole(rig: Command, plan_file: Write, evidence: Path) -> None:
    ended(rig("run", plan_file(text=PLAN)), 0)
    (case,) = the_record(evidence)["cases"]
    (signal,) = [one for one in case["captures"] if one["purpose"] == "signal"]
    assert [Path(piece["file"]).name for piece in signal["pieces"]] == [
        "current-0001.h5",
        "current-0002.h5",
        "voltage-0001.h5",
    ]
    (top,) = [one for one in case["measurements"] if one["measurand"] == "phase_top"]
    assert top["n"] == 2 * PULSES
    (folder,) = evidence.iterdir()
    ended(rig("verify", folder), 0)
    # Anyone can measure it again from the pieces alone, and finds the same.
    pieces = (folder / signal["source"]["file"]).parent
    said = ended(rig("analyze", pieces, "--load", "500 ohm", "--signal", "current", "--json"), 0)
    assert json.loads(said)["pulses_found"]["whole"] == PULSES
    assert replayed(evidence) == {("long", 1): "same"}
    # So can any program that reads TDMS: it gets the same samples.
    (exported,) = export_bundles([folder], "tdms", evidence.parent / "tdms", Chosen(capture=signal["id"])).iterdir()
    with TdmsFile.open(exported) as file, open_signals(pieces) as kept:
        codes = file[signal["id"]]["current"].read_data(scaled=False)
        assert np.array_equal(codes, kept["current"].read(0, len(kept["current"])))


@pytest.mark.slow
def test_a_device_that_jumps_late_is_stopped_then(
    rig: Command, plan_file: Write, evidence: Path, tmp_path: Path
) -> None:
    text = (FIXTURES / "duts/faulty/live/jump.dut.yaml").read_text(encoding="utf-8")
    device = tmp_path / "late.dut.yaml"
    device.write_text(text.replace("every: 30", "every: 500").replace("value: 250 %", "value: 170 %"), encoding="utf-8")
    said = ended(rig("run", plan_file(text=PLAN), "--dut", device), 1)
    assert "the live watch" in said
    (case,) = the_record(evidence)["cases"]
    assert case["verdict"] == "FAIL"
    (signal,) = [one for one in case["captures"] if one["purpose"] == "signal"]
    (current,) = [one for one in signal["waveforms"] if one["signal"] == "current"]
    assert current["samples"] / current["sample_rate"] == pytest.approx(10.2, abs=0.2)
