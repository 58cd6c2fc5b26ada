"""Gauge R&R against the published worked example, its laws, and the coverage of its intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.history.statistics.average_range import average_and_range
from rig.history.statistics.gauge import GaugeStudy, gauge_study
from rig.history.statistics.unanswered import Unanswered

# AIAG, Measurement Systems Analysis, 4th edition, figure III-B 15: ten parts by three appraisers, three trials each.
AIAG = np.array([
    [0.29, 0.41, 0.64, 0.08, 0.25, 0.07, 0.04, -0.11, -0.15],
    [-0.56, -0.68, -0.58, -0.47, -1.22, -0.68, -1.38, -1.13, -0.96],
    [1.34, 1.17, 1.27, 1.19, 0.94, 1.34, 0.88, 1.09, 0.67],
    [0.47, 0.50, 0.64, 0.01, 1.03, 0.20, 0.14, 0.20, 0.11],
    [-0.80, -0.92, -0.84, -0.56, -1.20, -1.28, -1.46, -1.07, -1.45],
    [0.02, -0.11, -0.21, -0.20, 0.22, 0.06, -0.29, -0.67, -0.49],
    [0.59, 0.75, 0.66, 0.47, 0.55, 0.83, 0.02, 0.01, 0.21],
    [-0.31, -0.20, -0.17, -0.63, 0.08, -0.34, -0.46, -0.56, -0.49],
    [2.26, 1.99, 2.01, 1.80, 2.12, 2.19, 1.77, 1.45, 1.87],
    [-1.36, -1.25, -1.31, -1.68, -1.62, -1.50, -1.49, -1.77, -2.16],
]).reshape(10, 3, 3)  # fmt: skip


def study(values: np.ndarray, **more: float) -> GaugeStudy:
    found = gauge_study(values, **more)
    assert isinstance(found, GaugeStudy), found
    return found


def test_the_published_analysis_of_variance_is_found_again() -> None:
    found = study(AIAG)
    squares = {row.source: (row.freedom, round(row.squares, 4)) for row in found.anova}
    assert squares == {
        "part": (9, 88.3619),
        "appraiser": (2, 3.1673),
        "part × appraiser": (18, 0.3590),
        "repeatability": (60, 2.7589),
        "total": (89, 94.6471),
    }
    interaction = found.anova[2]
    assert interaction.f == pytest.approx(0.434, abs=5e-4)
    assert interaction.p == pytest.approx(0.974, abs=5e-4)
    assert found.pooled


@pytest.mark.parametrize(
    ("name", "deviation", "study_variation", "contribution"),
    [
        ("repeatability", 0.199933, 18.42, 3.39),
        ("appraiser", 0.226838, 20.90, 4.37),
        ("interaction", 0.0, 0.0, 0.0),
        ("gauge", 0.302373, 27.86, 7.76),
        ("part", 1.042327, 96.04, 92.24),
    ],
)
def test_the_published_components_are_found_again(
    name: str, deviation: float, study_variation: float, contribution: float
) -> None:
    one = study(AIAG).component(name)
    assert one.deviation == pytest.approx(deviation, abs=2e-6)
    assert 100 * one.study == pytest.approx(study_variation, abs=0.005)
    assert 100 * one.contribution == pytest.approx(contribution, abs=0.005)


def test_the_published_number_of_categories_and_the_method_of_ranges() -> None:
    assert study(AIAG).categories == 4
    ranges = average_and_range(AIAG)
    assert ranges is not None
    # The book goes on from means and ranges that it rounded to three or four places.
    assert (ranges.repeatability, ranges.reproducibility, ranges.gauge, ranges.part, ranges.total) == pytest.approx(
        (0.20188, 0.22963, 0.30575, 1.10456, 1.14610), abs=5e-5
    )
    assert average_and_range(np.zeros((11, 3, 3))) is None


@settings(max_examples=30)
@given(st.permutations(range(10)), st.permutations(range(3)), st.permutations(range(3)))
def test_the_order_of_parts_appraisers_and_repeats_means_nothing(
    parts: list[int], appraisers: list[int], repeats: list[int]
) -> None:
    found = study(AIAG[parts][:, appraisers][:, :, repeats])
    assert [one.deviation for one in found.components] == pytest.approx([
        one.deviation for one in study(AIAG).components
    ])


@settings(max_examples=30)
@given(st.floats(0.01, 100.0), st.floats(-10.0, 10.0))
def test_the_unit_and_the_zero_of_the_scale_mean_nothing(factor: float, shift: float) -> None:
    first, second = study(AIAG, tolerance=8.0), study(AIAG * factor + shift, tolerance=8.0 * factor)
    for one, other in zip(first.components, second.components, strict=True):
        assert other.study == pytest.approx(one.study, abs=1e-6)
        assert other.tolerance == pytest.approx(one.tolerance, abs=1e-6)


def test_an_interaction_that_is_there_is_not_pooled() -> None:
    chance = np.random.Generator(np.random.PCG64(31))
    values = chance.normal(0, 0.05, (10, 3, 3)) + chance.normal(0, 1.0, (10, 3, 1)) + chance.normal(0, 2.0, (10, 1, 1))
    found = study(values)
    assert not found.pooled
    assert found.component("interaction").deviation == pytest.approx(1.0, abs=0.3)
    assert found.component("repeatability").deviation == pytest.approx(np.sqrt(values.var(axis=2, ddof=1).mean()))


def test_a_negative_component_is_0_and_said() -> None:
    chance = np.random.Generator(np.random.PCG64(33))
    while True:
        found = study(chance.normal(0.0, 1.0, (6, 3, 3)))
        below = [one for one in found.components if one.negative]
        if below:
            break
    assert all(one.variance == 0.0 for one in below)
    assert found.component("total").variance == pytest.approx(
        sum(found.component(name).variance for name in ("repeatability", "appraiser", "interaction", "part"))
    )


def test_intervals_hold_the_true_deviation_as_often_as_they_say() -> None:
    chance = np.random.Generator(np.random.PCG64(34))
    truth = {"repeatability": 0.5, "appraiser": 1.0, "part": 2.0, "gauge": float(np.hypot(0.5, 1.0))}
    held = dict.fromkeys(truth, 0)
    for _ in range(600):
        values = chance.normal(0, 0.5, (8, 4, 3)) + chance.normal(0, 1.0, (1, 4, 1)) + chance.normal(0, 2.0, (8, 1, 1))
        found = study(values)
        for name, true in truth.items():
            one = found.component(name)
            held[name] += one.lower is not None and one.upper is not None and one.lower <= true <= one.upper
    assert {name: 0.92 < count / 600 < 0.98 for name, count in held.items()} == dict.fromkeys(truth, True), held


@pytest.mark.parametrize("shape", [(1, 3, 3), (5, 1, 3), (5, 3, 1)])
def test_what_is_no_crossed_study_is_refused(shape: tuple[int, int, int]) -> None:
    refused = gauge_study(np.arange(float(np.prod(shape))).reshape(shape))
    assert isinstance(refused, Unanswered)
    assert refused.few


def test_values_that_do_not_differ_are_refused_and_a_perfect_gauge_has_no_number_of_categories() -> None:
    assert isinstance(gauge_study(np.ones((3, 2, 2))), Unanswered)
    perfect = study(np.arange(5.0)[:, None, None] * np.ones((5, 3, 2)))
    assert perfect.component("gauge").deviation == 0
    assert perfect.categories is None
