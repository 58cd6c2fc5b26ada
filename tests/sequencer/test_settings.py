from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.bench.bench_file import CurrentSignal, VoltageSignal
from rig.model.limit import Interval, Limit
from rig.model.load import Load
from rig.model.stimulus import Polarity, Shape, Stimulus
from rig.sequencer.exposure import Exposure, estimate
from rig.sequencer.ranges import Ranges
from rig.sequencer.settings import Views, plan_views, slowest_stop
from rig.units import Unit

VOLTAGE = VoltageSignal.model_validate({"instrument": "scope", "channel": 1, "probe": 10, "full_scale": "400 V"})
CURRENT = CurrentSignal.model_validate({
    "instrument": "daq",
    "channel": "ai0",
    "rate": "1 MHz",
    "sense_resistor": "sense.resistor.yaml",
})
RANGES = Ranges(
    voltage=VOLTAGE, current=CURRENT, full_scales=(), half_ranges=(1.0, 2.0, 5.0, 10.0), sense=10.0, compliance=150.0
)
USUAL: Mapping[str, Any] = {
    "channel": 1,
    "shape": Shape.BIPHASIC_SYMMETRIC,
    "amplitude": 0.02,
    "phase_duration": 3e-4,
    "interphase": 1e-4,
    "rate": 50.0,
    "train": 1.1,
}


def stimulus(**changes: Any) -> Stimulus:
    return Stimulus(**{**USUAL, **changes})


def exposure(train: Stimulus, ohms: float = 500.0, compliance: float = 150.0) -> Exposure:
    load = Load(name="a load", nominal=ohms, resistance=ohms, uncertainty=0.0)
    return estimate(train, load, sense_resistance=10.0, compliance=compliance)


def views(train: Stimulus, ohms: float = 500.0, compliance: float = 150.0) -> Views:
    return plan_views(train, exposure(train, ohms, compliance), RANGES)


def seconds(view_samples: int) -> float:
    return view_samples / CURRENT.rate


TRAINS = st.builds(
    stimulus,
    shape=st.sampled_from(Shape),
    amplitude=st.floats(1e-3, 0.13),
    phase_duration=st.floats(10e-6, 4e-3),
    interphase=st.floats(0.0, 1e-3),
    rate=st.floats(1.0, 100.0),
    train=st.floats(0.1, 5.0),
    polarity=st.sampled_from(Polarity),
)
LOADS = st.one_of(st.floats(100.0, 20_000.0), st.just(math.inf))


@given(train=TRAINS, ohms=LOADS)
def test_the_range_holds_the_expected_peak_with_headroom(train: Stimulus, ohms: float) -> None:
    shown = views(train, ohms).signal.scope.channels[1].full_scale
    peak = exposure(train, ohms).voltage_peak
    assert shown >= 2 * 1.25 * peak
    assert 0 < shown <= VOLTAGE.full_scale


@given(train=TRAINS, ohms=LOADS, room=st.floats(0.0, 150.0))
def test_what_a_range_is_said_to_hold_is_what_it_was_chosen_for(train: Stimulus, ohms: float, room: float) -> None:
    chosen = plan_views(train, exposure(train, ohms), RANGES, room=room)
    assert chosen.held == max(exposure(train, ohms).voltage_peak, room)
    assert chosen.signal.scope.channels[1].full_scale == RANGES.full_scale(chosen.held)
    assert chosen.with_signal(chosen.signal) == chosen


@given(train=TRAINS, ohms=LOADS)
def test_the_trigger_lies_between_noise_and_the_expected_peak_on_the_leading_phase_s_side(
    train: Stimulus, ohms: float
) -> None:
    scope = views(train, ohms).signal.scope
    trigger = scope.trigger
    assert trigger is not None
    assert trigger.channel in scope.channels
    assert trigger.level * train.polarity.sign > 0
    assert 0.05 * scope.channels[1].full_scale < abs(trigger.level) < 0.6 * exposure(train, ohms).voltage_peak


@given(train=TRAINS, ohms=LOADS)
def test_a_device_that_keeps_pulsing_cannot_hide_in_the_quiet_view(train: Stimulus, ohms: float) -> None:
    quiet = seconds(views(train, ohms).quiet.digitizer.samples)
    assert quiet >= 2 * train.period
    assert quiet >= 0.1


@given(train=TRAINS, ohms=LOADS)
def test_the_digitizer_records_the_whole_train_with_rest_on_either_side(train: Stimulus, ohms: float) -> None:
    signal = views(train, ohms).signal
    assert signal.lead > 0
    assert signal.tail > 0
    assert seconds(signal.digitizer.samples) >= signal.lead + train.train + signal.tail
    assert signal.digitizer.channels["ai0"] >= 1.3 * 10.0 * exposure(train, ohms).reached
    assert signal.digitizer.rate == CURRENT.rate


@given(train=TRAINS, ohms=LOADS)
def test_the_oscilloscope_shows_two_whole_periods_after_its_trigger(train: Stimulus, ohms: float) -> None:
    scope = views(train, ohms).signal.scope
    assert 0 < scope.pretrigger < 0.5
    assert (1 - scope.pretrigger) * scope.window >= 2 * train.period


@given(train=TRAINS, ohms=LOADS)
def test_zero_and_signal_are_taken_with_the_same_ranges(train: Stimulus, ohms: float) -> None:
    found = views(train, ohms)
    assert found.quiet.scope == found.signal.scope
    assert found.quiet.digitizer.channels == found.signal.digitizer.channels
    assert found.quiet.digitizer.rate == found.signal.digitizer.rate


def test_the_oscilloscope_is_never_set_beyond_what_the_bench_allows() -> None:
    assert views(stimulus(amplitude=0.13), math.inf, compliance=190.0).signal.scope.channels[1].full_scale == 400.0


@pytest.mark.parametrize("amplitude", [0.0, 1e-12])
def test_no_current_at_all_still_gives_a_range_that_an_instrument_can_be_set_to(amplitude: float) -> None:
    scope = views(stimulus(amplitude=amplitude)).signal.scope
    assert scope.channels[1].full_scale >= 0.08  # 1 mV a division through a probe of 10:1
    assert scope.trigger is not None
    assert abs(scope.trigger.level) > 0


def test_how_long_a_stop_may_take_is_what_limits_say_of_it() -> None:
    def limit(interval: Interval) -> Limit:
        return Limit(measurand="stop_time", interval=interval, unit=Unit.SECOND, text="a limit", source="x.yaml:1:1")

    assert slowest_stop([]) == 0.0
    assert slowest_stop([limit(Interval(lower=0.0))]) == 0.0  # at least: without an end
    assert slowest_stop([limit(Interval(upper=0.1)), limit(Interval(lower=0.0, upper=0.4))]) == 0.4
