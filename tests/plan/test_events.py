"""Events: what may be written, what it means, and what is there to be measured for."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from rig.documents import compose_document
from rig.plan import (
    MEASURANDS,
    Case,
    Communication,
    DeviceAction,
    Event,
    Power,
    SupplyLevel,
    load_plan,
    plan_json_schema,
)
from rig.plan.events import Occurrence, ends_train, occurrences
from rig.plan.load import expand_plan

HEAD = """\
plan: P-1
title: A plan
revision: A
ceiling: {exposure: 20 s, dc_current: 2 mA}
defaults:
  stimulus: {shape: biphasic_symmetric, amplitude: 20 mA, phase_duration: 300 us, rate: 50 Hz, train: 9 s}
  load: 500 ohm
cases:
"""


def case(text: str) -> Case:
    (only,) = expand_plan(compose_document(f"{HEAD}  - {text}\n".encode(), shown_as="p")).cases
    return only


def test_every_kind_of_event_is_read() -> None:
    found = case("""{id: c, verify: [{latency: {at_most: 1 s}}], events: [
      {at: 1 s, load: short}, {at: 2 s, load: 1000 ohm}, {at: 3 s, communication: cut},
      {at: 4 s, communication: restored}, {at: 4.5 s, device: reset}, {at: 5 s, supply: 26.4 V},
      {at: 6 s, supply: 110 %}, {at: 6.5 s, supply: 90 % of nominal}, {at: 7 s, supply: off},
      {at: 8 s, supply: on}]}""")
    assert found.events == (
        Event(at=1.0, load="short"),
        Event(at=2.0, load="1 kohm"),
        Event(at=3.0, communication=Communication.CUT),
        Event(at=4.0, communication=Communication.RESTORED),
        Event(at=4.5, device=DeviceAction.RESET),
        Event(at=5.0, supply=SupplyLevel(value=26.4)),
        Event(at=6.0, supply=SupplyLevel(value=1.1, of_nominal=True)),
        Event(at=6.5, supply=SupplyLevel(value=0.9, of_nominal=True)),
        Event(at=7.0, supply=Power.OFF),
        Event(at=8.0, supply=Power.ON),
    )
    assert found.needs_supply
    assert found.ceiling.dc_current == 2e-3


def test_only_a_change_of_the_supply_needs_one() -> None:
    verify = "verify: [{latency: {at_most: 1 s}}]"
    assert not case(f"{{id: c, events: [{{at: 1 s, device: reset}}], {verify}}}").needs_supply
    assert not case(f"{{id: c, {verify}}}").needs_supply


def test_a_share_is_of_the_benchs_own_voltage() -> None:
    assert SupplyLevel(value=1.1, of_nominal=True).volts(24.0) == 26.4
    assert SupplyLevel(value=26.4).volts(12.0) == 26.4
    assert str(SupplyLevel(value=0.9, of_nominal=True)) == "90 % of nominal"
    assert str(SupplyLevel(value=26.4)) == "26.4 V"


def test_a_bound_during_a_load_says_so_and_takes_its_set_value() -> None:
    found = case("""{id: c, events: [{at: 1 s, load: 1 kohm}], verify: [
      {peak_output_voltage: {at_most: 110 % of set}},
      {peak_output_voltage: {at_most: 110 % of set, during: 1 kohm}}]}""")
    whole, stretch = found.checks
    assert (whole.during, whole.interval.upper) == ("", 11.0)
    assert (stretch.during, stretch.interval.upper) == ("1 kohm", 22.0)
    assert stretch.text == "at most 22 V during 1 kohm"


@pytest.mark.parametrize(
    ("loads", "events", "expected"),
    [
        ("open", [Event(at=1, load="500 ohm")], {Occurrence.RECONNECTION}),
        ("500 ohm", [Event(at=1, load="open"), Event(at=2, load="short")], {Occurrence.RECONNECTION}),
        ("500 ohm", [Event(at=1, load="short"), Event(at=2, load="open")], set()),
        ("500 ohm", [Event(at=1, load="short"), Event(at=2, load="1 kohm")], {Occurrence.SHORT_CIRCUIT}),
        (
            "open",
            [Event(at=1, load="short"), Event(at=2, load="1 kohm")],
            {Occurrence.RECONNECTION},
        ),
        ("500 ohm", [Event(at=1, device=DeviceAction.RESET)], {Occurrence.RESET, Occurrence.POWER_UP}),
        ("500 ohm", [Event(at=1, supply=Power.OFF), Event(at=2, supply=Power.ON)], {Occurrence.POWER_UP}),
        ("500 ohm", [Event(at=1, supply=SupplyLevel(value=20.0))], set()),
        ("500 ohm", [Event(at=1, communication=Communication.CUT)], {Occurrence.CUT}),
    ],
)
def test_what_happens_in_a_case(loads: str, events: list[Event], expected: set[Occurrence]) -> None:
    assert occurrences(events, [loads]) == expected


def test_what_is_meant_to_end_a_train() -> None:
    assert ends_train(Event(at=1, communication=Communication.CUT))
    assert ends_train(Event(at=1, supply=Power.OFF))
    assert ends_train(Event(at=1, device=DeviceAction.RESET))
    assert not ends_train(Event(at=1, load="open"))
    assert not ends_train(Event(at=1, supply=Power.ON))
    assert not ends_train(Event(at=1, communication=Communication.RESTORED))


ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("name", "needs_supply"), [("testplans/events", False), ("testplans-powered/supply", True)])
def test_a_plan_of_events_is_read_and_keeps_to_its_schema(name: str, needs_supply: bool) -> None:
    loaded = load_plan(ROOT / f"{name}.plan.yaml")
    jsonschema.validate(loaded.document.data, plan_json_schema())
    assert any(case.needs_supply for case in loaded.cases) is needs_supply
    in_time = {name for name, entry in MEASURANDS.items() if entry.in_time}
    verified = in_time & {limit.measurand for case in loaded.cases for limit in case.checks}
    assert verified == ({"power_up_output"} if needs_supply else in_time)
