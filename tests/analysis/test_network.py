"""Networks of R and C: the voltage that a current makes over them, and what a wrong one looks like."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rig.analysis.network import CheckPulse, Point, network_points, network_response
from rig.analysis.uncertainty import combined
from rig.model.load import Network
from rig.model.signal_path import SignalPath
from rig.model.waveform import Waveform
from rig.units import Unit

NETWORK = Network(
    series=200.0,
    parallel=800.0,
    capacitance=100e-9,
    series_uncertainty=0.1,
    parallel_uncertainty=0.2,
    capacitance_uncertainty=0.3e-9,
)
AMPLITUDE, WIDTH, RAMP, START = 20e-3, 300e-6, 3.75e-6, 1.2e-3
# What is 50 % to 50 %, and 10 % to 90 %, of straight edges.
PULSE = CheckPulse(start=START + RAMP / 2, duration=WIDTH, rise=0.8 * RAMP, sign=1)
VOLTS = SignalPath(
    signal="voltage",
    unit=Unit.VOLT,
    scale=1.0,
    gain=0.01,
    offset=0.05,
    offset_drift=0.02,
    noise=0.02,
    resolution=0.01,
    timebase=1e-6,
    bandwidth=100e6,
)
AMPERES = replace(
    VOLTS, signal="current", unit=Unit.AMPERE, gain=2e-4, offset=1e-6, offset_drift=1e-6, noise=3e-6, resolution=1e-6
)
AMPERES = replace(AMPERES, bandwidth=2e6)

Floats = NDArray[np.float64]


def driven(times: Floats, *, droop: float = 0.0) -> Floats:
    """A biphasic current with straight edges, whose first phase may droop."""
    corners = START + np.array([0.0, RAMP, WIDTH, WIDTH + RAMP, WIDTH + 1e-4, WIDTH + 1e-4 + RAMP])
    levels = AMPLITUDE * np.array([0.0, 1.0, 1.0 - droop, 0.0, 0.0, -1.0])
    return np.asarray(np.interp(times, [0.0, *corners, 1.0], [0.0, *levels, -AMPLITUDE]), dtype=np.float64)


def records(
    network: Network | float, *, late: float = 0.0, droop: float = 0.0, seed: int = 1, sign: int = 1, rest: float = 0.0
) -> tuple[Waveform, Waveform]:
    """Both signals as their instruments read them; the voltage on a time axis of its own, zero at the begin."""
    rng = np.random.default_rng(seed)
    fine = np.arange(0.0, START + 2.5 * WIDTH, 0.05e-6)
    amps = driven(fine, droop=droop)
    volts = network * amps if isinstance(network, float) else network_response(amps, 0.05e-6, network)
    every, other = 20, 7
    current = sign * amps[::every] + AMPERES.noise * rng.normal(size=len(amps[::every])) + rest / 1000
    voltage = sign * volts[::other] + VOLTS.noise * rng.normal(size=len(volts[::other])) + rest
    return (
        Waveform(samples=voltage, interval=other * 0.05e-6, start=-START + late, unit=Unit.VOLT, source="scope:1"),
        Waveform(samples=current, interval=every * 0.05e-6, unit=Unit.AMPERE, source="daq:ai0"),
    )


def points(network: Network | float, pulse: CheckPulse = PULSE, **more: float) -> tuple[Point, ...]:
    sign = int(more.pop("sign", 1))
    voltage, current = records(network, sign=sign, **more)  # type: ignore[arg-type]  # a seed is a whole number
    pulse = replace(pulse, sign=sign)
    return network_points(voltage, current, pulse, NETWORK, voltage_path=VOLTS, current_path=AMPERES)


def differences(found: tuple[Point, ...]) -> list[float]:
    """The differences in standard uncertainties."""
    return [(one.seen - one.expected) / combined((*one.seen_budget, *one.expected_budget)) for one in found]


def test_a_step_settles_with_its_time_constant() -> None:
    step = np.r_[0.0, np.full(1600, 1e-2)]
    volts = network_response(step, 1e-6, NETWORK)
    times = 1e-6 * np.arange(1601)
    # The current rises in a straight line within the first sample: nearly a step in the middle of it.
    half = 0.5e-6 / 80e-6
    expected = 1e-2 * (200.0 + 800.0 * (1.0 - np.exp(-(times - 0.5e-6) / 80e-6) * math.sinh(half) / half))
    assert volts[1:] == pytest.approx(expected[1:], rel=1e-12)


@settings(max_examples=30, deadline=None)
@given(cut=st.integers(1, 4999), scale=st.floats(-3.0, 3.0), tau=st.floats(2e-6, 1e-3))
def test_the_response_is_linear_and_does_not_depend_on_how_it_is_worked_out(cut: int, scale: float, tau: float) -> None:
    network = replace(NETWORK, capacitance=tau / 800.0)
    rng = np.random.default_rng(cut)
    current = rng.normal(size=5000)
    whole = network_response(current, 1e-6, network)
    assert network_response(scale * current, 1e-6, network) == pytest.approx(scale * whole, abs=1e-9)
    assert np.array_equal(network_response(current[:cut], 1e-6, network), whole[:cut]) or np.allclose(
        network_response(current[:cut], 1e-6, network), whole[:cut], rtol=1e-9, atol=1e-9
    )
    doubled = network_response(np.interp(np.arange(0, 4999.5, 0.5), np.arange(5000), current), 0.5e-6, network)
    assert doubled[::2] == pytest.approx(whole, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("late", [0.0, 0.4e-3, -0.13e-3])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_right_network_is_seen_wherever_the_records_begin_and_whatever_rests(late: float, sign: int) -> None:
    found = points(NETWORK, late=late, sign=sign, rest=0.4)
    assert [one.shows for one in found] == ["series resistance", "capacitance", "total resistance"]
    assert max(map(abs, differences(found))) < 2.5
    first, middle, last = (one.expected / AMPLITUDE for one in found)
    assert 200.0 < first < 200.0 + 800.0 * 0.12
    assert middle == pytest.approx(200.0 + 800.0 * (1 - math.exp(-found[1].after / 80e-6)), rel=0.01)
    assert last == pytest.approx(200.0 + 800.0 * (1 - math.exp(-290 / 80)), rel=0.01)


def test_healthy_records_stay_within_their_uncertainties() -> None:
    worst = max(max(map(abs, differences(points(NETWORK, seed=seed, late=seed * 1.37e-7)))) for seed in range(12))
    assert worst < 2.5


def test_a_device_that_droops_is_no_wrong_network() -> None:
    found = points(NETWORK, droop=0.3)
    assert max(map(abs, differences(found))) < 2.5
    assert found[2].expected < 0.75 * AMPLITUDE * 1000.0


@pytest.mark.parametrize(
    ("wrong", "shown"),
    [
        (replace(NETWORK, series=260.0), "series resistance"),
        (replace(NETWORK, series=140.0), "series resistance"),
        (replace(NETWORK, capacitance=130e-9), "capacitance"),
        (replace(NETWORK, capacitance=70e-9), "capacitance"),
        (replace(NETWORK, parallel=860.0), "total resistance"),
        (replace(NETWORK, parallel=740.0), "total resistance"),
        (1000.0, "series resistance"),
        (200.0, "total resistance"),
        (100.0, "series resistance"),
        (5.0, "total resistance"),
    ],
)
def test_a_wrong_part_shows_where_it_should(wrong: Network | float, shown: str) -> None:
    found = points(wrong)
    far = {one.shows: abs(by) for one, by in zip(found, differences(found), strict=True)}
    assert far[shown] > 4.0


def test_each_part_is_as_uncertain_as_its_calibration_says() -> None:
    vague = replace(NETWORK, capacitance_uncertainty=10e-9)
    voltage, current = records(NETWORK)
    found = network_points(voltage, current, PULSE, vague, voltage_path=VOLTS, current_path=AMPERES)
    shares = [
        {line.name: line.standard_uncertainty for line in one.expected_budget}["load calibration: capacitance"]
        for one in found
    ]
    # ∂V/∂C · u: of I·R·(t/τ)·e^(−t/τ) times 10 %, at one time constant.
    assert shares[1] == pytest.approx(0.1 * AMPLITUDE * 800.0 / math.e, rel=0.1)
    assert shares[2] < 0.3 * shares[1]


@pytest.mark.parametrize(
    "pulse",
    [
        replace(PULSE, start=2e-6),
        replace(PULSE, duration=15e-6),
        replace(PULSE, rise=200e-6),
    ],
    ids=["no rest before it", "too short", "too slow"],
)
def test_a_phase_that_shows_too_little_is_not_compared(pulse: CheckPulse) -> None:
    assert points(NETWORK, pulse) == ()


def test_what_is_not_above_the_noise_or_settles_too_fast_is_not_compared() -> None:
    voltage, current = records(NETWORK)
    noisy = replace(VOLTS, noise=5.0)
    assert network_points(voltage, current, PULSE, NETWORK, voltage_path=noisy, current_path=AMPERES) == ()
    fast = replace(NETWORK, capacitance=1e-9)
    assert network_points(voltage, current, PULSE, fast, voltage_path=VOLTS, current_path=AMPERES) == ()


def test_the_records_are_not_changed() -> None:
    voltage, current = records(NETWORK)
    before = voltage.values(), current.values()
    network_points(voltage, current, PULSE, NETWORK, voltage_path=VOLTS, current_path=AMPERES)
    assert np.array_equal(before[0], voltage.values())
    assert np.array_equal(before[1], current.values())
