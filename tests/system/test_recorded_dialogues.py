"""``--record-io`` and ``--play-back``: a run that needs no instruments the second time."""

from __future__ import annotations

from pathlib import Path

from tests.system.running import Command, Write, ended, one_record_per_case, the_record


def test_a_run_is_the_same_when_its_dialogues_answer(rig: Command, plan_file: Write, tmp_path: Path) -> None:
    plan = plan_file()
    first, second = tmp_path / "first", tmp_path / "second"
    ended(rig("run", plan, "--record-io", "--evidence", first), 0)
    before = the_record(first)
    (bundle,) = first.iterdir()
    said = ended(rig("run", plan, "--play-back", bundle, "--evidence", second), 0)
    after = the_record(second)
    (one,), (other,) = (one_record_per_case(record).values() for record in (before, after))
    assert one["measurements"] == other["measurements"]
    assert one["judgements"] == other["judgements"]
    assert f"ENGINEERING ONLY: its instruments were played back from the run {bundle.name}" in said
    assert before["engineering_only"] == []
    assert after["engineering_only"]


def test_what_was_not_recorded_cannot_be_played_back(rig: Command, plan_file: Write, tmp_path: Path) -> None:
    said = ended(rig("run", plan_file(), "--play-back", tmp_path / "nothing", "--evidence", tmp_path / "out"), 2)
    assert "no dialogue with daq, scope, stimulator, switch was recorded" in said
    assert not (tmp_path / "out").exists()
