"""Drift against certified figures, its laws, and whether it is found as often as it says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import linregress, theilslopes

from rig.history.statistics.drift import Crossing, Drift, crossing, drift
from rig.history.statistics.unanswered import Unanswered

# NIST Statistical Reference Datasets, Norris (calibration of ozone monitors): pairs of x and y.
NORRIS = np.array([
    (0.2, 0.1), (337.4, 338.8), (118.2, 118.1), (884.6, 888.0), (10.1, 9.2), (226.5, 228.1), (666.3, 668.5),
    (996.3, 998.5), (448.6, 449.1), (777.0, 778.9), (558.2, 559.2), (0.4, 0.3), (0.6, 0.1), (775.5, 778.1),
    (666.9, 668.8), (338.0, 339.3), (447.5, 448.9), (11.6, 10.8), (556.0, 557.7), (228.1, 228.3), (995.8, 998.0),
    (887.6, 888.8), (120.2, 119.6), (0.3, 0.3), (0.3, 0.6), (556.8, 557.6), (339.1, 339.3), (887.2, 888.0),
    (999.0, 998.5), (779.0, 778.9), (11.1, 10.2), (118.3, 117.6), (229.2, 228.9), (669.1, 668.4), (448.9, 449.2),
    (0.5, 0.2),
])  # fmt: skip


def line(days: np.ndarray, values: np.ndarray, groups: np.ndarray | None = None) -> Drift:
    found = drift(days, values, groups)
    assert isinstance(found, Drift), found
    return found


def test_the_certified_line_is_found_again() -> None:
    found = line(NORRIS[:, 0], NORRIS[:, 1])
    assert found.slope == pytest.approx(1.00211681802045, rel=1e-12)
    assert found.standard_error == pytest.approx(0.429796848199937e-3, rel=1e-9)
    assert found.residual == pytest.approx(0.884796396144373, rel=1e-9)


def test_slope_error_and_chance_are_those_of_another_implementation() -> None:
    chance = np.random.Generator(np.random.PCG64(21))
    days, values = np.sort(chance.uniform(0, 300, 25)), chance.normal(0.0, 1.0, 25)
    found, other = line(days, values), linregress(days, values)
    assert (found.slope, found.standard_error, found.p) == pytest.approx((other.slope, other.stderr, other.pvalue))
    assert found.robust == pytest.approx(theilslopes(values, days).slope)


@settings(max_examples=30)
@given(st.floats(-3e4, 3e4), st.floats(0.01, 100.0), st.floats(-100.0, 100.0))
def test_moving_time_or_values_changes_no_drift_and_scaling_values_scales_it(
    later: float, factor: float, more: float
) -> None:
    days, values = np.linspace(0.0, 90.0, 12), np.random.Generator(np.random.PCG64(22)).normal(5.0, 1.0, 12)
    first, second = line(days, values), line(days + later, values * factor + more)
    assert second.slope == pytest.approx(first.slope * factor, rel=1e-6, abs=1e-9 * factor)
    assert second.p == pytest.approx(first.p, rel=1e-5)


def test_a_known_drift_lies_within_its_interval_in_95_of_100_series() -> None:
    chance = np.random.Generator(np.random.PCG64(23))
    held, wrongly = 0, 0
    for _ in range(1000):
        days = np.sort(chance.uniform(0, 200, 15))
        noise = chance.normal(0.0, 0.3, 15)
        found = line(days, 10.0 + 0.004 * days + noise)
        held += found.lower <= 0.004 <= found.upper
        wrongly += line(days, noise).significant
    assert held / 1000 == pytest.approx(0.95, abs=0.02)
    assert wrongly / 1000 == pytest.approx(0.05, abs=0.02)


def test_a_step_between_groups_is_no_drift() -> None:
    chance = np.random.Generator(np.random.PCG64(24))
    days = np.arange(30.0)
    groups = (days >= 15).astype(int)
    values = 5.0 + 2.0 * groups + chance.normal(0.0, 0.1, 30)
    assert line(days, values).significant
    assert not line(days, values, groups).significant
    drifting = line(days, values + 0.05 * days, groups)
    assert drifting.lower <= 0.05 <= drifting.upper
    assert drifting.significant


def test_one_wild_value_is_seen_by_the_robust_slope() -> None:
    days = np.arange(20.0)
    values = np.random.Generator(np.random.PCG64(25)).normal(0.0, 0.02, 20)
    values[-1] += 4.0
    found = line(days, values)
    assert abs(found.robust) < 0.01
    steep = np.where(days > 17, values + 4.0, values)
    assert abs(line(days, steep).robust) < abs(line(days, steep).slope) / 3


def test_the_day_a_limit_is_met_lies_within_its_interval_as_often_as_it_says() -> None:
    chance = np.random.Generator(np.random.PCG64(26))
    held, bounded = 0, 0
    for _ in range(600):
        days = np.arange(0.0, 200.0, 10.0)
        met = crossing(line(days, 0.01 * days + chance.normal(0.0, 0.2, len(days))), 5.0)  # truly on day 500
        assert met is not None
        assert met.earliest is not None
        assert met.latest is not None
        assert met.earliest <= met.day <= met.latest
        bounded += 1
        held += met.earliest <= 500.0 <= met.latest
    assert held / bounded == pytest.approx(0.95, abs=0.03)


def test_no_day_where_the_line_leads_nowhere_or_away() -> None:
    days = np.arange(20.0)
    rising = line(days, days + np.random.Generator(np.random.PCG64(27)).normal(0.0, 0.1, 20))
    assert crossing(rising, -5.0) is None
    assert crossing(rising, 10.0) is None
    ahead = crossing(rising, 40.0)
    assert isinstance(ahead, Crossing)
    assert ahead.day == pytest.approx(40.0, abs=1.0)
    flat = line(days, np.random.Generator(np.random.PCG64(28)).normal(0.0, 0.1, 20))
    assert not flat.significant
    assert crossing(flat, 40.0) is None


def test_exact_lines_and_levels_are_no_surprise() -> None:
    days = np.arange(8.0)
    assert not line(days, np.full(8, 3.0)).significant
    exact = line(days, 2.0 * days)
    assert exact.significant
    met = crossing(exact, 20.0)
    assert met is not None
    assert (met.earliest, met.day, met.latest) == pytest.approx((10.0, 10.0, 10.0))


@pytest.mark.parametrize(("count", "together"), [(5, False), (9, True)])
def test_few_values_and_one_moment_are_refused(count: int, together: bool) -> None:
    days = np.zeros(count) if together else np.arange(float(count))
    refused = drift(days, np.arange(float(count)))
    assert isinstance(refused, Unanswered)
    assert refused.few
