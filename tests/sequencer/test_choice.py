"""Of what either instrument could give, the smaller U decides, among those that saw every item that a limit binds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.analysis import CATALOGUE
from rig.analysis.measure import Analysis
from rig.model.load import Load, Network
from rig.sequencer.choice import EITHER, from_oscilloscope
from rig.units import Unit
from tests.analysis.synthetic import Train, analysed

LOAD = Load(name="500 ohm", nominal=500.0, resistance=500.0, uncertainty=0.05)
TRAIN = Train(pulses=6)
FIRST = replace(TRAIN, pulses=2)
QUIET = np.zeros(40_000)


def scope(train: Train, *, interval: float = 0.25e-6, noise: float = 2e-5) -> Analysis:
    values = 500.0 * train.sampled(interval, noise=noise, seed=3)
    return analysed(values, interval=interval, unit=Unit.VOLT, noise=500.0 * noise)


def digitizer(train: Train = TRAIN, *, noise: float = 5e-6) -> Analysis:
    return analysed(train.sampled(noise=noise, seed=4), zero=QUIET, noise=noise)


def test_the_form_of_an_edge_is_the_oscilloscopes_even_of_the_first_pulses_alone() -> None:
    taken = from_oscilloscope(scope(FIRST), digitizer(), LOAD)
    assert set(taken) == {"rise_time", "fall_time"}
    rise = taken["rise_time"]
    assert rise.window.description == "the oscilloscope's record, 2 pulses"
    assert rise.origin[1:] == ("voltage", "rise_time")
    assert rise.value == pytest.approx(0.8 * TRAIN.transition, abs=rise.expanded_uncertainty)


def test_what_binds_every_pulse_is_not_taken_from_some_of_them() -> None:
    fine, coarse = scope(FIRST, noise=2e-6), digitizer(noise=2e-5)
    ours, theirs = (one.measurement("phase_duration") for one in (fine, coarse))
    assert ours is not None
    assert theirs is not None
    assert ours.expanded_single < theirs.expanded_single
    assert "phase_duration" not in from_oscilloscope(fine, coarse, LOAD)


def test_of_a_train_that_both_saw_whole_the_smaller_u_decides() -> None:
    fine, coarse = scope(FIRST, noise=2e-6), digitizer(FIRST, noise=2e-5)
    taken = from_oscilloscope(fine, coarse, LOAD)
    assert {"phase_duration", "pulse_width", "rise_time"} <= set(taken)
    for name in EITHER:
        ours, theirs = fine.measurement(name), coarse.measurement(name)
        if ours is not None and theirs is not None and ours.unit is theirs.unit:
            assert (name in taken) is (ours.expanded_single < theirs.expanded_single), name


def test_counts_and_levels_stay_the_digitizers() -> None:
    taken = from_oscilloscope(scope(FIRST), digitizer(FIRST), LOAD)
    assert not {"phase_top", "phase_peak", "missing_pulses", "extra_pulses", "polarity", "phase_count"} & set(taken)


@pytest.mark.parametrize("slow", [20e-6, 40e-6])
def test_a_late_pulse_with_slower_edges_is_not_overlooked(slow: float) -> None:
    values = TRAIN.sampled(noise=5e-6, seed=4)
    late = replace(TRAIN, transition=slow).sampled(noise=5e-6, seed=4)
    last = round((TRAIN.starts[-1] - 1e-3) / 1e-6)
    values[last:] = late[last:]
    coarse = analysed(values, zero=QUIET, noise=5e-6)
    assert not {"rise_time", "fall_time"} & set(from_oscilloscope(scope(FIRST), coarse, LOAD))


@pytest.mark.parametrize(
    "load",
    [
        Load(name="open", nominal=float("inf"), resistance=float("inf"), uncertainty=0.0),
        replace(LOAD, network=Network(series=100.0, parallel=400.0, capacitance=1e-7)),
    ],
    ids=["open", "reactive"],
)
def test_a_voltage_that_has_not_the_currents_form_gives_nothing(load: Load) -> None:
    assert from_oscilloscope(scope(FIRST), digitizer(), load) == {}


def test_without_a_pulse_that_both_saw_nothing_is_taken() -> None:
    nothing = analysed(np.random.default_rng(1).normal(0.0, 5e-6, 100_000), zero=QUIET, noise=5e-6)
    assert from_oscilloscope(scope(FIRST), nothing, LOAD) == {}


@settings(max_examples=10, deadline=None)
@given(
    interval=st.sampled_from([0.1e-6, 0.5e-6, 1e-6, 2.5e-6]),
    noise=st.floats(1e-6, 2e-4),
    pulses=st.integers(1, 6),
)
def test_what_is_taken_is_never_less_certain_and_of_the_catalogues_unit(
    interval: float, noise: float, pulses: int
) -> None:
    coarse = digitizer()
    taken = from_oscilloscope(scope(replace(TRAIN, pulses=pulses), interval=interval, noise=noise), coarse, LOAD)
    for name, ours in taken.items():
        theirs = coarse.measurement(name)
        assert theirs is None or ours.expanded_single < theirs.expanded_single
        assert ours.unit is CATALOGUE[name].unit
        assert pulses == TRAIN.pulses or CATALOGUE[name].form
