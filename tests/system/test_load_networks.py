"""A load is proved by voltage and current of the first pulse, networks too: no relay's word is believed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.system.running import Command, Record, Write, ended, one_record_per_case, the_record

PLAN = """\
plan: NET
title: Networks
revision: A
ceiling: {current_peak: 100 mA, charge_per_phase: 60 uC, rms_current: 30 mA, exposure: 5 s}
defaults:
  stimulus: {shape: biphasic_symmetric, amplitude: 20 mA, phase_duration: 300 us, rate: 50 Hz, train: 0.1 s}
cases:
  - id: a
    sweep: {load: [LOADS]}
    verify: [peak_output_voltage: {at_most: 200 V}]
"""


@pytest.fixture
def cases(rig: Command, plan_file: Write, bench_file: Write, evidence: Path) -> Callable[..., Mapping[str, Record]]:
    """Run the plan into some loads, with a switch that has such a fault; return the cases by load."""

    def run(loads: str, code: int, fault: str = "") -> Mapping[str, Record]:
        bench = bench_file(
            ("nmes-box-1", "nmes-box-networks"), faults=f"{{instrument: switch, kind: {fault}}}" if fault else ""
        )
        ended(rig("run", plan_file(("LOADS", loads), text=PLAN), "--bench", bench), code)
        return {case["load"]["name"]: case for case in one_record_per_case(the_record(evidence)).values()}

    return run


def test_networks_are_proved_by_their_parts(cases: Callable[..., Mapping[str, Record]]) -> None:
    found = cases("1 kohm RC, 1.5 kohm RC, 1 kohm, open", 0)
    assert {case["verdict"] for case in found.values()} == {"PASS"}
    for name in ("1 kohm RC", "1.5 kohm RC"):
        agreements = found[name]["agreements"]
        shown = [one["quantity"].rpartition("(")[2] for one in agreements]
        assert shown == ["series resistance)", "capacitance)", "total resistance)"]
        assert all(one["e_n"] < 1 and one["unit"] == "V" for one in agreements)
        # What is in doubt must be small against what would be wrong, or nothing is proved.
        assert all(one["uncertainty"] < 0.1 * one["digitizer"] for one in agreements)


@pytest.mark.parametrize(
    ("fault", "loads", "messages"),
    [
        ("stuck_open", "1 kohm RC", {"1 kohm RC": "there was a voltage and no current while 1 kohm RC should have"}),
        (
            "wrong_relay",
            "1 kohm RC, 1.5 kohm RC",
            {"1 kohm RC": "oscilloscope and digitizer disagree", "1.5 kohm RC": "oscilloscope and digitizer disagree"},
        ),
        (
            "stuck_closed",
            "500 ohm, 1 kohm RC, open",
            {"1 kohm RC": "(total resistance)", "open": "current flowed while nothing should have been connected"},
        ),
    ],
)
def test_a_position_that_sticks_or_is_another_one_is_an_error_of_the_bench(
    cases: Callable[..., Mapping[str, Record]], fault: str, loads: str, messages: dict[str, str]
) -> None:
    found = cases(loads, 3, fault)
    assert {name for name, case in found.items() if case["verdict"] == "ERROR"} == set(messages)
    for name, message in messages.items():
        assert message in found[name]["error"]["message"]
        assert found[name]["judgements"] == []
        assert found[name]["output_off"]["verdict"] == "PASS"


def test_the_bench_check_says_that_networks_agree_with_their_parts(
    rig: Command, bench_file: Write, tmp_path: Path
) -> None:
    bench = bench_file(("nmes-box-1", "nmes-box-networks"))
    said = ended(rig("bench", "check", "--loads", "--json", "--bench", bench, "--evidence", tmp_path / "checked"), 0)
    notes = {one["load"]: (one["note"], one["measured"] is None) for one in json.loads(said)["loads"]}
    agrees = ("agrees with its series resistance, capacitance and total resistance", True)
    assert notes == {
        "500 ohm": ("", False),
        "1 kohm RC": agrees,
        "1.5 kohm RC": agrees,
        "1 kohm": ("", False),
    }
