"""The mean over a stretch that begins within bounds, and the budgets of both who tell it: against hand-made values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rig.analysis.metered import budget_of_meter, budget_of_samples, mean_of_stretch, resistor_terms
from rig.analysis.uncertainty import combined
from rig.errors import AnalysisError
from rig.model.measurement import Distribution
from rig.model.recording import Recording
from rig.model.signal_path import SignalPath
from rig.model.waveform import Waveform
from rig.units import Unit

ROOT3 = math.sqrt(3)
PATH = SignalPath(
    signal="current",
    unit=Unit.AMPERE,
    scale=0.1,
    gain=1e-3 / ROOT3,
    resistor=1e-4,
    resistor_temperature=2e-4 / ROOT3,
    offset=20e-6 / ROOT3,
    offset_drift=2e-6 / ROOT3,
    noise=6e-6,
    resolution=0.0,
    timebase=0.0,
    bandwidth=1e6,
)


def current(*pulses: tuple[int, int, float], n: int = 200) -> Waveform:
    """Samples a millisecond apart: 0 A, and pulses from one sample to before another, of so many amperes."""
    samples = np.zeros(n)
    for begin, stop, value in pulses:
        samples[begin:stop] = value
    return Waveform(samples=samples, interval=1e-3, unit=Unit.AMPERE, source="daq:ai0")


def test_a_constant_current_is_its_own_mean_wherever_the_stretch_begins() -> None:
    found = mean_of_stretch(current((0, 200, 0.01)), PATH, earliest=0.01, latest=0.09, length=0.1)
    assert found.value == pytest.approx(0.01)
    assert found.begin == pytest.approx(0.0, abs=1e-15)
    assert (found.edges, found.samples) == (0.0, 100)


def test_a_pulse_inside_every_stretch_counts_whole() -> None:
    # 10 ms of 1 A within 100 ms; two edges of 1 A, each at most half a sample of 1 ms out.
    found = mean_of_stretch(current((60, 70, 1.0)), PATH, earliest=0.0, latest=0.02, length=0.1)
    assert found.value == pytest.approx(0.1)
    assert found.begin == pytest.approx(0.0, abs=1e-12)
    assert found.edges == pytest.approx(2 * 1.0 * 1e-3 / 2 / 0.1)


def test_a_pulse_that_a_late_begin_would_miss_half_of_widens_the_doubt() -> None:
    # From 0 ms on the stretch holds all 10 ms of it, from 10 ms on 5 ms of it: 0.1 A or 0.05 A.
    found = mean_of_stretch(current((5, 15, 1.0)), PATH, earliest=0.0, latest=0.01, length=0.1)
    assert found.value == pytest.approx(0.075)
    assert found.begin == pytest.approx(0.025)


def test_a_long_recording_gives_the_same() -> None:
    signal = current((5, 15, 1.0))
    given = {"earliest": 0.0, "latest": 0.01, "length": 0.1}
    assert mean_of_stretch(Recording.of(signal), PATH, **given) == mean_of_stretch(signal, PATH, **given)


@pytest.mark.parametrize(
    ("earliest", "latest", "length"), [(-0.01, 0.0, 0.1), (0.0, 0.11, 0.1), (0.0, 0.0, 0.3), (0.0, 0.0, 0.0)]
)
def test_a_stretch_that_the_record_does_not_hold_has_no_mean(earliest: float, latest: float, length: float) -> None:
    with pytest.raises(AnalysisError, match="does not hold the whole stretch"):
        mean_of_stretch(current(), PATH, earliest=earliest, latest=latest, length=length)


def test_what_is_no_number_has_no_mean() -> None:
    with pytest.raises(AnalysisError, match="not numbers"):
        mean_of_stretch(current((5, 6, math.nan)), PATH, earliest=0.0, latest=0.0, length=0.1)


def test_samples_as_they_were_read_are_uncertain_by_the_offset_and_without_their_zero_by_its_drift() -> None:
    mean = mean_of_stretch(current((0, 200, 0.01)), PATH, earliest=0.0, latest=0.0, length=0.1)
    read = {line.name: line for line in budget_of_samples(mean, PATH, zero=None)}
    assert read["gain"].standard_uncertainty == pytest.approx(0.01 * 1e-3 / ROOT3)
    assert read["offset"].standard_uncertainty == pytest.approx(20e-6 / ROOT3)
    assert read["offset"].distribution is Distribution.RECTANGULAR
    assert read["noise"].standard_uncertainty == pytest.approx(6e-6 / 10)
    net = {line.name: line.standard_uncertainty for line in budget_of_samples(mean, PATH, zero=1e-7)}
    assert "offset" not in net
    assert net["offset drift"] == pytest.approx(2e-6 / ROOT3)
    assert net["zero capture"] == 1e-7


def test_a_multimeter_s_budget_leaves_out_what_the_resistor_adds_to_both() -> None:
    own = budget_of_meter(0.01, PATH, readings=4)
    assert {line.name for line in own} == {"gain", "offset", "noise"}
    assert combined(own) == pytest.approx(math.sqrt((1e-5**2 + 20e-6**2) / 3 + 3e-6**2))
    common = {line.name: line.standard_uncertainty for line in resistor_terms(0.01, PATH)}
    assert common == {
        "resistor calibration": pytest.approx(1e-6),
        "resistor temperature": pytest.approx(2e-6 / ROOT3),
    }
