"""Long recordings, measured in streaming passes: what whole records give, for every shape, however they are read."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.random_benches import SHAPES, trial
from rig.analysis.catalogue import CATALOGUE
from rig.analysis.measure import Analysis, analyse
from rig.analysis.prepare import Known, prepare
from rig.analysis.stream import measured, segmented
from rig.analysis.stream.measured import measure_recording, prepare_recording
from rig.errors import AnalysisError
from rig.model.measurement import Measurement, NotMeasured, Outcome
from rig.model.recording import Recording
from rig.model.waveform import Waveform
from rig.units import Unit
from tests.analysis import shapes
from tests.analysis.synthetic import Train, path

GAIN, REST, NOISE = 1e-6, 1.3e-4, 3e-6

# Whole records and passes look at other samples for the level at rest and its noise, and round at other places: where a
# sample belongs to one code or the next, to a state or to an edge, they may part.
OF_U, OF_BUDGET = 0.1, 0.05
# A mode, an extreme and what follows from them are of single samples.
OF_MODE = 0.3
MODES = {"phase_top", "phase_peak", "overshoot", "rise_time", "fall_time", "droop"}
ROOTS = {"period_jitter", "period_jitter_peak_to_peak", "width_range"}


def waveform(values: NDArray[np.float64], *, interval: float = 1e-6, gain: float = GAIN) -> Waveform:
    codes = np.clip(np.rint(values / gain), -32768, 32767).astype(np.int16)
    return Waveform(samples=codes, interval=interval, unit=Unit.AMPERE, source="s", gain=gain, start=-0.01)


def zero_of(level: float, *, gain: float = GAIN) -> Waveform:
    return waveform(level + np.random.default_rng(5).normal(0.0, NOISE, 20_000), gain=gain)


def known(**more: Any) -> Known:
    given: dict[str, Any] = {
        "path": path(resolution=GAIN, noise=1.2 * NOISE),
        "zero": None,
        "expected": None,
        "load_resistance": 500.0,
        "electrode_area": 25e-4,
        "capture": "c",
        **more,
    }
    return Known(**given)


def both(signal: Waveform, more: Known) -> tuple[Analysis, Analysis]:
    whole = analyse(prepare(signal, more), tuple(CATALOGUE))
    return whole, analyse(prepare_recording(Recording.of(signal), more), tuple(CATALOGUE))


def apart(one: float, other: float, u: float) -> float:
    return 0.0 if one == other else abs(one - other) / max(u, 1e-300)


def apart_as_squares(one: float, other: float, u: float) -> float:
    """Of roots of what is left once noise is removed: near zero, a trifle of the square is much of the root."""
    return apart(one**2, other**2, 2 * u * max(abs(one), abs(other), u))


def disagreement(name: str, one: Outcome, other: Outcome, interval: float) -> str:
    """What is different about two outcomes, beyond what they may differ by; else empty."""
    if not isinstance(one, Measurement) or not isinstance(other, Measurement):
        same = type(one) is type(other) and (isinstance(one, Measurement) or bool(one.reason))
        return "" if same else f"{one} against {other}"
    most = OF_MODE if name in MODES else OF_U
    figures = {
        "n": float(one.n != other.n),
        "value": (apart_as_squares if name in ROOTS else apart)(one.value, other.value, one.standard_uncertainty)
        / most,
        "least": apart(one.minimum, other.minimum, one.single_uncertainty) / (2 * most),
        "most": apart(one.maximum, other.maximum, one.single_uncertainty) / (2 * most),
        "u": apart(one.standard_uncertainty, other.standard_uncertainty, one.standard_uncertainty) / OF_BUDGET,
        "names": float({line.name for line in one.components} != {line.name for line in other.components}),
        "begin": apart(one.window.start, other.window.start, 1.5 * interval),
        "end": apart(one.window.stop, other.window.stop, 1.5 * interval),
    }
    if name in {"rms_1s", "rms_5s", "power_density"}:  # of windows that are alike, noise makes one the worst
        figures |= {"begin": 0.0, "end": 0.0}
    wrong = {key: value for key, value in figures.items() if value > 1}
    return f"{wrong}: {one.value} against {other.value}, u {one.standard_uncertainty}" if wrong else ""


def agree(whole: Analysis, streamed: Analysis) -> None:
    interval = 1 / whole.statistics.sample_rate
    found = {
        name: disagreement(name, outcome, streamed.outcomes[name], interval) for name, outcome in whole.outcomes.items()
    }
    assert not {name: text for name, text in found.items() if text}
    assert (streamed.whole, streamed.cut) == (whole.whole, whole.cut)
    assert streamed.baseline.source == whole.baseline.source
    assert streamed.statistics.samples == whole.statistics.samples
    assert streamed.statistics.mean == pytest.approx(whole.statistics.mean, rel=1e-9, abs=1e-15)
    assert streamed.statistics.standard_deviation == pytest.approx(whole.statistics.standard_deviation, rel=1e-9)
    assert len(streamed.pulses) == len(whole.pulses)
    for ours, theirs in zip(streamed.pulses, whole.pulses, strict=True):
        assert ours.start == pytest.approx(theirs.start, abs=1.5 * interval)
        assert (ours.whole, len(ours.phases)) == (theirs.whole, len(theirs.phases))


TRAINS = {
    "biphasic": Train(pulses=60),
    "negative first, no interphase interval": Train(pulses=60, sign=-1, interphase=0.0),
    "monophasic": Train(pulses=60, phases=1),
    "asymmetric, slow edges": Train(pulses=60, second=0.9, transition=12e-6),
    "cut by both edges": Train(pulses=60, delay=100e-6, tail=450e-6),
    "missing pulses": Train(pulses=60, skip=(10, 11, 40)),
    "extra pulses": Train(pulses=60, extra=(0.105, 0.305)),
    "one pulse": Train(pulses=1),
}


@pytest.mark.parametrize("with_zero", [True, False], ids=["zero", "no zero"])
@pytest.mark.parametrize("name", TRAINS)
def test_a_train_is_measured_alike(name: str, with_zero: bool) -> None:
    train = TRAINS[name]
    signal = waveform(train.sampled(noise=NOISE, offset=REST))
    agree(*both(signal, known(zero=zero_of(REST + 2e-6) if with_zero else None)))


@pytest.mark.parametrize("name", ["biphasic", "missing pulses"])
def test_a_train_that_was_set_is_measured_alike(name: str) -> None:
    train = TRAINS[name]
    signal = waveform(train.sampled(noise=NOISE, offset=REST))
    agree(*both(signal, known(zero=zero_of(REST), expected=train.stimulus())))


def test_a_negative_gain_turns_everything_round() -> None:
    signal = waveform(Train(pulses=30, second=0.9).sampled(noise=NOISE, offset=REST), gain=-GAIN)
    agree(*both(signal, known(zero=zero_of(REST, gain=-GAIN))))


def at(length: float) -> NDArray[np.float64]:
    return shapes.instants(length, 1e-6)


def _bursts() -> NDArray[np.float64]:
    starts = [0.03 + 0.2 * burst + 0.01 * k for burst in range(6) for k in range(5)]
    return shapes.pulses([shapes.Pulse(start=start, amplitude=0.02, width=300e-6) for start in starts], at(1.25))


def _ramps() -> NDArray[np.float64]:
    given = [
        shapes.Pulse(start=0.3 + 1.6 * cycle + start, amplitude=amplitude, width=200e-6)
        for cycle in range(2)
        for start, amplitude in shapes.ramped(60, 0.02, 0.4, 0.4, 0.4, 0.02)
        if amplitude > 0
    ]
    return shapes.pulses(given, at(3.6))


def _ringing() -> NDArray[np.float64]:
    clean = Train(pulses=20, transition=0.5e-6).sampled()
    return shapes.ringing(clean, 1e-6, frequency=60e3, damping=0.08)


SIGNALS: dict[str, Callable[[], NDArray[np.float64]]] = {
    "bursts": _bursts,
    "ramps": _ramps,
    "ringing": _ringing,
    "passive recovery": lambda: shapes.passive(
        at(0.4), period=20e-3, amplitude=0.02, width=300e-6, tau=1e-3, delay=5e-3
    ),
    "capacitor-coupled": lambda: shapes.passive(
        at(0.4), period=20e-3, amplitude=0.02, width=300e-6, tau=60e-3, delay=5e-3
    ),
}


@pytest.mark.parametrize("name", SIGNALS)
def test_other_shapes_are_measured_alike(name: str) -> None:
    signal = waveform(shapes.noisy(SIGNALS[name]() + REST, NOISE))
    agree(*both(signal, known(zero=zero_of(REST))))


def test_what_the_first_look_does_not_show_takes_a_second_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[int] = []
    send = segmented._passed

    def counted(recording: Recording, *given: Any) -> Any:
        passes.append(len(given))
        return send(recording, *given)

    monkeypatch.setattr(segmented, "_passed", counted)
    given = [shapes.Pulse(start=5e-3 + 0.02 * k, amplitude=1e-3, width=300e-6) for k in range(150)]
    given[77] = shapes.Pulse(start=given[77].start, amplitude=30e-3, width=300e-6)
    signal = waveform(shapes.noisy(shapes.pulses(given, at(3.05)), NOISE))
    agree(*both(signal, known(zero=zero_of(0.0))))
    assert len([number for number in passes if number == 1]) == 2


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_the_random_benches_is_measured_alike(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[Waveform] = []

    def compared_with(signal: Waveform, **more: Any) -> Analysis:
        more.pop("wanted", None)
        whole, streamed = both(signal, Known(**more))
        compared.append(signal)
        if never_rests(streamed):
            assert all(isinstance(outcome, NotMeasured) for outcome in streamed.outcomes.values())
        else:
            agree(whole, streamed)
        return whole

    for module in ("form_trial", "train_trial", "load_form"):
        monkeypatch.setattr(sys.modules[f"benchmarks.random_benches.{module}"], "measure", compared_with)
    trial(shape, 3, seed=11)
    assert compared


def never_rests(analysis: Analysis) -> bool:
    outcome = analysis.outcomes["rms_current"]
    return isinstance(outcome, NotMeasured) and "never rests" in outcome.reason


def test_an_alternating_current_that_never_rests_says_so() -> None:
    signal = waveform(shapes.interferential(at(0.2), amplitude=0.02))
    streamed = both(signal, known())[1]
    for outcome in streamed.outcomes.values():
        assert isinstance(outcome, NotMeasured)
        assert "never rests" in outcome.reason


# --- however it is read ----------------------------------------------------------------------------------------------


def bits(analysis: Analysis) -> str:
    return repr((dict(analysis.outcomes), analysis.pulses, analysis.statistics, analysis.baseline))


@settings(max_examples=12, deadline=None)
@given(part=st.integers(700, 200_000), seed=st.integers(0, 99), with_zero=st.booleans())
def test_not_a_bit_depends_on_how_much_is_read_at_a_time(part: int, seed: int, with_zero: bool) -> None:
    train = Train(pulses=8, period=5e-3, tail=4e-3)
    signal = waveform(train.sampled(noise=NOISE, seed=seed, offset=REST))
    more = known(zero=zero_of(REST) if with_zero else None)
    once = bits(analyse(prepare_recording(Recording.of(signal), more), tuple(CATALOGUE)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segmented, "_PART", part)
        assert bits(analyse(prepare_recording(Recording.of(signal), more), tuple(CATALOGUE))) == once


# --- more phases than are held ---------------------------------------------------------------------------------------


def in_stretches(signal: Waveform, more: Known, monkeypatch: pytest.MonkeyPatch) -> Analysis:
    for name, value in {"MOST_PHASES": 1300, "_PARTED": 800, "_LAST": 20, "_PART": 1 << 16}.items():
        monkeypatch.setattr(segmented, name, value)
    monkeypatch.setattr(measured, "_ABOUT", 1.2)
    return measure_recording(Recording.of(signal), more, tuple(CATALOGUE))


TOLD_OF_ALL = {"period_jitter", "period_jitter_peak_to_peak", "amplitude_modulation", "width_range"}


@pytest.mark.parametrize("given", [False, True], ids=["any train", "a train that was set"])
def test_stretches_join_to_what_the_whole_gives(given: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    train = Train(pulses=900, period=5e-3, tail=20e-3, delay=20e-3, second=0.95, skip=(200, 271), extra=(0.7525,))
    more = known(zero=zero_of(REST + 2e-6), expected=train.stimulus() if given else None)
    signal = waveform(train.sampled(noise=NOISE, offset=REST))
    whole = analyse(prepare(signal, more), tuple(CATALOGUE))
    found = in_stretches(signal, more, monkeypatch)
    assert found.whole == whole.whole
    assert found.statistics.samples == len(signal)
    for name, one in whole.outcomes.items():
        other = found.outcomes[name]
        if name in TOLD_OF_ALL:
            assert isinstance(other, NotMeasured)
            assert "stretches" in other.reason
        elif isinstance(one, Measurement):
            assert isinstance(other, Measurement), name
            most = OF_MODE if name in MODES else OF_U
            assert apart(other.value, one.value, one.standard_uncertainty) <= most, name
            assert apart(other.minimum, one.minimum, one.single_uncertainty) <= 2 * most, name
            assert apart(other.maximum, one.maximum, one.single_uncertainty) <= 2 * most, name
            # What is random does not average out over stretches; but it is not underrated.
            assert 0.95 <= other.standard_uncertainty / max(one.standard_uncertainty, 1e-300) <= 3 or not (
                one.standard_uncertainty
            ), name
        else:
            assert isinstance(other, NotMeasured), name


def test_a_stretch_of_which_nothing_can_be_said_leaves_nothing_to_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    values = Train(pulses=900, period=5e-3, tail=200e-3).sampled(noise=NOISE)
    values[-150_000:-20_000] = 0.02
    monkeypatch.setattr(segmented, "_LONGEST", 1 << 12)
    found = in_stretches(waveform(values), known(), monkeypatch)
    assert {type(one) for one in found.outcomes.values()} == {NotMeasured}


# --- what cannot be measured -----------------------------------------------------------------------------------------


def test_numbers_that_are_no_codes_are_refused() -> None:
    values = Waveform(samples=np.zeros(100), interval=1e-6, unit=Unit.AMPERE, source="s")
    with pytest.raises(AnalysisError, match="integer codes"):
        prepare_recording(Recording.of(values), known())
    wide = Waveform(
        samples=np.full(100, 70_000, dtype=np.int32), interval=1e-6, unit=Unit.AMPERE, source="s", rails=(-9, 9)
    )
    with pytest.raises(AnalysisError, match="16 bits"):
        prepare_recording(Recording.of(wide), known())


def test_codes_of_sixteen_bits_in_wider_integers_are_measured() -> None:
    signal = waveform(Train(pulses=5).sampled(noise=NOISE))
    wide = Waveform(
        samples=signal.samples.astype(np.int32), interval=signal.interval, unit=signal.unit, source="s",
        gain=signal.gain, start=signal.start, rails=(-32768.0, 32767.0),
    )  # fmt: skip
    assert both(wide, known())[1].outcomes == both(signal, known())[1].outcomes


@pytest.mark.parametrize("level", [0, 17, -32768, 32767])
def test_a_constant_recording_has_no_pulse(level: int) -> None:
    signal = Waveform(
        samples=np.full(5000, level, dtype=np.int16), interval=1e-6, unit=Unit.AMPERE, source="s", gain=GAIN
    )
    agree(*both(signal, known()))


def test_a_phase_too_long_to_keep_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segmented, "_LONGEST", 1 << 10)
    codes = np.zeros(200_000, dtype=np.int16)
    codes[150_000:160_000] = 1000
    signal = Waveform(samples=codes, interval=1e-6, unit=Unit.AMPERE, source="s", gain=GAIN)
    outcome = both(signal, known())[1].outcomes["phase_charge"]
    assert isinstance(outcome, NotMeasured)
    assert "lasts longer than" in outcome.reason
