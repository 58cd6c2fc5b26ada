"""A series is resolved without energising anything, and concluded from what its cases have left."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rig.documents import compose_document
from rig.errors import DocumentInvalid
from rig.model.measurement import Measurement, NotMeasured, Window
from rig.plan.case import Case
from rig.plan.load import expand_plan
from rig.sequencer.resolve import ResolvedCase
from rig.sequencer.series import Found, judge_series, measure_all
from rig.sequencer.setup import RunOptions, read_setup
from rig.units import Unit

ROOT = Path(__file__).parents[2]
PLAN = """\
plan: P
title: t
revision: A
limits: [iec60601-2-10:2012]
requires: {load: [500 ohm, 1 kohm]}
defaults:
  stimulus: {shape: biphasic_symmetric, amplitude: 10 mA, phase_duration: 300 us, rate: 50 Hz, train: 0.3 s}
cases:
  - id: c
    sweep: {amplitude: [10 mA, 10.5 mA, 11 mA]}
    verify: [{phase_top: {within: 20 % of set}}]
    series: [{amplitude_step: {at_most: 0.8 mA}}, {monotonic: {equals: 0}}, {limits: all}]
"""
LOADS = {"500 ohm": 500.0, "1 kohm": 1000.0}


def plan(*changes: tuple[str, str]) -> tuple[Case, ...]:
    text = PLAN
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return expand_plan(compose_document(text.encode(), shown_as="p")).cases


def resolve(*cases: Case) -> Mapping[str, ResolvedCase]:
    setup = read_setup(RunOptions.of(root=ROOT, directory=ROOT))
    return {one.case.id: one for one in setup.resolver().resolve(cases)}


def reasons(resolved: ResolvedCase) -> dict[str, str]:
    return {entry.title: entry.reason for entry in resolved.not_applicable}


STEP = "Amplitude is set continuously or in steps of at most 1 mA or 1 V"
RATIO = "Output at the minimum setting is at most 2 % of that at the maximum"


def test_a_series_is_forecast_from_an_ideal_device_in_all_its_cases() -> None:
    resolved = resolve(*plan())["c[series]"]
    step, rises, pack = resolved.forecasts
    assert step.expected == pytest.approx(0.0005, rel=0.02)
    assert step.expanded_uncertainty is not None
    assert step.expanded_uncertainty < 2e-5, "the common gain does not count in a difference"
    assert (rises.expected, rises.expanded_uncertainty) == (0.0, 0.0)
    assert (pack.limit.clause, pack.limit.measurand) == ("201.12.1.101", "amplitude_step")
    assert [limit.source for limit in resolved.limits] == ["p:12:15", "p:12:52", "iec60601-2-10:2012"]


def test_what_these_settings_cannot_show_is_listed_and_not_judged() -> None:
    fine = reasons(resolve(*plan())["c[series]"])
    assert "an ideal device gives 90" in fine[RATIO], "10 to 11 mA is not from the lowest to the highest setting"
    coarse = ("[10 mA, 10.5 mA, 11 mA]", "[10 mA, 12 mA, 14 mA]"), ("0.8 mA", "3 mA")
    assert "an ideal device gives 2 mA" in reasons(resolve(*plan(*coarse))["c[series]"])[STEP]


def test_rules_of_single_cases_are_listed_where_no_case_of_the_family_judges_them() -> None:
    cases = resolve(*plan())
    assert "'limits: all' under 'verify' judges it there" in reasons(cases["c[series]"])["DC into 500 ohm"]
    both = resolve(*plan(("verify: [{phase_top: {within: 20 % of set}}]", "verify: [{limits: all}]")))
    assert "DC into 500 ohm" not in reasons(both["c[series]"])
    assert "'limits: all' under 'series' judges it" in reasons(both["c[10mA]"])[STEP]


def test_a_check_that_this_bench_cannot_decide_is_refused_at_its_line() -> None:
    with pytest.raises(DocumentInvalid) as caught:
        resolve(*plan(("[10 mA, 10.5 mA, 11 mA]", "[10 mA, 10.0002 mA]"), ("{limits: all}", "{limits: all}")))
    (found,) = caught.value.problems
    assert (found.file, found.line, found.column) == ("p", 12, 52)
    assert "set 200 nA apart, and their difference is known to" in found.message


def test_a_series_alone_is_resolved_too_and_what_its_cases_lack_is_told() -> None:
    *_, series = plan()
    assert set(resolve(series)) == {"c[series]"}
    strange = dataclasses.replace(series, series=(dataclasses.replace(series.series[0], load="3 kohm"),))
    with pytest.raises(DocumentInvalid, match="has no load '3 kohm'"):
        resolve(strange)


def found(top: float, **changes: Any) -> Found:
    measured = Measurement(
        measurand="phase_top",
        value=top,
        unit=Unit.AMPERE,
        minimum=top,
        maximum=top,
        standard_uncertainty=1e-6,
        single_uncertainty=1e-6,
        window=Window(start=0.0, stop=0.3, description="the train"),
        origin=("x", "current", "phase_top"),
    )
    return Found(**{"outcomes": {"phase_top": measured}, "way": "daq", **changes})


ALL = {"c[10mA]": found(0.01), "c[10.5mA]": found(0.0105), "c[11mA]": found(0.011)}


def verdicts(known: Mapping[str, Found], selected: set[str] | None = None) -> tuple[list[str], str]:
    *_, series = plan()
    names = [limit.measurand for limit in series.checks]
    outcomes = measure_all(series, names, known, LOADS, selected=set(ALL) if selected is None else selected)
    judged = judge_series(series, series.checks, outcomes)
    return [one.verdict.value for one in judged], judged[0].reason


def test_a_series_passes_where_all_its_cases_were_measured() -> None:
    assert verdicts(ALL)[0] == ["PASS", "PASS"]


@pytest.mark.parametrize(
    ("changes", "selected", "reason"),
    [
        ({"c[10.5mA]": None}, None, "c[10.5mA] was not run"),
        ({"c[10.5mA]": None}, {"c[10mA]", "c[11mA]"}, "c[10.5mA] was not selected"),
        ({"c[11mA]": found(0.011, trouble="no trigger")}, None, "c[11mA] found nothing certain (no trigger)"),
        (
            {"c[11mA]": found(0.011, outcomes={"phase_top": NotMeasured(measurand="phase_top", reason="no pulse")})},
            None,
            "phase_top of c[11mA]: no pulse",
        ),
    ],
)
def test_without_one_case_nothing_is_decided_and_it_is_named(
    changes: dict[str, Found | None], selected: set[str] | None, reason: str
) -> None:
    known = {name: one for name, one in {**ALL, **changes}.items() if one is not None}
    judged, why = verdicts(known, selected)
    assert judged == ["INCONCLUSIVE", "INCONCLUSIVE"]
    assert reason in why
