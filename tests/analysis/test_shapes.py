"""Shapes other than plain trains: what is said of each lies within its uncertainty, and nothing is counted wrongly."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rig.analysis import Analysis
from rig.analysis.idle import load_resistance
from rig.units import Unit
from tests.analysis.shapes import (
    Floats,
    Pulse,
    instants,
    interferential,
    noisy,
    passive,
    pulses,
    ramped,
    ringing,
    russian,
    sine,
    square,
)
from tests.analysis.synthetic import analysed, reason, value

QUIET = np.zeros(5000)
A = 0.02
WIDTH = 200e-6


def covers(analysis: Analysis, **truths: float) -> None:
    """Every value lies within its expanded uncertainty of the truth (and a part in 10⁹ for the arithmetic)."""
    for name, true in truths.items():
        found = value(analysis, name)
        allowed = found.expanded_uncertainty + 1e-9 * abs(true) + 1e-15
        assert abs(found.value - true) <= allowed, f"{name}: {found.value} ± {found.expanded_uncertainty}, not {true}"


def counts(analysis: Analysis, *, whole: int, phases: int, cut: int = 0) -> None:
    rows = analysis.pulses
    assert (sum(row.whole for row in rows), sum(not row.whole for row in rows)) == (whole, cut)
    assert {len(row.phases) for row in rows if row.whole} == ({phases} if whole else set())


# --- two phases that are not alike, and phases that nobody drives --------------------------------------------------


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("rest", [0.0, 50e-6])
def test_an_asymmetric_pulse_has_two_phases_of_equal_charge(sign: int, rest: float) -> None:
    train = [
        Pulse(start=5e-3 + k * 20.0003e-3, amplitude=sign * A, width=WIDTH, second=0.2, longer=5.0, rest=rest)
        for k in range(5)
    ]
    analysis = analysed(pulses(train, instants(0.1, 1e-6)), zero=QUIET)
    counts(analysis, whole=5, phases=2)
    assert value(analysis, "polarity").value == sign
    tops = value(analysis, "phase_top")
    assert [tops.minimum, tops.maximum] == pytest.approx([0.2 * A, A], rel=1e-3)
    charge = A * WIDTH
    for name in ("phase_charge_positive", "phase_charge_negative"):
        assert abs(value(analysis, name).value) == pytest.approx(charge, rel=3e-3)
    # An edge from one phase straight to the other is drawn by the samples with a corner at either end.
    covers(analysis, net_charge=0.0, net_charge_active=0.0, charge_imbalance=0.0)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("tau", [0.15e-3, 0.3e-3, 1e-3, 3e-3, 10e-3, 50e-3])
@pytest.mark.parametrize("noise", [0.0, 1e-4])
def test_passive_recovery_counts_in_the_net_charge_and_is_no_phase(sign: int, tau: float, noise: float) -> None:
    at = instants(0.1, 1e-6)
    clean = sign * passive(at, period=20.0003e-3, amplitude=A, width=WIDTH, tau=tau, delay=4e-3)
    zero = noisy(QUIET, noise, 9) if noise else QUIET
    analysis = analysed(noisy(clean, noise) if noise else clean, zero=zero, noise=noise)
    counts(analysis, whole=5, phases=1)
    charge = sign * A * WIDTH
    net = value(analysis, "net_charge")
    assert abs(net.value) <= 1.5 * net.expanded_uncertainty
    assert abs(net.value) < 0.02 * abs(charge)
    assert value(analysis, "net_charge_active").value == pytest.approx(charge, rel=0.02)
    assert abs(value(analysis, "charge_imbalance").value) < 0.02
    assert value(analysis, "phase_top").value == pytest.approx(A, rel=2e-3)
    assert abs(value(analysis, "dc_component").value) < 0.02 * A * WIDTH / 20e-3 + 3e-6


def test_a_driven_second_phase_that_droops_is_a_phase() -> None:
    at = instants(0.06, 1e-6)
    samples = np.zeros(len(at))
    for k in range(3):
        begin = 5000 + 20_000 * k
        samples[begin : begin + 300] = A
        samples[begin + 300 : begin + 600] = -A * np.linspace(1.0, 0.3, 300)
    counts(analysed(samples, zero=QUIET), whole=3, phases=2)


def test_a_small_long_second_phase_is_a_phase() -> None:
    at = instants(0.06, 1e-6)
    train = [
        Pulse(start=5e-3 + 20e-3 * k, amplitude=A, width=WIDTH, second=0.1, longer=10.0, rest=0.0) for k in range(3)
    ]
    counts(analysed(noisy(pulses(train, at), 2e-5), zero=QUIET), whole=3, phases=2)


def test_a_baseline_that_a_capacitor_shifts_is_no_offset() -> None:
    """Without a zero capture the level at rest would pass for zero, and 1 % of the amplitude would be lost."""
    samples = passive(instants(0.1, 1e-6), period=20e-3, amplitude=A, width=WIDTH, tau=50e-3, delay=4e-3)
    analysis = analysed(samples)
    assert "own zero" in analysis.baseline.source
    covers(analysis, phase_top=A)
    # The instrument's zero is only as good as its specified offset, 10 µA here, and that is carried.
    net = value(analysis, "net_charge")
    assert abs(net.value) <= net.expanded_uncertainty
    assert net.standard_uncertainty == pytest.approx(1e-5 * 20e-3, rel=0.1)


# --- bursts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("per_burst", [2, 3, 4])
@pytest.mark.parametrize("begin", [-6e-3, 3e-3, 30e-3])
def test_doublets_triplets_and_quadruplets(per_burst: int, begin: float) -> None:
    """Also where the record begins inside a burst: that burst is not measured as if it were whole."""
    step, period = 5e-3, 50.0003e-3
    train = [
        Pulse(start=begin + k * period + n * step, amplitude=A, width=WIDTH) for k in range(6) for n in range(per_burst)
    ]
    analysis = analysed(pulses(train, instants(0.3, 1e-6)), zero=QUIET)
    assert {len(row.phases) for row in analysis.pulses} == {2}
    found = value(analysis, "pulses_per_burst")
    assert (found.minimum, found.maximum) == (per_burst, per_burst)
    last = (per_burst - 1) * step + 2 * WIDTH + 100e-6
    rms = A * math.sqrt(per_burst * 2 * (WIDTH - 1e-6) / period)
    covers(
        analysis,
        pulse_rate=1 / step,
        burst_rate=1 / period,
        burst_duration=last,
        duty_cycle=last / period,
        off_time=period - last,
        on_time=last,
        rms_current=rms,
        average_current=A * 2 * per_burst * WIDTH / period,
        dc_component=0.0,
        missing_pulses=0,
        extra_pulses=0,
        period_jitter=0.0,
    )
    assert "periods of bursts" in value(analysis, "rms_current").window.description


def test_bursts_that_come_in_stretches() -> None:
    """Triplets ten times a second, 0.5 s on and 1 s off: bursts are bursts, and stretches are what is on."""
    starts = [0.3 + cycle * 1.5 + burst * 0.1 + n * 5e-3 for cycle in range(3) for burst in range(5) for n in range(3)]
    train = [Pulse(start=start, amplitude=A, width=WIDTH, second=0.0) for start in starts]
    analysis = analysed(pulses(train, instants(4.5, 5e-6), transition=20e-6), interval=5e-6, zero=QUIET)
    assert value(analysis, "pulses_per_burst").maximum == value(analysis, "pulses_per_burst").minimum == 3
    covers(
        analysis,
        burst_rate=10.0,
        burst_duration=10e-3 + WIDTH,
        duty_cycle=(10e-3 + WIDTH) * 10,
        on_time=0.4 + 10e-3 + WIDTH,
        off_time=1.1 - 10e-3 - WIDTH,
        pulse_rate=200.0,
        missing_pulses=0,
        dc_component=15 * A * WIDTH / 1.5,
    )


def test_missing_pulses_are_no_bursts_and_a_sweeping_rate_has_none() -> None:
    at = instants(1.0, 2e-6)
    steps = np.geomspace(5e-3, 50e-3, 40)
    sweep = [Pulse(start=5e-3 + float(t), amplitude=A, width=WIDTH) for t in np.cumsum(steps) if t < 0.98]
    analysis = analysed(pulses(sweep, at, transition=6e-6), interval=2e-6, zero=QUIET)
    counts(analysis, whole=len(sweep), phases=2)
    assert "whole bursts" in reason(analysis, "burst_rate")
    taken = np.diff([pulse.start for pulse in sweep])
    covers(analysis, pulse_rate=1 / float(taken.mean()))
    assert value(analysis, "pulse_rate").maximum == pytest.approx(1 / float(taken.min()), rel=1e-3)
    assert value(analysis, "period_jitter_peak_to_peak").value == pytest.approx(float(np.ptp(taken)), rel=1e-3)


# --- ramps and modulation -------------------------------------------------------------------------------------------


def _ramps(up: float, hold: float, down: float, *, rate: float = 50.0, cycle: float = 2.0) -> Floats:
    count = int((up + hold + down) * rate) + 1
    train = [
        Pulse(start=0.2 + c * cycle + start, amplitude=amplitude, width=WIDTH)
        for c in range(2)
        for start, amplitude in ramped(count, 1 / rate, up, hold, down, A)
        if amplitude
    ]
    return pulses(train, instants(0.2 + 2 * cycle, 5e-6), transition=20e-6)


@pytest.mark.parametrize(("up", "down"), [(0.3, 0.3), (0.5, 0.2), (0.12, 0.6)])
def test_ramps_of_on_and_off_cycles(up: float, down: float) -> None:
    analysis = analysed(_ramps(up, 0.4, down), interval=5e-6, zero=QUIET)
    counts(analysis, whole=len(analysis.pulses), phases=2)
    covers(analysis, ramp_up_time=0.8 * up, ramp_down_time=0.8 * down, amplitude_modulation=0.0, burst_rate=0.5)
    assert value(analysis, "ramp_up_time").n == 2
    assert value(analysis, "ramp_up_time").expanded_uncertainty < 0.012
    linear = value(analysis, "ramp_linearity")
    assert linear.value <= linear.expanded_uncertainty + 1e-6
    assert linear.n in {3, 4}
    assert "timebase" in {line.name for line in value(analysis, "ramp_up_time").components}


def test_a_bent_ramp_is_seen_to_be_bent() -> None:
    starts = np.arange(60) / 50
    amplitudes = A * np.where(starts < 0.6, (starts / 0.6) ** 2, 1.0)
    train = [
        Pulse(start=0.2 + float(t), amplitude=float(a), width=WIDTH)
        for t, a in zip(starts, amplitudes, strict=True)
        if a > 0
    ]
    analysis = analysed(pulses(train, instants(1.6, 5e-6), transition=20e-6), interval=5e-6, zero=QUIET)
    inside = (amplitudes >= 0.1 * A) & (amplitudes <= 0.9 * A)
    line = np.polyval(np.polyfit(starts[inside], amplitudes[inside], 1), starts[inside])
    covers(
        analysis,
        ramp_linearity=float(np.abs(amplitudes[inside] - line).max()) / A,
        ramp_up_time=0.6 * (math.sqrt(0.9) - math.sqrt(0.1)),
    )
    assert "does not ramp" in reason(analysis, "ramp_down_time")


def test_ramps_in_noise() -> None:
    for seed in range(5):
        samples = noisy(_ramps(0.4, 0.4, 0.4), 2e-4, seed)
        analysis = analysed(samples, interval=5e-6, zero=noisy(QUIET, 2e-4, 77), noise=2e-4)
        covers(analysis, ramp_up_time=0.32, ramp_down_time=0.32, amplitude_modulation=0.0, width_range=0.0)
        assert value(analysis, "ramp_linearity").value < 0.01


def test_a_plain_train_has_no_ramp_no_carrier_and_no_beat() -> None:
    train = [Pulse(start=0.05 + k * 20e-3, amplitude=A, width=WIDTH) for k in range(10)]
    analysis = analysed(pulses(train, instants(0.3, 1e-6)), zero=QUIET)
    for name in ("ramp_up_time", "ramp_down_time", "ramp_linearity"):
        assert "does not ramp" in reason(analysis, name)
    for name in ("carrier_frequency", "beat_frequency"):
        assert "no carrier" in reason(analysis, name)
    covers(analysis, amplitude_modulation=0.0, width_range=0.0)
    cut = analysed(pulses(train, instants(0.3, 1e-6))[52_000:200_000], zero=QUIET)
    assert "no rest of the record" in reason(cut, "ramp_up_time")


@pytest.mark.parametrize("depth", [0.1, 0.5, 0.8])
def test_modulated_amplitudes(depth: float) -> None:
    tops = A * (1 + depth * np.sin(2 * np.pi * np.arange(80) / 20))
    train = [Pulse(start=0.05 + k * 10e-3, amplitude=float(top), width=WIDTH) for k, top in enumerate(tops)]
    analysis = analysed(pulses(train, instants(0.9, 2e-6), transition=6e-6), interval=2e-6, zero=QUIET)
    counts(analysis, whole=80, phases=2)
    covers(analysis, amplitude_modulation=depth, width_range=0.0, pulse_rate=100.0)
    assert value(analysis, "phase_top").maximum == pytest.approx((1 + depth) * A, rel=1e-3)
    assert value(analysis, "phase_top").minimum == pytest.approx((1 - depth) * A, rel=1e-3)
    expected = "comes and goes" if depth > 0.1 else ""
    assert expected in reason(analysis, "ramp_up_time")


def test_modulated_widths() -> None:
    widths = WIDTH * (1 + 0.5 * np.sin(2 * np.pi * np.arange(40) / 20))
    train = [Pulse(start=0.05 + k * 10.0003e-3, amplitude=A, width=float(w)) for k, w in enumerate(widths)]
    analysis = analysed(pulses(train, instants(0.5, 1e-6)), zero=QUIET)
    counts(analysis, whole=40, phases=2)
    covers(
        analysis,
        width_range=float(np.ptp(widths)),
        amplitude_modulation=0.0,
        phase_duration=float(widths.mean()),
        net_charge=0.0,
    )


# --- alternating currents -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shift", [0.0, -5e-3, -2.1e-3, -13.3e-3])
@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_russian_current(shift: float, noise: float) -> None:
    """2.5 kHz in bursts of 10 ms, 50 times a second: 25 cycles a burst, wherever the record begins."""
    amplitude = 0.05
    clean = russian(instants(0.25, 1e-6, 0.3e-6) + shift, amplitude=amplitude)
    zero = noisy(np.zeros(100_000), noise, 6) if noise else QUIET
    analysis = analysed(noisy(clean, noise) if noise else clean, zero=zero, noise=noise)
    found = value(analysis, "pulses_per_burst")
    assert (found.minimum, found.maximum) == (25, 25)
    assert (value(analysis, "phase_count").minimum, value(analysis, "phase_count").maximum) == (2, 2)
    assert value(analysis, "polarity").minimum == 1
    covers(
        analysis,
        carrier_frequency=2500.0,
        pulse_rate=2500.0,
        burst_rate=50.0,
        missing_pulses=0,
        extra_pulses=0,
        rms_current=0.5 * amplitude,
        dc_component=0.0,
    )
    assert value(analysis, "burst_duration").value == pytest.approx(10e-3, rel=1e-3)
    assert value(analysis, "duty_cycle").value == pytest.approx(0.5, rel=1e-3)
    assert value(analysis, "max_phase_charge").value == pytest.approx(amplitude / (math.pi * 2500), rel=0.01)
    assert "see burst_rate" in reason(analysis, "beat_frequency")


@pytest.mark.parametrize("duty", [0.7, 0.9])
def test_a_carrier_that_rests_seldom(duty: float) -> None:
    """Its own swing passes for noise at a glance; rest is found between the bursts all the same."""
    on = 20e-3 * duty
    samples = russian(instants(0.25, 1e-6) - 5e-3, amplitude=0.05, on=on, off=20e-3 - on)
    analysis = analysed(samples, zero=QUIET)
    assert (
        value(analysis, "pulses_per_burst").maximum == value(analysis, "pulses_per_burst").minimum == round(on * 2500)
    )
    covers(analysis, carrier_frequency=2500.0, burst_rate=50.0, rms_current=0.05 * math.sqrt(duty / 2))
    assert value(analysis, "duty_cycle").value == pytest.approx(duty, rel=1e-3)


@pytest.mark.parametrize("noise", [0.0, 1e-3, 3.5e-3])
def test_interferential_current(noise: float) -> None:
    amplitude = 0.05
    at = instants(0.2, 1e-6, 0.3e-6)
    clean = interferential(at, amplitude=amplitude)
    zero = noisy(np.zeros(100_000), noise, 6) if noise else QUIET
    analysis = analysed(noisy(clean, noise) if noise else clean, zero=zero, noise=noise)
    assert not analysis.pulses
    covers(analysis, carrier_frequency=4050.0, beat_frequency=100.0, amplitude_modulation=1.0, dc_component=0.0)
    rms = value(analysis, "rms_current")
    assert rms.value == pytest.approx(0.5 * amplitude, rel=1e-3)
    assert "19 whole beats" in rms.window.description
    assert value(analysis, "average_current").value == pytest.approx(amplitude * (2 / math.pi) ** 2, rel=0.01)
    assert "never rests" in reason(analysis, "phase_charge")
    assert " kHz" in reason(analysis, "phase_count")


@pytest.mark.parametrize("frequency", [50.0, 2500.0, 4000.0, 97_000.0])
@pytest.mark.parametrize("with_zero", [True, False])
def test_a_continuous_sine(frequency: float, with_zero: bool) -> None:
    amplitude = 0.05
    samples = sine(instants(0.2, 1e-6, 0.3e-6), amplitude=amplitude, frequency=frequency)
    analysis = analysed(samples, zero=QUIET if with_zero else None)
    assert not analysis.pulses
    covers(analysis, carrier_frequency=frequency, dc_component=0.0, rms_current=amplitude / math.sqrt(2))
    covers(analysis, ac_rms=amplitude / math.sqrt(2))
    assert value(analysis, "average_current").value == pytest.approx(2 / math.pi * amplitude, rel=5e-3)
    modulation = value(analysis, "amplitude_modulation")
    assert modulation.value <= modulation.expanded_uncertainty + 1e-6
    assert "whole cycles" in value(analysis, "rms_current").window.description
    assert "does not come and go" in reason(analysis, "beat_frequency")
    assert "never rests" in reason(analysis, "pulse_rate")


def test_a_sine_that_rides_on_a_direct_current() -> None:
    samples = sine(instants(0.2, 1e-6), amplitude=0.01, frequency=2500.0, offset=0.03)
    analysis = analysed(noisy(samples, 1e-5), zero=noisy(QUIET, 1e-5, 5), noise=1e-5)
    assert not analysis.pulses
    covers(
        analysis,
        carrier_frequency=2500.0,
        dc_component=0.03,
        ac_rms=0.01 / math.sqrt(2),
        average_current=0.03,
        rms_current=math.hypot(0.03, 0.01 / math.sqrt(2)),
    )


def test_a_square_wave_without_rest_is_no_train_of_pulses_of_twice_its_size() -> None:
    samples = square(instants(0.1, 1e-6, 0.3e-6), amplitude=A, frequency=100.0)
    for zero in (QUIET, None):
        analysis = analysed(samples, zero=zero)
        assert not analysis.pulses
        covers(analysis, carrier_frequency=100.0, dc_component=0.0)
        assert value(analysis, "rms_current").value == pytest.approx(A, rel=1e-3)


@pytest.mark.parametrize("with_zero", [True, False])
def test_a_direct_current(with_zero: bool) -> None:
    samples = noisy(np.full(1_200_000, A), 1e-5)
    zero = noisy(QUIET, 1e-5, 5)
    analysis = analysed(samples, zero=zero if with_zero else None, electrode_area=1e-3, noise=1e-5)
    assert not analysis.pulses
    covers(analysis, dc_component=A, rms_current=A, average_current=A, rms_1s=A, power_density=A**2 * 500 / 1e-3)
    assert value(analysis, "ac_rms").value <= value(analysis, "ac_rms").expanded_uncertainty + 2e-6
    assert "whole record" in value(analysis, "dc_component").window.description
    assert "no pulse found" in reason(analysis, "carrier_frequency")
    assert with_zero or "own zero" in analysis.baseline.source


def test_a_continuous_voltage_has_a_peak_and_a_carrier() -> None:
    samples = sine(instants(0.1, 1e-6), amplitude=12.0, frequency=4000.0)
    analysis = analysed(samples, zero=QUIET, unit=Unit.VOLT)
    assert value(analysis, "peak_output_voltage").value == pytest.approx(12.0, rel=1e-3)
    covers(analysis, carrier_frequency=4000.0)


def test_noise_that_wanders_is_no_alternating_current() -> None:
    walk = np.cumsum(np.random.default_rng(4).normal(0.0, 1e-6, 300_000))
    slow = np.convolve(np.random.default_rng(5).normal(0.0, 1e-3, 300_000), np.ones(50) / 50, mode="same")
    for samples in (walk - walk.mean(), slow):
        analysis = analysed(samples, zero=QUIET)
        assert "never rests" not in reason(analysis, "carrier_frequency")


# --- edges, ringing, noise, the record's edges, channels -----------------------------------------------------------


@pytest.mark.parametrize("damping", [0.05, 0.15, 0.4])
@pytest.mark.parametrize("sign", [1, -1])
def test_ringing_adds_no_phase(damping: float, sign: int) -> None:
    at = instants(0.1, 1e-6)
    train = [Pulse(start=5e-3 + k * 20e-3, amplitude=sign * A, width=500e-6, rest=300e-6) for k in range(5)]
    analysis = analysed(ringing(pulses(train, at), 1e-6, frequency=50e3, damping=damping), zero=QUIET)
    counts(analysis, whole=5, phases=2)
    assert value(analysis, "phase_top").value == pytest.approx(A, rel=0.01)
    assert value(analysis, "phase_duration").value == pytest.approx(500e-6, rel=0.01)
    assert value(analysis, "phase_charge").value == pytest.approx(A * 500e-6, rel=0.02)
    covers(analysis, net_charge=0.0)
    overshoot = math.exp(-math.pi * damping / math.sqrt(1 - damping**2))
    assert value(analysis, "overshoot").value == pytest.approx(overshoot, abs=0.1)


@pytest.mark.parametrize("transition", [20e-6, 100e-6, 250e-6])
def test_slow_edges(transition: float) -> None:
    at = instants(0.1, 1e-6)
    train = [Pulse(start=5e-3 + k * 20.0003e-3, amplitude=A, width=300e-6, rest=400e-6) for k in range(5)]
    analysis = analysed(pulses(train, at, transition=transition), zero=QUIET)
    counts(analysis, whole=5, phases=2)
    covers(analysis, net_charge=0.0, phase_charge=A * 300e-6, phase_count=2, pulse_rate=1 / 20.0003e-3)
    assert value(analysis, "phase_duration").value == pytest.approx(300e-6, rel=0.01)
    if transition < 200e-6:
        assert value(analysis, "rise_time").value == pytest.approx(0.8 * transition, rel=0.05)


@pytest.mark.parametrize("phases", [1, 2])
@pytest.mark.parametrize("seed", range(4))
def test_noise_of_a_tenth_of_the_amplitude(phases: int, seed: int) -> None:
    """20 dB: no pulse is lost, none is split, and charges, rates and tops lie within what is stated."""
    noise = 0.1 * A
    at = instants(0.4, 1e-6)
    train = [Pulse(start=5e-3 + k * 20.0003e-3, amplitude=A, width=300e-6, second=float(phases - 1)) for k in range(19)]
    samples = noisy(pulses(train, at), noise, seed)
    analysis = analysed(samples, zero=noisy(np.zeros(100_000), noise, 1000 + seed), noise=noise)
    counts(analysis, whole=19, phases=phases)
    for name, true in {
        "phase_top": A,
        "phase_charge": A * 300e-6,
        "phase_duration": 300e-6,
        "pulse_rate": 1 / 20.0003e-3,
        "net_charge_active": 0.0 if phases == 2 else A * 300e-6,
        "amplitude_modulation": 0.0,
        "missing_pulses": 0.0,
        "extra_pulses": 0.0,
    }.items():
        found = value(analysis, name)
        # Some dozens of values are looked at here, so one in twenty may lie beyond 95 %.
        assert abs(found.value - true) <= 1.7 * found.expanded_uncertainty + 1e-12, name


@pytest.mark.parametrize("edge", [0.0, 50e-6, 250e-6, 350e-6, 550e-6])
def test_pulses_that_the_edges_cut_are_never_whole(edge: float) -> None:
    """The record begins inside one pulse and ends inside another, at any place of either."""
    train = [Pulse(start=k * 20e-3, amplitude=A, width=250e-6) for k in range(5)]
    at = instants(0.08, 1e-6, edge)
    analysis = analysed(pulses(train, at), zero=QUIET)
    assert all(len(row.phases) == 2 for row in analysis.pulses if row.whole)
    assert sum(row.whole for row in analysis.pulses) == 3
    covers(analysis, phase_charge=A * 250e-6, net_charge=0.0)


def test_a_load_is_verified_whatever_the_skew_between_channels() -> None:
    train = [Pulse(start=5e-3 + k * 20e-3, amplitude=A, width=WIDTH) for k in range(5)]
    at = instants(0.1, 1e-6)
    current = analysed(noisy(pulses(train, at), 1e-5), zero=QUIET)
    for skew in (0.0, 3.3e-6, 250e-6):
        volts = noisy(500 * pulses(train, at - skew), 5e-3, 2)
        voltage = analysed(volts, zero=QUIET, unit=Unit.VOLT)
        ohms, u = load_resistance(value(voltage, "phase_top"), value(current, "phase_top"))
        assert abs(ohms - 500) <= 2 * u + 0.05
