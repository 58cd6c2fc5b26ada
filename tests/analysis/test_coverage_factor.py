"""Coverage factors against tables, closed forms and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rig.analysis.coverage import NORMAL_FACTOR, PROBABILITY, coverage_factor, student_factor
from rig.model.measurement import Component, Distribution


def normal(u: float, dof: float | None = None) -> Component:
    return Component(name="n", standard_uncertainty=u, degrees_of_freedom=dof)


def rectangular(u: float) -> Component:
    return Component(name="r", standard_uncertainty=u, distribution=Distribution.RECTANGULAR)


def test_the_ends() -> None:
    assert pytest.approx(0.9545, abs=5e-5) == PROBABILITY
    assert coverage_factor([]) == NORMAL_FACTOR
    assert coverage_factor([normal(3.0), normal(4.0)]) == pytest.approx(2.0)
    # EA-4/02: k = 1.65 where one rectangular term dominates.
    assert coverage_factor([rectangular(0.2)]) == pytest.approx(1.653, abs=1e-3)
    assert coverage_factor([rectangular(1.0), normal(1e-9)]) == pytest.approx(1.653, abs=1e-3)
    assert coverage_factor([rectangular(1e-9), normal(1.0)]) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("dof", "factor"), [(1, 13.97), (2, 4.53), (3, 3.31), (4, 2.87), (5, 2.65), (10, 2.28), (50, 2.05)]
)
def test_few_readings_widen_as_the_gum_tabulates(dof: int, factor: float) -> None:
    # JCGM 100:2008, table G.2, column 95.45 %.
    assert student_factor(dof) == pytest.approx(factor, rel=0.005)
    assert coverage_factor([normal(1.0, dof)]) == pytest.approx(factor, rel=0.005)


def test_a_doubtful_small_term_hardly_widens() -> None:
    assert coverage_factor([normal(1.0), normal(0.1, 3.0)]) == pytest.approx(2.0, rel=1e-3)


@pytest.mark.parametrize("share", [0.3, 0.7, 1.0, 2.0, 5.0])
def test_mixtures_cover_what_they_promise(share: float) -> None:
    # By simulation: a rectangular and a normal error, 400 000 draws, a standard error of 0.03 %.
    rng = np.random.default_rng(11)
    draws = rng.uniform(-1, 1, 400_000) * math.sqrt(3.0) * share + rng.normal(size=400_000)
    u = math.hypot(share, 1.0)
    inside = np.mean(np.abs(draws) <= coverage_factor([rectangular(share), normal(1.0)]) * u)
    assert inside == pytest.approx(PROBABILITY, abs=0.0015)


@pytest.mark.parametrize("second", [0.2, 0.6, 1.0])
def test_a_second_rectangular_term_costs_little(second: float) -> None:
    rng = np.random.default_rng(12)
    draws = math.sqrt(3.0) * (rng.uniform(-1, 1, 400_000) + second * rng.uniform(-1, 1, 400_000))
    lines = [rectangular(1.0), rectangular(second)]
    inside = np.mean(np.abs(draws) <= coverage_factor(lines) * math.hypot(1.0, second))
    assert PROBABILITY - 0.005 <= inside <= PROBABILITY + 0.015


@given(
    us=st.lists(st.tuples(st.floats(0.0, 1e3), st.booleans()), min_size=1, max_size=6),
    scale=st.floats(1e-12, 1e12),
)
def test_it_lies_between_the_ends_and_knows_no_unit(us: list[tuple[float, bool]], scale: float) -> None:
    lines = [rectangular(u) if flag else normal(u) for u, flag in us]
    k = coverage_factor(lines)
    assert 1.65 <= k <= 2.0001
    scaled = [rectangular(u * scale) if flag else normal(u * scale) for u, flag in us]
    assert coverage_factor(scaled) == pytest.approx(k, rel=1e-3)


def test_student_factors_are_those_of_the_distribution_at_any_probability() -> None:
    for probability in (PROBABILITY, 0.999, 1 - 4.55e-6):
        for dof in (1, 2, 3, 7, 15, 39, 40, 200):
            factor = stats.t.ppf(0.5 * (1 + probability), dof)
            assert student_factor(dof, probability) == pytest.approx(factor, rel=1e-4)


@pytest.mark.parametrize("probability", [0.99, 0.9999, 1 - 4.55e-6])
@pytest.mark.parametrize("share", [0.01, 0.3, 1.0, 10.0])
def test_higher_probabilities_are_met_and_a_bound_stays_a_bound(share: float, probability: float) -> None:
    budget = [rectangular(share), normal(1.0)]
    half = math.sqrt(3.0) * share
    reach = coverage_factor(budget, probability) * math.hypot(share, 1.0)
    places = half * (2 * (np.arange(100_000) + 0.5) / 100_000 - 1)
    outside = np.mean(stats.norm.sf(reach - places) + stats.norm.sf(reach + places))
    assert outside == pytest.approx(1 - probability, rel=0.01)
    assert reach <= half + coverage_factor([normal(1.0)], probability)
