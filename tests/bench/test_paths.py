"""From calibration records to signal paths: the figures of the shipped bench, and what they follow from."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from rig.bench.calibration_file import ChannelCalibration
from rig.bench.definition import BenchDefinition
from rig.bench.paths import signal_path
from rig.bench.reading import load_bench
from rig.errors import Refused
from rig.model.setup import DigitizerSetup, ScopeChannel, ScopeSetup
from rig.units import Unit

FIXTURES = Path(__file__).parents[2] / "fixtures"
DAQ = DigitizerSetup(channels={"ai0": 2.0}, rate=1e6, samples=1000)


def scope(full_scale: float) -> ScopeSetup:
    return ScopeSetup(channels={1: ScopeChannel(full_scale=full_scale)}, window=0.1, points=1000)


@pytest.fixture(scope="module")
def bench() -> BenchDefinition:
    return load_bench(FIXTURES / "benches" / "virtual.bench.yaml")


def test_current_through_the_sense_resistor(bench: BenchDefinition) -> None:
    path = signal_path(bench, "current", DAQ, bench.loads["500 ohm"])
    assert path.unit is Unit.AMPERE
    assert path.scale == pytest.approx(1 / 10.003)
    assert path.gain == pytest.approx(0.0014 / math.sqrt(3))
    assert path.resistor == pytest.approx(0.0005 / 10.003)
    assert path.resistor_temperature == pytest.approx(15e-6 * 5 / math.sqrt(3))
    assert path.load == pytest.approx(0.05 / 500.12)
    assert path.load_heating == pytest.approx(20e-6 * 60 / 25 / math.sqrt(3))
    assert math.hypot(path.gain, path.resistor) == pytest.approx(0.0008, rel=0.05)
    assert path.offset_drift * math.sqrt(3) == pytest.approx(2e-6, rel=0.01)
    assert path.resolution == pytest.approx(4 / 65536 / 10.003)
    assert path.noise == pytest.approx(6e-6, rel=0.01)
    assert path.timebase == pytest.approx(50e-6 / math.sqrt(3))
    assert path.loading == 0.0


def test_voltage_through_the_probe(bench: BenchDefinition) -> None:
    path = signal_path(bench, "voltage", scope(400.0), bench.loads["10 kohm"])
    assert (path.unit, path.scale) == (Unit.VOLT, 1.0)
    assert path.gain == pytest.approx(0.02 / math.sqrt(3))
    assert path.offset == pytest.approx((10 * 0.002 + 0.0125 * 400) / math.sqrt(3))
    assert path.resolution == pytest.approx(400 / 199)
    assert path.loading == pytest.approx(0.001 / math.sqrt(3), rel=0.01)


def test_a_smaller_range_reads_finer(bench: BenchDefinition) -> None:
    coarse, fine = (signal_path(bench, "voltage", scope(volts), None) for volts in (400.0, 40.0))
    assert fine.resolution < coarse.resolution
    assert fine.offset < coarse.offset
    assert fine.noise < coarse.noise
    assert fine.gain == coarse.gain


def test_known_errors_are_corrected(bench: BenchDefinition) -> None:
    """reading = true · (1 + gain_error) + offset_error, at the input: scale and correction undo it."""
    record = bench.calibrations["daq"]
    channel = record.channels["ai0"].model_copy(update={"gain_error": 0.01, "offset_error": 0.005})
    changed = record.model_copy(update={"channels": {"ai0": channel}})
    path = signal_path(_with_calibrations(bench, {**bench.calibrations, "daq": changed}), "current", DAQ, None)
    true_volts = 0.2
    reading = true_volts * 1.01 + 0.005
    assert reading * path.scale + path.offset_correction == pytest.approx(true_volts / 10.003)


@pytest.mark.parametrize(
    ("half_range", "offset", "drift", "noise"),
    [
        (10.0, 1.5e-3, 100e-6, 260e-6),
        (5.0, 0.75e-3, 50e-6, 140e-6),
        (2.0, 0.3e-3, 20e-6, 60e-6),
        (1.0, 0.2e-3, 14e-6, 50e-6),
    ],
)
def test_every_range_has_its_own_statement(
    bench: BenchDefinition, half_range: float, offset: float, drift: float, noise: float
) -> None:
    setup = DigitizerSetup(channels={"ai0": half_range}, rate=1e6, samples=1000)
    path = signal_path(bench, "current", setup, None)
    assert path.offset == pytest.approx(offset / 10.003 / math.sqrt(3))
    assert path.offset_drift == pytest.approx(drift / 10.003 / math.sqrt(3))
    assert path.noise == pytest.approx(noise / 10.003)
    assert path.resolution == pytest.approx(2 * half_range / 65536 / 10.003)
    assert path.gain == pytest.approx(0.0014 / math.sqrt(3))  # as stated for the channel


@pytest.mark.parametrize("half_range", [0.5, 3.0, 20.0])
def test_a_range_that_is_not_calibrated_measures_nothing(bench: BenchDefinition, half_range: float) -> None:
    setup = DigitizerSetup(channels={"ai0": half_range}, rate=1e6, samples=1000)
    with pytest.raises(Refused, match="is not calibrated"):
        signal_path(bench, "current", setup, None)


def test_an_oscilloscope_that_is_calibrated_in_some_ranges_measures_in_no_other(bench: BenchDefinition) -> None:
    record = bench.calibrations["scope"]
    stated = ChannelCalibration.model_validate({
        **dict.fromkeys(("gain", "offset_of_range", "noise_of_range"), "1 %"),
        **dict.fromkeys(("offset", "offset_drift", "noise"), "1 mV"),
        "bits": 8,
        "bandwidth": "350 MHz",
        "ranges": [{"half_range": "4 V"}, {"half_range": "0.4 V", "gain": "3 %"}],
    })
    changed = record.model_copy(update={"channels": {"1": stated}})
    other = _with_calibrations(bench, {**bench.calibrations, "scope": changed})
    assert other.full_scales == (8.0, 80.0)  # at the tip of a probe of 10:1
    assert signal_path(other, "voltage", scope(8.0), None).gain == pytest.approx(0.03 / math.sqrt(3))
    assert signal_path(other, "voltage", scope(80.0), None).gain == pytest.approx(0.01 / math.sqrt(3))
    with pytest.raises(Refused, match="is not calibrated"):
        signal_path(other, "voltage", scope(40.0), None)


def _with_calibrations(bench: BenchDefinition, calibrations: dict[str, object]) -> BenchDefinition:
    fields = {name: getattr(bench, name) for name in BenchDefinition.__dataclass_fields__}
    return BenchDefinition(**{**fields, "calibrations": calibrations})


def test_an_open_circuit_is_not_loaded_by_calculation(bench: BenchDefinition) -> None:
    assert signal_path(bench, "voltage", scope(400.0), bench.loads["open"]).loading == 0.0


def test_what_the_bench_does_not_have_is_refused(bench: BenchDefinition) -> None:
    with pytest.raises(Refused):
        signal_path(bench, "power", DAQ, None)
    with pytest.raises(Refused):
        signal_path(bench, "voltage", DAQ, None)
    with pytest.raises(Refused):
        signal_path(bench, "current", DigitizerSetup(channels={"ai1": 2.0}, rate=1e6, samples=1), None)
    with pytest.raises(Refused):
        signal_path(
            bench,
            "voltage",
            ScopeSetup(channels={2: ScopeChannel(full_scale=1.0)}, window=1.0, points=1),
            None,
        )
