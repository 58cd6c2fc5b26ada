"""A device that is faulty must not pass, and what is said must name the fault's effect; a healthy one passes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.system.conftest import Rig

FAULTY = Path(__file__).parents[2] / "fixtures/duts/faulty"

# The measurand that shows the fault, whatever else it upsets.
EFFECTS = {
    "amplitude-gain": "phase_top",
    "second-phase-imbalance": "net_charge",
    "dc-leak": "dc_component",
    "pulse-width": "phase_duration",
    "rate": "pulse_rate",
    "missing-pulse": "missing_pulses",
    "extra-pulse": "extra_pulses",
    "polarity-flip": "polarity",
    "stuck-on": "output after the case",
    "droop": "droop",
}
ONE_CASE = "delivery and 60mA-400us-500ohm"


def test_every_shipped_faulty_device_has_its_effect_written_down() -> None:
    assert {path.name.removesuffix(".dut.yaml") for path in FAULTY.glob("*.dut.yaml")} == set(EFFECTS)


@pytest.mark.parametrize("fault", EFFECTS)
def test_a_faulty_device_fails_and_the_effect_is_named(fault: str, rig: Rig) -> None:
    device = FAULTY / f"{fault}.dut.yaml"
    done = rig("run", "testplans/smoke.plan.yaml", "--dut", device, "-k", ONE_CASE)
    assert done.returncode == 1, done.stdout + done.stderr
    failures = [line for line in done.stdout.splitlines() if line.startswith("  FAIL  ")]
    assert any(EFFECTS[fault] in line for line in failures), done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_the_healthy_device_passes_the_same_case(rig: Rig, evidence: Path) -> None:
    done = rig("run", "testplans/smoke.plan.yaml", "-k", ONE_CASE)
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.strip().splitlines()[-1]
    assert last.startswith("report: ")
    assert Path(last.removeprefix("report: ")).is_file()
    (record,) = evidence.glob("*/record.json")
    case = json.loads(record.read_text(encoding="utf-8"))["cases"][0]
    judged = {entry["limit"]["measurand"]: entry["verdict"] for entry in case["judgements"]}
    effects = set(EFFECTS.values()) - {"output after the case"}
    assert effects <= set(judged), "every effect is really looked for in this case"
    assert set(judged.values()) == {"PASS"}
    assert case["output_off"]["verdict"] == "PASS"


def test_a_device_stuck_on_stops_the_run_and_nothing_more_is_energised(rig: Rig, evidence: Path) -> None:
    done = rig("run", "testplans/smoke.plan.yaml", "--dut", FAULTY / "stuck-on.dut.yaml", "-k", "balance")
    assert done.returncode == 1
    (path,) = evidence.glob("*/record.json")
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["end_reason"] == "limit_stop"
    assert [case["verdict"] for case in record["cases"]] == ["FAIL", "NOT_RUN", "NOT_RUN"]
    assert "opening the relays ended it" in record["cases"][0]["output_off"]["reason"]
    assert all(case["captures"] == [] for case in record["cases"][1:])
