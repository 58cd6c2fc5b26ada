"""The figure: what it draws lies where the numbers say."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.evidence.record import CaptureEntry, CaseRecord, HappeningEntry, RunRecord
from rig.model.happening import Action
from rig.model.recording import Overview, Recording
from rig.model.waveform import Waveform
from rig.report.axis import Axis, fitting_unit
from rig.report.bounds import read_bounds
from rig.report.events import told
from rig.report.figure import pulse_svg
from rig.report.picture import pulse_png
from rig.report.trace import envelope, read_trace
from rig.units import Unit

Captures = Callable[[CaptureEntry], Mapping[str, Waveform]]
SVG = "{http://www.w3.org/2000/svg}"


def parse(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - written a moment ago by the code under test


@pytest.fixture
def case(record: RunRecord) -> CaseRecord:
    return record.cases[1]


@pytest.fixture
def signal(case: CaseRecord, captures: Captures) -> Mapping[str, Waveform]:
    return captures(case.captures[-1])


@pytest.fixture
def zero(case: CaseRecord, captures: Captures) -> Mapping[str, Waveform]:
    return captures(case.captures[0])


def test_it_is_one_well_formed_small_element(
    case: CaseRecord, signal: Mapping[str, Waveform], zero: Mapping[str, Waveform]
) -> None:
    text = pulse_svg(case, signal, zero=zero)
    root = parse(text)
    assert root.tag == f"{SVG}svg"
    assert len(text) < 40_000
    assert text == pulse_svg(case, signal, zero=zero)


def test_it_names_set_level_limits_duration_and_axes(case: CaseRecord, signal: Mapping[str, Waveform]) -> None:
    root = parse(pulse_svg(case, signal))
    labels = {(element.text or "").replace("\u202f", " ") for element in root.iter(f"{SVG}text")}
    assert {"set 20 mA", "min 18 mA", "max 22 mA", "300.4 ± 1.1 µs", "current / mA", "baseline"} <= labels
    assert {"time since the pulse began / µs", "whole record, time / ms"} <= labels


def test_the_pulse_begins_at_zero_and_has_the_set_amplitude(
    case: CaseRecord, signal: Mapping[str, Waveform], zero: Mapping[str, Waveform]
) -> None:
    trace = read_trace(case, signal, zero)
    assert trace is not None
    assert trace.origin is not None
    assert trace.baseline == pytest.approx(30e-6, abs=2e-6)
    assert trace.baseline_from == "zero capture"
    # Pulses begin every 20 ms; half of a 6 µs ramp comes first.
    assert trace.origin % 0.02 == pytest.approx(3e-6, abs=1e-6)
    inside = (trace.pulse.times > 50e-6) & (trace.pulse.times < 250e-6)
    assert np.allclose(trace.pulse.high[inside], 0.0197, rtol=0.03)


@pytest.mark.parametrize("number", range(5))
def test_polarity_and_shape_are_kept(record: RunRecord, make_train: Callable[..., Waveform], number: int) -> None:
    stimulus = record.cases[number].stimulus.model_copy(update={"polarity": "negative"})
    case = record.cases[number].model_copy(update={"stimulus": stimulus})
    trace = read_trace(case, {"current": make_train(stimulus, seed=number)}, None)
    assert trace is not None
    leading = (trace.pulse.times > 50e-6) & (trace.pulse.times < 250e-6)
    assert (trace.pulse.high[leading] < 0).all()
    assert read_bounds(case).phases[0].sign == -1


def test_thinning_loses_no_extreme() -> None:
    samples = np.zeros(100_000, dtype=np.int16)
    samples[61_803], samples[27_182] = 3000, -2000
    thinned = envelope(Waveform(samples=samples, interval=1e-6, unit=Unit.AMPERE, source="x"), 0, 100_000, 600)
    assert len(thinned.times) <= 600
    assert thinned.high.max() == 3000
    assert thinned.low.min() == -2000
    assert thinned.times[thinned.high.argmax()] == pytest.approx(61_803e-6, abs=170e-6)


@given(
    samples=st.lists(st.integers(-32768, 32767), min_size=1, max_size=400),
    columns=st.integers(1, 50),
    gain=st.sampled_from([1e-3, -1e-3]),
)
def test_an_envelope_encloses_what_it_thins(samples: list[int], columns: int, gain: float) -> None:
    waveform = Waveform(samples=np.array(samples, dtype=np.int16), interval=1e-3, unit=Unit.VOLT, source="x", gain=gain)
    thinned = envelope(waveform, 0, len(samples), columns)
    assert (thinned.low <= thinned.high).all()
    assert len(thinned.times) <= columns
    assert thinned.high.max() == waveform.values().max()
    assert thinned.low.min() == waveform.values().min()
    assert thinned.times[0] >= waveform.start
    assert thinned.times[-1] <= waveform.times()[-1]


@pytest.mark.parametrize("kept", [False, True], ids=["read in parts", "extremes kept"])
def test_a_recording_is_drawn_as_a_waveform_is(
    case: CaseRecord, signal: Mapping[str, Waveform], zero: Mapping[str, Waveform], kept: bool
) -> None:
    whole = signal["current"]
    recording = Recording.of(whole)
    if kept:
        begins = np.arange(0, len(whole), 70)
        least, greatest = (extreme.reduceat(whole.samples, begins) for extreme in (np.minimum, np.maximum))
        recording = replace(recording, overview=lambda: Overview(begins=begins, least=least, greatest=greatest))
    trace, expected = read_trace(case, {"current": recording}, zero), read_trace(case, signal, zero)
    assert trace is not None
    assert expected is not None
    assert np.array_equal(trace.pulse.high, expected.pulse.high)
    assert trace.origin == expected.origin
    assert len(trace.record.times) <= 600
    assert trace.record.low.min() == expected.record.low.min()
    assert trace.record.high.max() == expected.record.high.max()
    assert trace.record.times[0] == pytest.approx(whole.start, abs=2e-3)
    assert trace.record.times[-1] == pytest.approx(whole.times()[-1], abs=2e-3)
    parse(pulse_svg(case, {"current": recording}, zero=zero))


def test_no_pulse_is_said_and_not_invented(case: CaseRecord, zero: Mapping[str, Waveform]) -> None:
    trace = read_trace(case, zero, None)
    assert trace is not None
    assert trace.origin is None
    text = pulse_svg(case, zero)
    assert "No pulse was found" in text
    parse(text)


@pytest.mark.parametrize("bad", [np.array([]), np.array([0.0, np.nan, 1.0]), np.array([0.0, np.inf])])
def test_samples_that_are_no_numbers_are_not_drawn(case: CaseRecord, bad: np.ndarray) -> None:
    waveform = Waveform(samples=bad, interval=1e-6, unit=Unit.AMPERE, source="x")
    assert pulse_svg(case, {"current": waveform}) == ""
    assert pulse_png(case, {"current": waveform}) == b""
    assert pulse_svg(case, {}) == ""


@pytest.mark.parametrize("count", [1, 2, 3, 50])
def test_the_shortest_records_can_be_drawn(case: CaseRecord, count: int) -> None:
    samples = np.linspace(0.0, 0.02, count)
    parse(pulse_svg(case, {"current": Waveform(samples=samples, interval=1e-6, unit=Unit.AMPERE, source="x")}))


def test_an_output_stuck_on_can_be_drawn(case: CaseRecord) -> None:
    waveform = Waveform(samples=np.full(200_000, 0.02), interval=1e-6, unit=Unit.AMPERE, source="x")
    zero = Waveform(samples=np.zeros(100), interval=1e-6, unit=Unit.AMPERE, source="x")
    trace = read_trace(case, {"current": waveform}, {"current": zero})
    assert trace is not None
    assert trace.pulse.times[-1] - trace.pulse.times[0] < 10e-3


def test_voltage_over_the_load_stands_in_for_a_missing_current(
    case: CaseRecord, signal: Mapping[str, Waveform]
) -> None:
    assert case.load
    assert case.load.resistance
    resistance = case.load.resistance
    voltage = signal["current"].rescaled(gain=resistance, offset=0.0, unit=Unit.VOLT, note="")
    by_voltage, by_current = read_trace(case, {"voltage": voltage}, None), read_trace(case, signal, None)
    assert by_voltage is not None
    assert by_current is not None
    assert by_voltage.unit is Unit.AMPERE
    assert np.allclose(by_voltage.pulse.high, by_current.pulse.high)


def test_raw_volts_are_read_as_the_current_that_the_record_says(
    case: CaseRecord, signal: Mapping[str, Waveform]
) -> None:
    raw = {"current": replace(signal["current"], gain=1e-4, unit=Unit.VOLT)}  # volts across 10 ohm
    drawn, expected = read_trace(case, raw, None), read_trace(case, signal, None)
    assert drawn is not None
    assert expected is not None
    assert drawn.unit is Unit.AMPERE
    assert np.allclose(drawn.record.high, expected.record.high)


def test_a_distant_limit_does_not_flatten_the_pulse(case: CaseRecord, signal: Mapping[str, Waveform]) -> None:
    check = case.judgements[0]
    far = check.model_copy(update={"limit": check.limit.model_copy(update={"lower": None, "upper": 5.0})})
    text = pulse_svg(case.model_copy(update={"judgements": (far,)}), signal).replace("\u202f", " ")
    assert "max 5 A (beyond)" in text
    assert ">20<" in text


def test_hostile_sources_stay_text(case: CaseRecord, signal: Mapping[str, Waveform]) -> None:
    waveform = replace(signal["current"], source='"><script>alert(1)</script>')
    text = pulse_svg(case, {"current": waveform})
    assert "<script" not in text
    parse(text)


def test_the_picture_is_a_png_and_always_the_same(case: CaseRecord, signal: Mapping[str, Waveform]) -> None:
    picture = pulse_png(case, signal)
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(picture) < 60_000
    assert picture == pulse_png(case, signal)


def test_a_name_is_no_formula(case: CaseRecord, signal: Mapping[str, Waveform]) -> None:
    assert pulse_png(case.model_copy(update={"id": "$\\frac{"}), signal)


@given(low=st.floats(-1e6, 1e6), span=st.floats(1e-3, 1e6), wanted=st.integers(2, 10))
def test_ticks_are_round_few_and_inside(low: float, span: float, wanted: int) -> None:
    axis = Axis(low=low, high=low + span, start=0.0, stop=500.0)
    if axis.high <= axis.low:
        return
    ticks = list(axis.ticks(1.0, wanted))
    assert len(ticks) <= wanted + 1
    assert all(-1e-3 <= pixel <= 500.001 for pixel, _ in ticks)
    assert all(re.fullmatch(r"−?\d+(\.\d+)?", label) for _, label in ticks)


@pytest.mark.parametrize(
    ("extent", "symbol", "expected"),
    [(0.02, "A", "mA"), (1.0, "A", "A"), (0.001, "s", "ms"), (2e-4, "s", "µs"), (0.0, "V", "V"), (5000.0, "s", "s")],
)
def test_axes_read_well(extent: float, symbol: str, expected: str) -> None:
    assert fitting_unit(extent, symbol)[0] == expected


def happened(case: CaseRecord, *happenings: HappeningEntry) -> CaseRecord:
    signal = case.captures[-1].model_copy(update={"happenings": happenings})
    return case.model_copy(update={"captures": (*case.captures[:-1], signal)})


def test_events_are_marked_where_they_happened(case: CaseRecord, signal: Mapping[str, Waveform]) -> None:
    def marks(one: CaseRecord) -> list[float]:
        paths = [
            path for path in parse(pulse_svg(one, signal)).iter(f"{SVG}path") if path.get("stroke-dasharray") == "3 2"
        ]
        return [float(x) for path in paths[:1] for x in re.findall(r"M([\d.]+) ", path.get("d") or "")]

    start = HappeningEntry(action=Action.START, begun=0.001, ended=0.002)
    opened = HappeningEntry(action=Action.LOAD, begun=0.02, ended=0.021, detail="open")
    closed = HappeningEntry(action=Action.LOAD, begun=0.04, ended=0.041, detail="500 ohm")
    late = HappeningEntry(action=Action.RESET, begun=50.0, ended=50.1)
    assert marks(happened(case, start)) == []
    first, second = marks(happened(case, start, opened, closed, late))
    one = signal["current"]
    begin, whole = one.start, (len(one) - 1) * one.interval
    left, right = 56.0, 622.0
    for x, at in ((first, 0.02), (second, 0.04)):
        assert (x - left) / (right - left) == pytest.approx((at - begin) / whole, abs=0.01)


def test_events_are_told_from_the_start_on(case: CaseRecord) -> None:
    start = HappeningEntry(action=Action.START, begun=0.01, ended=0.011)
    word = HappeningEntry(action=Action.MESSAGE, begun=0.5, ended=0.501)
    closed = HappeningEntry(action=Action.LOAD, begun=1.01, ended=1.02, detail="500 ohm")
    cut = HappeningEntry(action=Action.CUT, begun=2.01, ended=2.02)
    shown = told(happened(case, start, word, closed, cut)).replace("\u202f", " ")
    assert shown == "at 1 s load 500 Ω; at 2 s communication cut (from the start on)"
    assert told(happened(case, start, word)) == ""
