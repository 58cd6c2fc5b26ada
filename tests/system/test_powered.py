"""A device that a supply feeds, from the command line: alive for the run, without power after it and after a trip."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.system.running import FIXTURES, ended, one_record_per_case, the_record

if TYPE_CHECKING:
    from tests.system.running import Command, Write

BENCH = FIXTURES / "benches" / "virtual-powered.bench.yaml"
DEVICE = FIXTURES / "duts" / "p24-powered.dut.yaml"


@pytest.fixture
def patient(tmp_path: Path) -> Path:
    """The bench with a guard and an interlock that wait for a machine of any speed."""
    text = BENCH.read_text(encoding="utf-8").replace(": ../", f": {FIXTURES.as_posix()}/")
    for old, new in (
        ("hold_time: 1 s", "hold_time: 600 s"),
        ("\ninstruments:", "\nguard: {heartbeat: 60 s, answer: 60 s}\n\ninstruments:"),
    ):
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "patient.bench.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def events(path: Path, name: str) -> list[dict[str, Any]]:
    lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    return [line["facts"] for line in lines if line["event"] == name]


def test_a_device_is_fed_for_the_run_and_no_longer(
    rig: Command, plan_file: Write, evidence: Path, patient: Path
) -> None:
    ended(rig("run", plan_file(), "--bench", patient), 0)
    record = the_record(evidence)
    assert record["end_reason"] == "completed"
    (folder,) = evidence.iterdir()
    (opened,) = events(folder / "journal.jsonl", "bench open")
    assert abs(opened["fed"]["voltage"] - 20) < 0.1
    assert 0 < opened["fed"]["current"] < 1
    (off,) = events(folder / "guard.jsonl", "supply off")
    assert off["problem"] == ""
    assert events(folder / "guard.jsonl", "tripped") == []


def test_a_device_that_does_not_stop_loses_its_power_at_the_trip(
    rig: Command, plan_file: Write, evidence: Path, patient: Path, tmp_path: Path
) -> None:
    stuck = tmp_path / "stuck.dut.yaml"
    text = DEVICE.read_text(encoding="utf-8").replace("device: p24-powered", "device: p24-powered-stuck")
    stuck.write_text(f"{text}faults: [{{kind: stuck_on}}]\n", encoding="utf-8")
    ended(rig("run", plan_file(), "--bench", patient, "--dut", stuck), 1)
    record = the_record(evidence)
    assert record["end_reason"] == "limit_stop"
    assert one_record_per_case(record)["a"]["output_off"]["verdict"] == "FAIL"
    (folder,) = evidence.iterdir()
    (trip,) = events(folder / "guard.jsonl", "tripped")
    steps = {step["name"]: step for step in trip["steps"]}
    assert list(steps) == ["open the interlock", "see that it is open", "switch the supply off", "latch"]
    assert not any(step["problem"] for step in steps.values())
    assert steps["switch the supply off"]["seconds"] > 0
    made_safe = events(folder / "journal.jsonl", "made safe")[-1]
    assert made_safe["switch the supply off"] == "done"


def test_a_bench_and_a_device_that_do_not_agree_are_refused_with_their_places(rig: Command, plan_file: Write) -> None:
    healthy = FIXTURES / "duts" / "p24-healthy.dut.yaml"
    said = ended(rig("run", plan_file(), "--bench", BENCH, "--dut", healthy), 2)
    line = BENCH.read_text(encoding="utf-8").splitlines().index("    role: supply") + 1
    assert f"virtual-powered.bench.yaml:{line}:11: instruments.supply.role: the device p24-healthy has no" in said
    said = ended(rig("run", plan_file(), "--dut", DEVICE), 2)
    line = next(n for n, text in enumerate(DEVICE.read_text(encoding="utf-8").splitlines(), 1) if "supply: {" in text)
    assert f"p24-powered.dut.yaml:{line}:1: supply: the device is fed from outside" in said
