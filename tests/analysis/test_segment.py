"""Finding phases and pulses where they are hard to tell apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.analysis.prepare import Known, prepare
from rig.analysis.segment import find_runs, group_pulses, quiet_level
from rig.analysis.trace import Trace, ragged
from tests.analysis.synthetic import Train, analysed, path, value, waveform

QUIET = np.zeros(1000)


def test_phases_that_touch_are_split_where_the_current_turns() -> None:
    at = np.arange(20_000)
    samples = np.interp(at, [0, 5000, 5003, 5300, 5306, 5600, 5603, 20_000], [0, 0, 1, 1, -1, -1, 0, 0]) * 0.02
    analysis = analysed(samples, zero=QUIET)
    [row] = analysis.pulses
    assert [phase.sign for phase in row.phases] == [1, -1]
    charges = [phase.charge or 0.0 for phase in row.phases]
    assert charges[0] == pytest.approx(0.02 * (297 + 1.5 + 1.5) * 1e-6, rel=1e-6)
    assert charges[1] == pytest.approx(-0.02 * (294 + 1.5 + 1.5) * 1e-6, rel=1e-6)
    assert value(analysis, "interphase_interval").value == pytest.approx(3e-6, abs=1e-9)


@pytest.mark.parametrize("known", [True, False])
def test_widths_may_be_modulated(known: bool) -> None:
    samples = np.zeros(100_000)
    widths = [30, 60, 90, 120, 150, 120, 90, 60, 30]
    for number, width in enumerate(widths):
        begin = 5000 + number * 10_000
        samples[begin : begin + width] = -0.05
        samples[begin + 500 : begin + 500 + width] = 0.05
    expected = Train(period=10e-3, duration=30e-6, interphase=470e-6, sign=-1).stimulus() if known else None
    analysis = analysed(samples, zero=QUIET, expected=expected)
    assert len(analysis.pulses) == len(widths)
    found = [round((row.phases[0].duration or 0) * 1e6) for row in analysis.pulses]
    assert found == widths


def test_small_pulses_beside_large_ones_are_found() -> None:
    samples = np.zeros(60_000)
    for number, level in enumerate((0.02, 0.002, 0.02)):
        samples[5000 + number * 20_000 : 5300 + number * 20_000] = level
    tops = [row.phases[0].top for row in analysed(samples, zero=QUIET).pulses]
    assert tops == pytest.approx([0.02, 0.002, 0.02])


@settings(max_examples=30)
@given(noise=st.floats(0.0, 1e-3), seed=st.integers(0, 100), sign=st.sampled_from([1, -1]))
def test_noise_adds_and_hides_no_pulse(noise: float, seed: int, sign: int) -> None:
    train = Train(period=4e-3, pulses=3, delay=2e-3, tail=4e-3, sign=sign, transition=5e-6)
    rows = analysed(train.sampled(noise=noise, seed=seed), zero=QUIET).pulses
    assert [(row.whole, len(row.phases), row.phases[0].sign) for row in rows] == [(True, 2, sign)] * 3


@settings(max_examples=30)
@given(samples=st.lists(st.sampled_from([0.0, 1.0, -1.0, 0.4]), min_size=8, max_size=80))
def test_any_short_record_is_analysed_without_a_crash(samples: list[float]) -> None:
    analysis = analysed(np.array(samples), zero=np.zeros(16), expected=Train().stimulus(), electrode_area=1e-3)
    assert analysis.statistics.samples == len(samples)
    assert all(row.start is not None for row in analysis.pulses)


def test_the_quiet_level_is_looked_for_at_zero_first() -> None:
    # Current flows most of the time: the median is no rest then.
    mostly_on = np.where(np.arange(10_000) % 1000 < 800, 1.0, 0.0)
    assert quiet_level(mostly_on, zero=0.0, floor=1e-6).level == 0.0
    assert quiet_level(mostly_on, zero=None, floor=1e-6).level == 1.0
    assert quiet_level(np.full(100, 2.0), zero=0.0, floor=1e-6).level == 2.0


def test_a_lone_pair_is_one_pulse_if_near() -> None:
    quiet = quiet_level(np.zeros(100), zero=None, floor=1e-6)
    for rest, pulses in ((500, 1), (9000, 2)):
        samples = np.zeros(20_000)
        samples[1000:1100] = 1.0
        samples[1100 + rest : 1200 + rest] = -1.0
        runs = find_runs(samples, quiet)
        assert len(group_pulses(runs, samples=len(samples), interval=1e-6, expected=None)) == pulses


def test_spikes_of_one_sample_count_if_they_are_large() -> None:
    quiet = quiet_level(np.zeros(100), zero=None, floor=1e-6)
    samples = np.zeros(5000)
    samples[1000:1100] = 1.0
    samples[3000] = 0.2
    samples[4000] = 0.5
    assert list(find_runs(samples, quiet).first) == [1000, 4000]


def test_a_slow_tail_that_wavers_about_the_threshold_is_no_phase() -> None:
    at = np.arange(20_000)
    samples = np.where((at > 1000) & (at < 1300), 1.0, 0.0) - np.where(
        at >= 1300, 0.06 * np.exp(-(at - 1300) / 3000), 0
    )
    rows = analysed(_noisy(samples), zero=QUIET).pulses
    assert [len(row.phases) for row in rows] == [1]


def _noisy(
    samples: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(samples + np.random.default_rng(2).normal(0.0, 3e-3, len(samples)))


def test_the_passive_recovery_of_a_monophasic_pulse_counts_in_the_net_charge() -> None:
    samples = np.zeros(100_000)
    recovery = -0.02 * 300 / 2000 * np.exp(-np.arange(19_000) / 2000)
    for number in range(4):
        begin = 5000 + number * 20_000
        samples[begin : begin + 300] = 0.02
        samples[begin + 300 : begin + 300 + len(recovery)] = recovery
    analysis = analysed(samples, zero=QUIET)
    assert value(analysis, "net_charge").value == pytest.approx(0.0, abs=1e-8)
    assert abs(value(analysis, "charge_imbalance").value) < 0.01


def test_integrals_between_fractional_positions_are_those_of_straight_lines() -> None:
    samples = np.array([0.0, 2.0, 4.0, 0.0, 0.0])
    trace = Trace(deviation=samples, interval=0.5, start=0.0, level=0.0, pedestal=1.0)
    begin, end = np.array([0.5]), np.array([2.5])
    # 1→2→4→2 over half-samples, plus the pedestal of 1 over two samples
    assert trace.integral(begin, end)[0] == pytest.approx(0.5 * (0.75 + 3.0 + 1.5) + 1.0)
    assert float(trace.integral(np.array([0.0]), np.array([4.0]))[0]) == pytest.approx(0.5 * 6.0 + 2.0)


def test_ragged_lists_every_stretch() -> None:
    index, group, offset = ragged(np.array([2, 10]), np.array([4, 13]))
    assert index.tolist() == [2, 3, 10, 11, 12]
    assert group.tolist() == [0, 0, 1, 1, 1]
    assert offset.tolist() == [0, 2]


def test_a_long_train_is_measured_quickly_enough_to_be_used_live() -> None:
    train = Train(period=10e-3, pulses=100, tail=10e-3)
    rows = analysed(train.sampled(), zero=QUIET, expected=replace(train.stimulus(), train=1.0)).pulses
    assert len(rows) == 100


@settings(max_examples=30, deadline=None)
@given(between=st.floats(-0.5, 0.5), noise=st.floats(0.45, 3.0), seed=st.integers(0, 99))
def test_the_level_at_rest_lies_where_it_is_and_not_at_the_nearest_code(
    between: float, noise: float, seed: int
) -> None:
    codes = np.rint(np.random.default_rng(seed).normal(17 + between, noise, 20_000))
    codes[5000:6000] += 80
    codes[6000:7000] -= 80
    assert quiet_level(codes, zero=None, floor=1.0).level == pytest.approx(17 + between, abs=0.08)


@pytest.mark.parametrize("between", [-0.45, -0.35, 0.35, 0.45])
def test_codes_between_which_a_signal_rests_do_not_lengthen_the_phases_of_one_direction(between: float) -> None:
    # 76 codes from rest to top, as an oscilloscope of 8 bits shows a pulse; its noise is half a code.
    train = Train(pulses=40, period=5.0003e-3)
    code = train.amplitude / 76
    codes = np.rint(train.sampled(0.5e-6, noise=0.5 * code) / code + between)
    known = Known(
        path=path(noise=0.5 * code, resolution=code),
        zero=None,
        expected=None,
        load_resistance=None,
        electrode_area=None,
        capture="test",
    )
    record = prepare(waveform(code * codes, interval=0.5e-6), known)
    durations = (record.phases.stop - record.phases.start) * record.interval
    # Noise and rounding leave some 6 ns in this mean; half a code at rest would make 40 ns of difference.
    assert abs(float(np.mean(durations[::2] - durations[1::2]))) < 20e-9
