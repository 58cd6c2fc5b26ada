"""The virtual bench that feeds its device: drivers and virtual supplies, written apart, understand each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from rig.bench.bench_file import InstrumentEntry
from rig.bench.definition import BenchDefinition
from rig.bench.reading import load_bench
from rig.errors import CommunicationError, InstrumentError
from rig.roles import Supply
from rig.sequencer.bench_check import examine_bench
from rig.sequencer.setup import RunOptions
from tests.sequencer.open_table import STIMULUS, OpenTable, open_table

FIXTURES = Path(__file__).parents[2] / "fixtures"
POWERED = FIXTURES / "benches" / "virtual-powered.bench.yaml"
KEYSIGHT = load_bench(POWERED).instruments["supply"]
RIGOL = InstrumentEntry.model_validate({
    "role": "supply",
    "driver": "rigol-dp800",
    "address": "twin",
    "output": 1,
    "identity": {"manufacturer": "RIGOL TECHNOLOGIES", "model": "DP832", "serial": "DP8C211200123"},
})
both = pytest.mark.parametrize(
    "entry",
    [pytest.param(one, marks=pytest.mark.supports(one.driver, "twin"), id=one.driver) for one in (KEYSIGHT, RIGOL)],
)


@dataclass(kw_only=True)
class Table(OpenTable):
    """A table with a supply on it."""

    @property
    def supply(self) -> Supply:
        assert self.bench.supply is not None
        return self.bench.supply


def powered(entry: InstrumentEntry, *faults: dict[str, Any]) -> BenchDefinition:
    """The bench without its interlock, whose timer would run in real time, and with another supply."""
    definition = load_bench(POWERED)
    instruments = {name: one for name, one in definition.instruments.items() if name != "interlock"}
    assert definition.file.twin is not None
    twin = type(definition.file.twin).model_validate({"seed": 7, "faults": faults})
    update = {"twin": twin, "instruments": {**instruments, "supply": entry}}
    return replace(definition, file=definition.file.model_copy(update=update))


@contextmanager
def table(entry: InstrumentEntry, *faults: dict[str, Any]) -> Iterator[Table]:
    with opened(powered(entry, *faults)) as on:
        yield on


@contextmanager
def opened(definition: BenchDefinition) -> Iterator[Table]:
    with open_table(definition) as on:
        yield Table(twin=on.twin, bench=on.bench, addresses=on.addresses)


@both
def test_a_device_without_power_is_brought_to_life(entry: InstrumentEntry) -> None:
    with table(entry) as on:
        assert on.bench.fed is not None
        voltage, current = on.bench.fed
        assert voltage == pytest.approx(20.0, rel=0.002)
        assert 0 < current < 1.0
        assert on.bench.identities["stimulator"].serial == "P24-000123"
        assert on.twin.world.now > 0.5, "it has taken its time to boot"


@both
def test_current_ends_when_the_supply_is_switched_off_although_nobody_stops_the_device(entry: InstrumentEntry) -> None:
    with table(entry) as on:
        on.bench.select_load("500 ohm")
        on.bench.stimulator.prepare(STIMULUS)
        on.bench.stimulator.start()
        assert on.peak(0.2) == pytest.approx(0.02, rel=0.01)
        on.supply.switch_off()
        assert on.peak(0.2) == 0.0
        assert on.supply.measure()[0] < 1.0


@both
def test_a_device_goes_on_at_another_voltage_that_is_enough_for_it(entry: InstrumentEntry) -> None:
    with table(entry) as on:
        on.bench.select_load("500 ohm")
        on.bench.stimulator.prepare(STIMULUS)
        on.bench.stimulator.start()
        for voltage in (21.0, 24.5):
            on.supply.set(voltage, 1.0)
            assert on.peak(0.2) == pytest.approx(0.02, rel=0.01)
            assert on.supply.measure()[0] == pytest.approx(voltage, rel=0.002)


@both
def test_make_safe_for_good_leaves_a_device_that_answers_nobody(entry: InstrumentEntry) -> None:
    with table(entry) as on:
        assert all(step.done for step in on.bench.make_safe(for_good=True))
        with pytest.raises(CommunicationError):
            on.bench.stimulator.identify()


def test_the_mains_are_set_changed_and_taken_away_for_good() -> None:
    with opened(load_bench(FIXTURES / "benches" / "virtual-mains.bench.yaml")) as on:
        assert on.bench.fed is not None
        assert on.bench.fed[0] == pytest.approx(230.0, rel=0.01)
        on.bench.select_load("500 ohm")
        on.bench.stimulator.prepare(STIMULUS)
        on.bench.stimulator.start()
        for voltage in (207.0, 253.0):
            on.supply.set(voltage, 1.0, 50.0)
            assert on.peak(0.2) == pytest.approx(0.02, rel=0.01)
            assert on.supply.measure()[0] == pytest.approx(voltage, rel=0.01)
        assert all(step.done for step in on.bench.make_safe(for_good=True))
        assert on.twin.world.supply_voltage == 0.0
        with pytest.raises(CommunicationError):
            on.bench.stimulator.identify()


def test_an_output_that_cannot_give_the_voltage_is_told_with_the_instrument_s_own_error() -> None:
    small = KEYSIGHT.model_copy(update={"output": 1})  # 6 V
    with pytest.raises(InstrumentError, match=r"^supply: '.*\(@1\)'"), table(small):
        pytest.fail("opened")


def test_a_supply_that_falls_silent_is_an_error_and_the_bench_does_not_open() -> None:
    with (
        pytest.raises(CommunicationError, match=r"^supply: "),
        table(KEYSIGHT, {"instrument": "supply", "kind": "timeout"}),
    ):
        pytest.fail("opened")


def test_bench_check_shows_the_supply(tmp_path: Path) -> None:
    options = RunOptions.of(root=FIXTURES.parent, directory=tmp_path, bench=POWERED)
    state = examine_bench(options)
    assert not state.problems
    found = {one.name: one for one in state.instruments}
    assert found["supply"].identity == "Keysight Technologies E36312A, serial MY59001234"
    assert (found["supply"].self_test, found["supply"].errors) == ("not tried: it feeds the device", ())
    assert found["supply"].firmware == "2.1.3-1.0.4-1.12"
    # A device without a battery is met after its supply was switched on.
    assert found["stimulator"].identity.startswith("HASOMED P24")
