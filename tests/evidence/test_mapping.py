from __future__ import annotations

import json
import math
from datetime import date

import numpy as np
import pytest

from rig.evidence.mapping import (
    calibration_entry,
    capture_entry,
    identity_entry,
    judgement_entry,
    limit_entry,
    load_entry,
    measurement_entry,
    stimulus_entry,
)
from rig.evidence.record import FileEntry
from rig.model.identity import Calibration, Identity
from rig.model.judgement import DecisionRule, Judgement
from rig.model.limit import Confidence, Interval, Limit, Statistic
from rig.model.load import Load
from rig.model.measurement import Component, Measurement, NotMeasured, Window
from rig.model.stimulus import Polarity, Shape, Stimulus
from rig.model.verdict import Verdict
from rig.model.waveform import Capture, Purpose, Waveform
from rig.units import Unit

LIMIT = Limit(
    measurand="power_density",
    interval=Interval(upper=2500.0, upper_closed=False),
    unit=Unit.WATT_PER_SQUARE_METRE,
    text="below 0.25 W/cm2",
    source="fda-pms:1999",
    clause="Section 3, 12",
    edition="1999",
    confidence=Confidence.PROBABLE,
    statistic=Statistic.MEAN,
)


def test_a_side_without_bound_is_none_and_the_rest_is_kept() -> None:
    entry = limit_entry(LIMIT)
    assert (entry.lower, entry.upper, entry.lower_closed, entry.upper_closed) == (None, 2500.0, True, False)
    for name in ("measurand", "unit", "text", "source", "clause", "edition", "confidence", "statistic"):
        assert getattr(entry, name) == getattr(LIMIT, name)


def test_a_judgement_keeps_its_numbers_and_its_limit() -> None:
    judgement = Judgement(
        limit=LIMIT,
        rule=DecisionRule.GUARDED,
        verdict=Verdict.FAIL,
        reason="too much",
        value=3000.0,
        expanded_uncertainty=10.0,
        margin=-500.0,
        probability_conforming=0.0,
    )
    entry = judgement_entry(judgement)
    assert entry.limit == limit_entry(LIMIT)
    for name in ("rule", "verdict", "reason", "value", "expanded_uncertainty", "margin", "probability_conforming"):
        assert getattr(entry, name) == getattr(judgement, name)
    empty = Judgement(limit=LIMIT, rule=DecisionRule.SIMPLE, verdict=Verdict.INCONCLUSIVE, reason="none")
    assert judgement_entry(empty).margin is None


def test_a_measurement_is_recorded_with_its_expanded_uncertainties() -> None:
    outcome = Measurement(
        measurand="phase_top",
        value=0.02,
        unit=Unit.AMPERE,
        standard_uncertainty=1e-5,
        single_uncertainty=2e-5,
        window=Window(start=0.0, stop=2.0, description="whole periods"),
        origin=("smoke/signal", "current", "histogram mode"),
        n=140,
        minimum=0.019,
        maximum=0.021,
        std=1e-4,
        components=(Component(name="gain", standard_uncertainty=9e-6),),
    )
    entry = measurement_entry(outcome)
    assert (entry.expanded_uncertainty, entry.expanded_single) == (2e-5, 4e-5)
    assert entry.window == (0.0, 2.0, "whole periods")
    assert entry.components == outcome.components
    assert json.loads(entry.model_dump_json())["components"] == [
        {"name": "gain", "standard_uncertainty": 9e-6, "distribution": "normal", "degrees_of_freedom": None}
    ]
    for name in ("measurand", "value", "unit", "n", "minimum", "maximum", "std", "origin", "coverage_factor"):
        assert getattr(entry, name) == getattr(outcome, name)


def test_what_was_not_measured_has_a_reason_and_no_number() -> None:
    entry = measurement_entry(NotMeasured(measurand="net_charge", reason="no zero capture"))
    assert (entry.measurand, entry.reason, entry.value, entry.unit) == ("net_charge", "no zero capture", None, None)


def test_an_open_load_has_no_resistance() -> None:
    entry = load_entry(Load(name="open", nominal=math.inf, resistance=math.inf, uncertainty=math.inf))
    assert (entry.nominal, entry.resistance, entry.uncertainty, entry.power_rating) == (None, None, 0.0, None)


def test_a_load_keeps_its_values_and_its_calibration() -> None:
    held = Calibration(certificate="C-1", laboratory="Lab", performed=date(2025, 11, 22), due=date(2026, 11, 22))
    calibration = calibration_entry(held, date(2026, 11, 22))
    assert not calibration.expired
    assert calibration_entry(held, date(2026, 11, 23)).expired
    load = Load(name="500 ohm", nominal=500.0, resistance=500.12, uncertainty=0.05, power_rating=5.0)
    entry = load_entry(load, calibration)
    assert (entry.nominal, entry.resistance, entry.uncertainty, entry.power_rating) == (500.0, 500.12, 0.05, 5.0)
    assert entry.calibration == calibration


def test_a_stimulus_and_an_identity_are_kept() -> None:
    stimulus = Stimulus(
        channel=2,
        shape=Shape.BIPHASIC_SYMMETRIC,
        amplitude=0.02,
        phase_duration=3e-4,
        interphase=1e-4,
        rate=50.0,
        train=2.0,
        polarity=Polarity.NEGATIVE,
    )
    entry = stimulus_entry(stimulus).model_dump()
    assert entry == {name: getattr(stimulus, name) for name in entry}
    identity = Identity(manufacturer="M", model="P24", serial="1", firmware="2")
    assert identity_entry(identity).model_dump() == {
        "manufacturer": "M",
        "model": "P24",
        "serial": "1",
        "firmware": "2",
    }


def test_a_capture_is_described_by_its_waveforms() -> None:
    def waveform(source: str) -> Waveform:
        samples = np.zeros(4, dtype=np.int16)
        return Waveform(samples=samples, interval=1e-6, unit=Unit.VOLT, source=source, gain=2.0, offset=1.0, start=-1.0)

    capture = Capture(
        id="smoke/zero",
        purpose=Purpose.ZERO,
        waveforms={"voltage": waveform("scope:1"), "current": waveform("daq:ai0")},
        triggered=False,
    )
    source = FileEntry(origin="smoke/zero", file="captures/x.h5", sha256="0" * 64)
    entry = capture_entry(capture, source, ("clipped",))
    assert [item.signal for item in entry.waveforms] == ["current", "voltage"]
    assert entry.waveforms[1].sample_rate == pytest.approx(1e6)
    assert (entry.waveforms[1].samples, entry.waveforms[1].gain, entry.waveforms[1].start) == (4, 2.0, -1.0)
    assert (entry.purpose, entry.triggered, entry.defects, entry.source) == ("zero", False, ("clipped",), source)
