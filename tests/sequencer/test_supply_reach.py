"""What a plan asks of the device's supply and its model is known not to give is refused at the event's place."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.bench.bench_file import InstrumentEntry
from rig.bench.definition import BenchDefinition, DeviceDefinition
from rig.bench.ratings import rating_of
from rig.bench.reading import load_bench, load_device
from rig.errors import DocumentInvalid
from rig.plan.load import load_plan
from rig.sequencer.resolve import Resolver

FIXTURES = Path(__file__).parents[2] / "fixtures"
PLAN = """\
plan: P-1
title: supply
revision: A
requires: {load: [500 ohm]}
ceiling: {current_peak: 40 mA, exposure: 10 s}
defaults:
  stimulus: {shape: biphasic_symmetric, amplitude: 20 mA, phase_duration: 300 us, rate: 50 Hz, train: 2 s}
  load: 500 ohm
  capture: {ranging: expected}
cases:
  - id: c
    sweep: {amplitude: [10 mA, 20 mA]}
    events:
      - {at: 0.5 s, supply: 110 %}
      - {at: 1 s, supply: EVENT}
    verify: [{missing_pulses: {equals: 0}}]
"""


def bench() -> BenchDefinition:
    return load_bench(FIXTURES / "benches" / "virtual-powered.bench.yaml")


def device() -> DeviceDefinition:
    return load_device(FIXTURES / "duts" / "p24-powered.dut.yaml")


def resolve(path: Path, event: str) -> None:
    path.write_text(PLAN.replace("EVENT", event), encoding="utf-8")
    loaded = load_plan(path, shown_as="p.yaml")
    Resolver(bench(), device(), {}).resolve(loaded.cases, [loaded])


@pytest.mark.parametrize(("event", "volts"), [("130 %", "26 V"), ("25.1 V", "25.1 V")])
def test_an_event_beyond_the_supply_is_refused_once_at_its_place(tmp_path: Path, event: str, volts: str) -> None:
    with pytest.raises(DocumentInvalid) as caught:
        resolve(tmp_path / "p.yaml", event)
    (problem,) = caught.value.problems
    column = PLAN.splitlines()[14].index("EVENT") + 1
    assert (problem.file, problem.line, problem.column) == ("p.yaml", 15, column)
    given = "which gives 25 V and 1 A at most"
    assert problem.message == f"{volts} is beyond 'supply' of the bench virtual-powered, {given}"


@pytest.mark.parametrize("event", ["125 %", "25 V", "off"])
def test_what_the_supply_gives_is_accepted(tmp_path: Path, event: str) -> None:
    resolve(tmp_path / "p.yaml", event)


def entry(driver: str, model: str, output: int | None = None, **options: float) -> InstrumentEntry:
    identity = {"manufacturer": "M", "model": model, "serial": "1"}
    return InstrumentEntry.model_validate(
        {"role": "supply", "driver": driver, "address": "twin", "output": output}
        | {"identity": identity, "options": options}
    )


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (entry("keysight-e36300", "E36312A", 1), "6 V and 5 A at most"),
        (entry("rohde-schwarz-hmp", "HMP2020", 2), "32.05 V and 5 A at most"),
        (entry("siglent-spd", "SPD3303X-E", 1), "32 V and 3.2 A at most"),
        (entry("siglent-spd", "SPD3303X-E", 1, highest_voltage=12.0), "12 V and 3.2 A at most"),
        (entry("keysight-ac6800", "AC6803B"), "310 V at most"),
        (entry("chroma-61600", "61603", highest_current=2.0), "300 V and 2 A at most"),
        (entry("rigol-dp800", "DP811", 1), "None"),
        (entry("siglent-spd", "SPD3303X-E", 3), "None"),
        (entry("rigol-dp800", "DP811", 1, highest_voltage=40.0), "40 V at most"),
    ],
    ids=lambda one: one.driver if isinstance(one, InstrumentEntry) else None,
)
def test_what_an_output_gives_is_said_by_the_bench_file_or_known_of_the_model(one: InstrumentEntry, said: str) -> None:
    assert str(rating_of(one)) == said
