from __future__ import annotations

import math

import numpy as np
import pytest

from rig.analysis.noise_floor import noise_floor
from rig.errors import AnalysisError
from rig.model.signal_path import SignalPath
from rig.model.waveform import Waveform
from rig.units import Unit

PATH = SignalPath(
    signal="voltage",
    unit=Unit.VOLT,
    scale=1.0,
    gain=0.0,
    offset=0.01 / math.sqrt(3),
    offset_drift=0.0,
    noise=2e-3,
    resolution=1e-3,
    timebase=0.0,
    bandwidth=1e6,
)


def seen(rms: float, offset: float, n: int = 10_000, seed: int = 3) -> Waveform:
    values = np.random.default_rng(seed).normal(offset, rms, n)
    codes = np.round(values / 1e-3).astype(np.int16)
    return Waveform(samples=codes, gain=1e-3, interval=1e-6, unit=Unit.VOLT, source="scope:1")


def test_what_is_as_stated_is_quiet_and_centred() -> None:
    floor = noise_floor(seen(2e-3, 5e-3), PATH)
    # A step of 1 mV adds 1/√12 mV of its own.
    assert floor.rms_stated == pytest.approx(math.hypot(2e-3, 1e-3 / math.sqrt(12)))
    assert floor.rms == pytest.approx(floor.rms_stated, rel=4 / math.sqrt(2 * 10_000))
    assert floor.quiet
    assert floor.centred


def test_a_tenth_more_noise_is_found_where_enough_samples_tell() -> None:
    assert not noise_floor(seen(2.2e-3, 0.0), PATH).quiet
    assert noise_floor(seen(2.2e-3, 0.0, n=200), PATH).quiet


@pytest.mark.parametrize("seed", range(20))
def test_a_healthy_channel_is_not_taken_for_a_noisy_one(seed: int) -> None:
    assert noise_floor(seen(2e-3, 0.0, seed=seed), PATH).quiet


@pytest.mark.parametrize("offset", [0.0125, -0.0125])
def test_an_offset_beyond_what_is_stated_is_found(offset: float) -> None:
    assert not noise_floor(seen(2e-3, offset), PATH).centred
    assert noise_floor(seen(2e-3, 0.7 * offset), PATH).centred


def test_the_uncertainty_of_the_noise_is_what_repeated_records_show() -> None:
    floors = [noise_floor(seen(2e-3, 0.0, n=500, seed=seed), PATH) for seed in range(400)]
    spread = float(np.std([one.rms for one in floors]))
    assert floors[0].rms_uncertainty == pytest.approx(spread, rel=0.15)


def test_too_little_to_tell_is_said() -> None:
    with pytest.raises(AnalysisError, match="99 samples"):
        noise_floor(seen(2e-3, 0.0, n=99), PATH)
    nothing = Waveform(samples=np.full(200, np.nan), interval=1e-6, unit=Unit.VOLT, source="scope:1")
    with pytest.raises(AnalysisError, match="not all of them numbers"):
        noise_floor(nothing, PATH)
