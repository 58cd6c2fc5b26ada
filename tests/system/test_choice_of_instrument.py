"""What is told of the form of an edge comes from the oscilloscope, and the record, the report and `explain` say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.system.running import PLAN, ended, one_record_per_case, the_record

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.running import Command

CHECKS = "rise_time: {at_most: 10 us}, phase_duration: {within: 2 % of set}"


def test_a_rise_time_is_told_with_the_instrument_it_comes_from(tmp_path: Path, rig: Command, evidence: Path) -> None:
    plan = tmp_path / "edges.plan.yaml"
    plan.write_text(PLAN.replace("phase_top: {within: 5 % of set}", CHECKS), encoding="utf-8")
    ended(rig("run", plan), 0)
    case = one_record_per_case(the_record(evidence))["a"]
    found = {entry["measurand"]: entry for entry in case["measurements"]}
    assert found["rise_time"]["origin"][1] == "voltage"
    assert found["phase_duration"]["origin"][1] == "current"
    (folder,) = evidence.iterdir()
    said = ended(rig("explain", folder, "a", "rise_time"), 0)
    assert "the oscilloscope's record, 3 pulses" in said
    assert "voltage" in said
    assert "the oscilloscope&#39;s record, 3 pulses" in (folder / "report.html").read_text(encoding="utf-8")
