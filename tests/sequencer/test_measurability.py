"""What a bench cannot decide is refused before anything is energised, with the reason and what would help."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from rig.analysis.in_time import IN_TIME
from rig.errors import DocumentInvalid
from rig.model.judgement import DecisionRule
from rig.model.limit import Interval, Limit, Statistic
from rig.model.measurement import Component, Measurement, NotMeasured, Window
from rig.model.stimulus import Polarity, Shape, Stimulus
from rig.plan.load import load_plan
from rig.sequencer.measurability import forecast
from rig.sequencer.rehearsal import ideal_train
from rig.sequencer.resolve import ResolvedCase
from rig.sequencer.setup import RunOptions, read_setup
from rig.units import Unit

ROOT = Path(__file__).parents[2]

PLAN = """\
plan: TIGHT
title: Tolerances and what this bench can tell
revision: A
defaults:
  stimulus: {{channel: 1, shape: biphasic_symmetric, interphase: 100 us, rate: 50 Hz, train: 0.3 s}}
cases:
  - id: tight
    stimulus: {{amplitude: 20 mA, phase_duration: 200 us}}
    load: 500 ohm
    verify:
      - {check}
"""


def resolved(tmp_path: Path, check: str) -> tuple[ResolvedCase, ...]:
    path = tmp_path / "tight.plan.yaml"
    path.write_text(PLAN.format(check=check), encoding="utf-8")
    setup = read_setup(RunOptions.of(root=ROOT, directory=ROOT))
    return setup.resolver().resolve(load_plan(path).cases)


@pytest.mark.parametrize(
    ("check", "measurand", "remedy"),
    [
        ("phase_top: {within: 0.05 % of set}", "phase_top", "gain dominates"),
        ("net_charge: {at_most: 1 nC}", "net_charge", "offset drift dominates"),
        ("dc_component: {at_most: 0.5 uA}", "dc_component", "offset drift dominates"),
        ("load_resistance: {within: 0.1 % of 500 ohm}", "load_resistance", ""),
    ],
)
def test_what_the_bench_cannot_decide_is_refused_at_its_line(
    tmp_path: Path, check: str, measurand: str, remedy: str
) -> None:
    with pytest.raises(DocumentInvalid) as caught:
        resolved(tmp_path, check)
    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == (11, 9)
    assert measurand in problem.message
    assert "acceptance zone" in problem.message
    assert "test uncertainty ratio 0." in problem.message
    assert remedy in problem.message


def test_the_same_check_with_a_waiver_is_accepted_and_the_waiver_is_carried(tmp_path: Path) -> None:
    (case,) = resolved(tmp_path, 'net_charge: {at_most: 1 nC, waiver: "information only; protocol deviation 7"}')
    (one,) = case.forecasts
    assert one.objection
    assert one.limit.waiver == "information only; protocol deviation 7"


def test_a_check_that_needs_a_zero_is_refused_without_one(tmp_path: Path) -> None:
    path = tmp_path / "no-zero.plan.yaml"
    text = PLAN.format(check="rms_current: {at_most: 50 mA}").replace("cases:", "  capture: {zero: never}\ncases:")
    path.write_text(text, encoding="utf-8")
    setup = read_setup(RunOptions.of(root=ROOT, directory=ROOT))
    (case,) = setup.resolver().resolve(load_plan(path).cases)
    assert case.forecasts[0].ratio is not None


def test_every_shipped_plan_can_be_decided_with_a_ratio_of_at_least_three() -> None:
    setup = read_setup(RunOptions.of(root=ROOT, directory=ROOT))
    for path in sorted((ROOT / "testplans").glob("*.plan.yaml")):
        for case in setup.resolver().resolve(load_plan(path).cases):
            for one in case.forecasts:
                if one.ratio is None:
                    # What follows an event is the device's own: no ideal device says what it would be.
                    assert one.limit.measurand in IN_TIME or one.limit.during, (case.case.id, one)
                    continue
                assert one.ratio >= 3, (case.case.id, one)


def measurement(value: float, u: float) -> Measurement:
    return Measurement(
        measurand="phase_top",
        value=value,
        unit=Unit.AMPERE,
        minimum=value,
        maximum=value,
        standard_uncertainty=u / 2,
        single_uncertainty=u / 2,
        window=Window(start=0, stop=1, description="all"),
        origin=("rehearsal",),
        components=(Component(name="gain", standard_uncertainty=u / 2),),
    )


def limit(lower: float, upper: float) -> Limit:
    return Limit(
        measurand="phase_top",
        interval=Interval(lower=lower, upper=upper),
        unit=Unit.AMPERE,
        text="as given",
        source="here",
        statistic=Statistic.EACH,
    )


@pytest.mark.parametrize(
    ("value", "u", "lower", "upper", "decidable"),
    [
        (1.0, 0.09, 0.9, 1.1, True),
        (1.0, 0.1, 0.9, 1.1, False),  # 2U is the whole tolerance
        (1.0, 0.4, -math.inf, 1.5, True),
        (1.0, 0.6, -math.inf, 1.5, False),  # an ideal device lies within the guard band
        (2.0, 0.1, -math.inf, 1.5, True),  # beyond the limit: it will fail, and that can be told
    ],
)
def test_an_acceptance_zone_and_room_for_an_ideal_device_decide(
    value: float, u: float, lower: float, upper: float, decidable: bool
) -> None:
    outcomes = {"phase_top": measurement(value, u)}
    assert (not forecast(limit(lower, upper), outcomes, DecisionRule.GUARDED).objection) is decidable
    assert not forecast(limit(lower, upper), outcomes, DecisionRule.SIMPLE).objection


def test_what_is_not_measured_cannot_be_decided() -> None:
    outcome = NotMeasured(measurand="phase_top", reason="no current flows into an open circuit")
    one = forecast(limit(0, 1), {"phase_top": outcome}, DecisionRule.GUARDED)
    assert one.objection == "no current flows into an open circuit"
    assert forecast(limit(0, 1), {}, DecisionRule.GUARDED).objection


@pytest.mark.parametrize("shape", list(Shape))
@pytest.mark.parametrize("polarity", list(Polarity))
def test_the_ideal_train_has_the_set_charge_and_duration(shape: Shape, polarity: Polarity) -> None:
    stimulus = Stimulus(
        channel=1,
        shape=shape,
        amplitude=0.02,
        phase_duration=300e-6,
        interphase=0.0 if shape is Shape.MONOPHASIC else 100e-6,
        rate=50,
        train=0.2,
        polarity=polarity,
    )
    times = np.arange(0, 0.3, 1e-7)
    values = ideal_train(times, stimulus, 0.02, first=0.01, train=0.2)
    charge = float(np.trapezoid(np.abs(values), times)) / 10 / shape.phases
    assert charge == pytest.approx(0.02 * 300e-6, rel=1e-4)
    assert np.sign(values[np.searchsorted(times, 0.01 + 150e-6)]) == polarity.sign
    net = float(np.trapezoid(values, times))
    assert net == pytest.approx(polarity.sign * 10 * charge if shape is Shape.MONOPHASIC else 0.0, abs=1e-11)
