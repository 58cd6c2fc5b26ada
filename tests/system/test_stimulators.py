"""Every kind of stimulator through the whole rig: the healthy one passes, one with too much current fails."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.system.running import FIXTURES, Command, Write, ended, one_record_per_case, the_record

DUTS = FIXTURES / "duts"
TOO_MUCH = "faults: [{kind: amplitude_gain, value: 125 %}]\n"
PLAN = """\
plan: STIM
title: One short train
revision: A
requires: {load: [500 ohm]}
ceiling: {current_peak: 100 mA, charge_per_phase: 60 uC, rms_current: 30 mA, exposure: 5 s}
cases:
  - id: train
    load: 500 ohm
    stimulus:
      {shape: biphasic_symmetric, amplitude: 20 mA, phase_duration: 300 us, interphase: 100 us,
       rate: 50 Hz, train: 0.2 s}
    verify:
      - phase_top: {within: 5 % of set}
      - phase_duration: {within: 5 % of set}
      - pulse_rate: {within: 2 % of set}
"""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A stimulator by its device file, what its bench says besides, and the pulses that it can be asked for."""

    device: str
    entry: str = ""
    stimulus: tuple[tuple[str, str], ...] = ()


KINDS = [
    Kind(
        device="isolator",
        entry="\n    device: Dev2\n    options: {current_per_volt: 0.01}",
        stimulus=(("biphasic_symmetric", "monophasic"), ("interphase: 100 us,", "")),
    ),
    Kind(device="knobs"),
    Kind(device="line-stimulator"),
    Kind(device="motionstim8"),
    Kind(device="p24-low-level", stimulus=(("rate: 50 Hz, train: 0.2 s", "rate: 10 Hz, train: 0.5 s"),)),
    Kind(device="pulsepal2", entry="\n    options: {current_per_volt: 0.01}"),
    Kind(device="rehastim2"),
]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.device)
def kind(request: pytest.FixtureRequest) -> Kind:
    chosen: Kind = request.param
    return chosen


def bench_of(kind: Kind, bench_file: Write) -> Path:
    text = (DUTS / f"{kind.device}.dut.yaml").read_text("utf-8")
    driver = next(line for line in text.splitlines() if line.startswith("protocol: ")).removeprefix("protocol: ")
    return bench_file(
        ("p24-healthy", kind.device),
        ("driver: hasomed-sciencemode4\n    address: twin", f"driver: {driver}\n    address: twin{kind.entry}"),
    )


def test_a_healthy_device_passes(kind: Kind, rig: Command, bench_file: Write, plan_file: Write, evidence: Path) -> None:
    ended(rig("run", plan_file(*kind.stimulus, text=PLAN), "--bench", bench_of(kind, bench_file)), 0)
    case = one_record_per_case(the_record(evidence))["train"]
    assert case["verdict"] == "PASS"
    assert case["output_off"]["verdict"] == "PASS"
    (run,) = evidence.iterdir()
    described = [path.name for path in run.rglob("*.dialogue.yaml")]
    assert bool(described) is (DUTS / f"{kind.device}.dialogue.yaml").is_file(), "what describes a device is evidence"


def test_a_device_that_delivers_too_much_fails(
    kind: Kind, rig: Command, bench_file: Write, plan_file: Write, evidence: Path, tmp_path: Path
) -> None:
    faulty = tmp_path / "faulty.dut.yaml"
    text = (DUTS / f"{kind.device}.dut.yaml").read_text("utf-8")
    faulty.write_text(text.replace("dialogue: ", f"dialogue: {DUTS.as_posix()}/") + TOO_MUCH, encoding="utf-8")
    said = ended(
        rig("run", plan_file(*kind.stimulus, text=PLAN), "--bench", bench_of(kind, bench_file), "--dut", faulty), 1
    )
    assert "phase_top" in said
    assert one_record_per_case(the_record(evidence))["train"]["verdict"] == "FAIL"
