"""The interlock's contact in the world: nothing flows while it is open, and what the load holds decays by itself."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.twin.config import TwinConfig
from rig.twin.network import solve
from rig.twin.stimulator import Point, Train
from rig.twin.truth import delivered
from rig.twin.world import World

BIPHASIC = (
    Point(duration=300e-6, current=20e-3),
    Point(duration=100e-6, current=0.0),
    Point(duration=300e-6, current=-20e-3),
)
LOADS = {
    "500 ohm": {"resistance": 500.0, "relays": [101]},
    "tissue": {"resistance": 1e3, "series_resistance": 200, "parallel_capacitance": 1e-6, "relays": [103]},
}


def world(*relays: int, **device: Any) -> World:
    identity = {"manufacturer": "HASOMED", "model": "P24", "serial": "P24-000123", "firmware": "4.5.6"}
    exact = {"gain_error": 0, "phase_mismatch": 0, "timebase_error": 0}
    made = World(TwinConfig.model_validate({"device": {"identity": identity, **exact, **device}, "loads": LOADS}))
    made.switch(frozenset(relays))
    return made


def begun(made: World, *, count: int | None = None, period: float = 2e-3) -> World:
    made.begin(Train(points=BIPHASIC, period=period, count=count), latency=1e-3)
    return made


def test_a_bench_without_an_interlock_has_a_closed_contact() -> None:
    made = begun(world(101))
    assert made.contact_closed
    assert made.signal("current", 0.0, 0.01).extremes(0.0, 0.01) == pytest.approx((-20e-3, 20e-3))


def test_an_open_contact_carries_no_current_whatever_the_relays_say() -> None:
    made = begun(world(101))
    made.interlock(closed=False)
    made.advance(0.01)
    assert made.stimulating
    assert made.load(made.now) is None
    for node in ("current", "current_sense", "voltage", "voltage_divided"):
        assert made.signal(node, 0.0, 0.01).extremes(0.0, 0.01) == (0.0, 0.0), node
    assert made.signal("output_voltage", 0.0, 0.01).extremes(0.0, 0.01) == (-150.0, 150.0)
    made.interlock(closed=True)
    assert made.load(made.now) == made.loads["500 ohm"]
    made.advance(0.01)
    assert made.signal("current", 0.01, 0.02).extremes(0.01, 0.02) == pytest.approx((-20e-3, 20e-3))
    assert made.signal("current", 0.0, 0.01).extremes(0.0, 0.01) == (0.0, 0.0)


def test_with_open_relays_the_load_box_is_dead_only_behind_an_open_contact() -> None:
    made = begun(world())
    assert made.signal("voltage", 0.0, 0.01).extremes(0.0, 0.01) == (-150.0, 150.0)
    made.interlock(closed=False)
    assert made.signal("voltage", 0.0, 0.01).extremes(0.0, 0.01) == (0.0, 0.0)
    assert made.signal("output_voltage", 0.0, 0.01).extremes(0.0, 0.01) == (-150.0, 150.0)


def test_a_contact_that_opens_within_a_pulse_cuts_it_there() -> None:
    made = begun(world(101), count=1)
    made.advance(1e-3 + 150e-6)
    cut = made.now
    made.interlock(closed=False)
    made.advance(0.01)
    current = made.signal("current", 0.0, made.now)
    assert current.at(cut - 1e-9) == pytest.approx(20e-3)
    assert current.extremes(cut, made.now) == (0.0, 0.0)
    whole = begun(world(101), count=1).signal("current", 0.0, 0.01)
    assert current.integral(0.0, made.now) == pytest.approx(whole.integral(0.0, cut))


def test_the_charge_in_a_load_decays_through_the_load_alone_and_goes_on_from_there() -> None:
    made = begun(world(103), count=1, period=0.1)
    made.advance(1e-3 + 200e-6)
    cut = made.now
    made.interlock(closed=False)
    made.advance(2e-3)
    again = made.now
    made.interlock(closed=True)
    made.advance(1e-3)
    voltage = made.signal("voltage", 0.0, made.now)
    stored = voltage.at(cut)
    assert 1.0 < stored < 20.0  # not the part across the series resistance, which the current took with it
    for later in (0.3e-3, 1e-3, 1.9e-3):
        assert voltage.at(cut + later) == pytest.approx(stored * math.exp(-later / 1e-3), rel=1e-9)
    assert voltage.at(again + 1e-4) == pytest.approx(stored * math.exp(-2.1), rel=1e-9)
    assert made.signal("output_voltage", 0.0, made.now).at(again + 1e-4) == pytest.approx(voltage.at(again + 1e-4))


@given(
    steps=st.lists(st.tuples(st.integers(1, 400), st.booleans()), min_size=1, max_size=12),
    relay=st.sampled_from([101, 103]),
    compliance=st.sampled_from([150.0, 9.0]),
)
@settings(max_examples=40)
def test_current_flows_only_while_closed_and_closed_it_is_that_of_the_circuit(
    steps: list[tuple[int, bool]], relay: int, compliance: float
) -> None:
    made = begun(world(relay, compliance=compliance))
    closed_from: list[tuple[float, bool]] = [(0.0, True)]
    for tenths, closed in steps:
        made.advance(tenths * 1e-5)
        made.interlock(closed)
        closed_from.append((made.now, closed))
    made.advance(1e-3)
    current, voltage = made.signal("current", 0.0, made.now), made.signal("voltage", 0.0, made.now)
    output = made.signal("output_voltage", 0.0, made.now)
    times = np.linspace(0.0, made.now, 997)
    closed_at = np.array([next(state for begin, state in reversed(closed_from) if begin <= t) for t in times.tolist()])
    assert not np.any(current.sample(times)[~closed_at])
    drop = current.sample(times) * made.sense
    assert output.sample(times)[closed_at] == pytest.approx((voltage.sample(times) + drop)[closed_at], abs=1e-9)
    assert np.abs(output.sample(times)).max() <= compliance * (1 + 1e-9)
    # Each stretch by itself, from whatever the load holds when it begins: the solution joins without a jump.
    if relay == 103:
        load = made.loads["tissue"]
        stored = voltage.sample(times) - current.sample(times) * load.a
        steepest = (20e-3 + np.abs(stored).max() * load.g) / 1e-6
        assert np.abs(np.diff(stored)).max() <= steepest * (times[1] - times[0]) * (1 + 1e-9)
    for (begin, _), (end, _) in pairwise(closed_from):
        if end > begin:
            part = made.signal("current", begin, end)
            middle = (begin + end) / 2
            assert part.at(middle) == pytest.approx(current.at(middle), abs=1e-12)


def test_what_is_delivered_ends_with_the_contact() -> None:
    made = begun(world(101))
    made.advance(0.0105)
    made.interlock(closed=False)
    made.advance(0.01)
    assert delivered(made, 0.0, made.now)
    assert made.signal("current", 0.0105, made.now).extremes(0.0105, made.now) == (0.0, 0.0)


def test_gating_changes_nothing_where_the_contact_is_closed() -> None:
    """Compared with the circuit solved without any contact, up to the moment that it opens."""
    made = begun(world(103, compliance=9.0))
    made.advance(3e-3)
    made.interlock(closed=False)
    made.advance(1e-3)
    free = solve(made._command(0.0, 4e-3), made.loads["tissue"], sense=made.sense, compliance=9.0)
    times = np.linspace(0.0, 3e-3 - 1e-9, 1000)
    assert made.signal("current", 0.0, 4e-3).sample(times) == pytest.approx(free.current.sample(times), abs=1e-12)
    assert made.signal("voltage", 0.0, 4e-3).sample(times) == pytest.approx(free.voltage.sample(times), abs=1e-9)
