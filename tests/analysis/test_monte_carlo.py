"""The analytic budget against propagation of distributions (JCGM 101): the same instrument drawn again and again.

For one signal the errors of the path are drawn from the distributions that it states: gain, offset drift and timebase
rectangular, resistor and noise normal. The spread of the results is what the budget must say, and its interval is the
one that the coverage factor must give.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from rig.analysis import measure
from rig.model.measurement import Measurement
from rig.model.signal_path import SignalPath
from rig.units import Unit
from tests.analysis.synthetic import Train, path, waveform

TRIALS = 300
TRAIN = Train(period=5e-3, pulses=5, delay=2e-3, tail=6e-3, duration=200e-6)
LOAD = 500.0
AREA = 25e-4
THIRD = math.sqrt(3.0)

PATHS = {
    "gain dominates": replace(path(noise=2e-6), gain=2e-3 / THIRD, resistor=2e-4, offset_drift=2e-7 / THIRD),
    "resistor dominates": replace(path(noise=2e-6), gain=2e-4 / THIRD, resistor=2e-3, offset_drift=2e-7 / THIRD),
    "drift dominates": replace(path(noise=2e-6), gain=2e-4 / THIRD, resistor=2e-4, offset_drift=2e-5 / THIRD),
    "noise dominates": replace(path(noise=1e-4), gain=1e-5 / THIRD, resistor=1e-5, offset_drift=1e-9, timebase=1e-7),
}
MEASURANDS = (
    "phase_top", "phase_charge", "phase_mean", "net_charge", "net_charge_active", "charge_imbalance", "dc_component",
    "rms_current", "ac_rms", "pulse_energy", "phase_duration", "pulse_rate", "current_density_rms", "max_phase_charge",
)  # fmt: skip
# The results of these follow the most favourable of several items, or edges that the trial does not draw anew.
LOOSE = frozenset({"max_phase_charge", "phase_duration", "pulse_rate", "net_charge_active"})


@cache
def drawn(name: str) -> dict[str, tuple[list[float], list[Measurement]]]:
    stated: SignalPath = PATHS[name]
    rng = np.random.default_rng(20261122)
    found: dict[str, tuple[list[float], list[Measurement]]] = {one: ([], []) for one in MEASURANDS}
    for number in range(TRIALS):
        gain = (1 + rng.uniform(-1, 1) * stated.gain * THIRD) * (1 + rng.normal() * stated.resistor)
        drift = rng.uniform(-1, 1) * stated.offset_drift * THIRD
        stretch = 1 + rng.uniform(-1, 1) * stated.timebase * THIRD
        # The train comes at any time between two samples, and its time passes as the timebase is wrong.
        train = replace(TRAIN, duration=TRAIN.duration / stretch, period=TRAIN.period / stretch)
        samples = train.sampled(shift=float(rng.uniform(0, 1e-6)), noise=0.0) * gain
        samples = samples + drift + rng.normal(0.0, stated.noise, len(samples))
        analysis = measure(
            waveform(samples),
            path=stated,
            zero=waveform(np.random.default_rng(number).normal(0.0, stated.noise, 20_000)),
            expected=None,
            load_resistance=LOAD,
            electrode_area=AREA,
            capture="c",
            wanted=MEASURANDS,
        )
        for one, (values, results) in found.items():
            outcome = analysis.outcomes[one]
            assert isinstance(outcome, Measurement), outcome
            assert outcome.unit is not Unit.COUNT
            values.append(outcome.value)
            results.append(outcome)
    return found


@pytest.mark.parametrize("measurand", MEASURANDS)
@pytest.mark.parametrize("name", PATHS)
def test_the_budget_states_the_spread_that_propagation_gives(name: str, measurand: str) -> None:
    values, results = drawn(name)[measurand]
    spread = float(np.std(values, ddof=1))
    stated = float(np.median([one.standard_uncertainty for one in results]))
    # 300 draws know a standard deviation to 4 %; edges between samples are stated as bounds, so more is allowed.
    assert spread <= 1.15 * stated
    assert stated <= (20.0 if measurand in LOOSE else 2.0) * spread


@pytest.mark.parametrize("measurand", MEASURANDS)
@pytest.mark.parametrize("name", PATHS)
def test_the_interval_is_that_of_the_combined_distribution(name: str, measurand: str) -> None:
    values, results = drawn(name)[measurand]
    centre = float(np.mean(values))
    inside = np.mean([
        abs(value - centre) <= one.expanded_uncertainty for value, one in zip(values, results, strict=True)
    ])
    assert inside >= 0.92


def test_the_factor_follows_what_dominates() -> None:
    factors = {name: drawn(name)["phase_charge"][1][0].coverage_factor for name in PATHS}
    assert factors["gain dominates"] == pytest.approx(1.68, abs=0.04)
    assert factors["resistor dominates"] == pytest.approx(2.0, abs=0.02)
    # A net charge knows of the drift alone, whatever the gain is.
    assert drawn("drift dominates")["net_charge"][1][0].coverage_factor == pytest.approx(1.65, abs=0.02)
