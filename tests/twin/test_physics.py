"""The solved circuit against independent integration of its differential equation, and conservation of charge."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from rig.twin.config import TwinConfig
from rig.twin.network import Network, in_parallel, solve
from rig.twin.signal import Piecewise
from rig.twin.stimulator import Point, Train
from rig.twin.truth import delivered, mean, rms
from rig.twin.world import World

IDENTITY = {"manufacturer": "HASOMED", "model": "P24", "serial": "P24-000123", "firmware": "4.5.6"}
BIPHASIC = (
    Point(duration=300e-6, current=20e-3),
    Point(duration=100e-6, current=0.0),
    Point(duration=300e-6, current=-20e-3),
)
EXACT = {"gain_error": 0, "phase_mismatch": 0, "timebase_error": 0}


def _world(*faults: dict[str, Any], **device: Any) -> World:
    config = TwinConfig.model_validate({
        "device": {"identity": IDENTITY, **EXACT, **device, "faults": faults},
        "loads": {
            "500 ohm": {"resistance": 500.0, "relays": [101]},
            "10 kohm": {"resistance": 1e4, "relays": [102]},
            "tissue": {"resistance": 1e3, "series_resistance": 200, "parallel_capacitance": 1e-6, "relays": [103]},
        },
    })
    world = World(config)
    world.switch(frozenset({101}))
    return world


def _integrated(
    command: Piecewise, load: Network, sense: float, compliance: float, times: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Integrate the capacitor's voltage numerically; return the current at these times."""

    def limited(wanted: float, stored: float) -> float:
        impedance = load.a + sense
        terminal = min(max(wanted * impedance + load.b * stored, -compliance), compliance)
        return (terminal - load.b * stored) / impedance

    if load.capacitance is None:
        return np.array([limited(command.at(t), 0.0) for t in times.tolist()])

    def change(t: float, state: NDArray[np.float64]) -> list[float]:
        stored = float(state[0])
        current = limited(command.at(min(t, command.stop)), stored)
        return [(load.d * current - load.g * stored) / (load.capacitance or 1.0)]

    grid = np.union1d(command.edges, times)
    stored, state = {float(grid[0]): 0.0}, 0.0
    for left, right in zip(grid[:-1].tolist(), grid[1:].tolist(), strict=True):
        answer = solve_ivp(change, (left, right), [state], rtol=1e-8, atol=1e-9, max_step=(right - left) / 3)
        state = float(answer.y[0, -1])
        stored[right] = state
    return np.array([limited(command.at(t), stored[t]) for t in times.tolist()])


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.floats(-0.08, 0.08), min_size=2, max_size=6),
    st.floats(100, 3000),
    st.floats(1e-7, 5e-6),
    st.floats(0, 1000),
    st.floats(20, 150),
)
def test_any_drive_through_a_capacitive_load_equals_numerical_integration(
    currents: list[float], resistance: float, capacitance: float, series: float, compliance: float
) -> None:
    command = Piecewise.polyline(np.arange(len(currents)) * 200e-6, currents)
    load = Network.of(resistance, capacitance, series)
    solution = solve(command, load, sense=10.0, compliance=compliance)
    times = np.linspace(0.0, command.stop, 40)[1:-1]
    expected = _integrated(command, load, 10.0, compliance, times)
    assert solution.current.sample(times) == pytest.approx(expected, abs=1e-5 * max(1e-3, *map(abs, currents)) + 2e-7)
    assert max(map(abs, solution.output.extremes(0.0, command.stop))) <= compliance * (1 + 1e-9)


@given(st.lists(st.floats(-0.1, 0.1), min_size=2, max_size=6), st.floats(1, 20000), st.floats(1, 150))
def test_through_a_resistor_the_current_is_what_is_wanted_or_what_the_compliance_allows(
    currents: list[float], resistance: float, compliance: float
) -> None:
    command = Piecewise.polyline(np.arange(len(currents)) * 1e-4, currents)
    solution = solve(command, Network.of(resistance), sense=10.0, compliance=compliance)
    times = np.linspace(0.0, command.stop, 500)
    limit = compliance / (resistance + 10.0)
    expected = np.clip(command.sample(times), -limit, limit)
    assert solution.current.sample(times) == pytest.approx(expected, rel=1e-7, abs=1e-9)
    assert solution.voltage.sample(times) == pytest.approx(expected * resistance, rel=1e-7, abs=1e-5)


@given(st.lists(st.floats(-0.08, 0.08), min_size=2, max_size=6), st.floats(20, 150))
def test_turning_the_polarity_turns_everything(currents: list[float], compliance: float) -> None:
    command = Piecewise.polyline(np.arange(len(currents)) * 2e-4, currents)
    load = Network.of(1000.0, 1e-6, 100.0)
    one = solve(command, load, sense=10.0, compliance=compliance)
    other = solve(-command, load, sense=10.0, compliance=compliance)
    times = np.linspace(0.0, command.stop, 200)
    assert other.current.sample(times) == pytest.approx(-one.current.sample(times), abs=1e-9)


def test_what_the_capacitor_holds_is_what_flowed_in_and_not_out() -> None:
    load = Network.of(1000.0, 1e-6, 200.0)
    command = Piecewise.of([0.0, 1e-3, 2e-3, 3e-3], [0.12, 0.0, -0.12])
    solution = solve(command, load, sense=10.0, compliance=50.0)
    across = solution.voltage + solution.current * -200.0  # the voltage across R ‖ C
    stored = 1e-6 * (across.at(2.7e-3) - across.at(0.0))
    through = across.integral(0.0, 2.7e-3) / 1000.0
    assert stored + through == pytest.approx(solution.current.integral(0.0, 2.7e-3), rel=1e-9)


def test_parallel_positions_combine() -> None:
    both = in_parallel([Network.of(1000.0), Network.of(500.0)])
    assert both is not None
    assert both.resistance == pytest.approx(1000 / 3)
    mixed = in_parallel([Network.of(1000.0, 1e-6, 200.0), Network.of(600.0)])
    assert mixed is not None
    assert mixed.resistance == pytest.approx(1 / (1 / 1200 + 1 / 600))
    assert mixed.a == pytest.approx(1 / (1 / 200 + 1 / 600))
    assert in_parallel([]) is None


# --- trains -------------------------------------------------------------------------------------------------------


def test_a_phase_carries_amplitude_times_duration() -> None:
    world = _world()
    world.begin(Train(points=BIPHASIC, period=0.02))
    current = world.signal("current", 0.0, 1.0)
    assert len(world.pulses(0.0, 1.0)) == 50
    for pulse in world.pulses(0.0, 1.0):
        middle = pulse.start + 350e-6
        assert current.integral(pulse.start - 1e-6, middle) == pytest.approx(6e-6, rel=1e-9)
        assert current.integral(middle, pulse.stop + 1e-6) == pytest.approx(-6e-6, rel=1e-9)
    rms = math.sqrt(current.integral_of_square(0.0, 1.0))
    plateau, flanks = 2 * (300e-6 - 3.75e-6), 4 * 3.75e-6 / 3
    assert rms == pytest.approx(20e-3 * math.sqrt(50 * (plateau + flanks)), rel=1e-9)


def test_the_rise_from_ten_to_ninety_percent_takes_the_rise_time() -> None:
    world = _world(rise_time=5e-6)
    world.begin(Train(points=BIPHASIC, period=0.02))
    current = world.signal("current", 0.0, 0.01)
    low, high = (current.first_crossing(level, 1, 0.0, 0.01) for level in (2e-3, 18e-3))
    assert low is not None
    assert high is not None
    assert high - low == pytest.approx(5e-6, rel=1e-6)


def test_current_and_voltage_belong_together() -> None:
    world = _world()
    world.begin(Train(points=BIPHASIC, period=0.02))
    times = np.linspace(0.0, 0.05, 5000)
    current = world.signal("current", 0.0, 0.05).sample(times)
    assert world.signal("voltage", 0.0, 0.05).sample(times) == pytest.approx(500.0 * current)
    assert world.signal("current_sense", 0.0, 0.05).sample(times) == pytest.approx(10.0 * current)
    assert world.signal("output_voltage", 0.0, 0.05).sample(times) == pytest.approx(510.0 * current)
    assert world.signal("voltage_divided", 0.0, 0.05).sample(times) == pytest.approx(25.0 * current)
    with pytest.raises(ValueError, match="no node"):
        world.signal("temperature", 0.0, 1.0)


def test_an_open_circuit_carries_nothing_and_stands_at_the_compliance() -> None:
    world = _world()
    world.switch(frozenset())
    world.begin(Train(points=BIPHASIC, period=0.02))
    assert world.signal("current", 0.0, 0.1).extremes(0.0, 0.1) == (0.0, 0.0)
    assert world.signal("voltage", 0.0, 0.1).extremes(0.0, 0.1) == (-150.0, 150.0)
    output = world.signal("output_voltage", 0.0, 0.1)
    assert output.extremes(0.0, 0.1) == (-150.0, 150.0)
    assert output.integral(0.002, 0.0024) == pytest.approx(150.0 * 303.75e-6, rel=1e-6)


def test_too_great_a_load_limits_the_current() -> None:
    world = _world()
    world.switch(frozenset({102}))
    world.begin(Train(points=BIPHASIC, period=0.02))
    assert world.signal("current", 0.0, 0.1).extremes(0.0, 0.1) == pytest.approx((-150 / 10010, 150 / 10010), rel=1e-6)


def test_switching_the_load_acts_at_its_moment_and_windows_agree() -> None:
    world = _world()
    world.begin(Train(points=BIPHASIC, period=0.02))
    world.advance(0.05)
    world.switch(frozenset({103}))
    world.advance(0.05)
    world.switch(frozenset())
    whole = world.signal("voltage", 0.0, 0.2)
    assert whole.extremes(0.0, 0.049)[1] == pytest.approx(10.0)
    assert whole.extremes(0.1, 0.2) == (-150.0, 150.0)
    assert world.signal("current", 0.0, 0.2).extremes(0.1, 0.2) == (0.0, 0.0)
    for start, stop in [(0.03, 0.06), (0.0623, 0.09), (0.0824, 0.15)]:
        times = np.linspace(start, stop, 1777)
        part = world.signal("voltage", start, stop).sample(times)
        # Either side of a jump may be seen where a sample falls on it within rounding.
        assert np.count_nonzero(np.abs(part - whole.sample(times)) > 1e-8) <= 2


def test_the_same_seed_makes_the_same_world_and_another_one_another() -> None:
    base = {"device": {"identity": IDENTITY}, "loads": {"a": {"resistance": 500, "uncertainty": 0.05, "relays": [1]}}}
    worlds = [World(TwinConfig.model_validate({**base, "seed": seed})) for seed in (5, 5, 6)]
    truths = [(w.output.gain, w.output.mismatch, w.output.timebase, w.sense, w.loads["a"].a) for w in worlds]
    assert truths[0] == truths[1] != truths[2]
    for gain, mismatch, timebase, _, load in truths:
        assert abs(gain - 1) <= 0.004
        assert abs(mismatch) <= 0.002
        assert abs(timebase - 1) <= 10e-6
        assert abs(load - 500) <= math.sqrt(3) * 0.05


def test_a_probe_loads_what_it_measures_but_not_an_open_circuit() -> None:
    config = TwinConfig.model_validate({
        "device": {"identity": IDENTITY, **EXACT},
        "loads": {"10 kohm": {"resistance": 1e4, "relays": [102]}},
        "instruments": {
            "scope": {"protocol": "infiniivision", "inputs": {"1": "voltage"}, "input_resistance": 10e6},
            "daq": {"protocol": "nidaqmx-grpc", "inputs": {"ai0": "current_sense"}, "input_resistance": 1e9},
        },
    })
    world = World(config)
    assert world.load(0.0) is None
    world.switch(frozenset({102}))
    load = world.load(0.0)
    assert load is not None
    assert load.resistance == pytest.approx(1 / (1e-4 + 1e-7))
    world.switch(frozenset())
    assert world.load(0.0) is None


# --- the truth that measurements are held against ---------------------------------------------------------------------


@pytest.mark.parametrize("rest", [0.0, 100e-6])
@pytest.mark.parametrize("sign", [1, -1])
def test_truth_of_a_biphasic_train(rest: float, sign: int) -> None:
    pause = (Point(duration=rest, current=0.0),) if rest else ()
    points = (Point(duration=300e-6, current=sign * 20e-3), *pause, Point(duration=200e-6, current=sign * -30e-3))
    world = _world()
    world.begin(Train(points=points, period=0.02))
    pulses = delivered(world, 0.0, 0.1)
    assert len(pulses) == 5
    for pulse in pulses:
        first, second = pulse.phases
        assert first.peak == pytest.approx(sign * 20e-3)
        assert second.peak == pytest.approx(sign * -30e-3)
        assert first.charge + second.charge == pytest.approx(pulse.net_charge, abs=1e-15)
        assert pulse.net_charge == pytest.approx(0.0, abs=1e-12 if rest else 2e-8)
        # Half way up to half way down; without rest one transition runs from one peak to the other.
        assert first.duration == pytest.approx(300e-6 - (0 if rest else (0.5 - 10 / 50) * 3.75e-6), rel=1e-9)
        assert second.duration == pytest.approx(200e-6 - (0 if rest else (35 / 50 - 0.5) * 3.75e-6), rel=1e-9)
        assert abs(first.charge) == pytest.approx(6e-6, rel=1e-9 if rest else 0.01)


def test_truth_of_the_whole_record() -> None:
    world = _world({"kind": "dc_leak", "value": 1e-4})
    world.begin(Train(points=BIPHASIC, period=0.02))
    current = world.signal("current", 0.0, 1.0)
    assert mean(current, 0.0, 1.0) == pytest.approx(1e-4, rel=1e-6)
    assert rms(current, 0.0, 1.0) == pytest.approx(20e-3 * math.sqrt(50 * 597.5e-6), rel=1e-3)
    assert delivered(world, 0.5, 0.501) == ()


# --- defects ------------------------------------------------------------------------------------------------------


def _phases(world: World, until: float = 0.999) -> list[tuple[float, float]]:
    """Return the charges of first and second half of every pulse."""
    current = world.signal("current", 0.0, until)
    return [
        (current.integral(p.start, p.start + 370e-6), current.integral(p.start + 370e-6, p.stop))
        for p in world.pulses(0.0, until)
    ]


def _run(*faults: dict[str, Any], **device: Any) -> World:
    world = _world(*faults, **device)
    world.begin(Train(points=BIPHASIC, period=0.02))
    return world


@pytest.mark.parametrize(
    ("fault", "first", "second"),
    [
        ({"kind": "amplitude_gain", "value": 1.25}, 7.5e-6, -7.5e-6),
        ({"kind": "second_phase_imbalance", "value": 0.1}, 6e-6, -6.6e-6),
        ({"kind": "pulse_width_error", "value": 0.15}, 6.9e-6, -6.9e-6),
        ({"kind": "polarity_flip"}, -6e-6, 6e-6),
    ],
)
def test_defects_of_the_shape(fault: dict[str, Any], first: float, second: float) -> None:
    for charges in _phases(_run(fault)):
        assert charges == pytest.approx((first, second), rel=1e-6)
    sparse = _phases(_run({**fault, "every": 10}))
    assert [k for k, charges in enumerate(sparse) if charges != pytest.approx((6e-6, -6e-6), rel=1e-3)] == [
        9,
        19,
        29,
        39,
        49,
    ]


def test_a_leak_adds_direct_current_while_the_train_runs() -> None:
    world = _run({"kind": "dc_leak", "value": 100e-6})
    world.advance(1.0)
    world.end()
    current = world.signal("current", 0.0, 2.0)
    assert current.integral(0.0, 1.0) == pytest.approx(100e-6, rel=1e-6)
    assert current.integral(1.01, 2.0) == 0.0


def test_a_rate_error_changes_the_period() -> None:
    starts = [pulse.start for pulse in _run({"kind": "rate_error", "value": 0.05}).pulses(0.0, 1.0)]
    assert np.diff(starts) == pytest.approx(0.02 / 1.05)


def test_missing_and_extra_pulses() -> None:
    missing = [pulse.start for pulse in _run({"kind": "missing_pulse", "every": 10}).pulses(0.0, 1.0)]
    assert len(missing) == 45
    extra = [pulse.start for pulse in _run({"kind": "extra_pulse", "every": 10}).pulses(0.0, 1.0)]
    assert len(extra) == 55
    assert min(np.diff(extra)) == pytest.approx(0.01)


@pytest.mark.parametrize("shape", ["linear", "exponential"])
def test_droop_lets_the_current_fall_within_a_phase(shape: str) -> None:
    current = _run({"kind": "droop", "value": 0.2, "shape": shape}).signal("current", 0.0, 0.02)
    at_begin, at_end = current.at(0.002 + 3.76e-6), current.at(0.002 + 299.9e-6)
    assert at_begin == pytest.approx(20e-3, rel=0.01)
    assert at_end == pytest.approx(16e-3, rel=1e-3)
    middle = {"linear": 18e-3, "exponential": 20e-3 * math.sqrt(0.8)}[shape]
    assert current.at(0.002 + 150e-6) == pytest.approx(middle, rel=1e-6)


def test_a_leak_between_the_phases_flows_with_the_first() -> None:
    current = _run(interphase_leak=1e-4).signal("current", 0.0, 0.02)
    assert current.at(0.002 + 350e-6) == pytest.approx(1e-4)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(1e-5, 4e-3), st.floats(-0.13, 0.13)).map(lambda p: Point(duration=p[0], current=p[1])),
        min_size=1,
        max_size=6,
    ),
    st.floats(0, 0.2),
    st.floats(1e-3, 0.2),
)
def test_any_window_of_any_train_agrees_with_the_whole(points: list[Point], begin: float, length: float) -> None:
    world = _world()
    world.begin(Train(points=tuple(points), period=0.03))
    whole = world.signal("current", 0.0, 0.5)
    part = world.signal("current", begin, begin + length)
    assert part.integral(begin, begin + length) == pytest.approx(whole.integral(begin, begin + length), abs=1e-12)
    charge = [world.output.command(run, 0.0, 0.5).integral(0.0, 0.5) for run in world._runs]
    assert sum(charge) == pytest.approx(whole.integral(0.0, 0.5), abs=1e-12)


def test_a_limit_holds_to_the_very_end_of_a_piece() -> None:
    command = Piecewise.polyline([0.0, 1e-4], [0.008074255700188021, -0.03125])
    solution = solve(command, Network.of(4813.0), sense=10.0, compliance=12.0)
    assert solution.current.at(1e-4) == pytest.approx(-12.0 / 4823.0)


def test_a_limit_reached_within_a_piece_holds_on_either_side() -> None:
    command = Piecewise.polyline([0.0, 2e-4], [0.076171875, 0.0703125])
    load = Network.of(1000.0, 1e-6, 100.0)
    for sign in (1, -1):
        solution = solve(command * sign, load, sense=10.0, compliance=20.0)
        assert max(map(abs, solution.output.extremes(0.0, 2e-4))) == pytest.approx(20.0, rel=1e-9)


@pytest.mark.parametrize(("step", "delivered"), [(8e-3, 24e-3), (3e-3, 21e-3), (5e-3, 20e-3)])
def test_coarse_steps_round_the_current_of_both_phases(step: float, delivered: float) -> None:
    current = _run({"kind": "coarse_steps", "value": step}).signal("current", 0.0, 0.02)
    assert current.at(0.002 + 150e-6) == pytest.approx(delivered)
    assert current.at(0.002 + 550e-6) == pytest.approx(-delivered)
