"""What a person is shown of a case that did not pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.evidence.reading import read_record
from rig.evidence.record import CaseRecord
from rig.harness.present import explain, shown, summarise_check
from rig.model.verdict import Verdict

CASES = read_record(Path(__file__).parents[2] / "reports/golden").cases


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_everything_that_did_not_pass_is_shown_and_nothing_that_did(case: CaseRecord) -> None:
    text = explain(case, "reports/out/x")
    assert text.splitlines()[0].startswith(f"{case.verdict}  {case.id}")
    assert f"  plan      {case.location}" in text
    assert text.endswith("  evidence  reports/out/x")
    for entry in case.judgements:
        assert (summarise_check(entry) in text) == (entry.verdict is not Verdict.PASS)
    if case.error is not None:
        assert case.error.message in text
    if case.verdict is Verdict.NOT_RUN:
        assert case.reason in text


def test_a_check_is_said_with_value_uncertainty_limit_and_margin() -> None:
    entries = [entry for case in CASES for entry in case.judgements if entry.value is not None and entry.margin]
    assert entries
    for entry in entries:
        line = summarise_check(entry)
        assert line.startswith(f"{entry.verdict}  {entry.limit.measurand} = ")
        assert "±" in line
        assert f"; limit {entry.limit.text}" in line
        assert ", margin " in line


def test_a_check_without_a_value_says_so() -> None:
    entry = next(entry for case in CASES for entry in case.judgements)
    bare = entry.model_copy(update={"value": None, "margin": None, "expanded_uncertainty": None})
    assert " = no value; limit " in summarise_check(bare)


def test_a_path_is_shown_as_it_would_be_typed(tmp_path: Path) -> None:
    assert shown(tmp_path / "a/b.yaml", tmp_path / "c") == str(Path("..", "a", "b.yaml"))
