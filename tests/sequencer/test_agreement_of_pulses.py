"""The same pulse seen by two instruments: agreement despite noise and slope, disagreement where one reads wrongly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.analysis.measure import Analysis
from rig.model.load import Load
from rig.sequencer.agreement import Agreement, compare
from rig.units import Unit
from tests.analysis.synthetic import Train, analysed

LOAD = Load(name="500 ohm", nominal=500.0, resistance=500.0, uncertainty=0.05)
TRAIN = Train()
QUIET = np.zeros(40_000)


def seen(slope: float, *, seed: int, scale: float = 1.0, unit: Unit = Unit.AMPERE, noise: float = 2e-5) -> Analysis:
    """A train whose phases fall (or rise) by ``slope`` of their start, with noise of the instrument's own."""
    instants = np.arange(round(TRAIN.length / 1e-6)) * 1e-6
    values = TRAIN.sampled()
    for start in TRAIN.starts:
        for phase in range(TRAIN.phases):
            begin = start + phase * (TRAIN.duration + TRAIN.interphase)
            within = (instants > begin - TRAIN.transition) & (instants < begin + TRAIN.duration + TRAIN.transition)
            along = np.clip((instants[within] - begin) / TRAIN.duration, 0.0, 1.0)
            values[within] *= 1.0 - slope * along
    values = scale * (values + np.random.default_rng(seed).normal(0.0, noise, len(values)))
    return analysed(values, zero=QUIET, unit=unit, noise=scale * noise)


def agreements(slope: float, *, gain: float = 1.0, seeds: tuple[int, int] = (1, 2)) -> tuple[Agreement, ...]:
    volts = seen(slope, seed=seeds[0], scale=LOAD.resistance * gain, unit=Unit.VOLT)
    return compare(volts, seen(slope, seed=seeds[1]), LOAD)


@settings(max_examples=15)
@given(slope=st.sampled_from([-0.3, -0.1, 0.0, 0.1, 0.33]), seeds=st.tuples(st.integers(0, 99), st.integers(100, 199)))
def test_a_device_whose_current_slopes_is_no_fault_of_the_bench(slope: float, seeds: tuple[int, int]) -> None:
    found = agreements(slope, seeds=seeds)
    assert len(found) == 4
    assert [str(one) for one in found if one.e_n > 1] == []


@pytest.mark.parametrize("gain", [0.9, 1.1])
def test_a_wrong_load_or_probe_is_found_while_phases_are_flat(gain: float) -> None:
    wrong = [one for one in agreements(0.0, gain=gain) if one.e_n > 1]
    assert {one.unit for one in wrong} == {Unit.AMPERE}
    assert len(wrong) == 2


@pytest.mark.parametrize("slope", [0.1, 0.33])
def test_a_load_of_half_the_value_is_found_whatever_the_slope(slope: float) -> None:
    assert any(one.e_n > 1 for one in agreements(slope, gain=0.5))


def test_flat_phases_are_compared_with_nothing_added() -> None:
    flat = agreements(0.0)
    volts, amperes = seen(0.0, seed=1, scale=500.0, unit=Unit.VOLT), seen(0.0, seed=2)
    top = amperes.measurement("phase_top")
    assert top is not None
    assert volts.measurement("phase_top") is not None
    assert flat[0].digitizer_uncertainty == pytest.approx(3 * top.single_uncertainty)
