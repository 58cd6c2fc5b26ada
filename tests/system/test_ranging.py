"""An oscilloscope that clips is set wider and looks again; what clipped is kept as evidence and never judged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.system.running import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.running import Command


def test_a_device_far_above_its_setting_fails_with_a_value_not_for_want_of_one(
    tmp_path: Path, rig: Command, evidence: Path
) -> None:
    text = (ROOT / "fixtures/duts/faulty/amplitude-gain.dut.yaml").read_text(encoding="utf-8")
    device = tmp_path / "far-above.dut.yaml"
    device.write_text(text.replace("125 %", "180 %"), encoding="utf-8")
    assert "180 %" in device.read_text(encoding="utf-8")
    done = rig("run", "testplans/smoke.plan.yaml", "-k", "limits and 50Hz", "--dut", device)
    assert done.returncode == 1, done.stdout + done.stderr
    (path,) = evidence.glob("*/record.json")
    (case,) = json.loads(path.read_text(encoding="utf-8"))["cases"]
    first, second = (one for one in case["captures"] if one["purpose"] == "signal")
    assert any("clipped" in defect for defect in first["defects"])
    assert second["defects"] == []
    voltages = [entry for entry in case["measurements"] if entry["measurand"] == "peak_output_voltage"]
    assert voltages[0]["origin"][0] == second["id"]
    assert 50 < voltages[0]["value"] < 60  # 60 mA · 1.8 · 500 ohm
    assert case["output_off"]["verdict"] == "PASS"
