"""The acquisition engine of the virtual oscilloscopes: stale states, segments, averaging, coupling, and portions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from rig.twin.config import InstrumentConfig, TwinConfig
from rig.twin.devices.scope_acquisition import Acquisition, State
from rig.twin.devices.scope_inputs import Inputs, Samples
from rig.twin.devices.scope_shot import Input, Shot
from rig.twin.faults import FaultPlan
from rig.twin.stimulator import Point, Train
from rig.twin.world import World

WORLD = TwinConfig.model_validate({
    "seed": 3,
    "device": {"identity": {"manufacturer": "H", "model": "P24", "serial": "1", "firmware": "1"}},
    "loads": {"1 kohm": {"resistance": 1000.0, "relays": [103]}},
})
TRAIN = Train(points=(Point(current=10e-3, duration=1e-3),), period=20e-3, count=50)
SHOT = Shot(
    inputs={1: Input(full_scale=40.0, probe=10.0), 2: Input(full_scale=4.0)},
    sample_rate=1e6,
    depth=4000,
    before=1e-3,
    after=3e-3,
    level=5.0,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    shot: Shot = SHOT


class Bench:
    def __init__(self, **config: Any) -> None:
        self.world = World(WORLD)
        self.world.switch(frozenset({103}))
        section = InstrumentConfig.model_validate({"protocol": "x", "inputs": {"1": "voltage"}, **config})
        self.faults = FaultPlan(section.faults)
        self.scope = Acquisition[Knobs](world=self.world, config=section, faults=self.faults)
        self.inputs = Inputs(name="scope", config=section, world=self.world, seed=3, channels=2)

    def capture(self, shot: Shot) -> None:
        self.scope.single(Knobs(shot=shot))
        self.world.advance(20e-3)
        self.world.begin(TRAIN)
        assert self.scope.wait()

    def volts(self, **portion: Any) -> Any:
        samples = self.samples(**portion)
        return samples.codes * (40.0 / 2**samples.bits)

    def samples(self, **portion: Any) -> Samples:
        assert self.scope.record is not None
        return self.inputs.samples(self.scope.record, 1, **portion)


def test_what_it_says_from_arming_to_the_end() -> None:
    b = Bench()
    b.scope.latency = 9.5e-3
    assert b.scope.state() is State.FREE
    b.scope.stop(Knobs())
    b.scope.single(Knobs())
    said = []
    b.world.begin(TRAIN, latency=15e-3)
    for _ in range(16):
        said.append((round(b.world.now, 4), b.scope.state(), b.scope.acquired))
        b.world.advance(1.1e-3)
    states = [state for _, state, _ in said]
    assert states == sorted(states, key=list(State).index)
    assert [moment for moment, state, _ in said if state is State.STOPPED][-1] == 0.0088
    assert set(states) == {State.STOPPED, State.FILLING, State.WAITING, State.TRIGGERED}
    b.world.advance(2e-3)
    assert b.scope.state() is State.STOPPED
    assert (b.scope.acquired, b.scope.armed_event, b.scope.trigger_event, b.scope.completed_event) == (1, *[True] * 3)
    assert b.scope.record is not None
    assert b.scope.record.trigger == pytest.approx(15e-3, abs=1e-5)


def test_the_count_of_the_acquisition_before_stands_while_the_next_one_arms() -> None:
    b = Bench()
    b.capture(SHOT)
    b.scope.single(Knobs())
    assert (b.scope.state(), b.scope.acquired) == (State.STOPPED, 1)
    b.world.advance(b.scope.latency)
    assert (b.scope.state(), b.scope.acquired) == (State.FILLING, 0)


def test_each_segment_has_the_next_trigger_and_noise_of_its_own() -> None:
    b = Bench(noise=0.5)
    b.capture(replace(SHOT, segments=3))
    record = b.scope.record
    assert record is not None
    assert record.segments == 3
    assert np.diff(record.triggers) == pytest.approx([20e-3] * 2, rel=1e-4)
    first, third = b.volts(segment=1), b.volts(segment=3)
    assert not np.array_equal(first, third)
    assert first.mean() == pytest.approx(third.mean(), abs=0.05)
    b.capture(SHOT)
    assert b.scope.record is not None
    assert b.scope.record.number == 4


def test_the_mean_of_sixteen_is_four_bits_finer_and_four_times_quieter() -> None:
    plain, averaged = Bench(noise=0.5), Bench(noise=0.5)
    plain.capture(SHOT)
    averaged.capture(replace(SHOT, averages=16))
    assert averaged.samples().bits == 12
    rest = slice(0, 900)
    assert averaged.volts()[rest].std() == pytest.approx(plain.volts()[rest].std() / 4, rel=0.2)
    assert averaged.volts()[1500] == pytest.approx(10.0, abs=0.6)


def test_stopped_between_two_segments_the_first_are_kept() -> None:
    b = Bench()
    b.scope.single(Knobs(shot=replace(SHOT, segments=5)))
    b.world.advance(20e-3)
    b.world.begin(TRAIN)
    b.world.advance(30e-3)
    b.scope.stop(Knobs())
    assert b.scope.record is not None
    assert b.scope.record.segments == 2


def test_alternating_coupling_takes_the_mean_away_and_ground_takes_all() -> None:
    train = Train(points=(Point(current=10e-3, duration=1e-3),), period=2e-3, count=None)
    means = {}
    for coupling in ("DC", "AC", "GND"):
        b = Bench()
        b.world.begin(train)
        b.world.advance(0.5)
        one = Input(full_scale=40.0, probe=10.0, coupling=coupling)
        b.scope.single(Knobs(shot=replace(SHOT, inputs={1: one, 2: one}, bits=16, level=3.0, auto=True)))
        assert b.scope.wait()
        means[coupling] = b.volts().mean()
    assert means == pytest.approx({"DC": 5.0, "AC": 0.0, "GND": 0.0}, abs=0.05)


def test_the_trigger_sees_what_the_coupling_leaves() -> None:
    """The pulses reach 10 V, but only 5 V above their mean: a level of 7 V is passed by none of them."""
    train = Train(points=(Point(current=10e-3, duration=1e-3),), period=2e-3, count=None)
    b = Bench()
    b.world.begin(train)
    b.world.advance(0.5)
    one = Input(full_scale=40.0, probe=10.0, coupling="AC")
    b.scope.single(Knobs(shot=replace(SHOT, inputs={1: one, 2: one}, level=7.0)))
    b.world.advance(0.5)
    assert b.scope.state() is State.WAITING


def test_a_long_record_reads_the_same_in_any_portions() -> None:
    b = Bench(noise=0.5, jitter=1e-6)
    depth = (1 << 20) + 5000
    b.capture(replace(SHOT, sample_rate=depth / 4e-3, depth=depth))
    whole = b.samples()
    assert len(whole.codes) == depth
    begin = (1 << 20) - 300
    part = b.samples(first=begin, count=700)
    assert np.array_equal(part.codes, whole.codes[begin : begin + 700])
    assert np.array_equal(part.clipped_high, whole.clipped_high[begin : begin + 700])
    assert len(b.samples(first=depth - 3, count=100).codes) == 3
    assert len(b.samples(first=depth, count=100).codes) == 0


def test_codes_of_other_converters() -> None:
    none = np.zeros(3, dtype=np.bool_)
    codes = np.array([-2048, -1, 2047], dtype=np.int32)
    samples = Samples(codes=codes, bits=12, clipped_low=none, clipped_high=none, holes=none)
    assert samples.justified(16).tolist() == [-32768, -16, 32752]
    assert samples.justified(8).tolist() == [-128, 0, 127]
