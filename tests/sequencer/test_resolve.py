"""Whatever can be refused is refused before anything is opened, at the case's place in the plan."""

from __future__ import annotations

import dataclasses
import math
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from rig.bench.definition import BenchDefinition, DeviceDefinition
from rig.bench.reading import load_bench, load_device
from rig.errors import DocumentInvalid, Refused
from rig.model.judgement import DecisionRule
from rig.model.stimulus import Shape, Stimulus
from rig.plan.case import Case, Ceiling, Event, Power
from rig.sequencer.resolve import ResolvedCase, Resolver
from rig.sequencer.setup import RunOptions, read_setup
from rig.verdict.packs import LimitPack

ROOT = Path(__file__).parents[2]


@cache
def bench() -> BenchDefinition:
    return load_bench(ROOT / "fixtures" / "benches" / "virtual.bench.yaml")


@cache
def device() -> DeviceDefinition:
    return load_device(ROOT / "fixtures" / "duts" / "p24-healthy.dut.yaml")


@cache
def packs() -> dict[str, LimitPack]:
    setup = read_setup(RunOptions.of(root=ROOT, directory=ROOT))
    return {name: one.pack for name, one in setup.packs.items()}


def stimulus(**changes: Any) -> Stimulus:
    usual: dict[str, Any] = {
        "channel": 1,
        "shape": Shape.BIPHASIC_SYMMETRIC,
        "amplitude": 0.02,
        "phase_duration": 3e-4,
        "interphase": 1e-4,
        "rate": 50.0,
        "train": 1.1,
    }
    return Stimulus(**{**usual, **changes})


def case(what: Stimulus | None = None, **changes: Any) -> Case:
    usual: dict[str, Any] = {
        "id": "c",
        "plan": "P-1",
        "title": "a case",
        "stimulus": what or stimulus(),
        "load": "500 ohm",
        "checks": (),
        "apply_packs": False,
        "packs": (),
        "traces": (),
        "zero": True,
        "events": (),
        "decision_rule": DecisionRule.GUARDED,
        "ceiling": Ceiling(),
        "location": ("p.yaml", 7, 5),
    }
    return Case(**{**usual, **changes})


def resolve(*cases: Case) -> tuple[ResolvedCase, ...]:
    return Resolver(bench(), device(), packs()).resolve(cases)


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        (case(events=(Event(at=0.5, supply=Power.OFF),)), "the bench virtual has no supply for the device"),
        (case(packs=("iec",), apply_packs=True), "there is no limit pack 'iec'; there are "),
        (case(stimulus(channel=9)), "the device has no channel 9; it has 8"),
        (case(stimulus(train=86401.0)), "a train of 86401 s is too long to record; at most 86400 s"),
        (
            case(stimulus(train=201.0), events=(Event(at=0.5, load="open"),)),
            "a train of 201 s with events, or with checks of what happens in time, is too long to record",
        ),
        (case(stimulus(rate=0.05, train=25.0)), "a period of 20 s is too long"),
        (case(load="470 ohm"), "has no load '470 ohm'; it has 500 ohm, "),
        (case(stimulus(amplitude=0.131)), "current peak 131 mA is above the device's rated maximum, 130 mA"),
        (case(stimulus(phase_duration=5e-3)), "phase duration 5 ms is above the device's rated maximum, 4.095 ms"),
        (case(stimulus(rate=600.0)), "rate 600 Hz is above the device's rated maximum, 500 Hz"),
        (case(ceiling=Ceiling(current_peak=0.01)), "current peak 20 mA is above the plan's ceiling, 10 mA"),
        (case(ceiling=Ceiling(charge_per_phase=5e-6)), "charge per phase 6 uC is above the plan's ceiling, 5 uC"),
        (case(ceiling=Ceiling(rms_current=1e-3)), "rms current 3.464 mA is above the plan's ceiling, 1 mA"),
        (case(ceiling=Ceiling(exposure=1.0)), "duration 1.1 s is above the plan's ceiling, 1 s"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_case_that_must_not_be_attempted_is_refused_at_its_place(refused: Case, message: str) -> None:
    with pytest.raises(DocumentInvalid) as caught:
        resolve(refused)
    assert any(str(one).startswith("p.yaml:7:5: c: ") and message in one.message for one in caught.value.problems)


def test_a_load_that_would_overheat_is_refused() -> None:
    loads = {name: dataclasses.replace(load, power_rating=0.5) for name, load in bench().loads.items()}
    weak = Resolver(dataclasses.replace(bench(), loads=loads), device(), packs())
    weak.resolve([case(stimulus(amplitude=0.09, phase_duration=3e-4, rate=200.0), load="500 ohm")])
    with pytest.raises(DocumentInvalid, match="dissipation 600 mW is above the load's rating, 500 mW"):
        weak.resolve([case(stimulus(amplitude=0.1, phase_duration=3e-4, rate=200.0), load="500 ohm")])


@pytest.mark.parametrize(
    ("signal", "maximum", "message"),
    [
        ("voltage", 9.0, "voltage peak 10 V is above the oscilloscope input's absolute maximum, 9 V"),
        ("current", 0.19, "sense voltage 200.1 mV is above the digitizer input's absolute maximum, 190 mV"),
    ],
)
def test_what_a_front_end_may_not_see_is_refused(signal: str, maximum: float, message: str) -> None:
    entry = getattr(bench().file.signals, signal).model_copy(update={"absolute_maximum": maximum})
    signals = bench().file.signals.model_copy(update={signal: entry})
    file = bench().file.model_copy(update={"signals": signals})
    delicate = Resolver(dataclasses.replace(bench(), file=file), device(), packs())
    delicate.resolve([case(stimulus(amplitude=0.017))])
    with pytest.raises(DocumentInvalid, match=message):
        delicate.resolve([case(stimulus(amplitude=0.020))])


def test_a_sense_resistor_that_would_overheat_is_refused() -> None:
    sense = bench().sense_resistor
    assert sense is not None
    weak = dataclasses.replace(bench(), sense_resistor=sense.model_copy(update={"power_rating": 0.01}))
    strong = case(stimulus(amplitude=0.1, phase_duration=3e-4, rate=200.0), load="500 ohm")
    with pytest.raises(DocumentInvalid, match="sense dissipation 12 mW is above the sense resistor's rating, 10 mW"):
        Resolver(weak, device(), packs()).resolve([strong])
    Resolver(bench(), device(), packs()).resolve([strong])


def test_an_effective_value_above_the_device_s_rating_is_refused() -> None:
    ratings = device().file.ratings.model_copy(update={"rms_current": 3e-3})
    rated = dataclasses.replace(device(), file=device().file.model_copy(update={"ratings": ratings}))
    with pytest.raises(DocumentInvalid, match=r"rms current 3\.464 mA is above the device's rated maximum, 3 mA"):
        Resolver(bench(), rated, packs()).resolve([case()])


def test_all_objections_to_all_cases_are_told_at_once() -> None:
    with pytest.raises(DocumentInvalid) as caught:
        resolve(case(stimulus(channel=9, amplitude=0.131)), case(id="d", load="470 ohm"), case(id="e"))
    assert sorted({one.key for one in caught.value.problems}) == ["c", "d"]
    assert len(caught.value.problems) == 3


def test_a_case_at_every_bound_is_not_refused() -> None:
    (found,) = resolve(case(ceiling=Ceiling(current_peak=0.02, charge_per_phase=0.02 * 3e-4, exposure=1.1)))
    assert found.load.name == "500 ohm"
    assert found.exposure.current_peak == 0.02


def test_limits_of_packs_join_the_plan_s_own_and_what_does_not_apply_is_kept_with_its_reason() -> None:
    (found,) = resolve(case(packs=("iec60601-2-10:2012",), apply_packs=True))
    assert {limit.measurand for limit in found.limits} >= {"ac_rms", "dc_component", "pulse_energy"}
    assert found.not_applicable
    assert all(entry.reason for entry in found.not_applicable)
    (without,) = resolve(case(packs=("iec60601-2-10:2012",)))
    assert (without.limits, without.not_applicable) == ((), ())


def test_a_bench_that_sees_only_one_signal_runs_no_plan() -> None:
    signals = bench().file.signals.model_copy(update={"voltage": None})
    blind = dataclasses.replace(bench(), file=bench().file.model_copy(update={"signals": signals}))
    with pytest.raises(Refused, match="both a 'voltage' and a 'current' signal"):
        Resolver(blind, device(), packs())


def test_an_open_load_is_driven_to_the_compliance_and_not_refused_for_its_power() -> None:
    (found,) = resolve(case(load="open"))
    assert math.isinf(found.load.resistance)
    assert found.exposure.voltage_peak == device().file.ratings.voltage
