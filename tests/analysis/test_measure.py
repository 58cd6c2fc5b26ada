"""What the analysis says of trains whose truth is known, and of records that hold nothing to measure."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import trapezoid

from rig.analysis import CATALOGUE, Level, measure
from rig.errors import AnalysisError
from rig.model.measurement import Measurement, NotMeasured
from rig.units import Unit
from tests.analysis.synthetic import Train, analysed, path, reason, value, waveform

QUIET = np.zeros(1000)

trains = st.builds(
    Train,
    amplitude=st.floats(1e-3, 0.1),
    duration=st.floats(50e-6, 500e-6),
    interphase=st.floats(10e-6, 200e-6),
    transition=st.sampled_from([0.1e-6, 1e-6, 2e-6, 3e-6, 5e-6]),
    period=st.floats(3e-3, 6e-3),
    pulses=st.integers(1, 3),
    delay=st.just(2e-3),
    tail=st.just(7e-3),
    sign=st.sampled_from([1, -1]),
    phases=st.sampled_from([1, 2]),
)
shifts = st.floats(0.0, 1e-6)


@settings(max_examples=50)
@given(train=trains, shift=shifts, seed=st.integers(0, 1000), noise=st.sampled_from([0.0, 1e-5]))
def test_a_known_train_is_recovered_within_its_stated_uncertainty(
    train: Train, shift: float, seed: int, noise: float
) -> None:
    # Of some thousand values under test, three in a thousand lie beyond three standard uncertainties by chance alone.
    k = 5 if noise else 3
    analysis = analysed(
        train.sampled(shift=shift, noise=noise, seed=seed), zero=QUIET, expected=train.stimulus(), noise=noise
    )
    net = 0.0 if train.phases == 2 else train.sign * train.charge
    truth = {
        "phase_duration": train.duration,
        "phase_top": train.amplitude,
        "phase_mean": train.amplitude,
        "phase_charge": train.charge,
        "max_phase_charge": train.charge,
        "net_charge_active": net,
        "net_charge": net,
        "charge_imbalance": 0.0 if train.phases == 2 else float(train.sign),
        "polarity": train.sign,
        "phase_count": train.phases,
        "droop": 0.0,
        "pulse_width": train.duration if train.phases == 1 else 2 * train.duration + train.interphase,
        "pulse_energy": 500 * train.phases * train.amplitude**2 * (train.duration - train.transition / 3),
    }
    if train.phases == 2:
        truth["interphase_interval"] = train.interphase
    for name, true in truth.items():
        found = value(analysis, name)
        allowed = k * found.standard_uncertainty + 1e-9 * abs(true) + 1e-15
        assert found.value == pytest.approx(true, abs=allowed), name
        assert abs(found.minimum - true) <= 1.5 * found.expanded_single + allowed, name
        assert abs(found.maximum - true) <= 1.5 * found.expanded_single + allowed, name
    assert value(analysis, "phase_charge").n == train.pulses * train.phases


@settings(max_examples=25)
@given(train=trains.filter(lambda train: train.pulses > 1), shift=shifts)
def test_records_of_known_trains_are_recovered_within_their_uncertainty(train: Train, shift: float) -> None:
    analysis = analysed(train.sampled(shift=shift), zero=QUIET)
    per_period = train.phases * (train.duration - train.transition / 3) / train.period
    rms = train.amplitude * math.sqrt(per_period)
    dc = 0.0 if train.phases == 2 else train.sign * train.charge / train.period
    truth = {
        "rms_current": rms,
        "dc_component": dc,
        "ac_rms": math.sqrt(rms**2 - dc**2),
        "average_current": train.phases * train.charge / train.period,
        "pulse_rate": 1 / train.period,
        "period_jitter_peak_to_peak": 0.0,
        "missing_pulses": 0.0,
        "extra_pulses": 0.0,
    }
    if train.pulses == 2:
        del truth["period_jitter_peak_to_peak"]
    for name, true in truth.items():
        found = value(analysis, name)
        assert found.value == pytest.approx(true, abs=3 * found.standard_uncertainty + 1e-9 * abs(true)), name


@settings(max_examples=15)
@given(train=trains, factor=st.floats(0.1, 10.0))
def test_scaling_the_current_scales_charge_and_no_time(train: Train, factor: float) -> None:
    samples = train.sampled()
    one, other = analysed(samples, zero=QUIET), analysed(factor * samples, zero=QUIET)
    for name in ("phase_charge", "net_charge_active", "phase_top", "phase_mean", "max_phase_charge"):
        a, b = value(one, name), value(other, name)
        assert b.value == pytest.approx(factor * a.value, rel=1e-9, abs=1e-15)
    for name in ("phase_duration", "pulse_width", "droop", "overshoot"):
        assert value(other, name).value == pytest.approx(value(one, name).value, rel=1e-9, abs=1e-12)


@settings(max_examples=15)
@given(train=trains, start=st.floats(-10.0, 10.0))
def test_shifting_time_changes_nothing_but_the_window(train: Train, start: float) -> None:
    samples = train.sampled()
    one, other = analysed(samples), analysed(samples, start=start)
    for name, outcome in one.outcomes.items():
        moved = other.outcomes[name]
        if isinstance(outcome, NotMeasured):
            assert moved == outcome
        else:
            assert isinstance(moved, Measurement)
            assert (moved.value, moved.standard_uncertainty, moved.n) == (
                outcome.value,
                outcome.standard_uncertainty,
                outcome.n,
            )
            assert moved.window.start == pytest.approx(outcome.window.start + start, abs=1e-9)


@settings(max_examples=15)
@given(train=trains, noise=st.sampled_from([0.0, 2e-5]))
def test_reversing_polarity_reverses_sign_and_nothing_else(train: Train, noise: float) -> None:
    samples = train.sampled(noise=noise)
    one, other = analysed(samples, zero=QUIET), analysed(-samples, zero=QUIET)
    pairs = {"phase_charge_positive": "phase_charge_negative", "phase_charge_negative": "phase_charge_positive"}
    for name, entry in CATALOGUE.items():
        a, b = one.outcomes[name], other.outcomes[pairs.get(name, name)]
        if isinstance(a, NotMeasured):
            assert isinstance(b, NotMeasured)
            continue
        assert isinstance(b, Measurement)
        sign = -1 if entry.signed and name not in {"droop", "shannon_k"} else 1
        assert b.value == pytest.approx(sign * a.value, rel=1e-9, abs=1e-14), name
        assert b.standard_uncertainty == pytest.approx(a.standard_uncertainty, rel=1e-9), name


@settings(max_examples=15)
@given(train=trains, noise=st.sampled_from([0.0, 2e-5]), pedestal=st.floats(-1e-4, 1e-4))
def test_phases_add_up_to_the_whole(train: Train, noise: float, pedestal: float) -> None:
    analysis = analysed(train.sampled(noise=noise, offset=pedestal), zero=QUIET)
    for row, net in zip(analysis.pulses, _active(analysis.pulses), strict=True):
        assert len(row.phases) == train.phases
        assert net == pytest.approx(sum(phase.charge or 0.0 for phase in row.phases), abs=1e-18)
    found = value(analysis, "net_charge_active")
    assert found.value == pytest.approx(float(np.mean(_active(analysis.pulses))), rel=1e-9, abs=1e-16)


def _active(rows: tuple[object, ...]) -> list[float]:
    return [sum(phase.charge for phase in row.phases) for row in rows]  # type: ignore[attr-defined] # PulseRow


@settings(max_examples=20)
@given(train=trains, shift=shifts)
def test_the_input_is_unchanged(train: Train, shift: float) -> None:
    samples = train.sampled(shift=shift, noise=1e-5)
    before = samples.copy()
    analysed(samples, zero=samples[:1000])
    assert np.array_equal(samples, before)


def test_net_charge_agrees_with_an_independent_integral() -> None:
    train = Train(second=0.9, pulses=3)
    samples = train.sampled(noise=1e-5, offset=3e-5)
    zero = np.full(5000, 3e-5)
    analysis = analysed(samples, zero=zero)
    row = analysis.pulses[1]
    begin, stop = (round(at.start / 1e-6) for at in analysis.pulses[1:3])
    assert row.net_charge == pytest.approx(float(trapezoid(samples[begin : stop + 1] - 3e-5, dx=1e-6)), rel=1e-9)
    energy = 500 * float(trapezoid((samples[begin : begin + 720] - 3e-5) ** 2, dx=1e-6))
    assert row.energy == pytest.approx(energy, rel=1e-3)


@pytest.mark.parametrize(
    ("amplitude", "duration", "period", "phases", "name", "expected"),
    [
        (0.1, 1.6e-3, 10e-3, 1, "rms_current", 40e-3),  # 50 V, duty 0.16, 500 ohm
        (0.4, 2e-3, 50e-3, 1, "pulse_energy", 160e-3),  # 200 V, 2 ms
        (1.0, 600e-6, 50e-3, 1, "pulse_energy", 300e-3),  # 500 V, 600 us
        (0.04, 200e-6, 20e-3, 1, "phase_charge", 8e-6),  # 20 V, 200 us
        (0.1, 400e-6, 1 / 120, 2, "rms_current", 30.98e-3),
        (0.126, 500e-6, 25e-3, 2, "phase_charge", 63e-6),
        (0.126, 500e-6, 25e-3, 2, "rms_current", 25.2e-3),
    ],
)
def test_published_arithmetic(
    amplitude: float, duration: float, period: float, phases: int, name: str, expected: float
) -> None:
    train = Train(
        amplitude=amplitude, duration=duration, period=period, phases=phases, pulses=4, interphase=0.0, transition=0.0
    )
    samples = train.sampled(shift=0.5e-6)
    assert value(analysed(samples, zero=QUIET), name).value == pytest.approx(expected, rel=1e-3)


def test_densities() -> None:
    # 50 mA rms into 500 ohm needs 25 cm² for 2 mA/cm² and 5 cm² for 0.25 W/cm².
    train = Train(amplitude=0.5, duration=100e-6, period=10e-3, pulses=120, phases=1, transition=0.0)
    samples = train.sampled(interval=2e-6, shift=1e-6)
    wide = analysed(samples, interval=2e-6, zero=QUIET, electrode_area=25e-4)
    assert value(wide, "rms_1s").value == pytest.approx(50e-3, rel=1e-3)
    assert value(wide, "current_density_rms").value == pytest.approx(20.0, rel=1e-3)
    assert value(wide, "phase_charge_density").value == pytest.approx(50e-6 / 25e-4, rel=1e-3)
    assert value(wide, "shannon_k").value == pytest.approx(math.log10(50.0 * 2.0), abs=1e-3)
    narrow = analysed(samples, interval=2e-6, zero=QUIET, electrode_area=5e-4)
    assert value(narrow, "power_density").value == pytest.approx(2500.0, rel=2e-3)
    assert "shorter" in reason(narrow, "rms_5s")


def test_worst_second_is_found_wherever_it_lies() -> None:
    samples = np.zeros(300_000)
    samples[150_000:240_000:1000] = 0.1
    samples[150_001:240_000:1000] = 0.1
    analysis = analysed(samples, interval=1e-5, zero=np.full(1000, -1e-3))
    squares = np.concatenate(([0.0], np.cumsum((samples + 1e-3) ** 2)))
    worst = float(np.max(squares[100_000:] - squares[:-100_000])) / 100_000
    assert value(analysis, "rms_1s").value == pytest.approx(math.sqrt(worst), rel=1e-3)


NOTHING = {
    "constant": np.full(20_000, 0.3),
    "all zero": np.zeros(20_000),
    "noise only": np.random.default_rng(3).normal(0.0, 1e-4, 200_000),
    "one code of toggling": np.tile([0.0, 1e-9], 10_000),
}


@pytest.mark.parametrize("name", NOTHING)
def test_a_record_without_pulses_gives_reasons_and_no_numbers(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        analysis = analysed(NOTHING[name], zero=np.zeros(100), expected=Train().stimulus(), electrode_area=1e-3)
    assert not analysis.pulses
    for measurand, entry in CATALOGUE.items():
        if entry.level is not Level.RECORD:
            assert reason(analysis, measurand)
    assert "no pulse found" in reason(analysis, "phase_charge")
    # What needs no pulse is measured all the same: a device that is stuck on shows here.
    dc = value(analysis, "dc_component")
    assert dc.value == pytest.approx(float(NOTHING[name].mean()), abs=3 * dc.standard_uncertainty)
    assert "no whole period" in dc.window.description


def test_a_pulse_longer_than_the_record() -> None:
    train = Train(duration=0.1, pulses=1, delay=-0.01, tail=0.05, phases=1)
    analysis = analysed(train.sampled(), zero=QUIET)
    assert "cut every pulse" in reason(analysis, "phase_duration") or "no pulse" in reason(analysis, "phase_duration")
    assert value(analysis, "dc_component").value == pytest.approx(train.amplitude, rel=1e-3)


def test_one_pulse() -> None:
    train = Train(pulses=1)
    analysis = analysed(train.sampled(), zero=QUIET)
    assert value(analysis, "phase_charge").n == 2
    assert "fewer than two pulses" in reason(analysis, "pulse_rate")
    assert "fewer than two pulses" in reason(analysis, "missing_pulses")
    assert "fewer than three" in reason(analysis, "period_jitter")
    assert value(analysis, "net_charge").value == pytest.approx(
        0.0, abs=value(analysis, "net_charge").expanded_uncertainty
    )
    assert "no whole period" in value(analysis, "rms_current").window.description


def test_wrong_polarity_is_measured_not_hidden() -> None:
    analysis = analysed(Train(sign=-1, phases=1).sampled(), expected=Train(phases=1).stimulus())
    assert value(analysis, "polarity").maximum == -1
    assert "no whole positive phase" in reason(analysis, "phase_charge_positive")
    assert value(analysis, "phase_charge_negative").value < 0


def test_pulses_at_the_edges_are_counted_and_excluded() -> None:
    train = Train(pulses=5, delay=-100e-6, tail=200e-6)
    analysis = analysed(train.sampled(), zero=QUIET)
    assert [row.whole for row in analysis.pulses] == [False, True, True, True, False]
    assert value(analysis, "phase_charge").n == 6
    assert value(analysis, "phase_charge").std < 1e-12
    cut = analysis.pulses[0]
    assert cut.net_charge is None
    assert cut.phases[0].duration is None
    assert cut.phases[0].charge is None


def test_a_second_phase_alone_at_the_edge_is_no_whole_pulse() -> None:
    train = Train(pulses=4, delay=-350e-6, tail=350e-6)
    rows = analysed(train.sampled(), zero=QUIET).pulses
    assert [(row.whole, len(row.phases)) for row in rows] == [(False, 1), (True, 2), (True, 2), (False, 1)]
    rows = analysed(train.sampled(), zero=QUIET, expected=train.stimulus()).pulses
    assert [row.whole for row in rows] == [False, True, True, False]


def test_polarity_may_change_in_the_middle_of_a_record() -> None:
    first = Train(pulses=3, tail=19e-3)
    samples = np.concatenate((first.sampled(), replace(first, sign=-1).sampled()))
    analysis = analysed(samples, zero=QUIET)
    assert [row.phases[0].sign for row in analysis.pulses] == [1, 1, 1, -1, -1, -1]
    assert value(analysis, "phase_count").minimum == 2
    assert (value(analysis, "polarity").minimum, value(analysis, "polarity").maximum) == (-1, 1)


def test_monophasic_pulses_of_alternating_direction_are_pulses_of_one_phase() -> None:
    one = Train(pulses=1, phases=1, delay=5e-3, tail=5e-3)
    samples = np.concatenate([replace(one, sign=sign).sampled() for sign in (1, -1, 1, -1)])
    assert value(analysed(samples, zero=QUIET), "phase_count").maximum == 1


@pytest.mark.parametrize("expected", [False, True])
def test_missing_and_extra_pulses(expected: bool) -> None:
    train = Train(pulses=12, tail=40e-3, delay=40e-3)
    set_ = train.stimulus() if expected else None
    assert value(analysed(replace(train, skip=(4, 8)).sampled(), expected=set_), "missing_pulses").value == 2
    with_extra = analysed(replace(train, extra=(5e-3, 93e-3)).sampled(), expected=set_)
    assert value(with_extra, "extra_pulses").value == 2
    assert value(with_extra, "missing_pulses").value == 0
    whole = analysed(train.sampled(), expected=set_)
    assert (value(whole, "missing_pulses").value, value(whole, "extra_pulses").value) == (0, 0)


def test_every_second_pulse_missing_shows_against_the_stimulus() -> None:
    train = Train(pulses=12, tail=40e-3, delay=40e-3, skip=(1, 3, 5, 7, 9, 11))
    assert value(analysed(train.sampled(), expected=train.stimulus()), "missing_pulses").value >= 5


def test_a_train_that_ends_early_lacks_pulses() -> None:
    train = Train(pulses=6, tail=150e-3, delay=40e-3)
    set_ = replace(train.stimulus(), train=10 * train.period)
    assert value(analysed(train.sampled(), expected=set_), "missing_pulses").value == 3


def test_bursts() -> None:
    starts = [burst * 0.5 + number * 0.01 for burst in range(4) for number in range(10)]
    train = Train(pulses=1, skip=(0,), extra=tuple(starts), phases=1, delay=0.05, tail=1.9, duration=200e-6)
    analysis = analysed(train.sampled(interval=5e-6), interval=5e-6, zero=QUIET)
    assert value(analysis, "pulses_per_burst").value == 10
    assert value(analysis, "burst_rate").value == pytest.approx(2.0, rel=1e-4)
    assert value(analysis, "burst_duration").value == pytest.approx(0.0902, rel=1e-4)
    assert value(analysis, "duty_cycle").value == pytest.approx(0.1804, rel=1e-4)
    assert value(analysis, "off_time").value == pytest.approx(0.4098, rel=1e-4)
    assert value(analysis, "on_time").value == value(analysis, "burst_duration").value
    assert value(analysis, "pulse_rate").value == pytest.approx(100.0, rel=1e-4)
    # net charge of a burst's last pulse takes one period, not the rest between bursts
    assert value(analysis, "net_charge").std < 1e-11


def test_a_direct_current_under_the_pulses_is_seen_against_the_zero_capture() -> None:
    train = Train(pulses=5)
    leak = 2e-3
    analysis = analysed(train.sampled(offset=leak, noise=1e-5), zero=QUIET, expected=train.stimulus())
    assert value(analysis, "dc_component").value == pytest.approx(leak, rel=1e-2)
    assert value(analysis, "net_charge").value == pytest.approx(leak * train.period, rel=1e-2)
    assert value(analysis, "phase_duration").value == pytest.approx(train.duration, rel=1e-3)
    tops = value(analysis, "phase_top")
    assert tops.minimum == pytest.approx(train.amplitude - leak, rel=1e-2)
    assert tops.maximum == pytest.approx(train.amplitude + leak, rel=1e-2)


def test_without_zero_capture_the_absolute_offset_is_carried() -> None:
    train = Train(pulses=5)
    bare, with_zero = analysed(train.sampled(noise=1e-6)), analysed(train.sampled(noise=1e-6), zero=QUIET)
    assert not bare.baseline.is_zero_capture
    assert "own quiet parts" in bare.baseline.source
    for name in ("net_charge", "charge_imbalance", "dc_component"):
        assert value(bare, name).standard_uncertainty > 10 * value(with_zero, name).standard_uncertainty
        lines = {line.name for line in value(bare, name).components}
        assert "offset without zero capture" in lines
    assert value(bare, "net_charge").standard_uncertainty == pytest.approx(1e-5 * train.period, rel=0.05)
    assert value(bare, "phase_charge").standard_uncertainty < 1e-3 * train.charge


def test_droop_overshoot_and_edges() -> None:
    at = np.arange(40_000) * 1e-6
    sag = np.where((at > 0.010) & (at < 0.011), 0.02 * (1 - 0.2 * (at - 0.010) / 0.001), 0.0)
    sag[10_001:10_006] += 0.002
    analysis = analysed(sag, zero=QUIET)
    assert value(analysis, "droop").value == pytest.approx(0.2, abs=0.01)
    assert value(analysis, "overshoot").value > 0
    edges = analysed(Train(transition=20e-6).sampled(), zero=QUIET)
    for name in ("rise_time", "fall_time"):
        found = value(edges, name)
        assert found.value == pytest.approx(16e-6, abs=found.expanded_uncertainty)


def test_a_phase_that_decays_and_an_undershoot_are_one_phase() -> None:
    at = np.arange(30_000) * 1e-6
    pulse = np.where((at >= 0.005) & (at < 0.0053), 0.02, 0.0)
    pulse[5300:] = 0.02 * np.exp(-(at[5300:] - 0.0053) / 30e-6)
    pulse[5300:5303] = 0.02 * np.array([0.9, 0.6, 0.5])
    rows = analysed(pulse, zero=QUIET).pulses
    assert [len(row.phases) for row in rows] == [1]
    ringing = np.where((at >= 0.005) & (at < 0.0053), 0.02, 0.0)
    ringing[5300:5310] = -0.004
    rows = analysed(ringing, zero=QUIET).pulses
    assert [len(row.phases) for row in rows] == [1]
    assert rows[0].phases[0].charge == pytest.approx(6e-6 - 4e-8, rel=0.01)


def test_a_voltage_signal_gives_peaks_and_times_and_refuses_charges() -> None:
    train = Train(amplitude=10.0)
    analysis = analysed(train.sampled(), unit=Unit.VOLT, zero=QUIET)
    assert value(analysis, "peak_output_voltage").value == pytest.approx(10.0, rel=1e-6)
    assert value(analysis, "phase_top").unit is Unit.VOLT
    assert "current signal" in reason(analysis, "phase_charge")
    assert "voltage signal" in reason(analysed(train.sampled()), "peak_output_voltage")
    assert analysis.pulses[0].net_charge is None


def test_what_is_not_known_is_said() -> None:
    analysis = analysed(Train().sampled(), load_resistance=math.inf)
    assert "resistance of the load" in reason(analysis, "pulse_energy")
    assert "electrode" in reason(analysis, "current_density_rms")
    assert "electrode" in reason(analysis, "shannon_k")
    assert "shorter" in reason(analysis, "power_density")
    assert "output off" in reason(analysis, "idle_current")
    assert analysis.measurement("pulse_energy") is None
    assert analysis.measurement("phase_charge") is not None


def test_only_what_is_wanted_is_evaluated_and_unknown_names_are_refused() -> None:
    signal = waveform(Train().sampled())
    kept = {"path": path(), "zero": None, "expected": None, "load_resistance": None, "electrode_area": None}
    found = measure(signal, capture="c", wanted=["phase_top", "polarity"], **kept)  # type: ignore[arg-type] # mixed values
    assert set(found.outcomes) == {"phase_top", "polarity"}
    with pytest.raises(AnalysisError, match="did you mean phase_top"):
        measure(signal, capture="c", wanted=["phase_tops"], **kept)  # type: ignore[arg-type] # mixed values
    with pytest.raises(AnalysisError, match="not a measurand"):
        measure(signal, capture="c", wanted=["zzz"], **kept)  # type: ignore[arg-type] # mixed values


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.array([]), "0 samples"),
        (np.array([1.0, 2.0]), "2 samples"),
        (np.array([0.0] * 50 + [math.nan] * 50), "not numbers"),
        (np.array([0.0] * 50 + [math.inf] * 50), "not numbers"),
        (np.array([0.0] * 50 + [1e200] * 50), "not numbers"),
    ],
)
def test_unusable_samples_are_refused_by_name(
    samples: np.ndarray[tuple[int], np.dtype[np.float64]], message: str
) -> None:
    with pytest.raises(AnalysisError, match=message):
        analysed(samples)


def test_units_that_do_not_fit_are_refused() -> None:
    kept = {"zero": None, "expected": None, "load_resistance": None, "electrode_area": None, "capture": "c"}
    with pytest.raises(AnalysisError, match="correct it first"):
        measure(waveform(QUIET, unit=Unit.VOLT), path=path(), **kept)  # type: ignore[arg-type] # mixed values
    with pytest.raises(AnalysisError, match="current or a voltage"):
        measure(waveform(QUIET, unit=Unit.KELVIN), path=path(unit=Unit.KELVIN), **kept)  # type: ignore[arg-type] # mixed


def test_statistics_are_those_of_numpy() -> None:
    samples = Train().sampled(noise=1e-4, offset=0.01)
    found = analysed(samples).statistics
    assert found.mean == pytest.approx(float(samples.mean()), rel=1e-12)
    assert found.standard_deviation == pytest.approx(float(samples.std()), rel=1e-9)
    assert found.minimum == pytest.approx(float(samples.min()))
    assert found.maximum == pytest.approx(float(samples.max()))
    assert found.samples == len(samples)
    assert found.duration == pytest.approx(len(samples) * 1e-6)


def test_integer_codes_and_their_values_give_the_same_answer() -> None:
    train = Train()
    codes = np.round(train.sampled(noise=1e-5) / 1e-6).astype(np.int32)
    signal = replace(waveform(codes.astype(np.float64)), samples=codes, gain=1e-6)
    kept = {"path": path(), "zero": None, "expected": None, "load_resistance": None, "electrode_area": None}
    raw = measure(signal, capture="c", **kept)  # type: ignore[arg-type] # mixed values
    plain = analysed(codes.astype(np.float64) * 1e-6)
    assert value(raw, "phase_charge").value == pytest.approx(value(plain, "phase_charge").value, rel=1e-9)
