"""A series from end to end: judged from its cases, on record like any case, and never passed without all of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from tests.system.running import FIXTURES, Record, ended, one_record_per_case, the_record

if TYPE_CHECKING:
    from tests.system.running import Command

PLAN = "testplans/output-control.plan.yaml"
COARSE = FIXTURES / "duts/faulty/series/coarse-steps.dut.yaml"


def verdicts(case: Record) -> dict[str, str]:
    return {entry["limit"]["measurand"]: entry["verdict"] for entry in case["judgements"]}


def test_the_healthy_device_passes_and_every_series_is_on_record(rig: Command, evidence: Path) -> None:
    ended(rig("run", PLAN), 0)
    record = the_record(evidence)
    cases = one_record_per_case(record)
    series = {name: case for name, case in cases.items() if name.endswith("[series]")}
    assert set(series) == {"steps[series]", "range[series]", "regulation[series]"}
    for case in series.values():
        assert case["verdict"] == "PASS"
        assert case["captures"] == []
        assert case["output_off"] is None
        assert all(cases[name]["verdict"] == "PASS" for name in case["judged_from"])
    assert list(cases)[7] == "steps[series]", "it stands at the end of its family"
    assert len(series["steps[series]"]["judged_from"]) == 7
    assert {entry["limit"]["clause"] for entry in series["range[series]"]["judgements"]} == {"", "201.12.1.101"}
    (folder,) = evidence.iterdir()
    junit = ET.fromstring((folder / "junit.xml").read_text(encoding="utf-8"))  # noqa: S314 - written by the rig itself
    assert {"steps[series]", "range[series]", "regulation[series]"} <= {
        case.get("name") for case in junit.iter("testcase")
    }
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "nothing was energised in this case" in report
    assert "It was not recorded whether the output was off" not in report
    said = ended(rig("explain", folder, "steps[series]", "amplitude_step"), 0)
    assert "gain, shared" in said


def test_steps_that_are_too_coarse_are_seen_by_the_series_alone(rig: Command, evidence: Path) -> None:
    said = ended(rig("run", PLAN, "--dut", COARSE, "-k", "steps"), 1)
    assert "amplitude_step = 2.0" in said
    *single, series = the_record(evidence)["cases"]
    assert {case["verdict"] for case in single} == {"PASS"}
    assert len(single) == 7
    assert series["verdict"] == "FAIL"
    assert verdicts(series) == {"amplitude_step": "FAIL", "monotonic": "FAIL", "output_accuracy": "PASS"}


def test_a_case_that_was_not_selected_leaves_the_series_undecided(rig: Command, evidence: Path) -> None:
    said = ended(rig("run", PLAN, "-k", "range and not 130mA"), 3)
    assert "range[130mA] was not selected" in said
    cases = one_record_per_case(the_record(evidence))
    assert cases["range[series]"]["verdict"] == "INCONCLUSIVE"
    assert cases["range[500uA]"]["verdict"] == "PASS"


def test_a_latched_bench_judges_no_series(rig: Command, evidence: Path) -> None:
    ended(rig("run", PLAN, "--dut", FIXTURES / "duts/faulty/stuck-on.dut.yaml", "-k", "range"), 1)
    assert [case["verdict"] for case in the_record(evidence)["cases"]] == ["FAIL", "NOT_RUN", "NOT_RUN"]


@pytest.mark.parametrize("name", ["steps[series]", "regulation[series]"])
def test_pytest_itself_collects_a_series_like_any_case(name: str, pytester_cli: Command) -> None:
    said = ended(pytester_cli(PLAN, "--collect-only", "-q"), 0)
    assert f"output-control.plan.yaml::{name}" in said


def test_series_are_checked_without_a_bench(rig: Command) -> None:
    said = ended(rig("check", PLAN, "--uncertainty"), 0)
    assert "steps[series]  amplitude_step: at most 800 uA: U = " in said
