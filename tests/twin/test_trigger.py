"""Finding the first passage of a level in the world's signals, and waiting for something in its time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.twin.config import TwinConfig
from rig.twin.devices.trigger import Edge, first_passage, wait_for
from rig.twin.stimulator import Point, Train
from rig.twin.world import World

DEVICE = {"identity": {"manufacturer": "H", "model": "P24", "serial": "1", "firmware": "1"}}
LOADS = {"1 kohm": {"resistance": 1000.0, "relays": [103]}}


def world(*, real_time: bool = False) -> World:
    made = World(TwinConfig.model_validate({"device": DEVICE, "loads": LOADS, "real_time": real_time}))
    made.switch(frozenset({103}))
    return made


@given(st.floats(-9.0, 9.0), st.sampled_from([-1, 1]), st.floats(1e-3, 0.5), st.floats(0.0, 0.1))
@settings(deadline=None, max_examples=25)
def test_the_first_passage_is_where_samples_first_pass(level: float, slope: int, latency: float, after: float) -> None:
    bench = world()
    pulse = (Point(current=10e-3, duration=1e-3), Point(current=-10e-3, duration=1e-3))
    bench.begin(Train(points=pulse, period=7e-3, count=4), latency=latency)
    found = first_passage(bench, Edge(node="voltage", level=level, slope=slope), after=after, before=after + 0.6)
    times = after + np.arange(0.0, 0.6, 1e-5)
    above = slope * bench.signal("voltage", after, 1.0).sample(times) >= slope * level
    passages = np.flatnonzero(~above[:-1] & above[1:])
    if found is None:
        assert len(passages) == 0
    else:
        assert times[passages[0]] - 1e-9 <= found <= times[passages[0] + 1] + 1e-9


def test_nothing_passes_before_its_time() -> None:
    bench = world()
    bench.begin(Train(points=(Point(current=10e-3, duration=1e-3),), period=7e-3, count=1), latency=0.2)
    edge = Edge(node="voltage", level=5.0, slope=1)
    assert first_passage(bench, edge, after=0.0, before=0.19) is None
    assert first_passage(bench, edge, after=0.3, before=1.0) is None
    assert first_passage(bench, edge, after=0.0, before=1.0) == pytest.approx(0.2, abs=1e-4)


def test_waiting_ends_when_it_is_due_or_at_the_deadline() -> None:
    bench = world()
    assert wait_for(bench, lambda until: 0.3 if until >= 0.3 else None, deadline=1.0)
    assert bench.now == 0.3
    assert not wait_for(bench, lambda _: None, deadline=1.0)
    assert bench.now == 1.0


def test_in_real_time_what_is_due_may_change_while_we_wait() -> None:
    bench = world(real_time=True)
    asked: list[float] = []

    def due(until: float) -> float | None:
        asked.append(until)
        return 0.0 if len(asked) >= 3 else None

    assert wait_for(bench, due, deadline=bench.now + 30.0)
    assert bench.now < 10.0
    assert len(asked) == 3


def test_the_end_of_the_world_ends_the_waiting() -> None:
    bench = world(real_time=True)
    bench.close()
    assert not wait_for(bench, lambda _: None, deadline=bench.now + 1000.0)
