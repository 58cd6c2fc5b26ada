"""A virtual bench with a multimeter across its sense resistor or load: our drivers read what truly is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rig.bench.bench_file import InstrumentEntry
from rig.bench.definition import BenchDefinition
from rig.bench.opening import Opening, open_checked
from rig.bench.reading import load_bench, load_device
from rig.errors import Refused
from rig.roles import Multimeter
from rig.sequencer.twin_configuration import twin_configuration
from rig.twin.config import TwinConfig
from rig.twin.server import VirtualBench, serve
from rig.twin.stimulator import Point, Train
from rig.twin.truth import mean
from tests.bench.scripted_peer import ManualClock

BENCH = Path(__file__).parents[2] / "fixtures" / "benches" / "virtual.bench.yaml"
TRUEVOLT = {"manufacturer": "Keysight Technologies", "model": "34461A", "serial": "MY53200001"}
MAINFRAME = {"manufacturer": "HEWLETT-PACKARD", "model": "34970A", "serial": "0"}
# One phase of each period is larger by a tenth: the train has a mean.
TRAIN = Train(
    points=(Point(duration=1e-3, current=22e-3), Point(duration=1e-3, current=-20e-3)),
    period=20e-3,
)


def with_meter(driver: str, identity: dict[str, str], **more: Any) -> BenchDefinition:
    entry = {"role": "multimeter", "driver": driver, "address": "twin", "identity": identity, **more}
    definition = load_bench(BENCH)
    instruments = {**definition.instruments, "dmm": InstrumentEntry.model_validate(entry)}
    return replace(definition, file=definition.file.model_copy(update={"instruments": instruments}))


@contextmanager
def table(definition: BenchDefinition) -> Iterator[tuple[VirtualBench, Multimeter]]:
    device = load_device(definition.device_path)
    with serve(TwinConfig.model_validate(twin_configuration(definition, device))) as twin:
        addresses = {one.name: one.address for one in twin.listening}
        at = Opening(
            name="dmm",
            entry=definition.instruments["dmm"],
            address=addresses["dmm"],
            clock=ManualClock(),
            timeout=60.0,
        )
        meter = open_checked(at, "multimeter")
        assert isinstance(meter, Multimeter)
        try:
            yield twin, meter
        finally:
            meter.close()


def reads(definition: BenchDefinition, node: str, full_scale: float | None) -> None:
    with table(definition) as (twin, meter):
        world = twin.world
        world.switch(frozenset({101}))
        world.begin(TRAIN)
        world.advance(1.0)
        begun = world.now
        found = meter.measure_dc_voltage(full_scale=full_scale, power_line_cycles=10.0, count=3)
        truth = mean(world.signal(node, begun, world.now), begun, world.now)
        assert abs(truth) > 1e-4
        assert len(found.values) == 3
        assert found.mean == pytest.approx(truth, rel=0.02, abs=2e-5 * found.full_scale)
        assert full_scale is None or found.full_scale == full_scale


@pytest.mark.supports("keysight-34461a", "twin")
def test_our_driver_reads_the_mean_over_the_sense_resistor_from_a_virtual_34461a() -> None:
    reads(with_meter("keysight-34461a", TRUEVOLT), "current_sense", 1.0)


@pytest.mark.supports("keysight-34461a", "twin")
def test_a_34461a_across_the_load() -> None:
    reads(with_meter("keysight-34461a", TRUEVOLT, options={"across": "load"}), "voltage", 100.0)


@pytest.mark.supports("keysight-34970a-meter", "twin")
def test_our_driver_reads_the_mean_over_the_sense_resistor_from_a_virtual_34970a() -> None:
    reads(with_meter("keysight-34970a-meter", MAINFRAME, channel=201), "current_sense", 1.0)


@pytest.mark.parametrize(
    ("driver", "identity", "more"),
    [("keysight-34461a", TRUEVOLT, {}), ("keysight-34970a-meter", MAINFRAME, {"channel": 201})],
)
@pytest.mark.parametrize("mains", [50, 60])
def test_a_reading_that_was_begun_is_of_that_time_whenever_it_is_fetched(
    driver: str, identity: dict[str, str], more: dict[str, Any], mains: int
) -> None:
    definition = with_meter(driver, identity, options={"mains": mains}, **more)
    with table(definition) as (twin, meter):
        world = twin.world
        world.switch(frozenset({101}))
        world.begin(TRAIN)
        world.advance(1.0)
        meter.prepare_dc_voltage(full_scale=1.0, power_line_cycles=10.0)
        begun = world.now
        meter.begin_reading()
        world.advance(0.5)
        world.end()
        world.advance(1.0)
        found = meter.fetch_reading()
        assert found.aperture == pytest.approx(10 / mains)
        end = begun + found.aperture
        # A relay of a multiplexer closes first: at most that much of one period may be another.
        slack = 2e-3 / found.aperture * 0.022 * 10
        assert found.mean == pytest.approx(mean(world.signal("current_sense", begun, end), begun, end), abs=slack)


def test_a_multimeter_across_nothing_known_is_refused() -> None:
    definition = with_meter("keysight-34461a", TRUEVOLT, options={"across": "electrodes"})
    with pytest.raises(Refused, match="a multimeter is connected across sense or load, not 'electrodes'"):
        twin_configuration(definition, load_device(definition.device_path))
