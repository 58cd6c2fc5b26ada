"""Measurands in time, on trains whose truth is known: what began and ended when, and how surely that is told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rig.analysis import IN_TIME, measure, measure_in_time
from rig.analysis.flow import first_flow, largest_flow, last_flow
from rig.analysis.prepare import Known
from rig.analysis.rest import Rest
from rig.errors import AnalysisError
from rig.model.happening import Action, Happening
from rig.model.measurement import Measurement, NotMeasured, Outcome
from rig.model.recording import Recording
from rig.model.stimulus import Shape, Stimulus
from rig.model.waveform import Waveform
from rig.units import Unit
from tests.analysis.synthetic import path, waveform

INTERVAL = 1e-5
NOISE = 1e-5
DURATION = 300e-6
STIMULUS = Stimulus(
    channel=1,
    shape=Shape.BIPHASIC_SYMMETRIC,
    amplitude=0.02,
    phase_duration=DURATION,
    interphase=0.0,
    rate=50.0,
    train=0.2,
)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Biphasic pulses, each beginning at a time of its own with an amplitude of its own, in a record of a length."""

    pulses: Mapping[float, float]
    length: float = 0.4
    start: float = 0.0
    stretch: float = 1.0  # of the sampling interval, unknown to the analysis
    shift: float = 0.0

    def times(self) -> NDArray[np.float64]:
        return np.asarray((np.arange(round(self.length / INTERVAL)) * self.stretch + self.shift) * INTERVAL)

    def values(self) -> NDArray[np.float64]:
        times, values, edge = [-1.0], [0.0], 5e-6
        for begin, size in sorted(self.pulses.items()):
            for phase, level in enumerate((size, -size)):
                first, last = begin + phase * DURATION, begin + (phase + 1) * DURATION
                times += [first - edge, first + edge, last - edge, last + edge]
                values += [0.0, level, level, 0.0]
        times = list(np.maximum.accumulate(times))
        return np.asarray(np.interp(self.times(), [*times, 1e6], [*values, 0.0]), dtype=np.float64)

    def signal(self, *, seed: int = 1) -> Waveform:
        noise = np.random.default_rng(seed).normal(0.0, NOISE, len(self.times()))
        return waveform(self.values() + noise, interval=INTERVAL, start=self.start)


def train(first: float, last: float, size: float = 0.02, period: float = 0.02) -> dict[float, float]:
    return {first + number * period: size for number in range(math.floor((last - first) / period + 1e-6) + 1)}


def known(*, timebase: float = 1e-5, zero: bool = True) -> Known:
    quiet = waveform(np.random.default_rng(99).normal(0.0, NOISE, 5000), interval=INTERVAL)
    return Known(
        path=replace(path(noise=NOISE), timebase=timebase),
        zero=quiet if zero else None,
        expected=STIMULUS,
        load_resistance=500.0,
        electrode_area=None,
        capture="c1",
    )


def done(action: Action, at: float, *, width: float = 2e-3, detail: str = "") -> Happening:
    return Happening(action=action, begun=at - width / 2, ended=at + width / 2, detail=detail)


START, STOP = done(Action.START, 0.1), done(Action.STOP, 0.3)


def outcome(name: str, signal: Waveform | Recording, *happenings: Happening, load: str = "500 ohm") -> Outcome:
    return measure_in_time(signal, known(), load=load, happenings=happenings, wanted=[name])[name]


def measured(name: str, signal: Waveform | Recording, *happenings: Happening, load: str = "500 ohm") -> Measurement:
    found = outcome(name, signal, *happenings, load=load)
    assert isinstance(found, Measurement), found
    return found


def not_measured(name: str, signal: Waveform, *happenings: Happening, load: str = "500 ohm") -> NotMeasured:
    found = outcome(name, signal, *happenings, load=load)
    assert isinstance(found, NotMeasured), found
    return found


def holds(found: Measurement, truth: float) -> bool:
    return abs(found.value - truth) <= found.expanded_uncertainty


class TestLatency:
    def test_it_is_the_time_from_the_command_to_the_first_current(self) -> None:
        found = measured("latency", Scene(pulses=train(0.105, 0.3)).signal(), START, STOP)
        assert holds(found, 5e-3)
        assert found.unit is Unit.SECOND
        assert found.expanded_uncertainty == pytest.approx(1e-3, rel=0.1)  # half of the command's span, mostly
        largest = max(found.components, key=lambda one: one.standard_uncertainty)
        assert largest.name == "command"
        assert found.window.start == pytest.approx(0.1)
        assert found.window.stop == pytest.approx(0.105, abs=2e-5)

    def test_a_device_that_began_by_itself_has_none(self) -> None:
        found = not_measured("latency", Scene(pulses=train(0.05, 0.3)).signal(), START, STOP)
        assert "current flowed before the device was told to start" in found.reason
        assert found.at_least is None

    def test_a_device_that_never_begins_takes_at_least_as_long_as_it_was_given(self) -> None:
        found = not_measured("latency", Scene(pulses={}).signal(), START, STOP)
        assert found.at_least == pytest.approx(0.198, abs=1e-4)

    def test_a_current_after_something_else_was_done_is_no_answer_to_the_start(self) -> None:
        changed = done(Action.LOAD, 0.2, detail="1 kohm")
        found = not_measured("latency", Scene(pulses=train(0.21, 0.3)).signal(), START, changed, STOP)
        assert found.at_least == pytest.approx(0.098, abs=1e-4)

    def test_into_an_open_circuit_nothing_can_be_told(self) -> None:
        found = not_measured("latency", Scene(pulses={}).signal(), START, STOP, load="open")
        assert found.at_least is None


class TestStopTime:
    def test_it_is_the_time_from_the_command_to_the_last_current(self) -> None:
        pulses = train(0.105, 0.3219)  # the last one begins at 0.305 s
        assert holds(measured("stop_time", Scene(pulses=pulses).signal(), START, STOP), 5e-3 + 2 * DURATION)

    def test_it_is_nothing_where_the_current_had_ended_before(self) -> None:
        found = measured("stop_time", Scene(pulses=train(0.105, 0.29)).signal(), START, STOP)
        assert found.value == 0
        assert found.expanded_uncertainty > 0.9e-3

    def test_a_train_that_had_ended_by_itself_was_not_stopped(self) -> None:
        found = not_measured("stop_time", Scene(pulses=train(0.105, 0.2)).signal(), START, STOP)
        assert found.reason == "no current flowed any more at the event (stop)"
        assert found.at_least is None

    def test_a_weak_current_that_goes_on_is_no_stop(self) -> None:
        scene = Scene(pulses=train(0.105, 0.3))
        leaking = scene.signal().samples + 5e-4 * (scene.times() > 0.2)
        found = not_measured("stop_time", waveform(leaking, interval=INTERVAL), START, STOP)
        assert found.at_least == pytest.approx(0.1 - 1e-3, abs=1e-4)
        assert "current may still have flowed" in found.reason

    def test_a_train_that_may_go_on_after_the_record_has_not_ended(self) -> None:
        """The record ends less than a period after the last pulse: nobody knows whether another one came."""
        found = not_measured("stop_time", Scene(pulses=train(0.105, 0.395)).signal(), START, STOP)
        assert found.at_least == pytest.approx(0.385 + 2 * DURATION - 0.301, abs=1e-4)

    def test_without_any_current_there_is_nothing_to_stop(self) -> None:
        assert not_measured("stop_time", Scene(pulses={}).signal(), START, STOP).reason == "no current flowed at all"

    def test_without_a_command_there_is_none(self) -> None:
        assert "not told to stop" in not_measured("stop_time", Scene(pulses=train(0.105, 0.3)).signal(), START).reason

    def test_opening_the_relays_is_not_the_devices_stopping(self) -> None:
        opened = done(Action.LOAD, 0.36, detail="open")
        found = not_measured("stop_time", Scene(pulses=train(0.105, 0.355)).signal(), START, STOP, opened)
        assert found.at_least is not None
        assert found.at_least > 0.04


class TestCommunicationLost:
    CUT = done(Action.CUT, 0.2)

    def test_it_begins_with_the_last_word_that_the_device_heard(self) -> None:
        said, unheard = done(Action.MESSAGE, 0.18), done(Action.MESSAGE, 0.25)
        found = measured("comms_loss_time", Scene(pulses=train(0.105, 0.3)).signal(), START, said, self.CUT, unheard)
        assert holds(found, 0.285 + 2 * DURATION - 0.18)

    def test_it_begins_with_the_start_where_nothing_was_said_since(self) -> None:
        found = measured("comms_loss_time", Scene(pulses=train(0.105, 0.3)).signal(), START, self.CUT)
        assert holds(found, 0.285 + 2 * DURATION - 0.1)

    def test_a_device_that_had_ended_by_itself_has_shown_nothing(self) -> None:
        found = not_measured("comms_loss_time", Scene(pulses=train(0.105, 0.15)).signal(), START, self.CUT)
        assert "no current flowed any more" in found.reason
        assert found.at_least is None

    def test_a_device_that_never_notices_has_a_least_time(self) -> None:
        found = not_measured("comms_loss_time", Scene(pulses=train(0.105, 0.4)).signal(), START, self.CUT)
        assert found.at_least == pytest.approx(0.385 + 2 * DURATION - 0.101, abs=1e-4)

    def test_what_flows_once_the_line_is_restored_does_not_count(self) -> None:
        restored = done(Action.RESTORED, 0.3)
        pulses = {**train(0.105, 0.25), **train(0.305, 0.35)}
        found = measured("comms_loss_time", Scene(pulses=pulses).signal(), START, self.CUT, restored)
        assert holds(found, 0.245 + 2 * DURATION - 0.1)

    def test_the_same_of_a_reset(self) -> None:
        reset = done(Action.RESET, 0.2)
        found = measured("reset_stop_time", Scene(pulses=train(0.105, 0.21)).signal(), START, reset)
        assert holds(found, 0.205 + 2 * DURATION - 0.2)


class TestReconnection:
    OPEN, CONNECTED = done(Action.LOAD, 0.2, detail="open"), done(Action.LOAD, 0.3, detail="500 ohm")
    PULSES: Mapping[float, float] = {**train(0.105, 0.19), **train(0.305, 0.35)}

    def surge(self, size: float, decay: float, *, scale: float = 1.0, shift: float = 0.0, seed: int = 1) -> Waveform:
        scene = Scene(pulses=self.PULSES, shift=shift)
        since = scene.times() - 0.3005
        extra = np.where(since >= 0, size * np.exp(-np.maximum(since, 0) / decay), 0.0)
        return waveform(scale * (scene.signal(seed=seed).samples + extra), interval=INTERVAL)

    def test_it_is_the_largest_current_after_the_load_is_there(self) -> None:
        found = measured("reconnect_surge", self.surge(0.05, 5e-4, shift=0.5), START, self.OPEN, self.CONNECTED)
        assert holds(found, 0.05)
        assert found.unit is Unit.AMPERE
        assert found.expanded_uncertainty < 1e-3

    @pytest.mark.parametrize("decay", [5e-5, 5e-4, 5e-3])
    def test_its_interval_holds_the_truth_as_often_as_it_says_wherever_the_samples_lie(self, decay: float) -> None:
        chance, trials, held = np.random.default_rng(7), 200, 0
        for trial in range(trials):
            signal = self.surge(0.05, decay, shift=chance.uniform(), seed=trial)
            held += holds(measured("reconnect_surge", signal, START, self.OPEN, self.CONNECTED), 0.05)
        assert held / trials >= 0.93

    def test_without_a_surge_it_is_the_amplitude(self) -> None:
        found = measured("reconnect_surge", self.surge(0.0, 1e-4), START, self.OPEN, self.CONNECTED)
        assert holds(found, 0.02)

    def test_a_larger_current_before_does_not_count(self) -> None:
        pulses = {**train(0.105, 0.19, size=0.08), **train(0.305, 0.35)}
        found = measured("reconnect_surge", Scene(pulses=pulses).signal(), START, self.OPEN, self.CONNECTED)
        assert holds(found, 0.02)

    def test_the_largest_of_several_counts(self) -> None:
        again = (done(Action.LOAD, 0.33, detail="open"), done(Action.LOAD, 0.36, detail="1 kohm"))
        pulses = {**train(0.105, 0.19), 0.31: 0.02, 0.37: 0.03}
        found = measured("reconnect_surge", Scene(pulses=pulses).signal(), START, self.OPEN, self.CONNECTED, *again)
        assert holds(found, 0.03)

    def test_a_device_that_gave_up_has_no_surge(self) -> None:
        found = measured("reconnect_surge", Scene(pulses=train(0.105, 0.19)).signal(), self.OPEN, self.CONNECTED)
        assert found.value < 2 * NOISE
        assert found.value + found.expanded_uncertainty < 5 * NOISE

    def test_a_device_that_had_ended_before_the_load_was_taken_off_has_shown_nothing(self) -> None:
        found = not_measured("reconnect_surge", Scene(pulses=train(0.105, 0.13)).signal(), self.OPEN, self.CONNECTED)
        assert "any more" in found.reason

    @pytest.mark.parametrize("size", [0.0, 0.05])
    def test_where_no_pulse_need_have_come_since_only_a_surge_that_did_come_counts(self, size: float) -> None:
        signal, stopped = self.surge(size, 1e-3), done(Action.STOP, 0.31)
        found = not_measured("reconnect_surge", signal, START, self.OPEN, self.CONNECTED, stopped)
        assert found.at_least == pytest.approx(max(size, 0.02), rel=0.05)

    def test_a_device_that_is_dead_has_shown_nothing(self) -> None:
        found = not_measured("reconnect_surge", Scene(pulses={}).signal(), self.OPEN, self.CONNECTED)
        assert found.reason == "no current flowed at all"

    def test_only_an_open_output_is_reconnected(self) -> None:
        changed = done(Action.LOAD, 0.2, detail="1 kohm")
        assert "open output" in not_measured("reconnect_surge", Scene(pulses=self.PULSES).signal(), changed).reason
        opened_at_first = measured("reconnect_surge", Scene(pulses=self.PULSES).signal(), changed, load="open")
        assert holds(opened_at_first, 0.02)

    @settings(max_examples=20, deadline=None)
    @given(st.floats(0.1, 10.0))
    def test_scaling_the_current_scales_the_surge(self, scale: float) -> None:
        events = (START, self.OPEN, self.CONNECTED)
        once = measured("reconnect_surge", self.surge(0.05, 1e-3), *events)
        scaled = measured("reconnect_surge", self.surge(0.05, 1e-3, scale=scale), *events)
        assert scaled.value == pytest.approx(scale * once.value, abs=6 * NOISE * (1 + scale))


class TestPowerUp:
    OFF, ON = done(Action.SUPPLY, 0.15, detail="off"), done(Action.SUPPLY, 0.25, detail="24 V")

    def test_noise_is_no_output(self) -> None:
        found = measured("power_up_output", Scene(pulses=train(0.105, 0.14)).signal(), START, self.OFF, self.ON)
        assert found.value < NOISE
        assert holds(found, 0.0)

    def test_a_blip_is_seen_even_before_the_supply_has_said_that_it_is_on(self) -> None:
        scene = Scene(pulses={**train(0.105, 0.14), 0.2495: 1e-3})
        assert holds(measured("power_up_output", scene.signal(), START, self.OFF, self.ON), 1e-3)

    def test_what_comes_after_the_next_start_is_meant(self) -> None:
        again = done(Action.START, 0.3)
        scene = Scene(pulses={**train(0.105, 0.14), **train(0.305, 0.35)})
        assert measured("power_up_output", scene.signal(), START, self.OFF, self.ON, again).value < NOISE

    def test_a_change_of_the_voltage_is_no_power_up(self) -> None:
        found = not_measured("power_up_output", Scene(pulses=train(0.105, 0.14)).signal(), START, self.ON)
        assert "neither switched on nor reset" in found.reason

    def test_of_a_running_device_a_reset_counts_once_it_is_confirmed(self) -> None:
        reset = done(Action.RESET, 0.205, width=0.01)
        stopped = Scene(pulses=train(0.105, 0.21))
        assert measured("power_up_output", stopped.signal(), START, reset).value < NOISE
        goes_on = Scene(pulses=train(0.105, 0.35))
        assert holds(measured("power_up_output", goes_on.signal(), START, reset), 0.02)

    def test_of_a_device_at_rest_a_reset_counts_from_its_begin(self) -> None:
        reset = done(Action.RESET, 0.3, width=0.01)
        blip = Scene(pulses={**train(0.105, 0.14), 0.297: 2e-3})
        assert holds(measured("power_up_output", blip.signal(), START, reset), 2e-3)


class TestShortCircuit:
    SHORT, BACK = done(Action.LOAD, 0.2, detail="short"), done(Action.LOAD, 0.25, detail="500 ohm")

    def scene(self, *sizes: float) -> Waveform:
        after = {0.265 + 0.02 * number: size for number, size in enumerate(sizes)}
        return Scene(pulses={**train(0.105, 0.199), **train(0.205, 0.25, size=0.03), **after}).signal()

    def test_it_ends_with_the_first_pulse_from_which_on_all_are_as_before(self) -> None:
        signal = self.scene(0.01, 0.019, 0.017, 0.0185, 0.02, 0.02, 0.02)
        assert holds(measured("short_circuit_recovery", signal, START, self.SHORT, self.BACK), 0.325 - 0.25)

    def test_a_device_that_stays_too_weak_has_a_least_time(self) -> None:
        weak = self.scene(*[0.01] * 6, 0.017)
        found = not_measured("short_circuit_recovery", weak, START, self.SHORT, self.BACK)
        assert found.at_least == pytest.approx(0.385 - 0.251, abs=1e-4)

    def test_so_has_one_that_stays_silent(self) -> None:
        found = not_measured("short_circuit_recovery", self.scene(), START, self.SHORT, self.BACK, STOP)
        assert found.at_least == pytest.approx(0.299 - 0.251, abs=1e-4)

    def test_a_device_that_falls_silent_again_has_not_recovered(self) -> None:
        silent = self.scene(0.02, 0.02)  # its last pulse begins at 0.285 s, the record ends at 0.4 s
        found = not_measured("short_circuit_recovery", silent, START, self.SHORT, self.BACK)
        assert found.at_least == pytest.approx(0.4 - 0.251, abs=1e-4)

    def test_a_gap_puts_the_recovery_off(self) -> None:
        pulses = {**train(0.105, 0.199), **train(0.255, 0.29), **train(0.335, 0.4)}
        found = measured("short_circuit_recovery", Scene(pulses=pulses).signal(), START, self.SHORT, self.BACK)
        assert holds(found, 0.335 - 0.25)

    def test_with_tops_at_the_border_it_is_uncertain_which_pulse_counts(self) -> None:
        sure = measured("short_circuit_recovery", self.scene(0.01, *[0.02] * 6), START, self.SHORT, self.BACK)
        border = measured("short_circuit_recovery", self.scene(0.01, 0.018, *[0.02] * 5), START, self.SHORT, self.BACK)
        assert border.expanded_uncertainty > 5 * sure.expanded_uncertainty
        assert border.expanded_uncertainty > 0.02

    def test_without_pulses_before_there_is_nothing_to_return_to(self) -> None:
        scene = Scene(pulses=train(0.265, 0.35)).signal()
        assert "before the short circuit" in not_measured("short_circuit_recovery", scene, self.SHORT, self.BACK).reason


EVERYTHING = (
    START,
    done(Action.MESSAGE, 0.12),
    done(Action.LOAD, 0.15, detail="short"),
    done(Action.LOAD, 0.17, detail="500 ohm"),
    done(Action.LOAD, 0.2, detail="open"),
    done(Action.LOAD, 0.22, detail="500 ohm"),
    done(Action.CUT, 0.26),
    done(Action.SUPPLY, 0.33, detail="off"),
    done(Action.SUPPLY, 0.36, detail="24 V"),
)
LONG = Scene(pulses={**train(0.105, 0.19), **train(0.225, 0.28)}, length=0.42)


@settings(max_examples=15, deadline=None)
@given(st.floats(-1e3, 1e3))
def test_shifting_time_changes_nothing(shift: float) -> None:
    signal = LONG.signal()
    moved = replace(signal, start=shift)
    later = [replace(one, begun=one.begun + shift, ended=one.ended + shift) for one in EVERYTHING]
    ours = measure_in_time(signal, known(), load="500 ohm", happenings=EVERYTHING)
    theirs = measure_in_time(moved, known(), load="500 ohm", happenings=later)
    for name, one in ours.items():
        other = theirs[name]
        if isinstance(one, Measurement):
            assert isinstance(other, Measurement), name
            assert other.value == pytest.approx(one.value, rel=1e-6, abs=1e-9), name
            assert other.expanded_uncertainty == pytest.approx(one.expanded_uncertainty, rel=1e-6), name
        else:
            assert isinstance(other, NotMeasured), name
    assert sum(isinstance(one, Measurement) for one in ours.values()) >= 5


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.0, 0.02), min_size=2, max_size=2), st.sampled_from(["latency", "stop_time"]))
def test_a_wider_span_of_a_command_never_shrinks_its_uncertainty(widths: list[float], name: str) -> None:
    scene = Scene(pulses=train(0.115, 0.335)).signal()
    found = [
        measured(name, scene, done(Action.START, 0.1, width=one), done(Action.STOP, 0.3, width=one))
        for one in sorted(widths)
    ]
    assert found[0].expanded_uncertainty <= found[1].expanded_uncertainty


def test_a_long_recording_is_measured_as_a_waveform_is() -> None:
    signal = LONG.signal()
    ours = measure_in_time(signal, known(), load="500 ohm", happenings=EVERYTHING)
    theirs = measure_in_time(Recording.of(signal), known(), load="500 ohm", happenings=EVERYTHING)
    assert ours == theirs


def test_without_a_zero_capture_the_instruments_offset_is_allowed_for() -> None:
    signal = Scene(pulses=train(0.105, 0.3)).signal()
    found = measure_in_time(signal, known(zero=False), load="500 ohm", happenings=[START, STOP])["latency"]
    assert isinstance(found, Measurement)
    assert holds(found, 5e-3)


def test_of_a_voltage_nothing_is_measured_in_time() -> None:
    volts = waveform(Scene(pulses=train(0.105, 0.3)).values(), interval=INTERVAL, unit=Unit.VOLT)
    told = replace(known(), path=path(unit=Unit.VOLT), zero=None)
    found = measure_in_time(volts, told, load="500 ohm", happenings=[START, STOP])
    assert all(isinstance(one, NotMeasured) and "current" in one.reason for one in found.values())


@pytest.mark.parametrize("name", IN_TIME)
def test_nothing_is_measured_of_what_is_not_known_to_have_been_done(name: str) -> None:
    signal = Scene(pulses=train(0.105, 0.3)).signal()
    assert isinstance(outcome(name, signal), NotMeasured)
    assert isinstance(outcome(name, signal, done(Action.MESSAGE, 0.2)), NotMeasured)


class TestTogetherWithTheOthers:
    def test_all_are_measured_at_once_where_it_is_known_what_was_done(self) -> None:
        told = {"path": path(noise=NOISE), "zero": None, "expected": STIMULUS, "load_resistance": 500.0}
        signal = Scene(pulses=train(0.105, 0.3)).signal()
        plain = measure(signal, **told, electrode_area=None, capture="c")  # type: ignore[arg-type] # one of each type
        both = measure(signal, **told, electrode_area=None, capture="c", load="500 ohm", happenings=[START, STOP])  # type: ignore[arg-type] # one of each type
        assert not set(plain.outcomes) & set(IN_TIME)
        assert set(both.outcomes) == set(plain.outcomes) | set(IN_TIME)
        assert both.measurement("latency") is not None
        assert both.outcomes["pulse_rate"] == plain.outcomes["pulse_rate"]

    def test_a_name_of_neither_catalogue_is_refused(self) -> None:
        signal = Scene(pulses=train(0.105, 0.3)).signal()
        with pytest.raises(AnalysisError, match="did you mean latency"):
            measure(
                signal,
                path=path(),
                zero=None,
                expected=None,
                load_resistance=None,
                electrode_area=None,
                capture="c",
                wanted=["latncy"],
            )


@pytest.mark.parametrize(("name", "least", "most"), [("latency", 0.93, 0.995), ("stop_time", 0.93, 0.995)])
def test_the_interval_holds_the_truth_as_often_as_it_says(name: str, least: float, most: float) -> None:
    """Errors drawn from what is stated: when the command took effect, the timebase, where samples lie, noise."""
    chance, held, trials = np.random.default_rng(20261122), 0, 300
    timebase = 2e-3  # large, so that it matters beside the command
    for trial in range(trials):
        width = 1e-3
        started, stopped = 0.1 + width * chance.uniform(-0.5, 0.5), 0.3 + width * chance.uniform(-0.5, 0.5)
        first = started + 5e-3
        last = stopped + 8e-3 - 2 * DURATION
        pulses = {first: 0.02, 0.2: 0.02, last: 0.02}
        error = 1 + timebase * chance.uniform(-1, 1)
        scene = Scene(pulses=pulses, stretch=error, shift=chance.uniform())
        told = known(timebase=timebase / math.sqrt(3))
        events = [done(Action.START, 0.1, width=width), done(Action.STOP, 0.3, width=width)]
        found = measure_in_time(scene.signal(seed=trial), told, load="500 ohm", happenings=events)[name]
        assert isinstance(found, Measurement)
        held += holds(found, {"latency": 5e-3, "stop_time": 8e-3}[name])
    assert least <= held / trials <= most


REST = Rest(level=0.0, offset=0.0, noise=0.1, analogue_noise=0.1, threshold=1.0)


def test_current_is_found_across_the_blocks_in_which_a_long_recording_is_read() -> None:
    samples = np.zeros(9_000_000, dtype=np.int16)
    samples[4_000_000:4_000_002] = 4
    samples[7_999_999:8_000_000] = -6
    recording = Recording.of(Waveform(samples=samples, interval=1.0, unit=Unit.AMPERE, source="s", start=10.0))
    begin, end, largest = first_flow(recording, REST), last_flow(recording, REST), largest_flow(recording, REST)
    assert begin is not None
    assert begin.time == pytest.approx(10.0 + 3_999_999 + 0.25)
    assert begin.doubt == pytest.approx(0.25)
    assert end is not None
    assert end.time == pytest.approx(10.0 + 7_999_999 + 5 / 6)
    assert (largest.size, largest.time) == (6.0, 10.0 + 7_999_999)


def test_there_is_no_current_where_nothing_exceeds_the_rest() -> None:
    recording = Recording.of(waveform(np.ones(100), interval=1.0))
    assert first_flow(recording, REST) is None
    assert last_flow(recording, REST) is None
