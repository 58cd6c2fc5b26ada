"""Edges in noise and between samples: what is stated of their crossings, against edges drawn at random."""

from __future__ import annotations

import numpy as np
import pytest

from rig.analysis.edges import Edge, straight_errors
from tests.analysis.synthetic import Train, analysed, value


@pytest.mark.parametrize("noise", [2e-5, 3e-4, 7e-4])
def test_noise_moves_crossings_as_far_as_stated_and_no_phase_longer(noise: float) -> None:
    """From a fifteenth of the step between two samples to twice as much, where edges cross 50 % many times."""
    train = Train(amplitude=10e-3, transition=30e-6, pulses=40, period=5.00037e-3, tail=5e-3)
    found = value(analysed(train.sampled(noise=noise, seed=7), noise=noise), "phase_duration")
    edge = Edge(height=10e-3, transition=30e-6, interval=1e-6, noise=noise)
    one = np.sqrt(2) * edge.jitter
    assert found.std == pytest.approx(one, rel=0.3)
    assert found.value == pytest.approx(train.duration, abs=3 * one / np.sqrt(found.n))


@pytest.mark.parametrize("transition", [0.2, 0.7, 1.0, 1.5, 3.0])
def test_a_straight_edge_crosses_as_far_off_as_stated(transition: float) -> None:
    """Sampled at places drawn at random, and crossed by straight lines."""
    begin = np.random.default_rng(3).random(4000)
    samples = np.clip((np.arange(-1, 8) - begin[:, None]) / transition, 0.0, 1.0)
    pairs = zip(samples, _rising(samples), strict=True)
    crossed = np.array([np.interp(0.5, row[:k], np.arange(-1, k - 1)) for row, k in pairs])
    error = crossed - begin - 0.5 * transition
    assert float(error.std()) == pytest.approx(straight_errors(transition)[0], rel=0.05, abs=1e-5)


def _rising(samples: np.ndarray) -> list[int]:
    """Up to where every row rises: the first sample at its top and no further."""
    return [int(np.argmax(row >= 1.0)) + 1 for row in samples]


def test_a_pole_rounds_what_a_straight_edge_would_show() -> None:
    """Behind a slow pole samples beside the middle of a short edge lie off the line."""
    assert straight_errors(2.0)[0] < 1e-6 < straight_errors(2.0, 0.3)[0] < straight_errors(0.0)[0]


@pytest.mark.parametrize("pulses", [6, 20])
def test_the_jitter_of_a_train_without_any_is_none_in_95_percent(pulses: int) -> None:
    """Noise alone spreads the periods; what is stated once its share is removed holds zero."""
    train = Train(amplitude=10e-3, transition=6e-6, pulses=pulses, period=2.00037e-3, tail=2e-3)
    noise, held, trials = 5e-5, 0, 200
    for seed in range(trials):
        found = value(analysed(train.sampled(noise=noise, seed=seed), noise=noise), "period_jitter")
        held += found.value <= found.expanded_uncertainty
    assert 0.92 <= held / trials <= 0.995
