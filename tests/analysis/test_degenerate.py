"""Degenerate records: a named error, or a reason and no number; never a warning, never a number that is none."""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.acquisition.quality import inspect
from rig.analysis import CATALOGUE, Analysis, Level, measure, summarise
from rig.errors import AnalysisError
from rig.model.measurement import Measurement
from rig.model.waveform import Waveform
from rig.units import Unit
from tests.analysis.shapes import Floats
from tests.analysis.synthetic import Train, analysed, path, reason, value, waveform

TRAIN = Train()
GOOD = TRAIN.sampled(noise=1e-5)
AT = np.arange(1000)


@pytest.fixture(autouse=True)
def nothing_spills() -> Iterator[None]:
    with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
        warnings.simplefilter("error")
        yield


def sound(analysis: Analysis) -> None:
    """Every outcome is a finite number with a finite uncertainty and a window, or a reason."""
    assert set(analysis.outcomes) == set(CATALOGUE)
    for name, outcome in analysis.outcomes.items():
        if not isinstance(outcome, Measurement):
            assert outcome.reason, name
            continue
        numbers = [
            outcome.value,
            outcome.minimum,
            outcome.maximum,
            outcome.std,
            outcome.expanded_uncertainty,
            outcome.expanded_single,
            outcome.window.start,
            outcome.window.stop,
            *(line.standard_uncertainty for line in outcome.components),
        ]
        assert all(map(math.isfinite, numbers)), name
        slack = 1e-9 * abs(outcome.value)
        assert outcome.minimum - slack <= outcome.value <= outcome.maximum + slack, name
        assert outcome.window.description, name


RECORDS: dict[str, Floats] = {
    "eight samples": np.zeros(8),
    "nine on a slope": np.arange(9.0),
    "constant": np.full(1000, 0.3),
    "one code of toggling": np.tile([0.0, 1e-9], 500),
    "one sample away from rest": np.eye(1, 1000, 500)[0],
    "a step": np.repeat([0.0, 1.0], 500),
    "a step down to rest": np.repeat([1.0, 0.0], 500),
    "a slope": np.arange(1000.0),
    "from rail to rail at every sample": np.tile([1.0, -1.0], 500),
    "from rail to rail at every other": np.tile([1.0, 1.0, -1.0, -1.0], 250),
    "three levels at every sample": np.tile([1.0, 0.0, -1.0], 400),
    "a sine of five samples": np.sin(2 * np.pi * AT / 5),
    "a sine of two samples": np.sin(2 * np.pi * AT / 2.1),
    "four cycles in all": np.sin(2 * np.pi * AT[:30] / 7),
    "one pulse": Train(pulses=1).sampled(),
    "a pulse longer than the record": Train(duration=0.1, pulses=1, delay=-0.01, tail=0.05, phases=1).sampled(),
    "a pulse that only begins": Train(pulses=1, tail=100e-6).sampled(),
    "a sample rate far too low": TRAIN.sampled(interval=1e-3),
    "a sample rate too low": TRAIN.sampled(interval=2e-4),
    "clipped high": np.clip(GOOD, -1.0, 0.01),
    "clipped low": np.clip(GOOD, -0.01, 1.0),
    "clipped at both": np.clip(GOOD, -1e-3, 1e-3),
    "the other way round": -GOOD,
    "next to nothing": GOOD * 1e-300,
    "far too much": GOOD * 1e9,
    "three phases": np.tile(np.r_[np.zeros(50), np.ones(5), -np.ones(5), np.ones(5)], 30),
}
ZEROS: dict[str, Floats | None] = {
    "no zero": None,
    "zero": np.zeros(50),
    "a zero elsewhere": np.full(50, 0.01),
    "a zero of noise": np.random.default_rng(0).normal(0.0, 1.0, 100),
}


@pytest.mark.parametrize("zero", ZEROS)
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("name", RECORDS)
def test_every_outcome_is_a_number_or_a_reason(name: str, known: bool, zero: str) -> None:
    expected = TRAIN.stimulus() if known else None
    sound(analysed(RECORDS[name], zero=ZEROS[zero], expected=expected, electrode_area=1e-3))


@settings(max_examples=60, deadline=None)
@given(
    samples=st.lists(st.floats(-1.0, 1.0, width=32), min_size=8, max_size=120),
    repeat=st.integers(1, 20),
    zero=st.booleans(),
    known=st.booleans(),
)
def test_any_samples_at_all(samples: list[float], repeat: int, zero: bool, known: bool) -> None:
    record = np.repeat(np.array(samples), repeat)
    sound(
        analysed(
            record,
            zero=np.zeros(16) if zero else None,
            expected=TRAIN.stimulus() if known else None,
            electrode_area=1e-3,
        )
    )


@pytest.mark.parametrize("samples", [0, 1, 7])
def test_too_few_samples_are_refused(samples: int) -> None:
    with pytest.raises(AnalysisError, match=f"the signal has {samples} samples"):
        analysed(np.zeros(samples))
    with pytest.raises(AnalysisError, match=f"the zero capture has {samples} samples"):
        analysed(GOOD, zero=np.zeros(samples))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e300])
@pytest.mark.parametrize("everywhere", [True, False])
def test_what_is_no_number_is_refused(bad: float, everywhere: bool) -> None:
    samples = np.full(1000, bad) if everywhere else np.where(AT == 500, bad, 0.0)
    with pytest.raises(AnalysisError, match="the signal holds samples that are not numbers"):
        analysed(samples)
    with pytest.raises(AnalysisError, match="the zero capture holds samples that are not numbers"):
        analysed(GOOD, zero=samples)


def test_two_units_mixed_are_refused() -> None:
    kept = {"expected": None, "load_resistance": None, "electrode_area": None, "capture": "c"}
    volts = waveform(np.zeros(100), unit=Unit.VOLT)
    with pytest.raises(AnalysisError, match="the zero capture is in V, its path in A"):
        measure(waveform(GOOD), path=path(), zero=volts, **kept)  # type: ignore[arg-type] # mixed values
    with pytest.raises(AnalysisError, match="the signal is in V, its path in A"):
        measure(volts, path=path(), zero=None, **kept)  # type: ignore[arg-type] # mixed values
    with pytest.raises(AnalysisError, match="not a voltage"):
        summarise(volts, zero=waveform(np.zeros(100)), load_resistance=500.0, source={})


@pytest.mark.parametrize("name", ["a sample rate far too low", "a sample rate too low", "a sine of five samples"])
def test_a_sample_rate_that_is_too_low_is_said(name: str) -> None:
    interval = {"a sample rate far too low": 1e-3, "a sample rate too low": 2e-4}.get(name, 1e-6)
    analysis = analysed(RECORDS[name], interval=interval, zero=np.zeros(50))
    for measurand, entry in CATALOGUE.items():
        if entry.level is not Level.RECORD:
            assert "sample rate is too low" in reason(analysis, measurand), measurand


def test_one_pulse_tells_no_rate_and_no_modulation() -> None:
    analysis = analysed(RECORDS["one pulse"], zero=np.zeros(50))
    for name in ("pulse_rate", "period_jitter", "missing_pulses", "amplitude_modulation", "width_range"):
        assert "fewer than" in reason(analysis, name)
    assert value(analysis, "phase_count").value == 2


def test_a_level_of_half_of_the_time_is_no_rest_if_the_other_is_zero() -> None:
    for name in ("a step", "a step down to rest"):
        analysis = analysed(RECORDS[name], zero=np.zeros(50))
        assert value(analysis, "average_current").value == pytest.approx(0.5, abs=1e-3)
        assert "cut every pulse" in reason(analysis, "phase_duration")


@pytest.mark.parametrize("name", ["clipped high", "clipped low"])
def test_clipping_is_found_by_the_quality_gate_and_makes_all_inconclusive(name: str) -> None:
    volts = Waveform(samples=500 * RECORDS[name], interval=1e-6, unit=Unit.VOLT, source="x:1", rails=(-5.0, 5.0))
    defects = inspect(volts, triggered=True, expected=None)
    assert any(defect.forbids and "clipped" in defect.sentence for defect in defects)
    summary = summarise(
        volts, load_resistance=500.0, source={}, defects=[defect.sentence for defect in defects if defect.forbids]
    )
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    for entry in summary["measurements"].values():
        assert entry["verdict"] == "INCONCLUSIVE"
        assert "clipped" in entry["reason"]


def test_a_summary_of_any_degenerate_record_is_plain_json() -> None:
    for name, samples in RECORDS.items():
        volts = Waveform(samples=samples, interval=1e-6, unit=Unit.VOLT, source="x:1")
        summary = summarise(volts, load_resistance=500.0, source={}, pulses=True)
        assert json.loads(json.dumps(summary, allow_nan=False)) == summary, name


def test_wrong_polarity_is_measured_and_shown() -> None:
    analysis = analysed(RECORDS["the other way round"], zero=np.zeros(50), expected=TRAIN.stimulus())
    found = value(analysis, "polarity")
    assert (found.minimum, found.maximum) == (-1, -1)
    assert value(analysis, "phase_charge").value == pytest.approx(TRAIN.charge, rel=1e-3)


def test_codes_at_the_ends_of_their_type_are_clipped_though_nobody_said_where_the_rails_are() -> None:
    codes = np.clip(np.round(GOOD / 1e-6), -(2**14), 2**15 - 1).astype(np.int16)
    record = replace(waveform(codes.astype(np.float64)), samples=codes, gain=1e-6)
    high = np.where(codes > 10_000, np.iinfo(np.int16).max, codes).astype(np.int16)
    clipped = inspect(replace(record, samples=high), triggered=True, expected=None)
    assert any("clipped" in defect.sentence for defect in clipped)
