"""What happens to a device during a train: a healthy one passes the shipped plans, a faulty one fails by its effect."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.running import FIXTURES, Command, ended, the_record

FAULTY = FIXTURES / "duts/faulty/events"
EVENTS = "testplans/events.plan.yaml"
SUPPLY = "testplans-powered/supply.plan.yaml"
POWERED = FIXTURES / "benches/virtual-powered.bench.yaml"

# The case that must fail, and what of it.
EFFECTS = {
    "ignores-stop": (EVENTS, "start-and-stop", "stop_time"),
    "slow-stop": (EVENTS, "start-and-stop", "stop_time"),
    "late-start": (EVENTS, "start-and-stop", "latency"),
    "reconnect-surge": (EVENTS, "leads-fall-off", "reconnect_surge"),
    "short-circuit-latch": (EVENTS, "short-circuit", "short_circuit_recovery"),
    "no-timeout": (EVENTS, "cable-cut", "comms_loss_time"),
    "slow-timeout": (EVENTS, "cable-cut", "comms_loss_time"),
    "reset-pulse": (EVENTS, "reset", "power_up_output"),
    "power-up-pulse": (SUPPLY, "power-cycle", "power_up_output"),
    "supply-sensitive": (SUPPLY, "supply-low", "phase_top"),
}


def test_every_shipped_faulty_device_has_its_effect_written_down() -> None:
    assert {path.name.removesuffix(".dut.yaml") for path in FAULTY.glob("*.dut.yaml")} == set(EFFECTS)


@pytest.mark.parametrize("fault", EFFECTS)
def test_a_device_that_reacts_wrongly_fails_by_its_effect(fault: str, rig: Command, evidence: Path) -> None:
    plan, case, effect = EFFECTS[fault]
    bench = ("--bench", POWERED) if plan == SUPPLY else ()
    ended(rig("run", plan, "--dut", FAULTY / f"{fault}.dut.yaml", "-k", case, *bench), 1)
    (record,) = the_record(evidence)["cases"]
    failed = {one["limit"]["measurand"] for one in record["judgements"] if one["verdict"] == "FAIL"}
    assert effect in failed


@pytest.mark.parametrize(("plan", "bench"), [(EVENTS, None), (SUPPLY, POWERED)])
def test_a_healthy_device_passes(plan: str, bench: Path | None, rig: Command, evidence: Path) -> None:
    ended(rig("run", plan, *(() if bench is None else ("--bench", bench))), 0)
    cases = the_record(evidence)["cases"]
    assert {case["verdict"] for case in cases} == {"PASS"}
    judged = {one["limit"]["measurand"] for case in cases for one in case["judgements"]}
    assert {effect for where, _, effect in EFFECTS.values() if where == plan} <= judged, "every effect is looked for"


def test_what_was_done_is_on_record_and_in_the_evidence(rig: Command, evidence: Path) -> None:
    ended(rig("run", EVENTS, "-k", "leads-fall-off"), 0)
    (case,) = the_record(evidence)["cases"]
    (signal,) = [one for one in case["captures"] if one["purpose"] == "signal"]
    switched = [(one["detail"], one["begun"]) for one in signal["happenings"] if one["action"] == "load"]
    assert [detail for detail, _ in switched] == ["open", "500 ohm"]
    assert [moment for _, moment in switched] == pytest.approx([1.01, 2.01], abs=0.001)
    during = [one for one in case["measurements"] if one["during"] == "500 ohm"]
    assert len([one for one in during if one["measurand"] == "phase_top"]) == 2, "before the leads fell off, and after"
    explained = rig("explain", next(evidence.iterdir()), "leads-fall-off", "phase_top during 500 ohm")
    assert "combined standard uncertainty" in ended(explained, 0)
