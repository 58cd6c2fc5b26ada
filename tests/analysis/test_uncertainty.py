"""The budget against Monte Carlo: what is stated must be what is found, neither less nor many times more."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.analysis import measure
from rig.analysis.baseline import block_uncertainty
from rig.analysis.edges import Edge
from rig.analysis.uncertainty import Budget, root_sum_square
from tests.analysis.synthetic import Train, analysed, path, value, waveform

TRAIN = Train(period=5e-3, pulses=3, delay=2e-3, tail=6e-3, duration=200e-6)


@pytest.mark.parametrize(
    ("transition", "names"),
    [
        (0.0, ("phase_charge", "net_charge_active", "phase_duration", "pulse_width")),
        (1e-6, ("phase_charge", "net_charge_active", "phase_duration")),
        (3e-6, ("phase_charge", "net_charge_active")),
    ],
)
def test_edges_between_samples_cost_what_is_stated(transition: float, names: tuple[str, ...]) -> None:
    # Duration and sampling phase vary together, as between devices: the error runs through all its values.
    rng = np.random.default_rng(7)
    errors: dict[str, list[float]] = {name: [] for name in names}
    stated: dict[str, float] = {}
    for _ in range(60):
        train = replace(TRAIN, pulses=1, transition=transition, duration=float(rng.uniform(200e-6, 210e-6)))
        analysis = analysed(train.sampled(shift=float(rng.uniform(0, 1e-6))), zero=np.zeros(1000))
        width = 2 * train.duration + train.interphase
        truth = {
            "phase_charge": train.charge,
            "net_charge_active": 0.0,
            "phase_duration": train.duration,
            "pulse_width": width,
        }
        for name in names:
            found = value(analysis, name)
            errors[name].append(found.value - truth[name])
            stated[name] = (
                sum(
                    line.standard_uncertainty**2
                    for line in found.components
                    if line.name in {"edges between samples", "crossing interpolation", "timebase", "quantisation"}
                )
                ** 0.5
            )
    for name in names:
        found_spread = float(np.sqrt(np.mean(np.square(errors[name]))))
        assert found_spread <= 1.3 * stated[name], name
        assert max(map(abs, errors[name])) <= 3 * stated[name], name
        if transition == 0.0:
            assert stated[name] <= 4 * found_spread, name


def test_noise_and_a_noisy_zero_cost_what_is_stated() -> None:
    noise = 2e-4
    found: dict[str, list[float]] = {"net_charge": [], "dc_component": [], "phase_top": [], "phase_charge": []}
    stated: dict[str, float] = {}
    for seed in range(60):
        zero = np.random.default_rng(1000 + seed).normal(0.0, noise, 5000)
        analysis = analysed(TRAIN.sampled(noise=noise, seed=seed), zero=zero, noise=noise)
        for name, values in found.items():
            measured = value(analysis, name)
            values.append(measured.value)
            stated[name] = root_sum_square(
                *(
                    line.standard_uncertainty
                    for line in measured.components
                    if line.name in {"noise", "zero capture", "quantisation", "state level"}
                )
            )
    for name, values in found.items():
        spread = float(np.std(values, ddof=1))
        assert spread <= 1.4 * stated[name], name
        assert stated[name] <= 5 * spread, name


def test_the_baseline_term_is_window_times_offset() -> None:
    # A wander of 7 mV into 500 ohm is 14 µA: 0.14 µC in a period of 10 ms.
    train = replace(TRAIN, period=10e-3, tail=12e-3)
    found = value(analysed(train.sampled(), zero=np.zeros(1000)), "net_charge")
    drift = next(line for line in found.components if line.name == "offset drift")
    assert drift.standard_uncertainty == pytest.approx(1e-7 * 10e-3, rel=1e-3)


def test_gain_does_not_enter_the_imbalance() -> None:
    analysis = analysed(TRAIN.sampled(), zero=np.zeros(1000))
    assert not {"gain", "resistor", "loading"} & {line.name for line in value(analysis, "charge_imbalance").components}
    assert "gain" in {line.name for line in value(analysis, "phase_charge").components}


def test_the_components_add_up() -> None:
    for outcome in analysed(TRAIN.sampled(noise=1e-5), zero=np.zeros(1000), electrode_area=1e-3).outcomes.values():
        lines = getattr(outcome, "components", ())
        if lines:
            total = math.sqrt(sum(line.standard_uncertainty**2 for line in lines))
            assert total == pytest.approx(outcome.standard_uncertainty, rel=1e-9)  # type: ignore[union-attr] # measured


@given(n=st.integers(1, 1000), value_=st.floats(-1.0, 1.0))
def test_averaging_helps_against_chance_alone(n: int, value_: float) -> None:
    budget = Budget(relative={"gain": 0.01}, systematic={"offset": 1e-3}, random={"noise": 1e-2})
    one, mean = budget.standard(value_), budget.standard(value_, n)
    assert mean <= one
    assert mean >= root_sum_square(0.01 * abs(value_), 1e-3) * (1 - 1e-12)


@given(transition=st.floats(0.0, 20e-6))
def test_a_slower_edge_never_costs_more(transition: float) -> None:
    edge = Edge(height=0.02, transition=transition, interval=1e-6, noise=0.0)
    slower = replace(edge, transition=transition + 1e-6)
    assert slower.integral <= edge.integral
    assert slower.crossing <= edge.crossing
    assert slower.corner <= edge.corner


def test_a_wandering_zero_is_not_averaged_as_if_it_were_white() -> None:
    rng = np.random.default_rng(5)
    white = rng.normal(0.0, 1.0, 16_000)
    wander = np.repeat(rng.normal(0.0, 1.0, 16), 1000)
    assert block_uncertainty(white) == pytest.approx(1 / math.sqrt(16_000), rel=0.5)
    assert block_uncertainty(wander) > 10 * block_uncertainty(white)
    assert block_uncertainty(np.array([1.0, 3.0])) == pytest.approx(1 / math.sqrt(2))


def test_the_top_of_a_single_phase_is_as_uncertain_as_the_codes_it_rests_and_stands_on() -> None:
    # Without a zero capture and hardly any noise, both levels are whole codes; each errs by up to half of one.
    rng = np.random.default_rng(20)
    held = 0
    for _ in range(80):
        train = Train(pulses=2, phases=1, period=4e-3, delay=2e-3, tail=2e-3)
        code = train.amplitude / rng.uniform(40, 60)
        codes = np.rint(train.sampled(noise=0.02 * code) / code + rng.uniform(-0.5, 0.5))
        found = measure(
            waveform(code * codes),
            path=path(noise=0.02 * code, resolution=code),
            zero=None,
            expected=None,
            load_resistance=None,
            electrode_area=None,
            capture="test",
            wanted=("phase_top",),
        ).measurement("phase_top")
        assert found is not None
        held += abs(found.value - train.amplitude) <= found.expanded_uncertainty
    assert held >= 0.92 * 80


@given(sizes=st.lists(st.floats(0.05, 20.0), min_size=1, max_size=30))
def test_of_unlike_items_each_counts_with_its_own_size(sizes: list[float]) -> None:
    """The mean of errors that are the same, of errors that are independent, and the worst single item."""
    budget = Budget(systematic={"quantisation": 3.0}, random={"noise": 2.0}).per(sizes)
    n = len(sizes)
    mean = {line.name: line.standard_uncertainty for line in budget.components(1.0, n)} if n > 1 else {}
    if n > 1:
        assert mean["quantisation"] == pytest.approx(sum(3.0 / size for size in sizes) / n)
        assert mean["noise"] == pytest.approx(math.sqrt(sum((2.0 / size) ** 2 for size in sizes)) / n)
    one = {line.name: line.standard_uncertainty for line in budget.components(1.0)}
    assert one == pytest.approx({"quantisation": 3.0 / min(sizes), "noise": 2.0 / min(sizes)})


def test_noise_adds_nothing_to_the_largest_of_many_charges() -> None:
    """The largest of forty charges in noise lies 2.2 standard deviations above all of them."""
    train, noise = Train(amplitude=10e-3, pulses=20), 5e-4
    found = [
        value(analysed(train.sampled(noise=noise, seed=seed), noise=noise), "max_phase_charge").value
        for seed in range(12)
    ]
    one = noise * math.sqrt(train.duration * 1e-6)
    assert np.mean(found) == pytest.approx(train.charge, abs=0.6 * one)
