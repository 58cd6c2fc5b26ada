"""Gauge studies out of repeated runs: which runs make one, what is missing, and what it is worth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rig.history.point import Point
from rig.history.statistics.gauge import GaugeStudy
from rig.history.statistics.unanswered import Unanswered
from rig.history.studies.gauge import AppraisedBy, GaugeAsked, GaugeStudies, PartIs, studies_of
from tests.history.test_gauge import AIAG
from tests.history.values import point


def measured(values: np.ndarray = AIAG, *, scale: float = 1e-4) -> list[Point]:
    """Every part by every appraiser, one run for each value."""
    return [
        point(
            number, 0.02 + scale * float(values[part, who, repeat]), every=0.1, run_id=f"run-{number}",
            device_serial=f"P24-{part:02}", operator=f"operator {'ABC'[who]}", lower=0.0195, upper=0.0205,
        )
        for number, (repeat, part, who) in enumerate(np.ndindex(values.shape[2], values.shape[0], values.shape[1]))
    ]  # fmt: skip


def asked(points: list[Point], **more: object) -> GaugeStudies:
    return studies_of(points, GaugeAsked(measurand="phase_top", **more))  # type: ignore[arg-type] # told by name


def test_the_published_study_is_found_again_through_runs() -> None:
    found = asked(measured())
    (study,) = found.studies
    assert isinstance(study.result, GaugeStudy)
    assert (study.result.parts, study.result.appraisers, study.result.repeats) == (10, 3, 3)
    assert study.result.component("gauge").deviation == pytest.approx(0.302373e-4, rel=1e-5)
    assert study.tolerance == pytest.approx(1e-3)
    assert study.share == pytest.approx(6 * 0.302373e-4 / 1e-3, rel=1e-5)
    assert found.exit_code == 0


def test_a_gauge_that_takes_more_than_30_percent_of_the_tolerance_is_told() -> None:
    wide = [replace(one, lower=0.0198, upper=0.0202) for one in measured()]
    assert asked(wide).exit_code == 1


def test_without_limits_it_is_judged_by_the_study_variation() -> None:
    (study,) = asked([replace(one, lower=None) for one in measured()]).studies
    assert study.tolerance is None
    assert study.share == pytest.approx(0.2786, abs=1e-4)


def test_what_is_missing_is_named_and_nothing_is_made_up_for_it() -> None:
    points = [one for one in measured() if (one.device_serial, one.operator) != ("P24-03", "operator B")]
    found = asked(points)
    (study,) = found.studies
    assert isinstance(study.result, Unanswered)
    assert "most have 3 values, but P24-03 by operator B: 0" in study.result.reason
    assert found.exit_code == 2


def test_only_named_runs_count_where_they_are_named() -> None:
    points = measured()
    first_two = tuple(one.run_id for one in points[:60])
    (study,) = asked(points, runs=first_two).studies
    assert isinstance(study.result, GaugeStudy)
    assert study.result.repeats == 2


def test_cases_may_be_the_parts_and_instruments_the_appraisers() -> None:
    points = [
        replace(one, case=f"case {one.device_serial}", device_serial="P24", instrument_serial=one.operator, operator="")
        for one in measured()
    ]
    (study,) = asked(points, part=PartIs.CASE, appraiser=AppraisedBy.INSTRUMENT).studies
    assert isinstance(study.result, GaugeStudy)
    assert study.result.component("part").deviation == pytest.approx(1.042327e-4, rel=1e-5)
    assert study.name == "device P24"


def test_runs_without_an_operator_are_counted_and_virtual_ones_are_a_study_of_their_own() -> None:
    nameless = [replace(one, operator="") for one in measured()[:5]]
    virtual = [replace(one, virtual=True) for one in measured()]
    found = asked([*measured(), *virtual, *nameless])
    assert dict(found.left_out) == {"without a named device or operator": 5}
    assert [(study.virtual, study.balanced) for study in found.studies] == [(False, True), (True, True)]


def test_one_operator_alone_is_too_little() -> None:
    found = asked([one for one in measured() if one.operator == "operator A"])
    assert found.exit_code == 3
    assert "at least 2 parts, 2 appraisers" in found.studies[0].notes[0]


def test_another_difference_that_is_mixed_in_is_said() -> None:
    points = [replace(one, instrument_serial=f"I{number % 2}") for number, one in enumerate(measured())]
    assert "2 instruments were used" in asked(points).studies[0].notes[0]
