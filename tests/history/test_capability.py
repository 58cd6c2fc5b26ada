"""Capability indices: laws, what they refuse, and whether their intervals hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.history.statistics.capability import Capability, capability, capability_index, performance_index
from rig.history.statistics.chart import individual_sigma
from rig.history.statistics.unanswered import Unanswered

NORMAL = np.random.Generator(np.random.PCG64(11)).normal(20.0, 0.5, 60)


def found(values: np.ndarray, lower: float | None, upper: float | None, **more: float) -> Capability:
    answer = capability(values, lower=lower, upper=upper, **more)
    assert isinstance(answer, Capability), answer
    return answer


@settings(max_examples=30)
@given(st.floats(0.01, 100.0), st.floats(-50.0, 50.0))
def test_shifting_and_scaling_values_with_their_limits_changes_no_index(factor: float, shift: float) -> None:
    first = found(NORMAL, 18.0, 22.5)
    second = found(NORMAL * factor + shift, 18.0 * factor + shift, 22.5 * factor + shift)
    assert second.cpk.value == pytest.approx(first.cpk.value, rel=1e-6)
    assert second.ppk.lower == pytest.approx(first.ppk.lower, rel=1e-6)
    assert first.cp is not None
    assert second.cp is not None
    assert second.cp.upper == pytest.approx(first.cp.upper, rel=1e-6)


@settings(max_examples=30)
@given(st.floats(0.0, 5.0))
def test_wider_limits_never_lower_an_index(more: float) -> None:
    assert found(NORMAL, 18.0 - more, 22.0 + more).cpk.value >= found(NORMAL, 18.0, 22.0).cpk.value - 1e-12


def test_a_mirrored_process_is_as_capable() -> None:
    assert found(-NORMAL, -22.5, -18.0).cpk.value == pytest.approx(found(NORMAL, 18.0, 22.5).cpk.value)


def test_one_limit_gives_cpk_alone_and_it_is_the_distance_to_that_limit() -> None:
    one = found(NORMAL, None, 22.0)
    assert one.cp is None
    assert one.pp is None
    assert one.ppk.value == pytest.approx((22.0 - NORMAL.mean()) / (3 * NORMAL.std(ddof=1)))
    assert found(NORMAL, 10.0, 22.0).ppk.value == pytest.approx(one.ppk.value)


def test_a_mean_beyond_its_limit_has_a_negative_cpk() -> None:
    assert found(NORMAL, None, 19.0).cpk.upper < 0


@pytest.mark.parametrize(
    ("values", "lower", "upper", "reason", "few"),
    [
        (NORMAL[:19], 18.0, 22.0, "at least 20 values; there are 19", True),
        (NORMAL, None, None, "no limit", False),
        (np.full(30, 2.0), 1.0, 3.0, "the same", False),
        (NORMAL, 0.0, 0.0, "no room", False),
    ],
)
def test_no_number_where_none_would_mean_anything(
    values: np.ndarray, lower: float | None, upper: float | None, reason: str, few: bool
) -> None:
    refused = capability(values, lower=lower, upper=upper)
    assert isinstance(refused, Unanswered)
    assert reason in refused.reason
    assert refused.few is few


@pytest.mark.parametrize("target", [0.8, 1.33, 2.0])
def test_intervals_hold_the_true_index_as_often_as_they_say(target: float) -> None:
    chance = np.random.Generator(np.random.PCG64(12))
    series = chance.normal(0.0, 1.0, (1500, 30))
    overall, within = [], []
    for values in series:
        ppk = performance_index((3 * target - values.mean()) / (3 * values.std(ddof=1)), 30, 29)
        overall.append(ppk.lower <= target <= ppk.upper)
        sigma, freedom = individual_sigma(values)
        cpk = performance_index((3 * target - values.mean()) / (3 * sigma), 30, freedom)
        within.append(cpk.lower <= target <= cpk.upper)
    # Bissell's interval is approximate: 95 % within two points.
    assert 0.93 < np.mean(overall) < 0.97
    assert 0.93 < np.mean(within) < 0.97


def test_the_interval_of_cp_is_exact() -> None:
    chance = np.random.Generator(np.random.PCG64(13))
    series = chance.normal(0.0, 1.0, (4000, 20))
    indices = (capability_index(1 / deviation, 19) for deviation in series.std(axis=1, ddof=1))
    assert np.mean([one.lower <= 1.0 <= one.upper for one in indices]) == pytest.approx(0.95, abs=0.012)


def test_values_that_are_not_normal_and_a_measurement_that_makes_the_spread_are_said() -> None:
    chance = np.random.Generator(np.random.PCG64(14))
    skewed = found(chance.exponential(1.0, 80), None, 9.0)
    assert skewed.normality is not None
    assert skewed.normality < 0.01
    assert "not normally distributed" in skewed.notes[0]
    assert found(NORMAL, 18.0, 22.0, uncertainty=0.05).notes == ()
    (note,) = found(NORMAL, 18.0, 22.0, uncertainty=0.45).notes
    assert "most of the spread may be the measurement's" in note
