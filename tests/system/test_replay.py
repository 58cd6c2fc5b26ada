"""``rig replay``: runs measured and judged again from their evidence, with the code and the limits of today."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rig.errors import EvidenceError
from rig.evidence.manifest import manifest_bytes
from rig.sequencer.replay.bundle import replay_bundle
from tests.system.running import ENVIRONMENT, FIXTURES, PLAN, ROOT, Command, Write, ended

MIXED = f"""{PLAN.replace("load: [500 ohm, 1 kohm, 2 kohm]", "load: [500 ohm, 1 kohm, 2 kohm, open]")}
  - id: step
    load: 500 ohm
    stimulus: {{train: 0.4 s}}
    events: [{{at: 0.2 s, load: 1 kohm}}]
    capture: {{ranging: expected}}
    verify: [phase_top: {{within: 5 % of set, during: 1 kohm}}, latency: {{at_most: 100 ms}}]
  - id: loads
    sweep: {{load: [500 ohm, 1 kohm]}}
    verify: [phase_top: {{within: 5 % of set}}]
    series: [load_regulation: {{at_most: 5 %}}]
"""
SHANNON = PLAN.replace(
    "    verify: [phase_top: {within: 5 % of set}]\n",
    """\
    verify: [phase_top: {within: 5 % of set}, shannon_k: {at_most: 1.85}]
  - id: b
    load: 500 ohm
    verify: [shannon_k: {at_least: 3}, phase_top: {within: 5 % of set}]
  - id: c
    load: 500 ohm
    verify: [phase_top: {within: 5 % of set}]
""",
)
PACK = """\
id: own
title: Limits of our own
edition: "1"
entries:
  - clause: "1"
    title: Amplitude
    measurand: phase_top
    at_most: 30 mA
    source: our own
    confidence: SURE
"""
WRONG = "import sys, rig.analysis.charge as c; c._SQUARE_CENTIMETRES = 1.0; from rig.cli import main; main()"


@pytest.fixture(autouse=True)
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep what has been replayed in this test's own folder."""
    monkeypatch.setitem(ENVIRONMENT, "RIG_REPLAYS", str(tmp_path / "known"))
    return tmp_path / "known"


def run_with_wrong_constant(plan: Path, evidence: Path) -> None:
    arguments = [sys.executable, "-c", WRONG, "run", str(plan), "--evidence", str(evidence)]
    done = subprocess.run(arguments, cwd=ROOT, env=ENVIRONMENT, capture_output=True, timeout=110, check=False)
    assert done.returncode == 1, done.stdout.decode(errors="replace")


def replayed(rig: Command, *arguments: str | Path, code: int) -> list[dict[str, Any]]:
    done = rig("replay", "--json", *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def test_a_run_with_a_wrong_constant_is_corrected_and_the_diff_names_what_changed(
    rig: Command, plan_file: Write, evidence: Path
) -> None:
    run_with_wrong_constant(plan_file(text=SHANNON), evidence)
    (bundle,) = evidence.iterdir()
    said = ended(rig("replay", bundle), 1)
    changed = [line.strip() for line in said.splitlines() if "→" in line]
    assert [line.split(" (")[0] for line in changed] == [
        "SYS a: FAIL → PASS",
        "shannon_k at most 1.85",
        "SYS b: PASS → FAIL",
        "shannon_k at least 3",
    ]
    (answer,) = replayed(rig, bundle, code=1)
    cases = {case["id"]: case for case in answer["result"]["cases"]}
    verdicts = {
        (name, change["before"]["limit"]["measurand"], change["before"]["verdict"], change["after"]["verdict"])
        for name, case in cases.items()
        for change in case["judgements"]
    }
    assert verdicts == {("a", "shannon_k", "FAIL", "PASS"), ("b", "shannon_k", "PASS", "FAIL")}
    for case in cases.values():
        (value,) = case["measurements"]
        assert value["before"]["measurand"] == "shannon_k"
        assert value["before"]["value"] - value["after"]["value"] == pytest.approx(4.0)


def test_the_same_code_gives_the_same_bits(rig: Command, plan_file: Write, evidence: Path, known: Path) -> None:
    plan = plan_file(text=MIXED)
    ended(rig("run", plan), 0)
    ended(rig("run", plan, "--dut", FIXTURES / "duts/faulty/amplitude-gain.dut.yaml"), 1)
    bundles = sorted(evidence.iterdir())
    plan.unlink()  # evidence stands on its own
    said = ended(rig("replay", *bundles, "--jobs", "2"), 0)
    assert said.count("identical, ") == len(bundles)
    assert "known from before" not in said
    again = ended(rig("replay", *bundles), 0)
    assert again.count("known from before") == len(bundles)
    assert len(list(known.iterdir())) == len(bundles)
    (file,) = (bundles[0] / "sources/plan").iterdir()
    file.write_text(file.read_text().replace("5 %", "9 %"))
    assert "not intact" in ended(rig("replay", *bundles), 2)


def test_other_limits_give_other_verdicts(rig: Command, plan_file: Write, evidence: Path, tmp_path: Path) -> None:
    ended(rig("run", plan_file()), 0)
    (bundle,) = evidence.iterdir()
    pack = tmp_path / "own.limits.yaml"
    pack.write_text(PACK, encoding="utf-8")
    (answer,) = replayed(rig, bundle, "--limits", pack, code=1)
    (change,) = answer["result"]["cases"][0]["judgements"]
    assert change["before"] is None
    assert (change["after"]["limit"]["source"], change["after"]["verdict"]) == ("own", "PASS")
    pack.write_text(PACK.replace("30 mA", "10 mA"), encoding="utf-8")
    said = ended(rig("replay", bundle, "--limits", tmp_path), 1)
    assert "PASS → FAIL" in said
    assert "not judged → FAIL at 20.1" in said
    assert "no limit pack" in ended(rig("replay", bundle, "--limits", tmp_path / "nothing"), 2)


def doctored(bundle: Path, folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Copy a bundle, change its record, and seal it anew: as an older rig, or a run that was cut off, leaves it."""
    copy = folder / bundle.name
    shutil.copytree(bundle, copy)
    record = json.loads((copy / "record.json").read_text(encoding="utf-8"))
    change(record)
    (copy / "record.json").write_text(json.dumps(record), encoding="utf-8")
    (copy / "manifest.json").write_bytes(manifest_bytes(copy))
    return copy


def without(key: str, *, of: str = "") -> Callable[[dict[str, Any]], object]:
    """Return what takes an entry out of a case, or out of all captures, waveforms or measurements of it."""

    def change(record: dict[str, Any]) -> None:
        (case,) = record["cases"]
        found = {
            "": [case],
            "captures": case["captures"],
            "waveforms": [one for capture in case["captures"] for one in capture["waveforms"]],
            "measurements": case["measurements"],
        }
        for one in found[of]:
            one.pop(key)

    return change


def cut_off(record: dict[str, Any]) -> None:
    """What a run leaves that was killed between its last capture and the record of its case."""
    without("path", of="waveforms")(record)
    gone = {"verdict": "ABORTED", "reason": "cut off", "measurements": [], "judgements": [], "agreements": []}
    record["cases"][0].update(gone, output_off={"verdict": "ABORTED", "reason": "cut off"})
    record["cases"][0]["error"] = {"type": "Interrupted", "message": "cut off", "stage": "unknown"}
    record.update(verdict="ABORTED", end_reason="crash")


@pytest.mark.parametrize(
    ("change", "outcome", "reason"),
    [
        (without("zero", of="captures"), "same", ""),
        (without("path", of="waveforms"), "not done again", "the record does not say what way its "),
        (without("output_off"), "not done again", "the record does not say whether its output was off"),
        (without("components", of="measurements"), "values changed", ""),
        (cut_off, "not done again", "it was cut off"),
    ],
)
def test_what_an_older_or_cut_off_record_does_not_tell_is_named(
    change: Callable[[dict[str, Any]], object], outcome: str, reason: str, failed_bundle: Path, tmp_path: Path
) -> None:
    result = replay_bundle(doctored(failed_bundle, tmp_path, change))
    assert result.outcome == outcome
    (case,) = result.cases
    assert [one.startswith(reason) for one in case.taken] == [True] * bool(reason)


def test_a_capture_that_is_missing_or_another_is_refused_by_name(failed_bundle: Path, tmp_path: Path) -> None:
    copy = doctored(failed_bundle, tmp_path, lambda _: None)
    one, other = sorted((copy / "captures").iterdir())[-2:]
    whole = one.read_bytes()
    for sealed in (False, True):  # whoever seals it anew changes nothing of what its record names
        one.write_bytes(other.read_bytes())
        if sealed:
            (copy / "manifest.json").write_bytes(manifest_bytes(copy))
        with pytest.raises(EvidenceError, match=re.escape(one.name)):
            replay_bundle(copy)
        one.unlink()
        if sealed:
            (copy / "manifest.json").write_bytes(manifest_bytes(copy))
        with pytest.raises(EvidenceError, match=re.escape(one.name)):
            replay_bundle(copy)
        one.write_bytes(whole)
    (copy / "manifest.json").write_bytes(manifest_bytes(copy))
    assert replay_bundle(copy).outcome == "same"


def test_what_is_no_evidence_is_refused(rig: Command, tmp_path: Path) -> None:
    said = ended(rig("replay", tmp_path / "nothing", ROOT / "reports/golden"), 2)
    assert said.count("refused") == 2
