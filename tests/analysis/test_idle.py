"""Whether the output is off: noise is not current, and current is not noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.analysis import load_resistance, measure_idle
from rig.errors import AnalysisError
from rig.units import Unit
from tests.analysis.synthetic import Train, analysed, path, value, waveform

NOISE = 3e-5
PATH = replace(path(noise=NOISE), offset=1e-4, offset_drift=1e-6)


def _noise(seed: int, n: int = 50_000) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.random.default_rng(seed).normal(0.0, NOISE, n)


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), offset=st.floats(-5e-3, 5e-3))
def test_noise_about_the_zero_is_off(seed: int, offset: float) -> None:
    idle = measure_idle(waveform(_noise(seed) + offset), PATH, waveform(_noise(seed + 1) + offset))
    assert idle.off
    assert idle.mean == pytest.approx(0.0, abs=1e-6)
    assert idle.rms == pytest.approx(NOISE, rel=0.05)
    assert idle.outcome.unit is Unit.AMPERE


def test_a_single_pulse_is_output_wherever_it_lies() -> None:
    for at in (0, 20_000, 49_999):
        samples = _noise(1)
        samples[at] += 1e-3
        idle = measure_idle(waveform(samples), PATH, waveform(_noise(2)))
        assert not idle.off
        assert idle.residual == pytest.approx(1e-3, rel=0.15)


def test_a_small_direct_current_is_output_against_a_zero_and_offset_without() -> None:
    samples = _noise(1) * 0.1 + 1.5e-4
    assert not measure_idle(waveform(samples), replace(PATH, noise=NOISE / 10), waveform(_noise(2) * 0.1)).off
    assert measure_idle(waveform(samples), replace(PATH, noise=NOISE / 10), None).off


def test_noise_of_the_capture_itself_does_not_raise_the_threshold() -> None:
    # A device that leaks noise must not be excused by it.
    loud = waveform(_noise(1) * 30)
    assert not measure_idle(loud, PATH, waveform(_noise(2))).off


@pytest.mark.parametrize("samples", [np.array([]), np.array([0.0, np.nan])])
def test_what_is_no_number_cannot_show_that_the_output_is_off(
    samples: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> None:
    with pytest.raises(AnalysisError, match="cannot show"):
        measure_idle(waveform(samples), PATH, None)


def test_load_resistance_is_top_over_top() -> None:
    train = Train(amplitude=0.02)
    current = value(analysed(train.sampled()), "phase_top")
    voltage = value(analysed(train.sampled() * 498.5, unit=Unit.VOLT), "phase_top")
    found, u = load_resistance(voltage, current)
    assert found == pytest.approx(498.5, rel=1e-6)
    assert 0 < u < 1.0
    with pytest.raises(AnalysisError, match="no current flowed"):
        load_resistance(voltage, replace(current, value=1e-9, minimum=1e-9))
