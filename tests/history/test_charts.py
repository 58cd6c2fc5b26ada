"""Control charts and run rules against published figures, and laws that hold for any values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.history.statistics.chart import Chart, chart_individuals, chart_subgroups, individual_sigma, unbiasing
from rig.history.statistics.rules import RULES, find_violations
from rig.history.statistics.unanswered import Unanswered

# NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2: flow rates of ten batches.
FLOW = np.array([49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1])
SERIES = st.lists(st.floats(-1e3, 1e3).map(lambda value: round(value, 3)), min_size=12, max_size=40).map(np.array)


def charted(values: np.ndarray, **more: object) -> Chart:
    chart = chart_individuals(values, **{"baseline": len(values)} | more)  # type: ignore[arg-type] # one or two keywords
    assert isinstance(chart, Chart)
    return chart


def of_rule(values: list[float], rule: int) -> list[tuple[int, ...]]:
    found = find_violations(np.array(values), centre=0.0, lower=-3.0, upper=3.0, rules=tuple(RULES))
    return [one.points for one in found if one.rule == rule]


def test_the_published_chart_of_individuals_is_found_again() -> None:
    chart = charted(FLOW)
    location, spread = chart.location, chart.spread
    assert location.centre == pytest.approx(50.81, abs=5e-5)
    assert (location.lower, location.upper) == pytest.approx((45.8159, 55.8041), abs=1e-3)
    assert spread.centre == pytest.approx(1.8778, abs=5e-5)
    assert spread.upper == pytest.approx(3.267 * 1.8778, abs=1e-3)
    assert chart.in_control


def test_limits_come_from_the_baseline_and_never_from_what_is_judged() -> None:
    worse = np.concatenate([FLOW, FLOW + 30.0])
    judged = charted(worse, baseline=len(FLOW))
    assert judged.location.upper == charted(FLOW).location.upper
    assert {1, 2} <= {one.rule for one in judged.location.violations}
    beyond = [one for one in judged.location.violations if one.rule == 1]
    assert len(beyond) == len(FLOW)
    assert charted(worse).location.upper > FLOW.max() > judged.location.centre
    assert charted(worse).location.centre == pytest.approx(FLOW.mean() + 15.0)


@pytest.mark.parametrize(
    ("baseline", "values", "reason"),
    [
        (20, FLOW, "there are 10"),
        (5, FLOW, "at least 8"),
        (10, np.ones(12), "no spread"),
    ],
)
def test_what_makes_no_limits_is_refused_with_its_reason(baseline: int, values: np.ndarray, reason: str) -> None:
    refused = chart_individuals(values, baseline=baseline)
    assert isinstance(refused, Unanswered)
    assert reason in refused.reason


def test_factors_are_those_of_the_distribution_of_ranges() -> None:
    chance = np.random.Generator(np.random.PCG64(5))
    for size in (2, 3, 5, 10):
        groups = chance.normal(0.0, 1.0, (60_000, size))
        by_range = chart_subgroups(groups, baseline=len(groups), spread="R", rules=())
        by_deviation = chart_subgroups(groups, baseline=len(groups), spread="S", rules=())
        assert isinstance(by_range, Chart)
        assert isinstance(by_deviation, Chart)
        assert by_range.sigma == pytest.approx(1.0, abs=0.006)
        assert by_deviation.sigma == pytest.approx(1.0, abs=0.006)
        ranges = np.ptp(groups, axis=1)
        assert by_range.spread.upper == pytest.approx(ranges.mean() + 3 * ranges.std(), rel=0.005)
        assert by_range.location.upper == pytest.approx(3 / np.sqrt(size), abs=0.02)


def test_c4_is_the_published_one() -> None:
    assert [round(unbiasing(size), 4) for size in (2, 3, 4, 5, 10, 25)] == [
        0.7979,
        0.8862,
        0.9213,
        0.94,
        0.9727,
        0.9896,
    ]


def test_a_sigma_of_moving_ranges_is_worth_its_stated_degrees_of_freedom() -> None:
    chance = np.random.Generator(np.random.PCG64(6))
    series = chance.normal(0.0, 1.0, (20_000, 25))
    sigmas = np.abs(np.diff(series, axis=1)).mean(axis=1) / 1.128
    _, freedom = individual_sigma(series[0])
    assert sigmas.std() == pytest.approx(1 / np.sqrt(2 * freedom), rel=0.03)


@pytest.mark.parametrize(
    ("rule", "values", "points"),
    [
        (1, [0, 3.1, 0, -3.1, 3.0], [(1,), (3,)]),
        (2, [-1, *[0.1] * 9, -1], [tuple(range(1, 10))]),
        (2, [*[0.1] * 8, 0.0, *[0.1] * 8], []),
        (3, [0, -1, 0, 1, 2, 2.5, 2.6, 1], [(1, 2, 3, 4, 5, 6)]),
        (3, [0, 0.1, 0.2, 0.3, 0.4, 0.4, 0.5], []),
        (4, [0.5 * (-1) ** n for n in range(14)], [tuple(range(14))]),
        (4, [0.5 * (-1) ** n for n in range(13)], []),
        (5, [0, 2.1, 0, 2.5, 0, 0, -2.1, 2.1], [(1, 3)]),
        (6, [1.1, 1.1, 0, 1.2, 1.3, 0, 0, 0], [(0, 1, 3, 4)]),
    ],
)
def test_each_rule_names_the_points_of_its_pattern(
    rule: int, values: list[float], points: list[tuple[int, ...]]
) -> None:
    assert of_rule(values, rule) == points


@given(SERIES, st.sampled_from([0.5, 2.0, 8.0]), st.integers(-8, 8))
def test_scaling_and_shifting_change_no_verdict_of_the_chart(values: np.ndarray, factor: float, shift: int) -> None:
    # Powers of two and whole numbers, so that nothing is rounded anew at the edge of a limit.
    first = chart_individuals(values, baseline=8)
    second = chart_individuals(values * factor, baseline=8)
    if isinstance(first, Unanswered):
        assert second == first
        return
    assert isinstance(second, Chart)
    assert second.violations == first.violations
    assert second.sigma == pytest.approx(factor * first.sigma)
    moved = chart_individuals(values + shift, baseline=8)
    assert isinstance(moved, Chart)
    assert moved.location.centre == pytest.approx(first.location.centre + shift)


def test_false_alarms_are_as_rare_as_the_page_says() -> None:
    chance = np.random.Generator(np.random.PCG64(7))
    values = chance.normal(0.0, 1.0, 40_000)
    found = find_violations(values, centre=0.0, lower=-3.0, upper=3.0, rules=tuple(RULES))
    assert sum(one.rule == 1 for one in found) / len(values) == pytest.approx(0.0027, rel=0.3)
    default = sum(one.rule <= 4 for one in found) / len(values)
    assert 1 / 140 < default < 1 / 90
