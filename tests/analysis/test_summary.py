"""What is said of an imported record, on a synthetic twin of a real one and on the real one itself."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rig.acquisition.importers import read_capture_file
from rig.analysis import CATALOGUE, SCHEMA, summarise
from rig.analysis.display import two_state
from rig.errors import AnalysisError
from rig.model.waveform import Waveform
from rig.units import Unit

CAPTURE = Path(__file__).parents[3] / "shared" / "captures" / "estim-500ohm-siglent-sds804xhd.bin"
DURATIONS = (32.3e-6, 62.3e-6, 92.4e-6, 122.4e-6, 152.5e-6)
PULSES = 70
OHM = 500.0
GAIN = 10 / 7680


def _twin(*, seed: int = 4) -> tuple[Waveform, NDArray[np.float64], float]:
    """The shape of the real capture with known truth: 70 pulses, negative first, five widths, offset −79 mV."""
    begins = 89_516.3e-6 + np.arange(PULSES) * 9999.62e-6
    widths = np.array([DURATIONS[min(number // 10, 4)] for number in range(PULSES)])
    times, values = [-1.0], [0.0]
    for begin, width in zip(begins, widths, strict=True):
        for start, level in ((begin, -23.5), (begin + 500e-6, 22.8)):
            times += [start - 0.5e-6, start + 0.5e-6, start + width - 0.5e-6, start + width + 0.5e-6]
            values += [0.0, level, level, 0.0]
    at = np.arange(1_000_000) * 1e-6
    volts = np.interp(at, [*times, 2.0], [*values, 0.0]) - 0.079
    volts += np.random.default_rng(seed).normal(0.0, 0.033, len(at))
    codes = (np.round(volts / GAIN / 16) * 16 + 32768).astype(np.uint16)
    record = Waveform(
        samples=codes,
        interval=1e-6,
        unit=Unit.VOLT,
        source="twin:C1",
        gain=GAIN,
        offset=-32768 * GAIN,
        rails=(0, 65520),
    )
    return record, widths, float(begins[0])


@pytest.fixture(scope="module")
def twin() -> tuple[dict[str, Any], NDArray[np.float64]]:
    record, widths, _begin = _twin()
    return summarise(record, load_resistance=OHM, source={"file": "twin"}, pulses=True), widths


def _within(entry: dict[str, Any], truth: float) -> bool:
    return bool(abs(entry["mean"] - truth) <= entry["uncertainty"])


def test_the_twin_of_the_real_capture_is_recovered(twin: tuple[dict[str, Any], NDArray[np.float64]]) -> None:
    summary, widths = twin
    found = summary["measurements"]
    assert summary["pulses_found"] == {"whole": PULSES, "cut": 0}
    assert len(summary["pulses"]) == PULSES
    assert found["polarity"]["mean"] == -1
    assert found["phase_count"]["min"] == found["phase_count"]["max"] == 2
    assert found["phase_duration"]["n"] == 2 * PULSES
    assert _within(found["phase_duration"], float(widths.mean()))
    assert found["phase_duration"]["min"] == pytest.approx(DURATIONS[0], abs=1e-6)
    assert found["phase_duration"]["max"] == pytest.approx(DURATIONS[-1], abs=1e-6)
    assert _within(found["phase_charge_negative"], float(-23.5 / OHM * widths.mean()))
    assert _within(found["phase_charge_positive"], float(22.8 / OHM * widths.mean()))
    assert _within(found["net_charge_active"], float(-0.7 / OHM * widths.mean()))
    assert _within(found["net_charge"], float(-0.7 / OHM * widths.mean()))
    assert _within(found["pulse_rate"], 1 / 9999.62e-6)
    assert found["interphase_interval"]["max"] == pytest.approx(500e-6 - DURATIONS[0], abs=1e-6)
    energy = (23.5**2 + 22.8**2) / OHM * (DURATIONS[-1] - 1e-6 / 3)
    assert found["pulse_energy"]["max"] == pytest.approx(energy, rel=0.01)
    assert summary["baseline"]["value"] * OHM == pytest.approx(-0.079, abs=1e-3)


def test_charge_balance_is_inconclusive_without_a_zero_capture_and_not_with_one(
    twin: tuple[dict[str, Any], NDArray[np.float64]],
) -> None:
    absolute = {"net_charge", "net_charge_active", "charge_imbalance", "dc_component"}
    for name, entry in twin[0]["measurements"].items():
        assert ("verdict" in entry) == (name in absolute), name
        if name in absolute:
            assert entry["verdict"] == "INCONCLUSIVE"
            assert "for want of a zero capture" in entry["reason"]
    record, widths, _begin = _twin()
    zero = np.full(100_000, -0.079) + np.random.default_rng(9).normal(0.0, 0.033, 100_000)
    quiet = Waveform(samples=zero, interval=1e-6, unit=Unit.VOLT, source="zero:C1")
    found = summarise(record, load_resistance=OHM, source={}, zero=quiet)["measurements"]
    assert "verdict" not in found["net_charge"]
    assert _within(found["net_charge"], float(-0.7 / OHM * widths.mean()))
    assert found["net_charge"]["uncertainty"] < 0.5 * twin[0]["measurements"]["net_charge"]["uncertainty"]


def test_the_summary_is_plain_json_with_every_measurand(twin: tuple[dict[str, Any], NDArray[np.float64]]) -> None:
    summary = twin[0]
    assert summary["schema"] == SCHEMA == "rig-analysis/1"
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert set(summary["measurements"]) == set(CATALOGUE)
    for name, entry in summary["measurements"].items():
        if entry["n"]:
            assert {"unit", "mean", "min", "max", "std", "uncertainty", "window"} <= set(entry), name
            assert entry["min"] - 1e-12 <= entry["mean"] <= entry["max"] + 1e-12, name
        else:
            assert entry["reason"], name


def test_defects_make_everything_inconclusive() -> None:
    record, _widths, _begin = _twin()
    summary = summarise(record, load_resistance=OHM, source={}, defects=["twin:C1: clipped"])
    assert all(entry["verdict"] == "INCONCLUSIVE" for entry in summary["measurements"].values())
    assert summary["defects"] == ["twin:C1: clipped"]


def test_what_is_no_load_or_no_voltage_is_refused() -> None:
    record = Waveform(samples=np.zeros(100), interval=1e-6, unit=Unit.VOLT, source="x:1")
    for ohms in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(AnalysisError, match="cannot be told"):
            summarise(record, load_resistance=ohms, source={})
    current = Waveform(samples=np.zeros(100), interval=1e-6, unit=Unit.AMPERE, source="x:1")
    with pytest.raises(AnalysisError, match="not a voltage"):
        summarise(current, load_resistance=500.0, source={})


def test_a_record_without_signal_is_summarised_all_the_same() -> None:
    for samples in (np.zeros(1000), np.random.default_rng(1).normal(0.0, 1e-3, 5000)):
        record = Waveform(samples=samples, interval=1e-6, unit=Unit.VOLT, source="x:1")
        summary = summarise(record, load_resistance=500.0, source={}, pulses=True)
        json.dumps(summary, allow_nan=False)
        assert summary["pulses"] == []
        assert "no pulse found" in summary["measurements"]["phase_charge"]["reason"]


def _square(values: NDArray[np.float64]) -> Waveform:
    return Waveform(samples=values, interval=1e-3, unit=Unit.VOLT, source="square:1")


def test_two_states_of_a_square_wave() -> None:
    shown = two_state(_square(np.tile(np.repeat([0.0, 5.0], 50), 10)))
    assert (shown.base, shown.top, shown.amplitude) == (0.0, 5.0, 5.0)
    assert shown.period == pytest.approx(0.1)
    assert shown.frequency == pytest.approx(10.0)
    assert shown.counter_frequency == pytest.approx(10.0)
    assert shown.rise_time == pytest.approx(0.9e-3)


def test_two_states_where_there_are_none() -> None:
    assert two_state(_square(np.zeros(100))).top is None
    step = two_state(_square(np.repeat([0.0, 1.0], 50)))
    assert (step.period, step.top) == (None, 1.0)
    falling = two_state(_square(np.repeat([1.0, 0.0], 50)))
    assert (falling.rise_time, falling.base) == (None, 0.0)
    noise = two_state(_square(np.random.default_rng(1).normal(0.0, 1.0, 1000)))
    assert noise.top is not None
    assert noise.base is not None
    assert noise.base < noise.top


@pytest.fixture(scope="module")
def real() -> dict[str, Any]:
    if not CAPTURE.exists():
        pytest.skip("the folder of public captures is not beside the project")
    imported = read_capture_file(CAPTURE)
    return summarise(
        imported.waveform(), load_resistance=OHM, source={"file": imported.name, "sha256": imported.sha256}, pulses=True
    )


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "factor", "digits", "shown"),
    [
        ("peak_to_peak", 1, 4, 49.0417),
        ("mean", 1e3, 3, -85.504),
        ("standard_deviation", 1, 6, 2.905407),
        ("period", 1e3, 4, 9.9993),
        ("frequency", 1, 3, 100.007),
        ("counter_frequency", 1, 4, 100.0038),
        ("rise_time", 1e9, 0, 991.0),
        ("top", 1, 4, 0.0),
        ("base", 1, 4, -24.6042),
    ],
)
def test_every_figure_that_the_oscilloscope_displayed(
    real: dict[str, Any], name: str, factor: float, digits: int, shown: float
) -> None:
    assert round(real["signal"][name] * factor, digits) == shown


@pytest.mark.shared
def test_the_real_capture_reads_as_a_careful_person_read_it(real: dict[str, Any]) -> None:
    found = real["measurements"]
    assert real["source"]["sha256"] == "c837248fc20f8e00ae3c5de2ceac89b55cfabfe1709a40c21cbf373e9a036d82"
    assert (real["signal"]["samples"], real["signal"]["sample_rate"]) == (1_000_000, 1e6)
    assert real["pulses_found"] == {"whole": 70, "cut": 0}
    assert (found["polarity"]["min"], found["polarity"]["max"]) == (-1, -1)
    assert (found["phase_count"]["min"], found["phase_count"]["max"]) == (2, 2)
    assert found["phase_duration"]["min"] == pytest.approx(32e-6, abs=1e-6)
    assert found["phase_duration"]["max"] == pytest.approx(153e-6, abs=1e-6)
    assert found["phase_duration"]["mean"] == pytest.approx(109e-6, abs=1e-6)
    for row in real["pulses"]:
        assert row["phases"][1]["start"] - row["phases"][0]["start"] == pytest.approx(500e-6, abs=1e-6)
    assert 1 / found["pulse_rate"]["mean"] == pytest.approx(10e-3, rel=1e-4)
    assert real["baseline"]["value"] * OHM == pytest.approx(-79e-3, abs=1e-3)
    assert found["phase_charge_positive"]["mean"] == pytest.approx(5.04e-6, abs=0.01e-6)
    assert found["phase_charge_negative"]["mean"] == pytest.approx(-5.23e-6, abs=0.01e-6)
    assert found["net_charge_active"]["mean"] == pytest.approx(-0.19e-6, abs=0.01e-6)
    assert found["pulse_energy"]["max"] == pytest.approx(0.330e-3, abs=0.001e-3)
    assert found["net_charge"]["verdict"] == found["charge_imbalance"]["verdict"] == "INCONCLUSIVE"
    assert found["net_charge"]["uncertainty"] > abs(found["net_charge"]["mean"])
