"""Allure results of a run: parameters, a step per check, raw data linked by hash, one small figure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from tests.system.running import Command

PNG = b"\x89PNG\r\n\x1a\n"


def results(folder: Path) -> dict[str, dict[str, Any]]:
    found = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*-result.json")]
    return {one["name"].partition(" ")[0]: one for one in found}


def test_a_case_that_fails_is_shown_with_its_checks_its_data_and_its_figure(
    failed_run: Path, failed_bundle: Path
) -> None:
    allure = failed_run / "allure"
    shown = results(allure)["balance[300us]"]
    path = failed_bundle / "record.json"
    case = next(one for one in json.loads(path.read_text(encoding="utf-8"))["cases"] if one["id"] == "balance[300us]")

    assert shown["status"] == "failed"
    assert {one["name"]: one["value"].strip("'") for one in shown["parameters"]} == {
        "amplitude": "60 mA",
        "phase duration": "300 us",
        "rate": "100 Hz",
        "train": "1.1 s",
        "load": "500 ohm",
    }
    assert len(shown["steps"]) == len(case["judgements"]) + 1  # and the output measured to be off
    for step, judgement in zip(shown["steps"], case["judgements"], strict=False):
        assert judgement["limit"]["measurand"] in step["name"]
        assert step["status"] == ("passed" if judgement["verdict"] == "PASS" else "failed")
    linked = " ".join(link["name"] for link in shown["links"])
    assert all(capture["source"]["sha256"][:12] in linked for capture in case["captures"])
    assert all(capture["source"]["sha256"] in shown["description"] for capture in case["captures"])
    (figure,) = shown["attachments"]
    assert figure["type"] == "image/png"
    picture = (allure / figure["source"]).read_bytes()
    assert picture.startswith(PNG)
    assert len(picture) < 100_000
    assert {label["value"] for label in shown["labels"] if label["name"] == "trace"} == {"REQ-OUT-011", "HAZ-004"}


def test_a_case_that_passes_is_shown_as_passed(rig: Command, tmp_path: Path) -> None:
    allure = tmp_path / "allure"
    done = rig("run", "testplans/smoke.plan.yaml", "-k", "balance and 300us", "--allure", allure)
    assert done.returncode == 0, done.stdout + done.stderr
    (shown,) = results(allure).values()
    assert shown["status"] == "passed"
    assert {step["status"] for step in shown["steps"]} == {"passed"}
