"""A run in which attempts broke, tests in Python judged and the live watch stopped, with wrong constants, corrected."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from rig.errors import EvidenceError
from rig.evidence.manifest import manifest_bytes
from rig.sequencer.replay.answer import Answer
from rig.sequencer.replay.bundle import replay_bundle
from rig.sequencer.replay.result import CaseReplay, ReplayResult
from rig.sequencer.replay.show import replay_exit_code, show_replay
from tests.system.running import ENVIRONMENT, FIXTURES, ROOT

PLAN = """\
plan: AGAIN
title: A case whose dialogue breaks within its train
revision: A
attempts: 2
ceiling: {current_peak: 140 mA, exposure: 5 s}
cases:
  - id: a
    stimulus: {shape: biphasic_symmetric, amplitude: 20 mA, phase_duration: 300 us, rate: 50 Hz, train: 3 s}
    capture: {ranging: expected}
    load: 500 ohm
    verify: [phase_mean: {at_most: 15 mA, waiver: to fail}, phase_top: {within: 5 % of set}]
"""
STOPPED = """\
plan: STOPPED
title: A case that a wrong hard limit ends
revision: A
ceiling: {current_peak: 140 mA, exposure: 5 s}
cases:
  - id: z
    stimulus: {shape: biphasic_symmetric, amplitude: 60 mA, phase_duration: 300 us, rate: 50 Hz, train: 0.2 s}
    load: 500 ohm
    verify: [phase_duration: {within: 5 % of set}]
"""
TEST = """
from dataclasses import replace

def test_means(load, capture, judge):
    load("500 ohm")
    settings = dict(shape="monophasic", phase_duration="300 us", rate="50 Hz", train="60 ms")
    first = capture(amplitude="20 mA", **settings)
    judge(first["phase_mean"], at_most="15 mA")
    second = capture(amplitude="10 mA", **settings)
    judge(second["phase_mean"], at_most="15 mA")
    judge(first["phase_top"], between=["19 mA", "21 mA"])
    judge(replace(first["phase_mean"], value=1e-3), at_most="15 mA")
"""
# A mean over twice the duration, and a device that trips at two fifths of its rating.
WRONG = """
import rig.analysis.charge as charge, rig.sequencer.live as live
right = charge.ratio
charge.ratio = lambda one, other: right(one, 2.0 * other)
live._TOLERANCE = 0.4
from rig.cli import main
main()
"""
SILENT_IN_TRAIN = "{instrument: stimulator, kind: timeout, after: 5, times: 1}"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("broken")
    bench = (FIXTURES / "benches/virtual.bench.yaml").read_text(encoding="utf-8")
    bench = bench.replace(": ../", f": {FIXTURES.as_posix()}/").replace("faults: []", f"faults: [{SILENT_IN_TRAIN}]")
    files = {"a.plan.yaml": PLAN, "test_means.py": TEST, "z.plan.yaml": STOPPED, "copy.bench.yaml": bench}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    plans = [folder / name for name in list(files)[:3]]
    options = ["--bench", folder / "copy.bench.yaml", "--evidence", folder / "out"]
    arguments = [sys.executable, "-c", WRONG, "run", *map(str, (*plans, *options))]
    done = subprocess.run(arguments, cwd=ROOT, env=ENVIRONMENT, capture_output=True, timeout=110, check=False)
    assert done.returncode == 1, done.stdout.decode(errors="replace")
    (found,) = (folder / "out").iterdir()
    return found


@pytest.fixture(scope="module")
def record(bundle: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((bundle / "record.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def result(bundle: Path) -> ReplayResult:
    return replay_bundle(bundle)


def attempt(result: ReplayResult, case: str, number: int = 1) -> CaseReplay:
    (found,) = [one for one in result.cases if (one.id, one.attempt) == (case, number)]
    return found


def changed(case: CaseReplay) -> list[tuple[str, str, str]]:
    """What is told of verdicts: the limit's measurand, what it was, what it is."""
    shown = []
    for change in case.judgements:
        one = change.after or change.before
        assert one is not None
        before, after = (str(side.verdict) if side else "" for side in (change.before, change.after))
        shown.append((one.limit.measurand, before, after))
    return shown


def test_the_run_is_as_the_wrong_constants_made_it(record: dict[str, Any]) -> None:
    cases = [(case["id"], case["attempt"], case["verdict"], case["retried"]) for case in record["cases"]]
    assert cases == [
        ("a", 1, "ERROR", True),
        ("a", 2, "PASS", False),
        ("z", 1, "FAIL", False),
        ("test_means", 1, "PASS", False),
    ]
    assert record["cases"][2]["judgements"][0]["limit"]["source"] == "the live watch"


def test_a_retried_attempt_is_judged_again_and_no_later_one_makes_up_for_its_failure(result: ReplayResult) -> None:
    first, second = attempt(result, "a"), attempt(result, "a", 2)
    assert (first.before, first.after) == ("ERROR", "FAIL")
    assert changed(first) == [("phase_mean", "", "FAIL")]
    assert "whether another attempt makes up for it" in first.others
    assert first.taken == ()
    assert (second.before, second.after) == ("PASS", "FAIL")
    assert changed(second) == [("phase_mean", "PASS", "FAIL")]
    assert second.taken == second.noted == ()


def test_what_a_test_in_python_had_judged_of_its_captures_is_judged_again(result: ReplayResult) -> None:
    case = attempt(result, "test_means")
    assert (case.before, case.after) == ("PASS", "FAIL")
    first, second = case.judgements
    assert changed(case) == [("phase_mean", "PASS", "FAIL"), ("phase_mean", "PASS", "PASS")]
    assert first.before is not None
    assert first.after is not None
    assert first.after.value == pytest.approx(2 * (first.before.value or 0))
    assert second.after is not None
    assert second.after.value == pytest.approx(10e-3, rel=0.05)
    assert first.after.capture != second.after.capture
    assert len(case.taken) == 2, "its own code, and the value that it had made itself"


def test_a_train_that_this_code_would_not_have_ended_is_worth_nothing(result: ReplayResult) -> None:
    case = attempt(result, "z")
    assert (case.before, case.after) == ("FAIL", "INCONCLUSIVE")
    assert ("phase_peak", "FAIL", "") in changed(case)
    assert "would not have ended it" in case.reason_after
    assert case.taken == ()


def test_the_diff_names_exactly_the_verdicts_that_changed(bundle: Path, result: ReplayResult) -> None:
    answer = Answer(bundle=str(bundle), result=result)
    assert replay_exit_code([answer]) == 1
    lines = [line.strip() for line in show_replay(answer) if "→" in line]
    assert [line.split(" (the")[0].split(" at ")[0] for line in lines] == [
        "AGAIN a (attempt 1): ERROR → FAIL",
        "phase_mean",
        "AGAIN a (attempt 2): PASS → FAIL",
        "phase_mean",
        "STOPPED z: FAIL → INCONCLUSIVE",
        "phase_peak",
        "test_means test_means: PASS → FAIL",
        "phase_mean",
    ]


@contextmanager
def doctored(bundle: Path, record: dict[str, Any]) -> Iterator[None]:
    """Give a bundle another record and seal it anew; afterwards it is what it was."""
    whole = {name: (bundle / name).read_bytes() for name in ("record.json", "manifest.json")}
    try:
        (bundle / "record.json").write_text(json.dumps(record), encoding="utf-8")
        (bundle / "manifest.json").write_bytes(manifest_bytes(bundle))
        yield
    finally:
        for name, content in whole.items():
            (bundle / name).write_bytes(content)


def test_what_the_live_watch_saw_is_needed_to_ask_it_again(bundle: Path, record: dict[str, Any]) -> None:
    """An older rig, or a train that lasted too long: then its verdict is carried over, and that is said."""
    older = deepcopy(record)
    for capture in older["cases"][2]["captures"]:
        capture.pop("watched")
    with doctored(bundle, older):
        case = attempt(replay_bundle(bundle), "z")
    assert (case.before, case.after, case.outcome) == ("FAIL", "FAIL", "not done again")
    assert any("does not say what the live watch saw" in one for one in case.taken)


@pytest.mark.parametrize("blocks", [[], [[0, 1]], [[-5, -10]], [[10**9, 10**9]]])
def test_what_the_live_watch_cannot_have_seen_is_no_evidence(
    bundle: Path, record: dict[str, Any], blocks: list[list[int]]
) -> None:
    false = deepcopy(record)
    (broken,) = [one for one in false["cases"][0]["captures"] if one["watched"]]
    broken["watched"]["blocks"] = blocks
    with doctored(bundle, false), pytest.raises(EvidenceError, match="samples were looked at, and it holds"):
        replay_bundle(bundle)


def test_a_stop_that_the_record_does_not_show_is_carried_over_in_a_test_in_python_as_well(
    bundle: Path, record: dict[str, Any]
) -> None:
    older = deepcopy(record)
    stopped, script = older["cases"][2], older["cases"][3]
    script["judgements"].append(stopped["judgements"][0])
    script["verdict"], script["reason"] = "FAIL", stopped["reason"]
    with doctored(bundle, older):
        case = attempt(replay_bundle(bundle), "test_means")
    assert (case.before, case.after, case.outcome) == ("FAIL", "FAIL", "not done again")
    assert any("does not say what the live watch saw" in one for one in case.taken)
