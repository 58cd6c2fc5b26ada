"""The live watch: what crosses a hard limit trips with the first block that shows it, what does not never trips."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rig.guard.watch import Crossing, HardLimits, Watch
from rig.model.signal_path import SignalPath
from rig.model.waveform import Waveform
from rig.units import Unit

RATE = 100_000.0
PATH = SignalPath(
    signal="current",
    unit=Unit.AMPERE,
    scale=0.1,
    gain=0.001,
    offset=20e-6,
    offset_drift=5e-6,
    noise=10e-6,
    resolution=3e-6,
    timebase=5e-5,
    bandwidth=1e6,
)
FLOOR = Watch(HardLimits(), PATH).floor


def train(amplitude: float, *, seconds: float = 1.0, phase: float = 300e-6, rate: float = 50.0) -> NDArray[np.float64]:
    """A biphasic train without interphase interval, A."""
    place, width = np.arange(round(seconds * RATE)) % round(RATE / rate), round(phase * RATE)
    return np.where(place < width, amplitude, np.where(place < 2 * width, -amplitude, 0.0))


def looked_at(values: NDArray[np.float64], limits: HardLimits, cuts: list[int]) -> tuple[Crossing | None, int]:
    """Show a signal block by block; return what tripped, and how many samples had been shown by then."""
    watch = Watch(limits, PATH)
    bounds = [0, *sorted(cuts), len(values)]
    for begin, stop in itertools.pairwise(bounds):
        block = Waveform(
            samples=values[begin:stop], interval=1 / RATE, unit=Unit.AMPERE, source="t", start=begin / RATE
        )
        if crossing := watch.look(block):
            return crossing, stop
    return None, len(values)


def in_blocks(values: NDArray[np.float64], limits: HardLimits) -> tuple[Crossing | None, int]:
    return looked_at(values, limits, list(range(1000, len(values), 1000)))


HEALTHY = train(0.1, seconds=3.0)
# What a healthy train of 100 mA for 300 us at 50 Hz reaches, in every way that is watched.
REACHED = HardLimits(
    current_peak=0.1,
    current_rms=0.1 * math.sqrt(0.03),
    charge_per_phase=0.1 * 300e-6,
    dc_current=0.0,
    phase_duration=300e-6,
    on_time=3.0,
)


def test_a_train_at_its_limits_does_not_trip_whatever_noise_and_offset_do() -> None:
    noise = np.random.default_rng(4).normal(0.0, PATH.noise, len(HEALTHY))
    assert in_blocks(HEALTHY + noise + math.sqrt(3) * (PATH.offset + PATH.offset_drift), REACHED)[0] is None
    assert in_blocks(HEALTHY * (1 + 2 * PATH.gain) + noise, REACHED)[0] is None


@pytest.mark.parametrize("limit", ["current_peak", "current_rms", "charge_per_phase", "phase_duration", "on_time"])
def test_each_limit_trips_alone(limit: str) -> None:
    lower: Any = {limit: 0.9 * getattr(REACHED, limit)}
    crossing, _ = in_blocks(HEALTHY, replace(REACHED, **lower))
    assert crossing is not None
    assert crossing.limit == limit
    assert crossing.ceiling == pytest.approx(0.9 * getattr(REACHED, limit))
    assert crossing.ceiling + crossing.allowance < crossing.value
    assert "above the ceiling" in str(crossing)


def test_direct_current_trips() -> None:
    assert in_blocks(HEALTHY + 1e-3, HardLimits(dc_current=1.5e-3))[0] is None
    crossing, _ = in_blocks(HEALTHY + 2e-3, HardLimits(dc_current=1.5e-3))
    assert crossing is not None
    assert crossing.limit == "dc_current"


@given(
    where=st.integers(0, 59_999),
    cuts=st.lists(st.integers(0, 60_000), max_size=20),
    value=st.sampled_from([0.2, -0.2]),
)
def test_one_sample_too_high_is_seen_wherever_a_block_ends(where: int, cuts: list[int], value: float) -> None:
    values = train(0.1, seconds=0.6)
    values[where] = value
    crossing, shown = looked_at(values, HardLimits(current_peak=0.15), cuts)
    assert crossing is not None
    assert crossing.at == pytest.approx(where / RATE)
    assert shown == min((cut for cut in [*cuts, 60_000] if cut > where), default=60_000)


@given(cuts=st.lists(st.integers(0, 30_000), max_size=30))
def test_a_phase_is_followed_across_blocks(cuts: list[int]) -> None:
    """A current that does not end trips when it has lasted, or carried, too much, not when it ends."""
    values = np.zeros(30_000)
    values[5_000:] = -0.05
    crossing, _ = looked_at(values, HardLimits(phase_duration=0.01), [*range(0, 30_000, 500), *cuts])
    assert crossing is not None
    assert 0.06 < crossing.at <= 0.066
    crossing, _ = looked_at(values, HardLimits(charge_per_phase=1e-3), [*range(0, 30_000, 500), *cuts])
    assert crossing is not None
    assert 0.07 < crossing.at <= 0.076


@given(cuts=st.lists(st.integers(0, 300_000), max_size=30))
def test_how_a_train_is_cut_into_blocks_makes_no_trip(cuts: list[int]) -> None:
    assert looked_at(HEALTHY, REACHED, cuts)[0] is None


def test_the_rms_of_a_burst_is_that_of_a_second() -> None:
    """Ten times the current for a hundredth of the time: the same rms over a second, and no more."""
    burst = np.zeros(200_000)
    burst[:1_000] = 0.1
    assert in_blocks(burst, HardLimits(current_rms=0.0101))[0] is None
    assert in_blocks(burst, HardLimits(current_rms=0.0098))[0] is not None


def test_what_is_long_past_does_not_count() -> None:
    first, rest = train(0.1, seconds=0.9), np.zeros(150_000)
    limit = HardLimits(current_rms=0.1 * math.sqrt(0.03))
    assert in_blocks(np.concatenate([first, rest, first, rest]), limit)[0] is None


def test_noise_is_no_current() -> None:
    watch = Watch(HardLimits(), PATH)
    noise = np.random.default_rng(5).normal(0.0, PATH.noise, 1_000_000)
    watch.look(Waveform(samples=noise, interval=1 / RATE, unit=Unit.AMPERE, source="t"))
    assert watch.last is None
    pulse = np.concatenate([np.zeros(100), np.full(50, 2 * FLOOR), np.zeros(350)])
    watch.look(Waveform(samples=pulse, interval=1 / RATE, unit=Unit.AMPERE, source="t", start=10.0))
    assert watch.last == pytest.approx(10.0 + 150 / RATE)
