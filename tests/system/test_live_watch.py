"""A device that exceeds a hard limit in the middle of a train is stopped then, not after the train."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.running import FIXTURES, Command, Write, ended, replayed, the_record

# Its thirtieth pulse is two and a half times too large; the scout and the first half second show nothing of that.
JUMP = FIXTURES / "duts/faulty/live/jump.dut.yaml"
PLAN = """\
plan: WATCHED
title: A train that is watched while it runs
revision: A
ceiling: {current_peak: 140 mA, charge_per_phase: 80 uC, rms_current: 50 mA, exposure: 5 s}
cases:
  - id: long
    stimulus: {shape: biphasic_symmetric, amplitude: 60 mA, phase_duration: 400 us, rate: 50 Hz, train: 3 s}
    load: 500 ohm
    verify: [phase_duration: {within: 5 % of set}]
  - id: next
    stimulus: {shape: biphasic_symmetric, amplitude: 20 mA, phase_duration: 400 us, rate: 50 Hz, train: 0.2 s}
    load: 500 ohm
    verify: [phase_duration: {within: 5 % of set}]
"""


@pytest.mark.parametrize("bench", ["virtual", "virtual-guarded"])
def test_a_crossing_ends_the_train_and_latches_the_bench(
    bench: str, rig: Command, plan_file: Write, evidence: Path
) -> None:
    options = ("--bench", FIXTURES / f"benches/{bench}.bench.yaml", "--dut", JUMP)
    said = ended(rig("run", plan_file(text=PLAN), *options), 1)
    assert "FAIL  phase_peak = 150.7" in said
    assert "phase_duration was not measured: the live watch ended the train" in said
    record = the_record(evidence)
    assert record["end_reason"] == "limit_stop"
    stopped, after = record["cases"]
    assert (stopped["verdict"], after["verdict"]) == ("FAIL", "NOT_RUN")
    (failed,) = [one for one in stopped["judgements"] if one["verdict"] == "FAIL"]
    assert failed["limit"]["measurand"] == "phase_peak"
    assert failed["limit"]["upper"] == 0.14
    assert 0.145 < failed["value"] < 0.155
    # Samples before and after the trip are evidence; the train would have lasted three seconds.
    signal = stopped["captures"][-2]
    assert signal["purpose"] == "signal"
    (current,) = [one for one in signal["waveforms"] if one["signal"] == "current"]
    assert 0.6 < current["samples"] / current["sample_rate"] < 0.9
    assert stopped["output_off"]["verdict"] == "PASS"
    hands = {made["by"]: [step["name"] for step in made["steps"]] for made in stopped["made_safe"]}
    assert hands["run"] == ["stop the stimulator", "open all relays"]
    assert ("guard" in hands) is (bench == "virtual-guarded")
    assert replayed(evidence) == {("long", 1): "same", ("next", 1): "not done again"}


def test_the_healthy_device_is_not_stopped(rig: Command, plan_file: Write, evidence: Path) -> None:
    ended(rig("run", plan_file(text=PLAN)), 0)
    assert [case["verdict"] for case in the_record(evidence)["cases"]] == ["PASS", "PASS"]
