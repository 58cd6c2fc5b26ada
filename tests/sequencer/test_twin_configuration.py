from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from rig.bench.definition import BenchDefinition, DeviceDefinition
from rig.bench.reading import load_bench, load_device
from rig.errors import Refused
from rig.sequencer.twin_configuration import twin_configuration
from rig.twin.config import TwinConfig

ROOT = Path(__file__).parents[2]
DEVICES = sorted((ROOT / "fixtures" / "duts").rglob("*.dut.yaml"))


@cache
def virtual() -> BenchDefinition:
    return load_bench(ROOT / "fixtures" / "benches" / "virtual.bench.yaml")


@cache
def healthy() -> DeviceDefinition:
    return load_device(ROOT / "fixtures" / "duts" / "p24-healthy.dut.yaml")


def understood(*, real_time: bool = False, ports: Mapping[str, int] | None = None) -> TwinConfig:
    """What the virtual bench makes of a configuration, after its way through JSON."""
    configuration = twin_configuration(virtual(), healthy(), real_time=real_time, ports=ports)
    return TwinConfig.model_validate_json(json.dumps(configuration, allow_nan=False))


@pytest.mark.parametrize("path", DEVICES, ids=lambda path: path.name)
def test_the_virtual_bench_understands_every_shipped_device_with_its_faults(path: Path) -> None:
    device = load_device(path)
    text = json.dumps(twin_configuration(virtual(), device), allow_nan=False)
    told = TwinConfig.model_validate_json(text).device
    assert [(one.kind, one.value, one.every) for one in told.faults] == [
        (one.kind, one.si_value(), one.every) for one in device.file.faults
    ]
    assert told.identity.serial == device.file.identity.serial
    assert told.compliance == device.file.ratings.voltage


def test_every_instrument_is_served_and_the_clock_besides() -> None:
    told = understood()
    assert {name: one.protocol for name, one in told.instruments.items()} == {
        "scope": "infiniivision",
        "daq": "nidaqmx-grpc",
        "switch": "34970a",
        "stimulator": "sciencemode4",
        "clock": "virtual-clock",
    }
    assert told.instruments["stimulator"].pty
    assert told.instruments["daq"].device == "Dev1"
    assert told.seed == 20261122
    assert not told.real_time
    assert understood(real_time=True).real_time


def test_every_instrument_says_it_is_whom_the_bench_file_expects() -> None:
    told = understood().instruments
    for name, entry in virtual().instruments.items():
        expected = healthy().file.identity if entry.role == "stimulator" else entry.identity
        reported = told[name].identity
        assert expected is not None
        assert reported is not None
        assert (reported.manufacturer, reported.model, reported.serial) == (
            expected.manufacturer,
            expected.model,
            expected.serial,
        )
        assert expected.firmware is None or reported.firmware == expected.firmware


def test_true_values_are_drawn_from_the_specifications_that_uncertainties_are_computed_from() -> None:
    told, bench = understood(), virtual()
    daq = bench.calibrations["daq"].channels["ai0"]
    assert told.instruments["daq"].inputs == {"ai0": "current_sense"}
    assert told.instruments["daq"].gain_error == daq.gain
    assert told.instruments["daq"].offset_error == daq.offset
    assert told.instruments["daq"].timebase_ppm == pytest.approx(bench.calibrations["daq"].timebase * 1e6)
    scope = bench.calibrations["scope"].channels["1"]
    assert told.instruments["scope"].inputs == {"1": "voltage"}
    assert told.instruments["scope"].offset_error == pytest.approx(10 * scope.offset)  # behind a probe of 10:1
    # Of 256 codes the range shows 199: what is a share of the range is a smaller one of all that the converter spans.
    spans = 256 / 199
    assert told.instruments["scope"].offset_of_range * spans == pytest.approx(scope.offset_of_range)
    assert told.instruments["scope"].drift_of_range * spans == pytest.approx(scope.offset_drift_of_range)
    assert told.instruments["scope"].noise_of_range * spans == pytest.approx(scope.noise_of_range)
    assert told.instruments["scope"].offset_drift == pytest.approx(10 * scope.offset_drift)
    assert told.instruments["scope"].noise == pytest.approx(10 * scope.noise)
    assert bench.sense_resistor is not None
    assert told.sense.resistance == bench.sense_resistor.resistance
    assert told.sense.uncertainty == bench.sense_resistor.uncertainty
    for name, position in bench.box.positions.items():
        assert told.loads[name].resistance == position.resistance
        assert told.loads[name].uncertainty == position.uncertainty
        assert told.loads[name].relays == position.relays


def test_ports_are_free_ones_unless_named() -> None:
    assert {one.port for one in understood().instruments.values()} == {0}
    told = understood(ports={"scope": 5025, "clock": 5026}).instruments
    assert (told["scope"].port, told["clock"].port, told["daq"].port) == (5025, 5026, 0)
    with pytest.raises(Refused, match=r"no instrument oscilloscope; there are scope, daq, switch, stimulator, clock"):
        understood(ports={"oscilloscope": 5025})


def test_instruments_have_the_faults_that_the_bench_file_gives_them() -> None:
    bench = virtual()
    twin = bench.file.twin
    assert twin is not None
    faults = type(twin).model_validate({
        "seed": 1,
        "faults": [
            {"instrument": "scope", "kind": "truncated_block", "after": 3},
            {"instrument": "daq", "kind": "clipped"},
        ],
    })
    faulty = dataclasses.replace(bench, file=bench.file.model_copy(update={"twin": faults}))
    told = TwinConfig.model_validate(twin_configuration(faulty, healthy())).instruments
    assert [(one.kind, one.after) for one in told["scope"].faults] == [("truncated_block", 3)]
    assert [(one.kind, one.after) for one in told["daq"].faults] == [("clipped", 0)]
    assert told["switch"].faults == ()


@pytest.mark.parametrize("known", ["gain_error", "offset_error"])
def test_a_known_error_that_the_virtual_bench_would_not_have_is_refused(known: str) -> None:
    """Otherwise the rig would correct readings for an error that is not there."""
    bench = virtual()
    record = bench.calibrations["daq"]
    channels = {**record.channels, "ai0": record.channels["ai0"].model_copy(update={known: 0.01})}
    calibrations = {**bench.calibrations, "daq": record.model_copy(update={"channels": channels})}
    with pytest.raises(Refused, match=f"usb-6366-01E2D3C4: the virtual bench draws its errors .* {known}"):
        twin_configuration(dataclasses.replace(bench, calibrations=calibrations), healthy())


def test_a_real_bench_is_never_simulated() -> None:
    real = load_bench(ROOT / "fixtures" / "benches" / "lab-example.bench.yaml")
    with pytest.raises(Refused, match="lab-example is not a virtual bench"):
        twin_configuration(real, healthy())
