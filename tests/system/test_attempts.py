"""A case whose dialogue with an instrument broke is tried again where the plan allows it; every attempt is shown."""

from __future__ import annotations

from pathlib import Path

from tests.system.running import Command, Record, Write, ended, replayed, the_record

PLAN = """\
plan: AGAIN
title: A case with a second chance
revision: A
attempts: 2
ceiling: {current_peak: 140 mA, exposure: 5 s}
cases:
  - id: a
    stimulus: {shape: biphasic_symmetric, amplitude: 20 mA, phase_duration: 300 us, rate: 50 Hz, train: 0.2 s}
    capture: {ranging: expected}
    load: 500 ohm
    verify: [phase_top: {within: 5 % of set}]
"""
SILENT_ONCE = "{instrument: stimulator, kind: timeout, after: 4, times: 1}"
SILENT = "{instrument: stimulator, kind: timeout, after: 4}"


def attempts(record: Record) -> list[tuple[int, str, bool]]:
    return [(case["attempt"], case["verdict"], case["retried"]) for case in record["cases"]]


def test_a_broken_dialogue_is_tried_again_and_both_attempts_are_on_record(
    rig: Command, plan_file: Write, bench_file: Write, evidence: Path
) -> None:
    said = ended(rig("run", plan_file(text=PLAN), "--bench", bench_file(faults=SILENT_ONCE)), 0)
    assert "PASS: 1 PASS; 1 tried again" in said
    record = the_record(evidence)
    assert attempts(record) == [(1, "ERROR", True), (2, "PASS", False)]
    assert [case["output_off"]["verdict"] for case in record["cases"]] == ["PASS", "PASS"]
    kept = {capture["id"] for case in record["cases"] for capture in case["captures"]}
    assert len(kept) == sum(len(case["captures"]) for case in record["cases"])
    (folder,) = evidence.iterdir()
    assert len(list((folder / "cases").iterdir())) == 2
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "the case was tried again" in page
    assert "(attempt 2)" in page
    assert replayed(evidence) == {("a", 1): "same", ("a", 2): "same"}
    ended(rig("verify", folder), 0)


def test_without_leave_nothing_is_tried_again(
    rig: Command, plan_file: Write, bench_file: Write, evidence: Path
) -> None:
    plan = plan_file(("attempts: 2\n", ""), text=PLAN)
    ended(rig("run", plan, "--bench", bench_file(faults=SILENT_ONCE)), 3)
    assert attempts(the_record(evidence)) == [(1, "ERROR", False)]


def test_a_limit_failure_is_never_tried_again(
    rig: Command, plan_file: Write, bench_file: Write, evidence: Path
) -> None:
    plan = plan_file(("within: 5 % of set", "at_most: 10 mA, waiver: to fail"), text=PLAN)
    ended(rig("run", plan, "--bench", bench_file(faults="")), 1)
    assert attempts(the_record(evidence)) == [(1, "FAIL", False)]


# In the middle of a train of three seconds the device does not answer a sign of life.
LONGER = ("train: 0.2 s", "train: 3 s")
SILENT_IN_TRAIN = "{instrument: stimulator, kind: timeout, after: 5, times: 1}"


def test_what_came_before_the_dialogue_broke_is_judged_and_a_failure_is_not_tried_again(
    rig: Command, plan_file: Write, bench_file: Write, evidence: Path
) -> None:
    plan = plan_file(LONGER, ("within: 5 % of set", "at_most: 10 mA, waiver: to fail"), text=PLAN)
    rig("run", plan, "--bench", bench_file(faults=SILENT_IN_TRAIN))
    (case,) = the_record(evidence)["cases"]
    assert not case["retried"]
    assert "ML_GET_CURRENT_DATA" in case["error"]["message"]
    assert [one["verdict"] for one in case["judgements"]] == ["FAIL"]
    assert case["verdict"] in {"FAIL", "ERROR"}
    assert [one["purpose"] for one in case["captures"]].count("signal") == 1
    assert replayed(evidence) == {("a", 1): "same"}


def test_a_train_that_was_right_until_the_dialogue_broke_is_tried_again(
    rig: Command, plan_file: Write, bench_file: Write, evidence: Path
) -> None:
    ended(rig("run", plan_file(LONGER, text=PLAN), "--bench", bench_file(faults=SILENT_IN_TRAIN)), 0)
    record = the_record(evidence)
    assert attempts(record) == [(1, "ERROR", True), (2, "PASS", False)]
    assert "ML_GET_CURRENT_DATA" in record["cases"][0]["error"]["message"]
    assert replayed(evidence) == {("a", 1): "same", ("a", 2): "same"}
