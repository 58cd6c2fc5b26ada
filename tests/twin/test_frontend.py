"""Range, bits, errors, noise and bandwidth of a front end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.twin.config import InstrumentConfig, RangeConfig, TwinConfig
from rig.twin.frontend import Digitized, FrontEnd, quantize
from rig.twin.signal import Piecewise
from rig.twin.stimulator import Point, Train
from rig.twin.world import World


def _front_end(seed: int = 1, channel: str = "1", **numbers: Any) -> FrontEnd:
    config = InstrumentConfig.model_validate({"protocol": "infiniivision", **numbers})
    return FrontEnd(config, seed=seed, instrument="scope", channel=channel)


def _record(front_end: FrontEnd, signal: Piecewise, n: int = 1000, acquisition: int = 0, **more: Any) -> Digitized:
    settings = {"start": 0.0, "interval": 1e-6, "full_scale": 20.0, "bits": 16, **more}
    return front_end.digitize(signal, n=n, acquisition=acquisition, **settings)


def test_without_errors_it_is_rounding_alone() -> None:
    signal = Piecewise.polyline([-1.0, 1.0], [-9.0, 9.0])
    record = _record(_front_end(), signal, interval=1e-3)
    assert np.max(np.abs(record.volts() - signal.sample_uniform(0.0, 1e-3, 1000))) <= 20.0 / 2**17 * (1 + 1e-9)
    assert not record.clipped


@given(st.lists(st.floats(-30, 30), min_size=1, max_size=50), st.integers(4, 16), st.floats(-3, 3))
def test_codes_stay_in_range_and_clipping_is_marked(values: list[float], bits: int, offset: float) -> None:
    volts = np.array(values)
    record = quantize(volts, full_scale=20.0, offset=offset, bits=bits)
    assert np.all((record.codes >= -(2 ** (bits - 1))) & (record.codes < 2 ** (bits - 1)))
    unclipped = ~(record.clipped_low | record.clipped_high)
    assert np.all(np.abs(record.volts() - volts)[unclipped] <= record.lsb / 2 * (1 + 1e-9))
    assert np.all(volts[record.clipped_low] < offset - 10)
    assert np.all(volts[record.clipped_high] > offset + 10 - record.lsb)
    assert np.all(unclipped[np.abs(volts - offset) < 10 - record.lsb])


def test_gain_and_offset_stay_within_their_half_widths_and_reach_over_them() -> None:
    ends = [_front_end(seed, gain_error=0.01, offset_of_range=0.001, timebase_ppm=50.0) for seed in range(200)]
    gains = np.array([end.gain for end in ends])
    assert np.all(np.abs(gains - 1) <= 0.01)
    assert np.std(gains) == pytest.approx(0.01 / np.sqrt(3), rel=0.15)
    offsets = np.array([end.offset(20.0) for end in ends])
    assert np.all(np.abs(offsets) <= 0.02)
    assert np.std(offsets) == pytest.approx(0.02 / np.sqrt(3), rel=0.15)
    assert np.all(np.abs(np.array([end.timebase for end in ends]) - 1) <= 50e-6)


def test_channels_differ_in_gain_and_share_the_timebase() -> None:
    one = _front_end(gain_error=0.01, timebase_ppm=50.0)
    other = _front_end(channel="2", gain_error=0.01, timebase_ppm=50.0)
    assert one.gain != other.gain
    assert one.timebase == other.timebase


def test_gain_and_offset_show_in_the_record() -> None:
    end = _front_end(gain_error=0.01, offset_error=0.05)
    record = _record(end, Piecewise.level(5.0, -1.0, 1.0))
    assert record.volts().mean() == pytest.approx(5.0 * end.gain + end.offset(20.0), abs=record.lsb)


def test_the_offset_wanders_within_its_bound_and_repeats_with_its_acquisition() -> None:
    end = _front_end(offset_drift=0.02, drift_of_range=0.001)
    drifts = np.array([end.drift(20.0, k) for k in range(2000)])
    assert np.ptp(drifts) <= 0.02 + 0.001 * 20.0
    assert np.ptp(drifts) > 0.99 * 0.04
    assert end.drift(20.0, 7) == drifts[7]
    # Between two acquisitions it changes about as much as a rectangular distribution of that half-width does.
    assert np.std(drifts[1:] - drifts[:-1]) == pytest.approx(0.04 / np.sqrt(3), rel=0.15)
    levels = [_record(end, Piecewise.level(0.0, -1.0, 1.0), bits=24, acquisition=k).volts().mean() for k in range(3)]
    assert levels == pytest.approx(drifts[:3], abs=1e-5)


def test_noise_has_its_size_and_repeats_with_its_acquisition() -> None:
    end, signal = _front_end(noise=0.02, noise_of_range=0.002), Piecewise.level(0.0, -1.0, 1.0)
    first, again, next_one = (_record(end, signal, n=50_000, acquisition=k) for k in (3, 3, 4))
    assert np.array_equal(first.codes, again.codes)
    assert not np.array_equal(first.codes, next_one.codes)
    assert first.volts().std() == pytest.approx(np.hypot(0.02, 0.04), rel=0.02)
    assert abs(first.volts().mean()) < 5 * 0.045 / np.sqrt(50_000)


def test_bandwidth_is_a_single_pole() -> None:
    step = Piecewise.of([-1e-3, 0.0, 1e-3], [0.0, 1.0])
    record = _record(_front_end(bandwidth=100e3), step, n=100, interval=1e-7, full_scale=4.0, bits=24)
    times = np.arange(100) * 1e-7
    assert record.volts() == pytest.approx(1 - np.exp(-2 * np.pi * 100e3 * times), abs=1e-6)


def test_a_timebase_error_stretches_time() -> None:
    end = _front_end(timebase_ppm=1000.0)
    ramp = Piecewise.polyline([-1.0, 2.0], [-1.0, 2.0])
    record = _record(end, ramp, n=1001, interval=1e-3, full_scale=8.0, bits=24)
    assert record.volts()[-1] == pytest.approx(end.timebase, abs=1e-6)
    assert end.timebase != 1.0


def test_jitter_moves_all_channels_together() -> None:
    ramp = Piecewise.polyline([-1.0, 1.0], [-1.0, 1.0])
    one, other = _front_end(jitter=1e-3), _front_end(channel="2", jitter=1e-3)
    shifts = [_record(one, ramp, n=2, acquisition=k, full_scale=4.0, bits=24).volts()[0] for k in range(300)]
    assert np.std(shifts) == pytest.approx(1e-3, rel=0.15)
    assert _record(other, ramp, n=2, acquisition=7, full_scale=4.0, bits=24).volts()[0] == shifts[7]


def test_acquired_from_the_world_with_all_it_needs() -> None:
    world = World(
        TwinConfig.model_validate({
            "device": {"identity": {"manufacturer": "H", "model": "P24", "serial": "1", "firmware": "1"}},
            "loads": {"500 ohm": {"resistance": 500, "relays": [101]}},
        })
    )
    world.switch(frozenset({101}))
    world.begin(Train(points=(Point(duration=1e-3, current=20e-3),), period=0.02))
    end = _front_end(bandwidth=1e6, jitter=1e-8, timebase_ppm=20.0, noise=1e-3)
    record = end.acquire(world, "voltage", start=0.0, interval=1e-6, n=25_000, full_scale=40.0, bits=16, acquisition=1)
    assert record.volts()[2500] == pytest.approx(10.0, rel=0.01)
    assert record.volts()[:1990].std() == pytest.approx(1e-3, rel=0.05)


def test_every_range_has_errors_of_its_own() -> None:
    config = InstrumentConfig(
        protocol="any",
        gain_error=0.5,
        ranges=(
            RangeConfig(full_scale=2.0, gain_error=1e-3, offset_error=1e-3),
            RangeConfig(full_scale=20.0, gain_error=1e-3, offset_error=10e-3),
        ),
    )
    end = FrontEnd(config, seed=1, instrument="daq", channel="ai0")
    narrow, wide = end.in_range(2.0), end.in_range(20.0)
    assert end.in_range(2.01) is narrow
    assert narrow.gain != wide.gain
    assert abs(narrow.gain - 1) <= 1e-3
    assert abs(narrow.offset(2.0)) <= 1e-3
    for full_scale, own in ((2.0, narrow), (20.0, wide)):
        level = Piecewise.level(0.8, *end.span(0.0, 1e-6, 1000))
        record = end.digitize(level, start=0.0, interval=1e-6, n=1000, full_scale=full_scale, bits=16, acquisition=1)
        assert record.volts().mean() == pytest.approx(0.8 * own.gain + own.offset(full_scale), abs=record.lsb)
