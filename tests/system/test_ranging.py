"""Ranges are chosen from what a scout shows; what clipped is looked at again with more room, and never judged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.running import ROOT, Command, Record, Write, ended, replayed, the_record

BOTH = (
    "verify: [phase_top: {within: 5 % of set}]",
    "verify: [phase_top: {within: 5 % of set}, peak_output_voltage: {at_most: 45 V}]",
)
STRONG = ("amplitude: 20 mA", "amplitude: 80 mA")
EXPECTED = ("defaults:\n", "defaults:\n  capture: {ranging: expected}\n")
FIXED = ("absolute_maximum: 11 V, rate", "half_range: 2 V, rate")

Device = Callable[..., Path]


@pytest.fixture
def device(tmp_path: Path) -> Device:
    """Write a device that delivers a share of what it is set to, at every pulse or at some."""

    def write(share: str, every: int | None = None) -> Path:
        text = (ROOT / "fixtures/duts/faulty/amplitude-gain.dut.yaml").read_text(encoding="utf-8")
        assert "value: 125 %" in text
        path = tmp_path / "other-gain.dut.yaml"
        changed = f"value: {share}" + ("" if every is None else f", every: {every}")
        path.write_text(text.replace("value: 125 %", changed), encoding="utf-8")
        return path

    return write


@pytest.fixture
def the_case(rig: Command, evidence: Path, plan_file: Write, bench_file: Write) -> Callable[..., Record]:
    """Run one case to an exit code, and return its record."""

    def run(
        code: int, *plan: tuple[str, str], dut: Path | None = None, bench: tuple[tuple[str, str], ...] = ()
    ) -> Record:
        more = [] if dut is None else ["--dut", dut]
        ended(rig("run", plan_file(*plan), "--bench", bench_file(*bench), *more), code)
        (case,) = the_record(evidence)["cases"]
        assert isinstance(case, dict)
        return case

    return run


def purposes(case: Record) -> list[str]:
    return [one["purpose"] for one in case["captures"]]


def measured(case: Record, name: str) -> Record:
    (entry,) = (one for one in case["measurements"] if one["measurand"] == name)
    assert isinstance(entry, dict)
    return entry


def ranges(case: Record) -> dict[str, float]:
    return {one["signal"]: one["half_range"] for one in case["ranges"]}


def test_a_device_that_delivers_far_too_little_is_measured_with_smaller_ranges(
    the_case: Callable[..., Record], device: Device, evidence: Path
) -> None:
    weak = device("60 %")
    scouted = the_case(1, BOTH, STRONG, dut=weak)
    evidence.rename(evidence.with_name("scouted"))
    expected = the_case(1, BOTH, STRONG, EXPECTED, dut=weak)
    assert purposes(scouted) == ["scout", "zero", "signal", "idle"]
    assert ranges(scouted) == {"voltage": pytest.approx(1.3 * 24, rel=0.1), "current": 1.0}
    assert ranges(expected) == {"voltage": pytest.approx(1.3 * 40, rel=0.01), "current": 2.0}
    for name in ("peak_output_voltage", "net_charge"):
        assert measured(scouted, name)["expanded_single"] < measured(expected, name)["expanded_single"]
    assert [one["chosen_for"] for one in scouted["ranges"]] == ["scouted peak", "scouted peak"]
    assert scouted["ranges"][1]["peak"] == pytest.approx(0.048, rel=0.03)


def test_a_device_far_above_its_setting_clips_nothing_and_fails(
    the_case: Callable[..., Record], device: Device
) -> None:
    case = the_case(1, BOTH, STRONG, ("current_peak: 100 mA", "current_peak: 140 mA"), dut=device("160 %"))
    assert [one["defects"] for one in case["captures"]] == [[], [], [], []]
    assert case["verdict"] == "FAIL"
    assert {one["verdict"] for one in case["judgements"]} == {"FAIL"}
    assert measured(case, "phase_top")["value"] == pytest.approx(0.128, rel=0.03)
    assert case["output_off"]["verdict"] == "PASS"


def test_without_a_scout_what_clips_is_delivered_again_with_more_room(
    the_case: Callable[..., Record], device: Device, evidence: Path
) -> None:
    room = ("current_peak: 100 mA", "current_peak: 160 mA")  # or the live watch would end it
    case = the_case(1, BOTH, STRONG, EXPECTED, room, dut=device("180 %"))
    assert purposes(case) == ["zero", "signal", "signal", "idle"]
    first, second = (one for one in case["captures"] if one["purpose"] == "signal")
    assert any("clipped" in defect for defect in first["defects"])
    assert second["defects"] == []
    assert measured(case, "peak_output_voltage")["origin"][0] == second["id"]
    assert 68 < measured(case, "peak_output_voltage")["value"] < 76  # 80 mA · 1.8 · 500 ohm
    assert {one["chosen_for"] for one in case["ranges"]} == {"clipped capture"}
    assert case["verdict"] == "FAIL"
    assert replayed(evidence) == {("a", 1): "same"}


def test_a_healthy_device_without_a_scout_is_looked_at_once(the_case: Callable[..., Record]) -> None:
    case = the_case(0, BOTH, EXPECTED)
    assert purposes(case) == ["zero", "signal", "idle"]
    assert {one["chosen_for"] for one in case["ranges"]} == {"expected peak"}


def test_what_bursts_above_the_widest_range_is_stopped_after_its_scout(
    the_case: Callable[..., Record], device: Device
) -> None:
    case = the_case(1, dut=device("1500 %"), bench=(FIXED,))
    assert purposes(case) == ["scout", "idle"]
    assert case["verdict"] == "FAIL"
    # How much it was is not known; that it was more than the plan allows is.
    assert measured(case, "phase_peak")["value"] == pytest.approx(0.2, rel=0.01)
    assert "at most 100 mA: the plan's ceiling" in case["reason"]


def test_bursts_that_the_scout_did_not_see_are_delivered_again_with_more_room(
    the_case: Callable[..., Record], device: Device
) -> None:
    case = the_case(1, dut=device("1500 %", every=3))
    assert purposes(case) == ["scout", "zero", "signal", "zero", "signal", "idle"]
    assert case["verdict"] == "FAIL"
    # The first train was ended because it clipped, the second because it was seen to be too much.
    assert "the plan's ceiling on" in case["reason"]
    assert case["output_off"]["verdict"] == "PASS"


def test_bursts_above_the_widest_range_are_never_a_pass(the_case: Callable[..., Record], device: Device) -> None:
    case = the_case(1, dut=device("1500 %", every=3), bench=(FIXED,))
    assert case["verdict"] == "FAIL"
    assert measured(case, "phase_top")["value"] is None


def test_a_scout_above_the_plan_s_ceiling_stops_the_case(the_case: Callable[..., Record], device: Device) -> None:
    case = the_case(1, ("current_peak: 100 mA", "current_peak: 25 mA"), dut=device("160 %"))
    assert purposes(case) == ["scout", "idle"]
    assert case["verdict"] == "FAIL"
    assert "at most 25 mA: the plan's ceiling" in case["reason"]
    assert {one["verdict"] for one in case["judgements"]} == {"FAIL", "INCONCLUSIVE"}


def test_a_scout_above_what_a_front_end_may_see_is_an_error_of_the_bench(
    the_case: Callable[..., Record], device: Device, evidence: Path
) -> None:
    case = the_case(3, dut=device("160 %"), bench=(("absolute_maximum: 11 V", "absolute_maximum: 250 mV"),))
    assert purposes(case) == ["scout", "idle"]
    assert case["verdict"] == "ERROR"
    assert "the absolute maximum of its input" in case["error"]["message"]
    assert replayed(evidence) == {("a", 1): "same"}


def test_a_digitizer_that_clips_once_is_set_wider_and_gets_another_zero(
    rig: Command, evidence: Path, plan_file: Write, bench_file: Write
) -> None:
    bench = bench_file(faults="{instrument: daq, kind: clipped, after: 1, times: 1}")
    ended(rig("run", plan_file(EXPECTED), "--bench", bench), 0)
    (case,) = the_record(evidence)["cases"]
    assert purposes(case) == ["zero", "signal", "zero", "signal", "idle"]
    assert any("clipped" in defect for defect in case["captures"][1]["defects"])
    assert measured(case, "phase_top")["origin"][0] == case["captures"][3]["id"]
