"""Crests of phases that ring: formulas held against a resonance, and the two analyses against each other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rig.analysis import measure
from rig.analysis.crest import parabola, ring_of
from rig.analysis.prepare import Known, prepare
from rig.analysis.stream.segmented import segmented
from rig.analysis.trace import Floats
from rig.model.measurement import Measurement
from rig.model.recording import Recording
from rig.model.waveform import Waveform
from rig.units import Unit
from tests.analysis.synthetic import path

INTERVAL = 1e-6


def step(times: NDArray[np.floating[Any]], *, omega: float, damping: float, time_constant: float = 0.0) -> Floats:
    """Response of a resonance to a step of 1 at 0, behind a single pole once its own transient is over."""
    own = complex(-damping * omega, omega * math.sqrt(1 - damping**2))
    size = (1 - 1j * damping / math.sqrt(1 - damping**2)) / (1 + own * time_constant)
    return np.asarray(
        np.where(times > 0, 1 - np.real(size * np.exp(own * np.maximum(times, 0.0))), 0.0), dtype=np.float64
    )


@settings(max_examples=60, deadline=None)
@given(
    turn=st.floats(16, 80),
    damping=st.floats(0.25, 0.6),
    place=st.floats(0, 1),
    lag=st.floats(0, 0.1),
)
def test_the_crest_of_a_resonance_behind_a_pole_is_found_between_samples(
    turn: float, damping: float, place: float, lag: float
) -> None:
    omega = 2 * math.pi / turn
    crest = math.pi / (omega * math.sqrt(1 - damping**2))
    samples = step(crest + place + np.arange(-40, 41), omega=omega, damping=damping, time_constant=lag / omega)
    near = samples[38:43]
    at = 38 + int(near.argmax())
    reach = max(1, int(turn / 16))
    height, curve, vertex = parabola(samples[at - reach : at + reach + 1])
    one = {"height": height, "curve": curve, "reach": float(reach), "place": vertex, "top": 1.0}
    found = ring_of(**{name: np.array([value]) for name, value in one.items()}, time_constant=lag / omega)
    over = math.exp(-math.pi * damping / math.sqrt(1 - damping**2))
    # To a two-hundredth of the overshoot; of the highest sample it is up to a fiftieth.
    assert found.crest[0] - 1 == pytest.approx(over, rel=5e-3)
    assert found.damping[0] == pytest.approx(damping, rel=0.02)
    assert found.omega[0] == pytest.approx(omega, rel=0.06)


def ringing(*, omega: float = 3e5, damping: float = 0.35, top: float = 0.02, pulses: int = 12) -> Floats:
    """Return a train of biphasic pulses that ring, every 5.0003 ms; A."""
    times = np.arange(pulses * 5000 + 2000) * INTERVAL
    values = np.zeros(len(times))
    for pulse in range(pulses):
        begin = 1e-3 + pulse * 5.0003e-3
        for at, size in ((0.0, 1.0), (400e-6, -1.0), (700e-6, -1.0), (1100e-6, 1.0)):
            values += size * step(times - begin - at, omega=omega, damping=damping)
    return np.asarray(top * values, dtype=np.float64)


def codes_of(values: Floats, *, noise: float) -> NDArray[np.int16]:
    moved = values + np.random.default_rng(3).normal(0.0, noise, len(values))
    return np.asarray(np.rint(moved / 1e-6), dtype=np.int16)


def known() -> Known:
    return Known(
        path=path(resolution=1e-6), zero=None, expected=None, load_resistance=500.0, electrode_area=None, capture="c"
    )


def waveform(codes: NDArray[np.int16]) -> Waveform:
    return Waveform(samples=codes, gain=1e-6, offset=0.0, interval=INTERVAL, unit=Unit.AMPERE, source="s")


@pytest.mark.parametrize("noise", [0.0, 10e-6])
def test_a_stream_finds_the_same_rings(noise: float) -> None:
    codes = codes_of(ringing(), noise=noise)
    whole = prepare(waveform(codes), known()).phases
    recording = Recording.of(waveform(codes))
    streamed = segmented(recording, path=known().path, zero=None, expected=None).phases
    assert np.isfinite(whole.crest).all()
    for name in ("top", "rise", "fall", "slope", "past", "rise_bow", "fall_bow", "crest", "crest_curve", "begin"):
        # The two know the level at rest not equally well.
        assert getattr(streamed, name) == pytest.approx(getattr(whole, name), rel=2e-3, abs=2e-6), name


def test_what_rings_is_measured_as_what_it_is() -> None:
    codes = codes_of(ringing(), noise=2e-6)
    signal = known()
    outcomes = measure(
        waveform(codes),
        path=signal.path,
        zero=None,
        expected=None,
        load_resistance=500.0,
        electrode_area=None,
        capture="c",
    ).outcomes
    over = math.exp(-math.pi * 0.35 / math.sqrt(1 - 0.35**2))
    for name, true in (("droop", 0.0), ("phase_top", 0.02)):
        found = outcomes[name]
        assert isinstance(found, Measurement)
        assert abs(found.value - true) <= found.expanded_uncertainty, name
    overshoot, average = outcomes["overshoot"], outcomes["average_current"]
    assert isinstance(overshoot, Measurement)
    assert isinstance(average, Measurement)
    # The path's pole of 1 MHz is taken off, though nothing put it there.
    assert overshoot.value == pytest.approx(over, rel=6e-3)
    begin, end = (round(at / INTERVAL) for at in (average.window.start, average.window.stop))
    assert average.value == pytest.approx(float(np.abs(ringing()[begin:end]).mean()), rel=5e-4)
