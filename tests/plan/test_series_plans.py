"""A series in a plan: one more case at the end of its family, and every mistake at its place."""

from __future__ import annotations

import jsonschema
import pytest

from rig.analysis.series import REFERENCE_LOAD, SERIES
from rig.documents import compose_document
from rig.errors import DocumentInvalid
from rig.model.limit import Interval
from rig.plan.case import Case
from rig.plan.load import expand_plan
from rig.plan.schema import plan_json_schema
from rig.plan.series import SERIES_MEASURANDS

HEAD = """\
plan: P-1
title: A plan
revision: A
limits: [pack-1]
requires: {load: [500 ohm, 1 kohm, 2 kohm, open]}
defaults:
  stimulus: {shape: biphasic_symmetric, amplitude: 20 mA, phase_duration: 300 us, rate: 50 Hz, train: 1 s}
cases:
  - {id: first, verify: [limits: all]}
"""
SWEEP = "{id: c, sweep: {amplitude: [5 mA, 6 mA, 7 mA]}, verify: [{phase_count: {equals: 2}}], series: [%s]}"


def cases(case: str, head: str = HEAD) -> tuple[Case, ...]:
    return expand_plan(compose_document(f"{head}  - {case}\n".encode(), shown_as="p", defer=True)).cases[1:]


def mistake(case: str, head: str = HEAD) -> str:
    with pytest.raises(DocumentInvalid) as caught:
        cases(case, head)
    (found,) = caught.value.problems
    return str(found)


def test_plan_and_analysis_know_the_same_series() -> None:
    assert {name: (key.measurand.unit, key.varies) for name, key in SERIES_MEASURANDS.items()} == {
        name: (entry.unit, entry.ordered_by) for name, entry in SERIES.items()
    }
    assert REFERENCE_LOAD == 500


def test_the_series_is_the_last_case_of_its_family_and_knows_the_others() -> None:
    *family, series = cases(SWEEP % "{amplitude_step: {at_most: 1.1 mA}}, {monotonic: {equals: 0}}")
    assert [case.id for case in family] == ["c[5mA]", "c[6mA]", "c[7mA]"]
    assert series.id == "c[series]"
    assert series.series == tuple(family)
    assert all(not case.series for case in family)
    assert (series.load, series.stimulus) == (family[0].load, family[-1].stimulus)
    assert not series.apply_packs
    step, rises = series.checks
    assert (step.measurand, step.interval, step.source) == ("amplitude_step", Interval(upper=0.0011), "p:10:101")
    assert (rises.measurand, rises.interval) == ("monotonic", Interval(lower=0.0, upper=0.0))


def test_limit_packs_over_a_series() -> None:
    *family, series = cases(SWEEP % "{limits: all}")
    assert series.apply_packs
    assert series.checks == ()
    assert not any(case.apply_packs for case in family)


def test_a_waiver_may_stand_there_too() -> None:
    *_, series = cases(SWEEP % "{amplitude_step: {at_most: 1.1 mA, waiver: the bench is what it is}}")
    assert series.checks[0].waiver == "the bench is what it is"


@pytest.mark.parametrize(
    ("case", "told"),
    [
        (
            SWEEP % "{amplitude_steps: {at_most: 1 mA}}",
            "unknown key 'amplitude_steps'; did you mean 'amplitude_step'?",
        ),
        (SWEEP % "{phase_top: {at_most: 1 mA}}", "p:10:101: cases[1].series[0].phase_top: "),
        (SWEEP % "{amplitude_step: {at_most: 1 V}}", "'V' is not a unit of ampere"),
        (SWEEP % "{amplitude_step: {within: 10 % of set}}", "no set value"),
        (SWEEP % "{minimum_ratio: {at_most: 2 %, of: mean}}", "of"),
        (SWEEP % "{monotonic: {at_most: 0.5}}", "whole number"),
        (SWEEP % "{amplitude_step: {between: [1 mA, 1 mA]}}", "leaves no room"),
        (SWEEP % "{load_regulation: {at_most: 5 %}}", "cases that differ in load alone, and this sweep has no two"),
        (
            "{id: c, verify: [{phase_count: {equals: 2}}], series: [{monotonic: {equals: 0}}]}",
            "p:10:51: cases[1].series: a series speaks of a sweep, and this case has none",
        ),
        (
            (
                "{id: c, sweep: {rate: [20 Hz, 50 Hz]}, verify: [{phase_count: {equals: 2}}], series: "
                "[{amplitude_step: {at_most: 1 mA}}]}"
            ),
            "p:10:92: cases[1].series[0].amplitude_step: amplitude_step compares cases that differ in amplitude alone",
        ),
        (
            (
                "{id: c, sweep: {zip: {amplitude: [5 mA, 6 mA], load: [500 ohm, 1 kohm]}}, "
                "verify: [{phase_count: {equals: 2}}], series: [{minimum_ratio: {at_most: 2 %}}]}"
            ),
            "this sweep has no two of them",
        ),
        (
            (
                "{id: c, sweep: {load: [1 kohm, 2 kohm]}, verify: [{phase_count: {equals: 2}}], "
                "series: [{load_regulation: {at_most: 2 %}}]}"
            ),
            "compares every load with 500 ohm, and this sweep has no such load beside another",
        ),
        (
            (
                "{id: c, sweep: {load: [500 ohm, open]}, verify: [{phase_count: {equals: 2}}], "
                "series: [{load_regulation: {at_most: 2 %}}]}"
            ),
            "into an open circuit none flows",
        ),
        (
            (
                "{id: c, sweep: {interphase: [50 us, 60 us]}, verify: [{phase_count: {equals: 2}}], "
                "series: [{output_accuracy: {at_most: 2 %}}]}"
            ),
            "needs a sweep of amplitude or phase_duration or rate",
        ),
        (
            (
                "{id: c, sweep: {load: [500 ohm, 1 kohm]}, events: [{at: 0.1 s, load: 2 kohm}], "
                "verify: [{phase_count: {equals: 2}}], series: [{load_regulation: {at_most: 2 %}}]}"
            ),
            "and this case has events",
        ),
    ],
)
def test_a_mistake_is_told_at_its_place(case: str, told: str) -> None:
    assert told in mistake(case)


def test_packs_over_a_series_take_packs_and_are_reason_enough_to_name_them() -> None:
    without = HEAD.replace("limits: [pack-1]\n", "").replace("limits: all", "phase_count: {equals: 2}")
    assert "there are no limit packs to verify" in mistake(SWEEP % "{limits: all}", without)
    assert cases(SWEEP % "{limits: all}", HEAD.replace("limits: all", "phase_count: {equals: 2}"))


def test_an_editor_knows_the_series() -> None:
    schema = plan_json_schema()
    plan = compose_document(f"{HEAD}  - {SWEEP % '{amplitude_step: {at_most: 1 mA}}'}\n".encode(), shown_as="p").data
    jsonschema.validate(plan, schema)
    plan["cases"][1]["series"] = [{"amplitude_stop": {"at_most": "1 mA"}}]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(plan, schema)
