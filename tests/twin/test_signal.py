"""Exact signals against brute force, and their laws."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rig.twin.signal import Piecewise

levels = st.floats(-5, 5)
taus = st.floats(1e-3, 10)


@st.composite
def signals(draw: st.DrawFn) -> Piecewise:
    n, m = draw(st.integers(1, 6)), draw(st.integers(0, 3))
    lengths = draw(st.lists(st.floats(0.05, 2), min_size=n, max_size=n))
    edges = draw(st.floats(-3, 3)) + np.concatenate(([0.0], np.cumsum(lengths)))
    row = st.lists(levels, min_size=n, max_size=n)
    matrix = st.lists(st.lists(levels, min_size=m, max_size=m), min_size=n, max_size=n)
    decays = st.lists(st.lists(taus, min_size=m, max_size=m), min_size=n, max_size=n)
    return Piecewise.of(
        edges,
        draw(row),
        draw(row),
        np.reshape(draw(matrix), (n, m)),
        np.reshape(draw(decays), (n, m)),
    )


def _by_hand(signal: Piecewise, t: float) -> float:
    k = min(max(int(np.searchsorted(signal.edges, t, side="right")) - 1, 0), len(signal.constant) - 1)
    u = t - signal.edges[k]
    total = signal.constant[k] + signal.slope[k] * u
    for height, tau in zip(signal.amplitude[k], signal.tau[k], strict=True):
        total += height * math.exp(-u / tau)
    return float(total)


def _dense(signal: Piecewise, a: float, b: float, power: int) -> float:
    """Gauss-Legendre between the edges: independent of the formulas under test."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    inside = [e for e in signal.edges.tolist() if a < e < b]
    cuts = [a]
    for left, right in zip([a, *inside], [*inside, b], strict=True):
        k = min(max(int(np.searchsorted(signal.edges, left, side="right")) - 1, 0), len(signal.constant) - 1)
        # Geometric cells from the left resolve the fastest exponential of the piece.
        fastest = min(signal.tau[k].tolist(), default=1.0)
        step = fastest
        while cuts[-1] + step < right:
            cuts.append(cuts[-1] + step)
            step *= 2
        cuts.append(right)
    total = 0.0
    for left, right in itertools.pairwise(cuts):
        middle, half = (left + right) / 2, (right - left) / 2
        total += half * sum(
            w * _by_hand(signal, middle + half * x) ** power for x, w in zip(nodes, weights, strict=True)
        )
    return total


@given(signals(), st.integers(2, 300))
def test_samples_are_the_formula(signal: Piecewise, n: int) -> None:
    times = np.linspace(signal.start, signal.stop, n)
    expected = [_by_hand(signal, t) for t in times.tolist()]
    assert signal.sample(times) == pytest.approx(np.array(expected), rel=1e-12, abs=1e-12)
    assert signal.sample(times[::-1]) == pytest.approx(np.array(expected[::-1]), rel=1e-12, abs=1e-12)


@given(signals(), st.integers(2, 300))
def test_uniform_sampling_equals_sampling(signal: Piecewise, n: int) -> None:
    interval = (signal.stop - signal.start) / n * 0.999
    start = signal.start + 0.0003 * interval
    times = start + interval * np.arange(n, dtype=np.float64)
    near_edge = np.min(np.abs(times[:, None] - signal.edges[None, 1:-1]), axis=1, initial=np.inf) < 1e-9
    difference = signal.sample_uniform(start, interval, n) - signal.sample(times)
    assert np.all(np.abs(difference[~near_edge]) < 1e-9)


@settings(max_examples=30, deadline=None)
@given(signals(), st.floats(0, 1), st.floats(0, 1))
def test_integrals_equal_quadrature(signal: Piecewise, x: float, y: float) -> None:
    length = signal.stop - signal.start
    a, b = sorted((signal.start + x * length, signal.start + y * length))
    assume(b - a > 1e-6)
    assert signal.integral(a, b) == pytest.approx(_dense(signal, a, b, 1), rel=1e-8, abs=1e-9)
    assert signal.integral_of_square(a, b) == pytest.approx(_dense(signal, a, b, 2), rel=1e-8, abs=1e-9)


@given(signals(), st.floats(0.01, 0.99))
def test_parts_add_up_and_splitting_changes_nothing(signal: Piecewise, x: float) -> None:
    middle = signal.start + x * (signal.stop - signal.start)
    whole = signal.integral(signal.start, signal.stop)
    assert signal.integral(signal.start, middle) + signal.integral(middle, signal.stop) == pytest.approx(
        whole, rel=1e-9, abs=1e-9
    )
    split = signal.split_at(np.array([middle]))
    assert split.integral_of_square(signal.start, signal.stop) == pytest.approx(
        signal.integral_of_square(signal.start, signal.stop), rel=1e-9, abs=1e-9
    )
    joined = signal.between(signal.start, middle).followed_by(signal.between(middle, signal.stop))
    assert joined.integral(signal.start, signal.stop) == pytest.approx(whole, rel=1e-9, abs=1e-9)


@given(signals(), st.floats(-3, 3), st.floats(-3, 3))
def test_scaling_and_offset(signal: Piecewise, gain: float, offset: float) -> None:
    a, b = signal.start, signal.stop
    expected = gain * signal.integral(a, b) + offset * (b - a)
    assert (signal * gain + offset).integral(a, b) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert (signal + -signal).integral_of_square(a, b) == pytest.approx(0.0, abs=1e-8)


@settings(max_examples=60, deadline=None)
@given(signals())
def test_extremes_bound_every_sample_and_are_reached(signal: Piecewise) -> None:
    low, high = signal.extremes(signal.start, signal.stop)
    near = [t for e in signal.edges.tolist() for t in (e, e - 1e-9)][1:]
    fast = [e + f * 10.0**p for e in signal.edges.tolist() for p in range(-5, 1) for f in (1, 2, 5)]
    times = np.concatenate((np.linspace(signal.start, signal.stop, 4000), near, fast))
    values = signal.sample(np.clip(times, signal.start, signal.stop))
    assert low <= values.min() + 1e-9
    assert high >= values.max() - 1e-9
    assert values.min() - low < 0.05
    assert high - values.max() < 0.05


@settings(max_examples=60, deadline=None)
@given(signals(), levels, st.sampled_from([-1, 0, 1]))
def test_the_first_crossing_is_one_and_the_first(signal: Piecewise, level: float, slope: int) -> None:
    found = signal.first_crossing(level, slope, signal.start, signal.stop)
    times = np.linspace(signal.start, signal.stop, 3000)
    above = signal.sample(times) - level
    before, after = above[:-1], above[1:]
    # Beyond rounding: a decay that tends to the level never passes it.
    passed = ((before < -1e-9) & (after > 1e-9) & (slope >= 0)) | ((before > 1e-9) & (after < -1e-9) & (slope <= 0))
    seen = np.flatnonzero(passed)
    if len(seen):
        assert found is not None
        assert found <= times[seen[0] + 1] + 1e-9
    if found is not None:
        earlier = signal.sample(np.array([max(found - 1e-7, signal.start)]))[0] - level
        later = signal.sample(np.array([min(found + 1e-7, signal.stop)]))[0] - level
        rate = 5 + 3 * 5 / 1e-3  # greatest slope that a drawn signal can have
        assert earlier * later <= 0 or min(abs(earlier), abs(later)) < 2e-7 * rate


@settings(max_examples=30, deadline=None)
@given(signals(), st.floats(0.01, 2), levels)
def test_a_single_pole_obeys_its_differential_equation(signal: Piecewise, tau: float, initial: float) -> None:
    response = signal.low_passed(tau, initial=initial)
    assert response.at(signal.start) == pytest.approx(initial, abs=1e-6 + 1e-6 * abs(initial))
    a, b = signal.start, signal.stop
    # τ·(y(b) − y(a)) is the integral of x − y, on every part.
    for left, right in [(a, b), (a, (a + b) / 2), ((a + b) / 2, b)]:
        gained = tau * (response.at(right) - response.at(left))
        assert gained == pytest.approx(signal.integral(left, right) - response.integral(left, right), abs=1e-5)


def test_a_pole_equal_to_the_signal_s_own_time_constant() -> None:
    signal = Piecewise.of([0.0, 5.0], [0.0], None, [[1.0]], [[0.5]])
    response = signal.low_passed(0.5, initial=0.0)
    times = np.linspace(0, 5, 100)
    assert response.sample(times) == pytest.approx(times / 0.5 * np.exp(-times / 0.5), abs=1e-6)


def test_ten_thousand_pulses_and_two_million_samples() -> None:
    begins = np.arange(1000) * 2e-3
    edges = np.concatenate((np.column_stack((begins, begins + 1e-4)).ravel(), [2.0]))
    signal = Piecewise.of(edges, np.tile([0.02, 0.0], 1000))
    values = signal.sample_uniform(0.0, 1e-6, 2_000_000)
    assert np.count_nonzero(values) == pytest.approx(100_000, abs=1000)
    assert signal.integral(0.0, 2.0) == pytest.approx(0.02 * 0.1)


@pytest.mark.parametrize(
    ("edges", "constant"), [([0.0], []), ([0.0, 0.0], [1.0]), ([0.0, 2.0, 1.0], [1.0, 1.0]), ([0.0, 1.0], [1.0, 2.0])]
)
def test_what_is_no_signal_is_refused(edges: list[float], constant: list[float]) -> None:
    with pytest.raises(ValueError, match="piecewise signal"):
        Piecewise.of(edges, constant)


def test_outside_of_what_is_known_nothing_is_invented() -> None:
    signal = Piecewise.level(1.0, 0.0, 1.0)
    with pytest.raises(ValueError, match="known from"):
        signal.sample(np.array([0.5, 1.5]))
