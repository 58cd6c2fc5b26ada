from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.model.load import Load
from rig.model.stimulus import Shape, Stimulus
from rig.sequencer.exposure import Exposure, estimate

OPEN = Load(name="open", nominal=math.inf, resistance=math.inf, uncertainty=0.0)
SENSE = 10.0


def resistor(ohms: float) -> Load:
    return Load(name="a load", nominal=ohms, resistance=ohms, uncertainty=0.0)


def stimulus(
    amplitude: float, phase: float, rate: float, shape: Shape = Shape.BIPHASIC_SYMMETRIC, train: float = 1.0
) -> Stimulus:
    return Stimulus(
        channel=1, shape=shape, amplitude=amplitude, phase_duration=phase, interphase=0.0, rate=rate, train=train
    )


def exposure(what: Stimulus, load: Load | None = None, *, sense: float = 0.0, compliance: float = 500.0) -> Exposure:
    return estimate(what, load or resistor(500.0), sense_resistance=sense, compliance=compliance)


def test_published_50_volts_into_500_ohm_at_a_duty_of_16_percent_are_40_milliamperes_rms() -> None:
    found = exposure(stimulus(0.1, 800e-6, 100.0))
    assert found.rms_current == pytest.approx(0.040)
    assert found.voltage_peak == pytest.approx(50.0)
    assert found.dissipation == pytest.approx(0.8)  # (40 mA)² · 500 ohm


def test_published_100_milliamperes_of_400_microseconds_at_120_hertz_are_31_milliamperes_rms() -> None:
    found = exposure(stimulus(0.1, 400e-6, 120.0))
    assert found.rms_current == pytest.approx(30.98e-3, abs=5e-6)
    assert found.charge_per_phase == pytest.approx(40e-6)


def test_published_126_milliamperes_of_500_microseconds_at_40_hertz_are_63_microcoulombs_a_phase() -> None:
    found = exposure(stimulus(0.126, 500e-6, 40.0))
    assert found.charge_per_phase == pytest.approx(63e-6)
    assert found.rms_current == pytest.approx(25.2e-3)
    assert found.current_peak == 0.126


def test_energy_of_one_pulse_is_that_of_its_phases() -> None:
    biphasic = exposure(stimulus(0.1, 300e-6, 50.0))
    assert biphasic.energy_per_pulse == pytest.approx(2 * 300e-6 * 0.1**2 * 500)  # 3 mJ
    monophasic = exposure(stimulus(0.1, 300e-6, 50.0, Shape.MONOPHASIC))
    assert monophasic.energy_per_pulse == pytest.approx(biphasic.energy_per_pulse / 2)
    assert monophasic.rms_current == pytest.approx(biphasic.rms_current / math.sqrt(2))


def test_compliance_bounds_what_the_load_sees_but_not_what_is_set() -> None:
    found = exposure(stimulus(0.1, 300e-6, 50.0), resistor(10_000.0), sense=SENSE, compliance=150.0)
    reached = 150.0 / 10_010.0
    assert found.voltage_peak == pytest.approx(reached * 10_000)
    assert found.dissipation == pytest.approx(reached**2 * 0.03 * 10_000)
    assert found.current_peak == 0.1
    assert found.charge_per_phase == pytest.approx(30e-6)


def test_an_open_circuit_sees_the_whole_compliance_and_takes_no_energy() -> None:
    found = exposure(stimulus(0.02, 300e-6, 50.0), OPEN, sense=SENSE, compliance=150.0)
    assert found.voltage_peak == 150.0
    assert (found.energy_per_pulse, found.dissipation) == (0.0, 0.0)
    assert found.current_peak == 0.02


def test_phases_that_would_overlap_flow_all_the_time_and_not_longer() -> None:
    assert exposure(stimulus(0.1, 10e-3, 100.0)).rms_current == pytest.approx(0.1)


TRAINS = st.builds(
    stimulus,
    st.floats(1e-6, 0.13),
    st.floats(1e-6, 4e-3),
    st.floats(0.1, 500.0),
    st.sampled_from(Shape),
    st.floats(0.01, 30.0),
)


@given(train=TRAINS, ohms=st.floats(1.0, 1e5), factor=st.floats(0.1, 1.0), compliance=st.floats(1.0, 500.0))
def test_less_current_is_less_of_everything(train: Stimulus, ohms: float, factor: float, compliance: float) -> None:
    more = exposure(train, resistor(ohms), sense=SENSE, compliance=compliance)
    less = exposure(
        replace(train, amplitude=train.amplitude * factor), resistor(ohms), sense=SENSE, compliance=compliance
    )
    assert less.charge_per_phase == pytest.approx(more.charge_per_phase * factor)
    assert less.rms_current == pytest.approx(more.rms_current * factor)
    for name in ("voltage_peak", "energy_per_pulse", "dissipation"):
        assert getattr(less, name) <= getattr(more, name) * (1 + 1e-12)


@given(train=TRAINS, ohms=st.floats(1.0, 1e5), compliance=st.floats(1.0, 500.0))
def test_nothing_exceeds_what_the_device_can_give(train: Stimulus, ohms: float, compliance: float) -> None:
    found = exposure(train, resistor(ohms), sense=SENSE, compliance=compliance)
    assert found.voltage_peak <= compliance
    assert found.rms_current <= found.current_peak == train.amplitude
    assert found.dissipation <= compliance**2 / ohms * (1 + 1e-9)
    assert found.duration == train.train
