"""``rig bench check``: what a bench says of itself, and what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.system.running import Command, Write, ended


def test_a_healthy_bench_is_in_order(rig: Command) -> None:
    state = json.loads(ended(rig("bench", "check", "--json"), 0))
    found = {one["name"]: one for one in state["instruments"]}
    assert set(found) == {"scope", "daq", "switch", "stimulator"}
    assert found["scope"]["self_test"] == "passed"
    assert found["scope"]["calibration"] == "due 2027-03-16"
    assert found["stimulator"]["firmware"] == "1.2.3"
    noise = {one["signal"]: one for one in state["noise"]}
    # The virtual channels are as noisy as their records say, not quieter: 6000 and 2000 samples tell to a few percent.
    for one in noise.values():
        assert one["rms"] == pytest.approx(one["rms_stated"], rel=0.1)
        assert abs(one["offset"]) <= one["offset_stated"]


def test_the_loads_are_measured(rig: Command, tmp_path: Path) -> None:
    said = ended(rig("bench", "check", "--loads", "--json", "--evidence", tmp_path / "out"), 0)
    state = json.loads(said)
    loads = {one["load"]: one for one in state["loads"]}
    assert set(loads) == {"500 ohm", "1 kohm", "2 kohm", "10 kohm", "short"}
    for name, one in loads.items():
        if name == "short":
            assert (one["measured"], one["note"]) == (None, "not measured: below 50 ohm")
        else:
            assert abs(one["measured"] - one["nominal"]) <= one["expanded_uncertainty"]
    assert Path(state["evidence"]).is_dir()


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ("{instrument: scope, kind: timeout}", "scope: "),
        ("{instrument: switch, kind: wrong_identity}", "switch: "),
    ],
)
def test_what_is_wrong_with_one_instrument_keeps_the_others_from_nothing(
    rig: Command, bench_file: Write, fault: str, problem: str
) -> None:
    said = ended(rig("bench", "check", "--bench", bench_file(faults=fault)), 1)
    assert f"PROBLEM  {problem}" in said
    for name in ("daq", "stimulator"):
        assert any(line.startswith(name) and "NOT FOUND" not in line for line in said.splitlines())
