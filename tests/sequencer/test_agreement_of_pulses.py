"""The same pulse seen by two instruments: agreement despite noise and slope, disagreement where one reads wrongly."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.analysis.coverage import PROBABILITY, coverage_factor
from rig.analysis.measure import Analysis
from rig.model.load import Load
from rig.model.measurement import Component, Distribution
from rig.sequencer.agreement import CONFIDENCE, Agreement, compare, u_of_difference
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
    assert len(found) == 2
    assert [str(one) for one in found if one.e_n > 1] == []


@pytest.mark.parametrize("gain", [0.9, 1.1])
def test_a_wrong_load_or_probe_is_found_while_phases_are_flat(gain: float) -> None:
    wrong = [one for one in agreements(0.0, gain=gain) if one.e_n > 1]
    assert [one.unit for one in wrong] == [Unit.AMPERE]


@pytest.mark.parametrize("slope", [0.1, 0.33])
def test_a_load_of_half_the_value_is_found_whatever_the_slope(slope: float) -> None:
    assert any(one.e_n > 1 for one in agreements(slope, gain=0.5))


def test_flat_phases_are_compared_with_nothing_added() -> None:
    volts, amperes = seen(0.0, seed=1, scale=500.0, unit=Unit.VOLT), seen(0.0, seed=2)
    top, _duration = compare(volts, amperes, LOAD)
    measured = amperes.measurement("phase_top")
    assert measured is not None
    assert top.digitizer == pytest.approx(measured.value)
    assert top.digitizer_uncertainty == pytest.approx(measured.expanded_uncertainty)
    # 0.01 % of gain, twice, and 0.01 % of the load: a normal share expanded for a night, on top of the bounds.
    parts = [1e-4, 1e-4, 1e-4]
    assert 2 * math.hypot(*parts) < top.uncertainty / top.digitizer < 5 * math.hypot(*parts)


def test_u_of_the_difference_is_that_of_all_comparisons_of_a_night_together() -> None:
    volts, amperes = seen(0.0, seed=1, scale=500.0, unit=Unit.VOLT), seen(0.0, seed=2)
    _top, duration = compare(volts, amperes, LOAD)
    one, other = (analysis.measurement("phase_duration") for analysis in (volts, amperes))
    assert one is not None
    assert other is not None
    budget = (*one.components, *other.components)
    u = math.hypot(one.standard_uncertainty, other.standard_uncertainty)
    # Two half-widths, of the two timebases, never exceed their sum; noise and crossings are normal.
    bounds = sum(math.sqrt(3) * line.standard_uncertainty for line in budget if line.name == "timebase")
    assert duration.uncertainty <= coverage_factor(budget, CONFIDENCE) * u * (1 + 1e-9)
    assert bounds < duration.uncertainty < bounds + 4.6 * u
    assert pytest.approx(1 - PROBABILITY) == 10_000 * (1 - CONFIDENCE)


def test_only_pulses_that_both_have_seen_are_compared() -> None:
    short = replace(TRAIN, pulses=2, tail=TRAIN.tail + 3 * TRAIN.period)
    volts = analysed(500.0 * short.sampled(noise=2e-5), zero=QUIET, unit=Unit.VOLT, noise=1e-2)
    top, duration = compare(volts, seen(0.0, seed=2), LOAD)
    assert top.quantity == "mean top of 4 phases"
    assert max(top.e_n, duration.e_n) <= 1
    # Of the digitizer's pulses only some: then the budget of one of them holds.
    amperes = seen(0.0, seed=2).measurement("phase_duration")
    assert amperes is not None
    assert duration.digitizer_uncertainty == pytest.approx(amperes.expanded_single)


def test_a_pulse_that_only_one_of_them_saw_ends_what_is_compared() -> None:
    gap = replace(TRAIN, skip=(2,))
    volts = analysed(500.0 * gap.sampled(noise=2e-5), zero=QUIET, unit=Unit.VOLT, noise=1e-2)
    top, _duration = compare(volts, seen(0.0, seed=2), LOAD)
    assert top.quantity == "mean top of 4 phases"


def test_a_load_that_warms_is_allowed_what_it_may_change() -> None:
    warm = replace(LOAD, temperature_coefficient=1e-3, thermal_resistance=50.0)
    volts, amperes = seen(0.0, seed=1, scale=500.0, unit=Unit.VOLT), seen(0.0, seed=2)
    cold, hot = (compare(volts, amperes, load)[0].uncertainty for load in (LOAD, warm))
    rms = amperes.measurement("rms_current")
    assert rms is not None
    bound = 1e-3 * 50.0 * rms.value**2 * 500.0 * TRAIN.amplitude
    assert bound / 2 < hot - cold < 1.05 * bound


@settings(max_examples=20, deadline=None)
@given(
    widths=st.lists(st.floats(0.01, 1.0), min_size=1, max_size=4), noise=st.floats(0.0, 0.5), seed=st.integers(0, 99)
)
def test_a_difference_of_bounds_and_noise_hardly_ever_leaves_its_u(
    widths: list[float], noise: float, seed: int
) -> None:
    budget = [
        Component(name="bound", standard_uncertainty=one / math.sqrt(3), distribution=Distribution.RECTANGULAR)
        for one in widths
    ]
    budget.append(Component(name="noise", standard_uncertainty=noise))
    rng = np.random.default_rng(seed)
    errors = sum(one * rng.uniform(-1, 1, 20_000) for one in widths) + noise * rng.normal(size=20_000)
    # One in 200 000 leaves it: of 20 000 three are a chance of one in 8000.
    assert np.count_nonzero(np.abs(errors) > u_of_difference(budget)) < 3
