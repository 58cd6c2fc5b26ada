"""The streaming analysis held against that of whole records, and against itself for every way of cutting a stream."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rig.analysis import Analysis, measure
from rig.analysis.prepare import Known, prepare
from rig.analysis.record import Record
from rig.analysis.stream import Levels, Spread, StreamAnalysis, analyse_stream, levels_from
from rig.analysis.stream.feed import Feed
from rig.errors import AnalysisError
from rig.model.measurement import Measurement, NotMeasured
from rig.model.waveform import Waveform
from rig.units import Unit
from tests.analysis.synthetic import Train, path

INTERVAL = 1e-6
Codes = NDArray[Any]


def coded(train: Train, *, gain: float = 1e-6, noise: float = 0.0, seed: int = 1, shift: float = 0.0) -> Codes:
    values = train.sampled(INTERVAL, noise=noise, seed=seed, shift=shift)
    return np.asarray(np.rint(values / gain), dtype=np.int16)


def stream(
    codes: Codes | Sequence[Codes], *, gain: float = 1e-6, offset: float = 0.0, interval: float = INTERVAL,
    levels: Levels | None = None, **more: Any,
) -> StreamAnalysis:  # fmt: skip
    chunks = [codes] if isinstance(codes, np.ndarray) else codes
    if levels is None:
        levels = levels_from(np.concatenate(chunks))
    return analyse_stream(chunks, gain=gain, offset=offset, interval=interval, levels=levels, **more)


def cut(codes: Codes, at: Sequence[int]) -> Iterator[Codes]:
    yield from np.split(codes, sorted(at))


def bits(value: Any) -> Any:
    """Everything in a result, down to the last bit: arrays as bytes, numbers as they are written in hexadecimal."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, float):
        return value.hex()
    if hasattr(value, "__dataclass_fields__"):
        return {field.name: bits(getattr(value, field.name)) for field in fields(value)}
    if hasattr(value, "items"):
        return {name: bits(part) for name, part in value.items()}
    return value


# --- agreement with the analysis of whole records --------------------------------------------------------------------

TRAINS = {
    "biphasic": Train(pulses=60),
    "negative first, no interphase interval": Train(pulses=60, sign=-1, interphase=0.0),
    "monophasic": Train(pulses=60, phases=1),
    "asymmetric, slow edges": Train(pulses=60, second=0.9, transition=12e-6),
    "cut by both edges": Train(pulses=60, delay=100e-6, tail=450e-6),
    "missing pulses": Train(pulses=60, skip=(10, 11, 40)),
}
GAIN, OFFSET, REST, START = 1e-6, 2e-4, 1.3e-4, -0.01


def waveform(codes: Codes) -> Waveform:
    return Waveform(
        samples=codes, interval=INTERVAL, unit=Unit.AMPERE, source="s", gain=GAIN, offset=OFFSET, start=START
    )


def captured(train: Train, *, zero_level: float) -> tuple[Codes, Codes]:
    """Codes of a train and of its zero capture, whose level differs from that at which the train rests."""
    values = train.sampled(INTERVAL, noise=3e-6, offset=REST)
    noise = np.random.default_rng(5).normal(0.0, 3.0, 20_000)
    zero = np.rint((REST + zero_level - OFFSET) / GAIN + noise)
    return np.rint((values - OFFSET) / GAIN).astype(np.int16), zero.astype(np.int16)


def both(train: Train, *, zero_level: float) -> tuple[Analysis, StreamAnalysis]:
    codes, zero = captured(train, zero_level=zero_level)
    whole = measure(
        waveform(codes),
        path=path(resolution=GAIN),
        zero=waveform(zero),
        expected=None,
        load_resistance=500.0,
        electrode_area=None,
        capture="c",
    )
    return whole, stream(codes, gain=GAIN, offset=OFFSET, levels=levels_from(codes, zero=zero), start=START)


def prepared(train: Train, *, zero_level: float) -> tuple[Record, StreamAnalysis]:
    codes, zero = captured(train, zero_level=zero_level)
    known = Known(
        path=path(resolution=GAIN),
        zero=waveform(zero),
        expected=None,
        load_resistance=500.0,
        electrode_area=None,
        capture="c",
    )
    record = prepare(waveform(codes), known)
    return record, stream(codes, gain=GAIN, offset=OFFSET, levels=levels_from(codes, zero=zero), start=START)


def measurement(analysis: Analysis, name: str) -> Measurement | None:
    outcome = analysis.outcomes[name]
    assert isinstance(outcome, Measurement | NotMeasured)
    return outcome if isinstance(outcome, Measurement) else None


def same(one: Codes, other: Codes, *, scale: float) -> bool:
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=1e-9, atol=1e-9 * scale, equal_nan=True))


@pytest.mark.parametrize("name", TRAINS)
def test_every_phase_is_that_of_the_whole_record(name: str) -> None:
    record, streamed = prepared(TRAINS[name], zero_level=5e-6)
    phases, found, trace = record.phases, streamed.phases, record.trace
    assert len(found) == len(phases) >= 57
    assert same(found.sign, phases.sign, scale=0)
    assert same(found.start, trace.times(phases.start), scale=1)
    assert same(found.duration, (phases.stop - phases.start) * INTERVAL, scale=1e-4)
    assert same(found.top, record.true_top, scale=0.02)
    assert same(found.peak, record.true_peak, scale=0.02)
    assert same(found.rise, phases.rise * INTERVAL, scale=1e-6)
    assert same(found.fall, phases.fall * INTERVAL, scale=1e-6)
    assert same(found.charge, record.phase_integral, scale=6e-6)
    assert same(found.square, trace.integral_of_square(phases.begin, phases.end), scale=1e-7)
    assert same(found.droop, _droop(record), scale=1e-3)


def _droop(record: Record) -> NDArray[np.float64]:
    """What the straight line through the plateau loses from 50 % to 50 %, of where it begins."""
    phases = record.phases
    lost = -phases.slope * (phases.stop - phases.start)
    middle = phases.middle + phases.sign * record.trace.pedestal
    return np.asarray(lost / (middle + 0.5 * lost))


@pytest.mark.parametrize("name", TRAINS)
def test_every_pulse_is_that_of_the_whole_record(name: str) -> None:
    record, streamed = prepared(TRAINS[name], zero_level=5e-6)
    phases, pulses, found, trace = record.phases, record.pulses, streamed.pulses, record.trace
    first, last = pulses.first, pulses.stop - 1
    assert np.array_equal(found.whole, pulses.whole)
    assert np.array_equal(found.phases, pulses.stop - pulses.first)
    assert same(found.width, (phases.stop[last] - phases.start[first]) * INTERVAL, scale=1e-3)
    assert same(found.square, trace.integral_of_square(record.pulse_begin, record.pulse_end), scale=1e-7)
    assert same(found.net_charge_active, np.add.reduceat(record.phase_integral, first), scale=6e-6)
    rests = (record.pulse_begin[1:] - record.pulse_end[:-1]) * INTERVAL
    assert same(found.gap, np.append(rests, np.nan), scale=1e-2)
    following = trace.integral(record.pulse_begin[:-1], record.pulse_begin[1:])
    assert same(found.net_charge, np.append(following, np.nan), scale=6e-6)


@pytest.mark.parametrize("name", TRAINS)
def test_the_record_figures_are_those_of_the_whole_record(name: str) -> None:
    record, streamed = prepared(TRAINS[name], zero_level=5e-6)
    trace, found = record.trace, streamed.record
    starts = record.pulse_begin[~np.isnan(record.phases.start[record.pulses.first])]
    begin, end = starts[:1], starts[-1:]
    length = float((end - begin)[0]) * INTERVAL
    dc = float(trace.integral(begin, end)[0]) / length
    square = float(trace.integral_of_square(begin, end)[0]) / length
    assert found.whole_periods
    assert (found.begin, found.end) == pytest.approx((trace.time(begin[0]), trace.time(end[0])), abs=1e-9)
    assert found.dc == pytest.approx(dc, rel=1e-9, abs=1e-13)
    assert found.rms == pytest.approx(math.sqrt(square), rel=1e-9)
    assert found.ac_rms == pytest.approx(math.sqrt(square - dc**2), rel=1e-9)
    values = record.sampled.deviation + trace.level
    assert found.samples == len(values)
    assert found.mean == pytest.approx(float(values.mean()), rel=1e-9)
    assert found.standard_deviation == pytest.approx(float(values.std()), rel=1e-9)
    assert (found.minimum, found.maximum) == pytest.approx((float(values.min()), float(values.max())), rel=1e-9)
    assert found.extreme == pytest.approx(float(np.abs(record.sampled.deviation + trace.pedestal).max()), rel=1e-9)


@pytest.mark.parametrize("name", TRAINS)
def test_measurands_are_those_of_the_whole_record(name: str) -> None:
    whole, streamed = both(TRAINS[name], zero_level=5e-6)
    for measurand in ("phase_charge", "pulse_width", "net_charge_active"):
        expected, found = measurement(whole, measurand), streamed.spreads[measurand]
        assert expected is not None
        scale = 1e-9 * (abs(expected.maximum) + abs(expected.minimum))
        assert found.n == expected.n
        assert found.mean == pytest.approx(expected.value, rel=1e-9, abs=scale)
        assert found.minimum == pytest.approx(expected.minimum, rel=1e-9, abs=scale)
        assert found.maximum == pytest.approx(expected.maximum, rel=1e-9, abs=scale)
    rate, dc = measurement(whole, "pulse_rate"), measurement(whole, "dc_component")
    assert rate is not None
    assert dc is not None
    assert streamed.pulse_rate == pytest.approx(rate.value, rel=1e-12)
    assert streamed.record.dc == pytest.approx(dc.value, rel=1e-9, abs=1e-13)


@pytest.mark.parametrize("name", TRAINS)
def test_net_charge_of_every_pulse_that_has_a_successor(name: str) -> None:
    whole, streamed = both(TRAINS[name], zero_level=5e-6)
    rows = [row for row in whole.pulses if row.whole]
    found = streamed.pulses.net_charge[streamed.pulses.whole]
    periods = streamed.pulses.period[streamed.pulses.whole]
    compared = 0
    for row, net, period in zip(rows, found, periods, strict=True):
        # A whole record takes one period where more time passes until the next pulse.
        if row.net_charge is not None and math.isfinite(net) and period < 25e-3:
            assert net == pytest.approx(row.net_charge, rel=1e-9, abs=1e-16)
            compared += 1
    assert compared >= 50


@pytest.mark.parametrize("name", TRAINS)
def test_pulses_that_the_edges_cut_are_counted_and_left_out(name: str) -> None:
    whole, streamed = both(TRAINS[name], zero_level=0.0)
    assert [bool(flag) for flag in streamed.pulses.whole] == [row.whole for row in whole.pulses]
    assert streamed.whole == sum(row.whole for row in whole.pulses)
    assert streamed.whole + streamed.cut == len(streamed.pulses) == len(whole.pulses)
    assert list(streamed.pulses.phases) == [len(row.phases) for row in whole.pulses]
    assert [int(sign) for sign in streamed.phases.sign] == [phase.sign for row in whole.pulses for phase in row.phases]


def test_the_worst_second_is_found_to_its_step_and_bounded() -> None:
    record, streamed = prepared(Train(pulses=70), zero_level=5e-6)
    squares = np.cumsum((record.sampled.deviation + record.trace.pedestal) ** 2)
    exact = math.sqrt(float((squares[1_000_000:] - squares[:-1_000_000]).max()) / 1e6)
    found = streamed.record.sliding["rms_1s"]
    assert found.duration == pytest.approx(1.0)
    assert found.rms <= exact * (1 + 1e-12)
    assert exact <= found.bound * (1 + 1e-12)
    assert found.rms == pytest.approx(exact, rel=1e-5)
    assert found.bound == pytest.approx(exact, rel=2e-2)
    assert "rms_5s" not in streamed.record.sliding


def test_sliding_windows_are_exact_where_the_step_is_a_sample() -> None:
    rng = np.random.default_rng(3)
    codes = rng.integers(-1000, 1000, 5000).astype(np.int16)
    levels = Levels(quiet=0.0, noise=1.0, threshold=30000.0, baseline=12.5)
    found = stream(codes, gain=2.0, interval=1e-3, levels=levels).record.sliding["rms_1s"]
    squares = np.concatenate(([0.0], np.cumsum((codes - 12.5) ** 2)))
    worst = 2.0 * math.sqrt(float((squares[1000:] - squares[:-1000]).max()) / 1000)
    assert found.rms == pytest.approx(worst, rel=1e-12)
    assert found.bound == pytest.approx(worst, rel=1e-12)
    assert found.step == 1e-3


# --- the same bits, however the stream is cut ------------------------------------------------------------------------


@st.composite
def signals(draw: st.DrawFn) -> Codes:
    """Whatever may come: trains, noise around the threshold, slow waves, steps, spikes, rails."""
    pieces = []
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    for _ in range(draw(st.integers(1, 6))):
        length = draw(st.integers(1, 1500))
        kind = draw(st.sampled_from(["quiet", "level", "noise", "wave", "spikes", "tail", "rail"]))
        height = draw(st.sampled_from([-32768, -3000, -500, 140, 600, 5000, 32767]))
        place = np.arange(length)
        piece = {
            "quiet": np.zeros(length),
            "level": np.full(length, 0.5 * height),
            "noise": rng.normal(0.0, 60.0, length),
            "wave": 0.9 * height * np.sin(place / draw(st.floats(0.5, 80.0))),
            "spikes": height * (rng.random(length) < 0.03),
            "tail": height * np.exp(-place / draw(st.floats(1.0, 900.0))),
            "rail": np.full(length, height),
        }[kind]
        pieces.append(piece + rng.normal(0.0, draw(st.sampled_from([0.0, 3.0])), length))
    return np.clip(np.rint(np.concatenate(pieces)), -32768, 32767).astype(np.int16)


LEVELS = Levels(quiet=0.3, noise=3.0, threshold=100.0, baseline=-1.7)


@settings(max_examples=60, deadline=None)
@given(codes=signals(), data=st.data(), longest=st.sampled_from([64, 200, 1 << 14]), batch=st.sampled_from([16, 1000]))
def test_not_a_bit_depends_on_where_the_stream_is_cut(
    codes: Codes, data: st.DataObject, longest: int, batch: int
) -> None:
    more: dict[str, Any] = {"levels": LEVELS, "longest": longest, "batch": batch, "lead": 100, "rails": (-32768, 32767)}
    whole = bits(stream(codes, **more))
    at = data.draw(st.lists(st.integers(0, len(codes)), max_size=40))
    assert bits(stream(list(cut(codes, at)), **more)) == whole


@settings(max_examples=5, deadline=None)
@given(codes=signals())
def test_single_samples_give_the_same_bits(codes: Codes) -> None:
    more: dict[str, Any] = {"levels": LEVELS, "longest": 200, "batch": 16}
    assert bits(stream([codes[k : k + 1] for k in range(len(codes))], **more)) == bits(stream(codes, **more))


def test_a_second_of_a_train_gives_the_same_bits_in_chunks_of_any_prime_length() -> None:
    codes = coded(Train(pulses=52), noise=3e-6)
    whole = bits(stream(codes))
    levels = levels_from(codes)
    for length in (17, 509, 4093, 131_071):
        chunks = [codes[k : k + length] for k in range(0, len(codes), length)]
        assert bits(stream(chunks, levels=levels)) == whole


# --- laws ------------------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(codes=signals())
def test_phases_and_sums_agree_with_plain_arithmetic(codes: Codes) -> None:
    found = stream(codes, gain=1.0, interval=1.0, levels=LEVELS, rails=(-32768, 32767))
    assert found.record.samples == len(codes)
    exact = codes.astype(np.int64)
    assert found.record.mean == pytest.approx(int(exact.sum()) / len(codes), rel=1e-12, abs=1e-12)
    assert found.record.standard_deviation == pytest.approx(float(codes.std(dtype=np.float64)), rel=1e-9, abs=1e-6)
    assert (found.record.minimum, found.record.maximum) == (int(codes.min()), int(codes.max()))
    assert found.record.at_low_rail == int((codes == -32768).sum())
    assert found.record.at_high_rail == int((codes == 32767).sum())
    # A phase is beyond the threshold, which lies 100 codes from the quiet level, and that 2 from the baseline.
    assert (found.phases.peak >= 98.0).all()
    assert found.whole + found.cut == len(found.pulses)


@settings(max_examples=15, deadline=None)
@given(codes=signals())
def test_the_negative_of_a_stream_has_negative_charges(codes: Codes) -> None:
    codes = np.maximum(codes, -32767)
    levels = Levels(quiet=0.0, noise=3.0, threshold=100.0, baseline=0.0)
    one, other = stream(codes, levels=levels), stream(np.negative(codes), levels=levels)
    mirrored = stream(codes, levels=levels, gain=-1e-6)
    assert np.array_equal(one.phases.sign, -other.phases.sign)
    assert np.array_equal(one.phases.charge, -other.phases.charge)
    assert np.array_equal(other.phases.charge, mirrored.phases.charge)
    assert np.array_equal(other.phases.sign, mirrored.phases.sign)
    assert np.array_equal(other.pulses.polarity, mirrored.pulses.polarity)
    assert one.record.rms == other.record.rms == mirrored.record.rms


def test_scaling_the_current_scales_charges_and_levels() -> None:
    codes = coded(Train(pulses=4), noise=3e-6)
    one, double = stream(codes, gain=1e-6), stream(codes, gain=2e-6)
    assert np.allclose(double.phases.charge, 2 * one.phases.charge, rtol=1e-14)
    assert np.allclose(double.phases.top, 2 * one.phases.top, rtol=1e-14)
    assert np.array_equal(double.phases.duration, one.phases.duration)
    assert np.allclose(double.pulses.square, 4 * one.pulses.square, rtol=1e-14)


def test_charges_of_periods_add_up_to_the_mean() -> None:
    found = stream(coded(Train(pulses=30), noise=3e-6))
    net = found.pulses.net_charge
    length = found.record.end - found.record.begin
    assert math.fsum(net[np.isfinite(net)]) == pytest.approx(found.record.dc * length, rel=1e-9, abs=1e-18)


# --- bounded memory --------------------------------------------------------------------------------------------------


def test_tables_hold_the_first_batch_and_statistics_all() -> None:
    codes = coded(Train(pulses=40, period=2e-3, tail=2e-3), noise=3e-6)
    whole, some = stream(codes), stream(codes, batch=20)
    assert whole.tables_complete
    assert not some.tables_complete
    assert len(some.phases) == 18  # the tenth pulse might have gone on
    assert some.whole == whole.whole == 40
    for name, spread in whole.spreads.items():
        assert some.spreads[name].n == spread.n, name
        assert some.spreads[name].mean == pytest.approx(spread.mean, rel=1e-9, abs=1e-18), name
        assert some.spreads[name].std == pytest.approx(spread.std, rel=1e-6, abs=1e-18), name
    for attribute in ("dc", "rms", "ac_rms", "average_magnitude"):
        assert getattr(some.record, attribute) == pytest.approx(getattr(whole.record, attribute), rel=1e-9, abs=1e-15)


def test_a_phase_too_long_to_keep_has_its_charge_and_peak_but_no_shape() -> None:
    codes = np.zeros(20_000, dtype=np.int16)
    codes[5000:15_000] = 1000
    codes[9000] = 1200
    found = stream(codes, gain=1.0, interval=1.0, levels=LEVELS, longest=512)
    assert found.unresolved == len(found.phases) == 1
    assert found.phases.peak[0] == pytest.approx(1201.7)
    # The trapezoids reach half a sample into the rest on either side: what flows there at rest is not the phase's.
    at_rest = LEVELS.quiet - LEVELS.baseline
    assert found.phases.charge[0] == pytest.approx(10_000 * 1001.7 + 200 + 1.7 - at_rest, rel=1e-9)
    assert math.isnan(found.phases.duration[0])
    assert math.isnan(found.phases.top[0])
    assert "phase_duration" not in found.spreads
    assert found.spreads["phase_charge"].n == 1


def test_a_continuous_wave_is_measured_in_pieces_as_at_once() -> None:
    wave = np.rint(8000 * np.sin(np.arange(60_000) * (2 * np.pi / 400))).astype(np.int16)
    levels = Levels(quiet=0.0, noise=1.0, threshold=400.0, baseline=0.0)
    at_once, pieces = stream(wave, levels=levels), stream(wave, levels=levels, longest=1000)
    assert len(at_once.phases) == 300
    assert pieces.unresolved == 0
    for name in ("sign", "start", "duration", "top", "peak", "charge", "square", "rise", "fall"):
        one, other = getattr(at_once.phases, name), getattr(pieces.phases, name)
        assert np.allclose(one, other, rtol=1e-9, atol=1e-15, equal_nan=True), name


# --- types of codes, extremes, degenerate streams --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "middle", "gain"), [("i1", 0, 2e-4), ("u1", 128, 2e-4), ("i2", 0, 1e-6), ("u2", 32768, 1e-6)]
)
def test_every_kind_of_code_gives_the_same_pulses(kind: str, middle: int, gain: float) -> None:
    train = Train(pulses=5)
    codes = (np.rint(train.sampled(INTERVAL) / gain) + middle).astype(kind)
    found = stream(codes, gain=gain, offset=-middle * gain)
    assert found.whole == 5
    assert found.spreads["phase_duration"].mean == pytest.approx(train.duration, rel=1e-3)
    assert found.spreads["phase_top"].mean == pytest.approx(train.amplitude, rel=5e-3)
    assert found.spreads["phase_charge"].mean == pytest.approx(train.charge, rel=5e-3)
    assert found.record.sliding == {}


@pytest.mark.parametrize("kind", ["i2", "u2"])
def test_sums_near_full_scale_do_not_come_round(kind: str) -> None:
    limits = np.iinfo(kind)
    codes = np.full(3_000_000, limits.max, dtype=kind)
    codes[::2] = limits.min
    levels = Levels(quiet=float(limits.min), noise=1.0, threshold=1000.0, baseline=float(limits.min))
    found = stream(codes, gain=1.0, levels=levels, rails=(limits.min, limits.max))
    middle = 0.5 * (float(limits.min) + float(limits.max))
    assert found.record.mean == pytest.approx(middle, abs=1e-6)
    assert found.record.standard_deviation == pytest.approx(32767.5, rel=1e-12)
    assert found.record.at_low_rail == found.record.at_high_rail == 1_500_000
    assert found.record.sliding["rms_1s"].rms == pytest.approx(65535 / math.sqrt(2), rel=1e-9)


@pytest.mark.parametrize("parts", [1, 7, 300])
def test_marks_are_the_sums_before_them_however_often_their_room_is_filled(parts: int) -> None:
    codes = np.random.default_rng(6).integers(-3, 4, 100_003).astype(np.int16)
    levels = Levels(quiet=0.0, noise=3.0, threshold=9.0, baseline=0.0)
    # A place for a window at every sample: the room for sums holds some thousands of them.
    feed = Feed(levels, windows=(1000,), rails=None, longest=1000, lead=100)
    for part in np.array_split(codes, parts):
        assert not list(feed.take(part))
    every, marks = feed.marks
    before = np.arange(0, len(codes) + 1, every)
    wide = np.concatenate(([0], codes.astype(np.int64)))
    assert len(marks) > 10
    assert np.array_equal(marks[:, 0], np.cumsum(wide)[before])
    assert np.array_equal(marks[:, 1], np.cumsum(wide**2)[before])


def test_an_empty_stream_is_refused() -> None:
    for chunks in ([], [np.empty(0, dtype=np.int16)]):
        with pytest.raises(AnalysisError, match="no samples"):
            stream(chunks, levels=LEVELS)


@pytest.mark.parametrize("length", [1, 2, 600])
@pytest.mark.parametrize("code", [-32768, 0, 32767])
def test_a_constant_stream_has_no_pulse_or_is_one_that_both_edges_cut(code: int, length: int) -> None:
    found = stream(np.full(length, code, dtype=np.int16), gain=1.0, levels=LEVELS, rails=(-32768, 32767))
    assert found.record.samples == length
    assert found.record.mean == code
    assert found.record.standard_deviation == 0.0
    assert found.whole == 0
    assert found.cut == (1 if code and length > 1 else found.cut)
    assert found.record.at_low_rail + found.record.at_high_rail == (length if code else 0)
    assert found.pulse_rate is None
    assert not found.spreads


def test_one_pulse_has_no_period_and_a_pulse_longer_than_the_record_is_cut() -> None:
    codes = coded(Train(pulses=1))
    found = stream(codes)
    assert (found.whole, found.cut, found.pulse_rate) == (1, 0, None)
    assert not found.record.whole_periods
    assert found.record.average_magnitude is None
    assert "net_charge" not in found.spreads
    part = stream(codes[5100:5250], levels=levels_from(codes))
    assert (part.whole, part.cut) == (0, 1)
    assert not part.spreads


def test_what_is_no_stream_of_codes_is_refused() -> None:
    with pytest.raises(AnalysisError, match="integer codes"):
        stream(np.zeros(5), levels=LEVELS)
    with pytest.raises(AnalysisError, match="integer codes"):
        stream(np.zeros(5, dtype=np.int32), levels=LEVELS)
    with pytest.raises(AnalysisError, match="integer codes"):
        stream(np.zeros((2, 5), dtype=np.int16), levels=LEVELS)
    with pytest.raises(AnalysisError, match="goes on in uint16"):
        stream([np.zeros(5, dtype=np.int16), np.zeros(5, dtype=np.uint16)], levels=LEVELS)


@pytest.mark.parametrize(
    "wrong", [{"gain": 0.0}, {"gain": math.nan}, {"interval": 0.0}, {"start": math.inf}, {"batch": 1}]
)
def test_a_scale_that_means_nothing_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(AnalysisError, match="cannot be read"):
        stream(np.zeros(5, dtype=np.int16), levels=LEVELS, **wrong)


def test_levels_that_mean_nothing_are_refused() -> None:
    with pytest.raises(AnalysisError, match="positive threshold"):
        Levels(quiet=0.0, noise=1.0, threshold=0.0, baseline=0.0)
    with pytest.raises(AnalysisError, match="cannot be nan"):
        Levels(quiet=math.nan, noise=1.0, threshold=1.0, baseline=0.0)
    for codes in (np.empty(0, dtype=np.int16), np.zeros(1, dtype=np.int16)):
        with pytest.raises(AnalysisError, match="fewer than two"):
            levels_from(codes)


def test_the_codes_are_left_as_they_were() -> None:
    codes = coded(Train(pulses=2))
    before = codes.copy()
    stream(codes)
    assert np.array_equal(codes, before)
    assert codes.flags.writeable


def test_spreads_join_as_their_items_do() -> None:
    values = np.random.default_rng(1).normal(5.0, 2.0, 100)
    joined = Spread.of(values[:1]).joined(Spread.of(values[1:40])).joined(Spread.of(values[40:]))
    expected = Spread.of(values)
    assert joined.n == expected.n
    assert joined.mean == pytest.approx(expected.mean, rel=1e-12)
    assert joined.std == pytest.approx(expected.std, rel=1e-12)
    assert (joined.minimum, joined.maximum) == (expected.minimum, expected.maximum)
